use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::calico::session::has_calico_name;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::fixes;
use crate::diagnosis::session_pairs::{self, Blame, Cause, Remote, SessionPair};
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::{NodeModel, natural, phrases};
use crate::snapshot::family::Family;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::BgpSessionDown,
        title: "A BGP session is not established",
        means: "Two nodes, or a node and an outside peer, exchange no routes. Pod traffic between them may be lost. The pods can be \
                Ready anyway: half a minute after its start, a node counts as ready with a single session.",
        detected: "BIRD's `show protocols` is read on both ends and joined with the nodes' addresses. Without exec, the readiness \
                   events and CalicoNodeStatus are used. Sessions whose ends have a finding of their own are left out.\n\
                   BIRD keeps the last error after its cause has gone, and the end that waits (Passive) shows no error. So the reason \
                   comes from both ends.",
        confirm: "kubectl exec -n NAMESPACE POD -c calico-node -- birdcl -s /var/run/calico/bird.ctl show protocols all\n\
                  On the node: nc -vz PEER-ADDRESS 179",
        fix: &[
            "The finding names the reason:",
            "- Refused: check that calico-node runs on the peer, and that no firewall rejects TCP port 179.",
            "- Unreachable or no answer: check routes and security groups. Open TCP port 179 in both directions.",
            "- BIRD's own message (\"Received: …\", \"BGP Error: …\"): the peer answered, so the network works. Compare router IDs, \
             AS numbers, hold times and passwords. AS numbers are in BGPConfiguration, BGPPeer and the node's ASNumber.",
            "- The kernel refused a password (Kernel MD5 auth failed): raise net.core.optmem_max on that node if other sessions with \
             passwords are up there. Otherwise its kernel lacks TCP MD5, or the password is longer than 80 characters.",
            "- Port taken: stop the other BGP daemon, or set listenPort in BGPConfiguration.",
            "- Node gone: delete its Node object. With the etcd datastore use calicoctl delete node.",
            "- Graceful restart: wait until its timer ends, at most 240s.",
        ],
        restarts: "Nothing. BIRD connects again automatically.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let mut by_node: BTreeMap<(Cause, String), Vec<SessionPair>> = BTreeMap::new();
    let mut outside: BTreeMap<(Cause, IpAddr), Vec<SessionPair>> = BTreeMap::new();
    let mut alone: Vec<(Cause, SessionPair)> = Vec::new();
    let mut orphans: Vec<SessionPair> = Vec::new();
    let mut either: BTreeMap<Cause, Vec<SessionPair>> = BTreeMap::new();
    for pair in session_pairs::unexplained(view, found) {
        let (cause, blame) = session_pairs::down_cause(view, &pair);
        match (blame, &pair.far) {
            (_, Remote::Itself(_)) => alone.push((cause, pair)),
            (Blame::Near, _) => by_node.entry((cause, pair.near.node.name.to_owned())).or_default().push(pair),
            (_, Remote::Orphan(_)) if cause == Cause::NodeGone => orphans.push(pair),
            (_, Remote::Orphan(address) | Remote::Outside(address) | Remote::Unmanaged { address, .. }) => {
                outside.entry((cause, *address)).or_default().push(pair);
            }
            (Blame::Far, Remote::Node(far)) => by_node.entry((cause, far.node.name.to_owned())).or_default().push(pair),
            (Blame::Either, Remote::Node(_)) => either.entry(cause).or_default().push(pair),
        }
    }
    for (cause, pairs) in either {
        for (node, pairs) in most_in_common(pairs) {
            by_node.entry((cause, node)).or_default().extend(pairs);
        }
    }
    for (cause, node, pairs) in of_one_reporter(view, &mut outside) {
        by_node.entry((cause, node)).or_default().extend(pairs);
    }
    let blamed = by_node.into_iter().map(|((cause, node), pairs)| about_node(view, cause, &node, &pairs));
    let lost = outside.into_iter().map(|((cause, _), pairs)| about_address(view, cause, &pairs));
    let local = alone.into_iter().map(|(cause, pair)| about_address(view, cause, &[pair]));
    blamed.chain(lost).chain(local).chain(about_orphans(view, &orphans)).chain(masked(view, found)).collect()
}

type ByAddress<'v, 'a> = BTreeMap<(Cause, IpAddr), Vec<SessionPair<'v, 'a>>>;

/// Takes out peers of the mesh that one node alone reports, several for one cause: they have that node in common.
fn of_one_reporter<'v, 'a>(view: &Context<'a>, outside: &mut ByAddress<'v, 'a>) -> Vec<(Cause, String, Vec<SessionPair<'v, 'a>>)> {
    let reporters: BTreeSet<&str> = outside.values().flatten().map(|pair| pair.near.node.name).collect();
    let [reporter] = reporters.iter().collect::<Vec<_>>()[..] else { return Vec::new() };
    let reporter = (*reporter).to_owned();
    let mut by_cause: BTreeMap<Cause, Vec<(Cause, IpAddr)>> = BTreeMap::new();
    for ((cause, address), pairs) in outside.iter() {
        let in_mesh = pairs.iter().all(|pair| matches!(pair.far, Remote::Outside(_)) && pair.is_of_mesh());
        if in_mesh && !session_pairs::is_container_bridge(view, *address) {
            by_cause.entry(*cause).or_default().push((*cause, *address));
        }
    }
    by_cause.retain(|_, keys| keys.len() > 1);
    by_cause
        .into_iter()
        .map(|(cause, keys)| (cause, reporter.clone(), keys.iter().filter_map(|key| outside.remove(key)).flatten().collect()))
        .collect()
}

/// Sessions of Calico's whose addresses somebody has masked.
fn masked(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let about = |node: &NodeModel| {
        let rows = Family::ALL.into_iter().filter_map(|family| node.bgp(family).seen()).flat_map(|sessions| &sessions.foreign);
        let down: Vec<_> = rows.filter(|row| !row.is_established && has_calico_name(&row.protocol.name)).collect();
        let says = down.first().map(|row| row.protocol.info.trim())?;
        let what = crate::text::count(down.len(), "BGP session");
        let verb = if down.len() == 1 { "is" } else { "are" };
        let message = format!("{what} of {} {verb} down. The peers' addresses cannot be read. BIRD says \"{says}\"", node.name);
        let evidence = down.iter().map(|row| node.evidence(Source::Birdcl, row.row())).collect();
        let nodes = vec![node.name.to_owned()];
        Some(Finding { code: Code::BgpSessionDown, severity: Severity::Error, nodes, message, evidence, fix: None })
    };
    view.nodes.iter().filter(|node| !found.is_explained(node.name) && !view.is_settling(node)).filter_map(about).collect()
}

/// Addresses left in the mesh that no node has: one finding, however many.
fn about_orphans(view: &Context, pairs: &[SessionPair]) -> Option<Finding> {
    let mut nodes: Vec<String> = pairs.iter().map(|pair| pair.near.node.name.to_owned()).collect();
    nodes.dedup();
    let mut addresses: Vec<IpAddr> = pairs.iter().filter_map(SessionPair::address).collect();
    addresses.sort_unstable();
    addresses.dedup();
    let (verb, what) = match addresses.as_slice() {
        [] => return None,
        [one] => ("is", format!("{one}: no node has that address")),
        [first, .., last] => ("are", format!("{} addresses ({first} to {last}) that no node has", addresses.len())),
    };
    let sessions = if pairs.len() == 1 { "The BGP session" } else { "BGP sessions" };
    let message = format!("{sessions} of {} {verb} down towards {what}", phrases::list(&nodes));
    let suspects = session_pairs::suspects(view, pairs);
    let Some(who) = session_pairs::who_registered(&suspects, addresses.first().copied()) else {
        return Some(finding(Cause::NodeGone, nodes, message, pairs));
    };
    let fix = fixes::compare_addresses(pairs.first().map_or(Family::V4, |pair| pair.family));
    let nodes = if let [only] = suspects.as_slice() { vec![(*only).to_owned()] } else { nodes };
    Some(Finding { fix: Some(fix), ..finding(Cause::NodeGone, nodes, format!("{message}. {who}"), pairs) })
}

/// Groups pairs whose blame is not known by the node that most of them have in common.
fn most_in_common<'v, 'a>(mut pairs: Vec<SessionPair<'v, 'a>>) -> Vec<(String, Vec<SessionPair<'v, 'a>>)> {
    let mut groups = Vec::new();
    while !pairs.is_empty() {
        let mut share: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
        for end in pairs.iter().flat_map(|pair| pair.ends()) {
            let entry = share.entry(end.node.name).or_insert((0, end.node.is_not_ready()));
            entry.0 += 1;
        }
        let best = share.into_iter().max_by(|(a, left), (b, right)| left.cmp(right).then_with(|| natural(b, a)));
        let Some(node) = best.map(|(name, _)| name.to_owned()) else { break };
        let (own, rest): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|pair| pair.ends().any(|end| end.node.name == node));
        groups.push((node, own));
        pairs = rest;
    }
    groups
}

fn about_node(view: &Context, cause: Cause, node: &str, pairs: &[SessionPair]) -> Finding {
    let other = |pair: &SessionPair| {
        let end = pair.ends().find(|end| end.node.name != node).map(|end| end.node.name.to_owned());
        end.unwrap_or_else(|| session_pairs::remote_name(pair))
    };
    let peers: Vec<String> = pairs.iter().map(other).collect();
    let is_blamed = pairs.first().is_some_and(|pair| session_pairs::down_cause(view, pair).1 != Blame::Either);
    let nodes = match peers.as_slice() {
        [peer] if !is_blamed => vec![node.to_owned(), peer.clone()],
        _ => vec![node.to_owned()],
    };
    let bgp = protocol(view, pairs);
    let message = format!("{bgp} between {node} and {} is down: {}", phrases::list(&peers), session_pairs::phrase(view, cause, pairs));
    let fix = view.node(node).and_then(|node| match cause {
        Cause::OtherAs if is_blamed => fixes::as_number(view, node),
        Cause::NotSeen => fixes::ask_bird(view, node),
        _ => None,
    });
    Finding { fix, ..finding(cause, nodes, message, pairs) }
}

/// Where nodes have two families the one that is down is named: the other may be up between the same nodes.
fn protocol(view: &Context, pairs: &[SessionPair]) -> String {
    let families: BTreeSet<Family> = pairs.iter().map(|pair| pair.family).collect();
    match families.first() {
        Some(family) if families.len() == 1 && view.uses(family.other()) => format!("{family} BGP"),
        _ => "BGP".to_owned(),
    }
}

/// A peer that is no node of Calico's, with the nodes that report it.
fn about_address(view: &Context, cause: Cause, pairs: &[SessionPair]) -> Finding {
    let nodes: Vec<String> = pairs.iter().map(|pair| pair.near.node.name.to_owned()).collect();
    let peer = pairs.first().map(session_pairs::remote_name).unwrap_or_default();
    let why = match pairs.first().map(|pair| &pair.far) {
        Some(Remote::Unmanaged { node, address }) => session_pairs::unmanaged(node, *address),
        _ => session_pairs::phrase(view, cause, pairs),
    };
    let message = format!("{} between {} and {peer} is down: {why}", protocol(view, pairs), phrases::list(&nodes));
    // The pasted output of one host tells nothing of the other nodes, but such an address is no machine's own.
    let bridge = pairs.first().and_then(SessionPair::address).filter(|address| session_pairs::is_container_bridge(view, *address));
    let knows = |address: &IpAddr| {
        pairs.iter().all(|pair| session_pairs::knows_every_address(view, pair.near.node, Family::from_address(*address)))
    };
    match bridge.filter(|address| !knows(address)) {
        Some(address) => Finding {
            fix: Some(fixes::compare_addresses(Family::from_address(address))),
            ..finding(
                cause,
                nodes,
                format!("{message}. Docker gives its bridges this address: a node has probably registered it in place of its own"),
                pairs,
            )
        },
        None => finding(cause, nodes, message, pairs),
    }
}

fn finding(cause: Cause, nodes: Vec<String>, message: String, pairs: &[SessionPair]) -> Finding {
    let severity = if matches!(cause, Cause::GracefulRestart | Cause::Changing) { Severity::Warning } else { Severity::Error };
    let mut evidence: Vec<_> = pairs.iter().flat_map(SessionPair::evidence).collect();
    evidence.dedup();
    Finding { code: Code::BgpSessionDown, severity, nodes, message, evidence, fix: None }
}
