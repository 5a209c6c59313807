use crate::autodetect::{Ground, Judgement};
use crate::calico::address;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::{EVERY_NODE, Explanation, SET_METHOD};
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Finding, Severity};
use crate::model::{NodeModel, Stored, phrases};
use crate::snapshot::family::Family;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::AddressNotInternalIp,
        title: "A node's Calico address is not its InternalIP",
        means: "Calico stored another address for the node than Kubernetes knows. It may belong to a second network card, a VPN, a \
                virtual IP, a public address, or a bridge that could not be inspected. Other nodes use it for BGP sessions and \
                tunnels. If they cannot reach it, the BGP sessions stay down. With VXLAN the pods stay Ready, but traffic between \
                nodes is lost.",
        detected: "projectcalico.org/IPv4Address (or IPv6Address) is not one of the node's InternalIPs, and nothing else shows that \
                   the address is right.\n\
                   Not reported if sessions are established over it, or if every node follows an explicit method. Also not reported \
                   if most nodes have their Calico addresses in a network of their own.",
        confirm: "kubectl describe nodes | grep -E '^Name:|InternalIP|projectcalico.org/IPv'",
        fix: &[SET_METHOD, "Against a virtual IP on the same card, interface= and cidr= do not help."],
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
            let Some(stored) = node.stored(family) else { continue };
            let Some(judged) = view.judgement(node, family) else { continue };
            let is_wrong = matches!(judged.ground, Ground::NotInternalIp | Ground::SideBySide | Ground::HostOnly | Ground::Interface)
                || (judged.ground == Ground::Elsewhere && has_left(view, node, family, stored));
            if is_wrong || is_odd(view, node, family, judged, stored) {
                findings.push(finding(view, node, family, stored, is_wrong));
            }
        }
    }
    findings
}

/// Its sessions are established, but it alone has left the network that the others and its own InternalIP are in. Works now; no change is
/// proposed.
fn is_odd(view: &Context, node: &NodeModel, family: Family, judged: &Judgement, stored: &Stored) -> bool {
    judged.ground == Ground::Established && !view.matrix(family).mostly_apart && has_left(view, node, family, stored)
}

/// The node's InternalIP is in the network that most nodes use, and its stored address is not.
fn has_left(view: &Context, node: &NodeModel, family: Family, stored: &Stored) -> bool {
    let Some(common) = view.matrix(family).common else { return false };
    node.internal_ip(family).is_some_and(|internal| common.contains(&internal)) && !common.contains(&stored.address())
}

fn finding(view: &Context, node: &NodeModel, family: Family, stored: &Stored, is_wrong: bool) -> Finding {
    let mut shown = evidence::of_address(node, family, stored);
    shown.extend(evidence::of_sessions(view, node, family, stored.address()));
    let from = stored.held_by.as_ref().map(|held| format!(" from {}", held.interface)).unwrap_or_default();
    let external = node.node.is_some_and(|node| node.addresses("ExternalIP").any(|ip| ip.parse() == Ok(stored.address())));
    let guess = if external {
        " (its ExternalIP)"
    } else if address::is_docker_default(stored.address()) {
        " (probably a Docker bridge)"
    } else if stored.cidr.is_some_and(|cidr| cidr.prefix_len() == cidr.max_prefix_len()) {
        " (probably a virtual IP or a VPN)"
    } else {
        ""
    };
    let internal = node.internal_ip(family).map_or_else(String::new, |ip| format!(", expected its InternalIP {ip}"));
    let message = format!("{} uses {stored}{from}{guess}{internal}", node.name);
    let nodes = vec![node.name.to_owned()];
    let fix = if is_wrong { fixes::autodetection(view, family, &nodes) } else { None };
    let severity = if is_wrong { phrases::wrong_address_severity(view, node, family) } else { Severity::Warning };
    Finding { code: Code::AddressNotInternalIp, severity, nodes, message, evidence: shown, fix }
}
