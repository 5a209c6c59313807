//! A change whose undo record is still open: its run is at work, or it ended before the end. Judged by pods and findings, not by the
//! record alone.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::edit::drift::Drift;
use crate::edit::target::Target;
use crate::edit::undo_record::{ANNOTATION, RolloutPhase, UndoRecord};
use crate::model::ClusterModel;
use crate::text;
use crate::verb::Verb;

#[derive(Clone, Debug, PartialEq)]
pub struct UnfinishedChange {
    pub target: Target,
    pub record: UndoRecord,
    pub state: ChangeState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeState {
    /// Its run is at work: when the cluster has seen it last.
    InProgress { last_sign: Timestamp },
    /// Every pod has the new settings, is Ready and has no error; nobody has verified it.
    Complete,
    /// This many pods still have the old settings.
    HalfWay { remaining: usize },
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

/// The open change of the DaemonSet, else of an Installation. `ended`: ids of changes whose run is known to be over. `has_error`: a node
/// has a finding of that severity. A `debug-log` is not a change of this kind: it restores what it raised.
pub fn unfinished_change(view: &ClusterModel, ended: &BTreeSet<String>, has_error: &dyn Fn(&str) -> bool) -> Option<UnfinishedChange> {
    open_records(view).into_iter().find_map(|(target, object, record)| {
        let open = !record.is_finished() && record.command != Verb::DebugLog;
        open.then(|| {
            let state = state(view, &target, &object, &record, ended, has_error);
            UnfinishedChange { target, record, state }
        })
    })
}

/// The record of a debug-log that has not restored the log level.
pub fn open_debug_log(view: &ClusterModel) -> Option<UndoRecord> {
    let text = view.install.daemon_set?.metadata.annotations.get(ANNOTATION)?;
    UndoRecord::parse(text).ok().filter(|record| record.command == Verb::DebugLog && !record.is_finished())
}

fn open_records(view: &ClusterModel) -> Vec<(Target, Value, UndoRecord)> {
    let mut found = Vec::new();
    if let Some(set) = view.install.daemon_set {
        let namespace = set.metadata.namespace.clone().unwrap_or_default();
        let target = Target::DaemonSet { namespace, name: set.metadata.name.clone() };
        let record = set.metadata.annotations.get(ANNOTATION).and_then(|text| UndoRecord::parse(text).ok());
        found.extend(record.map(|record| (target, serde_json::to_value(set).unwrap_or_default(), record)));
    }
    for installation in view.snapshot.resources.installations.seen().into_iter().flatten() {
        let record = installation.metadata.annotations.get(ANNOTATION).and_then(|text| UndoRecord::parse(text).ok());
        let target = Target::Installation { name: installation.metadata.name.clone() };
        found.extend(record.map(|record| (target, json!({"spec": installation.spec}), record)));
    }
    found
}

fn state(
    view: &ClusterModel,
    target: &Target,
    object: &Value,
    record: &UndoRecord,
    ended: &BTreeSet<String>,
    has_error: &dyn Fn(&str) -> bool,
) -> ChangeState {
    if let Some(last_sign) = sign_of_life(view, record).filter(|_| !ended.contains(&record.id)) {
        return ChangeState::InProgress { last_sign };
    }
    if record.phase == RolloutPhase::Restoring {
        return ChangeState::RollingBack;
    }
    if !Drift::between(target.patch_kind(), object, &record.set, &record.restore).is_none() {
        return ChangeState::Overwritten;
    }
    let newest = view.newest_revision();
    let with_pod = || view.nodes.iter().filter(|node| node.pod.is_some() && !node.kubelet_is_silent());
    let updated = |name: &str| view.node(name).is_some_and(|node| newest.is_some() && node.revision() == newest);
    let failed: Vec<String> =
        // A start stores the address only after a while: until then the errors are those of before.
        with_pod().filter(|node| updated(node.name) && has_error(node.name) && !view.is_starting(node)).map(|node| node.name.to_owned()).collect();
    if !failed.is_empty() {
        return ChangeState::Failed { nodes: failed };
    }
    match with_pod().filter(|node| !updated(node.name) || node.is_not_ready()).count() {
        0 => ChangeState::Complete,
        remaining => ChangeState::HalfWay { remaining },
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

impl UnfinishedChange {
    pub fn is_in_progress(&self) -> bool {
        matches!(self.state, ChangeState::InProgress { .. })
    }

    /// `apply --resume` has something to go on from.
    pub fn is_resumable(&self) -> bool {
        matches!(self.state, ChangeState::Complete | ChangeState::HalfWay { .. } | ChangeState::Failed { .. })
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
            ChangeState::HalfWay { remaining } => {
                let held = record.strategy.is_some() && record.phase == RolloutPhase::Canary;
                let canary = record.canary.as_deref().filter(|_| held);
                let canary = canary.map(|node| format!("; {} was to be verified first", text::clean(node))).unwrap_or_default();
                let held = if held { ", and the update strategy OnDelete holds them back" } else { "" };
                let verb = if *remaining == 1 { "does" } else { "do" };
                format!("{} {verb} not run with the new settings yet{held}{canary}", text::count(*remaining, "node"))
            }
            ChangeState::Failed { nodes } => {
                let verb = if nodes.len() == 1 { "runs with the new settings and has" } else { "run with the new settings and have" };
                format!("{} {verb} errors", text::list(nodes, 3))
            }
            ChangeState::RollingBack => "it was being rolled back".to_owned(),
            ChangeState::Overwritten => "somebody else has changed the same fields since".to_owned(),
        };
        format!("a change by {command}, begun {begun}, ended before it was finished: {state}")
    }

    pub fn advice(&self) -> Advice {
        let (command, effect) = match &self.state {
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
            ChangeState::Complete | ChangeState::HalfWay { .. } => {
                format!("{}. Finish it with: {RESUME}. Restore the old settings with: {UNDO}", self.describe())
            }
            _ => format!("{}. Restore the old settings with: {UNDO}", self.describe()),
        }
    }
}
