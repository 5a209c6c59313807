//! A temporary change: the startup log at DEBUG on chosen nodes.

use super::preflight::Blocker;
use super::{NodeGoal, Proposal};
use crate::calico::log_level::{DEBUG, IGNORE, LEVEL};
use crate::edit::Edit;
use crate::edit::target::Target;
use crate::model::ClusterModel;
use crate::snapshot::Snapshot;
use crate::verb::Verb;

pub struct TemporaryDebug {
    pub proposal: Proposal,
    pub blockers: Vec<Blocker>,
}

/// `None` where calico-node's DaemonSet was not seen.
pub fn temporary_debug(snapshot: &Snapshot, nodes: &[String]) -> Option<TemporaryDebug> {
    let view = ClusterModel::new(snapshot);
    let meta = &snapshot.daemon_set.seen()?.metadata;
    let target = Target::DaemonSet { namespace: meta.namespace.clone()?, name: meta.name.clone() };
    let mut edits = vec![Edit::variable(LEVEL, DEBUG)];
    let mut blockers = Vec::new();
    if view.install.is_operator() {
        edits.push(Edit::field(&["metadata", "annotations", IGNORE], "true".into()));
        blockers.push(Blocker { code: "operator-managed", message: OPERATOR.to_owned() });
    }
    let proposal = Proposal {
        command: Verb::DebugLog,
        summary: format!("{LEVEL}={DEBUG} for a while, on {}", crate::text::list(nodes, 5)),
        target,
        edits,
        larger: Vec::new(),
        nodes: nodes.iter().map(|name| NodeGoal { name: name.clone(), ..NodeGoal::default() }).collect(),
        canary: None,
    };
    Some(TemporaryDebug { proposal, blockers })
}

/// An edit of the DaemonSet is reverted within a second and kills a pod all the same; the Installation has no field for the level.
/// Should an Installation hold the level one day: also `rollout/temporary.rs`, which sets OnDelete, `edit/owned.rs`, `changes` in
/// `permissions/table.rs`, `diagnosis/checks/debug_left_on.rs`, and which operators can: `calico/installation_probe_fields.rs`.
const OPERATOR: &str = "the tigera-operator owns this DaemonSet and reverts edits of it within a second. Its Installation has no field for the \
     log level. Two ways need no edit: --no-change explains the logs that exist, and --emit pod --node NAME prints a copy of the startup \
     program for a node whose calico-node is not Ready. --force adds the annotation unsupported.operator.tigera.io/ignore to the \
     DaemonSet while the log is followed. Until the annotation is removed at the end, the operator applies nothing to calico-node, not \
     even an upgrade. The annotation is meant for development only";
