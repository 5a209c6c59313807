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
        title: "A node says that it has no network, although calico-node seems healthy",
        means: "No new pod is scheduled there, or none gets a network. There are two ways to say so:\n\
                - The condition NetworkUnavailable is True, so the node has the taint node.kubernetes.io/network-unavailable. \
                calico-node sets the condition to False when it starts, and to True (CalicoIsDown) when it shuts down. A cloud's \
                route controller or another network plugin can set it too.\n\
                - The node is NotReady because its container runtime has no network plugin (cni plugin not initialized). \
                calico-node's init container has written the plugin's configuration, but the runtime looks in another folder, or has not \
                read it.",
        detected: "The conditions of a node whose calico-node is not starting and has no finding of its own. A missing plugin counts \
                   if calico-node has been Ready and running for three minutes.",
        confirm: "kubectl get node NODE -o jsonpath='{.status.conditions[?(@.type==\"NetworkUnavailable\")]}'",
        fix: &[
            "The reason of the condition NetworkUnavailable shows who set it:",
            "- CalicoIsDown: delete the calico-node pod of that node once. calico-node resets the condition at its start. It needs \
             the permission to update nodes/status. Use: kubectl delete pod -n NAMESPACE POD",
            "- NoRouteCreated: the cloud's route controller set it. If Calico makes the routes, switch that controller off \
             (--configure-cloud-routes=false).",
            "If the runtime has no network plugin:",
            "- On the node, compare /etc/cni/net.d with the folder that the runtime reads (containerd: conf_dir in \
             /etc/containerd/config.toml). 10-calico.conflist must be there, and no other plugin's file before it by name.",
            "- Restart the container runtime on that node (systemctl restart containerd). Running containers go on.",
        ],
        restarts: ONE_NODE,
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    view.nodes
        .iter()
        .filter(|node| !found.is_explained(node.name) && !view.is_starting(node))
        .filter_map(|node| finding(view, node).or_else(|| without_plugin(view, node)))
        .collect()
}

/// The runtime asks for a plugin that calico-node's pod has long installed: the kubelet asks every few seconds.
fn without_plugin(view: &Context, node: &NodeModel) -> Option<Finding> {
    const LONG: f64 = 180.0;
    let condition = node.lacks_network_plugin()?;
    node.age(view.snapshot.taken_at).filter(|age| *age > LONG && node.ready() == Some(true))?;
    let message = format!(
        "{} is NotReady because its container runtime finds no network plugin, although calico-node runs and is Ready there",
        node.name
    );
    let says = condition.message.as_deref().unwrap_or_default();
    let evidence = vec![node.evidence(Source::Node, format!("Ready is False: {says}"))];
    Some(Finding {
        code: Code::NetworkUnavailable,
        severity: Severity::Error,
        nodes: vec![node.name.to_owned()],
        message,
        evidence,
        fix: None,
    })
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
