use crate::calico::family::Family;
use crate::diagnosis::check::{Check, Found};
use crate::diagnosis::code::Code;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::report::{Finding, Severity, Source};
use crate::diagnosis::view::{NodeView, View};
use crate::diagnosis::{evidence, remedy, wording};
use crate::snapshot::inside::MarkKind;

pub const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::AddressMissing,
        title: "A node has no Calico address",
        means: "calico-node runs on the node, but no address is stored for it: no peer makes a session with it, and no tunnel leads to it. \
                Detection found nothing, or the address was cleared after a conflict.",
        detected: "A running calico-node whose Node lacks projectcalico.org/IPv4Address (and IPv6Address) although other nodes have one. \
                   Only with the Kubernetes datastore: etcd keeps no annotations. Silent where nothing is detected on purpose \
                   (policy-only, canal) and where start-up has a finding of its own.",
        confirm: "kubectl get node NODE -o yaml | grep projectcalico.org\nkubectl logs -n NAMESPACE POD -c calico-node | grep -i autodetect",
        fix: "Choose an autodetection method that finds an address on this node too, and restart calico-node there.",
    },
    run,
};

fn run(view: &View, found: &Found) -> Vec<Finding> {
    // Nothing to compare with: no node has an address, so this cluster keeps none (etcd, policy-only), or no Node was read.
    let expected = view.nodes.iter().any(|node| node.stored.iter().flatten().any(|stored| stored.source == Source::Annotation));
    if !expected || !view.install.keeps_annotations() || view.install.detects_nothing() {
        return Vec::new();
    }
    let nodes: Vec<&NodeView> = view
        .nodes
        .iter()
        .filter(|node| {
            !found.is_culprit(node.name) && node.node.is_some_and(|node| !node.metadata.tabular) && node.stored.iter().all(Option::is_none)
        })
        .filter(|node| view.is_settled(node))
        .collect();
    if nodes.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = nodes.iter().map(|node| node.name.to_owned()).collect();
    let mut shown = Vec::new();
    for node in &nodes {
        shown.push(node.evidence(Source::Annotation, "projectcalico.org/IPv4Address: none"));
        shown.extend(evidence::of_mark(node, MarkKind::AutodetectFailed));
        shown.extend(evidence::of_mark(node, MarkKind::AddressCleared));
    }
    let message = format!("{} no Calico address stored although calico-node runs there", wording::subject(&names, "has", "have"));
    let fix = remedy::autodetection(view, Family::V4, &names);
    vec![Finding { code: Code::AddressMissing, severity: Severity::Error, nodes: names, message, evidence: shown, fix }]
}
