//! `probes` for people: verdict, causes, what is recommended and its cost; then the nodes, the probes and what was not seen.

mod nodes;
mod recommendation;
mod short;
mod tables;

pub use short::write_short;

use std::io::{self, Write};

use super::lines::painted;
use super::pending_change::PendingChange;
use super::style::{Style, Tone};
use super::{explain, findings, header, summary_line};
use crate::finding::verdict::Verdict;
use crate::reports::probes_document::ProbesReport;
use crate::startup::rows::NodeStart;
use crate::text;

#[derive(Clone, Copy, Debug, Default)]
pub struct Shown {
    /// More columns, and every node with its attempts.
    pub wide: bool,
    /// Every node and every row of evidence.
    pub all: bool,
    /// What this run does with the change that it proposes.
    pub pending: Option<PendingChange>,
}

pub fn write(report: &ProbesReport, shown: Shown, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let style = &Style { full_names: shown.wide, ..*style };
    summary_line::head(report.verdict, facts(report), style, out)?;
    if let Some((tone, sentence)) = sentence(report) {
        painted(0, "", &sentence, tone, style, out)?;
        summary_line::missing_rights(&report.unseen, style, out)?;
    }
    if !report.elsewhere.is_empty() {
        let codes: Vec<&str> = report.elsewhere.iter().map(|code| code.name()).collect();
        let sentence = format!("Not about starts: {}. More info: kubectl calico-fix status", codes.join(", "));
        painted(0, "", &sentence, Tone::Bad, style, out)?;
    }
    let mut proposed = false;
    for (finding, earlier) in findings::each(&report.findings) {
        writeln!(out)?;
        if finding.code.needs_larger_budget() && !std::mem::replace(&mut proposed, true) {
            findings::heading(finding, shown.all, style, out)?;
            recommendation::write(report, Some(finding), shown.pending, style, out)?;
            findings::evidence(finding, recommendation::LABEL, shown.all, style, out)?;
            continue;
        }
        findings::write(finding, earlier, shown.all, style, out)?;
        if let Some(cure) = report.cures.iter().find(|cure| cure.code == finding.code).filter(|_| finding.fix.is_none()) {
            explain::prose(findings::INDENT, "How to fix  ", &cure.cure, style, out)?;
        }
    }
    if !proposed {
        recommendation::write_alone(report, shown.pending, style, out)?;
    }
    tables::write(report, shown, style, out)?;
    writeln!(out)?;
    header::write_details(&report.cluster, style, out)?;
    if !report.unseen.is_empty() {
        writeln!(out)?;
        findings::write_unseen(&report.unseen, style, out)?;
    }
    summary_line::write_more(&report.findings, style, out)
}

fn facts(report: &ProbesReport) -> Vec<String> {
    let other = report.elsewhere.len();
    let other = (other > 0).then(|| text::count(other, "other finding"));
    let change = report.findings.is_empty() && report.proposal.is_some();
    summary_line::cluster(&report.cluster)
        .into_iter()
        .chain(summary_line::counts(&report.findings))
        .chain(other)
        .chain(change.then(|| "1 change to make".to_owned()))
        .chain(summary_line::incomplete(&report.unseen))
        .collect()
}

/// Where the findings do not say it.
fn sentence(report: &ProbesReport) -> Option<(Tone, String)> {
    match report.verdict {
        _ if !report.findings.is_empty() => None,
        Verdict::Unknown => Some((Tone::Doubtful, summary_line::unknown(&report.unseen))),
        Verdict::Healthy | Verdict::Sick => Some(measured(&report.nodes)),
    }
}

/// Nodes that run without a restart but whose start nobody measured are counted apart.
fn measured(nodes: &[NodeStart]) -> (Tone, String) {
    let within = nodes.iter().filter(|row| row.is_known_within()).count();
    let unmeasured = nodes.len() - within;
    let start = if within == 1 { "starts" } else { "start" };
    let within_count = text::count(within, "node");
    let not_measured =
        format!("{} not measured", if unmeasured == 1 { "1 node was".to_owned() } else { format!("{unmeasured} nodes were") });
    match (within, unmeasured) {
        (_, 0) => (Tone::Good, format!("{within_count} {start} within the startup limit.")),
        (0, _) => (Tone::Doubtful, format!("No startup problem found, but {not_measured}.")),
        _ => (Tone::Good, format!("{within_count} {start} within the startup limit. {not_measured}.")),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::finding::StartTime;
    use crate::startup::measure::BudgetStatus;

    pub(crate) fn row(start: Option<StartTime>, standing: BudgetStatus) -> NodeStart {
        NodeStart {
            name: "node-1".into(),
            pod: None,
            ready: Some(true),
            standing,
            start,
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
    fn nodes_without_a_measurement_are_not_within_their_limit() {
        let row =
            |seconds: Option<f64>| row(seconds.map(|seconds| StartTime { seconds, at_least: false, at_most: false }), BudgetStatus::Within);
        for (nodes, expected) in [
            (vec![row(Some(0.4)), row(Some(0.2))], "2 nodes start within the startup limit."),
            (vec![row(Some(0.4)), row(None)], "1 node starts within the startup limit. 1 node was not measured."),
            (vec![row(None), row(None)], "No startup problem found, but 2 nodes were not measured."),
        ] {
            assert_eq!(measured(&nodes).1, expected);
        }
    }
}
