//! Resuming: the rest of a change whose run has ended, planned from its undo record and from the cluster as it is now.

use serde_json::Value;

use super::from_autodetect;
use super::request::strategy;
use super::{API_VERSION, KIND, NodeGoal, Plan, PlanError};
use crate::autodetect::Choice;
use crate::calico::environment::method_variable;
use crate::calico::probe::{self, Budget};
use crate::diagnosis::context::Context;
use crate::edit::drift::Drift;
use crate::edit::owned;
use crate::edit::patch::join;
use crate::edit::target::{Target, TargetSnapshot};
use crate::edit::undo_record::{RolloutPhase, UndoRecord, is_held_back};
use crate::model::ClusterModel;
use crate::plan::autodetect_edits::field;
use crate::snapshot::Snapshot;
use crate::snapshot::family::Family;
use crate::verb::Verb;

/// What each node must look like, predicted from the cluster as it is: the record does not hold the goals of thousands of nodes.
pub fn goals(snapshot: &Snapshot, record: &UndoRecord) -> Vec<NodeGoal> {
    match record.command {
        Verb::Autodetect => addresses(snapshot, &record.set),
        Verb::Probes => budgets(snapshot, record.canary.as_deref()),
        _ => Vec::new(),
    }
}

/// The method that is set decides: it is the current one by now.
fn addresses(snapshot: &Snapshot, set: &Value) -> Vec<NodeGoal> {
    let (view, set) = (Context::new(snapshot), set.to_string());
    let is_set = |family: &Family| [method_variable(*family), field(*family)].iter().any(|name| set.contains(&format!("\"{name}\"")));
    let choices: Vec<Choice> = [Family::V4, Family::V6]
        .into_iter()
        .filter(is_set)
        .filter_map(|family| {
            let matrix = view.matrix(family);
            Some(matrix.choice(matrix.current()?))
        })
        .collect();
    from_autodetect::goals(&choices)
}

/// Staying up is verified on the canary, and where calico-node is not Ready.
fn budgets(snapshot: &Snapshot, canary: Option<&str>) -> Vec<NodeGoal> {
    let view = ClusterModel::new(snapshot);
    let Some(container) = view.install.container else { return Vec::new() };
    let seconds = |budget: Budget| u32::try_from(budget.total().as_secs()).ok();
    let started_within_seconds = probe::start_guard(container).and_then(|(_, budget)| seconds(budget));
    let steady = container.liveness_probe.as_ref().and_then(|probe| seconds(Budget::of(probe)));
    let with_pod = view.nodes.iter().filter(|node| node.pod.is_some());
    with_pod
        .map(|node| NodeGoal {
            name: node.name.to_owned(),
            started_within_seconds,
            steady_seconds: steady.filter(|_| canary == Some(node.name) || node.is_not_ready()),
            ..NodeGoal::default()
        })
        .collect()
}

/// Sets nothing that the record does not hold; only the update strategy may still have to be restored.
pub(super) fn plan(target: &Target, record: &UndoRecord, goals: &[NodeGoal], object: &Value) -> Result<Plan, PlanError> {
    owned::check(target, object, &record.set)?;
    owned::check(target, object, &record.restore)?;
    let drift = Drift::between(target.patch_kind(), object, &record.set, &record.restore);
    if !drift.is_none() {
        return Err(PlanError::Overwritten { fields: drift.describe(object, "") });
    }
    let canary_alone = record.phase == RolloutPhase::Canary && record.canary.is_some();
    let patch = match &record.strategy {
        Some(before) if !canary_alone && is_held_back(object) => join(record.set.clone(), &strategy(before)),
        _ => record.set.clone(),
    };
    let plan = Plan {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        command: record.command,
        summary: format!("the rest of the change by {} of {}", record.command, record.at),
        target: TargetSnapshot::new(object, target)?,
        patch,
        restore: record.restore.clone(),
        canary: record.canary.clone().filter(|_| canary_alone),
        steps: Vec::new(),
        nodes: goals.to_vec(),
        digest: String::new(),
    };
    Ok(Plan { digest: plan.computed_digest(), ..plan })
}
