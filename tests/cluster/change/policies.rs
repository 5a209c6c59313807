//! Admission webhooks: a policy engine that refuses a change before it begins or half-way, and one that changes what is sent.

use serde_json::json;
use sim::{Denial, Effect, Fault, Hook, Review, Webhook};

use super::*;

const POLICY: &str = "validation.policy.example";
const WHY: &str = "no change on Fridays";

fn begun(webhook: Option<Webhook>) -> (Stage, sim::BackgroundSimulation, Value) {
    let stage = Stage::new("bridge-address", 3);
    let live = stage.running.live(PACE);
    webhook.into_iter().for_each(|webhook| stage.running.cluster().add_webhook(webhook));
    let before = stage.daemon_set()["spec"].clone();
    (stage, live, before)
}

/// Policy engines refuse with 403 too, which is not a missing right.
#[test]
fn a_policy_that_refuses_the_change_is_quoted() {
    for code_of_denial in [400, 403, 422] {
        for in_a_dry_run_too in [true, false] {
            let judge = move |review: &mut Review| match review.dry_run && !in_a_dry_run_too {
                true => Ok(()),
                false => Err(Denial { code: code_of_denial, message: WHY.into() }),
            };
            let (stage, _live, before) = begun(Some(Webhook::new(POLICY, "DaemonSet", judge)));
            let output = stage.apply(&stage.plan("kubernetes-internal-ip"), &[]);
            let what = format!("{code_of_denial} {in_a_dry_run_too}: {}", told(&output));
            assert_eq!((code(&output), &stage.daemon_set()["spec"], stage.annotation()), (Some(1), &before, None), "{what}");
            let says = format!("admission webhook \"{POLICY}\" denied the request: {WHY}");
            assert!(err(&output).contains(&says) && err(&output).contains("nothing was changed"), "{what}");
            assert!(!err(&output).contains("can-i") && !err(&output).contains("was not asked"), "no right is missing: {what}");
        }
    }
}

/// The strategy cannot be restored, nor can the change be rolled back; once the policy is gone, undo does it.
#[test]
fn a_policy_that_begins_half_way_is_named_and_undo_finishes_later() {
    let (stage, _live, before) = begun(None);
    let cluster = stage.running.cluster().clone();
    let begins = Hook::new(move |_| cluster.add_webhook(Webhook::denying(POLICY, "DaemonSet", 403, WHY)));
    stage.running.cluster().add_fault(Fault::nth_write(2, Effect::Before(begins)));
    let output = stage.apply(&stage.plan("kubernetes-internal-ip"), &[]);
    assert_eq!(code(&output), Some(5), "{}", told(&output));
    assert!(err(&output).contains(WHY) && err(&output).contains("kubectl calico-fix undo"), "{}", told(&output));
    let refused = stage.run(&["undo", "--yes"]);
    assert!(code(&refused) == Some(1) && err(&refused).contains(WHY), "{}", told(&refused));
    stage.running.cluster().clear_webhooks();
    let undo = stage.run(&["undo", "--yes"]);
    assert_eq!((code(&undo), &stage.daemon_set()["spec"], stage.annotation()), (Some(0), &before, None), "{}", told(&undo));
}

/// A budget without a pod to spare refuses evictions, as `kubectl drain` asks for. A rollout deletes pods, as the DaemonSet controller does.
#[test]
fn a_disruption_budget_does_not_hold_up_a_rollout() {
    let (stage, _live, _) = begun(None);
    let store = &stage.running.cluster().store;
    let budget = json!({
        "kind": "PodDisruptionBudget",
        "apiVersion": "policy/v1",
        "metadata": {"name": "calico-node", "namespace": "kube-system"},
        "spec": {"minAvailable": 3, "selector": {"matchLabels": {"k8s-app": "calico-node"}}},
    });
    store.create(budget, sim::Writer::new("kubectl")).expect("created");
    if let Some(kubectl) = tool("kubectl", "asking for an eviction") {
        let pod = &store.objects("Pod")[0]["metadata"]["name"];
        let name = pod.as_str().expect("a name");
        let path = stage.folder.path().join("eviction.json");
        let eviction = json!({"kind": "Eviction", "apiVersion": "policy/v1", "metadata": {"name": name, "namespace": "kube-system"}});
        std::fs::write(&path, eviction.to_string()).expect("saves");
        let mut command = Command::new(kubectl);
        command.env("KUBECONFIG", stage.running.kubeconfig()).env("HOME", stage.folder.path());
        command.args(["create", "--raw", &format!("/api/v1/namespaces/kube-system/pods/{name}/eviction"), "-f"]).arg(&path);
        let refused = command.output().expect("runs");
        assert!(told(&refused).contains("violate the pod's disruption budget"), "{}", told(&refused));
    }
    let output = stage.apply(&stage.plan("kubernetes-internal-ip"), &[]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
}

/// Whatever is sent, the old method is kept, and nobody says so.
fn keeps_the_method(review: &mut Review) {
    let env = review.object["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().expect("variables");
    env.retain(|variable| variable["name"] != "IP_AUTODETECTION_METHOD");
}

#[test]
fn a_policy_that_drops_the_new_value_is_seen_before_the_first_write() {
    let drops = |review: &mut Review| {
        keeps_the_method(review);
        Ok(())
    };
    let (stage, _live, before) = begun(Some(Webhook::new(POLICY, "DaemonSet", drops)));
    let output = stage.apply(&stage.plan("kubernetes-internal-ip"), &[]);
    assert_eq!((code(&output), &stage.daemon_set()["spec"], stage.annotation()), (Some(1), &before, None), "{}", told(&output));
    assert!(err(&output).contains("the server would not make this change"), "{}", told(&output));
    assert_eq!(stage.writes(), Vec::<String>::new());
}

/// Not in the dry run, but when it counts.
#[test]
fn a_value_that_is_dropped_when_it_counts_is_never_taken_for_set() {
    let drops = |review: &mut Review| {
        if !review.dry_run {
            keeps_the_method(review);
        }
        Ok(())
    };
    let (stage, _live, before) = begun(Some(Webhook::new(POLICY, "DaemonSet", drops)));
    let pods = stage.pods();
    let output = stage.apply(&stage.plan("kubernetes-internal-ip"), &[]);
    assert_eq!((code(&output), &stage.daemon_set()["spec"], stage.annotation()), (Some(4), &before, None), "{}", told(&output));
    assert!(err(&output).contains("reverts this change"), "{}", told(&output));
    assert_eq!(stage.pods(), pods, "no pod is restarted for a value that is not there: {}", told(&output));
}
