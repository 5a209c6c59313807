use crate::calico::tunnel_addresses::{wireguard_address, wireguard_interface, wireguard_key};
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::{Explanation, ONE_NODE};
use crate::diagnosis::fixes;
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Severity, Source};
use crate::model::NodeModel;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::Interface;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::WireguardAddressMissing,
        title: "A node's WireGuard interface has no address",
        means: "The node announces its WireGuard key, so other nodes encrypt what they send to it. But its own WireGuard interface \
                has no address. So its pods reach no pod on another node. All pods stay Ready.",
        detected: "The Node has projectcalico.org/WireguardPublicKey but no projectcalico.org/IPv4WireguardInterfaceAddr, and other \
                   nodes have both. For IPv6 these are WireguardPublicKeyV6 and IPv6WireguardInterfaceAddr. Or wireguard.cali has no \
                   address on the node, and has one on another.\n\
                   Not reported if no node has such an address, as with another plugin's IPAM.",
        confirm: "kubectl get node NODE -o yaml | grep -i wireguard\n\
                  kubectl exec -n NAMESPACE POD -c calico-node -- ip addr show wireguard.cali",
        fix: &[
            "Restart calico-node on that node:",
            "  kubectl delete pod -n NAMESPACE POD",
            "If the address is still missing, look in its log for errors of the tunnel address allocator. Check that the IP pools \
             have free addresses.",
        ],
        restarts: ONE_NODE,
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let of_family = |family| {
        let complete = view.nodes.iter().any(|node| announces(node, family) && has_address(node, family));
        let lacking = view.nodes.iter().filter(move |node| complete && announces(node, family) && !has_address(node, family));
        lacking.filter(|node| node.ready() == Some(true) || view.is_settled(node)).map(move |node| finding(view, node, family))
    };
    let mut findings: Vec<Finding> = Family::ALL.into_iter().flat_map(of_family).collect();
    findings.extend(Family::ALL.into_iter().flat_map(|family| by_interfaces(view, family)));
    findings.into_iter().filter(|finding| !finding.nodes.iter().any(|node| found.is_explained(node))).collect()
}

/// Nodes whose Node objects were not seen, by what their interfaces show.
fn by_interfaces<'v>(view: &'v Context, family: Family) -> impl Iterator<Item = Finding> + 'v {
    let interface = move |node: &NodeModel<'v>| node.seen_interfaces().find(|one| one.name == wireguard_interface(family));
    let has = move |one: &Interface| one.addresses.iter().any(|held| Family::from_address(held.address) == family);
    let complete = view.nodes.iter().any(|node| interface(node).is_some_and(has));
    let lacking = view.nodes.iter().filter(move |node| complete && node.node.is_none_or(|own| own.metadata.annotations.is_empty()));
    lacking.filter(move |node| interface(node).is_some_and(|one| !has(one))).map(move |node| about(view, node, family, Vec::new()))
}

fn annotated(node: &NodeModel, name: &str) -> bool {
    node.node.and_then(|node| node.metadata.annotations.get(name)).is_some_and(|value| !value.is_empty())
}

fn announces(node: &NodeModel, family: Family) -> bool {
    annotated(node, wireguard_key(family))
}

fn has_address(node: &NodeModel, family: Family) -> bool {
    annotated(node, wireguard_address(family))
}

fn finding(view: &Context, node: &NodeModel, family: Family) -> Finding {
    let shown = vec![
        node.evidence(Source::Annotation, format!("{}: announced", wireguard_key(family))),
        node.evidence(Source::Annotation, format!("{}: none", wireguard_address(family))),
    ];
    about(view, node, family, shown)
}

fn about(view: &Context, node: &NodeModel, family: Family, mut shown: Vec<Evidence>) -> Finding {
    let interface = node.seen_interfaces().find(|one| one.name == wireguard_interface(family));
    if let Some(interface) = interface.filter(|one| !one.addresses.iter().any(|held| Family::from_address(held.address) == family)) {
        shown.push(node.evidence(Source::Interfaces, format!("{} has no {family} address", interface.name)));
    }
    let announces = if announces(node, family) { "announces a WireGuard key, but its" } else { "uses WireGuard, but its" };
    let message = format!(
        "{} {announces} {} has no {family} address, expected one: its pods reach no pod on other nodes",
        node.name,
        wireguard_interface(family)
    );
    let fix = fixes::restart_pod(view, node, "The next start assigns the tunnel address again");
    let nodes = vec![node.name.to_owned()];
    Finding { code: Code::WireguardAddressMissing, severity: Severity::Error, nodes, message, evidence: shown, fix }
}
