use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::autodetect::{Ground, Verdict};
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::evidence;
use crate::diagnosis::explain::Explanation;
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::{NodeModel, phrases};
use crate::snapshot::family::Family;
use crate::snapshot::inspection::Interface;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::NodeIpMisreported,
        title: "A node's InternalIP is wrong",
        means: "The kubelet or the cloud registered a wrong InternalIP. It belongs to a tunnel or to another node, or it is in \
                another network. Where Calico's own address is known, it works, so Calico needs no change. But kubectl logs and \
                exec, metrics and NodePorts use the InternalIP.",
        detected: "The BGP sessions, the interface and the network of the other nodes show that Calico's address is right. It is not \
                   one of the node's InternalIPs. Not reported if most nodes have their Calico addresses in a network of their own.\n\
                   Also reported if Calico's addresses were not seen and nodes that are Ready have the same InternalIP.",
        confirm: "kubectl get node NODE -o wide\n\
                  kubectl get node NODE -o yaml | grep projectcalico.org",
        fix: &[
            "Start the kubelet of that node with --node-ip=ADDRESS, where ADDRESS is Calico's address, or the one at which the other \
             nodes reach it. Or correct the cloud's configuration.",
            "Do not set kubernetes-internal-ip as autodetection method while the InternalIP is wrong.",
        ],
        restarts: "The kubelet of that node. Its pods keep running.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    if view.install.detects_nothing() {
        return Vec::new();
    }
    let of_family = |family| view.nodes.iter().filter_map(move |node| finding(view, node, family));
    let findings: Vec<Finding> = Family::ALL.into_iter().flat_map(of_family).collect();
    let mut findings: Vec<Finding> =
        findings.into_iter().filter(|finding| !finding.nodes.iter().any(|node| found.is_explained(node))).collect();
    findings.extend(Family::ALL.into_iter().flat_map(|family| shared(view, family)));
    findings
}

/// Nodes whose kubelets work and report one address; of a host that was renamed, one Node is silent. Where Calico's addresses are known,
/// they are judged, and those of the kubelet beside them.
fn shared(view: &Context, family: Family) -> Vec<Finding> {
    let mut claims: BTreeMap<IpAddr, Vec<&NodeModel>> = BTreeMap::new();
    for node in view.nodes.iter().filter(|node| node.kubelet_ready() == Some(true)) {
        if let Some(internal) = node.internal_ip(family) {
            claims.entry(internal).or_default().push(node);
        }
    }
    let is_open = |nodes: &[&NodeModel]| nodes.len() > 1 && nodes.iter().all(|node| node.stored(family).is_none());
    claims.into_iter().filter(|(_, nodes)| is_open(nodes)).map(|(internal, nodes)| of_one_address(internal, &nodes)).collect()
}

fn of_one_address(internal: IpAddr, nodes: &[&NodeModel]) -> Finding {
    let names: Vec<String> = nodes.iter().map(|node| node.name.to_owned()).collect();
    let from = phrases::given_by(internal);
    let reports = phrases::with_verb(&names, "reports", "report");
    Finding {
        code: Code::NodeIpMisreported,
        severity: Severity::Warning,
        message: format!("{reports} the same InternalIP {internal}{from} (set each kubelet's --node-ip)"),
        evidence: nodes.iter().map(|node| node.evidence(Source::Node, format!("InternalIP: {internal}"))).collect(),
        nodes: names,
        fix: None,
    }
}

fn finding(view: &Context, node: &NodeModel, family: Family) -> Option<Finding> {
    node.node?;
    let stored = node.stored(family)?;
    let internal = node.internal_ip(family).filter(|_| !node.internal_ips.contains(&stored.address()))?;
    let judged = view.judgement(node, family).filter(|judged| judged.verdict == Verdict::Right)?;
    let matrix = view.matrix(family);
    let distrust = matrix.nodes.iter().find(|row| row.name == node.name)?.internal_ips_unreliable.as_ref();
    // Sessions alone speak for an address that has left the common network: that is Calico's own oddity.
    let odd = judged.ground == Ground::Established
        && matrix.common.is_some_and(|common| common.contains(&internal) && !common.contains(&stored.address()));
    // An InternalIP on none of the interfaces may be translated on the way, so that alone proves nothing where most nodes have one.
    let holds = |one: &Interface| one.addresses.iter().any(|held| held.address == internal);
    let is_translated = node.interfaces().is_some_and(|interfaces| !interfaces.iter().any(holds));
    if (matrix.mostly_apart && (distrust.is_none() || is_translated)) || (odd && distrust.is_none()) {
        return None;
    }
    let own = format!("{}'s InternalIP {internal} is ", node.name);
    let why = distrust.map_or_else(String::new, |why| format!(" ({})", why.strip_prefix(&own).unwrap_or(why)));
    let message = format!(
        "{} reports the InternalIP {internal}{why}, expected {} (set the kubelet's --node-ip); Calico's own address is right",
        node.name,
        stored.address()
    );
    let mut shown = vec![node.evidence(Source::Node, format!("InternalIP: {internal}"))];
    shown.extend(evidence::of_address(node, family, stored));
    Some(Finding {
        code: Code::NodeIpMisreported,
        severity: Severity::Warning,
        nodes: vec![node.name.to_owned()],
        message,
        evidence: shown,
        fix: None,
    })
}
