//! The next step of a rollout, decided from its state and one observation. Pure: `rollout/` observes and performs.
//!
//! ```text
//! Canary ──RestoreStrategy──► Rolling ──Done
//!    └──────────Fail─────────────┴────► RollingBack ──Done
//! ```
//! A pod counts as replaced by the revision (template hash) that it was made from, never by its UID.

use std::collections::BTreeSet;

use crate::plan::canary_retry::RetryOutcome;
use crate::text;

/// Where the rollout is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// One node has the change alone; `larger_budgets` are still to be tried there.
    Canary { node: String, larger_budgets: usize },
    /// Every node takes the change.
    Rolling,
    /// The old values are back in the target; pods of the undone template are replaced.
    RollingBack,
}

/// What one poll of the cluster has shown.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// A signal that has not been answered yet.
    pub signal: bool,
    /// The API server gave no answer: why.
    pub unreachable: Option<String>,
    pub target: TargetState,
    /// The DaemonSet controller has observed the newest generation.
    pub observed: bool,
    /// Nobody but this program replaces pods: the strategy is OnDelete.
    pub on_delete: bool,
    /// This program may delete pods (not under the operator).
    pub may_delete: bool,
    /// Nodes that take part, by name. Nodes whose kubelet is gone are not among them.
    pub nodes: Vec<NodeStatus>,
    /// Nodes whose kubelet is gone have a pod that is not Ready, which uses up maxUnavailable.
    pub dead_pods: bool,
    /// As many of those as maxUnavailable allows: the controller replaces no other pod.
    pub held_by_dead: bool,
    /// Nodes that have had all the time they may take.
    pub expired: BTreeSet<String>,
    /// Nothing has happened for as long as one node may take.
    pub stalled: bool,
    /// Nodes of which `MAX_DELETIONS` pods were deleted.
    pub deleted_often: BTreeSet<String>,
}

/// The target compared with what this rollout has written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TargetState {
    #[default]
    Unchanged,
    /// Somebody else wrote fields of this change: which, and who.
    Changed(String),
    /// Somebody else has restored the old values: who, and how often by now.
    Reverted { who: String, times: u32 },
    /// The annotation is another change's: its id.
    Overtaken(String),
}

#[derive(Clone, Debug, PartialEq)]
pub struct NodeStatus {
    pub name: String,
    pub pod: PodStatus,
}

#[derive(Clone, Debug, PartialEq)]
pub enum PodStatus {
    /// The Node object was deleted.
    NodeGone,
    /// No pod, or one that is being deleted.
    Missing,
    /// Made from a template that this rollout replaces.
    Outdated,
    /// Of the wanted template, and not yet as expected: what is waited for, a noun phrase.
    Waiting(String),
    /// Of the wanted template and as expected; `sick`: not Ready, as it was before the change.
    Verified { sick: bool },
    /// It will not become as expected.
    Failed(String),
    /// calico-node ended on a node that was to stay up, and what became of the start.
    Restarted { why: String, start: RetryOutcome, conflicts_exceeded: bool },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// Delete the pod of this node; the controller makes a new one.
    Delete(String),
    RestoreStrategy,
    RaiseBudget,
    /// Write the new values once more.
    Reapply,
    Wait(String),
    Done,
    Fail(Failure),
}

/// Why a rollout cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    Interrupted,
    /// The annotation belongs to another change now: nothing more may be written.
    Overtaken(String),
    /// Somebody else changed the target: fields and writers.
    TargetChanged(String),
    /// Somebody else keeps restoring the old values.
    Reverted {
        who: String,
        times: u32,
    },
    /// One node, or the rollout as a whole.
    Failed(String),
}

/// A controller that reverts the change this often will not let it be.
const MAX_REVERTS: u32 = 3;

/// Of one node no more pods are deleted than this, whatever their template. One is right; more only where others change the template meanwhile.
pub const MAX_DELETIONS: u32 = 5;

/// Decides; the order of the questions is the order of harm.
pub fn next_step(stage: &Stage, seen: &Observation, timeout_seconds: u64) -> NextStep {
    if seen.signal {
        return NextStep::Fail(Failure::Interrupted);
    }
    if let Some(why) = &seen.unreachable {
        return NextStep::Wait(format!("waiting for the API server: {why}"));
    }
    if let Some(step) = target_step(&seen.target, matches!(stage, Stage::Canary { .. })) {
        return step;
    }
    if !seen.observed {
        return match seen.stalled {
            true => failed("the DaemonSet controller has not observed the change".to_owned()),
            false => NextStep::Wait("waiting for the DaemonSet controller".to_owned()),
        };
    }
    match stage {
        Stage::Canary { node, larger_budgets } => canary(node, *larger_budgets, seen, timeout_seconds),
        Stage::Rolling | Stage::RollingBack => rolling(seen, timeout_seconds),
    }
}

/// What somebody else's write to the target asks for; `None` where it holds what this rollout has written.
/// `is_held_back`: the strategy lets no controller replace a pod.
pub fn target_step(target: &TargetState, is_held_back: bool) -> Option<NextStep> {
    Some(match target {
        TargetState::Unchanged => return None,
        TargetState::Overtaken(id) => NextStep::Fail(Failure::Overtaken(id.clone())),
        TargetState::Changed(who) => NextStep::Fail(Failure::TargetChanged(who.clone())),
        // While the strategy holds back every pod, a second try restarts none. Later each would restart nodes.
        TargetState::Reverted { times, .. } if is_held_back && *times < MAX_REVERTS => NextStep::Reapply,
        TargetState::Reverted { who, times } => NextStep::Fail(Failure::Reverted { who: who.clone(), times: *times }),
    })
}

fn failed(why: String) -> NextStep {
    NextStep::Fail(Failure::Failed(why))
}

fn canary(name: &str, larger_budgets: usize, seen: &Observation, timeout: u64) -> NextStep {
    let status = seen.nodes.iter().find(|node| node.name == name).map(|node| &node.pod);
    match status {
        None | Some(PodStatus::NodeGone) => failed(format!("{name} left the cluster before the change was verified there")),
        Some(PodStatus::Outdated) => delete(name, seen),
        Some(PodStatus::Verified { .. }) => NextStep::RestoreStrategy,
        Some(PodStatus::Failed(why)) => failed(format!("{name}: {why}")),
        Some(PodStatus::Missing) => wait_for(name, "its new pod", seen, timeout),
        Some(PodStatus::Waiting(why)) => wait_for(name, why, seen, timeout),
        Some(PodStatus::Restarted { why, start, conflicts_exceeded }) => match start {
            RetryOutcome::LostUpdate if !conflicts_exceeded => {
                NextStep::Wait(format!("{name}: {why}: another writer changed the Node object meanwhile; calico-node tries again"))
            }
            RetryOutcome::GotFurther(_) if larger_budgets > 0 => NextStep::RaiseBudget,
            _ => failed(format!("{name}: {why}")),
        },
    }
}

fn delete(node: &str, seen: &Observation) -> NextStep {
    match seen.deleted_often.contains(node) {
        true => failed(format!("{node}: {MAX_DELETIONS} pods were deleted, and each new one is from another template")),
        false => NextStep::Delete(node.to_owned()),
    }
}

fn wait_for(node: &str, why: &str, seen: &Observation, timeout: u64) -> NextStep {
    if seen.expired.contains(node) {
        return failed(still_waiting(node, why, timeout));
    }
    NextStep::Wait(format!("{node}: waiting for {why}"))
}

fn still_waiting(node: &str, what: &str, timeout: u64) -> String {
    format!("{node}: still waiting for {what} after {timeout}s")
}

fn rolling(seen: &Observation, timeout: u64) -> NextStep {
    let mut waits: Vec<(&str, String)> = Vec::new();
    let mut outdated = Vec::new();
    let mut not_ready = seen.dead_pods;
    for NodeStatus { name, pod } in &seen.nodes {
        match pod {
            PodStatus::NodeGone => {}
            PodStatus::Outdated => outdated.push(name.as_str()),
            PodStatus::Missing => waits.push((name, "its new pod".to_owned())),
            PodStatus::Waiting(why) => waits.push((name, why.clone())),
            PodStatus::Verified { sick } => not_ready |= *sick,
            PodStatus::Failed(why) => return failed(format!("{name}: {why}")),
            PodStatus::Restarted { why, start: RetryOutcome::LostUpdate, conflicts_exceeded: false } => {
                waits.push((name, format!("its next start ({why}: another writer changed the Node object meanwhile)")));
            }
            PodStatus::Restarted { why, .. } => return failed(format!("{name}: {why}")),
        }
    }
    if let Some((node, why)) = waits.iter().find(|(node, _)| seen.expired.contains(*node)) {
        return failed(still_waiting(node, why, timeout));
    }
    if let Some((node, why)) = waits.first() {
        let others = match waits.len() - 1 {
            0 => String::new(),
            more => format!("; {} waiting", text::count(more, "more node")),
        };
        return match seen.stalled {
            true => failed(still_waiting(node, why, timeout)),
            false => NextStep::Wait(format!("{node}: waiting for {why}{others}")),
        };
    }
    let total = seen.nodes.iter().filter(|node| node.pod != PodStatus::NodeGone).count();
    let updated = total - outdated.len();
    let Some(next) = outdated.first() else { return NextStep::Done };
    // The controller counts a pod that is not Ready against maxUnavailable and waits for it, although nothing more is expected of it.
    if seen.may_delete && (seen.on_delete || not_ready) {
        return delete(next, seen);
    }
    let progress = format!("{updated} of {total} pods updated");
    if seen.held_by_dead {
        return failed(format!("{progress}; nodes whose kubelet is gone use up maxUnavailable, so no other pod is replaced"));
    }
    match seen.stalled {
        true => failed(format!("{progress}, and no other pod was replaced within {timeout}s")),
        false => NextStep::Wait(progress),
    }
}

#[cfg(test)]
mod tests;
