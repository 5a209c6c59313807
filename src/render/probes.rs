//! `probes` for people: the probes, a row a node, the causes, the forecast, the proposal.

mod nodes;
mod proposal;

use std::io::{self, Write};

use super::findings::{self, paragraph};
use super::style::{Style, Tone};
use super::table::{Cell, Table};
use crate::finding::verdict::Verdict;
use crate::probes::timing;
use crate::render::header;
use crate::reports::probes_document::ProbesReport;
use crate::startup::forecast::NodeForecast;
use crate::startup::measure::BudgetStatus;
use crate::startup::rows::{NodeStart, RunRow};
use crate::text;

#[derive(Clone, Copy, Debug, Default)]
pub struct Shown {
    /// More columns, and every node with its attempts.
    pub wide: bool,
    /// Every node and every row of evidence.
    pub all: bool,
}

pub fn write(report: &ProbesReport, shown: Shown, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    header::write(&report.cluster, style, out)?;
    if !report.probes.is_empty() {
        writeln!(out)?;
        probes(report, style, out)?;
    }
    writeln!(out)?;
    nodes::write(report, shown, style, out)?;
    for finding in &report.findings {
        writeln!(out)?;
        findings::write(finding, shown.all, style, out)?;
        if let Some(cure) = report.cures.iter().find(|cure| cure.code == finding.code).filter(|_| finding.fix.is_none()) {
            paragraph(2, "Cure: ", &cure.cure, style, out)?;
        }
        for row in report.nodes.iter().filter(|row| finding.code.needs_larger_budget() && finding.nodes.contains(&row.name)) {
            if let Some(cure) = &row.cure {
                paragraph(2, "", &format!("{}: {cure}.", row.name), style, out)?;
            }
        }
    }
    phases(report, shown, style, out)?;
    forecast(report, shown, style, out)?;
    proposal::write(report, style, out)?;
    if !report.unseen.is_empty() {
        writeln!(out)?;
        findings::write_unseen(&report.unseen, style, out)?;
    }
    writeln!(out)?;
    verdict(report, style, out)
}

fn probes(report: &ProbesReport, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(["PROBE", "ASKS", "DELAY", "PERIOD", "TIMEOUT", "FAILURES"]);
    for probe in &report.probes {
        let seconds = |value: u32| Cell::plain(format!("{value}s"));
        table.push(vec![
            Cell::plain(timing::word(probe.probe)),
            Cell::plain(&probe.asks),
            seconds(probe.initial_delay_seconds),
            seconds(probe.period_seconds),
            seconds(probe.timeout_seconds),
            Cell::plain(probe.failure_threshold.to_string()),
        ]);
    }
    table.write(true, style, out)
}

/// Of the attempt that came furthest: which part of the start takes long.
fn phases(report: &ProbesReport, shown: Shown, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let slow = |row: &&NodeStart| shown.all || matches!(row.standing, BudgetStatus::Killed | BudgetStatus::Tight);
    let told = |row: &NodeStart| {
        let whole = |attempt: &&RunRow| attempt.phases.iter().map(|part| part.seconds).sum::<f64>();
        let longest = row.attempts.iter().filter(|attempt| !attempt.phases.is_empty()).max_by(|a, b| whole(a).total_cmp(&whole(b)))?;
        let parts = longest.phases.iter().filter(|part| part.seconds >= BRIEF);
        let parts: Vec<String> =
            parts.map(|part| format!("{} {}{}", part.phase, if part.at_least { "> " } else { "" }, duration(part.seconds))).collect();
        (!parts.is_empty()).then(|| format!("{}: {}", row.name, parts.join(", ")))
    };
    let lines: Vec<String> =
        report.nodes.iter().filter(slow).filter_map(told).take(if shown.all { usize::MAX } else { FORECAST }).collect();
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", style.paint(Tone::Strong, "Where the time goes:"))?;
    lines.iter().try_for_each(|line| paragraph(2, "", line, style, out))
}

/// Parts of a start that are shorter are none to mention.
const BRIEF: f64 = 0.1;
/// Nodes of which a forecast is printed: those that matter are the slowest.
const FORECAST: usize = 3;

fn forecast(report: &ProbesReport, shown: Shown, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let close = |node: &&NodeForecast| {
        let budget = node.budget_seconds.map_or(f64::MAX, f64::from);
        node.start_seconds_to.or(node.start_seconds_from).is_some_and(|seconds| seconds >= budget / 4.0)
    };
    let lines: Vec<String> =
        report.forecast.nodes.iter().filter(close).take(if shown.all { usize::MAX } else { FORECAST }).map(line).collect();
    let sick = !report.findings.is_empty();
    let unknown = report.forecast.unknown.as_ref().filter(|_| sick).map(|why| format!("too little to go on: {why}"));
    if lines.is_empty() && unknown.is_none() {
        return Ok(());
    }
    writeln!(out, "\n{}", style.paint(Tone::Strong, "Forecast:"))?;
    for line in lines.into_iter().chain(unknown) {
        paragraph(2, "", &line, style, out)?;
    }
    Ok(())
}

fn line(node: &NodeForecast) -> String {
    let budget = node.budget_seconds.map(|seconds| format!(", against a budget of {seconds} s")).unwrap_or_default();
    let mut line = format!("{}: ", node.node);
    match (node.round_trip_seconds, node.seconds_per_node) {
        (Some(round_trip), _) => {
            let (from, to) = (node.start_seconds_from.unwrap_or(0.0), node.start_seconds_to.unwrap_or(0.0));
            line += &format!("a round trip of {} to the datastore makes a start take {from:.0} to {to:.0} s{budget}", duration(round_trip));
            if let Some(most) = node.exceeded_at_round_trip_seconds {
                line += &format!("; the budget is exceeded from a round trip of about {} on", duration(most));
            }
        }
        (None, Some(each)) => {
            line += &format!("each node in the cluster adds {} to its start{budget}", duration(each));
            match node.exceeded_at_nodes {
                Some(nodes) => line += &format!("; at about {nodes} nodes the budget is exceeded"),
                None => line += "; it was cut off while it checked for conflicts, so the whole takes longer than it has",
            }
        }
        (None, None) => {}
    }
    line
}

fn duration(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.0} ms", seconds * 1000.0) } else { format!("{seconds:.1} s") }
}

/// Nodes that run without a restart but whose start nobody measured are counted apart.
fn healthy(nodes: &[NodeStart]) -> (Tone, String) {
    let within = nodes.iter().filter(|row| nodes::is_known_within(row)).count();
    let unmeasured = nodes.len() - within;
    let are = if unmeasured == 1 { "is" } else { "are" };
    let counted = text::count(unmeasured, "node");
    match (within, unmeasured) {
        (_, 0) => (Tone::Good, format!("calico-node starts within its budget on {}.", text::count(within, "node"))),
        (0, _) => (Tone::Doubtful, format!("No problem with a start was found, but {counted} {are} not measured.")),
        _ => {
            let within = text::count(within, "node");
            (Tone::Good, format!("calico-node starts within its budget on {within}. {counted} {are} not measured."))
        }
    }
}

fn verdict(report: &ProbesReport, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let (tone, mut sentence) = match report.verdict {
        Verdict::Healthy => healthy(&report.nodes),
        Verdict::Unknown => (Tone::Doubtful, "No findings, but not everything that matters could be seen: not known.".to_owned()),
        Verdict::Sick if report.findings.is_empty() => {
            (Tone::Strong, "Nothing is wrong; there is the change that was asked for.".to_owned())
        }
        Verdict::Sick => {
            let counted = text::count(report.findings.len(), "finding");
            let code = report.findings.first().map_or("CODE", |finding| finding.code.name());
            (Tone::Strong, format!("{counted}. `kubectl calico-fix explain {code}` says more."))
        }
    };
    if !report.elsewhere.is_empty() {
        let codes: Vec<&str> = report.elsewhere.iter().map(|code| code.name()).collect();
        sentence += &format!(" Not about starting: {}; see kubectl calico-fix status.", codes.join(", "));
    }
    for line in text::wrap(&text::clean(&sentence), style.room(0)) {
        writeln!(out, "{}", style.paint(tone, &line))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::StartTime;

    fn row(seconds: Option<f64>) -> NodeStart {
        NodeStart {
            name: "node-1".into(),
            pod: None,
            ready: Some(true),
            standing: BudgetStatus::Within,
            start: seconds.map(|seconds| StartTime { seconds, at_least: false, at_most: false }),
            ready_after_seconds: None,
            budget_seconds: Some(70),
            killed_by: None,
            margin_seconds: None,
            restarts: Some(0),
            killed_by_probe: 0,
            other_restarts: None,
            attempts: Vec::new(),
            cure: None,
            findings: Vec::new(),
        }
    }

    #[test]
    fn nodes_without_a_measurement_are_not_within_their_budget() {
        for (nodes, expected) in [
            (vec![row(Some(0.4)), row(Some(0.2))], "calico-node starts within its budget on 2 nodes."),
            (vec![row(Some(0.4)), row(None)], "calico-node starts within its budget on 1 node. 1 node is not measured."),
            (vec![row(None), row(None)], "No problem with a start was found, but 2 nodes are not measured."),
        ] {
            assert_eq!(healthy(&nodes).1, expected);
        }
    }
}
