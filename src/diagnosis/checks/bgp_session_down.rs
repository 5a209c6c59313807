use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::links::{self, Cause, Far, Link, Side};
use crate::finding::code::Code;
use crate::finding::{Finding, Severity};
use crate::model::{ClusterModel, natural, phrases};

pub const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::BgpSessionDown,
        title: "A BGP session is not established",
        means: "Two nodes, or a node and an outside peer, exchange no routes. Pods can be Ready all the same: half a minute after its start \
                a node counts as ready with a single session up.",
        detected: "BIRD's `show protocols` on both ends, joined with the nodes' addresses; without exec the readiness events and CalicoNodeStatus. \
                   Only sessions whose ends have no finding of their own. BIRD keeps the last error even after its cause has gone, \
                   and the end that waits (Passive) shows none: the reason is told from both ends.",
        confirm: "kubectl exec -n NAMESPACE POD -c calico-node -- birdcl -s /var/run/calico/bird.ctl show protocols all\n\
                  From the node: nc -vz PEER-ADDRESS 179",
        fix: "refused: is calico-node running there, does a firewall reject TCP 179? unreachable or no answer: routes, security groups, \
              TCP 179 both ways. AS numbers: BGPConfiguration, BGPPeer, the node's ASNumber. Port taken: stop the other BGP daemon or set \
              BGPConfiguration.listenPort. Node gone: delete its Node object (with etcd: calicoctl delete node). \
              Graceful restart: wait up to 240 s.",
    },
    run,
};

fn run(view: &ClusterModel, found: &EarlierFindings) -> Vec<Finding> {
    let mut by_node: BTreeMap<(Cause, String), Vec<Link>> = BTreeMap::new();
    let mut outside: BTreeMap<(Cause, IpAddr), Vec<Link>> = BTreeMap::new();
    let mut strays: Vec<Link> = Vec::new();
    let mut either: BTreeMap<Cause, Vec<Link>> = BTreeMap::new();
    for link in links::unexplained(view, found) {
        let (cause, side) = links::cause(&link);
        match (side, &link.far) {
            (Side::Near, _) => by_node.entry((cause, link.near.node.name.to_owned())).or_default().push(link),
            (_, Far::Outside(_)) if cause == Cause::NodeGone => strays.push(link),
            (_, Far::Outside(address)) => outside.entry((cause, *address)).or_default().push(link),
            (Side::Far, Far::Node(far)) => by_node.entry((cause, far.node.name.to_owned())).or_default().push(link),
            (Side::Either, Far::Node(_)) => either.entry(cause).or_default().push(link),
        }
    }
    for (cause, links) in either {
        for (node, links) in most_in_common(links) {
            by_node.entry((cause, node)).or_default().extend(links);
        }
    }
    let blamed = by_node.into_iter().map(|((cause, node), links)| about_node(cause, &node, &links));
    let lost = outside.into_iter().map(|((cause, address), links)| about_address(cause, address, &links));
    blamed.chain(lost).chain(about_strays(&strays)).collect()
}

/// Addresses left in the mesh that no node has: one finding, however many.
fn about_strays(links: &[Link]) -> Option<Finding> {
    let mut nodes: Vec<String> = links.iter().map(|link| link.near.node.name.to_owned()).collect();
    nodes.dedup();
    let mut addresses: Vec<IpAddr> = links.iter().filter_map(Link::outside).collect();
    addresses.sort_unstable();
    addresses.dedup();
    let (verb, what) = match addresses.as_slice() {
        [] => return None,
        [one] => ("is", format!("{one}: no node has that address")),
        [first, .., last] => ("are", format!("{} addresses ({first} to {last}) that no node has", addresses.len())),
    };
    let sessions = if links.len() == 1 { "The BGP session" } else { "BGP sessions" };
    let message = format!("{sessions} of {} {verb} down towards {what}", phrases::list(&nodes));
    Some(finding(Cause::NodeGone, nodes, message, links))
}

/// Which end is to blame cannot be told from one session: the node that most of them have in common.
fn most_in_common<'v, 'a>(mut links: Vec<Link<'v, 'a>>) -> Vec<(String, Vec<Link<'v, 'a>>)> {
    let mut groups = Vec::new();
    while !links.is_empty() {
        let mut share: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
        for end in links.iter().flat_map(|link| link.ends()) {
            let entry = share.entry(end.node.name).or_insert((0, end.node.is_not_ready()));
            entry.0 += 1;
        }
        let best = share.into_iter().max_by(|(a, left), (b, right)| left.cmp(right).then_with(|| natural(b, a)));
        let Some(node) = best.map(|(name, _)| name.to_owned()) else { break };
        let (own, rest): (Vec<_>, Vec<_>) = links.into_iter().partition(|link| link.ends().any(|end| end.node.name == node));
        groups.push((node, own));
        links = rest;
    }
    groups
}

fn about_node(cause: Cause, node: &str, links: &[Link]) -> Finding {
    let peers: Vec<String> = links
        .iter()
        .map(|link| {
            let other = link.ends().find(|end| end.node.name != node).map(|end| end.node.name.to_owned());
            other.unwrap_or_else(|| match &link.far {
                Far::Outside(address) => address.to_string(),
                Far::Node(far) => far.node.name.to_owned(),
            })
        })
        .collect();
    let told = matches!(links::cause(&links[0]).1, Side::Near | Side::Far);
    let nodes = match links {
        [_] if !told => vec![node.to_owned(), peers[0].clone()],
        _ => vec![node.to_owned()],
    };
    let message = format!("BGP between {node} and {} is down: {}", phrases::list(&peers), cause.phrase());
    finding(cause, nodes, message, links)
}

fn about_address(cause: Cause, address: IpAddr, links: &[Link]) -> Finding {
    let nodes: Vec<String> = links.iter().map(|link| link.near.node.name.to_owned()).collect();
    let message = format!("BGP between {} and {address} is down: {}", phrases::list(&nodes), cause.phrase());
    finding(cause, nodes, message, links)
}

fn finding(cause: Cause, nodes: Vec<String>, message: String, links: &[Link]) -> Finding {
    let severity = if cause == Cause::GracefulRestart { Severity::Warning } else { Severity::Error };
    let mut evidence: Vec<_> = links.iter().flat_map(Link::evidence).collect();
    evidence.dedup();
    Finding { code: Code::BgpSessionDown, severity, nodes, message, evidence, fix: None }
}
