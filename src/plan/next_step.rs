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

/// Decides; the order of the questions is the order of harm.
pub fn next_step(stage: &Stage, seen: &Observation, timeout_seconds: u64) -> NextStep {
    if seen.signal {
        return NextStep::Fail(Failure::Interrupted);
    }
    if let Some(why) = &seen.unreachable {
        return NextStep::Wait(format!("waiting for the API server: {why}"));
    }
    match &seen.target {
        TargetState::Overtaken(id) => return NextStep::Fail(Failure::Overtaken(id.clone())),
        TargetState::Changed(who) => return NextStep::Fail(Failure::TargetChanged(who.clone())),
        // While the strategy holds back every pod, a second try restarts none. Later each would restart nodes.
        TargetState::Reverted { times, .. } if matches!(stage, Stage::Canary { .. }) && *times < MAX_REVERTS => return NextStep::Reapply,
        TargetState::Reverted { who, times } => return NextStep::Fail(Failure::Reverted { who: who.clone(), times: *times }),
        TargetState::Unchanged => {}
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

fn failed(why: String) -> NextStep {
    NextStep::Fail(Failure::Failed(why))
}

fn canary(name: &str, larger_budgets: usize, seen: &Observation, timeout: u64) -> NextStep {
    let status = seen.nodes.iter().find(|node| node.name == name).map(|node| &node.pod);
    match status {
        None | Some(PodStatus::NodeGone) => failed(format!("{name} left the cluster before the change was verified there")),
        Some(PodStatus::Outdated) => NextStep::Delete(name.to_owned()),
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
        return NextStep::Delete((*next).to_owned());
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
mod tests {
    use super::*;
    use crate::plan::canary_retry::StartProgress;

    fn node(name: &str, pod: PodStatus) -> NodeStatus {
        NodeStatus { name: name.into(), pod }
    }

    fn seen(nodes: Vec<NodeStatus>) -> Observation {
        Observation { observed: true, may_delete: true, nodes, ..Observation::default() }
    }

    fn verified() -> PodStatus {
        PodStatus::Verified { sick: false }
    }

    fn sick() -> PodStatus {
        PodStatus::Verified { sick: true }
    }

    fn waiting() -> PodStatus {
        PodStatus::Waiting("its Ready condition".into())
    }

    fn wait(why: &str) -> NextStep {
        NextStep::Wait(why.into())
    }

    fn fails(why: &str) -> NextStep {
        failed(why.into())
    }

    fn restarted(start: RetryOutcome, conflicts_exceeded: bool) -> PodStatus {
        PodStatus::Restarted { why: "calico-node restarted once".into(), start, conflicts_exceeded }
    }

    fn further() -> RetryOutcome {
        RetryOutcome::GotFurther(StartProgress { phase: None, seconds: 90.0, last: "x".into() })
    }

    fn on_canary(pod: PodStatus) -> Observation {
        seen(vec![node("a", verified()), node("c", pod)])
    }

    fn canary_with(larger_budgets: usize) -> Stage {
        Stage::Canary { node: "c".into(), larger_budgets }
    }

    #[test]
    fn the_canary_is_replaced_verified_and_then_the_others_follow() {
        for (pod, expected) in [
            (PodStatus::Outdated, NextStep::Delete("c".into())),
            (PodStatus::Missing, wait("c: waiting for its new pod")),
            (waiting(), wait("c: waiting for its Ready condition")),
            (verified(), NextStep::RestoreStrategy),
            (PodStatus::Failed("its address is x".into()), fails("c: its address is x")),
            (PodStatus::NodeGone, fails("c left the cluster before the change was verified there")),
        ] {
            assert_eq!(next_step(&canary_with(0), &on_canary(pod), 300), expected);
        }
    }

    #[test]
    fn a_canary_that_is_evicted_and_made_again_is_verified_again() {
        let stage = canary_with(0);
        for (pod, expected) in
            [(PodStatus::Missing, wait("c: waiting for its new pod")), (PodStatus::Outdated, NextStep::Delete("c".into()))]
        {
            assert_eq!(next_step(&stage, &on_canary(pod), 300), expected);
        }
    }

    #[test]
    fn a_restart_raises_the_budget_only_where_the_start_got_further() {
        for (start, exceeded, budgets, expected) in [
            (further(), false, 1, NextStep::RaiseBudget),
            (further(), false, 0, fails("c: calico-node restarted once")),
            (
                RetryOutcome::LostUpdate,
                false,
                1,
                wait("c: calico-node restarted once: another writer changed the Node object meanwhile; calico-node tries again"),
            ),
            (RetryOutcome::LostUpdate, true, 1, fails("c: calico-node restarted once")),
            (RetryOutcome::Gap, false, 1, fails("c: calico-node restarted once")),
            (RetryOutcome::Other("it exited by itself".into()), false, 1, fails("c: calico-node restarted once")),
        ] {
            assert_eq!(next_step(&canary_with(budgets), &on_canary(restarted(start, exceeded)), 300), expected);
        }
    }

    /// A writer that restores the old values may be late once; one that keeps coming back is named. Beyond the canary each try restarts nodes.
    #[test]
    fn a_revert_is_answered_twice_on_the_canary_and_then_named() {
        let seen = |times| Observation { target: TargetState::Reverted { who: "argocd".into(), times }, ..on_canary(verified()) };
        let named = |times| NextStep::Fail(Failure::Reverted { who: "argocd".into(), times });
        for (stage, times, expected) in [
            (canary_with(0), 1, NextStep::Reapply),
            (canary_with(0), 2, NextStep::Reapply),
            (canary_with(0), 3, named(3)),
            (Stage::Rolling, 1, named(1)),
        ] {
            assert_eq!(next_step(&stage, &seen(times), 300), expected);
        }
    }

    #[test]
    fn what_stops_every_stage() {
        for stage in [canary_with(1), Stage::Rolling, Stage::RollingBack] {
            let base = || on_canary(waiting());
            for (observation, expected) in [
                (Observation { signal: true, unreachable: Some("x".into()), ..base() }, NextStep::Fail(Failure::Interrupted)),
                (Observation { unreachable: Some("refused".into()), stalled: true, ..base() }, wait("waiting for the API server: refused")),
                (Observation { target: TargetState::Overtaken("id".into()), ..base() }, NextStep::Fail(Failure::Overtaken("id".into()))),
                (
                    Observation { target: TargetState::Changed("IP (written by helm)".into()), ..base() },
                    NextStep::Fail(Failure::TargetChanged("IP (written by helm)".into())),
                ),
                (Observation { observed: false, ..base() }, wait("waiting for the DaemonSet controller")),
                (Observation { observed: false, stalled: true, ..base() }, fails("the DaemonSet controller has not observed the change")),
                (Observation { expired: ["c".to_owned()].into(), ..base() }, fails("c: still waiting for its Ready condition after 300s")),
            ] {
                assert_eq!(next_step(&stage, &observation, 300), expected, "{stage:?}");
            }
        }
    }

    #[test]
    fn a_rollout_ends_when_every_node_that_is_left_has_the_template_and_is_as_expected() {
        for stage in [Stage::Rolling, Stage::RollingBack] {
            for (nodes, expected) in [
                (vec![node("a", verified()), node("b", verified())], NextStep::Done),
                (vec![node("a", verified()), node("b", PodStatus::NodeGone)], NextStep::Done),
                (vec![node("a", verified()), node("b", waiting())], wait("b: waiting for its Ready condition")),
                (vec![node("a", PodStatus::Missing), node("b", waiting())], wait("a: waiting for its new pod; 1 more node waiting")),
                (vec![node("a", verified()), node("b", PodStatus::Outdated)], wait("1 of 2 pods updated")),
                (vec![node("a", verified()), node("b", PodStatus::Failed("x".into()))], fails("b: x")),
                (vec![node("a", verified()), node("b", restarted(RetryOutcome::Gap, false))], fails("b: calico-node restarted once")),
            ] {
                assert_eq!(next_step(&stage, &seen(nodes), 300), expected);
            }
        }
    }

    /// The user's own OnDelete: one at a time, and never a pod that has the wanted template.
    #[test]
    fn under_on_delete_only_outdated_pods_are_deleted() {
        let nodes = |b| vec![node("a", verified()), node("b", b), node("c", PodStatus::Outdated)];
        let on_delete = |nodes| Observation { on_delete: true, ..seen(nodes) };
        assert_eq!(next_step(&Stage::RollingBack, &on_delete(nodes(verified())), 300), NextStep::Delete("c".into()));
        assert_eq!(next_step(&Stage::RollingBack, &on_delete(nodes(waiting())), 300), wait("b: waiting for its Ready condition"));
        assert_eq!(next_step(&Stage::Rolling, &on_delete(vec![node("a", verified())]), 300), NextStep::Done);
    }

    /// A node that was sick before uses up maxUnavailable: the controller would never go on.
    #[test]
    fn a_node_as_sick_as_before_does_not_hold_up_the_others() {
        let nodes = vec![node("a", sick()), node("b", PodStatus::Outdated)];
        for stage in [Stage::Rolling, Stage::RollingBack] {
            assert_eq!(next_step(&stage, &seen(nodes.clone()), 300), NextStep::Delete("b".into()));
            let dead = Observation { dead_pods: true, ..seen(vec![node("a", verified()), node("b", PodStatus::Outdated)]) };
            assert_eq!(next_step(&stage, &dead, 300), NextStep::Delete("b".into()));
            let held = Observation { held_by_dead: true, ..dead.clone() };
            assert_eq!(next_step(&stage, &held, 300), NextStep::Delete("b".into()), "this program goes on by itself");
            let held = Observation { may_delete: false, ..held };
            let why = "1 of 2 pods updated; nodes whose kubelet is gone use up maxUnavailable, so no other pod is replaced";
            assert_eq!(next_step(&stage, &held, 300), fails(why), "and does not wait for the operator in vain");
            let operator = Observation { may_delete: false, stalled: true, ..seen(nodes.clone()) };
            assert_eq!(next_step(&stage, &operator, 300), fails("1 of 2 pods updated, and no other pod was replaced within 300s"));
        }
    }
}
