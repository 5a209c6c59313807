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
fn no_node_loses_one_pod_after_the_other() {
    let why = "c: 5 pods were deleted, and each new one is from another template";
    let outdated = Observation { on_delete: true, deleted_often: ["c".to_owned()].into(), ..on_canary(PodStatus::Outdated) };
    for stage in [canary_with(0), Stage::Rolling, Stage::RollingBack] {
        assert_eq!(next_step(&stage, &outdated, 300), fails(why));
        let another = Observation { deleted_often: ["a".to_owned()].into(), ..outdated.clone() };
        assert_eq!(next_step(&stage, &another, 300), NextStep::Delete("c".into()));
    }
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
    for (pod, expected) in [(PodStatus::Missing, wait("c: waiting for its new pod")), (PodStatus::Outdated, NextStep::Delete("c".into()))] {
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
