//! Whole clusters on fast time: the incidents, and what heals them.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};
use sim::scenario;
use sim::simulation::Simulation;
use sim::{Cluster, Scenario, Writer};

const NAMESPACE: &str = "kube-system";

struct Watched {
    cluster: Arc<Cluster>,
    live: Simulation,
}

impl Watched {
    fn new(world: Scenario) -> Self {
        let cluster = Arc::new(Cluster::from(world));
        Self { live: Simulation::new(cluster.clone()), cluster }
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

/// 60 s after it started, and every 60 s from then on.
#[test]
fn a_bridge_that_comes_later_is_found_within_a_minute() {
    let mut watched = Watched::new(scenario::healthy(3));
    watched.pass(30);
    let mut host = sim::Host::clone(watched.cluster.hosts().last().expect("a host"));
    let mut bridge = host.interfaces[1].clone();
    bridge.index = 9;
    bridge.name = "br-3f2a1b4c5d6e".into();
    bridge.addresses = vec![("172.18.0.1".parse().expect("an address"), 16)];
    host.interfaces.push(bridge);
    watched.live.set_host(host);
    watched.pass(60);
    assert_eq!(watched.wrong(), 1);
    let log = watched.log(&watched.pod("-12"), false);
    assert!(log.contains("Using node name: amz-sin8-opsrespool-33-12"), "{log}");
    let found = "[INFO][81] monitor-addresses/autodetection_methods.go 103: Using autodetected IPv4 address on interface br-3f2a1b4c5d6e: 172.18.0.1/16\n";
    assert!(log.contains(found), "{log}");
    watched.pass(60);
    assert_eq!(watched.status()[0], 2, "its sessions are gone, and so is its readiness");
}

#[test]
fn a_node_without_an_address_exits_for_ever() {
    let mut watched = Watched::new(scenario::no_address(3));
    for _ in 0..2 {
        let pod = watched.pod("-12");
        let status = &pod["status"]["containerStatuses"][0];
        assert_eq!(status["state"]["waiting"]["reason"], "CrashLoopBackOff");
        assert_eq!(status["lastState"]["terminated"]["exitCode"], 1);
        let log = watched.log(&pod, true);
        assert!(log.contains("no valid IPv4 addresses found") || log.contains("no valid host interfaces found"), "{log}");
        assert!(log.contains("Couldn't autodetect an IPv4 address."), "{log}");
        assert_eq!((watched.status(), watched.addresses()[2].as_str()), ([2, 3, 1], "none"));
        watched.pass(3600);
    }
    assert!(watched.pod("-12")["status"]["containerStatuses"][0]["restartCount"].as_u64() > Some(10));
    watched.set_method("interface=virbr.*");
    watched.pass(120);
    assert_eq!((watched.status(), watched.wrong()), ([3, 3, 0], 0));
}

/// Of one pod some runs are killed and others end by themselves, because its kubelet writes the Node meanwhile.
#[test]
fn a_slow_start_is_killed_and_disturbed_in_turn() {
    let mut world = scenario::slow_start(3);
    let far = world.hosts.values_mut().find(|host| host.node.contains("iad12")).expect("a far host");
    far.heartbeat = Some(SignedDuration::from_secs(13));
    let mut watched = Watched::new(world);
    let (mut killed, mut disturbed) = (0, 0);
    let mut before = String::new();
    for _ in 0..360 {
        watched.pass(10);
        let log = watched.log(&watched.pod("iad12-opsrespool-13-33"), true);
        if log != before {
            let ended = log.contains("error=update conflict: Node(amz-iad12-opsrespool-13-33)");
            assert_eq!(ended, log.ends_with("Calico node failed to start\n"), "{log}");
            disturbed += u32::from(ended);
            killed += u32::from(!ended);
            before = log;
        }
    }
    assert!(killed > 2 && disturbed > 2, "{killed} killed, {disturbed} disturbed");
}

#[test]
fn an_address_that_is_not_asked_for_is_kept_and_a_fixed_one_taken() {
    let mut watched = Watched::new(scenario::bridge_address(3));
    let ip = |watched: &Watched, variable: Value| {
        watched.change(|container| {
            let env = container["env"].as_array_mut().expect("variables");
            *env.iter_mut().find(|entry| entry["name"] == "IP").expect("there") = variable;
        });
    };
    ip(&watched, json!({"name": "IP", "value": "none"}));
    watched.pass(60);
    assert_eq!((watched.status()[1], watched.wrong()), (1, 1), "the wrong one is kept");
    ip(&watched, json!({"name": "IP", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.hostIP"}}}));
    watched.pass(120);
    assert_eq!((watched.status(), watched.addresses()[2].as_str()), ([3, 3, 0], "10.12.33.12/24"));
}

/// One node tries a template, the others keep theirs; put back before the strategy, it costs that one alone.
#[test]
fn a_canary_is_one_pod_there_and_back() {
    let mut watched = Watched::new(scenario::healthy(4));
    let uids = |watched: &Watched| -> Vec<Value> {
        let nodes = ["-10", "-11", "-12", "-13"];
        nodes.iter().map(|node| watched.pod(node)["metadata"]["uid"].clone()).collect()
    };
    let same = |one: &[Value], other: &[Value]| one.iter().zip(other).map(|(one, other)| one == other).collect::<Vec<_>>();
    let patch = |watched: &Watched, change: fn(&mut Value)| {
        watched.cluster.store.edit_as(Writer::new("kubectl-calico-fix"), "DaemonSet", NAMESPACE, "calico-node", change).expect("edited");
    };
    let first = uids(&watched);
    patch(&watched, |object| {
        object["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
        let env = object["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().expect("variables");
        env.push(json!({"name": "CALICO_STARTUP_LOGLEVEL", "value": "DEBUG"}));
    });
    watched.pass(30);
    assert_eq!((uids(&watched), watched.status()), (first.clone(), [4, 0, 0]));
    let canary = watched.pod("-12")["metadata"]["name"].as_str().expect("a name").to_string();
    watched.cluster.store.delete("Pod", NAMESPACE, &canary, &sim::Deletion::default()).expect("deleted");
    watched.pass(30);
    let second = uids(&watched);
    assert_eq!((same(&first, &second), watched.status()), (vec![true, true, false, true], [4, 1, 0]));
    patch(&watched, |object| {
        object["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().expect("variables").pop();
    });
    watched.pass(5);
    assert_eq!((same(&second, &uids(&watched)), watched.status()), (vec![true; 4], [4, 3, 0]));
    patch(&watched, |object| {
        object["spec"]["updateStrategy"] = json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}});
    });
    watched.pass(30);
    assert_eq!((same(&second, &uids(&watched)), watched.status()), (vec![true, true, false, true], [4, 4, 0]));
}

/// Without the mesh a node has its reflectors only, and they have everybody.
#[test]
fn reflectors_carry_a_rollout() {
    let mut watched = Watched::new(scenario::far_reflectors(6));
    watched.set_method("kubernetes-internal-ip");
    watched.pass(120);
    assert_eq!((watched.status(), watched.wrong()), ([6, 6, 0], 0));
    let rows = |host: &sim::Host| -> Vec<(String, String)> {
        let sessions = (host.bird.as_ref().expect("it runs").sessions)();
        sessions.iter().map(|session| (session.name.clone(), session.info.trim().to_string())).collect()
    };
    let counts: Vec<usize> = watched.cluster.hosts().iter().map(|host| rows(host).len()).collect();
    assert_eq!(counts, [5, 5, 5, 3, 3, 3]);
    let up = |(name, info): &(String, String)| name.starts_with("Global_10_12_33_") && info == "Established";
    assert!(watched.cluster.hosts().iter().all(|host| rows(host).iter().all(up)));
}
