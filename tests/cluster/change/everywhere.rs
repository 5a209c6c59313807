//! Every fault at every step: whatever happens, the cluster is as it was or as it was meant to be, and the exit code says which.

use std::time::Duration;

use sim::{Effect, Fault};

use super::*;

const DAEMON_SET: &str = "/daemonsets/calico-node";
const REVIEWS: &str = "/selfsubjectaccessreviews";

/// What is asked at each step, and how many of the same kind come before it.
const STEPS: [(&str, &str, &[&str], u32); 10] = [
    ("the dry run", DAEMON_SET, &["patch"], 0),
    ("the first patch", DAEMON_SET, &["patch"], 1),
    ("the patch that restores the strategy", DAEMON_SET, &["patch"], 2),
    ("the patch that ends it", DAEMON_SET, &["patch"], 3),
    ("a review of rights", REVIEWS, &["create"], 1),
    ("the deletion", "/pods/", &["delete"], 0),
    ("a look at the DaemonSet", DAEMON_SET, &["get"], 3),
    ("a look at the pods", "/pods?", &["list"], 3),
    ("a look at a node", "/nodes/", &["get"], 1),
    ("a look into a pod", "/exec", &["create", "get"], 4),
];

fn at_every_step(effect: &Effect) {
    for (step, pattern, verbs, before) in STEPS {
        let stage = Stage::new("bridge-address", 3);
        let _live = stage.running.live(PACE);
        let spec = stage.daemon_set()["spec"].clone();
        let plan = stage.plan("kubernetes-internal-ip");
        stage.running.cluster().add_fault(Fault::times(pattern, 1, effect.clone()).on(verbs).after(before));
        let output = stage.apply(&plan, &["--request-timeout", "3s"]);
        let told = format!("{effect:?} at {step}: {:?}\n{}{}", code(&output), out(&output), err(&output));
        match code(&output) {
            Some(0) => {
                assert!(stage.annotation().is_some_and(|text| text.contains("\"phase\":\"done\"")), "{told}");
                assert_ne!(stage.daemon_set()["spec"]["template"], spec["template"], "{told}");
                assert_eq!(stage.daemon_set()["spec"]["updateStrategy"], spec["updateStrategy"], "{told}");
            }
            Some(1 | 3) => assert_eq!((&stage.daemon_set()["spec"], stage.annotation()), (&spec, None), "{told}"),
            _ => panic!("{told}"),
        }
    }
}

#[test]
fn an_error_of_the_server() {
    at_every_step(&Effect::Status(500));
    at_every_step(&Effect::Status(503));
}

#[test]
fn a_server_that_is_too_busy() {
    at_every_step(&Effect::TooManyRequests { retry_after: 1 });
}

#[test]
fn an_answer_that_breaks_off() {
    at_every_step(&Effect::Reset);
    at_every_step(&Effect::Truncated);
}

#[test]
fn an_answer_that_never_comes() {
    at_every_step(&Effect::Hang);
}

#[test]
fn an_answer_that_comes_late() {
    at_every_step(&Effect::Latency(Duration::from_millis(700)));
}
