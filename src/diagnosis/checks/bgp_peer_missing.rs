use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::calico::expected_sessions::SessionOrigin;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::missing_peers::{self, MissingPeer};
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Fix, Severity, Source};
use crate::model::{NodeModel, phrases};
use crate::snapshot::family::Family;
use crate::snapshot::inspection::LogEventKind;
use crate::text::shell;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::BgpPeerMissing,
        title: "BIRD has no session for a peer that it should have",
        means: "The node-to-node mesh or a BGPPeer asks for this session, but BIRD's configuration on the node does not contain it. \
                confd did not write it. The node learns no routes from that peer. The pods stay Ready.",
        detected: "The expected sessions are computed as confd does it: nodeToNodeMeshEnabled, BGPPeers with their selectors and \
                   their reverse, route reflectors, both address families. They are compared with `show protocols` of each node. \
                   Nodes that just started, Windows nodes and nodes without calico-node are left out.\n\
                   Also reported: the mesh is off, and no BGPPeer selects a node, so it has no session. Most other nodes have \
                   sessions, and none uses VXLAN.",
        confirm: "kubectl exec -n NAMESPACE POD -c calico-node -- grep neighbor /etc/calico/confd/config/bird.cfg\n\
                  kubectl logs -n NAMESPACE POD -c calico-node | grep confd",
        fix: &[
            "- One node lacks peers: restart its calico-node. confd then writes everything again. Use: kubectl delete pod -n \
             NAMESPACE POD",
            "- Every node lacks them: read confd's lines in the log. Typical reasons are Typha, permissions and a template that fails.",
            "- No BGPPeer selects the node: give the node the label that the nodeSelector of the BGPPeer asks for.",
        ],
        restarts: "A deleted pod restarts calico-node on that node only. A label restarts nothing.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let mut found = missing_peers::collect(view, found);
    let silent: Vec<Finding> =
        Family::ALL.into_iter().filter_map(|family| everywhere(view, family, &found.take_everywhere(family))).collect();
    let mut lacking: BTreeMap<IpAddr, Vec<&NodeModel>> = BTreeMap::new();
    for (node, missing) in &found.by_node {
        missing.iter().for_each(|peer| lacking.entry(peer.address).or_default().push(node));
    }
    // A peer that most nodes lack is one finding.
    lacking.retain(|address, nodes| nodes.len() > 2 && 2 * nodes.len() > found.expected_by(*address));
    let apart = found.by_node.iter().filter_map(|(node, missing)| {
        let rest: Vec<&MissingPeer> = missing.iter().filter(|peer| !lacking.contains_key(&peer.address)).collect();
        about_node(view, node, &rest)
    });
    let apart: Vec<Finding> = apart.collect();
    let shared = lacking.iter().map(|(address, nodes)| about_peer(view, *address, nodes));
    let unselected = found.unselected.iter().map(|node| about_unselected(view, node));
    silent.into_iter().chain(shared).chain(apart).chain(unselected).collect()
}

/// No node has a session of this family.
fn everywhere(view: &Context, family: Family, by_node: &[(&NodeModel, Vec<MissingPeer>)]) -> Option<Finding> {
    let (first, missing) = by_node.first()?;
    let names: Vec<String> = by_node.iter().map(|(node, _)| node.name.to_owned()).collect();
    let expected = crate::text::count(missing.len(), "session");
    let verb = if names.len() == 1 { "has" } else { "have" };
    let message = format!(
        "{} {verb} no {}BGP session configured, expected {expected} on {} {}",
        phrases::list(&names),
        if view.uses(Family::V4) && view.uses(Family::V6) { format!("{family} ") } else { String::new() },
        first.name,
        origin(missing.iter().map(|peer| &peer.origin))
    );
    let evidence = by_node.iter().map(|(node, _)| node.evidence(Source::Birdcl, "show protocols lists no BGP session")).collect();
    let fix =
        fixes::startup_log(view, first).map(|fix| Fix { why: "confd's log lines give the reason. This changes nothing".to_owned(), ..fix });
    Some(Finding { code: Code::BgpPeerMissing, severity: Severity::Error, nodes: names, message, evidence, fix })
}

fn about_node(view: &Context, node: &NodeModel, missing: &[&MissingPeer]) -> Option<Finding> {
    if missing.is_empty() {
        return None;
    }
    let peers: Vec<String> = missing.iter().map(|peer| name(view, peer.address)).collect();
    let message = format!(
        "{} has no BGP session configured for {}, expected {}",
        node.name,
        phrases::items(&peers, "peer"),
        origin(missing.iter().map(|peer| &peer.origin))
    );
    let mut shown: Vec<Evidence> = missing.iter().flat_map(|peer| of_peer(view, node, peer.address)).collect();
    shown.extend(evidence::of_mark(node, LogEventKind::BgpUnexpectedPeer));
    let fix = fixes::restart_pod(view, node, "confd then configures every peer again");
    let nodes = vec![node.name.to_owned()];
    Some(Finding { code: Code::BgpPeerMissing, severity: Severity::Error, nodes, message, evidence: shown, fix })
}

fn about_peer(view: &Context, address: IpAddr, nodes: &[&NodeModel]) -> Finding {
    let names: Vec<String> = nodes.iter().map(|node| node.name.to_owned()).collect();
    let message = format!("{} have no BGP session configured for {}, expected on each", phrases::list(&names), name(view, address));
    let evidence = nodes.iter().flat_map(|node| of_peer(view, node, address)).collect();
    let fix = nodes
        .first()
        .and_then(|node| fixes::startup_log(view, node))
        .map(|fix| Fix { why: "confd's log lines give the reason. This changes nothing".to_owned(), ..fix });
    Finding { code: Code::BgpPeerMissing, severity: Severity::Error, nodes: names, message, evidence, fix }
}

fn about_unselected(view: &Context, node: &NodeModel) -> Finding {
    let peers: Vec<String> =
        view.snapshot.resources.bgp_peers.seen().into_iter().flatten().map(|peer| peer.metadata.name.clone()).collect();
    let command = shell::object_name(node.name).and_then(|name| shell::command(&["kubectl", "get", "node", name, "--show-labels"]));
    let why = format!("Compare the labels with the nodeSelector of BGPPeer {}. This changes nothing", phrases::items(&peers, "BGPPeer"));
    Finding {
        code: Code::BgpPeerMissing,
        severity: Severity::Error,
        nodes: vec![node.name.to_owned()],
        message: format!("{} has no BGP peer: the node-to-node mesh is off, and no BGPPeer selects the node", node.name),
        evidence: vec![node.evidence(Source::Birdcl, "show protocols lists no BGP session")],
        fix: command.map(|command| Fix::next_step(command, why)),
    }
}

/// What this node lists, and what the peer says of it.
fn of_peer(view: &Context, node: &NodeModel, address: IpAddr) -> Vec<Evidence> {
    let mut shown = vec![node.evidence(Source::Birdcl, format!("show protocols lists no BGP session with {address}"))];
    let family = Family::from_address(address);
    let own = node.stored(family).map(|stored| stored.address());
    let rows = view.peer(address).into_iter().flat_map(|peer| peer.bgp(family).down().iter().map(move |down| (peer, down)));
    shown.extend(rows.filter(|(_, down)| Some(down.session.address) == own).map(|(peer, down)| peer.evidence(down.source, down.row())));
    shown
}

fn name(view: &Context, address: IpAddr) -> String {
    view.peer(address).map_or_else(|| address.to_string(), |peer| format!("{} ({address})", peer.name))
}

fn origin<'o>(origins: impl Iterator<Item = &'o SessionOrigin>) -> String {
    let mut names: Vec<String> = Vec::new();
    for origin in origins {
        let text = match origin {
            SessionOrigin::Mesh => "the node-to-node mesh".to_owned(),
            SessionOrigin::BgpPeer(name) => format!("BGPPeer {name}"),
        };
        if !names.contains(&text) {
            names.push(text);
        }
    }
    format!("from {}", phrases::items(&names, "BGPPeer"))
}
