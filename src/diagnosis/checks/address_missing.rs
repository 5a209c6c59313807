use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::{NodeModel, phrases};
use crate::snapshot::family::Family;
use crate::snapshot::inspection::LogEventKind;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::AddressMissing,
        title: "A node has no Calico address",
        means: "calico-node runs on the node, but no address is stored for it. So no other node has a BGP session or a tunnel to it. \
                Autodetection found no address, or calico-node cleared the address after a conflict.",
        detected: "calico-node runs, but the Node has neither projectcalico.org/IPv4Address nor IPv6Address, and other nodes have \
                   one. The etcd datastore keeps no annotations, so it is not checked there.\n\
                   Not reported if autodetection is off on purpose (policy-only, canal), or if startup has a finding of its own.",
        confirm: "kubectl get node NODE -o yaml | grep projectcalico.org\n\
                  kubectl logs -n NAMESPACE POD -c calico-node | grep -i autodetect",
        fix: &[
            "If the configured method finds an address there now, restart calico-node on that node:",
            "  kubectl delete pod -n NAMESPACE POD",
            "Otherwise choose a method that finds an address on this node too:",
            "  kubectl calico-fix autodetect",
        ],
        restarts: "calico-node on that node. A new method restarts calico-node on every node.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    if !view.install.keeps_annotations() || view.install.detects_nothing() {
        return Vec::new();
    }
    let mut reported: Vec<Finding> = Vec::new();
    for family in Family::ALL {
        let named = |node: &NodeModel| reported.iter().any(|finding: &Finding| finding.nodes.iter().any(|name| name == node.name));
        let finding = of_family(view, found, family, named);
        reported.extend(finding);
    }
    reported
}

fn of_family(view: &Context, found: &EarlierFindings, family: Family, is_named: impl Fn(&NodeModel) -> bool) -> Option<Finding> {
    let annotated = |node: &&NodeModel| node.stored(family).is_some_and(|stored| stored.source == Source::Annotation);
    let having = view.nodes.iter().filter(annotated).count();
    // Nothing to compare with: no node has an address, so this cluster keeps none (etcd, policy-only), or no Node was read. An IPv6
    // address is missed only where it is detected on every node and most have one.
    let expected = match family {
        Family::V4 => having > 0,
        Family::V6 => having * 2 > view.nodes.len() && view.install.is_detected(Family::V6),
    };
    let lacks = |node: &&NodeModel| match family {
        Family::V4 => node.stored.iter().all(Option::is_none) || (view.install.is_detected(Family::V4) && node.stored(family).is_none()),
        Family::V6 => node.stored(family).is_none(),
    };
    let nodes: Vec<&NodeModel> = view
        .nodes
        .iter()
        .filter(|node| {
            expected && !found.is_explained(node.name) && !is_named(node) && node.node.is_some_and(|node| !node.metadata.tabular)
        })
        .filter(lacks)
        .filter(|node| node.ready() == Some(true) || view.is_settled(node))
        .collect();
    if nodes.is_empty() {
        return None;
    }
    let names: Vec<String> = nodes.iter().map(|node| node.name.to_owned()).collect();
    let mut shown = Vec::new();
    for node in &nodes {
        shown.push(node.evidence(Source::Annotation, format!("projectcalico.org/{family}Address: none")));
        shown.extend(evidence::of_mark(node, LogEventKind::AutodetectFailed));
        shown.extend(evidence::of_mark(node, LogEventKind::AddressCleared));
        shown.extend(evidence::of_leftover(view, node));
    }
    let message =
        format!("{} no Calico {family} address stored although calico-node runs there", phrases::with_verb(&names, "has", "have"));
    let fix = fixes::autodetection(view, family, &names);
    Some(Finding { code: Code::AddressMissing, severity: Severity::Error, nodes: names, message, evidence: shown, fix })
}
