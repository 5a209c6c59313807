//! From a chosen autodetection method to a proposal: target, edits, goals, risks.

use std::collections::BTreeMap;

use serde_json::Value;

use super::autodetect_edits::{self, Refusal, Setting};
use super::canary::{self, CanaryChoice, NoSuchNode};
use super::owner_notes::{self, OwnerNote};
use super::preflight::Blocker;
use super::snippets::Snippets;
use super::{GoalAddress, NodeGoal, Proposal};
use crate::autodetect::{Choice, Prediction, Verdict};
use crate::calico::address;
use crate::calico::environment::method_variable;
use crate::model::{ClusterModel, NodeModel};
use crate::snapshot::Snapshot;
use crate::text;
use crate::verb::Verb;

#[derive(Clone, Debug)]
pub struct ProposedMethod {
    pub proposal: Proposal,
    pub snippets: Snippets,
    pub notes: Vec<OwnerNote>,
    /// Risks of this method.
    pub blockers: Vec<Blocker>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposalError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    NoSuchNode(#[from] NoSuchNode),
}

/// Builds the proposal. One choice per family; `refused` says why the running release cannot take a method.
pub fn proposed_method(
    snapshot: &Snapshot,
    choices: &[Choice],
    refused: &[String],
    canary: &CanaryChoice,
) -> Result<ProposedMethod, ProposalError> {
    let view = ClusterModel::new(snapshot);
    let installations = snapshot.resources.installations.seen().map_or(&[][..], Vec::as_slice);
    let target = autodetect_edits::target(&view.install, installations)?;
    let settings: Vec<Setting> = choices.iter().map(|choice| Setting { family: choice.family, method: choice.method.clone() }).collect();
    let edits = autodetect_edits::edits(&view.install, &target, &settings)?;
    let now = installations.iter().find(|one| target.is_installation() && one.metadata.name == target.name());
    let snippets = Snippets::of_detection(&settings, &edits, &target, now.map_or(&Value::Null, |one| &one.spec))?;
    let summary: Vec<String> = settings.iter().map(|one| format!("{}={}", method_variable(one.family), one.method)).collect();
    let canary = canary::choose(canary, &target, &view, |node| fault_rank(node, choices))?;
    let notes = owner_notes::notes(&view.install, &target, &snippets);
    let proposal = Proposal {
        command: Verb::Autodetect,
        summary: summary.join(" "),
        target,
        edits,
        larger: Vec::new(),
        nodes: goals(choices),
        canary,
    };
    Ok(ProposedMethod { proposal, snippets, notes, blockers: risks(&view, choices, refused) })
}

pub(super) fn goals(choices: &[Choice]) -> Vec<NodeGoal> {
    let mut goals: BTreeMap<&str, NodeGoal> = BTreeMap::new();
    for choice in choices {
        for prediction in &choice.predictions {
            let goal = goals.entry(&prediction.node).or_insert_with(|| NodeGoal { name: prediction.node.clone(), ..NodeGoal::default() });
            goal.address_may_change |= prediction.is_restless;
            let will = prediction.will_store.as_deref().and_then(address::parse);
            goal.addresses.extend(will.map(|cidr| GoalAddress { family: choice.family, address: cidr.addr() }));
        }
    }
    goals.into_values().collect()
}

/// Wrong or no address and not Ready; else a wrong address; else not Ready; else any that changes; else any.
fn fault_rank(node: &NodeModel, choices: &[Choice]) -> [bool; 4] {
    let any = |fits: fn(&Prediction) -> bool| {
        choices.iter().flat_map(|choice| &choice.predictions).any(|prediction| prediction.node == node.name && fits(prediction))
    };
    let (wrong, none) = (any(|prediction| prediction.is_wrong_now), any(|prediction| prediction.stored_now.is_none()));
    [(wrong || none) && node.is_not_ready(), wrong, node.is_not_ready(), any(|prediction| prediction.changes() == Some(true))]
}

/// Risks of this method, each with the nodes affected.
fn risks(view: &ClusterModel, choices: &[Choice], refused: &[String]) -> Vec<Blocker> {
    let mut found: Vec<Blocker> = refused.iter().map(|why| Blocker { code: "method-refused", message: why.clone() }).collect();
    for choice in choices {
        for (code, says, fits) in RISKS {
            let fits = |prediction: &&Prediction| fits(prediction) && !(prediction.verdict == Verdict::Unknown && is_ill(view, prediction));
            // One blocker a reason: what is true of the first node need not be true of the others.
            let mut by_reason: Vec<(String, Vec<&Prediction>)> = Vec::new();
            for prediction in choice.predictions.iter().filter(fits) {
                let shared = why(prediction, Some("each keeps its address"));
                match by_reason.iter_mut().find(|(reason, _)| *reason == shared) {
                    Some((_, alike)) => alike.push(prediction),
                    None => by_reason.push((shared, vec![prediction])),
                }
            }
            found.extend(by_reason.into_iter().map(|(shared, alike)| {
                let why = match alike.as_slice() {
                    [one] => why(one, None),
                    _ => shared,
                };
                let nodes: Vec<&str> = alike.iter().map(|one| one.node.as_str()).collect();
                let message = format!("{} {says} {}: {why}", choice.method, text::list(&nodes, 5));
                Blocker { code, message }
            }));
        }
    }
    found
}

/// The node is wrong or not Ready already: an unknown prediction cannot make it worse.
fn is_ill(view: &ClusterModel, prediction: &Prediction) -> bool {
    prediction.is_wrong_now || view.node(&prediction.node).is_some_and(|node| node.is_not_ready())
}

type Risk = (&'static str, &'static str, fn(&Prediction) -> bool);

const RISKS: [Risk; 5] = [
    ("method-exits", "makes calico-node exit on", |one| matches!(one.verdict, Verdict::Exits | Verdict::None)),
    ("method-finds-nothing", "finds no address on", |one| one.verdict == Verdict::Unchanged),
    ("method-wrong", "picks a wrong address on", |one| one.verdict == Verdict::Wrong),
    ("method-unknown", "has an unknown result on", |one| one.verdict == Verdict::Unknown),
    ("address-held", "needs an address that another node has stored, on", |one| one.held_now_by.is_some()),
];

/// `kept`: what is said of an address that stays, in place of the address itself.
fn why(prediction: &Prediction, kept: Option<&str>) -> String {
    match (&prediction.held_now_by, &prediction.stored_now, kept) {
        (Some(holder), ..) => {
            format!(
                "{holder} has {} now. Until {holder} has changed, calico-node exits here",
                prediction.will_store.as_deref().unwrap_or("it")
            )
        }
        (None, Some(stored), Some(kept)) => prediction.reason.replace(&format!("it keeps {stored}"), kept),
        (None, ..) => prediction.reason.clone(),
    }
}
