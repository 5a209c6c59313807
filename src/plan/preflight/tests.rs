use serde_json::json;

use super::super::Proposal;
use super::*;
use crate::edit::undo_record::{ANNOTATION, RolloutPhase};
use crate::observed::Observed;
use crate::snapshot::Origin;
use crate::verb::Verb;

fn target() -> Target {
    Target::DaemonSet { namespace: "kube-system".into(), name: "calico-node".into() }
}

fn snapshot(set: Value, nodes: Value) -> Snapshot {
    let mut snapshot = Snapshot::empty(Origin::Live, jiff::Timestamp::UNIX_EPOCH);
    snapshot.daemon_set = Observed::Seen(serde_json::from_value(set).expect("a DaemonSet"));
    snapshot.nodes = Observed::Seen(serde_json::from_value(nodes).expect("nodes"));
    snapshot
}

fn set(strategy: &str, generation: i64, updated: i32) -> Value {
    json!({
        "metadata": {"name": "calico-node", "generation": generation},
        "spec": {"updateStrategy": {"type": strategy, "rollingUpdate": {"maxUnavailable": 1}}},
        "status": {"observedGeneration": 2, "desiredNumberScheduled": 3, "updatedNumberScheduled": updated},
    })
}

fn nodes(ready: &str) -> Value {
    json!([
        {"metadata": {"name": "node-1"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}},
        {"metadata": {"name": "node-2"}, "status": {"conditions": [{"type": "Ready", "status": ready}]}},
    ])
}

fn change(target: Target) -> ChangeRequest {
    ChangeRequest::Apply(Proposal {
        command: Verb::Autodetect,
        summary: String::new(),
        target,
        edits: vec![],
        larger: vec![],
        nodes: vec![],
        canary: None,
    })
}

fn codes(set: Value, nodes: Value, object: &Value, wish: &ChangeRequest) -> Vec<&'static str> {
    blockers(&snapshot(set, nodes), wish, object, None, &[]).into_iter().map(|blocker| blocker.code).collect()
}

fn record(phase: RolloutPhase) -> UndoRecord {
    UndoRecord {
        command: Verb::Autodetect,
        id: "0123".into(),
        at: jiff::Timestamp::UNIX_EPOCH,
        written_at: None,
        quiet_seconds: None,
        phase,
        canary: None,
        set: json!({"spec": {"a": 2}}),
        restore: json!({"spec": {"a": 1}}),
        strategy: None,
        previous: None,
    }
}

#[test]
fn nothing_stands_against_a_quiet_cluster_and_each_trouble_has_its_code() {
    let quiet = || set("RollingUpdate", 2, 3);
    for (set, ready, expected) in [
        (quiet(), "True", vec![]),
        (set("RollingUpdate", 3, 3), "True", vec!["rollout-in-progress"]),
        (set("RollingUpdate", 2, 1), "True", vec!["rollout-in-progress"]),
        (set("OnDelete", 2, 1), "True", vec!["change-pending"]),
        (set("OnDelete", 2, 3), "True", vec![]),
        (quiet(), "False", vec!["nodes-not-ready"]),
        (quiet(), "Unknown", vec!["nodes-not-ready"]),
    ] {
        assert_eq!(codes(set, nodes(ready), &json!({}), &change(target())), expected);
    }
}

#[test]
fn an_unfinished_change_blocks_the_next_but_not_its_undoing() {
    let quiet = || set("RollingUpdate", 2, 3);
    let none: [&str; 0] = [];
    assert_eq!(codes(quiet(), nodes("True"), &record(RolloutPhase::Canary).as_patch(), &change(target())), ["change-in-progress"]);
    assert_eq!(codes(quiet(), nodes("True"), &record(RolloutPhase::Done).as_patch(), &change(target())), none);
    let garbled = json!({"metadata": {"annotations": {ANNOTATION: "{"}}});
    assert_eq!(codes(quiet(), nodes("True"), &garbled, &change(target())), ["change-unfinished"]);
    let undo = |phase| ChangeRequest::Undo { target: target(), record: record(phase), goals: vec![] };
    for (phase, value, expected) in [
        (RolloutPhase::Canary, 2, &[][..]),
        (RolloutPhase::Done, 2, &[]),
        (RolloutPhase::Done, 1, &[]),
        (RolloutPhase::Done, 3, &["changed-since"]),
        (RolloutPhase::Restoring, 3, &["changed-since"]),
    ] {
        assert_eq!(
            codes(set("OnDelete", 2, 1), nodes("True"), &json!({"spec": {"a": value}}), &undo(phase)),
            expected,
            "{phase:?} {value}"
        );
    }
}

#[test]
fn a_degraded_installation_takes_no_change() {
    let object =
        json!({"status": {"conditions": [{"type": "Degraded", "status": "True", "message": "no more than one\u{1b}[31m method"}]}});
    let installation = Target::Installation { name: "default".into() };
    let snapshot = snapshot(set("RollingUpdate", 2, 3), nodes("True"));
    let found = blockers(&snapshot, &change(installation.clone()), &object, None, &[]);
    assert_eq!(found[0].message, "installation.operator.tigera.io/default is Degraded: no more than one method");
    assert!(blockers(&snapshot, &change(installation), &json!({}), None, &[]).is_empty());
}

#[test]
fn every_missing_right_is_named() {
    let right = |what: &str, allowed| PermissionAnswer { what: what.into(), allowed };
    let rights = [right("patch daemonsets.apps", false), right("get pods", true), right("delete pods", false)];
    let found = blockers(&snapshot(set("RollingUpdate", 2, 3), nodes("True")), &change(target()), &json!({}), None, &rights);
    assert_eq!(found[0].message, "you may not patch daemonsets.apps or delete pods; what grants it: kubectl calico-fix can-i");
}
