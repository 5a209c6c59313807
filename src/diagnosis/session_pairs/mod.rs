//! Sessions that are down, joined at both ends: one pair per two nodes, or per node and outside peer.
//!
//! `collect` finds the pairs, `down_cause` says why and who is to blame, `phrase` puts that into words.

mod cause;
mod phrase;
mod registered;

use std::collections::BTreeMap;
use std::net::IpAddr;

pub(super) use cause::{Blame, Cause, down_cause};
pub(super) use phrase::{phrase, remote_name, unmanaged};
pub(super) use registered::{is_container_bridge, suspects, who_registered};

use super::check::EarlierFindings;
use crate::calico::events::EventKind;
use crate::calico::session::PeerKind;
use crate::diagnosis::context::Context;
use crate::finding::code::Code;
use crate::finding::{Evidence, Source};
use crate::model::{DownSession, NodeBgp, NodeModel};
use crate::snapshot::family::Family;
use crate::snapshot::inspection::LogEventKind;
use crate::snapshot::objects::Node;

pub(super) struct SessionPair<'v, 'a> {
    pub family: Family,
    /// The node that reports it; of two, the first by name.
    pub near: Endpoint<'v, 'a>,
    pub far: Remote<'v, 'a>,
}

pub(super) struct Endpoint<'v, 'a> {
    pub node: &'v NodeModel<'a>,
    /// `None` where this end could not be asked or says nothing.
    pub row: Option<&'v DownSession<'a>>,
}

pub(super) enum Remote<'v, 'a> {
    Node(Endpoint<'v, 'a>),
    /// An address of the reporting node itself: another program there.
    Itself(IpAddr),
    /// A Node object without calico-node, such as a Windows node or one whose pod is gone.
    Unmanaged {
        node: &'a Node,
        address: IpAddr,
    },
    /// A peer of the mesh that no Node object has: sure only where all nodes were read.
    Orphan(IpAddr),
    /// A peer outside this cluster.
    Outside(IpAddr),
}

type Key = (Family, String, String);

/// All pairs that are down and have had the time to come up, and whose ends have no finding yet.
pub(super) fn unexplained<'v, 'a>(view: &'v Context<'a>, found: &EarlierFindings) -> Vec<SessionPair<'v, 'a>> {
    // A calico-node that does not run has no sessions, and a finding of its own.
    let mut pairs = collect(view, &|node| found.is_explained(node.name) || !view.can_have_sessions(node));
    // A session with a dead node does not come up, whoever restarts.
    let in_progress =
        |pair: &SessionPair| pair.ends().any(|end| view.is_settling(end.node)) && !pair.ends().any(|end| end.node.kubelet_is_silent());
    pairs.retain(|pair| !in_progress(pair) && !is_missing_peer(found, pair));
    pairs
}

/// Nodes that were (re)started a moment ago and have sessions that are not up yet.
pub(super) fn settling<'v>(view: &'v Context<'_>) -> Vec<&'v str> {
    let pairs = collect(view, &|_| false);
    let mut names: Vec<&str> =
        pairs.iter().flat_map(SessionPair::ends).map(|end| end.node).filter(|node| view.is_settling(node)).map(|node| node.name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The finding about the end that lacks the session says it all.
fn is_missing_peer(found: &EarlierFindings, pair: &SessionPair) -> bool {
    let Remote::Node(far) = &pair.far else { return false };
    let lacks = |end: &Endpoint, other: &Endpoint| {
        found.names(Code::BgpPeerMissing, end.node.name) && end.node.lists_session_with(other.node, pair.family) == Some(false)
    };
    lacks(&pair.near, far) || lacks(far, &pair.near)
}

fn collect<'v, 'a>(view: &'v Context<'a>, skip: &dyn Fn(&NodeModel) -> bool) -> Vec<SessionPair<'v, 'a>> {
    let mut pairs: BTreeMap<Key, SessionPair> = BTreeMap::new();
    for node in view.nodes.iter().filter(|node| !skip(node)) {
        for family in Family::ALL {
            // A workload that speaks BGP comes and goes with its pod.
            for (address, kind, row) in lost(node, family).into_iter().filter(|(_, kind, _)| *kind != PeerKind::LocalWorkload) {
                let far = view.peer(address).filter(|far| far.name != node.name);
                match far {
                    Some(far) if skip(far) => {}
                    Some(far) => add_nodes(&mut pairs, family, node, row, far),
                    None => {
                        let key = (family, node.name.to_owned(), address.to_string());
                        let far = not_a_calico_node(view, node, address, kind);
                        pairs.insert(key, SessionPair { family, near: Endpoint { node, row }, far });
                    }
                }
            }
        }
    }
    pairs.into_values().collect()
}

fn not_a_calico_node<'v, 'a>(view: &'v Context<'a>, node: &NodeModel<'a>, address: IpAddr, kind: PeerKind) -> Remote<'v, 'a> {
    // An address of the mesh that the node has too is another node's: a Docker bridge has the same one everywhere.
    if address.is_loopback() || (kind != PeerKind::Mesh && node.is_own_address(address)) {
        return Remote::Itself(address);
    }
    match view.unmanaged(address) {
        Some(node) => Remote::Unmanaged { node, address },
        None if kind == PeerKind::Mesh && knows_every_address(view, node, Family::from_address(address)) => Remote::Orphan(address),
        None => Remote::Outside(address),
    }
}

/// An address is nobody's only where those of all other nodes are known: a table of nodes may not show them.
pub(super) fn knows_every_address(view: &Context, reporter: &NodeModel, family: Family) -> bool {
    let is_known = |node: &NodeModel| {
        let has_internal_ip = node.internal_ips.iter().any(|address| Family::from_address(*address) == family);
        let is_read = node.node.is_some_and(|node| !node.metadata.tabular);
        is_read || has_internal_ip || node.stored(family).is_some()
    };
    view.snapshot.nodes.seen().is_some() && view.nodes.iter().filter(|node| node.name != reporter.name).all(is_known)
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

fn add_nodes<'v, 'a>(
    pairs: &mut BTreeMap<Key, SessionPair<'v, 'a>>,
    family: Family,
    node: &'v NodeModel<'a>,
    row: Option<&'v DownSession<'a>>,
    far: &'v NodeModel<'a>,
) {
    let in_order = node.name <= far.name;
    let (first, second) = if in_order { (node, far) } else { (far, node) };
    let pair = pairs.entry((family, first.name.into(), second.name.into())).or_insert_with(|| SessionPair {
        family,
        near: Endpoint { node: first, row: None },
        far: Remote::Node(Endpoint { node: second, row: None }),
    });
    if in_order {
        pair.near.row = row;
    } else if let Remote::Node(end) = &mut pair.far {
        end.row = row;
    }
}

impl<'v, 'a> SessionPair<'v, 'a> {
    pub(super) fn ends(&self) -> impl Iterator<Item = &Endpoint<'v, 'a>> {
        let far = match &self.far {
            Remote::Node(end) => Some(end),
            _ => None,
        };
        std::iter::once(&self.near).chain(far)
    }

    /// The address of a remote that is no node of Calico's.
    pub(super) fn address(&self) -> Option<IpAddr> {
        match self.far {
            Remote::Itself(address) | Remote::Unmanaged { address, .. } | Remote::Orphan(address) | Remote::Outside(address) => {
                Some(address)
            }
            Remote::Node(_) => None,
        }
    }

    /// Of the node-to-node mesh, as far as BIRD's row or an event tells.
    pub(super) fn is_of_mesh(&self) -> bool {
        self.near.row.is_none_or(|row| row.session.kind == PeerKind::Mesh)
    }

    /// The session does not leave the node.
    pub(super) fn is_local(&self) -> bool {
        matches!(self.far, Remote::Itself(_))
    }

    /// Each end's own words, the readiness event where BIRD could not be asked, and what its log says of BGP.
    pub(super) fn evidence(&self) -> Vec<Evidence> {
        let mut evidence = Vec::new();
        for end in self.ends() {
            match end.row {
                Some(row) => evidence.push(end.node.evidence(row.source, row.row())),
                None => evidence.extend(event(end.node)),
            }
            if end.row.is_none() && end.node.is_not_ready() {
                evidence.extend(super::evidence::of_event(end.node, |fact| matches!(fact, EventKind::ProbeErrored { .. })));
            }
            if let Some(restart) = end.node.bgp(self.family).seen().and_then(|sessions| sessions.graceful_restart) {
                evidence.push(end.node.evidence(Source::Birdcl, super::evidence::graceful_restart(restart)));
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
