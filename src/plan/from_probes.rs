//! From proposed probes to a proposal: target, edits, goals.

use serde_json::{Map, Value, json};

use super::from_autodetect::{Canary, ProposalError};
use super::owner_notes::{self, OwnerNote};
use super::snippets::{self, Snippets};
use super::{BudgetEdits, NodeGoal, Proposal};
use crate::diagnosis::view::View;
use crate::edit::Edit;
use crate::edit::target::Target;
use crate::snapshot::Snapshot;
use crate::startup::change::{ProbeChange, installation_edits, installation_patch};
use crate::startup::place::Place as Lawful;
use crate::startup::proposal::{Expectation, Proposal as Wanted};

#[derive(Clone, Debug)]
pub struct ProposedProbes {
    pub proposal: Proposal,
    pub snippets: Snippets,
    pub notes: Vec<OwnerNote>,
}

/// `None` without an editable object.
pub fn proposed_probes(snapshot: &Snapshot, wanted: &Wanted, canary: &Canary) -> Result<Option<ProposedProbes>, ProposalError> {
    let view = View::new(snapshot);
    let target = match &wanted.place {
        Lawful::DaemonSet { namespace, name } => Target::DaemonSet { namespace: namespace.clone(), name: name.clone() },
        Lawful::Installation { name } => Target::Installation { name: name.clone() },
        Lawful::Nowhere { .. } => return Ok(None),
    };
    let canary = match (canary, target.is_installation()) {
        (Canary::None, _) | (_, true) => None,
        (Canary::Worst, false) => wanted.nodes.first().map(|first| first.node.clone()),
        (Canary::Node(name), false) => match view.node(name).filter(|node| node.pod.is_some()) {
            Some(_) => Some(name.clone()),
            None => return Err(ProposalError::NoSuchNode { name: name.clone() }),
        },
    };
    let larger = wanted.steps.iter().map(|step| BudgetEdits {
        started_within_seconds: step.budget_seconds,
        steady_seconds: step.steady_seconds,
        edits: edits(&target, &step.changes),
    });
    let (edits, larger) = (edits(&target, &wanted.changes), larger.collect());
    let snippets = snippets(&target, &wanted.changes, snapshot);
    let notes = owner_notes::notes(&view.install, &target, &snippets);
    let nodes = wanted.nodes.iter().map(|node| goal(node, canary.as_deref())).collect();
    let changes: Vec<String> = wanted.changes.iter().map(|change| format!("{} {}", change.probe.field(), json!(change.timing))).collect();
    let proposal = Proposal { command: "probes", summary: changes.join(", "), target, edits, larger, nodes, canary };
    Ok(Some(ProposedProbes { proposal, snippets, notes }))
}

fn edits(target: &Target, changes: &[ProbeChange]) -> Vec<Edit> {
    match target {
        Target::DaemonSet { .. } => changes.iter().map(|change| Edit::Probe { kind: change.probe, fields: change.fields() }).collect(),
        Target::Installation { .. } => installation_edits(changes),
    }
}

/// Staying up is verified on the canary and on nodes that were killed; on every node it would take hours.
fn goal(node: &Expectation, canary: Option<&str>) -> NodeGoal {
    let doubtful = canary == Some(node.node.as_str()) || node.start.is_some_and(|start| start.at_least);
    NodeGoal {
        name: node.node.clone(),
        started_within_seconds: node.started_within_seconds,
        steady_seconds: node.steady_seconds.filter(|_| doubtful),
        ..NodeGoal::default()
    }
}

fn snippets(target: &Target, changes: &[ProbeChange], snapshot: &Snapshot) -> Snippets {
    let container: Map<String, Value> = changes.iter().map(|change| (change.probe.field().to_owned(), change.fields())).collect();
    let spec = snippets::containers(&Value::Object(container));
    match target {
        Target::DaemonSet { .. } => Snippets {
            kubectl: Some(snippets::patch_command(target, &json!({"spec": spec}))),
            daemon_set: Some((target.clone(), spec)),
            ..Snippets::default()
        },
        Target::Installation { name } => {
            let installations = snapshot.resources.installations.seen().into_iter().flatten();
            let now = installations.filter(|one| one.metadata.name == *name).map(|one| one.spec.clone()).next().unwrap_or_default();
            let Ok(patch) = installation_patch(changes, &now) else { return Snippets::default() };
            let spec = patch["spec"].clone();
            Snippets { kubectl: Some(snippets::patch_command(target, &patch)), installation: Some(spec), ..Snippets::default() }
        }
    }
}
