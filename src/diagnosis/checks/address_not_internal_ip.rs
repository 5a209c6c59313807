use std::collections::HashMap;

use crate::calico::address::{self, Cidr};
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Finding, Severity};
use crate::model::{ClusterModel, NodeModel, Stored, phrases};
use crate::snapshot::family::Family;

pub const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::AddressNotInternalIp,
        title: "A node's Calico address is not its InternalIP",
        means: "Calico registered another address for the node than Kubernetes knows: a second network card, a VPN, a virtual IP, a public \
                address, or a bridge that could not be looked at. Peers use it as BGP address and as the end of tunnels. Where they \
                cannot reach it the sessions stay down; with VXLAN nothing turns red and the traffic between nodes is lost.",
        detected: "projectcalico.org/IPv4Address (or IPv6Address) is none of the node's InternalIPs of that family. Silent when most nodes \
                   keep their Calico addresses in another network on purpose and nothing suffers.",
        confirm: "kubectl get nodes -o custom-columns='NAME:.metadata.name,INTERNAL:.status.addresses[?(@.type==\"InternalIP\")].address,\
                  CALICO:.metadata.annotations.projectcalico\\.org/IPv4Address'",
        fix: "Set IP_AUTODETECTION_METHOD to a method that finds the right address on every node: kubernetes-internal-ip (from 3.22.4 and \
              3.23.2), can-reach=, or, when it is another network card, interface= or cidr= (these two do not help against a virtual IP \
              on the same card).",
    },
    run,
};

fn run(view: &ClusterModel, found: &EarlierFindings) -> Vec<Finding> {
    let mut findings = Vec::new();
    if view.install.detects_nothing() {
        return findings;
    }
    for family in Family::ALL {
        let apart = network_apart(view, family);
        for node in view.nodes.iter().filter(|node| !found.is_explained(node.name)) {
            let Some(stored) = node.stored(family) else { continue };
            if node.internal_ip(family).is_none() || node.internal_ips.contains(&stored.address()) {
                continue;
            }
            let severity = phrases::wrong_address_severity(view, node, family);
            let planned =
                stored.cidr.as_ref().is_some_and(|cidr| apart.network.as_ref().is_some_and(|apart| address::same_network(apart, cidr)));
            if (planned && view.install.runs_bird() == Some(false)) || ((planned || apart.is_usual) && severity == Severity::Warning) {
                continue;
            }
            findings.push(finding(view, node, family, stored, severity));
        }
    }
    findings
}

/// Somebody's plan: more than half of the nodes advertise something else than their InternalIPs.
struct Apart {
    is_usual: bool,
    /// They do so in one network, such as storage's.
    network: Option<Cidr>,
}

fn network_apart(view: &ClusterModel, family: Family) -> Apart {
    let mut networks: HashMap<Cidr, usize> = HashMap::new();
    let (mut known, mut apart) = (0, 0);
    for node in &view.nodes {
        let (Some(stored), Some(_)) = (node.stored(family), node.internal_ip(family)) else { continue };
        known += 1;
        if !node.internal_ips.contains(&stored.address()) {
            apart += 1;
            if let Some(cidr) = stored.cidr {
                *networks.entry(cidr.trunc()).or_default() += 1;
            }
        }
    }
    let is_most = |nodes: usize| nodes >= 2 && nodes * 2 > known;
    Apart { is_usual: is_most(apart), network: networks.into_iter().find(|(_, nodes)| is_most(*nodes)).map(|(network, _)| network) }
}

fn finding(view: &ClusterModel, node: &NodeModel, family: Family, stored: &Stored, severity: Severity) -> Finding {
    let mut shown = evidence::of_address(node, family, stored);
    shown.extend(evidence::of_sessions(view, node, family, stored.address()));
    let from = stored.held_by.as_ref().map(|held| format!(" from {}", held.interface)).unwrap_or_default();
    let guess = if address::is_docker_default(stored.address()) {
        ", which looks like a Docker bridge's"
    } else if stored.cidr.is_some_and(|cidr| cidr.prefix_len() == cidr.max_prefix_len()) {
        ", which looks like a virtual IP or a VPN's"
    } else {
        ""
    };
    let internal = node.internal_ip(family).map(|ip| ip.to_string()).unwrap_or_default();
    let message = format!("{} advertises {stored}{from}{guess}, but its InternalIP is {internal}", node.name);
    let nodes = vec![node.name.to_owned()];
    let fix = fixes::autodetection(view, family, &nodes);
    Finding { code: Code::AddressNotInternalIp, severity, nodes, message, evidence: shown, fix }
}
