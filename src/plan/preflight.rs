//! Preflight: reasons not to start a change, checked before the first write.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Proposal;
use super::request::ChangeRequest;
use super::stuck_rollout;
use crate::diagnosis::unfinished_change::UnfinishedChange;
use crate::edit::drift::Drift;
use crate::edit::target::Target;
use crate::edit::undo_record::UndoRecord;
use crate::permissions::request::PermissionAnswer;
use crate::snapshot::Snapshot;
use crate::snapshot::objects::{DaemonSet, IntOrString, Node};
use crate::text;
use crate::verb::Verb;

/// A reason not to start; `--force` overrides it, and each one is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    pub code: &'static str,
    pub message: String,
}

impl Blocker {
    fn new(code: &'static str, message: String) -> Self {
        Self { code, message }
    }
}

const ROLLOUT: &str = "rollout-in-progress";
const ON_DELETE: &str = "OnDelete";

/// `object` is the target, `open` the unfinished change that the snapshot shows. It does not block its own undo, and not its resumption.
pub fn blockers(
    snapshot: &Snapshot,
    request: &ChangeRequest,
    object: &Value,
    open: Option<&UnfinishedChange>,
    rights: &[PermissionAnswer],
) -> Vec<Blocker> {
    let (Some(target), undoing) = (request.target(), request.is_undo()) else { return Vec::new() };
    let mut found = Vec::new();
    let missing: Vec<&str> = rights.iter().filter(|right| !right.allowed).map(|right| right.what.as_str()).collect();
    if !missing.is_empty() {
        let message = format!("you may not {}; what grants it: kubectl calico-fix can-i", missing.join(" or "));
        found.push(Blocker::new("forbidden", message));
    }
    match request {
        ChangeRequest::Undo { record, .. } => found.extend(changed_since(&target, record, object)),
        _ if request.open_record(object).is_some() => found.extend(open.filter(|open| open.is_in_progress()).map(in_progress)),
        _ => found.extend(unfinished_change(object, open)),
    }
    if object.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null()) {
        found.push(Blocker::new("being-deleted", format!("{target} is being deleted")));
    }
    let resuming = request.open_record(object).is_some();
    if let (Some(set), false) = (snapshot.daemon_set.seen(), undoing || resuming) {
        found.extend(rollout(set, snapshot).filter(|found| found.code != ROLLOUT || held_up(snapshot, request).is_none()));
    }
    if target.is_installation() && !undoing {
        found.extend(degraded(object, &target));
    }
    match request {
        ChangeRequest::Temporary(proposal) => found.extend(target_nodes_not_ready(snapshot, proposal)),
        _ => found.extend(nodes_not_ready(snapshot)),
    }
    found
}

fn in_progress(open: &UnfinishedChange) -> Blocker {
    Blocker::new("change-in-progress", open.explain())
}

/// A change that began after the snapshot was taken is at work.
fn unfinished_change(object: &Value, open: Option<&UnfinishedChange>) -> Option<Blocker> {
    let record = match UndoRecord::from_object(object) {
        Err(unreadable) => return Some(Blocker::new("change-unfinished", unreadable.to_string())),
        Ok(None) => return open.filter(|open| open.is_copy).map(|open| Blocker::new("change-unfinished", open.explain())),
        Ok(Some(record)) if record.is_finished() => return None,
        Ok(Some(record)) => record,
    };
    Some(match open.filter(|open| open.record.id == record.id) {
        Some(open) if open.is_in_progress() => in_progress(open),
        Some(open) => Blocker::new("change-unfinished", open.explain()),
        None if record.command == Verb::DebugLog => {
            let message =
                "a debug-log has not restored the log level yet. If no debug-log is running: kubectl calico-fix debug-log --restore";
            Blocker::new("change-unfinished", message.to_owned())
        }
        None => {
            let message = format!("a change by {} has just begun elsewhere: wait until it has ended", record.command);
            Blocker::new("change-in-progress", message)
        }
    })
}

/// Somebody has set other values since, which an undo would overwrite. Every phase is checked, and an empty `set` too.
fn changed_since(target: &Target, record: &UndoRecord, object: &Value) -> Option<Blocker> {
    let drift = Drift::between(target.patch_kind(), object, &record.set, &record.restore);
    if drift.foreign.is_empty() {
        return None;
    }
    let foreign = Drift { reverted: Vec::new(), ..drift };
    let message =
        format!("{target} no longer holds what {} has set. Changed since: {}", record.command, foreign.describe(object, FIELD_MANAGER));
    Some(Blocker::new("changed-since", message))
}

/// The default of `--field-manager`.
const FIELD_MANAGER: &str = "kubectl-calico-fix";

/// Why an unfinished rollout does not block the change: it waits for nodes that the change cures.
pub fn held_up(snapshot: &Snapshot, request: &ChangeRequest) -> Option<String> {
    let set = snapshot.daemon_set.seen()?;
    let behind = set.status.desired_number_scheduled - set.status.updated_number_scheduled;
    let observed = set.status.observed_generation >= set.metadata.generation;
    let rolls = observed && behind > 0 && set.spec.update_strategy.r#type != ON_DELETE;
    if !rolls {
        return None;
    }
    if let Some(nodes) = stuck_rollout::by_slow_starts(snapshot, request.goals()) {
        return Some(format!(
            "the DaemonSet's last change has not reached {behind} of its pods, because calico-node is killed while it starts on {}. This \
             change gives it more time; the other nodes get both changes",
            text::list(&nodes, 5)
        ));
    }
    let nodes = stuck_rollout::by_wrong_addresses(snapshot, request.goals())?;
    Some(format!(
        "the DaemonSet's last change has not reached {behind} of its pods, because calico-node is not Ready on {}. This change gives it \
         the right address; the other nodes get both changes",
        text::list(&nodes, 5)
    ))
}

/// Nodes that do not have somebody else's change yet would get it together with ours.
fn rollout(set: &DaemonSet, snapshot: &Snapshot) -> Option<Blocker> {
    let status = &set.status;
    let behind = status.desired_number_scheduled - status.updated_number_scheduled;
    if status.observed_generation.zip(set.metadata.generation).is_some_and(|(observed, wanted)| observed < wanted) {
        let message = "the DaemonSet controller has not observed the last change of the DaemonSet yet".to_owned();
        return Some(Blocker::new(ROLLOUT, message));
    }
    if behind <= 0 {
        return None;
    }
    let (code, waits) = match set.spec.update_strategy.r#type.as_str() {
        ON_DELETE => (
            "change-pending",
            "with the update strategy OnDelete they wait to be deleted, and would get that change together with this one",
        ),
        _ => (ROLLOUT, "wait for it, see: kubectl rollout status"),
    };
    let total = snapshot.pods.seen().map_or(status.desired_number_scheduled, |pods| i32::try_from(pods.len()).unwrap_or(i32::MAX));
    Some(Blocker::new(code, format!("{behind} of {total} pods do not have the last change of the DaemonSet yet: {waits}")))
}

/// The operator applies no change of an Installation that is invalid already, and reports nothing about it.
fn degraded(object: &Value, target: &Target) -> Option<Blocker> {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array)?;
    let bad = conditions.iter().find(|condition| condition["type"] == "Degraded" && condition["status"] == "True")?;
    let why = bad["message"].as_str().or(bad["reason"].as_str()).unwrap_or_default();
    Some(Blocker::new("installation-degraded", format!("{target} is Degraded: {}", text::truncate(&text::clean(why), 300))))
}

/// Nodes that are not Ready: their kubelets replace no pod, and count against maxUnavailable.
pub fn absent(snapshot: &Snapshot) -> BTreeSet<String> {
    let dead = |node: &&Node| node.condition("Ready").is_some_and(|ready| ready.status != "True");
    snapshot.nodes.seen().into_iter().flatten().filter(dead).map(|node| node.metadata.name.clone()).collect()
}

/// Only the target nodes matter to a temporary change.
fn target_nodes_not_ready(snapshot: &Snapshot, lent: &Proposal) -> Option<Blocker> {
    let absent = absent(snapshot);
    let dead: Vec<String> = lent.nodes.iter().map(|goal| goal.name.clone()).filter(|name| absent.contains(name)).collect();
    let message = format!(
        "{} not Ready: its kubelet starts no container and returns no log. Look at the node itself first",
        match dead.as_slice() {
            [one] => format!("the node {one} is"),
            many => format!("the nodes {} are", text::list(many, 5)),
        }
    );
    (!dead.is_empty()).then(|| Blocker::new("nodes-not-ready", message))
}

fn nodes_not_ready(snapshot: &Snapshot) -> Option<Blocker> {
    let dead: Vec<String> = absent(snapshot).into_iter().collect();
    if dead.is_empty() {
        return None;
    }
    let rolling = snapshot.daemon_set.seen().and_then(|set| set.spec.update_strategy.rolling_update.clone());
    let most = match rolling.and_then(|rolling| rolling.max_unavailable) {
        Some(IntOrString::Int(number)) => number.to_string(),
        Some(IntOrString::String(share)) => share,
        None => "1".to_owned(),
    };
    let message = format!(
        "{} not Ready ({}): calico-node cannot be replaced there, and a rollout with maxUnavailable {most} may wait for it",
        if dead.len() == 1 { "1 node is".to_owned() } else { format!("{} nodes are", dead.len()) },
        text::list(&dead, 5)
    );
    Some(Blocker::new("nodes-not-ready", message))
}

#[cfg(test)]
mod tests;
