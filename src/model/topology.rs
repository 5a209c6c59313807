//! What confd should configure on each node, from the Nodes and Calico's BGP resources.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{ClusterModel, NodeModel, peerings};
use crate::calico::expected_sessions::{BgpNode, Topology, as_number};
use crate::calico::node_annotations;
use crate::calico::session::PeerKind;
use crate::calico::tunnel_addresses::TUNNELS;
use crate::finding::Source;
use crate::input_source::STANDS_FOR_NODE;
use crate::observed::Observed;
use crate::snapshot::Snapshot;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::Interface;
use crate::snapshot::objects::{Custom, Node};

/// The AS number a BGPConfiguration without one stands for (libcalico-go `clientv3/client.go`, `EnsureInitialized`).
const DEFAULT_AS: u32 = 64512;
const REFLECTOR: &str = "projectcalico.org/RouteReflectorClusterID";
/// Labels of Calico's Node that Kubernetes' Node does not have, as JSON.
const LABELS: &str = "projectcalico.org/labels";
/// Seconds after the start of a container within which its sessions may still be coming up:
/// BIRD begins once start-up is through, and Calico lets it wait up to 30 s after an error (`error wait time 5,30`).
const SETTLING: f64 = 60.0;

/// The AS number that a node speaks with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsNumber {
    /// `None` where the default could not be read.
    pub number: Option<u32>,
    /// From the Node itself, not the cluster's default.
    pub is_own: bool,
}

impl<'a> ClusterModel<'a> {
    fn bgp_configuration(&self) -> Option<Option<&'a Custom>> {
        let all = self.snapshot.resources.bgp_configurations.seen()?;
        Some(all.iter().find(|one| one.metadata.name == "default"))
    }

    /// Whether the node-to-node mesh is on; `None` where neither its setting nor a session of it was seen.
    pub fn mesh_enabled(&self) -> Option<bool> {
        if let Some(configuration) = self.bgp_configuration() {
            let set = configuration.and_then(|configuration| configuration.spec.get("nodeToNodeMeshEnabled")?.as_bool());
            return Some(set.unwrap_or(true));
        }
        let is_mesh = |node: &NodeModel<'a>| {
            Family::ALL
                .into_iter()
                .filter_map(|family| peerings(node, family))
                .any(|(_, rows)| rows.iter().any(|row| row.kind == PeerKind::Mesh))
        };
        self.nodes.iter().any(is_mesh).then_some(true)
    }

    fn default_as(&self) -> Option<u32> {
        let configuration = self.bgp_configuration()?;
        Some(configuration.and_then(|configuration| as_number(configuration.spec.get("asNumber")?)).unwrap_or(DEFAULT_AS))
    }

    pub fn as_number(&self, node: &NodeModel<'a>) -> AsNumber {
        let own = node
            .node
            .and_then(|node| node.metadata.annotations.get(node_annotations::AS_NUMBER))
            .and_then(|text| as_number(&Value::String(text.clone())));
        AsNumber { number: own.or_else(|| self.default_as()), is_own: own.is_some() }
    }

    /// How many nodes speak with this AS number.
    pub fn share_of_as(&self, number: Option<u32>) -> usize {
        let count = || {
            let mut shares: HashMap<Option<u32>, usize> = HashMap::new();
            self.nodes.iter().for_each(|node| *shares.entry(self.as_number(node).number).or_default() += 1);
            shares
        };
        self.as_shares.get_or_init(count).get(&number).copied().unwrap_or_default()
    }

    /// A session of Calico's has a password.
    pub fn has_bgp_password(&self) -> bool {
        let resources = &self.snapshot.resources;
        let has = |one: &Custom, field: &str| one.spec.get(field).is_some_and(|password| !password.is_null());
        resources.bgp_peers.seen().into_iter().flatten().any(|peer| has(peer, "password"))
            || resources.bgp_configurations.seen().into_iter().flatten().any(|one| has(one, "nodeMeshPassword"))
    }

    /// `None` where addresses are not in annotations, or neither the mesh nor BGPPeers are known.
    /// Its nodes are those of the view, in the same order.
    pub fn topology(&self) -> Option<Topology<'a>> {
        self.snapshot.nodes.seen().filter(|_| self.install.keeps_annotations())?;
        let peers = self.snapshot.resources.bgp_peers.seen();
        let mesh = self.mesh_enabled();
        if mesh.is_none() && peers.is_none() {
            return None;
        }
        let nodes = self.nodes.iter().map(|node| self.bgp_node(node)).collect();
        Some(Topology::new(nodes, mesh == Some(true), self.default_as().unwrap_or(DEFAULT_AS), peers.map_or(&[], Vec::as_slice)))
    }

    /// Labels as Calico's selectors see them: its own Node's and Kubernetes'.
    pub fn calico_labels(&self, node: &NodeModel<'a>) -> BTreeMap<String, String> {
        let annotations = node.node.map(|node| &node.metadata.annotations);
        let calico: BTreeMap<String, String> =
            annotations.and_then(|annotations| serde_json::from_str(annotations.get(LABELS)?).ok()).unwrap_or_default();
        let kubernetes = node.node.map(|node| node.metadata.labels.clone()).unwrap_or_default();
        calico.into_iter().chain(kubernetes).collect()
    }

    fn bgp_node(&self, node: &NodeModel<'a>) -> BgpNode<'a> {
        let annotations = node.node.map(|node| &node.metadata.annotations);
        BgpNode {
            name: node.name,
            labels: self.calico_labels(node),
            addresses: Family::ALL
                .map(|family| node.stored(family).filter(|stored| stored.source == Source::Annotation).map(|stored| stored.address())),
            as_number: self.as_number(node).number.unwrap_or(DEFAULT_AS),
            is_reflector: annotations.is_some_and(|annotations| annotations.get(REFLECTOR).is_some_and(|id| !id.trim().is_empty())),
        }
    }

    /// This cluster has sessions of this family: a node has such an address, or nothing is known of any.
    pub fn uses(&self, family: Family) -> bool {
        let has = |family| self.nodes.iter().any(|node| node.stored(family).is_some());
        has(family) || (family == Family::V4 && !has(Family::V6))
    }

    /// BIRD of this family must run and be asked on this node.
    pub fn needs_bird(&self, node: &NodeModel<'a>, family: Family) -> bool {
        match family {
            Family::V4 => self.uses(Family::V4),
            Family::V6 => node.stored(Family::V6).is_some(),
        }
    }

    /// calico-node was (re)started a moment ago, or its pod is being replaced: its sessions may still be coming up.
    pub fn is_settling(&self, node: &NodeModel<'a>) -> bool {
        if node.kubelet_is_silent() {
            return false;
        }
        let young = node.restarts() == Some(0) && node.age(self.snapshot.taken_at).is_some_and(|age| (0.0..SETTLING).contains(&age));
        let deleted = node.pod.and_then(|pod| pod.metadata.deletion_timestamp);
        let replaced = deleted.is_some_and(|at| self.snapshot.taken_at.duration_since(at).as_secs_f64() < SETTLING);
        // The DaemonSet counts a pod here, but none is listed: the old one is gone, the new one is not there yet.
        let between = node.pod.is_none() && self.snapshot.pods.seen().is_some() && !self.install.lacks_pods();
        self.is_starting(node) || young || replaced || between
    }

    /// When a node that is settling no longer is; `None` where the end depends on its start.
    pub fn settled_at(&self, node: &NodeModel<'a>) -> Option<Timestamp> {
        let deleted = node.pod.and_then(|pod| pod.metadata.deletion_timestamp);
        let begun = if self.is_starting(node) { None } else { deleted.or(node.running_since()) };
        begun.map(|begun| begun + SignedDuration::from_secs_f64(SETTLING))
    }

    /// The Node object without calico-node that has this address.
    pub fn unmanaged(&self, address: IpAddr) -> Option<&'a Node> {
        let stored = |node: &&Node| {
            let annotation = node.metadata.annotations.get(node_annotations::address(Family::from_address(address)));
            annotation.and_then(|text| crate::calico::address::parse(text)).is_some_and(|cidr| cidr.addr() == address)
        };
        let internal = |node: &&Node| node.addresses("InternalIP").any(|ip| ip.parse() == Ok(address));
        let others = || self.left_out.iter().copied();
        others().find(stored).or_else(|| others().find(internal))
    }
}

impl<'a> NodeModel<'a> {
    /// The address of a tunnel in this annotation of the node (`calico::tunnel_addresses`).
    pub fn tunnel_address(&self, annotation: &str) -> Option<IpAddr> {
        TUNNELS.iter().zip(self.tunnels).find_map(|((name, _), address)| address.filter(|_| *name == annotation))
    }

    /// The annotation that says that this address is a tunnel's, and the tunnel.
    pub fn tunnel_with(&self, wanted: IpAddr) -> Option<(&'static str, &'static str)> {
        TUNNELS.into_iter().zip(self.tunnels).find_map(|(tunnel, address)| (address == Some(wanted)).then_some(tunnel))
    }

    /// Whether BIRD there lists a session with that node; `None` where BIRD could not be asked.
    pub fn lists_session_with(&self, other: &NodeModel, family: Family) -> Option<bool> {
        let listed = self.listed_peers(family)?;
        let stored = other.stored(family).map(|stored| stored.address());
        Some(stored.iter().chain(&other.internal_ips).any(|address| listed.contains(address)))
    }

    /// Peers that BIRD lists, in whatever state; `None` where BIRD itself did not answer: CalicoNodeStatus drops rows.
    pub fn listed_peers(&self, family: Family) -> Option<&HashSet<IpAddr>> {
        self.bgp(family).seen().filter(|sessions| sessions.source == Source::Birdcl).map(|sessions| &sessions.addresses)
    }

    /// A text is of one of the nodes that are listed: what is known of that node by its name is not repeated here.
    pub fn stands_for_another(&self, snapshot: &Snapshot) -> bool {
        self.name.starts_with(STANDS_FOR_NODE) && snapshot.nodes.seen().is_some()
    }

    /// All interfaces that were seen, of whatever list: one that is missing may be there all the same.
    pub fn seen_interfaces(&self) -> impl Iterator<Item = &'a Interface> + use<'a> {
        let some = self.inside.and_then(Observed::seen).map_or(&[][..], |inside| &inside.some_interfaces);
        self.interfaces().unwrap_or_default().iter().chain(some)
    }

    /// Loopback, the stored address, or one that an interface of the node has.
    pub fn is_own_address(&self, address: IpAddr) -> bool {
        let on_interface = |address| self.seen_interfaces().flat_map(|interface| &interface.addresses).any(|held| held.address == address);
        address.is_loopback()
            || self.stored(Family::from_address(address)).is_some_and(|stored| stored.address() == address)
            || on_interface(address)
    }
}
