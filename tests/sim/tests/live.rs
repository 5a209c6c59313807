//! Whole clusters on fast time: the incidents, and what heals them.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};
use sim::live::Live;
use sim::scenario;
use sim::{Cluster, World, Writer};

const NAMESPACE: &str = "kube-system";

struct Watched {
    cluster: Arc<Cluster>,
    live: Live,
}

impl Watched {
    fn new(world: World) -> Self {
        let cluster = Arc::new(Cluster::from(world));
        Self { live: Live::new(cluster.clone()), cluster }
    }

    fn pass(&mut self, seconds: i64) {
        self.live.advance(self.live.now() + SignedDuration::from_secs(seconds));
    }

    fn change(&self, change: impl FnOnce(&mut Value)) {
        let edit = |object: &mut Value| change(&mut object["spec"]["template"]["spec"]["containers"][0]);
        self.cluster.store.edit_as(Writer::new("kubectl-set"), "DaemonSet", NAMESPACE, "calico-node", edit).expect("edited");
    }

    fn set_method(&self, method: &str) {
        self.change(|container| {
            if let Some(env) = container["env"].as_array_mut() {
                env.push(json!({"name": "IP_AUTODETECTION_METHOD", "value": method}));
            }
        });
    }

    fn status(&self) -> [u64; 3] {
        let object = self.cluster.store.object("DaemonSet", NAMESPACE, "calico-node").expect("it is there");
        ["numberReady", "updatedNumberScheduled", "numberUnavailable"].map(|field| object["status"][field].as_u64().unwrap_or(0))
    }

    fn addresses(&self) -> Vec<String> {
        let address =
            |node: &Value| node["metadata"]["annotations"]["projectcalico.org/IPv4Address"].as_str().unwrap_or("none").to_string();
        self.cluster.store.objects("Node").iter().map(address).collect()
    }

    fn wrong(&self) -> usize {
        self.addresses().iter().filter(|address| !address.starts_with("10.12.")).count()
    }

    /// The pod on the node whose name ends like this.
    fn pod(&self, node: &str) -> Value {
        let on = |pod: &Value| pod["spec"]["nodeName"].as_str().is_some_and(|name| name.ends_with(node));
        self.cluster.store.objects("Pod").into_iter().find(on).expect("a pod")
    }

    fn log(&self, pod: &Value, previous: bool) -> String {
        let logs = self.cluster.logs(NAMESPACE, pod["metadata"]["name"].as_str().expect("a name"), "calico-node").expect("logs");
        if previous { logs.previous } else { logs.current }.expect("this log")()
    }
}

/// Left alone, a healthy cluster writes nothing at all.
#[test]
fn a_healthy_cluster_is_left_alone() {
    let mut watched = Watched::new(scenario::healthy(5));
    let before = watched.cluster.store.resource_version();
    watched.pass(600);
    assert_eq!((watched.status(), watched.cluster.store.resource_version()), ([5, 5, 0], before));
}

/// Without BIRD readiness is Felix's alone; pods come and go as elsewhere.
#[test]
fn a_mesh_without_bird_rolls_out_too() {
    let mut watched = Watched::new(scenario::vxlan(3));
    watched.set_method("kubernetes-internal-ip");
    watched.pass(60);
    assert_eq!((watched.status(), watched.wrong()), ([3, 3, 0], 0));
}

/// Three nodes were healed in 43–47 s; the first address was right within 5 s.
#[test]
fn the_right_method_heals_the_bridge_address() {
    let mut watched = Watched::new(scenario::bridge_address(3));
    watched.pass(60);
    assert_eq!((watched.status(), watched.wrong()), ([2, 3, 1], 1));
    watched.set_method("kubernetes-internal-ip");
    watched.pass(5);
    assert_eq!((watched.status(), watched.wrong()), ([2, 1, 1], 0));
    watched.pass(45);
    assert_eq!(watched.status(), [3, 3, 0]);
    let log = watched.log(&watched.pod("-12"), false);
    assert!(log.contains("Including CIDR information from host interface. CIDR=\"10.12.33.12/24\""), "{log}");
    let host = watched.cluster.hosts().last().cloned().expect("a host");
    let rows: Vec<_> = (host.bird.as_ref().expect("it runs").sessions)().iter().map(|session| session.info.trim().to_string()).collect();
    assert_eq!(rows, ["Established", "Established"]);
}

/// The rollout stalls on the first pod, with the wrong address kept.
#[test]
fn a_method_that_matches_nothing_stalls_the_rollout() {
    let mut watched = Watched::new(scenario::bridge_address(5));
    watched.set_method("interface=foo.*");
    watched.pass(600);
    assert_eq!((watched.status(), watched.wrong()), ([4, 1, 1], 1));
    assert!(watched.log(&watched.pod("-14"), false).contains("keeping existing value: 172.18.0.1/16"));
}

#[test]
fn an_unknown_method_crashes_the_first_pod_only() {
    let mut watched = Watched::new(scenario::bridge_address(5));
    watched.set_method("eth0");
    watched.pass(100);
    assert_eq!((watched.status(), watched.wrong()), ([4, 1, 1], 1));
    let pod = watched.pod("-14");
    let status = &pod["status"]["containerStatuses"][0];
    assert_eq!((&status["state"]["waiting"]["reason"], &status["restartCount"]), (&json!("CrashLoopBackOff"), &json!(4)));
    assert!(watched.log(&pod, true).ends_with("Calico node failed to start\n"));
    let events = watched.cluster.store.objects("Event");
    let uid = &pod["metadata"]["uid"];
    assert!(
        events
            .iter()
            .any(|event| event["reason"] == "BackOff" && event["involvedObject"]["uid"] == *uid && event["count"].as_u64() > Some(3))
    );
}

/// Every pod is old and the far one unavailable: it goes first, and has the time it needs.
#[test]
fn a_longer_liveness_probe_heals_the_slow_start() {
    let mut watched = Watched::new(scenario::slow_start(4));
    let far = watched.cluster.hosts().into_iter().map(|host| host.node.clone()).find(|node| node.contains("iad12")).expect("a far node");
    watched.pass(400);
    assert_eq!(watched.status(), [3, 4, 1]);
    let pod = watched.pod(&far);
    assert!(pod["status"]["containerStatuses"][0]["restartCount"].as_u64() > Some(7), "{}", pod["status"]["containerStatuses"]);
    assert!(!watched.log(&pod, true).contains("Terminating"));
    watched.change(|container| {
        container["livenessProbe"]["initialDelaySeconds"] = 60.into();
        container["livenessProbe"]["failureThreshold"] = 10.into();
    });
    watched.pass(300);
    assert_eq!(watched.status(), [4, 4, 0]);
    assert_eq!(watched.pod(&far)["status"]["containerStatuses"][0]["restartCount"], 0);
}
