//! From proposed probes to a proposal: target, edits, goals.

use std::cmp::Reverse;

use serde_json::{Map, Value, json};

use super::canary::{self, CanaryChoice, NoSuchNode};
use super::owner_notes::{self, OwnerNote};
use super::preflight::Blocker;
use super::snippets::{self, Snippets};
use super::{BudgetEdits, NodeGoal, Proposal};
use crate::edit::target::Target;
use crate::model::{ClusterModel, NodeModel};
use crate::probes::change::{self, daemon_set_with};
use crate::probes::proposal::{ProbeProposal, StartExpectation};
use crate::probes::target::ProbeTarget;
use crate::snapshot::Snapshot;
use crate::text;
use crate::verb::Verb;

#[derive(Clone, Debug)]
pub struct ProposedProbes {
    pub proposal: Proposal,
    pub snippets: Snippets,
    pub notes: Vec<OwnerNote>,
    /// Risks of a rollout that nobody watches.
    pub unwatched: Vec<Blocker>,
}

/// Starts that the wanted probes would kill, as far as they were measured. A watched rollout finds it out on the first node and rolls back;
/// one that nobody watches does not.
fn risks_unwatched(wanted: &ProbeProposal) -> Vec<Blocker> {
    let is_killed = |node: &&StartExpectation| {
        node.start.as_ref().zip(node.started_within_seconds).is_some_and(|(start, within)| start.seconds >= f64::from(within))
    };
    let killed: Vec<&str> = wanted.nodes.iter().filter(is_killed).map(|node| node.node.as_str()).collect();
    if killed.is_empty() {
        return Vec::new();
    }
    let message = format!("with --no-wait nobody sees that these probes kill calico-node while it starts on {}", text::list(&killed, 5));
    vec![Blocker { code: "start-exceeds-limit", message }]
}

/// `None` without an editable object.
pub fn proposed_probes(snapshot: &Snapshot, wanted: &ProbeProposal, canary: &CanaryChoice) -> Result<Option<ProposedProbes>, NoSuchNode> {
    let view = ClusterModel::new(snapshot);
    let target = match &wanted.place {
        ProbeTarget::DaemonSet { namespace, name } => Target::DaemonSet { namespace: namespace.clone(), name: name.clone() },
        ProbeTarget::Installation { name } => Target::Installation { name: name.clone() },
        ProbeTarget::Nowhere { .. } => return Ok(None),
    };
    // Killed and slowest first.
    let place = |node: &NodeModel| wanted.nodes.iter().position(|wanted| wanted.node == node.name).map(Reverse);
    let canary = canary::choose(canary, &target, &view, place)?;
    let larger = wanted.steps.iter().map(|step| BudgetEdits {
        started_within_seconds: step.budget_seconds,
        steady_seconds: step.steady_seconds,
        edits: change::edits(&wanted.place, &step.changes),
    });
    let (edits, larger) = (change::edits(&wanted.place, &wanted.changes), larger.collect());
    let snippets = probe_snippets(&target, wanted, snapshot);
    let notes = owner_notes::notes(&view.install, &target, &snippets);
    let nodes = wanted.nodes.iter().map(|node| goal(node, canary.as_deref())).collect();
    let changes: Vec<String> = wanted.changes.iter().map(|change| format!("{} {}", change.probe.field(), json!(change.timing))).collect();
    let proposal = Proposal { command: Verb::Probes, summary: changes.join(", "), target, edits, larger, nodes, canary };
    Ok(Some(ProposedProbes { proposal, snippets, notes, unwatched: risks_unwatched(wanted) }))
}

/// Staying up is verified on the canary and on nodes that were killed; on every node it would take hours.
fn goal(node: &StartExpectation, canary: Option<&str>) -> NodeGoal {
    let doubtful = canary == Some(node.node.as_str()) || node.start.is_some_and(|start| start.at_least);
    NodeGoal {
        name: node.node.clone(),
        started_within_seconds: node.started_within_seconds,
        steady_seconds: node.steady_seconds.filter(|_| doubtful),
        ..NodeGoal::default()
    }
}

fn probe_snippets(target: &Target, wanted: &ProbeProposal, snapshot: &Snapshot) -> Snippets {
    let container: Map<String, Value> = wanted.changes.iter().map(|change| (change.probe.field().to_owned(), change.fields())).collect();
    let command = |patch: Option<Value>| patch.and_then(|patch| snippets::patch_command(target, &patch));
    match target {
        Target::DaemonSet { .. } => {
            let now = snapshot.daemon_set.seen().and_then(|set| set.spec.template.spec.calico_node()).map(daemon_set_with);
            Snippets {
                kubectl: command(now.and_then(|now| wanted.patch(&now))),
                daemon_set: Some((target.clone(), snippets::containers(&Value::Object(container)))),
                ..Snippets::default()
            }
        }
        Target::Installation { name } => {
            let installations = snapshot.resources.installations.seen().into_iter().flatten();
            let now = installations.filter(|one| one.metadata.name == *name).map(|one| one.spec.clone()).next().unwrap_or_default();
            let Some(patch) = wanted.patch(&json!({"spec": now})) else { return Snippets::default() };
            Snippets {
                installation: Some((name.clone(), patch.get("spec").cloned().unwrap_or_default())),
                kubectl: command(Some(patch)),
                ..Snippets::default()
            }
        }
    }
}
