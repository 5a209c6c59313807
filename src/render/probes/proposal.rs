//! The change that is proposed, or why there is none.

use std::io::{self, Write};

use crate::probes::change::{Handler, ProbeChange};
use crate::probes::proposal::ProbeProposal;
use crate::probes::target::ProbeTarget;
use crate::render::findings::paragraph;
use crate::render::style::{Style, Tone};
use crate::render::table::{Cell, Table};
use crate::reports::probes_document::ProbesReport;
use crate::text;

pub fn write(report: &ProbesReport, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if let Some(proposal) = &report.proposal {
        write_one(proposal, style, out)?;
    }
    if let Some(why) = &report.no_proposal {
        writeln!(out, "\n{}", style.paint(Tone::Strong, "No larger budget is proposed:"))?;
        paragraph(2, "", &format!("{why}."), style, out)?;
    }
    if !report.fixable.is_empty() && report.proposal.as_ref().is_none_or(|proposal| proposal.known.is_some()) {
        writeln!(out)?;
        let words = format!("Probes that do not fit can be put right with --fix {}.", report.fixable.join(","));
        paragraph(0, "", &words, style, out)?;
    }
    Ok(())
}

fn write_one(proposal: &ProbeProposal, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let place = match &proposal.place {
        ProbeTarget::DaemonSet { namespace, name } => format!("Proposed for daemonset {namespace}/{name}:"),
        ProbeTarget::Installation { name } => format!("Proposed for installation {name}:"),
        ProbeTarget::Nowhere { .. } => "Would be proposed, but cannot be set here:".to_owned(),
    };
    writeln!(out, "\n{}", style.paint(Tone::Strong, &text::clean(&place)))?;
    let mut table = Table::new(["  PROBE", "DELAY", "PERIOD", "TIMEOUT", "FAILURES", "HANDLER"]);
    for change in &proposal.changes {
        table.push(row(change));
    }
    table.write(true, style, out)?;
    if let ProbeTarget::Nowhere { why } = &proposal.place {
        paragraph(2, "", &format!("Not here: {why}."), style, out)?;
    }
    if let (Some(before), Some(after)) = (proposal.budget_before_seconds, proposal.budget_after_seconds)
        && before != after
    {
        writeln!(out, "  Time to start: {before} s -> {after} s")?;
    }
    for line in proposal.why.iter().chain(&proposal.cost) {
        paragraph(2, "", line, style, out)?;
    }
    for warning in &proposal.warnings {
        paragraph(2, "Warning: ", warning, style, out)?;
    }
    Ok(())
}

/// `-`: stays as it is.
fn row(change: &ProbeChange) -> Vec<Cell> {
    let number = |value: Option<u32>, unit: &str| value.map_or_else(Cell::none, |value| Cell::new(Tone::Strong, format!("{value}{unit}")));
    let timing = change.timing;
    vec![
        Cell::plain(format!("  {}", change.probe.field())),
        number(timing.initial_delay_seconds, "s"),
        number(timing.period_seconds, "s"),
        number(timing.timeout_seconds, "s"),
        number(timing.failure_threshold, ""),
        change.handler.as_ref().map_or_else(Cell::none, |handler| Cell::plain(words(handler))),
    ]
}

fn words(handler: &Handler) -> String {
    match handler {
        Handler::Exec(exec) => exec.command.join(" "),
        Handler::HttpGet(http) => {
            let port = http.port.as_ref().map(|port| format!(":{port}")).unwrap_or_default();
            format!("httpGet {}{port}{}", http.host.as_deref().unwrap_or_default(), http.path.as_deref().unwrap_or("/"))
        }
    }
}
