use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::{EVERY_NODE, Explanation};
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Severity, Source};
use crate::model::{NodeModel, phrases};
use crate::startup::container_run::RunEnd;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::OutOfMemory,
        title: "calico-node ran out of memory",
        means: "The kernel killed calico-node because its memory limit, or the memory of the node, was used up. The need grows with \
                nodes, pods and policies, and it is largest during startup. No probe setting helps.",
        detected: "The container's last state is terminated with reason OOMKilled. The node is not Ready, or it happened within the \
                   last hour.",
        confirm: "kubectl describe pod -n NAMESPACE POD | grep -A6 'Last State'\n\
                  kubectl top pod -n NAMESPACE POD --containers",
        fix: &[
            "Raise or remove the memory limit:",
            "  kubectl set resources daemonset/calico-node -n NAMESPACE -c calico-node --limits=memory=SIZE",
            "Under the tigera-operator, set it in Installation instead: spec.calicoNodeDaemonSet…containers[calico-node].resources.",
            "In a large cluster, put Typha between calico-node and the API server.",
        ],
        restarts: EVERY_NODE,
    },
    run,
};

const RECENT: i64 = 3600;

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    view.nodes.iter().filter(|node| !found.is_explained(node.name)).filter_map(|node| finding(view, node)).collect()
}

fn finding(view: &Context, node: &NodeModel) -> Option<Finding> {
    let ready = node.ready() == Some(true);
    let recent =
        || node.ended().and_then(|ended| ended.finished_at).is_some_and(|at| view.snapshot.taken_at.duration_since(at).as_secs() < RECENT);
    if (ready && !recent()) || !view.measurement(node)?.has(RunEnd::OutOfMemory) {
        return None;
    }
    let mut evidence = vec![node.evidence(Source::Pod, "the container that ran before was OOMKilled")];
    evidence.extend(phrases::restarts(node));
    let limit = view.install.container.and_then(|container| container.resources.limits.get("memory"));
    let text = limit.map(|limit| format!("calico-node's memory limit is {limit}"));
    evidence.extend(text.clone().map(|text| Evidence { source: Source::DaemonSet, node: None, text }));
    Some(Finding {
        code: Code::OutOfMemory,
        severity: if ready { Severity::Warning } else { Severity::Error },
        nodes: vec![node.name.to_owned()],
        message: format!("calico-node on {} ran out of memory{}", node.name, text.map(|text| format!("; {text}")).unwrap_or_default()),
        evidence,
        fix: None,
    })
}
