//! The command that mends a finding today, with kubectl alone, at the lawful place. None where no command is known to be right.

mod autodetection;
mod probes;

pub use autodetection::{autodetection, network, set_method};
pub use probes::{cpu_request, probe_timeout, start_budget, start_budget_of};

use super::report::Fix;
use super::shell::quote;
use super::view::{NodeView, NotRunning, PodState, View};
use crate::snapshot::objects::{CALICO_NODE, ContainerStatus};

/// Where more than this is known only by reading: the log of calico-node.
pub fn startup_log(view: &View, node: &NodeView) -> Option<Fix> {
    if let PodState::NotRunning(NotRunning::InitContainer(status)) = view.pod_state(node) {
        return container_log(view, node, status, "its log says why");
    }
    // Without a run that has begun there is no log.
    let status = node.container()?;
    if status.state.running.is_none() && status.last_end().is_none() {
        return describe_pod(view, node, "calico-node has not run there, so it has no log; the pod's events say why");
    }
    let read = node.attempts().next().is_some();
    let why = if read {
        "its log was read and no known line explains this; the newest lines may"
    } else {
        "its log was not read and may say why"
    };
    container_log(view, node, status, why)
}

/// The log of one container of the pod; of the run before, where that is the one that failed.
pub fn container_log(view: &View, node: &NodeView, status: &ContainerStatus, why: &str) -> Option<Fix> {
    let pod = node.pod?;
    let namespace = pod.metadata.namespace.as_deref().or(view.install.namespace())?;
    // calico-node: also while it waits, when both are the same log. An init container that waits has only the one.
    let previous = status.restart_count > 0 && (status.name == CALICO_NODE || status.state.running.is_some());
    let previous = if previous { " --previous" } else { "" };
    let command = format!("kubectl logs {} -n {} -c {}{previous}", quote(&pod.metadata.name), quote(namespace), quote(&status.name));
    Some(Fix { command, why: format!("{why}; this changes nothing") })
}

/// calico-node is privileged and on the host's network; the command does the same as root on the node.
pub fn loopback_up(view: &View, node: &NodeView) -> Option<Fix> {
    let pod = node.pod?;
    let namespace = pod.metadata.namespace.as_deref().or(view.install.namespace())?;
    let command = format!("kubectl exec {} -n {} -c {CALICO_NODE} -- ip link set lo up", quote(&pod.metadata.name), quote(namespace));
    let why = "brings the host's interface lo up, while calico-node runs; calico-node needs no change. Find out what took lo down";
    Some(Fix { command, why: why.to_owned() })
}

/// The pod with its events.
pub fn describe_pod(view: &View, node: &NodeView, why: &str) -> Option<Fix> {
    let pod = node.pod?;
    let namespace = pod.metadata.namespace.as_deref().or(view.install.namespace())?;
    let command = format!("kubectl describe pod {} -n {}", quote(&pod.metadata.name), quote(namespace));
    Some(Fix { command, why: format!("{why}; this changes nothing") })
}

/// Who would put a change of the object back, as a half-sentence: its owner, or the owner of the Installation.
fn reverted_by(view: &View) -> String {
    let owner = view.install.owners.get(usize::from(view.install.is_operator()));
    owner.map(|owner| format!("; {owner} may put it back, so set it there too")).unwrap_or_default()
}
