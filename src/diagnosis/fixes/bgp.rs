//! Fixes for BGP: one pod restarted, a router ID, an AS number.

use super::reverted_by;
use crate::calico::environment::Value;
use crate::calico::node_annotations;
use crate::diagnosis::context::Context;
use crate::diagnosis::next_start;
use crate::finding::Fix;
use crate::model::NodeModel;
use crate::snapshot::family::Family;
use crate::snapshot::objects::CALICO_NODE;
use crate::text::shell;

/// Restarts calico-node on this node alone; `None` where the next start would fail or take a wrong address.
pub(crate) fn restart_pod(view: &Context, node: &NodeModel, why: &str) -> Option<Fix> {
    let pod = node.pod.filter(|_| survives_restart(view, node))?;
    let namespace = pod.metadata.namespace.as_deref().or(view.install.namespace())?;
    let words = ["kubectl", "delete", "pod", shell::object_name(&pod.metadata.name)?, "-n", shell::namespace(namespace)?];
    let command = shell::command(&words)?;
    Some(Fix::next_step(command, format!("Restarts calico-node on {} only. {why}", node.name)))
}

fn survives_restart(view: &Context, node: &NodeModel) -> bool {
    let harms = |family: &Family| {
        let matrix = view.matrix(*family);
        let cell = matrix.current().and_then(|column| column.cells.get(node.index));
        cell.is_some_and(|cell| cell.ends_right == Some(false))
    };
    !Family::ALL.iter().any(harms) && !next_start::is_too_long(view, node)
}

/// Why a session is down, in BIRD's own words.
pub(crate) fn ask_bird(view: &Context, node: &NodeModel) -> Option<Fix> {
    let pod = node.pod?;
    let namespace = pod.metadata.namespace.as_deref().or(view.install.namespace())?;
    let (name, namespace) = (shell::object_name(&pod.metadata.name)?, shell::namespace(namespace)?);
    const SOCKET: &str = "/var/run/calico/bird.ctl";
    let words = ["kubectl", "exec", name, "-n", namespace, "-c", CALICO_NODE, "--", "birdcl", "-s", SOCKET, "show", "protocols"];
    Some(Fix::next_step(shell::command(&words)?, "Shows BIRD's reason for each session. This changes nothing"))
}

/// Where the addresses that nodes have registered were not read.
pub(crate) fn compare_addresses(family: Family) -> Fix {
    let command = match family {
        Family::V4 => "kubectl calico-fix autodetect",
        Family::V6 => "kubectl calico-fix autodetect --ipv6",
    };
    Fix::next_step(command.to_owned(), "Compares each node's address with what every method finds there, shows the change and asks")
}

/// A router ID of each node's own, where CALICO_ROUTER_ID gives one to all of them and kubectl can set it.
pub(crate) fn router_id(view: &Context) -> Option<Fix> {
    let literal = matches!(view.install.environment()?.get("CALICO_ROUTER_ID"), Value::Literal(id) if !id.is_empty() && id != "hash");
    // The operator reverts the DaemonSet, and its Installation has no such field.
    if !literal || view.install.is_operator() {
        return None;
    }
    let namespace = view.install.namespace()?;
    // Without the variable the router ID is the node's IPv4 address.
    let has_ipv4 = view.nodes.iter().all(|node| node.stored(Family::V4).is_some());
    let (setting, source) =
        if has_ipv4 { ("CALICO_ROUTER_ID-", "the node's IPv4 address") } else { ("CALICO_ROUTER_ID=hash", "a hash of the node's name") };
    let target = view.install.command_target()?;
    let command = shell::command(&["kubectl", "set", "env", &target, "-n", shell::namespace(namespace)?, "-c", "calico-node", setting])?;
    let why = format!("The router ID becomes {source}. Restarts {}{}", super::restarts(view), reverted_by(view));
    Some(Fix::next_step(command, why))
}

/// The AS number that all other nodes have on their Nodes, for a node that has none.
pub(crate) fn as_number(view: &Context, node: &NodeModel) -> Option<Fix> {
    if !view.install.keeps_annotations() || view.as_number(node).is_own {
        return None;
    }
    let mut others = view.nodes.iter().filter(|other| other.name != node.name).map(|other| view.as_number(other));
    let first = others.next().filter(|number| number.is_own)?;
    let number = first.number.filter(|_| others.all(|other| other == first))?;
    let annotation = format!("{}={number}", node_annotations::AS_NUMBER);
    let command = shell::command(&["kubectl", "annotate", "node", shell::object_name(node.name)?, &annotation])?;
    Some(Fix::next_step(command, "Every other node has this AS number. BIRD applies it without a restart"))
}
