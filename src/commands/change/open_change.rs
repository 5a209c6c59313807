//! A change that is still open in the cluster: resumed by the same command, in the way of every other one.

use std::collections::HashSet;
use std::io::Write;

use crate::diagnosis::unfinished_change::{UnfinishedChange, open_debug_log, unfinished_change};
use crate::exit::{Failure, Outcome};
use crate::finding::{Report, Severity};
use crate::model::{ClusterModel, phrases};
use crate::plan::request::ChangeRequest;
use crate::plan::resume;
use crate::render::notice;
use crate::rollout::local_record;
use crate::snapshot::Snapshot;
use crate::streams::Streams;
use crate::verb::Verb;

/// `report` is the diagnosis of the snapshot.
pub fn find(snapshot: &Snapshot, report: &Report) -> Option<UnfinishedChange> {
    let errors = report.findings.iter().filter(|finding| finding.severity == Severity::Error);
    let errors: HashSet<&str> = errors.flat_map(|finding| &finding.nodes).map(String::as_str).collect();
    let has_error = |node: &str| errors.contains(node);
    unfinished_change(&ClusterModel::new(snapshot), &local_record::ended_changes(snapshot), &has_error)
}

/// A resumable change that `verb` had begun, or any where `verb` is `None`.
pub fn resumption(snapshot: &Snapshot, report: &Report, verb: Option<Verb>) -> Option<(UnfinishedChange, ChangeRequest)> {
    let open = find(snapshot, report).filter(UnfinishedChange::is_resumable)?;
    if verb.is_some_and(|verb| open.record.command != verb) {
        return None;
    }
    let (target, record) = (open.target.clone(), open.record.clone());
    let goals = resume::goals(snapshot, &record);
    Some((open, ChangeRequest::Resume { target, record, goals }))
}

/// What is said of a change that this command does not resume; `None` where no change is open.
pub fn explain(snapshot: &Snapshot, report: &Report) -> Option<String> {
    let debug_log = || {
        let record = open_debug_log(&ClusterModel::new(snapshot))?;
        let hint = "Restore the log level with: kubectl calico-fix debug-log --restore";
        Some(format!("a debug-log begun {} has not restored the log level. {hint}", crate::text::utc(record.at)))
    };
    find(snapshot, report).map(|open| open.explain()).or_else(debug_log)
}

/// The sentence, behind what was printed before it.
pub fn announce(text: String, streams: &mut Streams) -> Result<(), Failure> {
    say(&phrases::sentence(text), streams)
}

fn say(line: &str, streams: &mut Streams) -> Result<(), Failure> {
    streams.out.flush()?;
    notice::plain(line, &mut streams.err)?;
    Ok(())
}

/// "Nothing to change" is not true while a change is open.
pub fn outcome_without_change(snapshot: &Snapshot, report: &Report, outcome: Outcome, streams: &mut Streams) -> Result<Outcome, Failure> {
    let Some(explanation) = explain(snapshot, report) else { return Ok(outcome) };
    let is_at_work = find(snapshot, report).is_some_and(|open| open.is_in_progress());
    let line = if is_at_work { phrases::sentence(explanation) } else { format!("error: {explanation}") };
    say(&line, streams)?;
    Ok(if matches!(outcome, Outcome::Healthy | Outcome::Done) { Outcome::NotApplied } else { outcome })
}
