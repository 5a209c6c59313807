//! A change whose run was killed: what `status` offers then, and that it is finished by the same command or by `apply --resume`. And a
//! change that another run is making right now.

use std::sync::{Arc, Mutex};

use serde_json::json;
use sim::{Effect, Fault, Hook, Victim};

use super::*;

/// Writes of an autodetect: the patch, the deletion of the canary's pod, the patch that restores the strategy, the patch that closes the record.
const DELETION: u32 = 2;
const STRATEGY: u32 = 3;
const LAST: u32 = 4;

fn killed(stage: &Stage, arguments: &[&str], fault: impl FnOnce(Hook) -> Fault) {
    let victim = Victim::default();
    stage.running.cluster().add_fault(fault(victim.kill()));
    let ended = victim.run(&mut stage.command(arguments)).expect("runs");
    assert_eq!(ended.status.code(), None, "it was killed: {}", told(&ended));
}

fn finding(output: &Output) -> Value {
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(output)));
    let findings = report["findings"].as_array().expect("findings");
    findings.iter().find(|finding| finding["code"] == "change-unfinished").unwrap_or_else(|| panic!("{findings:#?}")).clone()
}

fn open_change(stage: &Stage) -> (String, String) {
    let finding = finding(&stage.run(&["status", "-o", "json"]));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&finding["message"]), text(&finding["fix"]["command"]))
}

fn is_finished(stage: &Stage, before: &Value, output: &Output) {
    assert_eq!(code(output), Some(0), "{}", told(output));
    assert!(stage.annotation().is_some_and(|text| text.contains("\"phase\":\"done\"")), "{:?}: {}", stage.annotation(), told(output));
    assert_eq!(stage.daemon_set()["spec"]["updateStrategy"], before["spec"]["updateStrategy"], "{}", told(output));
    let right = stage.goals();
    for (node, address) in stage.addresses() {
        let goal = right.iter().find(|goal| goal.name == node).expect("a goal");
        assert!(address.starts_with(&format!("{}/", goal.addresses[0].address)), "{node} has {address}: {}", told(output));
    }
}

/// Half-way: the canary has the change, the others wait. Each way to finish it, and the way back after it.
#[test]
fn a_change_that_was_killed_half_way_is_finished_by_resuming_it() {
    let lost: fn(Hook) -> Fault = |kill| Fault::nth_write(STRATEGY, Effect::Lost(kill));
    let after: fn(Hook) -> Fault = |kill| Fault::nth_write(DELETION, Effect::After(kill));
    for (resume, fault) in [(&["autodetect", "--yes"][..], after), (&["apply", "--resume", "--yes"], lost)] {
        let mut world = scenario::named("bridge-address", 3).expect("is a scenario");
        // By the server's time a canary that still starts is told from one that failed.
        world.clock_skew = Some(jiff::SignedDuration::ZERO);
        let stage = Stage::bent(world);
        let before = stage.daemon_set();
        let _live = stage.running.live(PACE);
        killed(&stage, &["autodetect", "--yes"], fault);
        let (message, command) = open_change(&stage);
        assert_eq!(command, "kubectl calico-fix apply --resume", "{message}");
        assert!(message.contains("the old settings, and the update strategy OnDelete holds them back"), "{message}");
        let output = stage.run(resume);
        is_finished(&stage, &before, &output);
        assert!(err(&output).contains("ended before it was finished"), "{}", told(&output));
    }
}

/// Somebody sets another update strategy after the kill: nothing holds pods back any more. Theirs stays, whether the change is finished or
/// undone.
#[test]
fn a_strategy_that_was_set_after_the_kill_stays() {
    for finish in [&["apply", "--resume", "--yes"][..], &["autodetect", "--yes"], &["undo", "--yes"]] {
        let stage = Stage::new("bridge-address", 3);
        let before = stage.daemon_set();
        let _live = stage.running.live(PACE);
        killed(&stage, &["autodetect", "--yes"], |kill| Fault::nth_write(DELETION, Effect::After(kill)));
        let theirs = json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2, "maxSurge": 0}});
        let set = |set: &mut Value| set["spec"]["updateStrategy"] = theirs.clone();
        let store = &stage.running.cluster().store;
        store.edit_as(sim::Writer::new("kubectl-edit"), "DaemonSet", "kube-system", "calico-node", set).expect("is there");
        let (message, _) = open_change(&stage);
        assert!(!message.contains("OnDelete"), "{message}");
        let output = stage.run(finish);
        assert_eq!(code(&output), Some(0), "{}", told(&output));
        let spec = &stage.daemon_set()["spec"];
        assert_eq!(spec["updateStrategy"], theirs, "{}", told(&output));
        assert_eq!(spec["template"] == before["spec"]["template"], finish[0] == "undo", "{}", told(&output));
    }
}

/// Only the copy on this machine knows of the change: "nothing to resume" would leave it half-way.
#[test]
fn a_change_whose_annotation_was_removed_is_to_be_undone() {
    let stage = Stage::new("bridge-address", 3);
    let before = stage.daemon_set();
    let _live = stage.running.live(PACE);
    killed(&stage, &["autodetect", "--yes"], |kill| Fault::nth_write(STRATEGY, Effect::Lost(kill)));
    let store = &stage.running.cluster().store;
    let removed = |set: &mut Value| {
        set["metadata"]["annotations"].as_object_mut().expect("annotations").retain(|name, _| !name.starts_with("kubectl-calico-fix"));
    };
    store.edit_as(sim::Writer::new("kubectl-edit"), "DaemonSet", "kube-system", "calico-node", removed).expect("is there");
    let resumed = stage.run(&["apply", "--resume", "--yes"]);
    assert_eq!(code(&resumed), Some(1), "{}", told(&resumed));
    let says = "ended before it was finished, and its record was removed from the cluster";
    assert!(err(&resumed).contains(says) && err(&resumed).contains("kubectl calico-fix undo"), "{}", told(&resumed));
    let (message, command) = open_change(&stage);
    assert!(message.contains(says) && command == "kubectl calico-fix undo", "{message}: {command}");
    for verb in [&["autodetect", "--yes"][..], &["probes", "--yes"], &["debug-log", "--no-change"]] {
        let output = stage.run(verb);
        assert!(err(&output).contains(says), "{verb:?}: {}", told(&output));
    }
    let undone = stage.run(&["undo", "--yes"]);
    assert_eq!((code(&undone), &stage.daemon_set()["spec"]), (Some(0), &before["spec"]), "{}", told(&undone));
    let nothing = stage.run(&["apply", "--resume", "--yes"]);
    assert!(code(&nothing) == Some(0) && err(&nothing).contains("nothing to resume"), "{}", told(&nothing));
}

/// The rollout went on by itself; only its verification is missing. Undo would bring the fault back.
#[test]
fn a_change_that_completed_after_the_kill_is_verified_and_closed_without_a_restart() {
    let stage = Stage::new("bridge-address", 3);
    let before = stage.daemon_set();
    let _live = stage.running.live(PACE);
    killed(&stage, &["autodetect", "--yes"], |kill| Fault::nth_write(LAST, Effect::Lost(kill)));
    let (message, command) = open_change(&stage);
    assert_eq!(command, "kubectl calico-fix apply --resume", "{message}");
    assert!(message.contains("every node has the new settings and is healthy, but the change was not verified"), "{message}");
    let pods = stage.pods();
    let other = stage.run(&["probes", "--yes"]);
    assert_eq!(code(&other), Some(1), "{}", told(&other));
    assert!(err(&other).contains("Finish it with: kubectl calico-fix apply --resume"), "{}", told(&other));
    let output = stage.run(&["apply", "--resume", "--yes"]);
    is_finished(&stage, &before, &output);
    assert!(out(&output).contains("restarts no pod"), "{}", told(&output));
    assert_eq!(stage.pods(), pods, "{}", told(&output));
    let again = stage.run(&["apply", "--resume", "--yes"]);
    assert_eq!((code(&again), err(&again).contains("nothing to resume")), (Some(0), true), "{}", told(&again));
    let undone = stage.run(&["undo", "--yes"]);
    assert_eq!((code(&undone), &stage.daemon_set()["spec"]), (Some(0), &before["spec"]), "{}", told(&undone));
}

/// The same plan, by the same digest.
#[test]
fn a_saved_plan_is_finished_by_applying_it_again() {
    let stage = Stage::new("bridge-address", 3);
    let before = stage.daemon_set();
    let _live = stage.running.live(PACE);
    let plan = stage.plan("kubernetes-internal-ip");
    let path = stage.save(&plan).display().to_string();
    let apply = ["apply", &path, "--confirm", &plan.digest];
    killed(&stage, &apply, |kill| Fault::nth_write(DELETION, Effect::After(kill)));
    let output = stage.run(&apply);
    is_finished(&stage, &before, &output);
}

/// A resumed change that does not come out well goes all the way back, the canary of the first run included.
#[test]
fn a_resumed_change_that_fails_is_rolled_back_whole() {
    let stage = Stage::new("bridge-address", 3);
    let before = stage.daemon_set();
    let _live = stage.running.live(PACE);
    let plan = stage.plan("interface=foo.*");
    let path = stage.save(&plan).display().to_string();
    let apply = ["apply", &path, "--confirm", &plan.digest, "--timeout", "4s"];
    killed(&stage, &apply, |kill| Fault::nth_write(DELETION, Effect::After(kill)));
    let output = stage.run(&apply);
    assert_eq!((code(&output), stage.annotation()), (Some(4), None), "{}", told(&output));
    assert_eq!(stage.daemon_set()["spec"], before["spec"], "{}", told(&output));
    let hash = |pod: &Value| pod["metadata"]["labels"]["controller-revision-hash"].as_str().map(str::to_owned);
    let hashes: std::collections::BTreeSet<_> = stage.running.cluster().store.objects("Pod").iter().map(hash).collect();
    assert_eq!(hashes.len(), 1, "every pod is of the old template again: {}", told(&output));
}

/// A node that has the new settings and a wrong address: only the way back is offered.
#[test]
fn a_change_that_failed_is_to_be_undone() {
    let stage = Stage::new("bridge-address", 3);
    let _live = stage.running.live(PACE);
    let output = stage.apply(&stage.plan("interface=foo.*"), &["--timeout", "3s", "--no-rollback"]);
    assert_eq!(code(&output), Some(5), "{}", told(&output));
    let (message, command) = open_change(&stage);
    assert_eq!(command, "kubectl calico-fix undo", "{message}");
    assert!(message.contains("runs with the new settings and has errors"), "{message}");
}

#[test]
fn under_the_operator_a_change_is_finished_too() {
    let stage = Stage::new("operator-bridge-address", 3);
    let _live = stage.running.live(PACE);
    killed(&stage, &["autodetect", "--yes"], |kill| Fault::nth_write(1, Effect::After(kill)));
    let output = stage.run(&["autodetect", "--yes"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let installation = stage.running.cluster().store.object("Installation", "", "default").expect("is there");
    let record = installation["metadata"]["annotations"]["kubectl-calico-fix/undo"].as_str().unwrap_or_default();
    assert!(record.contains("\"phase\":\"done\""), "{record}: {}", told(&output));
}

/// From the moment of the first write until the end, seen from another machine and from the same one.
#[test]
fn a_change_in_progress_is_left_alone() {
    let stage = Stage::new("bridge-address", 3);
    let _live = stage.running.live(PACE);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let commands: Vec<Command> =
        [&["status", "-o", "json"][..], &["probes", "--set", "liveness.failureThreshold=12", "--yes"], &["autodetect", "--yes"]]
            .iter()
            .flat_map(|arguments| {
                [stage.command(arguments), {
                    let mut other = stage.command(arguments);
                    other.env("HOME", elsewhere.path());
                    other
                }]
            })
            .collect();
    let (commands, outputs): (_, Arc<Mutex<Vec<Output>>>) = (Mutex::new(commands), Arc::default());
    let kept = outputs.clone();
    let hook = Hook::new(move |_| {
        let mut commands = commands.lock().expect("not poisoned");
        kept.lock().expect("not poisoned").extend(commands.iter_mut().map(|command| command.output().expect("runs")));
    });
    stage.running.cluster().add_fault(Fault::nth_write(DELETION, Effect::After(hook)));
    let output = stage.run(&["autodetect", "--yes", "--request-timeout", "100s"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let outputs = outputs.lock().expect("not poisoned");
    assert_eq!(outputs.len(), 6);
    for status in &outputs[..2] {
        let finding = finding(status);
        let message = finding["message"].as_str().unwrap_or_default();
        assert!(message.starts_with("A change by autodetect is in progress since "), "{message}");
        assert_eq!(finding["fix"]["command"], "kubectl calico-fix status --watch");
    }
    for other in &outputs[2..] {
        assert_eq!(code(other), Some(1), "{}", told(other));
        assert!(err(other).contains("change by autodetect is in progress since "), "{}", told(other));
    }
    assert!(!out(&stage.run(&["status", "-o", "json"])).contains("change-unfinished"));
}

/// A run on another machine counts as ended once it has been silent for longer than it may be, by the server's clock.
#[test]
fn a_run_that_has_been_silent_for_too_long_has_ended() {
    let stage = Stage::new("healthy", 3);
    #[allow(clippy::disallowed_methods, reason = "the simulated server's Date is the machine's")]
    let now = jiff::Timestamp::now();
    let record = |written: &str| json!({"command": "autodetect", "id": "x", "at": written, "writtenAt": written, "quietSeconds": 660, "phase": "rolling", "set": {}, "restore": {}});
    for (ago, expected) in [(60, "is in progress since"), (3600, "ended before it was finished")] {
        let written = (now - jiff::SignedDuration::from_secs(ago)).to_string();
        let leave = |set: &mut Value| set["metadata"]["annotations"]["kubectl-calico-fix/undo"] = record(&written).to_string().into();
        stage.running.cluster().store.edit("DaemonSet", "kube-system", "calico-node", leave).expect("is there");
        let (message, _) = open_change(&stage);
        assert!(message.contains(expected), "{ago}: {message}");
    }
}
