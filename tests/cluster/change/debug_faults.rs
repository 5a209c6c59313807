//! `debug-log` while requests fail: whatever happens, everything is restored, and no line of a log is lost or there twice.

use std::time::Duration;

use sim::{Effect, Fault};

use super::*;

const DAEMON_SET: &str = "/daemonsets/calico-node";
const EVERY: &[&str] = &[];

/// The steps of a `debug-log`. Those of one row are disturbed in one run: none of them is counted by how often another was tried again.
const STEPS: [&[Step]; 3] = [
    &[
        step("the first patch", DAEMON_SET, &["patch"], 1),
        step("the deletion", "/pods/", &["delete"], 0),
        step("a look at the DaemonSet", DAEMON_SET, &["get"], 3),
    ],
    &[step("the patch that restores", DAEMON_SET, &["patch"], 2), step("a look at the pod", "/pods?", &["list"], 4)],
    &[
        step("the patch that ends it", DAEMON_SET, &["patch"], 3),
        step("the followed log", "follow=true", EVERY, 0),
        step("what the cluster says of the pod", "/events?", &["list"], 2),
    ],
];

fn followed(stage: &Stage) -> (Output, String) {
    let path = stage.folder.path().join("one.log");
    let file = path.to_str().expect("text");
    let output = stage.run(&["debug-log", "--yes", "--attempts", "1", "--output", file, "--request-timeout", "3s"]);
    (output, std::fs::read_to_string(path).unwrap_or_default())
}

fn is_whole(log: &str, told: &str) {
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.iter().filter(|line| line.contains("Early log level set to debug")).count(), 1, "{log}{told}");
    for request in ["Node(foo)", "Node(amz-iad12-opsrespool-13-33)", "FelixConfiguration(default)"] {
        assert_eq!(lines.iter().filter(|line| line.contains(&format!("Performing 'Get' for {request}"))).count(), 1, "{log}{told}");
    }
}

/// Whatever fails once is tried again: the log is whole, everything is put back, and exit code 1 says that the node does not start.
fn at_every_step(effect: &Effect) {
    for row in STEPS {
        let stage = Stage::new("slow-start", 3);
        let set = stage.daemon_set();
        let _live = stage.running.live(PACE);
        stage.disturb(effect, row);
        let (output, log) = followed(&stage);
        let names: Vec<&str> = row.iter().map(|step| step.name).collect();
        let told = format!("{effect:?} at {names:?}: {}", told(&output));
        assert_eq!(code(&output), Some(1), "{told}");
        is_whole(&log, &told);
        stage.is_as(&set, &told);
        stage.was_disturbed(&told);
    }
}

#[test]
fn an_error_of_the_server() {
    at_every_step(&Effect::Status(503));
}

#[test]
fn an_answer_that_breaks_off() {
    at_every_step(&Effect::Reset);
}

#[test]
fn an_answer_that_never_comes() {
    at_every_step(&Effect::Hang);
}

/// As a load balancer that ends what is quiet for too long: again and again.
#[test]
fn a_followed_log_that_is_cut_again_and_again() {
    for cleanly in [true, false] {
        let stage = Stage::new("slow-start", 3);
        let set = stage.daemon_set();
        let _live = stage.running.live(PACE / 3.0);
        let cut = Effect::Cut { after: Duration::from_millis(200), cleanly };
        stage.running.cluster().add_fault(Fault::always("follow=true", cut));
        let (output, log) = followed(&stage);
        let told = told(&output);
        assert_eq!(code(&output), Some(1), "{told}");
        is_whole(&log, &told);
        assert!(stage.running.requests().iter().filter(|request| request.query.contains("follow=true")).count() >= 3, "{told}");
        stage.is_as(&set, &told);
    }
}
