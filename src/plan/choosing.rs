//! A chosen method made into a change: where it is written, what each node comes to, and what speaks against it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::detection::{self, Refusal, Setting};
use super::emit::Snippets;
use super::lasting::{self, Note};
use super::preflight::Blocker;
use super::{GoalAddress, NodeGoal, Proposal};
use crate::autodetect::{Choice, Prediction, Verdict};
use crate::calico::address;
use crate::calico::environment::method_variable;
use crate::model::ClusterModel;
use crate::snapshot::Snapshot;
use crate::text;

/// Which node is tried first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Canary {
    /// The one that is worst off.
    Worst,
    None,
    Node(String),
}

#[derive(Clone, Debug)]
pub struct Chosen {
    pub proposal: Proposal,
    pub snippets: Snippets,
    pub notes: Vec<Note>,
    /// What this very method would do to some nodes.
    pub blockers: Vec<Blocker>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotChosen {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("--canary {name}: there is no such node with a calico-node")]
    NoSuchNode { name: String },
}

/// One choice a family. `refused` is why the running release must not be given a method.
pub fn of(snapshot: &Snapshot, choices: &[Choice], refused: &[String], canary: &Canary) -> Result<Chosen, NotChosen> {
    let view = ClusterModel::new(snapshot);
    let installations = snapshot.resources.installations.seen().map_or(&[][..], Vec::as_slice);
    let place = detection::place(&view.install, installations)?;
    let settings: Vec<Setting> = choices.iter().map(|choice| Setting { family: choice.family, method: choice.method.clone() }).collect();
    let edits = detection::edits(&view.install, &place, &settings)?;
    let now = installations.iter().find(|one| place.is_operators() && one.metadata.name == place.name());
    let snippets = Snippets::of_detection(&settings, &edits, &place, now.map_or(&Value::Null, |one| &one.spec))?;
    let summary: Vec<String> = settings.iter().map(|one| format!("{}={}", method_variable(one.family), one.method)).collect();
    let canary = match (canary, place.is_operators()) {
        (Canary::None, _) => None,
        // The operator takes no OnDelete: nothing can be tried on one node alone.
        (_, true) => None,
        (Canary::Worst, false) => worst(&view, choices),
        (Canary::Node(name), false) => match view.node(name).filter(|node| node.pod.is_some()) {
            Some(_) => Some(name.clone()),
            None => return Err(NotChosen::NoSuchNode { name: name.clone() }),
        },
    };
    let notes = lasting::notes(&view.install, &place, &snippets);
    let proposal =
        Proposal { command: "autodetect", summary: summary.join(" "), place, edits, larger: Vec::new(), nodes: goals(choices), canary };
    Ok(Chosen { proposal, snippets, notes, blockers: against(&view, choices, refused) })
}

fn goals(choices: &[Choice]) -> Vec<NodeGoal> {
    let mut goals: BTreeMap<&str, NodeGoal> = BTreeMap::new();
    for choice in choices {
        for prediction in &choice.predictions {
            let goal = goals.entry(&prediction.node).or_insert_with(|| NodeGoal { name: prediction.node.clone(), ..NodeGoal::default() });
            goal.unsettled |= prediction.is_restless;
            let will = prediction.will_store.as_deref().and_then(address::parse);
            goal.addresses.extend(will.map(|cidr| GoalAddress { family: choice.family, address: cidr.addr() }));
        }
    }
    goals.into_values().collect()
}

/// With the wrong address and not Ready; else with the wrong address; else any that changes; else any.
fn worst(view: &ClusterModel, choices: &[Choice]) -> Option<String> {
    let any = |name: &str, fits: fn(&Prediction) -> bool| {
        choices.iter().flat_map(|choice| &choice.predictions).any(|prediction| prediction.node == name && fits(prediction))
    };
    let alive = view.nodes.iter().filter(|node| node.pod.is_some() && node.kubelet_ready() != Some(false));
    let rank = |name: &str, not_ready: bool| {
        let wrong = any(name, |prediction| prediction.is_wrong_now);
        let changes = any(name, |prediction| prediction.changes() == Some(true));
        (wrong && not_ready, wrong, changes)
    };
    let mut best: Option<(&str, (bool, bool, bool))> = None;
    for node in alive {
        let rank = rank(node.name, node.is_not_ready());
        if best.is_none_or(|(_, other)| rank > other) {
            best = Some((node.name, rank));
        }
    }
    best.map(|(name, _)| name.to_owned())
}

/// Kinds of trouble, each with the nodes that are in for it.
fn against(view: &ClusterModel, choices: &[Choice], refused: &[String]) -> Vec<Blocker> {
    let mut found: Vec<Blocker> = refused.iter().map(|why| Blocker { code: "method-refused", message: why.clone() }).collect();
    for choice in choices {
        for (code, says, fits) in TROUBLES {
            let fits = |prediction: &&Prediction| fits(prediction) && !(prediction.verdict == Verdict::Unknown && is_ill(view, prediction));
            let nodes: Vec<&Prediction> = choice.predictions.iter().filter(fits).collect();
            let Some(first) = nodes.first() else { continue };
            let names: Vec<&str> = nodes.iter().map(|prediction| prediction.node.as_str()).collect();
            let message = format!("{} {says} {}: {}", choice.method, text::list(&names, 5), why(first));
            found.push(Blocker { code, message });
        }
    }
    found
}

/// A node that could not be looked into because its calico-node does not run: the change can only help it.
fn is_ill(view: &ClusterModel, prediction: &Prediction) -> bool {
    prediction.is_wrong_now || view.node(&prediction.node).is_some_and(|node| node.is_not_ready())
}

type Trouble = (&'static str, &'static str, fn(&Prediction) -> bool);

const TROUBLES: [Trouble; 5] = [
    ("method-exits", "makes calico-node exit on", |one| matches!(one.verdict, Verdict::Exits | Verdict::None)),
    ("method-finds-nothing", "finds no address on", |one| one.verdict == Verdict::Unchanged),
    ("method-wrong", "picks a wrong address on", |one| one.verdict == Verdict::Wrong),
    ("method-unknown", "cannot be foreseen on", |one| one.verdict == Verdict::Unknown),
    ("address-held", "needs an address that another node has stored, on", |one| one.held_now_by.is_some()),
];

fn why(prediction: &Prediction) -> String {
    match &prediction.held_now_by {
        Some(holder) => {
            format!("{holder} has {} now, and until it is changed calico-node exits here", prediction.will_store.as_deref().unwrap_or("it"))
        }
        None => prediction.reason.clone(),
    }
}
