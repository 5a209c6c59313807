use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::log_line_finding;
use crate::finding::Finding;
use crate::finding::code::Code;
use crate::snapshot::inspection::LogEventKind;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::ForbiddenToCalico,
        title: "calico-node lacks permissions in the Kubernetes API",
        means: "The service account of calico-node lacks a permission that this release needs. The ClusterRole or the CRDs are older \
                than the image, or somebody changed them. No probe or address setting helps.",
        detected: "The log of a node that is not Ready says \"… is forbidden: User \"system:serviceaccount:…:calico-node\" cannot …\".",
        confirm: "kubectl auth can-i list nodes --as=system:serviceaccount:NAMESPACE:calico-node",
        fix: &[
            "Apply the ClusterRole and the CRDs from the manifests of the Calico release that the image has.",
            "If the API server does not serve EndpointSlices, upgrade Kubernetes, or run a Calico release that supports this \
             Kubernetes.",
        ],
        restarts: "Nothing, if you apply only the ClusterRole and the CRDs. calico-node tries again automatically. Another release \
                   restarts calico-node on every node, usually one at a time.",
    },
    run,
};

/// Of Kubernetes itself, not of a CRD (libcalico-go/lib/backend/k8s/resources/kubeendpointslice.go: discovery.k8s.io/v1beta1 in 3.22, v1 since 3.23).
const KUBERNETES_OWN: [(&str, &str); 2] = [("KubernetesEndpointSlice", "EndpointSlices"), ("KubernetesNetworkPolicy", "NetworkPolicies")];

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let mut findings = log_line_finding::finding(view, found, Code::ForbiddenToCalico, LogEventKind::Forbidden, |nodes, _| {
        format!("calico-node on {nodes} lacks a permission in the Kubernetes API")
    });
    let known: Vec<String> = findings.iter().flat_map(|finding| finding.nodes.clone()).collect();
    let mut unknown = log_line_finding::finding(view, found, Code::ForbiddenToCalico, LogEventKind::CrdMissing, |nodes, lines| {
        let kubernetes = KUBERNETES_OWN.iter().find(|(says, _)| !lines.is_empty() && lines.iter().all(|line| line.text.contains(says)));
        match kubernetes {
            Some((_, name)) => format!(
                "calico-node on {nodes} asks for {name}, which the API server does not serve: Kubernetes is older than this Calico release needs"
            ),
            None => {
                format!("calico-node on {nodes} asks for a resource that the API server does not know: its CRDs are older than the image")
            }
        }
    });
    unknown.retain(|finding| !finding.nodes.iter().any(|node| known.contains(node)));
    findings.extend(unknown);
    findings
}
