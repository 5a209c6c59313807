//! The command that fixes a finding: this plugin's own where it can make the change, else a kubectl command to paste.
//! None where no command is known to be right.

mod autodetection;
mod bgp;
mod probes;

pub(crate) use crate::diagnosis::fixes::autodetection::{
    autodetection, guarded_change, hosts_without, is_without, network, set_method, switch_off,
};
pub(crate) use crate::diagnosis::fixes::bgp::{as_number, ask_bird, compare_addresses, restart_pod, router_id};
pub(crate) use crate::diagnosis::fixes::probes::{cpu_request, probe_timeout, proposed, start_budget, start_budget_of};

use crate::diagnosis::context::Context;
use crate::finding::{ByHand, Fix};
use crate::model::{NodeModel, NotRunning, PodState};
use crate::snapshot::objects::{CALICO_NODE, ContainerStatus, Pod};
use crate::text::shell;

/// Where more than this is known only by reading: the log of calico-node.
pub(crate) fn startup_log(view: &Context, node: &NodeModel) -> Option<Fix> {
    if let PodState::NotRunning(NotRunning::InitContainer(status)) = view.pod_state(node) {
        return container_log(view, node, status, "Check the log of the init container");
    }
    // Without a run that has begun there is no log.
    let status = node.container()?;
    let has_run = status.last_end().is_some() || status.restart_count > 0 || node.attempts().next().is_some();
    if status.state.running.is_none() && !has_run {
        return describe_pod(view, node, "calico-node has not run there and has no log. The pod's events give the reason");
    }
    let read = node.attempts().next().is_some();
    let why = if read {
        "No known line of its log explains this. Check the newest lines"
    } else {
        "Its log was not read. Check it for the reason"
    };
    container_log(view, node, status, why)
}

/// Of a pod whose containers were not seen.
pub(crate) fn log_of(view: &Context, pod: &Pod) -> Option<Fix> {
    if !pod.status.container_statuses.is_empty() {
        return None;
    }
    let namespace = pod.metadata.namespace.as_deref().or(view.install.namespace())?;
    let name = shell::object_name(&pod.metadata.name)?;
    let words = ["kubectl", "logs", name, "-n", shell::namespace(namespace)?, "-c", CALICO_NODE];
    Some(Fix::next_step(shell::command(&words)?, "Its log was not read. Check it for the reason. This changes nothing"))
}

/// The log that names the reason, where only its last lines are shown.
pub(crate) fn whole_log(view: &Context, node: &NodeModel) -> Option<Fix> {
    container_log(view, node, node.container()?, "Shows all of the log")
}

/// The log of one container of the pod; of the run before, where that is the one that failed.
pub(crate) fn container_log(view: &Context, node: &NodeModel, status: &ContainerStatus, why: &str) -> Option<Fix> {
    let pod = node.pod?;
    let namespace = pod.metadata.namespace.as_deref().or(view.install.namespace())?;
    // calico-node: also while it waits, when both are the same log. An init container that waits has only the one.
    let previous = status.restart_count > 0 && (status.name == CALICO_NODE || status.state.running.is_some());
    let container = shell::object_name(&status.name)?;
    let mut words = vec!["kubectl", "logs", shell::object_name(&pod.metadata.name)?, "-n", shell::namespace(namespace)?, "-c", container];
    words.extend(previous.then_some("--previous"));
    Some(Fix::next_step(shell::command(&words)?, format!("{why}. This changes nothing")))
}

/// calico-node is privileged and on the host's network; the command does the same as root on the node.
pub(crate) fn loopback_up(view: &Context, node: &NodeModel) -> Option<Fix> {
    let pod = node.pod?;
    let namespace = pod.metadata.namespace.as_deref().or(view.install.namespace())?;
    let (name, namespace) = (shell::object_name(&pod.metadata.name)?, shell::namespace(namespace)?);
    let command = shell::command(&["kubectl", "exec", name, "-n", namespace, "-c", CALICO_NODE, "--", "ip", "link", "set", "lo", "up"])?;
    let why = "Brings the host's interface lo up. calico-node needs no change and no restart. Then find out what took lo down";
    Some(Fix::next_step(command, why))
}

/// The pod with its events.
pub(crate) fn describe_pod(view: &Context, node: &NodeModel, why: &str) -> Option<Fix> {
    let pod = node.pod?;
    let namespace = pod.metadata.namespace.as_deref().or(view.install.namespace())?;
    let words = ["kubectl", "describe", "pod", shell::object_name(&pod.metadata.name)?, "-n", shell::namespace(namespace)?];
    Some(Fix::next_step(shell::command(&words)?, format!("{why}. This changes nothing")))
}

/// A change that this plugin makes, and the same with kubectl alone.
fn guarded(view: &Context, command: &[&str], why: &str, by_hand: String) -> Option<Fix> {
    // The operator takes no OnDelete: no node can be changed before the others.
    let canary = if view.install.is_operator() { "" } else { "starts with one node, " };
    let why = format!("{why}. Shows the change, asks, {canary}verifies, rolls back on failure");
    Some(Fix { command: shell::command(command)?, why, by_hand: Some(ByHand { command: by_hand, restarts: restarts(view) }) })
}

/// What a changed pod template restarts.
pub(crate) fn restarts(view: &Context) -> String {
    let set = view.install.daemon_set;
    if !view.install.is_operator() && set.is_some_and(|set| set.spec.update_strategy.r#type == "OnDelete") {
        return "nothing until a calico-node pod is deleted (update strategy OnDelete)".to_owned();
    }
    let desired = set.and_then(|set| usize::try_from(set.status.desired_number_scheduled).ok()).filter(|desired| *desired > 0);
    match desired.unwrap_or(view.nodes.len()) {
        0 => "calico-node on every node".to_owned(),
        1 => "calico-node on 1 node".to_owned(),
        nodes => format!("calico-node on all {nodes} nodes"),
    }
}

/// Who would revert a change of the object, as a sentence to append: its owner, or the owner of the Installation.
fn reverted_by(view: &Context) -> String {
    let owner = view.install.owners.get(usize::from(view.install.is_operator()));
    owner.map(|owner| format!(". {owner} may revert it, so set it there too")).unwrap_or_default()
}
