//! Every fault at every step: how the command ends, and what is in the object then.

use std::time::Duration;

use sim::Effect;

use super::*;

const DAEMON_SET: &str = "/daemonsets/calico-node";
const REVIEWS: &str = "/selfsubjectaccessreviews";

const DRY_RUN: &str = "the dry run";
const REVIEW: &str = "a review of rights";
/// Before the first write the command gives up where trying again would not help; afterwards it tries again.
const BEFORE_THE_FIRST_WRITE: [&str; 2] = [DRY_RUN, REVIEW];

/// The steps of a change. Those of one row are disturbed in one run: none of them is counted by how often another was tried again.
const STEPS: [&[Step]; 4] = [
    &[step(DRY_RUN, DAEMON_SET, &["patch"], 0)],
    &[
        step(REVIEW, REVIEWS, &["create"], 1),
        step("the first patch", DAEMON_SET, &["patch"], 1),
        step("the deletion", "/pods/", &["delete"], 0),
        step("a look at the DaemonSet", DAEMON_SET, &["get"], 3),
    ],
    &[
        step("a look at the pods", "/pods?", &["list"], 3),
        step("a look into a pod", "/exec", &["create", "get"], 4),
        step("the patch that restores the strategy", DAEMON_SET, &["patch"], 2),
    ],
    &[step("a look at a node", "/nodes/", &["get"], 1), step("the patch that ends it", DAEMON_SET, &["patch"], 3)],
];

/// `given_up`: the steps at which the command ends with exit code 1 and nothing written. At each other step it goes on,
/// ends with exit code 0, and its record is closed.
fn at_every_step(effect: &Effect, given_up: &[&str]) {
    let mut odd = Vec::new();
    let is_given_up = |step: &&Step| given_up.contains(&step.name);
    for step in STEPS.iter().copied().flatten().filter(is_given_up) {
        let (stage, spec, output) = disturbed(effect, std::slice::from_ref(step));
        if code(&output) != Some(1) || stage.daemon_set()["spec"] != spec || stage.annotation().is_some() {
            odd.push(format!("{effect:?} at {}: not given up, but {:?}: {}", step.name, code(&output), told(&output)));
        }
    }
    for row in STEPS {
        let steps: Vec<Step> = row.iter().filter(|step| !is_given_up(step)).copied().collect();
        if steps.is_empty() {
            continue;
        }
        let (stage, spec, output) = disturbed(effect, &steps);
        let set = stage.daemon_set();
        let closed = stage.annotation().is_some_and(|text| text.contains("\"phase\":\"done\""));
        let changed = set["spec"]["template"] != spec["template"] && set["spec"]["updateStrategy"] == spec["updateStrategy"];
        if code(&output) != Some(0) || !closed || !changed {
            let names: Vec<&str> = steps.iter().map(|step| step.name).collect();
            odd.push(format!("{effect:?} at {names:?}: not applied, but {:?}: {}", code(&output), told(&output)));
        }
    }
    assert!(odd.is_empty(), "{}", odd.join("\n\n"));
}

/// The stage after an `apply` that the effect struck once at each of the steps; the spec before; and what was printed.
fn disturbed(effect: &Effect, steps: &[Step]) -> (Stage, Value, Output) {
    let stage = Stage::new("bridge-address", 3);
    let live = stage.running.live(PACE);
    let spec = stage.daemon_set()["spec"].clone();
    let plan = stage.plan("kubernetes-internal-ip");
    stage.disturb(effect, steps);
    let output = stage.apply(&plan, &["--request-timeout", "3s"]);
    drop(live);
    stage.was_disturbed(&told(&output));
    (stage, spec, output)
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

#[test]
fn an_answer_that_is_lost() {
    at_every_step(&Effect::Reset, &[DRY_RUN]);
}

#[test]
fn a_server_that_is_away_for_a_while() {
    at_every_step(&Effect::GoesAway(Duration::from_secs(3)), &BEFORE_THE_FIRST_WRITE);
}
