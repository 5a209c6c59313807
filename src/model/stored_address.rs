//! The address that Calico has stored for a node, and the interface that has it.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;

use super::NodeModel;
use super::bgp::peerings;
use crate::calico::address::{self, Cidr};
use crate::calico::detect::{ANNOTATION, Annotated};
use crate::calico::node_annotations;
use crate::calico::session::PeerKind;
use crate::finding::Source;
use crate::snapshot::Snapshot;
use crate::snapshot::family::Family;

#[derive(Clone, Debug)]
pub struct Stored {
    /// Without a prefix length where only BIRD's router id or a log tells it.
    pub cidr: Option<Cidr>,
    address: IpAddr,
    pub source: Source,
    /// The node whose sessions tell it: no other node can be that peer.
    pub inferred_from: Option<String>,
    /// The interface that has it, where that is known.
    pub held_by: Option<InterfaceHolder>,
}

#[derive(Clone, Debug)]
pub struct InterfaceHolder {
    pub interface: String,
    /// `bridge`, `veth`, …
    pub kind: Option<String>,
    pub source: Source,
}

impl Stored {
    pub fn address(&self) -> IpAddr {
        self.address
    }
}

impl std::fmt::Display for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.cidr {
            Some(cidr) => cidr.fmt(f),
            None => self.address.fmt(f),
        }
    }
}

/// The annotation; with the etcd datastore there is none, and BIRD's router id or the log has to do, as where Nodes could not be read.
/// Where other nodes are annotated, a node that is not has none stored, whatever BIRD runs on with.
/// Of a host that only its own tools showed: the address of an interface that other nodes peer with.
pub fn read_stored(view: &NodeModel, family: Family, annotated: bool, peers: &HashSet<IpAddr>) -> Option<Stored> {
    // a table does not show them
    let annotations = view.node.filter(|node| !node.metadata.tabular).map(|node| &node.metadata.annotations);
    let found = annotations
        .and_then(|annotations| annotations.get(node_annotations::address(family)))
        .and_then(|text| address::parse(text))
        .map(|cidr| (cidr.addr(), Some(cidr), Source::Annotation))
        .or_else(|| {
            let kept =
                |annotations: &BTreeMap<_, _>| annotated || annotations.keys().any(|key: &String| key.starts_with("projectcalico.org/"));
            if annotations.is_some_and(kept) {
                return None;
            }
            let router_id = || view.bgp(family).seen().filter(|_| family == Family::V4)?.router_id?.parse().ok();
            let logged = || view.detections().find(|(_, detection)| detection.family == family);
            let logged = || logged().map(|(_, detection)| (detection.address, address::parse(&detection.cidr()), Source::Log));
            let router_id = router_id().filter(|id| address::is_global_unicast(*id));
            router_id.map(|id| (id, None, Source::Birdcl)).or_else(logged).or_else(|| peered(view, family, peers))
        });
    let (address, cidr, source) = found?;
    Some(Stored { cidr, address, source, inferred_from: None, held_by: held_by(view, address) })
}

/// What nodes have stored whose records were not read, from one node's mesh: each of its peers is one of the other nodes.
/// Peers are told by their InternalIPs; the one that is left over is the address of the one node that is left over.
pub(super) fn infer_from_mesh(nodes: &mut [NodeModel], family: Family) {
    let is_known = |node: &NodeModel| node.node.is_none_or(|node| !node.metadata.tabular) || node.stored(family).is_some();
    if nodes.len() < 2 || nodes.iter().all(is_known) {
        return;
    }
    for reporter in 0..nodes.len() {
        let found = nodes.get(reporter).and_then(|reporter| Some((reporter.name.to_owned(), match_peers(nodes, reporter, family)?)));
        let Some((reporter, found)) = found else { continue };
        take_from_peers(nodes, &reporter, found, family);
        // one mesh names the addresses of all others, and of two nodes each names the other's
        if nodes.len() > 2 || nodes.iter().all(is_known) {
            return;
        }
    }
}

/// A text of a node that is not named may be of one that another text tells of: the same address is not two nodes'.
pub(super) fn tell_once(nodes: &mut [NodeModel], family: Family, snapshot: &Snapshot) {
    for at in 0..nodes.len() {
        let Some(own) = nodes.get(at).filter(|node| node.stands_for_another(snapshot)).and_then(|node| node.stored(family)) else {
            continue;
        };
        let mut others = nodes.iter().enumerate().filter(|(other, _)| *other != at);
        let again = others.any(|(_, other)| other.stored(family).is_some_and(|stored| stored.address() == own.address()));
        if again && let Some(place) = nodes.get_mut(at).and_then(|node| node.stored.get_mut(usize::from(family == Family::V6))) {
            *place = None;
        }
    }
}

fn take_from_peers(nodes: &mut [NodeModel], reporter: &str, found: Vec<(usize, IpAddr)>, family: Family) {
    for (at, address) in found {
        let Some(node) = nodes.get_mut(at).filter(|node| node.stored(family).is_none()) else { continue };
        let held_by = held_by(node, address);
        let stored = Stored { cidr: None, address, source: Source::Birdcl, inferred_from: Some(reporter.to_owned()), held_by };
        if let Some(place) = node.stored.get_mut(usize::from(family == Family::V6)) {
            *place = Some(stored);
        }
    }
}

/// Each other node's address, where the reporter lists exactly one peer for each of them.
fn match_peers(nodes: &[NodeModel], reporter: &NodeModel, family: Family) -> Option<Vec<(usize, IpAddr)>> {
    let mut peers: Vec<IpAddr> = match peerings(reporter, family) {
        Some((_, rows)) => rows.into_iter().filter(|row| row.kind == PeerKind::Mesh).map(|row| row.address).collect(),
        // a readiness event names those that are down alone: of two nodes that is the other
        None if nodes.len() == 2 => reporter.not_established().filter(|(_, told, _)| *told == family)?.2.to_vec(),
        None => return None,
    };
    let others = nodes.iter().enumerate().filter(|(_, node)| node.name != reporter.name);
    if peers.len() + 1 != nodes.len() {
        return None;
    }
    let (mut found, mut left) = (Vec::new(), Vec::new());
    for (at, node) in others {
        let own = |peer: &IpAddr| node.stored(family).map_or_else(|| node.internal_ips.contains(peer), |stored| stored.address == *peer);
        match peers.iter().position(own) {
            Some(place) => found.push((at, peers.swap_remove(place))),
            None => left.push(at),
        }
    }
    if let ([address], [at]) = (peers.as_slice(), left.as_slice()) {
        // in the network of the nodes it may as well be a node that is gone
        let near = |ip: &IpAddr| Family::from_address(*ip) == family && shares_network(*ip, *address);
        if nodes.iter().flat_map(|node| &node.internal_ips).any(near) {
            return None;
        }
        found.push((*at, *address));
    }
    Some(found)
}

/// The same /16, or /64 of IPv6: no nodes' network is taken for foreign.
fn shares_network(a: IpAddr, b: IpAddr) -> bool {
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => a.octets()[..2] == b.octets()[..2],
        (IpAddr::V6(a), IpAddr::V6(b)) => a.segments()[..4] == b.segments()[..4],
        _ => false,
    }
}

fn peered(view: &NodeModel, family: Family, peers: &HashSet<IpAddr>) -> Option<(IpAddr, Option<Cidr>, Source)> {
    let held = view.interfaces().filter(|_| view.node.is_none())?.iter().flat_map(|interface| &interface.addresses);
    let found = held.into_iter().find(|held| Family::from_address(held.address) == family && peers.contains(&held.address))?;
    Some((found.address, address::parse(&format!("{}/{}", found.address, found.prefix_length)), Source::Interfaces))
}

fn held_by(view: &NodeModel, address: IpAddr) -> Option<InterfaceHolder> {
    let seen = view.seen_interfaces().find(|interface| interface.addresses.iter().any(|held| held.address == address));
    if seen.is_some() || view.interfaces().is_some() {
        return seen.map(|interface| InterfaceHolder {
            interface: interface.name.clone(),
            kind: interface.kind.clone(),
            source: Source::Interfaces,
        });
    }
    annotated_interface(view, address).or_else(|| {
        view.detections()
            .find(|(_, detection)| detection.address == address)
            .and_then(|(_, detection)| Some(InterfaceHolder { interface: detection.interface.clone()?, kind: None, source: Source::Log }))
    })
}

fn annotated_interface(view: &NodeModel, address: IpAddr) -> Option<InterfaceHolder> {
    let interfaces = Annotated::parse(view.node?.metadata.annotations.get(ANNOTATION)?)?;
    let found = interfaces.into_iter().find(|interface| interface.addresses.contains(&address))?;
    Some(InterfaceHolder { interface: found.name, kind: None, source: Source::Annotation })
}
