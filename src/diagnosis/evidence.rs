//! Evidence that several checks show: what says that a node has this address, and who suffers from it.

use std::net::IpAddr;

use crate::autodetect::{Matrix, Verdict};
use crate::calico::events::EventKind;
use crate::diagnosis::context::Context;
use crate::finding::{Evidence, Source};
use crate::model::{NodeModel, Stored, phrases};
use crate::snapshot::family::Family;
use crate::snapshot::inspection::{GracefulRestart, LogEventKind};

/// The stored address beside the InternalIP, the interface that has it, and the log line that chose it.
pub(crate) fn of_address(node: &NodeModel, family: Family, stored: &Stored) -> Vec<Evidence> {
    let beside = match node.internal_ip(family) {
        Some(internal) => format!(" (InternalIP: {internal})"),
        None => String::new(),
    };
    let what = match stored.source {
        _ if stored.inferred_from.is_some() => {
            let reporter = stored.inferred_from.as_deref().unwrap_or_default();
            Some(format!("{reporter} has a session with {stored}, the only peer address that belongs to no other node{beside}"))
        }
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
    // It is the reason why calico-node ends there.
    let taken = of_mark(node, LogEventKind::AddressConflict).filter(|mark| mark.text.contains(&stored.address().to_string()));
    evidence.extend(taken);
    evidence
}

/// The address that the node should have: what the configured method finds there, else another one, where that is right; else a credible
/// InternalIP.
pub(crate) fn expected(view: &Context, node: &NodeModel, family: Family) -> Option<IpAddr> {
    let matrix = view.matrix(family);
    let (at, row) = matrix.nodes.iter().enumerate().find(|(_, row)| row.name == node.name)?;
    let right = |matrix: &Matrix| {
        let cells = matrix.columns.iter().filter_map(|column| column.cells.get(at)).filter(|cell| cell.verdict == Verdict::Right);
        cells.filter_map(|cell| cell.outcome.found()).map(|found| found.address).next()
    };
    let found = right(matrix).or_else(|| right(view.matrix_of_all_methods(family)));
    found.or_else(|| node.internal_ip(family).filter(|_| row.internal_ips_unreliable.is_none()))
}

/// Peers that still dial an address which no node has stored and which is on an interface of this node.
pub(crate) fn of_leftover(view: &Context, node: &NodeModel) -> Vec<Evidence> {
    let held = node.seen_interfaces().flat_map(|one| one.addresses.iter().map(move |held| (one, held.address)));
    let left = held
        .filter(|(_, address)| view.holders(*address).next().is_none() && view.peer(*address).is_some_and(|peer| peer.name == node.name));
    let tell = left.filter_map(|(interface, address)| {
        let peers: Vec<String> =
            view.down_towards(address).map(|(other, _)| other.name.to_owned()).filter(|name| *name != node.name).collect();
        let list = phrases::list(&peers);
        let verb = if peers.len() == 1 { "peers" } else { "peer" };
        (!peers.is_empty()).then(|| {
            node.evidence(Source::Interfaces, format!("{} on {} has {address}, with which {list} still {verb}", interface.name, node.name))
        })
    });
    tell.collect()
}

/// What this node and its peers say about sessions with it: symptoms, shown under the cause.
pub(crate) fn of_sessions(view: &Context, node: &NodeModel, family: Family, address: IpAddr) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = view
        .down_towards(address)
        .filter(|(other, _)| other.name != node.name)
        .map(|(other, down)| other.evidence(down.source, down.row()))
        .collect();
    let own = node.bgp(family);
    evidence.extend(own.down().iter().map(|down| node.evidence(down.source, down.row())));
    if let Some(restart) = own.seen().and_then(|sessions| sessions.graceful_restart) {
        evidence.push(node.evidence(Source::Birdcl, graceful_restart(restart)));
    }
    evidence.extend(of_events(view, node, address));
    evidence
}

/// BIRD's timer counts down: it tells what is left (BIRD 1.6 `nest/proto.c`, `graceful_restart_show_status`).
pub(crate) fn graceful_restart(restart: &GracefulRestart) -> String {
    let peers = crate::text::count(usize::try_from(restart.waiting_for).unwrap_or_default(), "peer");
    format!(
        "graceful restart: waiting for {peers}, {}s left of {}s; the node keeps its old routes until then",
        restart.timer, restart.limit
    )
}

/// Readiness events that name the address, and the node's own.
fn of_events(view: &Context, node: &NodeModel, address: IpAddr) -> Vec<Evidence> {
    view.nodes
        .iter()
        .filter(|other| other.is_not_ready())
        .filter_map(|other| {
            let (told, family, peers) = other.not_established()?;
            if other.name != node.name && !peers.contains(&address) {
                return None;
            }
            let list = phrases::addresses(peers);
            let daemon = match family {
                Family::V4 => "BIRD",
                Family::V6 => "BIRD6",
            };
            Some(other.evidence(Source::Event, format!("{daemon} is not ready: BGP not established with {list} ({}×)", told.event.times())))
        })
        .collect()
}

/// The newest line of this kind in the node's logs.
pub(crate) fn of_mark(node: &NodeModel, kind: LogEventKind) -> Option<Evidence> {
    node.mark(kind).map(|text| node.evidence(Source::Log, text))
}

/// The newest event of this kind, with how often it was told.
pub(crate) fn of_event(node: &NodeModel, matches: impl Fn(&EventKind) -> bool) -> Option<Evidence> {
    // that several volumes are not there yet says nothing of the one that fails
    let is_vague =
        |kind: &EventKind| matches!(kind, EventKind::SetupFailed { text } if text.starts_with("Unable to attach or mount volumes"));
    let told = node.last_event(&matches)?;
    let telling = || node.last_event(|kind| matches(kind) && matches!(kind, EventKind::SetupFailed { .. }) && !is_vague(kind));
    let told = if is_vague(&told.kind) { telling().unwrap_or(told) } else { told };
    // a probe's message holds a time and is never the same twice; that of a volume is
    let is_same = |kind: &EventKind| match &told.kind {
        EventKind::SetupFailed { .. } => *kind == told.kind,
        other => std::mem::discriminant(kind) == std::mem::discriminant(other),
    };
    let times = node.times(|kind| matches(kind) && is_same(kind));
    let message = told.event.message.trim();
    let shown = if message.is_empty() { told.event.reason.as_str() } else { message };
    Some(node.evidence(Source::Event, format!("{shown} ({times}×)")))
}
