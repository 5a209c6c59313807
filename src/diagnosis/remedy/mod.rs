//! The command that mends a finding today, with kubectl alone, at the lawful place. None where no command is known to be right.

mod autodetection;
mod probes;

pub use autodetection::{autodetection, guarded_change, is_ipv6_only, network, restart_pod, set_method};
pub use probes::{cpu_request, probe_timeout, start_budget, start_budget_of};

use super::report::Fix;
use super::shell::quote;
use super::view::{NodeView, View};

/// Where more than this is known only by reading.
pub fn startup_log(view: &View, node: &NodeView) -> Option<Fix> {
    let pod = node.pod?;
    let namespace = pod.metadata.namespace.as_deref().or(view.install.namespace())?;
    let previous = if node.restarts().is_some_and(|restarts| restarts > 0) { " --previous" } else { "" };
    let command = format!("kubectl logs {} -n {} -c calico-node{previous}", quote(&pod.metadata.name), quote(namespace));
    Some(Fix { command, why: "the cause is in its log; this changes nothing".to_owned() })
}

/// Who would put a change of the object back, as a half-sentence: its owner, or the owner of the Installation.
fn reverted_by(view: &View) -> String {
    let owner = view.install.owners.get(usize::from(view.install.is_operator()));
    owner.map(|owner| format!("; {owner} may put it back, so set it there too")).unwrap_or_default()
}
