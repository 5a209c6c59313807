//! A row a node.

use super::Scope;
use crate::calico::session::{PeerKind, Session};
use crate::diagnosis::context::Context;
use crate::finding::code::Code;
use crate::finding::{Finding, NodeRow, SessionCount, SessionRow};
use crate::model::{NodeBgp, NodeModel};
use crate::observed::Observed;
use crate::parallel;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::Protocol;
use crate::startup::measure::Measurement;

pub(super) fn node_rows(view: &Context, findings: &[Finding], scope: &Scope) -> Vec<NodeRow> {
    let mut codes: std::collections::HashMap<&str, Vec<Code>> = std::collections::HashMap::new();
    for finding in findings {
        for node in &finding.nodes {
            let known = codes.entry(node).or_default();
            if !known.contains(&finding.code) {
                known.push(finding.code);
            }
        }
    }
    let shown: Vec<_> = view
        .nodes
        .iter()
        .zip(view.measured())
        .filter(|(node, _)| scope.nodes.as_ref().is_none_or(|wanted| wanted.contains(node.name)))
        .map(|(node, measured)| (node, measured, codes.remove(node.name).unwrap_or_default()))
        // it is one of the others
        .filter(|(node, _, codes)| !codes.is_empty() || node.pod.is_some() || !node.stands_for_another(view.snapshot))
        .collect();
    parallel::map(&shown, |_, (node, measured, codes)| row(view, node, measured, codes.clone(), scope.sessions))
}

fn row(view: &Context, node: &NodeModel, measured: &Measurement, findings: Vec<Code>, sessions: bool) -> NodeRow {
    let stored = |family| node.stored(family);
    let held = stored(Family::V4).or(stored(Family::V6)).and_then(|stored| stored.held_by.as_ref());
    NodeRow {
        name: node.name.to_owned(),
        pod: node.pod.map(|pod| pod.metadata.name.clone()),
        ready: node.ready(),
        address: stored(Family::V4).map(ToString::to_string),
        address6: stored(Family::V6).map(ToString::to_string),
        interface: held.map(|held| held.interface.clone()),
        internal_ips: node.internal_ips.iter().map(ToString::to_string).collect(),
        bgp4: count(node.bgp(Family::V4)),
        bgp6: count(node.bgp(Family::V6)),
        restarts: node.restarts(),
        start: measured.start,
        start_budget_seconds: measured.budget().and_then(|budget| u32::try_from(budget.as_secs()).ok()),
        findings,
        sessions: if sessions { all_sessions(view, node) } else { Vec::new() },
    }
}

fn count(bgp: &NodeBgp) -> Option<SessionCount> {
    bgp.seen().map(|sessions| SessionCount { established: sessions.established, total: sessions.total })
}

fn all_sessions(view: &Context, node: &NodeModel) -> Vec<SessionRow> {
    let Some(Observed::Seen(inside)) = node.inside else { return Vec::new() };
    let mut rows = Vec::new();
    for (family, bird) in [(Family::V4, &inside.bird4), (Family::V6, &inside.bird6)] {
        for protocol in bird.seen().into_iter().flat_map(|bird| &bird.protocols) {
            let Some(session) = Session::from_protocol(protocol, family) else {
                rows.extend((protocol.proto == "BGP").then(|| foreign(protocol, family)));
                continue;
            };
            rows.push(SessionRow {
                family: family.number(),
                peer_address: session.address.to_string(),
                peer_port: session.port,
                peer_node: view.peer(session.address).map(|peer| peer.name.to_owned()),
                peer_type: peer_type(session.kind).to_owned(),
                state: protocol.state.clone(),
                since: protocol.since.clone(),
                info: protocol.info.clone(),
            });
        }
    }
    rows
}

/// A row with a name of somebody's own, which stands for its address.
fn foreign(protocol: &Protocol, family: Family) -> SessionRow {
    SessionRow {
        family: family.number(),
        peer_address: protocol.name.clone(),
        peer_type: "not Calico's".to_owned(),
        state: protocol.state.clone(),
        since: protocol.since.clone(),
        info: protocol.info.clone(),
        ..SessionRow::default()
    }
}

/// calicoctl's words, calicoctl/calicoctl/commands/node/status.go; the last is hidden by it.
fn peer_type(kind: PeerKind) -> &'static str {
    match kind {
        PeerKind::Mesh => "node-to-node mesh",
        PeerKind::Node => "node specific",
        PeerKind::Global => "global",
        PeerKind::LocalWorkload => "local workload",
    }
}
