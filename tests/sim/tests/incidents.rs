//! Hosts, agents and kubelets together, against the recorded incidents.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sim::calico::agent::{Agent, Settings};
use sim::calico::bird::{Mesh, Speaker};
use sim::calico::network::{Network, Prefix};
use sim::calico::release::Release;
use sim::calico::start::{Asked, Datastore};
use sim::kubelet::{Identity, Pod};

const START: Timestamp = Timestamp::UNIX_EPOCH;

fn at(seconds: i64) -> Timestamp {
    START + SignedDuration::from_secs(seconds)
}

fn prefix(text: &str) -> Prefix {
    let (address, length) = text.split_once('/').expect("a prefix");
    Prefix { address: address.parse().expect("an address"), length: length.parse().expect("a length") }
}

/// Three nodes as in the recordings: 10.0.0.1–3, all running for an hour.
fn three(bridge_on: &[u8]) -> Arc<Mutex<Mesh>> {
    let speaker = |host: u8| {
        let own = format!("10.0.0.{host}");
        let mut devices = vec![
            json!({"ifname": "lo", "addr_info": [{"local": "127.0.0.1", "prefixlen": 8}]}),
            json!({"ifname": "eth0", "addr_info": [{"local": own, "prefixlen": 24}]}),
        ];
        if bridge_on.contains(&host) {
            devices.push(json!({"ifname": "br-3f2a1b4c5d6e", "addr_info": [{"local": "172.18.0.1", "prefixlen": 16}]}));
        }
        let routes = json!([{"dst": "10.0.0.0/24", "dev": "eth0"}]);
        let mut network = Network::from_ip(&json!(devices), &routes, &Value::Null);
        network.node = Some(vec![("InternalIP".into(), own.clone())]);
        let hour = START - SignedDuration::from_hours(1);
        let stored = Some(prefix(&format!("{own}/24")));
        Speaker {
            node: format!("node-{host}"),
            network: Arc::new(network),
            stored,
            changed: hour,
            started: Some(hour),
            recovered: true,
            reflector: false,
            flapping: None,
        }
    };
    Arc::new(Mutex::new(Mesh::new((1..=3).map(speaker).collect(), &[prefix("10.0.0.0/24")], true)))
}

struct Node {
    pod: Pod,
    agent: Agent,
}

impl Node {
    /// A new pod, created at second 0, on the node of that number.
    fn new(mesh: &Arc<Mutex<Mesh>>, host: usize, method: &str, round_trip: f64, liveness: Value) -> Self {
        let settings = Settings {
            release: Release(3, 24, 5),
            ip: Asked::Detect,
            heartbeat: None,
            method: method.into(),
            datastore: Datastore::Kubernetes,
            checks_conflicts: true,
            speaks_bgp: true,
            asks_bird: true,
            asks_bird6: false,
            six: None,
            round_trip,
            tunnel: Ipv4Addr::new(192, 168, 139, 64),
            has_tunnel: mesh.lock().expect("not poisoned").speakers[host - 1].stored.is_some(),
            debug: false,
        };
        let identity = Identity {
            namespace: "kube-system".into(),
            name: "calico-node-abcde".into(),
            uid: "a-uid".into(),
            container: "calico-node".into(),
            image: "docker.io/calico/node:v3.24.5".into(),
        };
        let container = json!({"livenessProbe": liveness, "readinessProbe": {"periodSeconds": 10, "timeoutSeconds": 10}});
        let mut speakers = mesh.lock().expect("not poisoned");
        speakers.speakers[host - 1].started = None;
        speakers.speakers[host - 1].recovered = false;
        let mut none = speakers.clone();
        none.speakers.iter_mut().for_each(|speaker| speaker.stored = None);
        drop(speakers);
        let meshes = (mesh.clone(), Arc::new(Mutex::new(none)));
        Self { pod: Pod::new(identity, &container, START), agent: Agent::new(settings, format!("node-{host}"), host - 1, meshes) }
    }

    fn run(&mut self, until: i64) {
        while let Some(due) = self.pod.next_due().into_iter().chain(self.agent.next_due()).min().filter(|due| *due <= at(until)) {
            self.agent.settle(due);
            self.pod.advance(due, &mut self.agent);
        }
    }

    fn ready_after(&self) -> Option<i64> {
        self.pod.ready_since().map(|since| since.duration_since(START).as_secs())
    }

    fn events(&self, reason: &str) -> Vec<&str> {
        self.pod.events.events.iter().filter(|event| event.reason == reason).map(|event| event.message.as_str()).collect()
    }
}

fn published() -> Value {
    json!({"initialDelaySeconds": 10, "periodSeconds": 10, "timeoutSeconds": 10, "failureThreshold": 6})
}

fn stored(mesh: &Arc<Mutex<Mesh>>, host: usize) -> Option<String> {
    mesh.lock().expect("not poisoned").speakers[host - 1].stored.map(|stored| stored.to_string())
}

/// Recordings `incident1-90s`: the new pod takes the bridge, never becomes Ready, and its peers stay so.
#[test]
fn a_bridge_takes_the_address_and_the_pod_is_never_ready() {
    let mesh = three(&[3]);
    let mut node = Node::new(&mesh, 3, "first-found", 0.0, published());
    node.run(99);
    assert_eq!(stored(&mesh, 3).as_deref(), Some("172.18.0.1/16"));
    assert_eq!((node.ready_after(), node.pod.restarts), (None, 0));
    let unhealthy = node.events("Unhealthy");
    assert!(unhealthy[0].contains("unable to connect to BIRDv4 socket"), "{unhealthy:#?}");
    assert!(unhealthy.last().expect("some").contains("BGP not established with 10.0.0.1,10.0.0.2"), "{unhealthy:#?}");
    let mesh = mesh.lock().expect("not poisoned");
    assert_eq!(mesh.ready(0, at(99)), Ok(()));
    let recovery = mesh.recovery(2, at(99)).expect("pending");
    assert!((recovery.timer as i64 - 144).abs() <= 2, "{recovery:?}");
}

/// `method-can-reach`, `method-kubernetes-internal-ip`: right after 3–5 s, Ready after 11–17 s.
#[test]
fn the_right_method_heals_the_node() {
    for method in ["kubernetes-internal-ip", "cidr=10.0.0.0/24", "can-reach=10.0.0.100"] {
        let mesh = three(&[3]);
        mesh.lock().expect("not poisoned").speakers[2].stored = Some(prefix("172.18.0.1/16"));
        let mut node = Node::new(&mesh, 3, method, 0.0, published());
        node.run(5);
        assert_eq!(stored(&mesh, 3).as_deref(), Some("10.0.0.3/24"), "{method}");
        node.run(60);
        let ready = node.ready_after().expect("ready");
        assert!((11..=17).contains(&ready), "{method}: ready after {ready} s");
    }
}

/// `method-no-match`: it runs on with the old address. `method-invalid-word`: it crashes and keeps it.
#[test]
fn a_wrong_method_heals_nothing() {
    let mesh = three(&[3]);
    mesh.lock().expect("not poisoned").speakers[2].stored = Some(prefix("172.18.0.1/16"));
    let mut no_match = Node::new(&mesh, 3, "interface=foo.*", 0.0, published());
    no_match.run(80);
    assert_eq!((stored(&mesh, 3).as_deref(), no_match.ready_after(), no_match.pod.restarts), (Some("172.18.0.1/16"), None, 0));
    let mut word = Node::new(&mesh, 3, "eth0", 0.0, published());
    word.run(7);
    assert!(word.pod.is_backing_off());
    word.run(110);
    assert_eq!((stored(&mesh, 3).as_deref(), word.pod.restarts), (Some("172.18.0.1/16"), 4));
    assert!(word.agent.previous_log().expect("a previous run").ends_with("Calico node failed to start\n"));
}

/// `conflict-two-bridges`: the second node clears its address and loops.
#[test]
fn two_bridges_collide() {
    let mesh = three(&[2, 3]);
    Node::new(&mesh, 3, "first-found", 0.0, published()).run(30);
    let mut second = Node::new(&mesh, 2, "first-found", 0.0, published());
    second.run(80);
    assert_eq!(stored(&mesh, 2), None);
    assert!(second.pod.restarts >= 3 && second.pod.is_backing_off());
    let log = second.agent.previous_log().expect("a previous run");
    assert!(log.contains("Calico node 'node-3' is already using the IPv4 address 172.18.0.1."), "{log}");
}

/// `incident2-info`: too little time to start in at 800 ms; `incident2-fixed`: 60 + 10 × 10 is enough.
#[test]
fn a_slow_start_is_killed_until_it_has_time() {
    let mesh = three(&[]);
    mesh.lock().expect("not poisoned").speakers[1].stored = None;
    let short = json!({"initialDelaySeconds": 10, "periodSeconds": 5, "timeoutSeconds": 10, "failureThreshold": 3});
    let mut killed = Node::new(&mesh, 2, "first-found", 0.8, short);
    killed.run(80);
    assert_eq!(killed.pod.restarts, 3);
    assert_eq!(killed.events("Killing"), ["Container calico-node failed liveness probe, will be restarted"]);
    assert!(
        killed
            .events("Unhealthy")
            .iter()
            .any(|text| text.starts_with("Liveness probe failed: calico/node is not ready: Felix is not live"))
    );
    let previous = killed.agent.previous_log().expect("a previous run");
    assert!(!previous.contains("Terminating") && previous.contains("Using node name: node-2"), "{previous}");

    let long = json!({"initialDelaySeconds": 60, "periodSeconds": 10, "timeoutSeconds": 10, "failureThreshold": 10});
    let mut fixed = Node::new(&mesh, 2, "first-found", 0.8, long);
    fixed.run(120);
    let ready = fixed.ready_after().expect("ready");
    assert_eq!(fixed.pod.restarts, 0);
    assert!((40..=66).contains(&ready), "ready after {ready} s");
}

/// Seconds from the container's start to Ready, one timed run each.
#[test]
fn ready_comes_as_late_as_it_was_measured() {
    for (round_trip, stored, measured) in [(0.0, false, 11), (0.1, false, 12), (0.6, true, 36), (1.0, false, 71)] {
        let mesh = three(&[]);
        if !stored {
            mesh.lock().expect("not poisoned").speakers[1].stored = None;
        }
        let mut node = Node::new(&mesh, 2, "", round_trip, json!({"initialDelaySeconds": 60, "failureThreshold": 10}));
        node.run(200);
        let ready = node.ready_after().expect("ready") - 3;
        assert!((ready - measured).abs() <= 10, "{round_trip}: {ready}, not {measured}");
    }
}
