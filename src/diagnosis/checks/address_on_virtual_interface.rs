use crate::autodetect::Ground;
use crate::calico::virtual_interfaces;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::{EVERY_NODE, Explanation, SET_METHOD};
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Finding, Source};
use crate::model::{NodeModel, phrases};
use crate::snapshot::family::Family;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::AddressOnVirtualInterface,
        title: "A node's Calico address is on an interface that other nodes cannot reach",
        means: "Calico stored the address of a bridge, a tunnel or another software interface as the node's own address. The other \
                nodes use it for BGP sessions and as next hop, but they cannot reach it. The BGP sessions stay in Passive, Connect or \
                Active. Pod traffic to and from this node is lost.\n\
                The default method, first-found, takes the last interface in the list that no exclusion hides. So one new bridge of a \
                container is enough. It is picked at the next restart, or at the check every 60s.",
        detected: "The interface that has the stored address is a known kind of virtual interface. Its name comes from `ip addr`, the \
                   annotation projectcalico.org/Interfaces, or the log line \"Using autodetected IPv4 address …\". Where none of them \
                   was seen: the address is one that Docker, libvirt, Podman or LXC gives to its bridge on every host, and most nodes \
                   are in another network.\n\
                   Not reported if nodes are connected by such interfaces: the InternalIPs are on them too, or the configured interface= \
                   names them.",
        confirm: "kubectl describe node NODE | grep -E 'InternalIP|projectcalico.org/IPv'\n\
                  kubectl exec -n NAMESPACE POD -c calico-node -- ip addr",
        fix: &[SET_METHOD, "Removing the bridge is not enough. The stored address stays until calico-node restarts on that node."],
        restarts: EVERY_NODE,
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let mut findings = Vec::new();
    if view.install.detects_nothing() {
        return findings;
    }
    for family in Family::ALL {
        for node in view.nodes.iter().filter(|node| !found.is_explained(node.name)) {
            findings.extend(finding(view, node, family));
        }
    }
    findings
}

fn finding(view: &Context, node: &NodeModel, family: Family) -> Option<Finding> {
    let stored = node.stored(family)?;
    view.judgement(node, family).filter(|judged| judged.ground == Ground::Interface)?;
    let place = match (&stored.held_by, &stored.cidr) {
        (Some(held), _) => {
            let kind = virtual_interfaces::describe(&held.interface, held.kind.as_deref())?;
            format!("{}, {}", held.interface, phrases::made(kind))
        }
        (None, cidr) => format!("the usual address of {}", phrases::made(virtual_interfaces::usual_bridge(cidr.as_ref()?)?)),
    };
    let mut shown = evidence::of_address(node, family, stored);
    shown.extend(evidence::of_sessions(view, node, family, stored.address()));
    let twins = others_with(view, node, stored.address());
    shown.extend(
        twins.iter().map(|(twin, interface)| twin.evidence(Source::Interfaces, format!("{interface} has {} too", stored.address()))),
    );
    let shared = match twins.len() {
        0 => String::new(),
        1 => ", which another node has too".to_owned(),
        count => format!(", which {count} other nodes have too"),
    };
    let expected = evidence::expected(view, node, family).map(|address| format!(", expected {address}")).unwrap_or_default();
    let message = format!("{} uses {stored} ({place}){shared}{expected}", node.name);
    let nodes = vec![node.name.to_owned()];
    let fix = fixes::autodetection(view, family, &nodes);
    Some(Finding {
        code: Code::AddressOnVirtualInterface,
        severity: phrases::wrong_address_severity(view, node, family),
        nodes,
        message,
        evidence: shown,
        fix,
    })
}

/// Hosts that own the same address without advertising it: sessions to it end at themselves.
fn others_with<'v, 'a>(view: &'v Context<'a>, node: &NodeModel, address: std::net::IpAddr) -> Vec<(&'v NodeModel<'a>, &'a str)> {
    let has = |other: &NodeModel<'a>| {
        let interfaces = other.interfaces()?;
        interfaces.iter().find(|interface| interface.addresses.iter().any(|held| held.address == address)).map(|held| held.name.as_str())
    };
    view.nodes.iter().filter(|other| other.name != node.name).filter_map(|other| Some((other, has(other)?))).collect()
}
