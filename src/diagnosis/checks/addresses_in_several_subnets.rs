use std::collections::HashMap;
use std::net::IpAddr;

use crate::calico::address::Cidr;
use crate::calico::virtual_interfaces;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::{ClusterModel, NodeModel, phrases};
use crate::snapshot::family::Family;

pub const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::AddressesInSeveralSubnets,
        title: "Some nodes use another network than the rest, although they have an address in it",
        means: "Hosts with several network cards: detection picked the management or storage network on some nodes and the cluster's on \
                others. Where no route joins the two, traffic between these nodes is lost; where one does, it takes the wrong way. \
                With VXLAN nothing turns red.",
        detected: "A node whose stored address is outside the network that most nodes use, while one of its own interfaces has an \
                   address inside it. Several subnets alone are no fault: racks and zones have their own.",
        confirm: "kubectl get nodes -o custom-columns='NAME:.metadata.name,CALICO:.metadata.annotations.projectcalico\\.org/IPv4Address'\n\
                  kubectl exec -n NAMESPACE POD -c calico-node -- ip -o addr",
        fix: "Set a method that picks the same network everywhere: cidr=NETWORK (from 3.16.0), interface=REGEX when the cards have \
              the same name on all hosts, or kubernetes-internal-ip when the InternalIPs are in it.",
    },
    run,
};

fn run(view: &ClusterModel, found: &EarlierFindings) -> Vec<Finding> {
    if view.install.detects_nothing() {
        return Vec::new();
    }
    Family::ALL.into_iter().filter_map(|family| finding(view, found, family)).collect()
}

fn finding(view: &ClusterModel, found: &EarlierFindings, family: Family) -> Option<Finding> {
    let common = most_used(view, family)?;
    let mut names = Vec::new();
    let mut shown = Vec::new();
    for node in view.nodes.iter().filter(|node| !found.is_explained(node.name)) {
        let Some(stored) = node.stored(family) else { continue };
        if common.contains(&stored.address()) {
            continue;
        }
        let Some((interface, inside)) = address_inside(node, &common) else { continue };
        names.push(node.name.to_owned());
        shown.extend(evidence::of_address(node, family, stored));
        shown.push(node.evidence(Source::Interfaces, format!("{interface} has {inside}, in the network that most nodes use")));
    }
    if names.is_empty() {
        return None;
    }
    let message =
        format!("{} outside {}, the network that most nodes use, but could use it", phrases::with_verb(&names, "is", "are"), common);
    let fix = fixes::network(view, family, common);
    Some(Finding { code: Code::AddressesInSeveralSubnets, severity: Severity::Warning, nodes: names, message, evidence: shown, fix })
}

/// The network of more than half of the nodes' addresses.
fn most_used(view: &ClusterModel, family: Family) -> Option<Cidr> {
    let cidrs: Vec<Cidr> = view.nodes.iter().filter_map(|node| node.stored(family)?.cidr).collect();
    let mut networks: HashMap<Cidr, usize> = HashMap::new();
    for cidr in &cidrs {
        *networks.entry(cidr.trunc()).or_default() += 1;
    }
    networks.into_iter().find(|(_, nodes)| *nodes >= 2 && nodes * 2 > cidrs.len()).map(|(network, _)| network)
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
