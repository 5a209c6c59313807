//! Every fault at every step: how the command ends, and what is in the object then.

use std::time::Duration;

use sim::{Effect, Fault};

use super::*;

const DAEMON_SET: &str = "/daemonsets/calico-node";
const REVIEWS: &str = "/selfsubjectaccessreviews";

/// How an `apply` ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// Exit code 0: changed, verified, and the record is closed.
    Applied,
    /// Exit code 1: nothing was written.
    Unchanged,
}
use End::{Applied, Unchanged};

const DRY_RUN: &str = "the dry run";
const REVIEW: &str = "a review of rights";
/// Before the first write the command gives up where trying again would not help; afterwards it tries again.
const BEFORE_THE_FIRST_WRITE: [&str; 2] = [DRY_RUN, REVIEW];

/// What is asked at each step, and how many of the same kind come before it.
const STEPS: [(&str, &str, &[&str], u32); 10] = [
    (DRY_RUN, DAEMON_SET, &["patch"], 0),
    (REVIEW, REVIEWS, &["create"], 1),
    ("the first patch", DAEMON_SET, &["patch"], 1),
    ("the deletion", "/pods/", &["delete"], 0),
    ("a look at the DaemonSet", DAEMON_SET, &["get"], 3),
    ("a look at the pods", "/pods?", &["list"], 3),
    ("a look at a node", "/nodes/", &["get"], 1),
    ("a look into a pod", "/exec", &["create", "get"], 4),
    ("the patch that restores the strategy", DAEMON_SET, &["patch"], 2),
    ("the patch that ends it", DAEMON_SET, &["patch"], 3),
];

/// `given_up`: the steps at which the command ends, with nothing changed.
fn at_every_step(effect: &Effect, given_up: &[&str]) {
    let mut odd = Vec::new();
    for (step, pattern, verbs, before) in STEPS {
        let stage = Stage::new("bridge-address", 3);
        let _live = stage.running.live(PACE);
        let spec = stage.daemon_set()["spec"].clone();
        let plan = stage.plan("kubernetes-internal-ip");
        stage.running.cluster().add_fault(Fault::times(pattern, 1, effect.clone()).on(verbs).after(before));
        let output = stage.apply(&plan, &["--request-timeout", "3s"]);
        let expected = if given_up.contains(&step) { Unchanged } else { Applied };
        let set = stage.daemon_set();
        let as_said = match expected {
            Applied => {
                let closed = stage.annotation().is_some_and(|text| text.contains("\"phase\":\"done\""));
                let changed = set["spec"]["template"] != spec["template"] && set["spec"]["updateStrategy"] == spec["updateStrategy"];
                code(&output) == Some(0) && closed && changed
            }
            Unchanged => code(&output) == Some(1) && set["spec"] == spec && stage.annotation().is_none(),
        };
        if !as_said {
            odd.push(format!("{effect:?} at {step}: not {expected:?}, but {:?}: {}", code(&output), told(&output)));
        }
    }
    assert!(odd.is_empty(), "{}", odd.join("\n\n"));
}

#[test]
fn an_error_of_the_server() {
    at_every_step(&Effect::Status(503), &[DRY_RUN]);
}

#[test]
fn a_server_that_is_too_busy() {
    at_every_step(&Effect::TooManyRequests { retry_after: 1 }, &[]);
}

#[test]
fn an_answer_that_breaks_off() {
    at_every_step(&Effect::Truncated, &BEFORE_THE_FIRST_WRITE);
}

#[test]
fn an_answer_that_never_comes() {
    at_every_step(&Effect::Hang, &BEFORE_THE_FIRST_WRITE);
}

#[test]
fn an_answer_that_comes_late() {
    at_every_step(&Effect::Latency(Duration::from_millis(700)), &[]);
}
