//! A change that does not come out as predicted is rolled back, and the nodes are verified to be as they were.

use super::*;

fn rolled_back(method: &str, more: &[&str]) -> (Stage, Output) {
    let stage = Stage::new("bridge-address", 4);
    let before = (stage.daemon_set(), stage.pods());
    let live = stage.running.live(PACE);
    let plan = stage.plan(method);
    let output = stage.apply(&plan, more);
    drop(live);
    let told = format!("{}{}", out(&output), err(&output));
    assert_eq!(code(&output), Some(4), "{told}");
    let after = stage.daemon_set();
    assert_eq!(after["spec"], before.0["spec"], "{told}");
    assert_eq!(stage.annotation(), None, "{told}");
    let replaced: Vec<String> = stage.pods().into_iter().filter(|pod| !before.1.contains(pod)).map(|(node, _)| node).collect();
    let canary = plan.canary.expect("a canary");
    assert_eq!(replaced, [canary], "no other pod is touched: {told}");
    (stage, output)
}

#[test]
fn a_word_that_is_no_method_crashes_one_node_and_no_other() {
    let (_, output) = rolled_back("eth0", &["--timeout", "60s"]);
    assert!(err(&output).contains("calico-node restarted "), "{}", err(&output));
}

#[test]
fn an_interface_that_is_not_there_keeps_the_old_address() {
    let (_, output) = rolled_back("interface=foo.*", &["--timeout", "4s"]);
    assert!(err(&output).contains("waiting for address 10.12.33.13 (currently 172.18.0.1)"), "{}", err(&output));
}

#[test]
fn a_change_may_be_left_as_it_is_for_looking_at_it() {
    let stage = Stage::new("bridge-address", 4);
    let before = stage.daemon_set();
    let _live = stage.running.live(PACE);
    let output = stage.apply(&stage.plan("interface=foo.*"), &["--timeout", "3s", "--no-rollback"]);
    assert_eq!(code(&output), Some(5), "{}", err(&output));
    assert!(err(&output).contains("NOT rolled back: --no-rollback was given") && err(&output).contains("kubectl calico-fix undo"));
    assert_eq!(stage.daemon_set()["spec"]["updateStrategy"]["type"], "OnDelete");
    let undo = stage.run(&["undo", "--yes"]);
    assert_eq!(code(&undo), Some(0), "{}", err(&undo));
    assert_eq!(stage.daemon_set()["spec"], before["spec"]);
}

/// Ctrl-C, a cancelled pipeline and a closed terminal.
#[test]
fn an_interrupted_change_is_rolled_back() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let stage = Stage::new("bridge-address", 3);
        let before = stage.daemon_set();
        let _live = stage.running.live(PACE);
        let plan = stage.plan("interface=foo.*");
        let path = stage.save(&plan);
        let mut command = stage.command(&["apply", path.to_str().expect("text"), "--confirm", &plan.digest]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        while stage.annotation().is_none() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("runs");
        assert!(sent.success());
        let output = child.wait_with_output().expect("ends");
        assert_eq!(code(&output), Some(130), "{}", err(&output));
        assert_eq!(stage.daemon_set()["spec"], before["spec"], "{}", err(&output));
        assert_eq!(stage.annotation(), None);
    }
}

#[test]
fn a_second_interrupt_leaves_it_and_says_what_to_do() {
    let stage = Stage::new("bridge-address", 3);
    // Nothing lives: what is waited for never comes.
    let plan = stage.plan("kubernetes-internal-ip");
    let path = stage.save(&plan);
    let mut command = stage.command(&["apply", path.to_str().expect("text"), "--confirm", &plan.digest]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let wait_for = |phase: &str| {
        while !stage.annotation().is_some_and(|text| text.contains(phase)) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("runs").success());
    };
    wait_for("canary");
    wait_for("restoring");
    let output = child.wait_with_output().expect("ends");
    assert_eq!(code(&output), Some(5), "{}", err(&output));
    assert!(err(&output).contains("kubectl calico-fix undo"), "{}", err(&output));
}

/// A shell sends SIGHUP to its jobs when the terminal closes, and some send it again: it starts the rollback and never ends it.
#[test]
fn a_second_hangup_does_not_end_the_rollback() {
    let stage = Stage::new("bridge-address", 3);
    let before = stage.daemon_set();
    let _live = stage.running.live(PACE);
    let plan = stage.plan("interface=foo.*");
    let path = stage.save(&plan);
    let mut command = stage.command(&["apply", path.to_str().expect("text"), "--confirm", &plan.digest]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let hang_up_at = |phase: &str| {
        while !stage.annotation().is_some_and(|text| text.contains(phase)) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(Command::new("kill").args(["-HUP", &child.id().to_string()]).status().expect("runs").success());
    };
    hang_up_at("canary");
    hang_up_at("restoring");
    let output = child.wait_with_output().expect("ends");
    assert_eq!(code(&output), Some(130), "{}", told(&output));
    assert_eq!((&stage.daemon_set()["spec"], stage.annotation()), (&before["spec"], None), "{}", told(&output));
}

/// Nobody reads what is printed any more: that is no reason to stop a rollback.
#[test]
fn a_rollback_does_not_need_its_standard_error() {
    let stage = Stage::new("bridge-address", 3);
    let before = stage.daemon_set();
    let _live = stage.running.live(PACE);
    let plan = stage.plan("interface=foo.*");
    let path = stage.save(&plan);
    let mut command = stage.command(&["apply", path.to_str().expect("text"), "--confirm", &plan.digest, "--timeout", "4s"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    while stage.annotation().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().expect("ends").code(), Some(4));
    assert_eq!((&stage.daemon_set()["spec"], stage.annotation()), (&before["spec"], None));
}
