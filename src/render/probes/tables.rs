//! Below the findings: the nodes, the probes, and where the time of a slow start goes.

use std::io::{self, Write};

use super::recommendation::slow_because;
use super::{Shown, nodes};
use crate::probes::timing;
use crate::render::lines::paragraph;
use crate::render::nodes::write_dropped;
use crate::render::style::{Style, Tone};
use crate::render::table::{Cell, Table};
use crate::reports::probes_document::ProbesReport;
use crate::startup::forecast::NodeForecast;
use crate::startup::measure::BudgetStatus;
use crate::startup::rows::{NodeStart, RunRow};
use crate::text::seconds;

/// Seconds: shorter parts of a start are left out.
const BRIEF: f64 = 0.1;
/// Nodes whose forecast and parts are printed: the slowest.
const SLOWEST: usize = 3;

pub(super) fn write(report: &ProbesReport, shown: Shown, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    nodes::write(report, shown, style, out)?;
    if !report.probes.is_empty() {
        writeln!(out)?;
        probes(report, style, out)?;
    }
    phases(report, shown, style, out)?;
    forecast(report, shown, style, out)
}

fn probes(report: &ProbesReport, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(["PROBE", "DELAY", "PERIOD", "TIMEOUT", "FAILURES", "CHECKS"]);
    for probe in &report.probes {
        let seconds = |value: u32| Cell::plain(format!("{value}s"));
        table.push(vec![
            Cell::plain(timing::word(probe.probe)),
            seconds(probe.initial_delay_seconds),
            seconds(probe.period_seconds),
            seconds(probe.timeout_seconds),
            Cell::plain(probe.failure_threshold.to_string()),
            Cell::plain(&probe.asks),
        ]);
    }
    let dropped = table.wrap_last(style, &["DELAY", "PERIOD"]);
    table.write(true, style, out)?;
    write_dropped(&dropped, style, out)
}

/// Of the attempt that came furthest: which part of the start takes long.
fn phases(report: &ProbesReport, shown: Shown, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let slow = |row: &&NodeStart| shown.all || matches!(row.standing, BudgetStatus::Killed | BudgetStatus::Tight);
    let told = |row: &NodeStart| {
        let whole = |attempt: &&RunRow| attempt.phases.iter().map(|part| part.seconds).sum::<f64>();
        let longest = row.attempts.iter().filter(|attempt| !attempt.phases.is_empty()).max_by(|a, b| whole(a).total_cmp(&whole(b)))?;
        let parts = longest.phases.iter().filter(|part| part.seconds >= BRIEF);
        let parts: Vec<String> = parts
            .map(|part| format!("{} {}{}", part.phase, if part.at_least { ">" } else { "" }, seconds::precise(part.seconds)))
            .collect();
        (!parts.is_empty()).then(|| format!("{}: {}", row.name, parts.join(", ")))
    };
    let most = if shown.all { usize::MAX } else { SLOWEST };
    section("Duration of each startup phase:", report.nodes.iter().filter(slow).filter_map(told).take(most).collect(), style, out)
}

/// Of nodes that the findings do not name: how close they come to their limit.
fn forecast(report: &ProbesReport, shown: Shown, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let named = |node: &NodeForecast| {
        let mut findings = report.findings.iter().filter(|finding| finding.code.needs_larger_budget());
        findings.any(|finding| finding.nodes.contains(&node.node))
    };
    let close = |node: &&NodeForecast| {
        let budget = node.budget_seconds.map_or(f64::MAX, f64::from);
        node.start_seconds_to.or(node.start_seconds_from).is_some_and(|seconds| seconds >= budget / 4.0)
    };
    let most = if shown.all { usize::MAX } else { SLOWEST };
    let lines = report.forecast.nodes.iter().filter(close).filter(|node| shown.all || !named(node)).take(most).map(line).collect();
    section("Forecast of a whole start:", lines, style, out)
}

fn line(node: &NodeForecast) -> String {
    let seconds = match (node.start_seconds_from, node.start_seconds_to) {
        (Some(from), Some(to)) if from.round() < to.round() => format!("{from:.0}s to {to:.0}s"),
        (Some(from), None) => format!("at least {from:.0}s"),
        (_, Some(to)) => format!("{to:.0}s"),
        (None, None) => "not known".to_owned(),
    };
    let limit = node.budget_seconds.map(|budget| format!(" of {budget}s")).unwrap_or_default();
    format!("{}: {seconds}{limit}. Cause: {}", node.node, slow_because(node, ""))
}

fn section(title: &str, lines: Vec<String>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", style.paint(Tone::Strong, title))?;
    lines.iter().try_for_each(|line| paragraph(2, "", line, style, out))
}
