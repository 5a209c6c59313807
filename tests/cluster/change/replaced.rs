//! Other ways in which pods come and go: beside the old ones, with the whole DaemonSet, and with sessions that flap.

use jiff::SignedDuration;
use serde_json::json;
use sim::{Deletion, Effect, Fault, Flapping, Hook, Writer};

use super::*;

/// New pods beside old ones: each node is judged by the new one.
#[test]
fn a_rollout_by_surge_is_verified() {
    let world = scenario::named("bridge-address", 3).expect("is a scenario");
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}});
    world.store.bend("DaemonSet", "calico-node", |set| set["spec"]["updateStrategy"] = strategy.clone());
    let stage = Stage::bent(world);
    let (before, pods, _live) = (stage.daemon_set()["spec"].clone(), stage.pods(), stage.running.live(PACE));
    let output = stage.apply(&stage.plan("kubernetes-internal-ip"), &[]);
    assert_eq!((code(&output), &stage.daemon_set()["spec"]["updateStrategy"]), (Some(0), &strategy), "{}", told(&output));
    assert!(stage.pods().len() == 3 && stage.pods().iter().all(|pod| !pods.contains(pod)), "{:?} {}", stage.pods(), told(&output));
    let undo = stage.run(&["undo", "--yes"]);
    assert_eq!((code(&undo), &stage.daemon_set()["spec"]), (Some(0), &before), "{}", told(&undo));
}

/// The BGP sessions of a node that has nothing to do with the change come and go: the cure is verified all the same.
#[test]
fn sessions_that_flap_do_not_fail_the_cure() {
    let mut world = scenario::named("bridge-address", 3).expect("is a scenario");
    let host = world.hosts.values_mut().next().expect("a host");
    host.flapping = Some(Flapping { every: SignedDuration::from_mins(1), down: SignedDuration::from_secs(10) });
    let stage = Stage::bent(world);
    let _live = stage.running.live(PACE);
    let output = stage.run(&["autodetect", "--yes"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
}

/// Somebody deletes the DaemonSet, and a GitOps tool creates it again as it has it: nothing of the change is in it, and nothing is written to it.
#[test]
fn a_daemon_set_that_is_created_again_is_another_one() {
    let stage = Stage::new("bridge-address", 3);
    let _live = stage.running.live(PACE);
    let original = stage.daemon_set();
    let (cluster, template) = (stage.running.cluster().clone(), original.clone());
    let created_again = Hook::new(move |_| {
        let mut object = template.clone();
        let metadata = object["metadata"].as_object_mut().expect("metadata");
        metadata.retain(|field, _| ["name", "namespace", "labels", "annotations"].contains(&field.as_str()));
        object.as_object_mut().expect("an object").remove("status");
        cluster.store.delete("DaemonSet", "kube-system", "calico-node", &Deletion::default()).expect("is there");
        cluster.store.create(object, Writer::new("argocd-controller")).expect("is created");
    });
    stage.running.cluster().add_fault(Fault::nth_write(2, Effect::After(created_again)));
    let output = stage.apply(&stage.plan("kubernetes-internal-ip"), &["--timeout", "20s"]);
    let now = stage.daemon_set();
    assert_ne!(now["metadata"]["uid"], original["metadata"]["uid"], "{}", told(&output));
    assert_eq!((&now["spec"], stage.annotation()), (&original["spec"], None), "{}", told(&output));
    assert!(matches!(code(&output), Some(4 | 5)), "{}", told(&output));
    assert!(err(&output).contains("somebody else changed"), "{}", told(&output));
    let status = stage.run(&["status", "-o", "json"]);
    assert!(!out(&status).contains("change-unfinished"), "{}", out(&status));
}
