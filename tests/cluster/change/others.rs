//! Somebody else writes to the same object while a change is under way, or between two changes.

use serde_json::json;
use sim::{Effect, Fault, Hook};

use super::*;

const DAEMON_SET: &str = "/daemonsets/calico-node";

fn method(stage: &Stage) -> Option<String> {
    let env = stage.daemon_set()["spec"]["template"]["spec"]["containers"][0]["env"].as_array().cloned().unwrap_or_default();
    env.iter().find(|variable| variable["name"] == "IP_AUTODETECTION_METHOD")?["value"].as_str().map(str::to_owned)
}

/// A strategy that somebody sets during the canary survives, is named, and the change is rolled back.
#[test]
fn a_strategy_that_is_edited_during_the_canary_survives() {
    let stage = Stage::new("bridge-address", 3);
    let _live = stage.running.live(PACE);
    let before = stage.daemon_set()["spec"]["template"].clone();
    let theirs = json!({"spec": {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}}}});
    let effect =
        Effect::EditedMeanwhile { kind: "DaemonSet", namespace: "kube-system".into(), name: "calico-node".into(), patch: theirs.clone() };
    stage.running.cluster().add_fault(Fault::times(DAEMON_SET, 1, effect).on(&["patch"]).after(2));
    let output = stage.apply(&stage.plan("kubernetes-internal-ip"), &[]);
    assert_eq!(code(&output), Some(4), "{}", told(&output));
    assert!(err(&output).contains("somebody else changed") && err(&output).contains("spec.updateStrategy"), "{}", told(&output));
    let spec = &stage.daemon_set()["spec"];
    assert_eq!((&spec["template"], &spec["updateStrategy"]["rollingUpdate"]["maxUnavailable"]), (&before, &2.into()), "{}", told(&output));
    assert_eq!(stage.annotation(), None);
}

/// Another value of the same variable, and the annotation taken away: the rollback leaves what is not ours.
#[test]
fn a_value_that_somebody_sets_meanwhile_survives_the_rollback() {
    let stage = Stage::new("bridge-address", 3);
    let _live = stage.running.live(PACE);
    let path = stage.save(&stage.plan("interface=foo.*"));
    let digest = stage.plan("interface=foo.*").digest;
    let mut command = stage.command(&["apply", path.to_str().expect("text"), "--confirm", &digest]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    while stage.annotation().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let theirs = |set: &mut Value| {
        let env = set["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().expect("variables");
        let variable = env.iter_mut().find(|variable| variable["name"] == "IP_AUTODETECTION_METHOD").expect("is set");
        variable["value"] = "kubernetes-internal-ip".into();
        set["metadata"]["annotations"].as_object_mut().map(|all| all.remove("kubectl-calico-fix/undo"));
    };
    stage.running.cluster().store.edit("DaemonSet", "kube-system", "calico-node", theirs).expect("is there");
    let output = child.wait_with_output().expect("ends");
    assert_eq!(method(&stage).as_deref(), Some("kubernetes-internal-ip"), "{}", told(&output));
    assert!(matches!(code(&output), Some(4 | 5)), "{}", told(&output));
    assert!(err(&output).contains("somebody else changed"), "{}", told(&output));
    assert_eq!(stage.daemon_set()["spec"]["updateStrategy"]["type"], "RollingUpdate", "{}", told(&output));
}

/// The record of the change before is below the newest one.
#[test]
fn two_changes_are_undone_one_after_the_other() {
    let stage = Stage::new("bridge-address", 3);
    let _live = stage.running.live(PACE);
    let before = stage.daemon_set()["spec"].clone();
    for method in ["kubernetes-internal-ip", "cidr=10.0.0.0/8"] {
        let output = stage.apply(&stage.plan(method), &[]);
        assert_eq!(code(&output), Some(0), "{}", told(&output));
    }
    let first = stage.run(&["undo", "--yes"]);
    assert_eq!((code(&first), method(&stage).as_deref()), (Some(0), Some("kubernetes-internal-ip")), "{}", told(&first));
    assert!(stage.annotation().is_some_and(|text| text.contains("\"phase\":\"done\"")), "{}", told(&first));
    let second = stage.run(&["undo", "--yes"]);
    assert_eq!((code(&second), stage.annotation()), (Some(0), None), "{}", told(&second));
    assert_eq!(stage.daemon_set()["spec"], before, "{}", told(&second));
}

/// Under the user's own OnDelete nobody but this program replaces pods, and it replaces the canary alone.
#[test]
fn under_the_users_own_on_delete_a_rollback_restarts_the_canary_alone() {
    let world = scenario::named("bridge-address", 4).expect("is a scenario");
    world.store.bend("DaemonSet", "calico-node", |set| set["spec"]["updateStrategy"] = json!({"type": "OnDelete"}));
    let stage = Stage::bent(world);
    let (pods, spec) = (stage.pods(), stage.daemon_set()["spec"].clone());
    let _live = stage.running.live(PACE);
    let plan = stage.plan("interface=foo.*");
    let output = stage.apply(&plan, &["--timeout", "4s"]);
    assert_eq!(code(&output), Some(4), "{}", told(&output));
    let replaced: Vec<String> = stage.pods().into_iter().filter(|pod| !pods.contains(pod)).map(|(node, _)| node).collect();
    assert_eq!(replaced, [plan.canary.expect("a canary")], "{}", told(&output));
    assert_eq!(stage.daemon_set()["spec"], spec, "{}", told(&output));
}

/// A change that was left in the middle is not "nothing to change", whatever the addresses say.
#[test]
fn an_unfinished_change_is_never_nothing_to_change() {
    for (command, says) in [("probes", "Finish it with: kubectl calico-fix apply --resume"), ("debug-log", "debug-log --restore")] {
        let stage = Stage::new("healthy", 3);
        let record = json!({"command": command, "id": "x", "at": "2026-01-01T00:00:00Z", "phase": "rolling", "set": {}, "restore": {}});
        let leave = |set: &mut Value| set["metadata"]["annotations"] = json!({"kubectl-calico-fix/undo": record.to_string()});
        stage.running.cluster().store.edit("DaemonSet", "kube-system", "calico-node", leave).expect("is there");
        let output = stage.run(&["autodetect", "--yes"]);
        assert_eq!((code(&output), stage.writes()), (Some(1), vec![]), "{command} {}", told(&output));
        assert!(err(&output).contains(says), "{command} {}", told(&output));
    }
}

/// A GitOps tool that restores its own value each time: the change is written twice more while one node has it alone, then the tool is named
/// and nothing of the change stays.
#[test]
fn someone_who_keeps_reverting_the_change_is_named() {
    let stage = Stage::new("bridge-address", 3);
    let _live = stage.running.live(PACE);
    let (before, pods) = (stage.daemon_set()["spec"].clone(), stage.pods());
    let plan = stage.plan("kubernetes-internal-ip");
    stage.reverts_at_once("IP_AUTODETECTION_METHOD");
    let output = stage.apply(&plan, &[]);
    assert_eq!(code(&output), Some(4), "{}", told(&output));
    let says = "someone reverts this change: manager argocd-controller restores IP_AUTODETECTION_METHOD, 3 times";
    assert!(err(&output).contains(says), "{}", told(&output));
    assert_eq!((&stage.daemon_set()["spec"], stage.annotation()), (&before, None), "{}", told(&output));
    let canary = plan.canary.expect("a canary");
    let others = |pods: Vec<(String, String)>| pods.into_iter().filter(|(node, _)| *node != canary).collect::<Vec<_>>();
    assert_eq!(others(stage.pods()), others(pods), "no other node is restarted: {}", told(&output));
}

/// Every node has the change, and in the moment before the record is closed it is taken out of the object, or replaced: no success.
#[test]
fn a_value_that_is_gone_at_the_very_end_is_no_success() {
    for theirs in [None, Some("cidr=10.0.0.0/8")] {
        let stage = Stage::new("bridge-address", 3);
        let _live = stage.running.live(PACE);
        let before = stage.daemon_set()["spec"].clone();
        let cluster = stage.running.cluster().clone();
        let edit = Hook::new(move |_| {
            let change = |set: &mut Value| {
                let env = set["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().expect("variables");
                env.retain(|variable| variable["name"] != "IP_AUTODETECTION_METHOD");
                env.extend(theirs.map(|value| json!({"name": "IP_AUTODETECTION_METHOD", "value": value})));
            };
            let writer = sim::Writer::new("argocd-controller");
            cluster.store.edit_as(writer, "DaemonSet", "kube-system", "calico-node", change).expect("is there");
        });
        // The patch, the deletion of the canary's pod, the patch that restores the strategy, and the one that closes the record.
        stage.running.cluster().add_fault(Fault::nth_write(4, Effect::Before(edit)));
        let output = stage.apply(&stage.plan("kubernetes-internal-ip"), &[]);
        assert_eq!((code(&output), method(&stage).as_deref()), (Some(4), theirs), "{}", told(&output));
        // A removal leaves no owner of the field.
        assert!(theirs.is_none() || err(&output).contains("argocd-controller"), "who did it is named: {}", told(&output));
        assert_eq!(
            (&stage.daemon_set()["spec"]["updateStrategy"], stage.annotation()),
            (&before["updateStrategy"], None),
            "{}",
            told(&output)
        );
    }
}

/// Somebody sets another variable while the rollout is under way, and the controller is late: pods of the newest template are never taken for
/// outdated ones, and each node loses one pod to each template at most.
#[test]
fn another_template_during_the_rollout_costs_each_node_one_pod() {
    let mut world = scenario::named("bridge-address", 3).expect("is a scenario");
    world.controller_lag = jiff::SignedDuration::from_secs(60);
    world.store.bend("DaemonSet", "calico-node", |set| set["spec"]["updateStrategy"] = json!({"type": "OnDelete"}));
    let stage = Stage::bent(world);
    let _live = stage.running.live(PACE);
    let cluster = stage.running.cluster().clone();
    let edit = Hook::new(move |_| {
        let change = |set: &mut Value| {
            let env = set["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().expect("variables");
            env.push(json!({"name": "FELIX_LOGSEVERITYSCREEN", "value": "Warning"}));
        };
        cluster.store.edit_as(sim::Writer::new("kubectl"), "DaemonSet", "kube-system", "calico-node", change).expect("is there");
    });
    // The patch, the deletion of the canary's pod, the patch that ends the canary, and the deletion of the next pod.
    stage.running.cluster().add_fault(Fault::nth_write(4, Effect::After(edit)));
    let output = stage.apply(&stage.plan("kubernetes-internal-ip"), &[]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let deleted = err(&output).matches("deleted on").count();
    assert!((4..=6).contains(&deleted), "{deleted} pods were deleted: {}", told(&output));
    let env = &stage.daemon_set()["spec"]["template"]["spec"]["containers"][0]["env"];
    assert!(env.to_string().contains("FELIX_LOGSEVERITYSCREEN"), "{}", told(&output));
}
