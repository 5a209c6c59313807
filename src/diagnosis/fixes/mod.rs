//! The command that mends a finding today, with kubectl alone, at the lawful place. None where no command is known to be right.

mod autodetection;
mod probes;

pub use crate::diagnosis::fixes::autodetection::{autodetection, network, set_method};
pub use crate::diagnosis::fixes::probes::{cpu_request, probe_timeout, start_budget, start_budget_of};

use crate::finding::Fix;
use crate::model::{ClusterModel, NodeModel};
use crate::snapshot::objects::CALICO_NODE;
use crate::text::shell;

/// Where more than this is known only by reading.
pub fn startup_log(view: &ClusterModel, node: &NodeModel) -> Option<Fix> {
    let pod = node.pod?;
    let namespace = pod.metadata.namespace.as_deref().or(view.install.namespace())?;
    let name = shell::object_name(&pod.metadata.name)?;
    let mut words = vec!["kubectl", "logs", name, "-n", shell::namespace(namespace)?, "-c", CALICO_NODE];
    words.extend(node.restarts().is_some_and(|restarts| restarts > 0).then_some("--previous"));
    Some(Fix { command: shell::command(&words)?, why: "the cause is in its log; this changes nothing".to_owned() })
}

/// Who would put a change of the object back, as a half-sentence: its owner, or the owner of the Installation.
fn reverted_by(view: &ClusterModel) -> String {
    let owner = view.install.owners.get(usize::from(view.install.is_operator()));
    owner.map(|owner| format!("; {owner} may put it back, so set it there too")).unwrap_or_default()
}
