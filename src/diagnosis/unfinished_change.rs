//! A change whose undo record is still open: its run is at work, or it ended before the end. Judged by pods and findings, not by the
//! record alone.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::edit::drift::Drift;
use crate::edit::target::Target;
use crate::edit::undo_record::{ANNOTATION, RolloutPhase, UndoRecord, is_held_back};
use crate::model::{ClusterModel, NodeModel};
use crate::snapshot::objects::Meta;
use crate::text;
use crate::verb::Verb;

/// The copies on this machine of the undo records of changes whose run is over, by the UID of the changed object.
pub type EndedChanges = BTreeMap<String, UndoRecord>;

#[derive(Clone, Debug, PartialEq)]
pub struct UnfinishedChange {
    pub target: Target,
    pub record: UndoRecord,
    pub state: ChangeState,
    /// The annotation was removed: the record is the copy on this machine.
    pub is_copy: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeState {
    /// Its run is at work: when the cluster has seen it last.
    InProgress { last_sign: Timestamp },
    /// Every pod has the new settings, is Ready and has no error; nobody has verified it.
    Complete,
    /// This many pods have the old settings, and this many the new ones without being Ready yet.
    HalfWay { outdated: usize, not_ready: usize },
    /// These nodes have the new settings and an error.
    Failed { nodes: Vec<String> },
    /// The old settings are back in the object; pods follow.
    RollingBack,
    /// Somebody else has written the same fields since.
    Overwritten,
}

/// What to do about an unfinished change, and what that leads to.
pub struct Advice {
    pub command: &'static str,
    pub effect: String,
}

pub const RESUME: &str = "kubectl calico-fix apply --resume";
pub const UNDO: &str = "kubectl calico-fix undo";
const WATCH: &str = "kubectl calico-fix status --watch";

/// The open change of the DaemonSet, else of an Installation. `ended`: changes whose run is known to be over. `has_error`: a node
/// has a finding of that severity. A `debug-log` is not a change of this kind: it restores what it raised.
pub fn unfinished_change(view: &ClusterModel, ended: &EndedChanges, has_error: &dyn Fn(&str) -> bool) -> Option<UnfinishedChange> {
    let open = records(view, ended).into_iter().filter(|found| !found.record.is_finished() && found.record.command != Verb::DebugLog);
    open.filter_map(|Recorded { target, object, record, is_copy }| {
        let is_over = ended.values().any(|known| known.id == record.id);
        let state = state(view, &target, &object, &record, is_over, has_error);
        let is_open = !is_copy || is_open_without_annotation(view, &target, &object, &record, &state);
        is_open.then(|| UnfinishedChange { record: record.as_found_in(&object), target, state, is_copy })
    })
    .next()
}

/// The record of a debug-log that has not restored the log level.
pub fn open_debug_log(view: &ClusterModel) -> Option<UndoRecord> {
    let text = view.install.daemon_set?.metadata.annotations.get(ANNOTATION)?;
    UndoRecord::parse(text).ok().filter(|record| record.command == Verb::DebugLog && !record.is_finished())
}

struct Recorded {
    target: Target,
    object: Value,
    record: UndoRecord,
    is_copy: bool,
}

/// By annotation. Where it was removed, by the copy on this machine.
fn records(view: &ClusterModel, ended: &EndedChanges) -> Vec<Recorded> {
    let record = |meta: &Meta| match meta.annotations.get(ANNOTATION) {
        Some(text) => UndoRecord::parse(text).ok().map(|record| (record, false)),
        None => Some((ended.get(meta.uid.as_ref()?)?.clone(), true)),
    };
    let recorded = |target, object, meta: &Meta| {
        let (record, is_copy) = record(meta)?;
        Some(Recorded { target, object, record, is_copy })
    };
    let set = view.install.daemon_set.and_then(|set| {
        let namespace = set.metadata.namespace.clone().unwrap_or_default();
        let target = Target::DaemonSet { namespace, name: set.metadata.name.clone() };
        recorded(target, serde_json::to_value(set).unwrap_or_default(), &set.metadata)
    });
    let installations = view.snapshot.resources.installations.seen().into_iter().flatten();
    let installations = installations.filter_map(|one| {
        let target = Target::Installation { name: one.metadata.name.clone() };
        recorded(target, json!({"spec": one.spec}), &one.metadata)
    });
    set.into_iter().chain(installations).collect()
}

/// A copy may be older than what others did since: only what the change itself has left speaks for it. That is the update strategy, which
/// holds pods back until its run restores it, or pods with the settings that a rollback replaces.
fn is_open_without_annotation(view: &ClusterModel, target: &Target, object: &Value, record: &UndoRecord, state: &ChangeState) -> bool {
    match state {
        ChangeState::HalfWay { .. } | ChangeState::Failed { .. } => record.strategy.is_some() && is_held_back(object),
        ChangeState::RollingBack => {
            target.patch_kind().holds(object, &record.restore) && with_pod(view).any(|node| !is_updated(view, node))
        }
        ChangeState::InProgress { .. } | ChangeState::Complete | ChangeState::Overwritten => false,
    }
}

fn with_pod<'v, 'a>(view: &'v ClusterModel<'a>) -> impl Iterator<Item = &'v NodeModel<'a>> {
    view.nodes.iter().filter(|node| node.pod.is_some() && !node.kubelet_is_silent())
}

fn is_updated(view: &ClusterModel, node: &NodeModel) -> bool {
    let newest = view.newest_revision();
    newest.is_some() && node.revision() == newest
}

fn state(
    view: &ClusterModel,
    target: &Target,
    object: &Value,
    record: &UndoRecord,
    is_over: bool,
    has_error: &dyn Fn(&str) -> bool,
) -> ChangeState {
    if let Some(last_sign) = sign_of_life(view, record).filter(|_| !is_over) {
        return ChangeState::InProgress { last_sign };
    }
    if record.phase == RolloutPhase::Restoring {
        return ChangeState::RollingBack;
    }
    if !Drift::between(target.patch_kind(), object, &record.set, &record.restore).is_none() {
        return ChangeState::Overwritten;
    }
    let failed: Vec<String> =
        // A start stores the address only after a while: until then the errors are those of before.
        with_pod(view).filter(|node| is_updated(view, node) && has_error(node.name) && !view.is_starting(node)).map(|node| node.name.to_owned()).collect();
    if !failed.is_empty() {
        return ChangeState::Failed { nodes: failed };
    }
    let outdated = with_pod(view).filter(|node| !is_updated(view, node)).count();
    let not_ready = with_pod(view).filter(|node| is_updated(view, node) && node.is_not_ready()).count();
    match (outdated, not_ready) {
        (0, 0) => ChangeState::Complete,
        _ => ChangeState::HalfWay { outdated, not_ready },
    }
}

/// When the run was seen last, while it may still be at work. Each write of the record and each pod that is created since counts;
/// all times are the API server's.
fn sign_of_life(view: &ClusterModel, record: &UndoRecord) -> Option<Timestamp> {
    let (written, quiet) = (record.written_at?, record.quiet_seconds?);
    let pods = view.snapshot.pods.seen().into_iter().flatten().filter_map(|pod| pod.metadata.creation_timestamp);
    let last = pods.filter(|created| *created >= record.at).chain([written]).max()?;
    let silent = view.snapshot.taken_at.duration_since(last);
    (silent <= SignedDuration::from_secs(i64::from(quiet))).then_some(last)
}

/// A clause: which pods still have the old settings, and which are not Ready with the new ones.
fn half_way(record: &UndoRecord, outdated: usize, not_ready: usize) -> String {
    let is_held = record.holds_pods_back();
    let verb = |number: usize, one, several| if number == 1 { one } else { several };
    let held = if is_held { ", and the update strategy OnDelete holds them back" } else { "" };
    let new = format!(
        "{} {} the new settings and {} not Ready yet",
        text::count(not_ready, "node"),
        verb(not_ready, "has", "have"),
        verb(not_ready, "is", "are")
    );
    let old = format!("{} still {} the old settings{held}", text::count(outdated, "node"), verb(outdated, "has", "have"));
    let canary = record.canary.as_deref().filter(|_| is_held).map(|node| format!("{} was to be verified first", text::clean(node)));
    let clauses = [(not_ready > 0).then_some(new), (outdated > 0).then_some(old), canary];
    clauses.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

impl UnfinishedChange {
    pub fn is_in_progress(&self) -> bool {
        matches!(self.state, ChangeState::InProgress { .. })
    }

    /// `apply --resume` has something to go on from.
    pub fn is_resumable(&self) -> bool {
        !self.is_copy && matches!(self.state, ChangeState::Complete | ChangeState::HalfWay { .. } | ChangeState::Failed { .. })
    }

    /// A clause.
    pub fn describe(&self) -> String {
        let UnfinishedChange { record, state, .. } = self;
        let (command, begun) = (record.command, text::utc(record.at));
        let state = match state {
            ChangeState::InProgress { last_sign } => {
                return format!("a change by {command} is in progress since {begun} (last activity {})", text::utc(*last_sign));
            }
            ChangeState::Complete => "every node has the new settings and is healthy, but the change was not verified".to_owned(),
            ChangeState::HalfWay { outdated, not_ready } => half_way(record, *outdated, *not_ready),
            ChangeState::Failed { nodes } => {
                let verb = if nodes.len() == 1 { "runs with the new settings and has" } else { "run with the new settings and have" };
                format!("{} {verb} errors", text::list(nodes, 3))
            }
            ChangeState::RollingBack => "it was being rolled back".to_owned(),
            ChangeState::Overwritten => "somebody else has changed the same fields since".to_owned(),
        };
        let removed = if self.is_copy { ", and its record was removed from the cluster" } else { "" };
        format!("a change by {command}, begun {begun}, ended before it was finished{removed}: {state}")
    }

    pub fn advice(&self) -> Advice {
        let (command, effect) = match &self.state {
            _ if self.is_copy => (UNDO, "Restores the settings from before the change, by the copy of the record on this machine"),
            ChangeState::InProgress { .. } => (WATCH, "Shows when it has ended. To stop the change, interrupt it where it runs"),
            ChangeState::Complete => {
                (RESUME, "Verifies every node and closes the record, restarts no pod. undo brings the old settings back")
            }
            ChangeState::HalfWay { .. } => {
                (RESUME, "Changes the remaining nodes and verifies all of them. undo restores the old settings instead")
            }
            ChangeState::Failed { .. } => (UNDO, "Restores the settings from before the change, the update strategy included"),
            ChangeState::RollingBack => (UNDO, "Completes the rollback to the settings from before the change"),
            ChangeState::Overwritten => (UNDO, "Shows who has changed which field, and restores the settings from before the change"),
        };
        Advice { command, effect: effect.to_owned() }
    }

    /// Both in one sentence, for a command that cannot go on.
    pub fn explain(&self) -> String {
        match self.state {
            ChangeState::InProgress { .. } => format!("{}: wait until it has ended, see {WATCH}", self.describe()),
            ChangeState::Complete | ChangeState::HalfWay { .. } if !self.is_copy => {
                format!("{}. Finish it with: {RESUME}. Restore the old settings with: {UNDO}", self.describe())
            }
            _ => format!("{}. Restore the old settings with: {UNDO}", self.describe()),
        }
    }
}
