//! A proposal for probes made into a change: where it is written, and what each node comes to.

use serde_json::{Map, Value, json};

use super::choosing::{Canary, NotChosen};
use super::edit::Edit;
use super::emit::{self, Snippets};
use super::lasting::{self, Note};
use super::place::Place;
use super::{Larger, NodeGoal, Proposal};
use crate::diagnosis::view::View;
use crate::snapshot::Snapshot;
use crate::startup::change::{ProbeChange, installation_edits, installation_patch};
use crate::startup::place::Place as Lawful;
use crate::startup::proposal::{Expectation, Proposal as Wanted};

#[derive(Clone, Debug)]
pub struct Stretched {
    pub proposal: Proposal,
    pub snippets: Snippets,
    pub notes: Vec<Note>,
}

/// `None` where probes may lawfully be changed nowhere.
pub fn of(snapshot: &Snapshot, wanted: &Wanted, canary: &Canary) -> Result<Option<Stretched>, NotChosen> {
    let view = View::new(snapshot);
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
        edits: edits(&place, &step.changes),
    });
    let (edits, larger) = (edits(&place, &wanted.changes), larger.collect());
    let snippets = snippets(&place, &wanted.changes, snapshot);
    let notes = lasting::notes(&view.install, &place, &snippets);
    let nodes = wanted.nodes.iter().map(|node| goal(node, canary.as_deref())).collect();
    let changes: Vec<String> = wanted.changes.iter().map(|change| format!("{} {}", change.probe.field(), json!(change.timing))).collect();
    let proposal = Proposal { command: "probes", summary: changes.join(", "), place, edits, larger, nodes, canary };
    Ok(Some(Stretched { proposal, snippets, notes }))
}

fn edits(place: &Place, changes: &[ProbeChange]) -> Vec<Edit> {
    match place {
        Place::DaemonSet { .. } => changes.iter().map(|change| Edit::Probe { kind: change.probe, fields: change.fields() }).collect(),
        Place::Installation { .. } => installation_edits(changes),
    }
}

/// That it stays up is proven where that was the trouble, and on the node that is tried first: to wait for it everywhere would hold
/// up a rollout of hundreds of nodes for hours.
fn goal(node: &Expectation, canary: Option<&str>) -> NodeGoal {
    let doubtful = canary == Some(node.node.as_str()) || node.start.is_some_and(|start| start.at_least);
    NodeGoal {
        name: node.node.clone(),
        started_within_seconds: node.started_within_seconds,
        steady_seconds: node.steady_seconds.filter(|_| doubtful),
        ..NodeGoal::default()
    }
}

fn snippets(place: &Place, changes: &[ProbeChange], snapshot: &Snapshot) -> Snippets {
    let container: Map<String, Value> = changes.iter().map(|change| (change.probe.field().to_owned(), change.fields())).collect();
    let spec = emit::containers(&Value::Object(container));
    match place {
        Place::DaemonSet { .. } => Snippets {
            kubectl: emit::patch_command(place, &json!({"spec": spec})),
            daemon_set: Some((place.clone(), spec)),
            ..Snippets::default()
        },
        Place::Installation { name } => {
            let installations = snapshot.resources.installations.seen().into_iter().flatten();
            let now = installations.filter(|one| one.metadata.name == *name).map(|one| one.spec.clone()).next().unwrap_or_default();
            let Ok(patch) = installation_patch(changes, &now) else { return Snippets::default() };
            let spec = patch["spec"].clone();
            Snippets { kubectl: emit::patch_command(place, &patch), installation: Some(spec), ..Snippets::default() }
        }
    }
}
