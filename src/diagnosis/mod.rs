//! `&Snapshot -> Report`: a registry line and a file per check.

mod check;
mod checks;
pub mod code;
pub(crate) mod evidence;
pub mod explain;
mod fold;
pub mod health;
mod links;
mod located;
mod logged;
pub mod mesh;
pub(crate) mod remedy;
pub mod report;
mod rows;
pub mod sheet;
pub mod shell;
pub(crate) mod summary;
mod unfinished_start;
mod unseen;
pub mod view;
pub(crate) mod wording;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::calico::text::clean;
use crate::snapshot::Snapshot;
use crate::startup::sizing::Size;
use check::Found;
use code::Code;
use report::{Finding, Fix, Report, Verdict};
use view::View;
pub use wording::made as made_by;

pub const API_VERSION: &str = "calico-fix/v1";
pub const KIND: &str = "Status";

const MAX_MESSAGE: usize = 600;

/// What of a snapshot to report on.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Only these nodes; findings that concern none of them are left out.
    pub nodes: Option<BTreeSet<String>>,
    /// Every session of every node in the rows.
    pub sessions: bool,
}

/// Judges a snapshot. Asks for nothing, changes nothing, reads no clock.
pub fn diagnose(snapshot: &Snapshot, scope: &Scope) -> Report {
    let view = View::new(snapshot);
    let mut found = Found::default();
    for code in Code::ALL {
        let findings = (checks::of(*code).run)(&view, &found);
        found.add(findings);
    }
    let mut findings = found.into_findings();
    findings.retain(|finding| concerns(finding, scope));
    let mut findings = fold::fold(findings);
    // One sentence, whatever names and values the cluster put into it.
    findings.iter_mut().for_each(|finding| finding.message = clean(&finding.message, MAX_MESSAGE));
    findings.sort_by_key(|finding| finding.severity);
    for finding in &mut findings {
        located::locate(finding, &snapshot.sources);
        located::preview_first(finding, snapshot);
    }
    let nodes = rows::all(&view, &findings, scope);
    let unseen = unseen::all(&view, scope);
    let verdict = match (findings.is_empty(), unseen.iter().any(|unseen| unseen.matters)) {
        (false, _) => Verdict::Sick,
        (true, true) => Verdict::Unknown,
        (true, false) => Verdict::Healthy,
    };
    Report {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        taken_at: snapshot.taken_at,
        verdict,
        cluster: summary::of(&view),
        nodes,
        findings,
        unseen,
        sources: snapshot.sources.clone(),
    }
}

/// What allows a start of this node so much time, at the lawful place; `None` where no command is known to be right.
pub fn start_budget_fix(snapshot: &Snapshot, node: &str, size: &Size) -> Option<Fix> {
    remedy::start_budget_of(&View::new(snapshot), node, size)
}

/// Seconds that its probes give the calico-node of this node to start.
pub fn start_budget(snapshot: &Snapshot, node: &str) -> Option<Duration> {
    let view = View::new(snapshot);
    view.start_budget(view.node(node)?)
}

fn concerns(finding: &Finding, scope: &Scope) -> bool {
    match &scope.nodes {
        None => true,
        Some(wanted) => finding.nodes.is_empty() || finding.nodes.iter().any(|node| wanted.contains(node)),
    }
}
