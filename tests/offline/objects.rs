//! The objects of a case, and what BIRD and `ip` say on its nodes.

use std::collections::BTreeMap;

use calico_fix::calico::bird;
use calico_fix::observed::Observed;
use calico_fix::snapshot::inspection::{Interface, InterfaceAddress, NodeInspection, NodeLogs};
use calico_fix::snapshot::objects::*;
use calico_fix::snapshot::{Origin, Snapshot};
use serde_json::{Value, json};

use super::build::{Host, World, ago, now};

pub(crate) fn daemon_set(nodes: usize) -> DaemonSet {
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
    pub(crate) fn snapshot(&self) -> Snapshot {
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
                snapshot.logs.insert(host.name.clone(), NodeLogs { current, previous, ..NodeLogs::default() });
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

    fn inside_of(&self, host: &Host) -> Observed<NodeInspection> {
        let mut inside = NodeInspection { interfaces: Observed::Seen(interfaces(host)), ..NodeInspection::default() };
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
            // Established with every other node that has an IPv6 address.
            None if host.stored6.is_some() => {
                let others = self.hosts.iter().filter(|other| other.name != host.name).filter_map(|other| other.stored6.as_deref());
                let rows: Vec<String> = others.map(|cidr| format!("{} Established", cidr.split('/').next().unwrap_or_default())).collect();
                Observed::Seen(bird::parse(&protocols(&rows.join("|")), "").expect("BIRD's own text"))
            }
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
