use crate::autodetect::Ground;
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
        code: Code::AddressNotOnNode,
        title: "A node's Calico address is on none of its interfaces",
        means: "Somebody edited the stored address, or the host lost it. Examples are DHCP, a virtual IP that moved, and a bridge \
                that was removed. Other nodes send routes and tunnel traffic to an address that the node does not have.",
        detected: "`ip addr` in the node's calico-node does not list projectcalico.org/IPv4Address (or IPv6Address). No BGP session \
                   is established over that address, and autodetection is on.",
        confirm: "kubectl describe node NODE | grep -E 'InternalIP|projectcalico.org/IPv'\n\
                  kubectl exec -n NAMESPACE POD -c calico-node -- ip addr",
        fix: &[
            "Restart calico-node on that node. It detects its address at every start:",
            "  kubectl delete pod -n NAMESPACE POD",
            "If the configured method finds nothing there, choose another method:",
            "  kubectl calico-fix autodetect",
        ],
        restarts: "calico-node on that node. A new method restarts calico-node on every node.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let mut findings = Vec::new();
    for family in Family::ALL.into_iter().filter(|family| view.install.is_detected(*family)) {
        for node in view.nodes.iter().filter(|node| !found.is_explained(node.name)) {
            findings.extend(finding(view, node, family));
        }
    }
    findings
}

fn finding(view: &Context, node: &NodeModel, family: Family) -> Option<Finding> {
    let stored = node.stored(family)?;
    view.judgement(node, family).filter(|judged| judged.ground == Ground::Absent)?;
    let mut shown = evidence::of_address(node, family, stored);
    shown.push(node.evidence(Source::Interfaces, format!("none has {}", stored.address())));
    shown.extend(evidence::of_sessions(view, node, family, stored.address()));
    let nodes = vec![node.name.to_owned()];
    let expected = evidence::expected(view, node, family).map(|address| format!(", expected {address}")).unwrap_or_default();
    let message = format!("{} uses {stored}, which is on none of its interfaces{expected}", node.name);
    let fix = fixes::autodetection(view, family, &nodes);
    Some(Finding {
        code: Code::AddressNotOnNode,
        severity: phrases::wrong_address_severity(view, node, family),
        nodes,
        message,
        evidence: shown,
        fix,
    })
}
