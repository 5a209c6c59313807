//! Evidence that several checks show: what says that a node has this address, and who suffers from it.

use std::net::IpAddr;

use super::report::{Evidence, Source};
use super::view::{NodeView, Stored, View};
use super::wording;
use crate::autodetect::Verdict;
use crate::calico::event_text::EventKind;
use crate::calico::family::Family;
use crate::snapshot::inside::MarkKind;

/// The stored address beside the InternalIP, the interface that has it, and the log line that chose it.
pub fn of_address(node: &NodeView, family: Family, stored: &Stored) -> Vec<Evidence> {
    let beside = match node.internal_ip(family) {
        Some(internal) => format!(" (InternalIP: {internal})"),
        None => String::new(),
    };
    let what = match stored.source {
        Source::Annotation => Some(format!("projectcalico.org/{family}Address: {stored}{beside}")),
        Source::Birdcl => Some(format!("router id: {stored}{beside}")),
        _ => None,
    };
    let mut evidence: Vec<Evidence> = what.into_iter().map(|what| node.evidence(stored.source, what)).collect();
    if let Some(held) = stored.held_by.as_ref().filter(|held| held.source != Source::Log) {
        let kind = held.kind.as_deref().map(|kind| format!(" ({kind})")).unwrap_or_default();
        evidence.push(node.evidence(held.source, format!("{} has {stored}{kind}", held.interface)));
    }
    let chosen = node.detections().find(|(_, detection)| detection.address == stored.address());
    if let Some((text, _)) = chosen {
        evidence.push(node.evidence(Source::Log, text));
    }
    evidence
}

/// The address that the node should have: what the configured method finds there, else another one, where that is right; else a credible
/// InternalIP.
pub fn expected(view: &View, node: &NodeView, family: Family) -> Option<IpAddr> {
    let matrix = view.matrix(family);
    let at = matrix.nodes.iter().position(|row| row.name == node.name)?;
    let right = matrix.columns.iter().filter_map(|column| column.cells.get(at)).filter(|cell| cell.verdict == Verdict::Right);
    let found = right.filter_map(|cell| cell.outcome.found()).map(|found| found.address).next();
    found.or_else(|| node.internal_ip(family).filter(|_| matrix.nodes[at].distrust.is_none()))
}

/// Peers that still dial an address which no node has stored and which is on an interface of this node.
pub fn of_leftover(view: &View, node: &NodeView) -> Vec<Evidence> {
    let held = node.interfaces().into_iter().flatten().flat_map(|one| one.addresses.iter().map(move |held| (one, held.address)));
    let left = held
        .filter(|(_, address)| view.holders(*address).next().is_none() && view.peer(*address).is_some_and(|peer| peer.name == node.name));
    let tell = left.filter_map(|(interface, address)| {
        let peers: Vec<String> =
            view.down_towards(address).map(|(other, _)| other.name.to_owned()).filter(|name| *name != node.name).collect();
        let list = wording::list(&peers);
        let verb = if peers.len() == 1 { "peers" } else { "peer" };
        (!peers.is_empty())
            .then(|| node.evidence(Source::Interfaces, format!("{} has {address}, with which {list} still {verb}", interface.name)))
    });
    tell.collect()
}

/// What this node and its peers say about sessions with it: symptoms, shown under the cause.
pub fn of_sessions(view: &View, node: &NodeView, family: Family, address: IpAddr) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = view
        .down_towards(address)
        .filter(|(other, _)| other.name != node.name)
        .map(|(other, down)| other.evidence(down.source, down.row()))
        .collect();
    let own = node.bgp(family);
    evidence.extend(own.down().iter().map(|down| node.evidence(down.source, down.row())));
    if let Some(restart) = own.seen().and_then(|sessions| sessions.graceful_restart) {
        let text = format!(
            "graceful restart: waiting for {} peers, {} of {} s; the node keeps its old routes until then",
            restart.waiting_for, restart.timer, restart.limit
        );
        evidence.push(node.evidence(Source::Birdcl, text));
    }
    evidence.extend(of_events(view, node, address));
    evidence
}

/// Readiness events that name the address, and the node's own.
fn of_events(view: &View, node: &NodeView, address: IpAddr) -> Vec<Evidence> {
    view.nodes
        .iter()
        .filter(|other| other.is_not_ready())
        .filter_map(|other| {
            let (told, family, peers) = other.not_established()?;
            if other.name != node.name && !peers.contains(&address) {
                return None;
            }
            let list = wording::addresses(peers);
            let daemon = match family {
                Family::V4 => "BIRD",
                Family::V6 => "BIRD6",
            };
            Some(other.evidence(Source::Event, format!("{daemon} is not ready: BGP not established with {list} ({}×)", told.event.times())))
        })
        .collect()
}

/// The newest line of this kind in the node's logs.
pub fn of_mark(node: &NodeView, kind: MarkKind) -> Option<Evidence> {
    node.mark(kind).map(|text| node.evidence(Source::Log, text))
}

/// The newest event of this kind, with how often it was told.
pub fn of_event(node: &NodeView, matches: impl Fn(&EventKind) -> bool) -> Option<Evidence> {
    let told = node.last_event(&matches)?;
    let times = node.times(&matches);
    let message = told.event.message.trim();
    let shown = if message.is_empty() { told.event.reason.as_str() } else { message };
    Some(node.evidence(Source::Event, format!("{shown} ({times}×)")))
}
