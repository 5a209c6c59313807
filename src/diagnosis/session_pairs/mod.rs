//! Sessions that are down, joined at both ends: one pair per pair of nodes, or per node and outside peer.

mod cause;

use std::collections::BTreeMap;
use std::net::IpAddr;

pub use cause::{Blame, Cause, down_cause};

use super::check::Found;
use super::report::{Evidence, Source};
use super::view::{Bgp, Down, NodeView, View};
use crate::calico::family::Family;
use crate::calico::session::PeerKind;
use crate::snapshot::inside::MarkKind;

pub struct SessionPair<'v, 'a> {
    /// The node that reports it; of two, the first by name.
    pub near: Endpoint<'v, 'a>,
    pub far: Remote<'v, 'a>,
    /// A peer of the mesh that no node has: sure only where all nodes were read.
    pub orphan: bool,
}

pub struct Endpoint<'v, 'a> {
    pub node: &'v NodeView<'a>,
    /// `None` where this end could not be asked or says nothing.
    pub row: Option<&'v Down<'a>>,
}

pub enum Remote<'v, 'a> {
    Node(Endpoint<'v, 'a>),
    /// An address that no node of this cluster has.
    Outside(IpAddr),
}

type Key = (Family, String, String);

/// All pairs that are down, whose ends have no finding yet and have had the time to make a session.
pub fn unexplained<'v, 'a>(view: &'v View<'a>, found: &Found) -> Vec<SessionPair<'v, 'a>> {
    let mut pairs: BTreeMap<Key, SessionPair> = BTreeMap::new();
    let silent = |node: &NodeView| found.is_culprit(node.name) || view.is_starting(node);
    for node in view.nodes.iter().filter(|node| !silent(node)) {
        for family in Family::ALL {
            // A workload that speaks BGP comes and goes with its pod.
            for (address, kind, row) in lost(node, family).into_iter().filter(|(_, kind, _)| *kind != PeerKind::LocalWorkload) {
                let far = view.peer(address).filter(|far| far.name != node.name);
                if far.is_some_and(silent) {
                    continue;
                }
                let orphan = kind == PeerKind::Mesh && view.snapshot.nodes.seen().is_some();
                add(&mut pairs, family, node, row, far, address, orphan);
            }
        }
    }
    pairs.into_values().collect()
}

/// What a node misses: BIRD's rows, or, where BIRD could not be asked, the peers its readiness event names.
fn lost<'v, 'a>(node: &'v NodeView<'a>, family: Family) -> Vec<(IpAddr, PeerKind, Option<&'v Down<'a>>)> {
    match node.bgp(family) {
        Bgp::Seen(sessions) => sessions.down.iter().map(|down| (down.session.address, down.session.kind, Some(down))).collect(),
        Bgp::Unknown if node.is_not_ready() => match node.not_established() {
            Some((_, told, peers)) if told == family => peers.iter().map(|peer| (*peer, PeerKind::Mesh, None)).collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn add<'v, 'a>(
    pairs: &mut BTreeMap<Key, SessionPair<'v, 'a>>,
    family: Family,
    node: &'v NodeView<'a>,
    row: Option<&'v Down<'a>>,
    far: Option<&'v NodeView<'a>>,
    address: IpAddr,
    orphan: bool,
) {
    let Some(far) = far else {
        let key = (family, node.name.to_owned(), address.to_string());
        pairs.insert(key, SessionPair { near: Endpoint { node, row }, far: Remote::Outside(address), orphan });
        return;
    };
    let in_order = node.name <= far.name;
    let key = if in_order { (family, node.name.into(), far.name.into()) } else { (family, far.name.into(), node.name.into()) };
    let (first, second) = if in_order { (node, far) } else { (far, node) };
    let pair = pairs.entry(key).or_insert_with(|| SessionPair {
        near: Endpoint { node: first, row: None },
        far: Remote::Node(Endpoint { node: second, row: None }),
        orphan: false,
    });
    if in_order {
        pair.near.row = row;
    } else if let Remote::Node(end) = &mut pair.far {
        end.row = row;
    }
}

impl<'v, 'a> SessionPair<'v, 'a> {
    pub fn ends(&self) -> impl Iterator<Item = &Endpoint<'v, 'a>> {
        let far = match &self.far {
            Remote::Node(end) => Some(end),
            Remote::Outside(_) => None,
        };
        std::iter::once(&self.near).chain(far)
    }

    pub fn outside(&self) -> Option<IpAddr> {
        match self.far {
            Remote::Outside(address) => Some(address),
            Remote::Node(_) => None,
        }
    }

    /// Each end's own words, the readiness event where BIRD could not be asked, and what its log says of BGP.
    pub fn evidence(&self) -> Vec<Evidence> {
        let mut evidence = Vec::new();
        for end in self.ends() {
            match end.row {
                Some(row) => evidence.push(end.node.evidence(row.source, row.row())),
                None => evidence.extend(event(end.node)),
            }
            for kind in [MarkKind::BgpPortTaken, MarkKind::BgpAddressGone, MarkKind::BgpUnexpectedPeer] {
                evidence.extend(super::evidence::of_mark(end.node, kind));
            }
        }
        evidence
    }
}

fn event(node: &NodeView) -> Option<Evidence> {
    let (told, _, peers) = node.not_established().filter(|_| node.is_not_ready())?;
    let list = super::wording::addresses(peers);
    Some(node.evidence(Source::Event, format!("BGP not established with {list} ({}×)", told.event.times())))
}
