//! `undo`: rolls back the last recorded change.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use serde_json::Value;

use crate::cli::apply_undo::UndoArgs;
use crate::cli::connection::ConnectionFlags;
use crate::cluster::request::Api;
use crate::cluster::{read_logs_of, write};
use crate::edit::owned;
use crate::edit::target::{Target, TargetSnapshot};
use crate::edit::undo_record::{ANNOTATION, RolloutPhase, UndoRecord};
use crate::exit::{Failure, Outcome};
use crate::plan::NodeGoal;
use crate::plan::owner_notes::OwnerNote;
use crate::plan::request::ChangeRequest;
use crate::plan::undo_forecast::{self, UndoForecast};
use crate::render::notice;
use crate::rollout::local_record;
use crate::snapshot::Snapshot;
use crate::snapshot::inspection::NodeLogs;
use crate::text;

use super::change::{self, ChangeOptions, ChangeReport};
use super::source::{self, ClusterHandle};
use crate::rollout::interrupt::Interrupt;
use crate::streams::Streams;
use crate::verb::Verb;

const VERB: Verb = Verb::Undo;

pub(super) async fn run(
    flags: &ConnectionFlags,
    arguments: &UndoArgs,
    interrupt: Interrupt,
    streams: &mut Streams,
) -> Result<Outcome, Failure> {
    undo(flags, arguments, None, interrupt, streams).await
}

/// `only`: a change by this verb, and no other.
pub(super) async fn undo(
    flags: &ConnectionFlags,
    arguments: &UndoArgs,
    only: Option<Verb>,
    interrupt: Interrupt,
    streams: &mut Streams,
) -> Result<Outcome, Failure> {
    let live = source::read_live_interruptible(&interrupt, flags, source::whole_cluster(flags, &arguments.source), VERB).await?;
    let api = Api::new(&live.way.connection);
    let mut recorded = Vec::new();
    for target in targets(&live.snapshot) {
        match record(&api, &target, streams).await? {
            Some((object, record)) if only.is_none_or(|verb| record.command == verb) => recorded.push((target, object, record)),
            Some((_, record)) => {
                let (command, at) = (record.command, text::utc(record.at));
                let message =
                    format!("{target}: the change by {command} of {at} is not touched; roll it back with: kubectl calico-fix undo");
                notice::plain(&message, &mut streams.err)?;
            }
            None => {}
        }
    }
    // Newest first: an undo restores what the last change replaced.
    recorded.sort_by_key(|(_, _, record)| std::cmp::Reverse((!record.is_finished(), record.at)));
    let Some((target, object, record)) = recorded.into_iter().next() else {
        let by = only.map_or_else(|| "this plugin".to_owned(), |verb| format!("this plugin's {verb}"));
        writeln!(streams.err, "nothing to undo: no change by {by} is recorded")?;
        arguments.shown.print(&ChangeReport::default(), streams)?;
        return Ok(Outcome::Done);
    };
    let message = format!("{target}: change by {} of {}", record.command, text::utc(record.at));
    notice::plain(&message, &mut streams.err)?;
    streams.err.flush()?;
    let restored = restored(&target, &object, &record);
    let slow = undo_forecast::slow_starts(&live.snapshot, &target, &restored);
    let logs = tokio::select! {
        logs = read_logs(&live.way, &live.snapshot, slow) => logs,
        () = interrupt.wait_for_more_than(0) => return Err(Failure::Interrupted),
    };
    let (goals, notes) = foreseen(&live.snapshot, logs, &target, &restored);
    let options = ChangeOptions {
        connection: &live.way.connection,
        wanted: &live.way.wanted,
        snapshot: &live.snapshot,
        arguments: &arguments.change,
        out: None,
        color: arguments.shown.color(),
        prints_pages: arguments.shown.output.is_none(),
        interrupt,
        notes: &notes,
        blockers: &[],
        during: None,
    };
    let mut told = ChangeReport::default();
    let result = change::run(&options, &ChangeRequest::Undo { target, record, goals }, &mut told, streams).await;
    arguments.shown.print(&told, streams)?;
    result
}

/// The target as the undo leaves it.
fn restored(target: &Target, object: &Value, record: &UndoRecord) -> Value {
    let request = ChangeRequest::Undo { target: target.clone(), record: record.clone(), goals: Vec::new() };
    let mut restored = object.clone();
    if let Ok(Some(plan)) = request.plan(object) {
        target.patch_kind().apply(&mut restored, &plan.patch);
    }
    restored
}

/// Nodes that start slowly are few. Where many do, or the logs cannot be read, less is foreseen.
const MOST_LOGS: usize = 10;

async fn read_logs(way: &ClusterHandle, snapshot: &Snapshot, nodes: BTreeSet<String>) -> BTreeMap<String, NodeLogs> {
    if nodes.is_empty() || nodes.len() > MOST_LOGS {
        return BTreeMap::new();
    }
    let mut logs = read_logs_of(&way.connection, snapshot.pods.seen().map_or(&[], Vec::as_slice), &nodes, way.wanted.max_concurrent).await;
    logs.retain(|_, logs| logs.current.seen().is_some());
    logs
}

/// The expected state of the nodes, and a warning for each fault that comes back.
fn foreseen(snapshot: &Snapshot, logs: BTreeMap<String, NodeLogs>, target: &Target, restored: &Value) -> (Vec<NodeGoal>, Vec<OwnerNote>) {
    let mut known = snapshot.clone();
    known.logs.extend(logs);
    let UndoForecast { goals, returning } = undo_forecast::forecast(&known, target, restored);
    let note = |warning| OwnerNote { warning, snippet: None };
    let mut notes: Vec<OwnerNote> = returning.iter().take(MOST_FAULTS).map(|fault| note(fault.to_string())).collect();
    if let Some(more @ 1..) = returning.len().checked_sub(MOST_FAULTS) {
        notes.push(note(format!("this undo brings a fault back on {}", text::count(more, "more node"))));
    }
    (goals, notes)
}

/// More faults than this are counted, not listed.
const MOST_FAULTS: usize = 10;

/// Every object that this plugin ever writes to.
pub(super) fn targets(snapshot: &Snapshot) -> Vec<Target> {
    let set = snapshot.daemon_set.seen().map(|set| &set.metadata);
    let set = set.and_then(|meta| Some(Target::DaemonSet { namespace: meta.namespace.clone()?, name: meta.name.clone() }));
    let installations = snapshot.resources.installations.seen().into_iter().flatten();
    set.into_iter().chain(installations.map(|one| Target::Installation { name: one.metadata.name.clone() })).collect()
}

/// Reads the record from the object. If its annotation was removed or damaged, reads the copy on this machine, as long as there is something to
/// restore.
pub(super) async fn record(api: &Api, target: &Target, streams: &mut Streams) -> Result<Option<(Value, UndoRecord)>, Failure> {
    let object: Value =
        write::read(api, target).await.map_err(|error| Failure::ReadFailed { message: error.to_string(), hint: error.hint() })?;
    let read = UndoRecord::from_object(&object);
    let usable = |record: &UndoRecord| owned::check(target, &object, &record.restore);
    let refused = match read {
        Ok(Some(record)) => match usable(&record) {
            Ok(()) => return Ok(Some((object, record))),
            Err(error) => Some(format!("the annotation {ANNOTATION} is not this plugin's: {error}")),
        },
        Ok(None) => None,
        Err(error) => Some(error.to_string()),
    };
    let Ok(snapshot) = TargetSnapshot::new(&object, target) else { return Ok(None) };
    match local_record::load(&snapshot) {
        Ok(Some(record)) if is_open(target, &object, &record, refused.is_some()) => {
            if let Some(refused) = refused {
                writeln!(streams.err, "Warning: {refused}; the copy on this machine is used instead")?;
            }
            Ok(Some((object, record)))
        }
        Ok(_) => refused.map_or(Ok(None), |message| {
            Err(Failure::NotApplied { message: format!("error: {target}: {message}"), hint: Some(BY_HAND.to_owned()) })
        }),
        Err(error) => {
            writeln!(streams.err, "Warning: the copy on this machine is not used: {error}")?;
            refused.map_or(Ok(None), |message| {
                Err(Failure::NotApplied { message: format!("error: {target}: {message}"), hint: Some(BY_HAND.to_owned()) })
            })
        }
    }
}

/// The recorded values are still set, or only half restored: a run that ended early leaves pods with the template that it undoes.
/// `spoilt`: the annotation exists but is damaged, so only this copy shows that a rollback is not finished.
fn is_open(target: &Target, object: &Value, record: &UndoRecord, spoilt: bool) -> bool {
    let holds = |patch| target.patch_kind().holds(object, patch);
    match holds(&record.restore) {
        true => record.phase == RolloutPhase::Restoring || (spoilt && !record.is_finished()),
        false => holds(&record.set),
    }
}

const BY_HAND: &str = "Look at it with kubectl get -o yaml, and at the revisions with: kubectl rollout history";
