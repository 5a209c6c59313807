//! What goes wrong on the way to the API server, at every step of a change.

use serde_json::json;
use sim::{Effect, Fault};

use super::*;

/// Applied under these faults; the cluster must be as it was, or as it was meant to be, and the exit code must say which.
fn applied(faults: Vec<Fault>, more: &[&str]) -> (Stage, Output) {
    let stage = Stage::new("bridge-address", 3);
    let _live = stage.running.live(PACE);
    let before = stage.daemon_set();
    let plan = stage.plan("kubernetes-internal-ip");
    for fault in faults {
        stage.running.cluster().add_fault(fault);
    }
    let output = stage.apply(&plan, more);
    let told = format!("{:?}\n{}{}", code(&output), out(&output), err(&output));
    let after = stage.daemon_set();
    match code(&output) {
        Some(0) => assert!(stage.annotation().is_some_and(|text| text.contains("done")), "{told}"),
        Some(1 | 3 | 4) => {
            assert_eq!(after["spec"], before["spec"], "{told}");
            assert_eq!(stage.annotation(), None, "{told}");
        }
        _ => panic!("{told}"),
    }
    (stage, output)
}

fn heals(faults: Vec<Fault>) {
    let (_, output) = applied(faults, &[]);
    assert_eq!(code(&output), Some(0), "{}", err(&output));
}

const DAEMON_SET: &str = "/daemonsets/calico-node";

#[test]
fn a_server_that_never_takes_the_patch_leaves_the_cluster_as_it_was() {
    let (_, output) = applied(vec![Fault::always(DAEMON_SET, Effect::Status(500)).on(&["patch"]).after(1)], &[]);
    assert_eq!(code(&output), Some(1), "{}", err(&output));
}

#[test]
fn exec_that_fails_is_tried_again() {
    heals(vec![Fault::times("/exec", 4, Effect::Status(500)).after(3)]);
}

#[test]
fn a_right_that_is_missing_is_named_before_anything_is_done() {
    let stage = Stage::new("bridge-address", 3);
    let plan = stage.plan("kubernetes-internal-ip");
    let before = stage.daemon_set();
    let path = stage.save(&plan);
    let missing = "patch daemonsets.apps calico-node in the namespace kube-system";
    let output = stage.run(&["apply", path.to_str().expect("text"), "--confirm", &plan.digest, "--context", "no-exec"]);
    assert_eq!(code(&output), Some(1), "{}", err(&output));
    assert!(err(&output).contains(&format!("you may not {missing}")), "{}", err(&output));
    assert!(!stage.running.requests().iter().any(|request| request.method == "DELETE"));
    assert_eq!(stage.daemon_set(), before);
}

#[test]
fn a_right_that_is_taken_away_in_between_leaves_no_doubt() {
    // Deleting the pod is refused although the review said yes: everything goes back.
    let (_, output) = applied(vec![Fault::always("/pods/", Effect::Forbidden).on(&["delete"])], &[]);
    assert_eq!(code(&output), Some(4), "{}", err(&output));
    assert!(err(&output).contains("rolled back"), "{}", err(&output));
}

fn edited(patch: Value) -> Fault {
    let effect = Effect::EditedMeanwhile { kind: "DaemonSet", namespace: "kube-system".into(), name: "calico-node".into(), patch };
    Fault::times(DAEMON_SET, 1, effect).on(&["patch"]).after(1)
}

#[test]
fn somebody_who_edits_first_is_respected() {
    let stage = Stage::new("bridge-address", 3);
    let _live = stage.running.live(PACE);
    let plan = stage.plan("kubernetes-internal-ip");
    stage.running.cluster().add_fault(edited(json!({"spec": {"template": {"metadata": {"annotations": {"theirs": "yes"}}}}})));
    let output = stage.apply(&plan, &[]);
    assert_eq!(code(&output), Some(1), "{}", err(&output));
    assert!(err(&output).contains("changed since the plan was made"), "{}", err(&output));
    let set = stage.daemon_set();
    assert_eq!(set["spec"]["template"]["metadata"]["annotations"]["theirs"], "yes");
    assert_eq!(stage.annotation(), None);
}

#[test]
fn a_status_that_moves_on_is_no_conflict() {
    heals(vec![edited(json!({"status": {"numberUnavailable": 2}}))]);
}
