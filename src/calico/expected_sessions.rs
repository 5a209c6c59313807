//! BGP sessions that confd configures on each node: the node-to-node mesh, BGPPeers, and the reverse of those.
//!
//! Follows Calico v3.30 `confd/pkg/backends/calico/client.go` (`updatePeersV1`) and `bgp_processor.go` (`processPeers`).
//! Where releases differ, only sessions that all of them configure are expected.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

use super::label_selector::LabelSelector;
use crate::snapshot::family::Family;
use crate::snapshot::objects::Custom;

/// A node as confd sees it.
#[derive(Clone, Debug, Default)]
pub struct BgpNode<'a> {
    pub name: &'a str,
    /// Kubernetes' labels and Calico's own.
    pub labels: BTreeMap<String, String>,
    /// IPv4 and IPv6, as stored.
    pub addresses: [Option<IpAddr>; 2],
    pub as_number: u32,
    /// It has a route reflector cluster ID, so the mesh leaves it out.
    pub is_reflector: bool,
}

/// Why a session is expected.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SessionOrigin {
    Mesh,
    /// The name of the BGPPeer.
    BgpPeer(String),
}

/// All nodes, and the rules that give them peers.
#[derive(Debug)]
pub struct Topology<'a> {
    nodes: Vec<BgpNode<'a>>,
    mesh: bool,
    peers: Vec<ResolvedPeer>,
}

#[derive(Debug)]
struct ResolvedPeer {
    name: String,
    /// Nodes that get the peer, by index.
    local: Vec<usize>,
    remote: RemoteSide,
    reversed: bool,
}

#[derive(Debug)]
enum RemoteSide {
    Nodes(Vec<usize>),
    /// An address, and the nodes that have it stored with the AS number of the BGPPeer.
    Address(IpAddr, Vec<usize>),
}

impl<'a> Topology<'a> {
    /// A BGPPeer that cannot be read gives no peers.
    pub fn new(nodes: Vec<BgpNode<'a>>, mesh: bool, default_as: u32, bgp_peers: &[Custom]) -> Self {
        let peers = bgp_peers.iter().filter_map(|peer| ResolvedPeer::resolve(&nodes, default_as, peer)).collect();
        Self { nodes, mesh, peers }
    }

    pub fn nodes(&self) -> &[BgpNode<'a>] {
        &self.nodes
    }

    /// Addresses that this node's BIRD must have a session for, each with its first reason.
    pub fn expected(&self, index: usize) -> BTreeMap<IpAddr, SessionOrigin> {
        let mut expected = BTreeMap::new();
        let Some(node) = self.nodes.get(index) else { return expected };
        let mut add = |address: IpAddr, origin: SessionOrigin| {
            // Without an address of its own in that family the node's BIRD is not configured for it.
            let own = node.address(Family::from_address(address));
            if own.is_some() && own != Some(address) {
                expected.entry(address).or_insert(origin);
            }
        };
        if self.mesh && !node.is_reflector {
            for other in self.nodes.iter().filter(|other| !other.is_reflector) {
                other.addresses.iter().flatten().for_each(|address| add(*address, SessionOrigin::Mesh));
            }
        }
        for peer in &self.peers {
            let origin = || SessionOrigin::BgpPeer(peer.name.clone());
            if peer.local.binary_search(&index).is_ok() {
                match &peer.remote {
                    RemoteSide::Address(address, _) => add(*address, origin()),
                    RemoteSide::Nodes(nodes) => self.addresses(nodes).for_each(|address| add(address, origin())),
                }
            }
            if peer.reversed && peer.remote.nodes().binary_search(&index).is_ok() {
                // Peering by address is reversed in the family of that address only.
                let fits = |address: &IpAddr| match &peer.remote {
                    RemoteSide::Address(remote, _) => Family::from_address(*remote) == Family::from_address(*address),
                    RemoteSide::Nodes(_) => true,
                };
                self.addresses(&peer.local).filter(fits).for_each(|address| add(address, origin()));
            }
        }
        expected
    }

    fn addresses<'s>(&'s self, nodes: &'s [usize]) -> impl Iterator<Item = IpAddr> + 's {
        nodes.iter().filter_map(|index| self.nodes.get(*index)).flat_map(|node| node.addresses.iter().flatten().copied())
    }
}

impl BgpNode<'_> {
    pub fn address(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.addresses[0],
            Family::V6 => self.addresses[1],
        }
    }
}

impl RemoteSide {
    fn nodes(&self) -> &[usize] {
        match self {
            Self::Nodes(nodes) | Self::Address(_, nodes) => nodes,
        }
    }
}

impl ResolvedPeer {
    fn resolve(nodes: &[BgpNode], default_as: u32, peer: &Custom) -> Option<Self> {
        let text = |field: &str| peer.spec.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
        // Workloads come and go: their sessions are not expected.
        if text("localWorkloadSelector").is_some() {
            return None;
        }
        let matching = |selector: &LabelSelector| indices(nodes, |node| selector.matches(&node.labels));
        let local = match (text("nodeSelector"), text("node")) {
            (Some(selector), _) => matching(&LabelSelector::parse(selector).ok()?),
            (None, Some(name)) => indices(nodes, |node| node.name == name),
            (None, None) => indices(nodes, |_| true),
        };
        let mut reversed = text("reversePeering") != Some("Manual");
        let remote = match text("peerSelector") {
            Some(selector) => RemoteSide::Nodes(matching(&LabelSelector::parse(selector).ok()?)),
            None => {
                let (address, port) = address_and_port(text("peerIP")?)?;
                // Whether a node listens on that port is not looked at.
                reversed &= port.is_none();
                let peer_as = peer.spec.get("asNumber").and_then(as_number).unwrap_or(default_as);
                let has = |node: &BgpNode| node.addresses.contains(&Some(address)) && node.as_number == peer_as;
                RemoteSide::Address(address, indices(nodes, has))
            }
        };
        Some(Self { name: peer.metadata.name.clone(), local, remote, reversed })
    }
}

/// Ascending.
fn indices(nodes: &[BgpNode], wanted: impl Fn(&BgpNode) -> bool) -> Vec<usize> {
    nodes.iter().enumerate().filter(|(_, node)| wanted(node)).map(|(index, _)| index).collect()
}

/// `10.0.0.9`, `10.0.0.9:1790`, `fd00::9`, `[fd00::9]:1790`
fn address_and_port(text: &str) -> Option<(IpAddr, Option<u16>)> {
    if let Ok(address) = text.parse() {
        return Some((address, None));
    }
    let (address, port) = text.rsplit_once(':')?;
    let address = address.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    Some((address, Some(port.parse().ok()?)))
}

/// `64512`, or `"1.10"`: the upper and lower 16 bits (libcalico-go/lib/numorstring `ASNumberFromString`).
pub fn as_number(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => u32::try_from(number.as_u64()?).ok(),
        Value::String(text) => match text.split_once('.') {
            Some((high, low)) => Some(u32::from(high.parse::<u16>().ok()?) << 16 | u32::from(low.parse::<u16>().ok()?)),
            None => text.parse().ok(),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
