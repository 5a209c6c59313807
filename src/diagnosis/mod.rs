//! From a snapshot to a report: one check, one file, one code. Pure.
//!
//! `checks` is the registry. A `Check` gets the `Context` (the model and the judged addresses) and the `EarlierFindings`.
//! `session_pairs` joins both ends of a BGP session; `fixes` writes commands; `evidence` quotes what was read.
//! `group` merges findings that differ only in nodes, `gaps` lists what was not seen, `passing_gaps` what time will tell, `rows` makes the table of nodes.
//! `explain` finds the text of a code.

mod check;
mod checks;
pub(crate) mod context;
pub(crate) mod evidence;
pub mod explain;
pub(crate) mod fixes;
mod gaps;
mod group;
mod located;
pub(crate) mod log_line_finding;
mod missing_peers;
pub(crate) mod next_start;
mod passing_gaps;
mod rows;
mod session_pairs;
pub mod unfinished_change;
mod unfinished_start;

use std::collections::BTreeSet;

use crate::calico::version::Version;
use crate::diagnosis::context::Context;
use crate::finding::code::Code;
use crate::finding::verdict::Verdict;
use crate::finding::{Finding, Fix, Report, Source};
use crate::parallel;
use crate::snapshot::Snapshot;
use crate::startup::budget::BudgetEstimate;
use crate::text::bounded::clean;
use check::EarlierFindings;
use unfinished_change::EndedChanges;

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
    /// Unfinished changes whose run is known to have ended.
    pub ended_changes: EndedChanges,
}

/// Judges a snapshot. Asks for nothing, changes nothing, reads no clock.
pub fn diagnose(snapshot: &Snapshot, scope: &Scope) -> Report {
    diagnose_for_release(snapshot, scope, None)
}

/// As `diagnose`, with the addresses and probes judged by another release's rules: what an upgrade to that release would break.
pub fn diagnose_for_release(snapshot: &Snapshot, scope: &Scope, release: Option<Version>) -> Report {
    let view = Context::for_release(snapshot, release).with_ended_changes(&scope.ended_changes);
    let (unseen, findings) = parallel::both(view.nodes.len(), || gaps::list_gaps(&view, scope), || find(&view, scope));
    let nodes = rows::node_rows(&view, &findings, scope);
    let verdict = Verdict::judge(!findings.is_empty(), &unseen);
    Report {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        taken_at: snapshot.taken_at,
        verdict,
        cluster: crate::model::summary::summarize(&view),
        nodes,
        findings,
        unseen,
        sources: snapshot.sources.clone(),
    }
}

/// What every check finds, the gravest first.
pub(crate) fn find(view: &Context, scope: &Scope) -> Vec<Finding> {
    let mut found = EarlierFindings::default();
    for code in Code::ALL {
        let findings = (checks::check_for(*code).run)(view, &found);
        found.add(findings);
    }
    let mut findings = found.into_findings();
    findings.retain(|finding| concerns(finding, scope));
    let mut findings = group::group_similar(findings);
    // One sentence, whatever names and values the cluster put into it.
    findings.iter_mut().for_each(|finding| finding.message = clean(&finding.message, MAX_MESSAGE));
    findings.sort_by_key(|finding| finding.severity);
    for finding in &mut findings {
        name_empty_lines(finding);
        if view.install.daemon_set.is_none() {
            name_pods(finding);
        }
        located::locate(finding, &view.snapshot.sources);
        located::preview_first(finding, view.snapshot);
    }
    findings
}

/// A line that was there without a word, in a log or a damaged snapshot, shows as one.
fn name_empty_lines(finding: &mut Finding) {
    let empty = finding.evidence.iter_mut().filter(|evidence| evidence.text.trim().is_empty());
    empty.for_each(|evidence| evidence.text = "(an empty line)".to_owned());
}

/// Where the DaemonSet was not seen its settings were read from the pods.
fn name_pods(finding: &mut Finding) {
    let settings = finding.evidence.iter_mut().filter(|evidence| evidence.source == Source::DaemonSet);
    settings.for_each(|evidence| evidence.source = Source::Pod);
}

/// What allows a start of this node so much time, at the right place; `None` where no command is known to be right.
pub fn start_budget_fix(snapshot: &Snapshot, node: &str, size: &BudgetEstimate) -> Option<Fix> {
    fixes::start_budget_of(&Context::new(snapshot), node, size)
}

fn concerns(finding: &Finding, scope: &Scope) -> bool {
    match &scope.nodes {
        None => true,
        Some(wanted) => finding.nodes.is_empty() || finding.nodes.iter().any(|node| wanted.contains(node)),
    }
}
