//! A cluster in a few words: three healthy nodes by default, and a verb for each thing that can be amiss.

use std::collections::BTreeMap;
use std::io::Cursor;

use calico_fix::calico::{bird, startup_log};
use calico_fix::observed::Observed;
use calico_fix::snapshot::inside::{Inside, Interface, InterfaceAddress, NodeLogs, StartupLog};
use calico_fix::snapshot::objects::*;
use calico_fix::snapshot::{Origin, Snapshot};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub const BRIDGE: &str = "br-3f2a1b4c5d6e";
pub const KILLED: &str = "Container calico-node failed liveness probe, will be restarted";
pub const BIRD_REFUSES: &str = "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: connection refused\n";
pub const FELIX_NOT_LIVE: &str = "Liveness probe failed: calico/node is not ready: Felix is not live: Get \"http://localhost:9099/liveness\": dial tcp 127.0.0.1:9099: connect: connection refused\n";
pub const TIMED_OUT: &str = "Readiness probe failed: ";

pub fn not_established(peers: &str) -> String {
    format!(
        "Readiness probe failed: 2026-11-23 16:58:14.243 [INFO][199] confd/health.go 180: Number of node(s) with BGP peering established = 0\n\
         calico/node is not ready: BIRD is not ready: BGP not established with {peers}\n"
    )
}

pub fn now() -> Timestamp {
    "2026-11-23T17:00:00Z".parse().expect("a time")
}

fn ago(seconds: i64) -> Option<Timestamp> {
    Some(now() - SignedDuration::from_secs(seconds))
}

#[derive(Clone)]
struct Host {
    name: String,
    internal: Vec<String>,
    stored: Option<String>,
    stored6: Option<String>,
    interfaces: Vec<(String, Option<String>, Vec<String>)>,
    /// `10.0.0.2 Established | 172.18.0.1 Passive`; without it: established with every other node.
    sessions: Option<String>,
    sessions6: Option<String>,
    status: String,
    inside: Option<Observed<()>>,
    ready: bool,
    kubelet: bool,
    pod: bool,
    age: i64,
    container: ContainerStatus,
    revision: String,
    logs: [Option<Observed<StartupLog>>; 2],
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

#[derive(Clone)]
pub struct World {
    hosts: Vec<Host>,
    events: Vec<(String, String, String, i32, i64)>,
    daemon_set: DaemonSet,
    etcd: bool,
    edits: Vec<fn(&mut Snapshot)>,
    installation: Option<Value>,
}

/// node-1, node-2 and node-3 at 10.0.0.1–3: Calico 3.24.5 from its manifest, everything established.
pub fn cluster() -> World {
    nodes(&["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24"])
}

/// node-1, node-2, … with these addresses.
pub fn nodes(addresses: &[&str]) -> World {
    let hosts = addresses.iter().enumerate().map(|(index, cidr)| host(index + 1, cidr)).collect();
    World { hosts, events: Vec::new(), daemon_set: daemon_set(addresses.len()), etcd: false, edits: Vec::new(), installation: None }
}

fn host(number: usize, cidr: &str) -> Host {
    let ip = cidr.split('/').next().unwrap_or_default();
    Host {
        name: format!("node-{number}"),
        internal: vec![ip.to_owned()],
        stored: Some(cidr.to_owned()),
        stored6: None,
        interfaces: vec![("lo".into(), None, vec!["127.0.0.1/8".into()]), ("eth0".into(), None, vec![cidr.to_owned()])],
        sessions: None,
        sessions6: None,
        status: String::new(),
        inside: None,
        ready: true,
        kubelet: true,
        pod: true,
        age: 3600,
        container: ContainerStatus {
            name: CALICO_NODE.into(),
            ready: true,
            started: Some(true),
            state: ContainerState { running: Some(Running { started_at: ago(3590) }), ..ContainerState::default() },
            ..ContainerStatus::default()
        },
        revision: "one".into(),
        logs: [None, None],
        labels: BTreeMap::from([("kubernetes.io/os".into(), "linux".into())]),
        annotations: BTreeMap::new(),
    }
}

fn daemon_set(nodes: usize) -> DaemonSet {
    let count = i32::try_from(nodes).expect("few");
    let mut set: DaemonSet = serde_json::from_value(json!({
        "metadata": {"name": "calico-node", "namespace": "kube-system", "generation": 1, "labels": {"k8s-app": "calico-node"}},
        "spec": {
            "selector": {"matchLabels": {"k8s-app": "calico-node"}},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
            "template": {"spec": {"hostNetwork": true, "containers": [{
                "name": "calico-node", "image": "docker.io/calico/node:v3.24.5",
                "env": [
                    {"name": "DATASTORE_TYPE", "value": "kubernetes"},
                    {"name": "NODENAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                    {"name": "CALICO_NETWORKING_BACKEND", "value": "bird"},
                    {"name": "CLUSTER_TYPE", "value": "k8s,bgp"},
                    {"name": "IP", "value": "autodetect"},
                    {"name": "FELIX_HEALTHENABLED", "value": "true"},
                ],
                "livenessProbe": {"exec": {"command": ["/bin/calico-node", "-felix-live", "-bird-live"]},
                    "initialDelaySeconds": 10, "periodSeconds": 10, "failureThreshold": 6, "timeoutSeconds": 10},
                "readinessProbe": {"exec": {"command": ["/bin/calico-node", "-felix-ready", "-bird-ready"]},
                    "periodSeconds": 10, "failureThreshold": 3, "timeoutSeconds": 10},
            }]}},
        },
    }))
    .expect("a DaemonSet");
    set.status = DaemonSetStatus {
        observed_generation: Some(1),
        desired_number_scheduled: count,
        current_number_scheduled: count,
        updated_number_scheduled: count,
        number_ready: count,
        number_available: count,
        ..DaemonSetStatus::default()
    };
    set
}

/// A log in which each line is of the start-up program at INFO, half a second after the one before.
pub fn log(lines: &[&str]) -> String {
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        let bare = ["Calico node ", "bird:"].iter().any(|begin| line.starts_with(begin)) && !line.contains("is already using");
        match bare {
            true => text.push_str(&format!("{line}\n")),
            false if line.contains(".go ") => text.push_str(&format!("2026-11-23 16:50:{number:02}.000 {line}\n")),
            false => text.push_str(&format!("2026-11-23 16:50:{number:02}.000 [INFO][9] startup/startup.go 1: {line}\n")),
        }
    }
    text
}

/// The lines every start begins with.
pub fn started(more: &[&str]) -> String {
    let begin = [
        "Early log level set to info",
        "Starting node N with version v3.24.5",
        "Checking datastore connection",
        "Datastore connection verified",
    ];
    let end = ["Calico node started successfully"];
    log(&begin.iter().chain(&end).chain(more).copied().collect::<Vec<_>>())
}

/// `Mesh_10_0_0_2 BGP master up 09:57:47 Established` from `10.0.0.2 Established`; `-` is a row that is down.
fn row(words: &str) -> String {
    let (peer, info) = words.trim().split_once(' ').unwrap_or((words.trim(), ""));
    let name = if peer.contains('_') { peer.to_owned() } else { format!("Mesh_{}", peer.replace(['.', ':'], "_")) };
    match info {
        "-" => format!("{name} BGP      master   down   09:57:18    \n"),
        _ if info.starts_with("Established") => format!("{name} BGP      master   up     09:57:47    {info}   \n"),
        _ if info.starts_with("down ") => format!("{name} BGP      master   {info}\n"),
        _ => format!("{name} BGP      master   start  09:57:45    {info}\n"),
    }
}

fn protocols(sessions: &str) -> String {
    let head = "BIRD 1.6.8 ready.\nname     proto    table    state  since       info\nkernel1  Kernel   master   up     09:57:45    \n";
    head.to_owned() + &sessions.split('|').filter(|words| !words.trim().is_empty()).map(row).collect::<String>()
}

impl World {
    fn host(&mut self, name: &str) -> &mut Host {
        self.hosts.iter_mut().find(|host| host.name == name).expect("a node of that name")
    }

    fn with(mut self, name: &str, change: impl FnOnce(&mut Host)) -> Self {
        change(self.host(name));
        self
    }

    /// What Calico has stored.
    pub fn stored(self, name: &str, cidr: &str) -> Self {
        self.with(name, |host| host.stored = Some(cidr.into()).filter(|cidr: &String| !cidr.is_empty()))
    }

    pub fn stored6(self, name: &str, cidr: &str) -> Self {
        self.with(name, |host| host.stored6 = Some(cidr.into()))
    }

    pub fn internal(self, name: &str, addresses: &[&str]) -> Self {
        self.with(name, |host| host.internal = addresses.iter().map(|&address| address.to_owned()).collect())
    }

    pub fn interface(self, name: &str, interface: &str, cidr: &str) -> Self {
        self.with(name, |host| host.interfaces.push((interface.into(), None, vec![cidr.into()])))
    }

    pub fn interface_of(self, name: &str, interface: &str, kind: &str, cidr: &str) -> Self {
        self.with(name, |host| host.interfaces.push((interface.into(), Some(kind.into()), vec![cidr.into()])))
    }

    pub fn bird(self, name: &str, sessions: &str) -> Self {
        self.with(name, |host| host.sessions = Some(sessions.into()))
    }

    pub fn bird6(self, name: &str, sessions: &str) -> Self {
        self.with(name, |host| host.sessions6 = Some(sessions.into()))
    }

    /// A node that began a graceful restart and still counts.
    pub fn restarting(self, name: &str) -> Self {
        self.with(name, |host| {
            host.status = "Graceful restart recovery in progress\n  Waiting for 2 protocols to recover\n  Wait timer is 107/240\n".into();
        })
    }

    pub fn not_ready(self, name: &str) -> Self {
        self.with(name, |host| (host.ready, host.container.ready) = (false, false))
    }

    pub fn all_not_ready(mut self) -> Self {
        self.hosts.iter_mut().for_each(|host| (host.ready, host.container.ready) = (false, false));
        self
    }

    /// The kubelet stopped reporting.
    pub fn node_not_ready(self, name: &str) -> Self {
        self.with(name, |host| {
            (host.kubelet, host.ready, host.inside) = (false, false, Some(Observed::Failed("dial tcp: i/o timeout".into())))
        })
    }

    /// The pod was made so many seconds ago.
    pub fn age(self, name: &str, seconds: i64) -> Self {
        self.with(name, |host| {
            host.age = seconds;
            host.container.state.running = Some(Running { started_at: ago(seconds) });
        })
    }

    pub fn no_pod(self, name: &str) -> Self {
        self.with(name, |host| host.pod = false)
    }

    /// The container runs since `since` s ago; the one before lived `lived` s.
    pub fn restarted(self, name: &str, times: i32, exit_code: i32, lived: i64, since: i64) -> Self {
        self.with(name, |host| {
            host.container.restart_count = times;
            host.container.started = Some(false);
            host.container.state.running = Some(Running { started_at: ago(since) });
            host.container.last_state.terminated =
                Some(Terminated { exit_code, started_at: ago(since + 1 + lived), finished_at: ago(since + 1), ..Terminated::default() });
        })
    }

    pub fn crash_loop(self, name: &str, times: i32) -> Self {
        self.restarted(name, times, 1, 1, 30).not_ready(name).with(name, |host| {
            host.container.state = ContainerState {
                waiting: Some(Waiting { reason: Some("CrashLoopBackOff".into()), message: None }),
                ..ContainerState::default()
            };
            host.inside = Some(Observed::Failed("the container does not run".into()));
        })
    }

    pub fn log(self, name: &str, text: &str) -> Self {
        let log = startup_log::digest(Cursor::new(text), true);
        self.with(name, |host| host.logs[0] = Some(Observed::Seen(log)))
    }

    pub fn previous(self, name: &str, text: &str) -> Self {
        let log = startup_log::digest(Cursor::new(text), true);
        self.with(name, |host| host.logs[1] = Some(Observed::Seen(log)))
    }

    /// What an exec there came to.
    pub fn inside(self, name: &str, seen: Observed<()>) -> Self {
        self.with(name, |host| host.inside = Some(seen))
    }

    pub fn exec_forbidden(mut self) -> Self {
        let why = "cannot create resource \"pods/exec\"";
        self.hosts.iter_mut().for_each(|host| host.inside = Some(Observed::Forbidden(why.into())));
        self
    }

    /// BIRD's socket has no listener there.
    pub fn no_bird(self, name: &str) -> Self {
        self.inside(name, Observed::Absent)
    }

    /// An event of the node's pod, seen last so many seconds ago.
    pub fn event(mut self, name: &str, reason: &str, message: &str, count: i32, seconds: i64) -> Self {
        self.events.push((name.into(), reason.into(), message.into(), count, seconds));
        self
    }

    pub fn unhealthy(self, name: &str, message: &str, count: i32) -> Self {
        self.event(name, "Unhealthy", message, count, 5)
    }

    pub fn killed(self, name: &str, count: i32) -> Self {
        self.event(name, "Killing", KILLED, count, 20).event(name, "Unhealthy", FELIX_NOT_LIVE, count * 6, 15)
    }

    pub fn label(self, name: &str, key: &str, value: &str) -> Self {
        self.with(name, |host| _ = host.labels.insert(key.into(), value.into()))
    }

    pub fn annotation(self, name: &str, key: &str, value: &str) -> Self {
        self.with(name, |host| _ = host.annotations.insert(key.into(), value.into()))
    }

    pub fn revision(self, name: &str, hash: &str) -> Self {
        self.with(name, |host| host.revision = hash.into())
    }

    pub fn container(&mut self) -> &mut Container {
        &mut self.daemon_set.spec.template.spec.containers[0]
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        let env = &mut self.container().env;
        env.retain(|var| var.name != name);
        env.push(EnvVar { name: name.into(), value: Some(value.into()), value_from: None });
        self
    }

    pub fn version(mut self, tag: &str) -> Self {
        self.container().image = format!("docker.io/calico/node:{tag}");
        self
    }

    pub fn liveness(mut self, probe: Value) -> Self {
        self.container().liveness_probe = serde_json::from_value(probe).expect("a probe");
        self
    }

    pub fn readiness(mut self, probe: Value) -> Self {
        self.container().readiness_probe = serde_json::from_value(probe).expect("a probe");
        self
    }

    pub fn set(mut self, change: impl FnOnce(&mut DaemonSet)) -> Self {
        change(&mut self.daemon_set);
        self
    }

    /// As the operator installs it.
    pub fn operator(mut self) -> Self {
        self.daemon_set.metadata.namespace = Some("calico-system".into());
        self.daemon_set.metadata.owner_references =
            vec![OwnerReference { kind: "Installation".into(), name: "default".into(), controller: Some(true) }];
        self.installation = Some(json!({"calicoNetwork": {"nodeAddressAutodetectionV4": {"firstFound": true}}}));
        let known = self.container().env.iter().any(|var| var.name == "IP_AUTODETECTION_METHOD");
        let world = self.env("CLUSTER_TYPE", "k8s,operator,bgp");
        if known { world } else { world.env("IP_AUTODETECTION_METHOD", "first-found") }
    }

    /// Without BGP: the probes do not ask for BIRD.
    pub fn without_bgp(self, backend: &str) -> Self {
        let probe = |flag: &str| json!({"exec": {"command": ["/bin/calico-node", flag]}, "timeoutSeconds": 10, "failureThreshold": 6});
        self.env("CALICO_NETWORKING_BACKEND", backend).liveness(probe("-felix-live")).readiness(probe("-felix-ready"))
    }

    /// No annotation of Calico's on any node.
    pub fn etcd(mut self) -> Self {
        self.etcd = true;
        self.env("DATASTORE_TYPE", "etcdv3").env("ETCD_ENDPOINTS", "http://10.0.0.100:2379")
    }

    pub fn edit(mut self, change: fn(&mut Snapshot)) -> Self {
        self.edits.push(change);
        self
    }

    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::empty(Origin::Live, now());
        snapshot.cluster.version = Observed::Seen("v1.30.2".into());
        snapshot.daemon_set = Observed::Seen(self.daemon_set.clone());
        snapshot.nodes = Observed::Seen(self.hosts.iter().map(|host| node(host, self.etcd)).collect());
        snapshot.pods = Observed::Seen(self.hosts.iter().filter(|host| host.pod).map(|host| self.pod(host)).collect());
        snapshot.events = Observed::Seen(self.events.iter().map(|event| self.event_object(event)).collect());
        snapshot.controller_revisions = Observed::Seen(self.revisions());
        let none = || Observed::Seen(Vec::new());
        let installations = self.installation.iter().map(|spec| Custom {
            metadata: Meta { name: "default".into(), ..Meta::default() },
            spec: spec.clone(),
            status: Value::Null,
        });
        snapshot.resources.installations =
            if self.installation.is_some() { Observed::Seen(installations.collect()) } else { Observed::Absent };
        (snapshot.resources.bgp_peers, snapshot.resources.ip_pools) = (none(), none());
        for host in self.hosts.iter().filter(|host| host.pod) {
            snapshot.inside.insert(host.name.clone(), self.inside_of(host));
            if host.logs.iter().any(Option::is_some) {
                let [current, previous] = host.logs.clone().map(Option::unwrap_or_default);
                snapshot.logs.insert(host.name.clone(), NodeLogs { current, previous });
            }
        }
        self.edits.iter().for_each(|edit| edit(&mut snapshot));
        snapshot
    }

    fn revisions(&self) -> Vec<ControllerRevision> {
        let mut hashes: Vec<&str> = self.hosts.iter().map(|host| host.revision.as_str()).collect();
        hashes.sort_unstable();
        hashes.dedup();
        // `one` before `two`.
        hashes
            .into_iter()
            .enumerate()
            .map(|(index, hash)| ControllerRevision {
                metadata: Meta {
                    name: format!("calico-{hash}"),
                    labels: BTreeMap::from([("controller-revision-hash".into(), hash.into())]),
                    ..Meta::default()
                },
                revision: i64::try_from(index).unwrap_or_default() + 1,
            })
            .collect()
    }

    fn namespace(&self) -> Option<String> {
        self.daemon_set.metadata.namespace.clone()
    }

    fn pod(&self, host: &Host) -> Pod {
        let status = |ready: bool| if ready { "True" } else { "False" };
        Pod {
            metadata: Meta {
                name: pod_name(&host.name),
                namespace: self.namespace(),
                uid: Some(format!("uid-of-{}", pod_name(&host.name))),
                creation_timestamp: ago(host.age),
                labels: BTreeMap::from([("controller-revision-hash".into(), host.revision.clone())]),
                ..Meta::default()
            },
            spec: PodSpec {
                node_name: Some(host.name.clone()),
                host_network: Some(true),
                containers: self.daemon_set.spec.template.spec.containers.clone(),
                ..PodSpec::default()
            },
            status: PodStatus {
                phase: "Running".into(),
                host_ip: host.internal.first().cloned(),
                start_time: ago(host.age),
                conditions: vec![Condition { r#type: "Ready".into(), status: status(host.ready).into(), ..Condition::default() }],
                container_statuses: vec![host.container.clone()],
                ..PodStatus::default()
            },
        }
    }

    fn event_object(&self, (node, reason, message, count, seconds): &(String, String, String, i32, i64)) -> Event {
        let name = pod_name(node);
        Event {
            metadata: Meta { name: format!("{name}.{seconds}"), namespace: self.namespace(), ..Meta::default() },
            involved_object: ObjectReference { kind: "Pod".into(), uid: Some(format!("uid-of-{name}")), namespace: self.namespace(), name },
            r#type: "Warning".into(),
            reason: reason.clone(),
            message: message.clone(),
            count: Some(*count),
            first_timestamp: ago(seconds + 300),
            last_timestamp: ago(*seconds),
            ..Event::default()
        }
    }

    fn inside_of(&self, host: &Host) -> Observed<Inside> {
        let mut inside = Inside { interfaces: Observed::Seen(interfaces(host)), ..Inside::default() };
        match &host.inside {
            None => {}
            Some(Observed::Absent) => {
                inside.bird4 = Observed::Absent;
                return Observed::Seen(inside);
            }
            Some(Observed::Seen(())) => return Observed::Seen(inside),
            Some(other) => return other.clone().map(|()| inside),
        }
        let ip = host.stored.as_deref().unwrap_or("0.0.0.0").split('/').next().unwrap_or_default();
        let status =
            format!("BIRD 1.6.8\nRouter ID is {ip}\nLast reboot on 2026-11-23 09:58:48\n{}Daemon is up and running\n", host.status);
        let mesh = || {
            let others = self.hosts.iter().filter(|other| other.name != host.name).filter_map(|other| other.stored.as_deref());
            others.map(|cidr| format!("{} Established", cidr.split('/').next().unwrap_or_default())).collect::<Vec<_>>().join("|")
        };
        let rows = protocols(&host.sessions.clone().unwrap_or_else(mesh));
        inside.bird4 = Observed::Seen(bird::parse(&rows, &status).expect("BIRD's own text"));
        inside.bird6 = match &host.sessions6 {
            Some(sessions) => Observed::Seen(bird::parse(&protocols(sessions), "").expect("BIRD's own text")),
            None => Observed::Absent,
        };
        Observed::Seen(inside)
    }
}

/// No name of a node within.
fn pod_name(node: &str) -> String {
    let letter = node.bytes().last().map_or('z', |byte| char::from(byte - b'0' + b'a'));
    format!("calico-node-{}", letter.to_string().repeat(5))
}

fn interfaces(host: &Host) -> Vec<Interface> {
    let address = |cidr: &String| {
        let (address, length) = cidr.split_once('/').expect("a prefix length");
        InterfaceAddress { address: address.parse().expect("an address"), prefix_length: length.parse().expect("a length"), peer: None }
    };
    let one = |(index, (name, kind, cidrs)): (usize, &(String, Option<String>, Vec<String>))| Interface {
        index: u32::try_from(index).unwrap_or_default() + 1,
        name: name.clone(),
        kind: kind.clone(),
        addresses: cidrs.iter().map(address).collect(),
        ..Interface::default()
    };
    host.interfaces.iter().enumerate().map(one).collect()
}

fn node(host: &Host, etcd: bool) -> Node {
    let mut annotations = host.annotations.clone();
    for (key, cidr) in [("projectcalico.org/IPv4Address", &host.stored), ("projectcalico.org/IPv6Address", &host.stored6)] {
        if let Some(cidr) = cidr.as_ref().filter(|_| !etcd) {
            annotations.insert(key.into(), cidr.clone());
        }
    }
    let ready = if host.kubelet { "True" } else { "Unknown" };
    Node {
        metadata: Meta { name: host.name.clone(), labels: host.labels.clone(), annotations, ..Meta::default() },
        spec: NodeSpec::default(),
        status: NodeStatus {
            addresses: host.internal.iter().map(|ip| NodeAddress { r#type: "InternalIP".into(), address: ip.clone() }).collect(),
            conditions: vec![Condition {
                r#type: "Ready".into(),
                status: ready.into(),
                message: Some(if host.kubelet { "kubelet is posting ready status" } else { "Kubelet stopped posting node status." }.into()),
                ..Condition::default()
            }],
            node_info: NodeInfo { kubelet_version: "v1.30.2".into(), operating_system: "linux".into(), ..NodeInfo::default() },
        },
    }
}
