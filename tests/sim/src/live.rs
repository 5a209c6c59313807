//! A cluster that lives: controllers, kubelets and calico-node act on the store as simulated time goes by.
//! Only pods of the DaemonSet `calico-node`, and of them only the container of that name, with the BIRD backend.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::calico::agent::{Agent, Settings};
use crate::calico::bird::{Mesh, Speaker};
use crate::calico::network::Prefix;
use crate::calico::release::Release;
use crate::calico::start::{Change, Datastore};
use crate::controller;
use crate::host::Host;
use crate::kubelet::{Identity, Pod};
use crate::scenario::logs::seconds_of;
use crate::store::{Deletion, Writer};
use crate::world::{Cluster, Logs};

const CONTAINER: &str = "calico-node";

/// The pod of one node.
struct Resident {
    pod: Pod,
    agent: Agent,
    /// Counts of events already written.
    told: Vec<u32>,
    /// The status as it was written last, or taken over.
    shown: Value,
}

pub struct Live {
    cluster: Arc<Cluster>,
    now: Arc<Mutex<Timestamp>>,
    mesh: Arc<Mutex<Mesh>>,
    hosts: Vec<Arc<Host>>,
    /// By pod UID.
    residents: BTreeMap<String, Resident>,
    /// The store's version when everybody had answered to it.
    seen: u64,
}

impl Live {
    /// Takes over the cluster as it stands; its clock is this one's from now on.
    pub fn new(cluster: Arc<Cluster>) -> Self {
        let start = cluster.store.now();
        let now = Arc::new(Mutex::new(start));
        let clock = now.clone();
        cluster.store.set_clock(move || *clock.lock().unwrap_or_else(PoisonError::into_inner));
        let hosts = cluster.hosts();
        let mesh = Arc::new(Mutex::new(mesh(&cluster, &hosts, start)));
        let mut live = Self { cluster, now, mesh, hosts, residents: BTreeMap::new(), seen: 0 };
        live.meet(start, true);
        live
    }

    pub fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets everything happen that is due by `limit`.
    pub fn advance(&mut self, limit: Timestamp) {
        self.react();
        while let Some(due) = self.next_due().filter(|due| *due <= limit) {
            self.set_now(due);
            let mut touched = Vec::new();
            for (uid, resident) in &mut self.residents {
                if resident.next_due().is_some_and(|next| next <= due) {
                    resident.agent.settle(due);
                    resident.pod.advance(due, &mut resident.agent);
                    touched.push(uid.clone());
                }
            }
            for uid in touched {
                self.report(&uid);
            }
            self.react();
        }
        self.set_now(limit);
        self.show_birds();
    }

    pub fn next_due(&self) -> Option<Timestamp> {
        self.residents.values().filter_map(Resident::next_due).min()
    }

    fn set_now(&self, now: Timestamp) {
        let mut clock = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *clock = now.max(*clock);
    }

    /// Controllers and kubelets answer to what was written meanwhile, by them or by a user.
    fn react(&mut self) {
        let now = self.now();
        while self.seen != self.cluster.store.resource_version() {
            self.seen = self.cluster.store.resource_version();
            controller::settle(&self.cluster.store);
            self.meet(now, false);
        }
    }

    /// Lets go of pods that are gone and takes in those that came.
    fn meet(&mut self, now: Timestamp, adopt: bool) {
        let store = &self.cluster.store;
        let pods: Vec<_> = store.objects("Pod").into_iter().filter(|pod| is_ours(pod) && pod["spec"]["nodeName"].is_string()).collect();
        let uid = |pod: &Value| pod["metadata"]["uid"].as_str().unwrap_or_default().to_string();
        let going = |pod: &&Value| pod["metadata"]["deletionTimestamp"].is_string();
        for pod in pods.iter().filter(going) {
            let text = |key: &str| pod["metadata"][key].as_str().unwrap_or_default();
            let _ = store.delete("Pod", text("namespace"), text("name"), &Deletion::now());
        }
        let standing: BTreeMap<String, &Value> = pods.iter().filter(|pod| !going(pod)).map(|pod| (uid(pod), pod)).collect();
        let gone: Vec<_> = self.residents.keys().filter(|uid| !standing.contains_key(*uid)).cloned().collect();
        for uid in gone {
            if let Some(mut resident) = self.residents.remove(&uid) {
                resident.pod.stop(now, &mut resident.agent);
                self.write(&mut resident, &uid);
            }
        }
        for (uid, pod) in standing {
            if self.residents.contains_key(&uid) {
                continue;
            }
            if let Some(resident) = self.resident(pod, now, adopt) {
                self.residents.insert(uid.clone(), resident);
                if !adopt {
                    self.report(&uid);
                }
            }
        }
    }

    fn resident(&self, pod: &Value, now: Timestamp, adopt: bool) -> Option<Resident> {
        let container = pod["spec"]["containers"].as_array()?.iter().find(|container| container["name"] == CONTAINER)?;
        let node = pod["spec"]["nodeName"].as_str()?;
        let speaker = self.hosts.iter().position(|host| host.node == node)?;
        let env = |name: &str| container["env"].as_array()?.iter().find(|entry| entry["name"] == name)?["value"].as_str();
        let image = container["image"].as_str().unwrap_or_default();
        let annotation =
            |key: &str| self.cluster.store.object("Node", "", node)?["metadata"]["annotations"][key].as_str().map(String::from);
        let tunnel = annotation(TUNNEL).and_then(|text| text.parse().ok());
        let settings = Settings {
            release: image.rsplit(':').next().and_then(Release::parse).unwrap_or(Release::MASTER),
            method: env("IP_AUTODETECTION_METHOD").unwrap_or_default().into(),
            datastore: Datastore::Kubernetes,
            checks_conflicts: env("DISABLE_NODE_IP_CHECK") != Some("true"),
            asks_bird: container["readinessProbe"]["exec"]["command"]
                .as_array()
                .is_none_or(|words| words.iter().any(|word| word == "-bird-ready")),
            round_trip: self.hosts[speaker].round_trip,
            tunnel: tunnel.unwrap_or(Ipv4Addr::from_bits(Ipv4Addr::new(192, 168, 0, 0).to_bits() + (speaker as u32 % 1024) * 64)),
            has_tunnel: tunnel.is_some(),
        };
        let text = |key: &str| pod["metadata"][key].as_str().unwrap_or_default().to_string();
        let identity = Identity {
            namespace: text("namespace"),
            name: text("name"),
            uid: text("uid"),
            container: CONTAINER.into(),
            image: image.into(),
        };
        let mut agent = Agent::new(settings, node.into(), speaker, self.mesh.clone());
        if !adopt {
            return Some(Resident { pod: Pod::new(identity, container, now), agent, told: Vec::new(), shown: Value::Null });
        }
        let pod = Pod::adopt(identity, container, pod, now);
        if !pod.is_backing_off() {
            agent.adopt(now);
        }
        let shown = shown(&pod);
        Some(Resident { pod, agent, told: Vec::new(), shown })
    }

    fn report(&mut self, uid: &str) {
        if let Some(mut resident) = self.residents.remove(uid) {
            self.write(&mut resident, uid);
            self.residents.insert(uid.into(), resident);
        }
    }

    /// Writes what the kubelet and calico-node would have written: status, annotations, events, logs.
    fn write(&self, resident: &mut Resident, uid: &str) {
        let store = &self.cluster.store;
        let Resident { pod, agent, told, shown: before } = resident;
        let Identity { namespace, name, .. } = &pod.identity;
        let host = self.hosts.iter().find(|host| host.node == agent.node());
        let status = |object: &mut Value| {
            let Some(host) = host.filter(|_| object["metadata"]["uid"] == uid) else { return };
            object["status"]["phase"] = if pod.is_initialized() { "Running" } else { "Pending" }.into();
            object["status"]["hostIP"] = host.internal.to_string().into();
            object["status"]["podIP"] = host.internal.to_string().into();
            object["status"]["podIPs"] = json!([{"ip": host.internal}]);
            object["status"]["startTime"] = object["metadata"]["creationTimestamp"].clone();
            object["status"]["conditions"] = pod.conditions();
            let mut statuses = object["status"]["containerStatuses"].as_array().cloned().unwrap_or_default();
            statuses.retain(|status| status["name"] != CONTAINER);
            statuses.insert(0, pod.container_status());
            object["status"]["containerStatuses"] = statuses.into();
        };
        let after = shown(pod);
        if *before != after {
            // It may be gone already.
            let _ = store.edit_as(Writer::new("kubelet").status(), "Pod", namespace, name, status);
            *before = after;
        }
        for (at, change) in std::mem::take(&mut agent.written) {
            let _ = store.edit("Node", "", agent.node(), |node| annotate(node, at, change));
        }
        told.resize(pod.events.events.len(), 0);
        for (number, (event, told)) in pod.events.events.iter().zip(told).enumerate() {
            if event.count == *told {
                continue;
            }
            let happened = crate::scenario::Happened {
                reason: event.reason,
                message: &event.message,
                count: event.count.into(),
                first: event.first,
                last: event.last,
                warning: event.warning,
            };
            let mut object = crate::scenario::event(namespace, name, uid, agent.node(), &happened);
            let event_name = format!("{name}.{number:016x}");
            object["metadata"]["name"] = event_name.as_str().into();
            let known = |stored: &mut Value| {
                for field in ["count", "lastTimestamp", "message"] {
                    stored[field] = object[field].clone();
                }
            };
            if *told == 0 {
                let _ = store.create(object, Writer::new("kubelet"));
            } else {
                let _ = store.edit("Event", namespace, &event_name, known);
            }
            *told = event.count;
        }
        if let Some(current) = agent.log(self.now()) {
            let previous = agent.previous_log();
            self.cluster.set_logs(namespace, name, CONTAINER, Logs::fixed(Some(&current), previous.as_deref()));
        }
    }

    /// What exec shows of BIRD on each host, as of now.
    fn show_birds(&self) {
        let now = self.now();
        let mesh = Arc::new(self.mesh.lock().unwrap_or_else(PoisonError::into_inner).clone());
        for (at, host) in self.hosts.iter().enumerate() {
            let bird = mesh.bird(at, now);
            let bird6 = bird.clone().map(|bird| crate::host::Bird { recovery: None, sessions: Arc::new(Vec::new), ..bird });
            self.cluster.set_host(Host { bird, bird6, ..Host::clone(host) });
        }
    }
}

impl Resident {
    fn next_due(&self) -> Option<Timestamp> {
        self.pod.next_due().into_iter().chain(self.agent.next_due()).min()
    }
}

fn shown(pod: &Pod) -> Value {
    json!([pod.is_initialized(), pod.container_status(), pod.conditions()])
}

const ADDRESS: &str = "projectcalico.org/IPv4Address";
const TUNNEL: &str = "projectcalico.org/IPv4IPIPTunnelAddr";

fn is_ours(pod: &Value) -> bool {
    let owners = pod["metadata"]["ownerReferences"].as_array();
    owners.into_iter().flatten().any(|owner| owner["kind"] == "DaemonSet" && owner["name"] == CONTAINER)
}

fn annotate(node: &mut Value, at: Timestamp, change: Change) {
    if !node["metadata"]["annotations"].is_object() {
        node["metadata"]["annotations"] = json!({});
    }
    let Some(annotations) = node["metadata"]["annotations"].as_object_mut() else { return };
    match change {
        Change::Address(Some(address)) => annotations.insert(ADDRESS.into(), address.to_string().into()),
        Change::Address(None) => annotations.remove(ADDRESS),
        Change::Tunnel(address) => annotations.insert(TUNNEL.into(), address.to_string().into()),
        Change::NetworkAvailable => {
            for condition in node["status"]["conditions"].as_array_mut().into_iter().flatten() {
                if condition["type"] == "NetworkUnavailable" {
                    condition["status"] = "False".into();
                    condition["reason"] = "CalicoIsUp".into();
                    condition["message"] = "Calico is running on this node".into();
                    condition["lastHeartbeatTime"] = seconds_of(at).into();
                    condition["lastTransitionTime"] = seconds_of(at).into();
                }
            }
            None
        }
    };
}

fn prefix(text: &str) -> Option<Prefix> {
    let (address, length) = text.split_once('/')?;
    Some(Prefix { address: address.parse().ok()?, length: length.parse().ok()? })
}

/// The mesh as hosts, Nodes and pods describe it.
fn mesh(cluster: &Cluster, hosts: &[Arc<Host>], now: Timestamp) -> Mesh {
    let pods = cluster.store.objects("Pod");
    let speaker = |host: &Arc<Host>| {
        let mut network = host.network();
        network.node = Some(vec![("InternalIP".into(), host.internal.to_string())]);
        let node = cluster.store.object("Node", "", &host.node).unwrap_or_default();
        let pod = pods.iter().find(|pod| is_ours(pod) && pod["spec"]["nodeName"] == host.node.as_str());
        let running = pod.and_then(|pod| pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"].as_str()?.parse().ok());
        Speaker {
            node: host.node.clone(),
            network,
            stored: node["metadata"]["annotations"][ADDRESS].as_str().and_then(prefix),
            changed: running.unwrap_or(now),
            started: running.filter(|_| host.bird.is_some()).map(|since| since + SignedDuration::from_secs(3)),
            recovered: false,
        }
    };
    let speakers: Vec<_> = hosts.iter().map(speaker).collect();
    let own = |host: &Arc<Host>, speaker: &Speaker| {
        let mut addresses = speaker.network.addresses().map(|(_, address)| address.prefix);
        addresses.find(|prefix| prefix.address == host.internal).map(Prefix::network)
    };
    let mut shared: Vec<Prefix> = Vec::new();
    for network in hosts.iter().zip(&speakers).filter_map(|(host, speaker)| own(host, speaker)) {
        if !shared.contains(&network) {
            shared.push(network);
        }
    }
    let mut mesh = Mesh { speakers, shared };
    mesh.note_recovered(now);
    mesh
}
