use std::net::IpAddr;

use crate::autodetect::Ground;
use crate::calico::address::Cidr;
use crate::calico::virtual_interfaces;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::{EVERY_NODE, Explanation, SET_METHOD};
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::{NodeModel, phrases};
use crate::snapshot::family::Family;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::AddressesInSeveralSubnets,
        title: "Some nodes use an address outside the other nodes' network, although they have one in it",
        means: "These hosts have several network cards. Autodetection took the management or storage network on some nodes, and the \
                cluster's network on the others. Without a route between the two networks, traffic between these nodes is lost. With \
                VXLAN the pods stay Ready.",
        detected: "The stored address of a node is outside the network that most nodes use. One of its interfaces has an address \
                   inside that network. The BGP sessions of the node are not established.\n\
                   Several subnets alone are not a fault: racks and zones have their own.",
        confirm: "kubectl describe nodes | grep -E '^Name:|projectcalico.org/IPv'\n\
                  kubectl exec -n NAMESPACE POD -c calico-node -- ip -o addr",
        fix: &[
            SET_METHOD,
            "interface=REGEX fits only if the cards have the same name on all hosts. kubernetes-internal-ip fits only if the \
             InternalIPs are in the cluster's network.",
        ],
        restarts: EVERY_NODE,
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    if view.install.detects_nothing() {
        return Vec::new();
    }
    Family::ALL.into_iter().filter(|family| view.uses(*family)).filter_map(|family| finding(view, found, family)).collect()
}

fn finding(view: &Context, found: &EarlierFindings, family: Family) -> Option<Finding> {
    let matrix = view.matrix(family);
    let common = matrix.common?;
    let mut names = Vec::new();
    let mut shown = Vec::new();
    let mut able = true;
    for (node, row) in view.nodes.iter().zip(&matrix.nodes).filter(|(node, _)| !found.is_explained(node.name)) {
        let Some(stored) = node.stored(family).filter(|_| row.judgement.ground == Ground::Elsewhere) else { continue };
        names.push(node.name.to_owned());
        shown.extend(evidence::of_address(node, family, stored));
        let inside = address_inside(node, &common);
        able &= inside.is_some();
        if let Some((interface, inside)) = inside {
            shown.push(node.evidence(Source::Interfaces, format!("{interface} has {inside}, in the network that most nodes use")));
        }
    }
    if names.is_empty() {
        return None;
    }
    let could = if able { ", but could use it" } else { "" };
    let message = format!("{} outside {common}, the network that most nodes use{could}", phrases::with_verb(&names, "is", "are"));
    let fix = fixes::autodetection(view, family, &names).or_else(|| fixes::network(view, family, common));
    // The kubelet chose the same address: the networks may well be joined, and sessions that are down have a finding of their own.
    let hurts = |node: &NodeModel| {
        let agreed = node.stored(family).is_some_and(|stored| node.internal_ips.contains(&stored.address()));
        !agreed && phrases::wrong_address_severity(view, node, family) == Severity::Error
    };
    let severity = if names.iter().filter_map(|name| view.node(name)).any(hurts) { Severity::Error } else { Severity::Warning };
    Some(Finding { code: Code::AddressesInSeveralSubnets, severity, nodes: names, message, evidence: shown, fix })
}

fn address_inside(node: &NodeModel, network: &Cidr) -> Option<(String, IpAddr)> {
    node.interfaces()?
        .iter()
        .filter(|interface| virtual_interfaces::describe(&interface.name, interface.kind.as_deref()).is_none())
        .find_map(|interface| {
            let held = interface.addresses.iter().find(|held| network.contains(&held.address))?;
            Some((interface.name.clone(), held.address))
        })
}
