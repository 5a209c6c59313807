//! A proposal for probes made into a change: where it is written, and what each node comes to.

use serde_json::{Map, Value, json};

use super::choosing::{Canary, NotChosen};
use super::emit::{self, Snippets};
use super::lasting::{self, Note};
use super::place::Place;
use super::{Larger, NodeGoal, Proposal};
use crate::model::ClusterModel;
use crate::probes::change::{self, daemon_set_with};
use crate::probes::proposal::{ProbeProposal as ReadOptions, StartExpectation};
use crate::probes::target::ProbeTarget as Lawful;
use crate::snapshot::Snapshot;

#[derive(Clone, Debug)]
pub struct Stretched {
    pub proposal: Proposal,
    pub snippets: Snippets,
    pub notes: Vec<Note>,
}

/// `None` where probes may lawfully be changed nowhere.
pub fn of(snapshot: &Snapshot, wanted: &ReadOptions, canary: &Canary) -> Result<Option<Stretched>, NotChosen> {
    let view = ClusterModel::new(snapshot);
    let place = match &wanted.place {
        Lawful::DaemonSet { namespace, name } => Place::DaemonSet { namespace: namespace.clone(), name: name.clone() },
        Lawful::Installation { name } => Place::Installation { name: name.clone() },
        Lawful::Nowhere { .. } => return Ok(None),
    };
    let canary = match (canary, place.is_operators()) {
        (Canary::None, _) | (_, true) => None,
        (Canary::Worst, false) => wanted.nodes.first().map(|first| first.node.clone()),
        (Canary::Node(name), false) => match view.node(name).filter(|node| node.pod.is_some()) {
            Some(_) => Some(name.clone()),
            None => return Err(NotChosen::NoSuchNode { name: name.clone() }),
        },
    };
    let larger = wanted.steps.iter().map(|step| Larger {
        started_within_seconds: step.budget_seconds,
        steady_seconds: step.steady_seconds,
        edits: change::edits(&wanted.place, &step.changes),
    });
    let (edits, larger) = (change::edits(&wanted.place, &wanted.changes), larger.collect());
    let snippets = snippets(&place, wanted, snapshot);
    let notes = lasting::notes(&view.install, &place, &snippets);
    let nodes = wanted.nodes.iter().map(|node| goal(node, canary.as_deref())).collect();
    let changes: Vec<String> = wanted.changes.iter().map(|change| format!("{} {}", change.probe.field(), json!(change.timing))).collect();
    let proposal = Proposal { command: "probes", summary: changes.join(", "), place, edits, larger, nodes, canary };
    Ok(Some(Stretched { proposal, snippets, notes }))
}

/// That it stays up is proven where that was the trouble, and on the node that is tried first: to wait for it everywhere would hold
/// up a rollout of hundreds of nodes for hours.
fn goal(node: &StartExpectation, canary: Option<&str>) -> NodeGoal {
    let doubtful = canary == Some(node.node.as_str()) || node.start.is_some_and(|start| start.at_least);
    NodeGoal {
        name: node.node.clone(),
        started_within_seconds: node.started_within_seconds,
        steady_seconds: node.steady_seconds.filter(|_| doubtful),
        ..NodeGoal::default()
    }
}

fn snippets(place: &Place, wanted: &ReadOptions, snapshot: &Snapshot) -> Snippets {
    let container: Map<String, Value> = wanted.changes.iter().map(|change| (change.probe.field().to_owned(), change.fields())).collect();
    let command = |patch: Option<Value>| patch.and_then(|patch| emit::patch_command(place, &patch));
    match place {
        Place::DaemonSet { .. } => {
            let now = snapshot.daemon_set.seen().and_then(|set| set.spec.template.spec.calico_node()).map(daemon_set_with);
            Snippets {
                kubectl: command(now.and_then(|now| wanted.patch(&now))),
                daemon_set: Some((place.clone(), emit::containers(&Value::Object(container)))),
                ..Snippets::default()
            }
        }
        Place::Installation { name } => {
            let installations = snapshot.resources.installations.seen().into_iter().flatten();
            let now = installations.filter(|one| one.metadata.name == *name).map(|one| one.spec.clone()).next().unwrap_or_default();
            let Some(patch) = wanted.patch(&json!({"spec": now})) else { return Snippets::default() };
            Snippets { installation: Some(patch["spec"].clone()), kubectl: command(Some(patch)), ..Snippets::default() }
        }
    }
}
