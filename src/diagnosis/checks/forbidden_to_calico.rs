use crate::diagnosis::check::{Check, Found};
use crate::diagnosis::code::Code;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::report::{Finding, Severity};
use crate::diagnosis::view::View;
use crate::diagnosis::{evidence, wording};
use crate::snapshot::inside::MarkKind;

pub const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::ForbiddenToCalico,
        title: "calico-node lacks rights in the Kubernetes API",
        means: "The service account of calico-node may not do what this release needs: the ClusterRole or the CRDs are older than the \
                image, or were changed. No probe or address setting helps.",
        detected: "The log of a node that is not Ready says \"… is forbidden: User \"system:serviceaccount:…:calico-node\" cannot …\".",
        confirm: "kubectl auth can-i list nodes --as=system:serviceaccount:NAMESPACE:calico-node",
        fix: "Apply the manifests (ClusterRole and CRDs) of the Calico release that the image has.",
    },
    run,
};

fn run(view: &View, found: &Found) -> Vec<Finding> {
    let nodes: Vec<_> = view
        .nodes
        .iter()
        .filter(|node| !found.is_culprit(node.name) && node.ready() != Some(true) && !node.misses_only_peers())
        .filter(|node| node.mark(MarkKind::Forbidden).is_some())
        .collect();
    if nodes.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = nodes.iter().map(|node| node.name.to_owned()).collect();
    let message = format!("calico-node on {} is forbidden what it needs from the Kubernetes API", wording::list(&names));
    let evidence = nodes.iter().filter_map(|node| evidence::of_mark(node, MarkKind::Forbidden)).collect();
    vec![Finding { code: Code::ForbiddenToCalico, severity: Severity::Error, nodes: names, message, evidence, fix: None }]
}
