use calico_fix::edit::undo_record::{ANNOTATION, RolloutPhase};
use calico_fix::finding::Source;
use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use calico_fix::verb::Verb;

use super::build::*;
use super::judge::*;

const LEVEL: &str = "CALICO_STARTUP_LOGLEVEL";

fn record(phase: RolloutPhase) -> String {
    serde_json::to_string(&undo_record(Verb::DebugLog, phase)).expect("writes")
}

fn lent(phase: RolloutPhase) -> World {
    cluster().set(move |set| drop(set.metadata.annotations.insert(ANNOTATION.into(), record(phase))))
}

/// One pod was made while the level was raised.
fn at_debug_on_node_3(snapshot: &mut Snapshot) {
    let Observed::Seen(pods) = &mut snapshot.pods else { return };
    for pod in pods.iter_mut().filter(|pod| pod.spec.node_name.as_deref() != Some("node-3")) {
        pod.spec.calico_node_mut().into_iter().for_each(|container| container.env.retain(|variable| variable.name != LEVEL));
    }
}

#[test]
fn killed_while_it_followed_the_log() {
    let world = lent(RolloutPhase::Canary).env(LEVEL, "DEBUG").set(|set| set.spec.update_strategy.r#type = "OnDelete".into());
    let case = finds(&world.edit(at_debug_on_node_3), &["warning debug-left-on node-3"]);
    let message = &case.only().message;
    assert!(message.contains("logs at DEBUG on node-3") && message.contains("OnDelete"), "{message}");
    shows(case.only(), Source::DaemonSet, "", "debug-log 0123456789ab");
    assert_eq!(case.command(), Some("kubectl calico-fix debug-log --restore"));
}

#[test]
fn killed_while_it_put_everything_back() {
    let case = finds(&lent(RolloutPhase::Restoring), &["warning debug-left-on"]);
    assert!(!case.only().message.contains("OnDelete"), "{}", case.only().message);
}

#[test]
fn raised_by_hand() {
    let case = finds(&cluster().env(LEVEL, "debug"), &["warning debug-left-on"]);
    assert_eq!(case.command(), Some("kubectl set env daemonset/calico-node -n kube-system CALICO_STARTUP_LOGLEVEL-"));
}

/// What others do not have yet of such a change is a finding of its own.
#[test]
fn raised_by_hand_for_some() {
    let some = cluster().env(LEVEL, "DEBUG").revision("node-1", "two").set(|set| set.status.updated_number_scheduled = 1);
    let case = judge(&some);
    assert_eq!(case.of("debug-left-on").nodes, [""; 0]);
    assert_eq!(case.of("rollout-unfinished").code.name(), "rollout-unfinished");
}

#[test]
fn raised_by_hand_behind_the_operators_back() {
    let ignored = |set: &mut calico_fix::snapshot::objects::DaemonSet| {
        set.metadata.annotations.insert("unsupported.operator.tigera.io/ignore".into(), "true".into());
    };
    let case = finds(&cluster().operator().env(LEVEL, "DEBUG").set(ignored), &["warning debug-left-on"]);
    let command = "kubectl annotate daemonset calico-node -n calico-system unsupported.operator.tigera.io/ignore-";
    assert_eq!(case.command(), Some(command));
    // It is about to be reverted.
    assert_eq!(finds(&cluster().operator().env(LEVEL, "DEBUG"), &["warning debug-left-on"]).command(), None);
}

#[test]
fn other_levels() {
    for level in ["INFO", "error"] {
        healthy(&cluster().env(LEVEL, level));
    }
    healthy(&lent(RolloutPhase::Done));
}
