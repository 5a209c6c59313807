//! The command that mends a finding today, with kubectl alone, at the lawful place. None where no command is known to be right.

mod autodetection;
mod bgp;
mod probes;

pub use crate::diagnosis::fixes::autodetection::{autodetection, guarded_change, is_ipv6_only, network, set_method};
pub use crate::diagnosis::fixes::bgp::{as_number, restart_pod, router_id};
pub use crate::diagnosis::fixes::probes::{cpu_request, probe_timeout, start_budget, start_budget_of};

use crate::diagnosis::context::Context;
use crate::finding::Fix;
use crate::model::{NodeModel, NotRunning, PodState};
use crate::snapshot::objects::{CALICO_NODE, ContainerStatus};
use crate::text::shell;

/// Where more than this is known only by reading: the log of calico-node.
pub fn startup_log(view: &Context, node: &NodeModel) -> Option<Fix> {
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
pub fn container_log(view: &Context, node: &NodeModel, status: &ContainerStatus, why: &str) -> Option<Fix> {
    let pod = node.pod?;
    let namespace = pod.metadata.namespace.as_deref().or(view.install.namespace())?;
    // calico-node: also while it waits, when both are the same log. An init container that waits has only the one.
    let previous = status.restart_count > 0 && (status.name == CALICO_NODE || status.state.running.is_some());
    let container = shell::object_name(&status.name)?;
    let mut words = vec!["kubectl", "logs", shell::object_name(&pod.metadata.name)?, "-n", shell::namespace(namespace)?, "-c", container];
    words.extend(previous.then_some("--previous"));
    Some(Fix { command: shell::command(&words)?, why: format!("{why}; this changes nothing") })
}

/// calico-node is privileged and on the host's network; the command does the same as root on the node.
pub fn loopback_up(view: &Context, node: &NodeModel) -> Option<Fix> {
    let pod = node.pod?;
    let namespace = pod.metadata.namespace.as_deref().or(view.install.namespace())?;
    let (name, namespace) = (shell::object_name(&pod.metadata.name)?, shell::namespace(namespace)?);
    let command = shell::command(&["kubectl", "exec", name, "-n", namespace, "-c", CALICO_NODE, "--", "ip", "link", "set", "lo", "up"])?;
    let why = "brings the host's interface lo up, while calico-node runs; calico-node needs no change. Find out what took lo down";
    Some(Fix { command, why: why.to_owned() })
}

/// The pod with its events.
pub fn describe_pod(view: &Context, node: &NodeModel, why: &str) -> Option<Fix> {
    let pod = node.pod?;
    let namespace = pod.metadata.namespace.as_deref().or(view.install.namespace())?;
    let words = ["kubectl", "describe", "pod", shell::object_name(&pod.metadata.name)?, "-n", shell::namespace(namespace)?];
    Some(Fix { command: shell::command(&words)?, why: format!("{why}; this changes nothing") })
}

/// Who would put a change of the object back, as a half-sentence: its owner, or the owner of the Installation.
fn reverted_by(view: &Context) -> String {
    let owner = view.install.owners.get(usize::from(view.install.is_operator()));
    owner.map(|owner| format!("; {owner} may put it back, so set it there too")).unwrap_or_default()
}
