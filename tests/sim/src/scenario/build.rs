//! From a plan of nodes to a world: every part follows from the same few facts.

use std::net::Ipv4Addr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::custom;
use super::fabric::{Fabric, Speaker, Topology};
use super::logs::{Run, startup};
use super::objects::{NodeFacts, api_server, metadata, node};
use super::workload::{Flavour, State};
use crate::host::{Bird, Host, Interface, Kubelet, Recovery};
use crate::scenario::world::{Logs, Scenario};

pub(super) const BRIDGE: &str = "br-3a10a9384428";
pub(super) const BRIDGE_IP: Ipv4Addr = Ipv4Addr::new(172, 18, 0, 1);

/// The API server answers on the first nodes.
const CONTROL_PLANE: usize = 3;

/// One node of the plan.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub name: String,
    pub ip: Ipv4Addr,
    /// The address and prefix that Calico stored.
    pub stored: (Ipv4Addr, u8),
    pub bridge: bool,
    pub born: Timestamp,
    pub state: State,
    pub reflector: bool,
    /// Seconds a request from this node to the API server takes.
    pub round_trip: f64,
}

impl Member {
    /// Each node's own: the first of a block of 64, and where all 1,024 blocks are taken the next of a block.
    fn tunnel(&self, number: usize) -> Ipv4Addr {
        let number = number as u32;
        Ipv4Addr::from_bits(custom::pod_network(self.ip).to_bits() + (number % 1024) * 64 + number / 1024)
    }

    fn misled(&self) -> bool {
        self.stored.0 != self.ip
    }

    fn bird_runs(&self) -> bool {
        !matches!(self.state, State::BackOff { .. })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backend {
    Bird,
    Vxlan,
    None,
}

pub(super) struct Plan {
    pub now: Timestamp,
    pub created: Timestamp,
    pub members: Vec<Member>,
    pub flavour: Flavour,
    pub backend: Backend,
    pub topology: Topology,
}

fn ago(at: Timestamp, seconds: i64) -> Timestamp {
    at - SignedDuration::from_secs(seconds)
}

/// BIRD shows a time of day, and a date once it is older than that.
fn bird_time(at: Timestamp, now: Timestamp) -> String {
    let format = if now.as_second() - at.as_second() < 20 * 3600 { "%H:%M:%S" } else { "%Y-%m-%d" };
    at.strftime(format).to_string()
}

impl Plan {
    /// The network of all pods.
    pub(super) fn pod_network(&self) -> Ipv4Addr {
        custom::pod_network(self.members.first().map_or(Ipv4Addr::UNSPECIFIED, |member| member.ip))
    }

    pub(super) fn world(&self) -> Scenario {
        let mut world = Scenario::empty(self.now);
        self.add_to(&mut world);
        world
    }

    /// Adds this installation's parts; nodes that exist are replaced.
    pub(super) fn add_to(&self, world: &mut Scenario) {
        let ready = self.members.iter().filter(|member| matches!(member.state, State::Ready)).count();
        for namespace in ["default", "kube-system", self.flavour.namespace] {
            let mut metadata = metadata("Namespace", None, namespace, self.created);
            metadata["labels"] = json!({"kubernetes.io/metadata.name": namespace});
            world.store.add(json!({"kind": "Namespace", "apiVersion": "v1", "metadata": metadata, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}));
        }
        let control_plane: Vec<_> = self.members.iter().take(CONTROL_PLANE).map(|member| member.ip).collect();
        for object in api_server(self.created, &control_plane) {
            world.store.add(object);
        }
        world.store.add(self.flavour.daemon_set(self.members.len(), ready));
        let fabric = Arc::new(self.fabric());
        for (number, member) in self.members.iter().enumerate() {
            world.store.add(self.node(number, member));
            world.store.add(self.flavour.pod(&member.name, member.ip, member.born, &member.state));
            world.hosts.insert(member.name.clone(), self.host(number, member, &fabric));
            self.add_logs(world, number, member);
        }
    }

    fn node(&self, number: usize, member: &Member) -> serde_json::Value {
        let (address, prefix) = member.stored;
        let tunnel = member.tunnel(number).to_string();
        let mut annotations = Vec::new();
        match self.backend {
            Backend::None => {
                annotations.push(("flannel.alpha.coreos.com/backend-type", "vxlan".to_string()));
                annotations.push(("flannel.alpha.coreos.com/public-ip", member.ip.to_string()));
            }
            backend => {
                annotations.push(("projectcalico.org/IPv4Address", format!("{address}/{prefix}")));
                // A node that is killed before it has one never gets a tunnel address.
                if member.bird_runs() {
                    let key = match backend {
                        Backend::Vxlan => "projectcalico.org/IPv4VXLANTunnelAddr",
                        _ if self.flavour.operator => "projectcalico.org/IPv4VXLANTunnelAddr",
                        _ => "projectcalico.org/IPv4IPIPTunnelAddr",
                    };
                    annotations.push((key, tunnel));
                }
            }
        }
        if member.reflector {
            annotations.push(("projectcalico.org/RouteReflectorClusterID", "244.0.0.1".into()));
        }
        let mut node = node(&NodeFacts {
            name: &member.name,
            ip: member.ip,
            created: self.created,
            now: ago(self.now, 20 + (number as i64 * 7) % 200),
            annotations,
            network_up: (self.backend != Backend::None).then_some(member.born),
            control_plane: number < CONTROL_PLANE,
        });
        if member.reflector {
            node["metadata"]["labels"]["route-reflector"] = "true".into();
        }
        node
    }

    fn fabric(&self) -> Fabric {
        let speaker = |member: &Member| Speaker {
            internal: member.ip,
            stored: member.stored.0,
            running: member.bird_runs() && self.backend == Backend::Bird,
            bridge: member.bridge.then_some(BRIDGE_IP),
            since: bird_time(member.born + SignedDuration::from_secs(6), self.now),
            reflector: member.reflector,
        };
        Fabric { topology: self.topology, speakers: self.members.iter().map(speaker).collect() }
    }

    fn host(&self, number: usize, member: &Member, fabric: &Arc<Fabric>) -> Host {
        let up: &'static [&'static str] = &["BROADCAST", "MULTICAST", "UP", "LOWER_UP"];
        let interface = |index, name: &str, kind, flags, address: Ipv4Addr, prefix| Interface {
            index,
            name: name.into(),
            kind,
            flags,
            addresses: vec![(address.into(), prefix)],
        };
        let mut interfaces = vec![
            interface(1, "lo", None, &["LOOPBACK", "UP", "LOWER_UP"], Ipv4Addr::LOCALHOST, 8),
            interface(2, "eth0", None, up, member.ip, 24),
            interface(3, "docker0", Some("bridge"), &["NO-CARRIER", "BROADCAST", "MULTICAST", "UP"], Ipv4Addr::new(172, 17, 0, 1), 16),
        ];
        if self.backend == Backend::Bird {
            interfaces.push(interface(4, "tunl0", Some("ipip"), &["NOARP", "UP", "LOWER_UP"], member.tunnel(number), 32));
        }
        if member.bridge {
            interfaces.push(interface(14, BRIDGE, Some("bridge"), up, BRIDGE_IP, 16));
        }
        let started = member.born + SignedDuration::from_secs(6);
        let peers = fabric.clone();
        let bird = |router_id, sessions| Bird {
            router_id,
            since: bird_time(started, self.now),
            last_reboot: started.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            server_time: self.now.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            recovery: None,
            sessions,
        };
        let runs = member.bird_runs() && self.backend == Backend::Bird;
        let mut bird4 = runs.then(|| bird(member.stored.0, Arc::new(move || peers.sessions(number))));
        if let Some(bird) = bird4.as_mut().filter(|_| member.misled()) {
            let gone = u32::try_from(self.now.as_second() - started.as_second()).unwrap_or(0);
            // The timer ends after 240 s; until then BIRD keeps its old routes.
            bird.recovery = (gone < 240).then(|| Recovery { waiting_for: self.members.len() - 1, timer: 240 - gone });
        }
        let octets = member.ip.octets();
        Host {
            node: member.name.clone(),
            internal: member.ip,
            internal6: None,
            kubelet: Kubelet::Answers,
            bird: bird4,
            bird6: runs.then(|| bird(member.stored.0, Arc::new(Vec::new))),
            interfaces,
            gateway: Some(Ipv4Addr::new(octets[0], octets[1], octets[2], 1)),
            gateway6: None,
            translated: false,
            heartbeat: None,
            round_trip: member.round_trip,
            starts_nothing: false,
            flapping: None,
            lacks: Vec::new(),
        }
    }

    fn add_logs(&self, world: &mut Scenario, number: usize, member: &Member) {
        let tunnel = member.tunnel(number);
        let base = Run {
            node: member.name.clone(),
            start: member.born + SignedDuration::from_secs(3),
            round_trip: member.round_trip,
            killed_after: None,
            interface: if member.misled() { BRIDGE } else { "eth0" },
            address: format!("{}/{}", member.stored.0, member.stored.1),
            changed_from: member.misled().then_some(member.ip),
            new: false,
        };
        let text = |run: Run| -> crate::scenario::world::Text { Arc::new(move || startup(&run, tunnel)) };
        let logs = match member.state {
            State::Ready | State::NotReady => Logs { current: Some(text(base)), previous: None },
            State::BackOff { started, killed, .. } => {
                let seconds = (killed.as_millisecond() - started.as_millisecond()) as f64 / 1000.0;
                let run = Run { start: started, killed_after: Some(seconds), new: true, ..base };
                // In back-off no container runs: both logs are of the one that was killed last.
                Logs { current: Some(text(run.clone())), previous: Some(text(run)) }
            }
        };
        let pod = self.flavour.pod_name(&member.name, member.born);
        world.logs.insert((self.flavour.namespace.into(), pod, "calico-node".into()), logs);
    }
}
