//! Why a start takes too long, the change that is recommended, its commands, and what the change costs.

use std::io::{self, Write};

use crate::finding::{Finding, Fix};
use crate::probes::change::ProbeChange;
use crate::probes::proposal::ProbeProposal;
use crate::probes::target::ProbeTarget;
use crate::render::findings::{INDENT, write_by_hand};
use crate::render::lines::{command, paragraph};
use crate::render::pending_change::PendingChange;
use crate::render::style::{Style, Tone};
use crate::reports::probes_document::ProbesReport;
use crate::startup::forecast::NodeForecast;
use crate::text;
use crate::text::seconds;

/// Columns of `Recommended  ` and the other labels.
pub(super) const LABEL: usize = 13;

/// Under the finding that more time fixes.
pub(super) fn write(
    report: &ProbesReport,
    finding: Option<&Finding>,
    pending: Option<PendingChange>,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    if let Some(finding) = finding {
        labelled("Cause", &cause(report, finding), style, out)?;
    }
    if let Some(fix) = finding.and_then(|finding| finding.fix.as_ref()) {
        command(INDENT, &format!("{:LABEL$}", "Next step"), &fix.command, Tone::Strong, style, out)?;
        paragraph(INDENT + LABEL, "", &fix.why, style, out)?;
    }
    if let Some(proposal) = &report.proposal {
        recommended(proposal, report.fix.as_ref(), pending, style, out)?;
    }
    if let Some(why) = &report.no_proposal {
        labelled("Recommended", &format!("no larger startup limit: {why}."), style, out)?;
    }
    let named = |name: &String| finding.is_some_and(|finding| finding.nodes.contains(name));
    let noted = report.nodes.iter().filter(|row| named(&row.name)).filter_map(|row| Some((row, row.cure.as_ref()?)));
    for (row, cure) in noted {
        labelled("Note", &format!("{}: {cure}.", row.name), style, out)?;
    }
    Ok(())
}

/// A change that was asked for, or the reason for none, where no finding of a slow start is printed.
pub(super) fn write_alone(report: &ProbesReport, pending: Option<PendingChange>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if report.proposal.is_some() || report.no_proposal.is_some() {
        writeln!(out)?;
        write(report, None, pending, style, out)?;
    }
    if report.proposal.is_none() && !report.fixable.is_empty() {
        writeln!(out)?;
        let fixes = report.fixable.join(",");
        command(0, "", &format!("kubectl calico-fix probes --fix {fixes}"), Tone::Strong, style, out)?;
        paragraph(INDENT, "", "corrects probe settings that do not fit this release", style, out)?;
    }
    Ok(())
}

fn recommended(
    proposal: &ProbeProposal,
    fix: Option<&Fix>,
    pending: Option<PendingChange>,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let size = match (proposal.budget_before_seconds, proposal.budget_after_seconds) {
        (Some(before), Some(after)) if before != after => Some(format!("{} that allows {after}s instead of {before}s", probes(proposal))),
        _ => None,
    };
    let why = proposal.why.iter().take(1).map(String::as_str);
    let sentence = match &size {
        Some(size) => [size.as_str()].into_iter().chain(why).collect::<Vec<_>>().join(". "),
        None => why.collect(),
    };
    let label = if proposal.known.is_some() { "Recommended" } else { "Change" };
    labelled(label, &sentence, style, out)?;
    if let Some(fix) = fix.filter(|_| pending.is_none()) {
        command(INDENT, &format!("{:LABEL$}", "Fix"), &fix.command, Tone::Strong, style, out)?;
        paragraph(INDENT + LABEL, "", &fix.why, style, out)?;
    } else {
        let changes: Vec<String> = proposal.changes.iter().map(ProbeChange::describe).collect();
        labelled("Sets", &changes.join("; "), style, out)?;
    }
    if let Some(pending) = pending.filter(|_| fix.is_some()) {
        pending.write(INDENT, LABEL, style, out)?;
    }
    if let ProbeTarget::Nowhere { why } = &proposal.place {
        labelled("Not possible", &format!("{why}."), style, out)?;
    }
    let restarts = fix.and_then(|fix| fix.by_hand.as_ref()).map(|by_hand| format!("Restarts {}{}.", by_hand.restarts, pace(proposal)));
    let hangs = proposal.cost.as_deref().map(|cost| format!("{}.", text::capital(cost)));
    let cost: Vec<String> = restarts.into_iter().chain(hangs).collect();
    if !cost.is_empty() {
        labelled("Cost", &cost.join(" "), style, out)?;
    }
    for more in proposal.why.iter().skip(1) {
        labelled("Note", more, style, out)?;
    }
    for warning in &proposal.warnings {
        labelled("Warning", warning, style, out)?;
    }
    fix.and_then(|fix| fix.by_hand.as_ref()).map_or(Ok(()), |by_hand| write_by_hand(by_hand, LABEL, style, out))
}

/// How the change reaches the nodes, and how long each may take.
fn pace(proposal: &ProbeProposal) -> String {
    if !matches!(proposal.place, ProbeTarget::DaemonSet { .. }) {
        return String::new();
    }
    let first = proposal.nodes.first().map(|first| format!(", starting with {}", first.node)).unwrap_or_default();
    let each = proposal.budget_after_seconds.map(|after| format!(". Each start may take up to {after}s")).unwrap_or_default();
    format!(", one at a time{first}{each}")
}

/// `startupProbe`, `livenessProbe and startupProbe`
fn probes(proposal: &ProbeProposal) -> String {
    proposal.changes.iter().map(|change| change.probe.field()).collect::<Vec<_>>().join(" and ")
}

/// Why the starts of a finding are slow, as far as a log tells.
fn cause(report: &ProbesReport, finding: &Finding) -> String {
    let of_finding = |forecast: &&NodeForecast| finding.nodes.contains(&forecast.node);
    let mut told = report.forecast.nodes.iter().filter(of_finding);
    match (told.next(), report.forecast.unknown.as_deref()) {
        (Some(forecast), _) => {
            let place = if finding.nodes.len() > 1 { format!(" on {}", forecast.node) } else { String::new() };
            let cause = slow_because(forecast, &place);
            let others = told.count();
            let more = (others > 0).then(|| format!(". {} more have a slow start too", text::count(others, "node")));
            format!("{cause}{}", more.unwrap_or_default())
        }
        (None, Some(why)) => format!("not known: {why}"),
        (None, None) => "not known".to_owned(),
    }
}

/// A round trip so many times shorter than the longest that fits is not what made a start too slow.
const MUCH_LESS: f64 = 3.0;

/// `round trip of 1.5s to the datastore (70s is enough up to 0.98s)`
pub(super) fn slow_because(forecast: &NodeForecast, place: &str) -> String {
    let budget = forecast.budget_seconds.map_or_else(|| "the limit".to_owned(), |seconds| format!("{seconds}s"));
    match (forecast.round_trip_seconds, forecast.seconds_per_node) {
        (Some(round_trip), _) => {
            let most = forecast.exceeded_at_round_trip_seconds;
            let enough = most.map(|most| format!(" ({budget} is enough up to {})", seconds::precise(most)));
            if most.is_some_and(|most| round_trip * MUCH_LESS < most) {
                let trip = seconds::precise(round_trip);
                return format!(
                    "not known: a round trip of {trip} to the datastore{place} does not explain it{}",
                    enough.unwrap_or_default()
                );
            }
            format!("round trip of {} to the datastore{place}{}", seconds::precise(round_trip), enough.unwrap_or_default())
        }
        (None, Some(each)) => {
            let enough = match forecast.exceeded_at_nodes {
                Some(nodes) => format!("{budget} is enough up to about {nodes} nodes"),
                None => "the start was cut off during the conflict check, so a whole start takes longer".to_owned(),
            };
            format!("each node in the cluster adds {} to a start{place} ({enough})", seconds::precise(each))
        }
        (None, None) => "not known".to_owned(),
    }
}

fn labelled(label: &str, words: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    paragraph(INDENT, &format!("{label:LABEL$}"), words, style, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_name_the_delay_and_how_much_of_it_is_too_much() {
        let slow = NodeForecast { budget_seconds: Some(70), ..NodeForecast::default() };
        for (forecast, expected) in [
            (
                NodeForecast { round_trip_seconds: Some(1.5), exceeded_at_round_trip_seconds: Some(0.977), ..slow.clone() },
                "round trip of 1.5s to the datastore (70s is enough up to 0.98s)",
            ),
            (
                NodeForecast { round_trip_seconds: Some(0.003), exceeded_at_round_trip_seconds: Some(0.977), ..slow.clone() },
                "not known: a round trip of 3ms to the datastore does not explain it (70s is enough up to 0.98s)",
            ),
            (
                NodeForecast { seconds_per_node: Some(0.35), exceeded_at_nodes: Some(190), ..slow.clone() },
                "each node in the cluster adds 0.35s to a start (70s is enough up to about 190 nodes)",
            ),
            (
                NodeForecast { seconds_per_node: Some(0.05), ..slow.clone() },
                "each node in the cluster adds 50ms to a start (the start was cut off during the conflict check, so a whole start takes longer)",
            ),
            (slow, "not known"),
        ] {
            assert_eq!(slow_because(&forecast, ""), expected);
        }
    }
}
