use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::{Explanation, ONE_NODE};
use crate::diagnosis::fixes;
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::{NodeModel, phrases};

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::NetworkUnavailable,
        title: "A node has the condition NetworkUnavailable",
        means: "The condition NetworkUnavailable is True, so the node has the taint node.kubernetes.io/network-unavailable. No new \
                pod is scheduled there, although calico-node seems healthy.\n\
                calico-node sets the condition to False when it starts, and to True (CalicoIsDown) when it shuts down. A cloud's \
                route controller or another network plugin can set it too.",
        detected: "The condition of a node whose calico-node is not starting and has no finding of its own.",
        confirm: "kubectl get node NODE -o jsonpath='{.status.conditions[?(@.type==\"NetworkUnavailable\")]}'",
        fix: &[
            "The reason of the condition shows who set it:",
            "- CalicoIsDown: delete the calico-node pod of that node once. calico-node resets the condition at its start. It needs \
             the permission to update nodes/status. Use: kubectl delete pod -n NAMESPACE POD",
            "- NoRouteCreated: the cloud's route controller set it. If Calico makes the routes, switch that controller off \
             (--configure-cloud-routes=false).",
        ],
        restarts: ONE_NODE,
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    view.nodes
        .iter()
        .filter(|node| !found.is_explained(node.name) && !view.is_starting(node))
        .filter_map(|node| finding(view, node))
        .collect()
}

fn finding(view: &Context, node: &NodeModel) -> Option<Finding> {
    let condition = node.node?.condition("NetworkUnavailable").filter(|condition| condition.status == "True")?;
    if node.kubelet_is_silent() {
        return None;
    }
    let reason = condition.reason.as_deref().filter(|reason| !reason.is_empty()).map(|reason| format!(" ({reason})")).unwrap_or_default();
    let message = format!("{} has the condition NetworkUnavailable=True{reason}: no new pod is scheduled there", node.name);
    let says = condition.message.as_deref().unwrap_or_default();
    let mut evidence = vec![node.evidence(Source::Node, format!("NetworkUnavailable is True{reason}: {says}"))];
    evidence.extend(phrases::restarts(node));
    // Another's condition, as a cloud's route controller's, is not calico-node's to clear.
    let own = condition.reason.as_deref() == Some("CalicoIsDown") && node.ready() == Some(true);
    let fix = if own { fixes::restart_pod(view, node, "It clears the condition when it starts") } else { None };
    Some(Finding { code: Code::NetworkUnavailable, severity: Severity::Error, nodes: vec![node.name.to_owned()], message, evidence, fix })
}
