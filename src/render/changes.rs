//! What changed, a line each, with the API server's time.

use jiff::Timestamp;

use super::headline::verdict_word;
use crate::reports::changes::Change;
use crate::text;

/// Nodes named in a line; the rest is counted.
const NAMED: usize = 5;

/// `08:30:05Z`
pub fn time(at: Timestamp) -> String {
    at.strftime("%H:%M:%SZ").to_string()
}

/// `08:30:05Z  gone: bgp-session-down on node-3`
pub fn line(at: Timestamp, change: &Change) -> String {
    let found = |code: &crate::finding::code::Code, nodes: &[String]| match nodes {
        [] => code.to_string(),
        nodes => format!("{code} on {}", text::list(nodes, NAMED)),
    };
    let told = match change {
        Change::Verdict { before, now } => format!("{}, was {}", verdict_word(*now), verdict_word(*before)),
        Change::FindingGone { code, nodes } => format!("gone: {}", found(code, nodes)),
        Change::FindingNew { code, nodes } => format!("new: {}", found(code, nodes)),
        Change::Ready(nodes) => format!("ready: {}", text::list(nodes, NAMED)),
        Change::NotReady(nodes) => format!("not ready: {}", text::list(nodes, NAMED)),
        Change::Restarted { node, restarts } => format!("restarted: {} ({} restarts)", text::clean(node), restarts),
        Change::Joined(nodes) => format!("joined: {}", text::list(nodes, NAMED)),
        Change::Left(nodes) => format!("left: {}", text::list(nodes, NAMED)),
    };
    format!("{}  {told}", time(at))
}
