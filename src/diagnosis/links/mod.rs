//! Sessions that are down, joined at both ends: one link per pair of nodes, or per node and outside peer.

mod cause;

use std::collections::BTreeMap;
use std::net::IpAddr;

pub use cause::{Cause, Side, of as cause};

use super::check::EarlierFindings;
use crate::calico::session::PeerKind;
use crate::finding::{Evidence, Source};
use crate::model::{ClusterModel, DownSession, NodeBgp, NodeModel};
use crate::snapshot::family::Family;
use crate::snapshot::inspection::LogEventKind;

pub struct Link<'v, 'a> {
    /// The node that reports it; of two, the first by name.
    pub near: End<'v, 'a>,
    pub far: Far<'v, 'a>,
    /// A peer of the mesh that no node has: sure only where all nodes were read.
    pub stray: bool,
}

pub struct End<'v, 'a> {
    pub node: &'v NodeModel<'a>,
    /// `None` where this end could not be asked or says nothing.
    pub row: Option<&'v DownSession<'a>>,
}

pub enum Far<'v, 'a> {
    Node(End<'v, 'a>),
    /// An address that no node of this cluster has.
    Outside(IpAddr),
}

type Key = (Family, String, String);

/// All links that are down, whose ends have no finding yet and have had the time to make a session.
pub fn unexplained<'v, 'a>(view: &'v ClusterModel<'a>, found: &EarlierFindings) -> Vec<Link<'v, 'a>> {
    let mut links: BTreeMap<Key, Link> = BTreeMap::new();
    // A calico-node that does not run has no sessions, and a finding of its own.
    let silent = |node: &NodeModel| found.is_explained(node.name) || view.is_starting(node) || view.pod_state(node).not_running().is_some();
    for node in view.nodes.iter().filter(|node| !silent(node)) {
        for family in Family::ALL {
            // A workload that speaks BGP comes and goes with its pod.
            for (address, kind, row) in lost(node, family).into_iter().filter(|(_, kind, _)| *kind != PeerKind::LocalWorkload) {
                let far = view.peer(address).filter(|far| far.name != node.name);
                if far.is_some_and(silent) {
                    continue;
                }
                let stray = kind == PeerKind::Mesh && view.snapshot.nodes.seen().is_some();
                add(&mut links, family, node, row, far, address, stray);
            }
        }
    }
    links.into_values().collect()
}

/// What a node misses: BIRD's rows, or, where BIRD could not be asked, the peers its readiness event names.
fn lost<'v, 'a>(node: &'v NodeModel<'a>, family: Family) -> Vec<(IpAddr, PeerKind, Option<&'v DownSession<'a>>)> {
    match node.bgp(family) {
        NodeBgp::Known(sessions) => sessions.down.iter().map(|down| (down.session.address, down.session.kind, Some(down))).collect(),
        NodeBgp::Unknown if node.is_not_ready() => match node.not_established() {
            Some((_, told, peers)) if told == family => peers.iter().map(|peer| (*peer, PeerKind::Mesh, None)).collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn add<'v, 'a>(
    links: &mut BTreeMap<Key, Link<'v, 'a>>,
    family: Family,
    node: &'v NodeModel<'a>,
    row: Option<&'v DownSession<'a>>,
    far: Option<&'v NodeModel<'a>>,
    address: IpAddr,
    stray: bool,
) {
    let Some(far) = far else {
        let key = (family, node.name.to_owned(), address.to_string());
        links.insert(key, Link { near: End { node, row }, far: Far::Outside(address), stray });
        return;
    };
    let in_order = node.name <= far.name;
    let key = if in_order { (family, node.name.into(), far.name.into()) } else { (family, far.name.into(), node.name.into()) };
    let (first, second) = if in_order { (node, far) } else { (far, node) };
    let link = links.entry(key).or_insert_with(|| Link {
        near: End { node: first, row: None },
        far: Far::Node(End { node: second, row: None }),
        stray: false,
    });
    if in_order {
        link.near.row = row;
    } else if let Far::Node(end) = &mut link.far {
        end.row = row;
    }
}

impl<'v, 'a> Link<'v, 'a> {
    pub fn ends(&self) -> impl Iterator<Item = &End<'v, 'a>> {
        let far = match &self.far {
            Far::Node(end) => Some(end),
            Far::Outside(_) => None,
        };
        std::iter::once(&self.near).chain(far)
    }

    pub fn outside(&self) -> Option<IpAddr> {
        match self.far {
            Far::Outside(address) => Some(address),
            Far::Node(_) => None,
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
            for kind in [LogEventKind::BgpPortTaken, LogEventKind::BgpAddressGone, LogEventKind::BgpUnexpectedPeer] {
                evidence.extend(super::evidence::of_mark(end.node, kind));
            }
        }
        evidence
    }
}

fn event(node: &NodeModel) -> Option<Evidence> {
    let (told, _, peers) = node.not_established().filter(|_| node.is_not_ready())?;
    let list = crate::model::phrases::addresses(peers);
    Some(node.evidence(Source::Event, format!("BGP not established with {list} ({}×)", told.event.times())))
}
