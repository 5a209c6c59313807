//! A report in a few words: what one line has room for.

use super::style::Tone;
use crate::finding::verdict::Verdict;
use crate::finding::{ClusterSummary, Gap, Report};
use crate::text;

/// Nodes named; the rest is counted.
const NAMED: usize = 2;

/// `bgp-session-down on node-1, node-2 and 3 more`, `not checked: events (forbidden)`, `not known yet: …`, or nothing where all is well.
pub fn headline(report: &Report) -> String {
    match report.verdict {
        Verdict::Healthy => String::new(),
        Verdict::Sick => worst_finding(report),
        Verdict::Unknown => {
            let gap = report.unseen.iter().filter(|gap| gap.blocks_healthy).min_by_key(|gap| gap.passing);
            gap.map_or_else(|| "not everything was checked".to_owned(), gap_line)
        }
    }
}

fn gap_line(gap: &Gap) -> String {
    let state = if gap.passing { "not known yet" } else { "not checked" };
    format!("{state}: {} ({})", gap.what_and_where(|nodes| text::list(nodes, NAMED)), gap.why)
}

/// `2 of 3 nodes ready`, `2 of 4 nodes ready, 1 unknown`
pub fn ready(cluster: &ClusterSummary) -> String {
    let nodes = text::count(cluster.nodes, "node");
    match cluster.nodes_unknown {
        0 => format!("{} of {nodes} ready", cluster.nodes_ready),
        _ if !is_ready_known(cluster) => format!("{nodes}, readiness unknown"),
        unknown => format!("{} of {nodes} ready, {unknown} unknown", cluster.nodes_ready),
    }
}

/// A paste may not say it of any node.
pub fn is_ready_known(cluster: &ClusterSummary) -> bool {
    cluster.nodes == 0 || cluster.nodes_unknown < cluster.nodes
}

fn worst_finding(report: &Report) -> String {
    let Some(worst) = report.findings.first() else { return "a change is proposed".to_owned() };
    let place = if worst.nodes.is_empty() { String::new() } else { format!(" on {}", text::list(&worst.nodes, NAMED)) };
    match report.findings.len() {
        1 => format!("{}{place}", worst.code),
        several => format!("{}{place}; {}", worst.code, text::count(several - 1, "more finding")),
    }
}

/// What stands for a verdict everywhere.
pub fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Healthy => "HEALTHY",
        Verdict::Sick => "UNHEALTHY",
        Verdict::Unknown => "UNKNOWN",
    }
}

pub fn verdict_tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Healthy => Tone::Good,
        Verdict::Sick => Tone::Bad,
        Verdict::Unknown => Tone::Doubtful,
    }
}
