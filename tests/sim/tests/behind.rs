//! What does not happen at once: controllers that see a DaemonSet late, kubelets that are gone, pods that must be ready for a while.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};
use sim::simulation::Simulation;
use sim::{Cluster, Deletion, Kubelet, Scenario, Writer, scenario};

const NAMESPACE: &str = "kube-system";
const HASH: &str = "controller-revision-hash";

fn living(world: Scenario) -> (Arc<Cluster>, Simulation) {
    let cluster = Arc::new(Cluster::from(world));
    (cluster.clone(), Simulation::new(cluster))
}

fn pass(live: &mut Simulation, seconds: i64) {
    live.advance(live.now() + SignedDuration::from_secs(seconds));
}

fn edit(cluster: &Cluster, change: impl FnOnce(&mut Value)) {
    cluster.store.edit_as(Writer::new("kubectl"), "DaemonSet", NAMESPACE, "calico-node", change).expect("is there");
}

fn pod_on(cluster: &Cluster, place: usize) -> Value {
    let node = cluster.hosts()[place].node.clone();
    cluster.store.objects("Pod").into_iter().find(|pod| pod["spec"]["nodeName"] == node.as_str()).expect("a pod")
}

fn delete(cluster: &Cluster, pod: &Value) {
    cluster.store.delete("Pod", NAMESPACE, pod["metadata"]["name"].as_str().expect("a name"), &Deletion::default()).expect("is there");
}

fn hash(pod: &Value) -> String {
    pod["metadata"]["labels"][HASH].to_string()
}

/// A pod that is deleted right after a change of the template comes back with the old one, and is replaced once the change is seen.
#[test]
fn a_controller_that_is_behind_makes_pods_of_the_template_of_before() {
    let mut world = scenario::healthy(3);
    world.controller_lag = SignedDuration::from_secs(20);
    let (cluster, mut live) = living(world);
    pass(&mut live, 30);
    let before = pod_on(&cluster, 0);
    edit(&cluster, |set| {
        set["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
        set["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().expect("variables").push(json!({"name": "X", "value": "1"}));
    });
    delete(&cluster, &before);
    pass(&mut live, 5);
    let made = pod_on(&cluster, 0);
    assert_ne!(made["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(hash(&made), hash(&before), "the controller has not seen the change yet");
    let set = || cluster.store.object("DaemonSet", NAMESPACE, "calico-node").expect("is there");
    assert_ne!(set()["status"]["observedGeneration"], set()["metadata"]["generation"]);
    pass(&mut live, 30);
    assert_eq!(set()["status"]["observedGeneration"], set()["metadata"]["generation"]);
    delete(&cluster, &made);
    pass(&mut live, 5);
    assert_ne!(hash(&pod_on(&cluster, 0)), hash(&before));
}

#[test]
fn on_a_node_without_its_kubelet_nothing_ends_and_nothing_takes_its_place() {
    let mut world = scenario::healthy(3);
    world.hosts.values_mut().nth(1).expect("a host").kubelet = Kubelet::NoRoute;
    let (cluster, mut live) = living(world);
    let [dead, sound] = [1, 0].map(|place| pod_on(&cluster, place));
    // The manifest's own period is 0, with which the API server waits for no kubelet.
    let graceful = Deletion { grace: Some(30), ..Deletion::default() };
    for pod in [&dead, &sound] {
        cluster.store.delete("Pod", NAMESPACE, pod["metadata"]["name"].as_str().expect("a name"), &graceful).expect("is there");
    }
    pass(&mut live, 300);
    let left = pod_on(&cluster, 1);
    assert_eq!(left["metadata"]["uid"], dead["metadata"]["uid"], "it is Terminating for ever");
    assert!(left["metadata"]["deletionTimestamp"].is_string());
    assert_ne!(pod_on(&cluster, 0)["metadata"]["uid"], sound["metadata"]["uid"]);
    let forced = Deletion::now();
    cluster.store.delete("Pod", NAMESPACE, dead["metadata"]["name"].as_str().expect("a name"), &forced).expect("is there");
    pass(&mut live, 300);
    let next = pod_on(&cluster, 1);
    assert_ne!(next["metadata"]["uid"], dead["metadata"]["uid"], "the API server forgets it when it is forced to");
    assert!(next["status"]["containerStatuses"].is_null(), "and nobody starts the next one: {next:#}");
}

/// The rollout goes on by itself when the time is over, though nothing else changes.
#[test]
fn min_ready_seconds_are_waited_for() {
    let (cluster, mut live) = living(scenario::healthy(3));
    edit(&cluster, |set| {
        set["spec"]["minReadySeconds"] = 120.into();
        set["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().expect("variables").push(json!({"name": "X", "value": "1"}));
    });
    let updated =
        || cluster.store.object("DaemonSet", NAMESPACE, "calico-node").expect("is there")["status"]["updatedNumberScheduled"].clone();
    pass(&mut live, 100);
    assert_eq!(updated(), 1, "the first is ready, and not yet for long enough");
    pass(&mut live, 100);
    assert_eq!(updated(), 2);
    pass(&mut live, 400);
    assert_eq!(updated(), 3);
}
