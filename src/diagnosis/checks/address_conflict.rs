use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::autodetect::Verdict;
use crate::calico::environment::Value;
use crate::calico::startup_log::ExitReason;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::{EVERY_NODE, Explanation, SET_METHOD};
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::{NodeModel, natural, phrases};
use crate::snapshot::family::Family;
use crate::snapshot::inspection::LogEventKind;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::AddressConflict,
        title: "Two nodes claim one address",
        means: "Calico keeps one address for each node. If calico-node detects an address that another node already has, it clears \
                the stored address of its own node and exits. This repeats at every start. As long as two nodes hold the same \
                address, other nodes reach only one of them, or none.",
        detected: "projectcalico.org/IPv4Address (or IPv6Address) is the same on two nodes. Or the startup log of a node that is not \
                   Ready says \"Calico node 'N' is already using the IPv4 address A.\" Or a node's log says \"Using node name\" with the \
                   name of another node.",
        confirm: "kubectl describe nodes | grep -E '^Name:|projectcalico.org/IPv'\n\
                  kubectl logs -n NAMESPACE POD -c calico-node --previous | grep 'already using'",
        fix: &[
            "Most often every host has this address: it belongs to a Docker bridge, a NAT interface (10.0.2.15 with Vagrant) or a \
             virtual IP.",
            SET_METHOD,
            "If the other node no longer exists, delete its Node object.",
            "If a cloned host runs under its original's name: on that host remove /var/lib/calico/nodename, then delete its calico-node pod. \
             Better, set NODENAME from spec.nodeName in the DaemonSet.",
            "DISABLE_NODE_IP_CHECK only hides the conflict.",
        ],
        restarts: EVERY_NODE,
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let mut claims: BTreeMap<IpAddr, BTreeSet<&str>> = BTreeMap::new();
    let mut logged: BTreeMap<IpAddr, Vec<&NodeModel>> = BTreeMap::new();
    // What backend none leaves in the annotations is of another time.
    let is_current = !view.install.detects_nothing();
    for node in &view.nodes {
        for stored in node.stored.iter().flatten().filter(|_| is_current) {
            claims.entry(stored.address()).or_default().insert(node.name);
        }
        if !node.is_not_ready() {
            continue;
        }
        if let Some((_, ExitReason::Conflict { node: other, address })) = node.exit() {
            let Ok(address) = address.parse() else { continue };
            let claim = claims.entry(address).or_default();
            claim.insert(node.name);
            claim.extend(view.node(&other).map(|other| other.name));
            logged.entry(address).or_default().push(node);
        }
    }
    let mut findings = under_another_name(view);
    for (address, nodes) in claims {
        let logged = logged.remove(&address).unwrap_or_default();
        // A stale Node holds it: that finding names both.
        if nodes.iter().any(|node| found.is_explained(node)) {
            continue;
        }
        if nodes.len() > 1 || !logged.is_empty() {
            findings.push(finding(view, address, nodes, logged));
        }
    }
    findings
}

/// A cloned host brings the name of its original in /var/lib/calico/nodename, which counts where NODENAME is not set (node/pkg/lifecycle/utils,
/// `DetermineNodeName`): both hosts write their addresses to one node of Calico's.
fn under_another_name(view: &Context) -> Vec<Finding> {
    if view.install.environment().is_some_and(|environment| environment.get("NODENAME") != Value::Unset) {
        return Vec::new();
    }
    let finding = |node: &NodeModel| {
        let line = node.mark(LogEventKind::NodeName)?;
        let other = view.node(line.strip_prefix("Using node name: ")?.trim()).filter(|other| other.name != node.name)?;
        let message = format!(
            "calico-node on {} runs under the name {}, so both claim one set of addresses: /var/lib/calico/nodename there is another host's",
            node.name, other.name
        );
        let evidence = vec![node.evidence(Source::Log, line)];
        let nodes = vec![node.name.to_owned()];
        Some(Finding { code: Code::AddressConflict, severity: Severity::Error, nodes, message, evidence, fix: None })
    };
    view.nodes.iter().filter_map(finding).collect()
}

fn finding(view: &Context, address: IpAddr, names: BTreeSet<&str>, logged: Vec<&NodeModel>) -> Finding {
    let family = Family::from_address(address);
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    names.sort_by(|a, b| natural(a, b));
    let nodes: Vec<&NodeModel> = names.iter().filter_map(|name| view.node(name)).collect();
    let origin = nodes.iter().find_map(|node| phrases::origin_of(node, address)).map(|origin| format!(", {origin}")).unwrap_or_default();
    let gone = logged.iter().find_map(|node| match node.exit()?.1 {
        ExitReason::Conflict { node: other, .. } if view.snapshot.nodes.seen().is_some() && view.node(&other).is_none() => {
            let listed = view.snapshot.nodes.seen().into_iter().flatten().any(|node| node.metadata.name == other);
            Some(if listed { format!("{other}, which runs no calico-node") } else { format!("{other}, no node of this cluster") })
        }
        _ => None,
    });
    let mut shown = Vec::new();
    for node in &nodes {
        if let Some(stored) = node.stored(family).filter(|stored| stored.address() == address) {
            shown.extend(evidence::of_address(node, family, stored));
            shown.extend(evidence::of_sessions(view, node, family, address));
        }
    }
    for node in logged {
        let lines = node.exit().into_iter().flat_map(|(log, _)| &log.marks);
        shown.extend(lines.filter(|mark| phrases::tells_conflict(mark)).map(|mark| node.evidence(Source::Log, mark.text.clone())));
    }
    let message = match (nodes.as_slice(), gone) {
        ([node], Some(other)) => {
            format!("{} exits: {other}, still claims its {family} address {address}{origin}", node.name)
        }
        ([node], None) => match node.exit() {
            Some((_, ExitReason::Conflict { node: other, .. })) => {
                format!("{} exits: {other} already has its {family} address {address}{origin}", node.name)
            }
            _ => format!("{} claims the {family} address {address} of another node{origin}", node.name),
        },
        _ => format!("{} claim the same {family} address {address}{origin}", phrases::list(&names)),
    };
    // Where the address is the node's own, it is the other's record that is wrong.
    let own = matches!(nodes.as_slice(), [node] if node.internal_ips.contains(&address));
    let at_fault = at_fault(view, &nodes, family, address);
    let (names, message) = match at_fault.as_slice() {
        [] => (names, message),
        [first, ..] => {
            let owner = nodes.iter().find(|node| !at_fault.contains(&node.name)).map_or("", |node| node.name);
            let expected = view.node(first).and_then(|node| evidence::expected(view, node, family));
            let expected = expected.filter(|_| at_fault.len() == 1).map(|address| format!(", expected {address}")).unwrap_or_default();
            let at_fault: Vec<String> = at_fault.iter().map(|name| (*name).to_owned()).collect();
            let verb = phrases::with_verb(&at_fault, "uses", "use");
            let message = format!("{verb} the {family} address {address}, which is {owner}'s{origin}{expected}");
            (at_fault, message)
        }
    };
    let fix = if own { None } else { fixes::autodetection(view, family, &names) };
    Finding { code: Code::AddressConflict, severity: Severity::Error, nodes: names, message, evidence: shown, fix }
}

/// Of several nodes with one address stored those whose record is wrong, where exactly one node's is right.
fn at_fault<'a>(view: &Context<'a>, nodes: &[&NodeModel<'a>], family: Family, address: IpAddr) -> Vec<&'a str> {
    let claims = nodes.iter().all(|node| node.stored(family).is_some_and(|stored| stored.address() == address));
    let is_right = |node: &&&NodeModel| view.judgement(node, family).is_some_and(|judged| judged.verdict == Verdict::Right);
    if !claims || nodes.iter().filter(is_right).count() != 1 {
        return Vec::new();
    }
    nodes.iter().filter(|node| !is_right(node)).map(|node| node.name).collect()
}
