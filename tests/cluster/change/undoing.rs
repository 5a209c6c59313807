//! `undo` says what comes back, how many pods restart, and is sure of what it says.

use serde_json::json;
use sim::{Effect, Fault, Victim};

use super::*;

const ANNOTATION: &str = "kubectl-calico-fix/undo";

fn cured() -> (Stage, sim::BackgroundSimulation, Value) {
    let stage = Stage::new("bridge-address", 3);
    let live = stage.running.live(PACE);
    let before = stage.daemon_set()["spec"].clone();
    let output = stage.apply(&stage.plan("kubernetes-internal-ip"), &[]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    (stage, live, before)
}

/// Ended by `kill -9` after this write.
fn killed(stage: &Stage, write: u32, arguments: &[&str]) {
    let victim = Victim::default();
    stage.running.cluster().add_fault(Fault::nth_write(write, Effect::After(victim.kill())));
    let output = victim.run(&mut stage.command(arguments)).expect("runs");
    assert_eq!(code(&output), None, "{}", told(&output));
    stage.running.cluster().clear_faults();
}

fn forge(stage: &Stage, text: &str) {
    let forged = |set: &mut Value| set["metadata"]["annotations"][ANNOTATION] = text.into();
    stage.running.cluster().store.edit("DaemonSet", "kube-system", "calico-node", forged).expect("is there");
}

/// The cure is taken away: the node's address will be the bridge's again, and that is said before anything is done.
#[test]
fn a_fault_that_comes_back_is_named_before_the_first_write() {
    let (stage, _live, before) = cured();
    let victim = stage.nodes().last().and_then(|node| node["metadata"]["name"].as_str()).expect("a node").to_owned();
    let shown = stage.run(&["undo", "--dry-run=server"]);
    let warned = |output: &Output| {
        let text = err(output);
        text.lines().any(|line| line.contains(&victim) && line.contains("172.18.0.1/16") && line.contains("address-on-virtual-interface"))
    };
    assert!(code(&shown) == Some(1) && warned(&shown), "{}", told(&shown));
    assert!(out(&shown).contains("restarts calico-node on 3 nodes"), "{}", told(&shown));
    assert_eq!(err(&shown).matches("this undo brings").count(), 1, "the other nodes keep their addresses: {}", told(&shown));
    let undo = stage.run(&["undo", "--yes"]);
    assert!(code(&undo) == Some(0) && warned(&undo), "{}", told(&undo));
    assert_eq!((&stage.daemon_set()["spec"], stage.annotation()), (&before, None), "{}", told(&undo));
}

/// Nothing is shown as possible, and nobody is asked, while another run on this machine changes the same object.
#[test]
fn an_undo_during_another_run_is_refused_before_the_question() {
    let (stage, _live, _) = cured();
    let uid = stage.daemon_set()["metadata"]["uid"].as_str().expect("a UID").to_owned();
    let path = stage.folder.path().join(format!(".local/state/kubectl-calico-fix/undo/{uid}.lock"));
    let lock = std::fs::File::open(&path).expect("the run before left it");
    lock.lock().expect("is free");
    let writes = stage.writes();
    let refused = stage.run(&["undo", "--yes"]);
    assert_eq!((code(&refused), out(&refused), stage.writes()), (Some(1), String::new(), writes), "{}", told(&refused));
    for says in ["is being changed by another kubectl calico-fix on this machine", "kubectl calico-fix status --watch"] {
        assert!(err(&refused).contains(says), "{says}: {}", told(&refused));
    }
    let shown = stage.run(&["undo", "--dry-run=server"]);
    assert!(out(&shown).contains("IP_AUTODETECTION_METHOD"), "a preview writes nothing: {}", told(&shown));
    lock.unlock().expect("is held");
    let undo = stage.run(&["undo", "--yes"]);
    assert_eq!(code(&undo), Some(0), "{}", told(&undo));
}

/// Only the canary has the new template, so only its pod is made anew.
#[test]
fn the_pods_that_really_restart_are_counted() {
    let stage = Stage::new("bridge-address", 3);
    let live = stage.running.live(PACE);
    let path = stage.save(&stage.plan("kubernetes-internal-ip"));
    let digest = stage.plan("kubernetes-internal-ip").digest;
    killed(&stage, 2, &["apply", path.to_str().expect("text"), "--confirm", &digest]);
    while stage.running.cluster().store.objects("Pod").iter().any(|pod| !pod["metadata"]["deletionTimestamp"].is_null()) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let pods = stage.pods();
    let shown = stage.run(&["undo", "--dry-run=server"]);
    assert!(out(&shown).contains("restarts calico-node on 1 node."), "{}", told(&shown));
    let undo = stage.run(&["undo", "--yes"]);
    assert_eq!(code(&undo), Some(0), "{}", told(&undo));
    let restarted = stage.pods().iter().filter(|pod| !pods.contains(pod)).count();
    assert_eq!(restarted, 1, "{}", told(&undo));
    drop(live);
}

#[test]
fn a_level_that_was_left_raised_restarts_the_pod_that_has_it() {
    let stage = Stage::new("healthy", 3);
    let _live = stage.running.live(PACE);
    let node = stage.nodes()[0]["metadata"]["name"].as_str().expect("a name").to_owned();
    killed(&stage, 2, &["debug-log", "--node", &node, "--yes"]);
    let shown = stage.run(&["debug-log", "--restore", "--dry-run=server"]);
    assert!(out(&shown).contains("restarts calico-node on 1 node."), "{}", told(&shown));
    let restored = stage.run(&["debug-log", "--restore", "--yes"]);
    assert_eq!(code(&restored), Some(0), "{}", told(&restored));
}

/// Probes that allow less time than the next start takes are a fault too. With its address stored it is shorter than the one that was seen.
#[test]
fn a_budget_that_is_too_small_again_is_named() {
    let stage = Stage::new("slow-start", 3);
    let _live = stage.running.live(PACE);
    let sent = stage.run(&["probes", "--yes", "--no-wait"]);
    assert_eq!(code(&sent), Some(0), "{}", told(&sent));
    let ready = || {
        let pods = stage.running.cluster().store.objects("Pod");
        pods.iter().all(|pod| pod["status"]["containerStatuses"][0]["ready"] == true && pod["metadata"]["deletionTimestamp"].is_null())
    };
    // Before the controller has seen the change its status counts pods of the old one.
    let updated = || {
        let set = stage.daemon_set();
        set["status"]["observedGeneration"] == set["metadata"]["generation"] && set["status"]["updatedNumberScheduled"] == 3
    };
    while !(updated() && ready()) {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let shown = stage.run(&["undo", "--dry-run=server"]);
    let named = |line: &str| {
        line.contains("may bring killed-while-starting back on amz-iad12-opsrespool-13-33: the next start there takes ")
            && line.contains("allow 70s")
    };
    assert!(err(&shown).lines().any(named), "{}", told(&shown));
    assert_eq!(err(&shown).matches("this undo ").count(), 1, "{}", told(&shown));
}

/// Somebody spoils the record in the object; the copy on this machine is good, and is offered with its difference.
#[test]
fn an_annotation_that_is_forged_does_not_lock_undo_out() {
    for forged in [
        "{}",
        "not JSON",
        r#"{"command":"x","id":"y","at":"2026-01-01T00:00:00Z","phase":"done","set":{},"restore":{"spec":{"template":null}}}"#,
    ] {
        let (stage, _live, before) = cured();
        forge(&stage, forged);
        let shown = stage.run(&["undo", "--dry-run=server"]);
        assert!(out(&shown).contains("IP_AUTODETECTION_METHOD") && err(&shown).contains("copy on this machine"), "{}", told(&shown));
        let undo = stage.run(&["undo", "--yes"]);
        assert_eq!(code(&undo), Some(0), "{forged}: {}", told(&undo));
        assert_eq!((&stage.daemon_set()["spec"], stage.annotation()), (&before, None), "{}", told(&undo));
    }
}

/// An undo that was killed half-way, and then the record is spoilt or taken away: the pods of the undone template are still found.
#[test]
fn an_undo_that_was_killed_is_finished_without_the_annotation() {
    for spoil in [
        |stage: &Stage| forge(stage, "{}"),
        |stage: &Stage| {
            let remove = |set: &mut Value| drop(set["metadata"]["annotations"].as_object_mut().map(|all| all.remove(ANNOTATION)));
            stage.running.cluster().store.edit("DaemonSet", "kube-system", "calico-node", remove).expect("is there");
        },
    ] {
        let world = sim::scenario::bridge_address(3);
        world.store.bend("DaemonSet", "calico-node", |set| set["spec"]["updateStrategy"] = json!({"type": "OnDelete"}));
        let stage = Stage::bent(world);
        let _live = stage.running.live(PACE);
        let before = stage.daemon_set()["spec"].clone();
        let applied = stage.apply(&stage.plan("kubernetes-internal-ip"), &[]);
        assert_eq!(code(&applied), Some(0), "{}", told(&applied));
        // The values are back, one pod is deleted, two still have the undone template.
        killed(&stage, 2, &["undo", "--yes"]);
        spoil(&stage);
        let undo = stage.run(&["undo", "--yes"]);
        assert_eq!((code(&undo), &stage.daemon_set()["spec"]), (Some(0), &before), "{}", told(&undo));
        let pods = stage.running.cluster().store.objects("Pod");
        let undone = pods.iter().filter(|pod| pod["spec"].to_string().contains("kubernetes-internal-ip")).count();
        assert_eq!(undone, 0, "{}", told(&undo));
    }
}
