use crate::autodetect::Ground;
use crate::calico::virtual_interfaces;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Finding, Source};
use crate::model::{NodeModel, phrases};
use crate::snapshot::family::Family;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::AddressOnVirtualInterface,
        title: "A node's Calico address is on an interface that other nodes cannot reach",
        means: "Calico registered the address of a bridge, a tunnel or another interface made by software as the node's own. Peers get it \
                as the node's BGP address and next hop, and nothing answers there. The sessions stay in Passive, Connect or Active, and \
                pod traffic to and from this node is lost. The default method, first-found, takes the last interface listed that no \
                exclusion hides, so a container's new bridge is enough, at the next restart or at the check every 60s.",
        detected: "The interface that has the stored address (ip addr, the annotation projectcalico.org/Interfaces, or the log line \
                   \"Using autodetected IPv4 address …\") is a known kind of virtual interface. Not reported where nodes are joined by \
                   such interfaces: their InternalIPs are there too, or the configured interface= names them.",
        confirm: "kubectl get node NODE -o jsonpath='{.metadata.annotations.projectcalico\\.org/IPv4Address}'\n\
                  kubectl exec -n NAMESPACE POD -c calico-node -- ip addr",
        fix: "Set an autodetection method that finds the right address on every node: IP_AUTODETECTION_METHOD=kubernetes-internal-ip \
              (from 3.22.4 and 3.23.2), can-reach=ADDRESS OF ANOTHER NODE, cidr=THE NODES' NETWORK (from 3.16.0) or interface=REGEX. \
              Removing the interface alone is not enough: the stored address stays until calico-node restarts on that node.",
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
    let held = stored.held_by.as_ref()?;
    let kind = virtual_interfaces::describe(&held.interface, held.kind.as_deref())?;
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
    let message = format!("{} uses {stored} ({}, {}){shared}{expected}", node.name, held.interface, phrases::made(kind));
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
