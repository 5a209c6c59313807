//! Expected BGP sessions that a node's BIRD does not list.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use super::check::EarlierFindings;
use crate::calico::expected_sessions::{SessionOrigin, Topology};
use crate::calico::session::PeerKind;
use crate::calico::tunnel_addresses::VXLAN_ADDRESSES;
use crate::diagnosis::context::Context;
use crate::model::{NodeModel, PodState, peerings};
use crate::snapshot::family::Family;

pub(super) struct MissingPeer {
    pub address: IpAddr,
    pub origin: SessionOrigin,
}

/// All nodes that lack peers, in the view's order.
pub(super) struct MissingPeers<'v, 'a> {
    pub by_node: Vec<(&'v NodeModel<'a>, Vec<MissingPeer>)>,
    /// Nodes that nothing gives a peer.
    pub unselected: Vec<&'v NodeModel<'a>>,
    /// By family: nodes whose BIRD was asked and that are expected to have sessions, and how many of those list no BGP session at all.
    asked: HashMap<Family, (usize, usize)>,
    expected_by: HashMap<IpAddr, usize>,
}

impl<'v, 'a> MissingPeers<'v, 'a> {
    /// Takes out the peers of a family of which no node has any session.
    pub(super) fn take_everywhere(&mut self, family: Family) -> Vec<(&'v NodeModel<'a>, Vec<MissingPeer>)> {
        let (asked, silent) = self.asked.get(&family).copied().unwrap_or_default();
        if asked < 2 || silent != asked {
            return Vec::new();
        }
        let mut taken = Vec::new();
        for (node, missing) in &mut self.by_node {
            let (own, rest) = std::mem::take(missing).into_iter().partition(|peer| Family::from_address(peer.address) == family);
            *missing = rest;
            taken.push((*node, own));
        }
        self.by_node.retain(|(_, missing)| !missing.is_empty());
        taken.retain(|(_, missing): &(_, Vec<MissingPeer>)| !missing.is_empty());
        taken
    }

    /// How many of the nodes that were asked should have a session with this address.
    pub(super) fn expected_by(&self, address: IpAddr) -> usize {
        self.expected_by.get(&address).copied().unwrap_or_default()
    }
}

pub(super) fn collect<'v, 'a>(view: &'v Context<'a>, found: &EarlierFindings) -> MissingPeers<'v, 'a> {
    let mut missing = MissingPeers { by_node: Vec::new(), unselected: Vec::new(), asked: HashMap::new(), expected_by: HashMap::new() };
    let is_asked = |node: &NodeModel| Family::ALL.into_iter().any(|family| node.listed_peers(family).is_some());
    if view.install.runs_bird() == Some(false) || !view.nodes.iter().any(is_asked) {
        return missing;
    }
    let steady = |node: &NodeModel<'a>| is_steady(view, found, node);
    let topology = view.topology();
    missing.unselected = topology.as_ref().map(|topology| unselected(view, found, topology)).unwrap_or_default();
    let by_rows = if topology.is_none() { expected_by_rows(view) } else { HashMap::new() };
    for (index, node) in view.nodes.iter().enumerate().filter(|(_, node)| steady(node)) {
        let listed: HashMap<Family, &HashSet<IpAddr>> =
            Family::ALL.into_iter().filter_map(|family| Some((family, node.listed_peers(family)?))).collect();
        let mut expected = match &topology {
            Some(topology) => topology.expected(index),
            None => by_rows.get(node.name).cloned().unwrap_or_default(),
        };
        expected.retain(|address, _| listed.contains_key(&Family::from_address(*address)) && view.peer(*address).is_none_or(steady));
        if expected.is_empty() {
            continue;
        }
        for family in Family::ALL.into_iter().filter(|family| expected.keys().any(|peer| Family::from_address(*peer) == *family)) {
            let (asked, silent) = missing.asked.entry(family).or_default();
            *asked += 1;
            *silent += usize::from(listed.get(&family).is_some_and(|known| known.is_empty()));
        }
        expected.keys().for_each(|address| *missing.expected_by.entry(*address).or_default() += 1);
        let is_listed = |address: &IpAddr| listed.get(&Family::from_address(*address)).is_some_and(|known| known.contains(address));
        let lacking: Vec<MissingPeer> = expected
            .into_iter()
            .filter(|(address, _)| !is_listed(address))
            .map(|(address, origin)| MissingPeer { address, origin })
            .collect();
        // Sessions with names of somebody's own may be with these peers.
        let foreign: usize =
            Family::ALL.into_iter().filter_map(|family| node.bgp(family).seen()).map(|sessions| sessions.foreign.len()).sum();
        if lacking.len() > foreign {
            missing.by_node.push((node, lacking));
        }
    }
    missing
}

/// Nodes that no BGPPeer gives a peer, where the node-to-node mesh is off and most nodes have sessions: they learn no routes, and their
/// calico-node is Ready all the same. Where VXLAN carries the traffic no session is needed.
fn unselected<'v, 'a>(view: &'v Context<'a>, found: &EarlierFindings, topology: &Topology<'a>) -> Vec<&'v NodeModel<'a>> {
    let has_peers = view.snapshot.resources.bgp_peers.seen().is_some_and(|peers| !peers.is_empty());
    let annotated = |node: &NodeModel, name: &str| node.node.is_some_and(|node| node.metadata.annotations.contains_key(name));
    let uses_vxlan = |node: &NodeModel| VXLAN_ADDRESSES.iter().any(|name| annotated(node, name));
    if !has_peers || view.mesh_enabled() != Some(false) || view.nodes.iter().any(uses_vxlan) {
        return Vec::new();
    }
    let mut lacking = Vec::new();
    let mut connected = 0;
    for (index, node) in view.nodes.iter().enumerate() {
        let mut listed = Family::ALL.into_iter().filter_map(|family| node.bgp(family).seen());
        let silent = listed.all(|sessions| sessions.addresses.is_empty() && sessions.foreign.is_empty());
        connected += usize::from(!silent);
        if silent && is_steady(view, found, node) && node.listed_peers(Family::V4).is_some() && topology.expected(index).is_empty() {
            lacking.push(node);
        }
    }
    if connected > lacking.len() { lacking } else { Vec::new() }
}

/// What BIRD lists there now is what it will list: calico-node runs, started a while ago, and nothing else explains the node's trouble.
fn is_steady(view: &Context, found: &EarlierFindings, node: &NodeModel) -> bool {
    !found.is_explained(node.name) && !view.is_settling(node) && matches!(view.pod_state(node), PodState::Running)
}

/// Where the configuration is not known: a session of the mesh that one end lists must be on the other end too.
fn expected_by_rows<'a>(view: &Context<'a>) -> HashMap<&'a str, BTreeMap<IpAddr, SessionOrigin>> {
    let mut expected: HashMap<&str, BTreeMap<IpAddr, SessionOrigin>> = HashMap::new();
    for node in &view.nodes {
        for family in Family::ALL {
            let Some(own) = node.stored(family) else { continue };
            let rows = peerings(node, family).map(|(_, rows)| rows).unwrap_or_default();
            for row in rows.into_iter().filter(|row| row.kind == PeerKind::Mesh) {
                if let Some(peer) = view.holders(row.address).next().filter(|peer| peer.name != node.name) {
                    expected.entry(peer.name).or_default().insert(own.address(), SessionOrigin::Mesh);
                }
            }
        }
    }
    expected
}
