//! What is asked for, and the plan made of it for one object: a new change, an undo, a saved plan, a temporary change.

use serde_json::{Value, json};

use super::{API_VERSION, KIND, NodeGoal, Plan, PlanError, Proposal, resume};
use crate::edit::owned;
use crate::edit::patch::join;
use crate::edit::target::{IncompleteObject, Target, TargetSnapshot};
use crate::edit::undo_record::{RolloutPhase, UndoRecord, is_held_back};
use crate::verb::Verb;

#[derive(Clone, Debug)]
pub enum ChangeRequest {
    Apply(Proposal),
    Undo {
        target: Target,
        record: UndoRecord,
        /// Of the nodes that are expected to be as sound afterwards as they are now.
        goals: Vec<NodeGoal>,
    },
    /// The rest of a change whose run has ended.
    Resume {
        target: Target,
        record: UndoRecord,
        goals: Vec<NodeGoal>,
    },
    /// Applied exactly as saved, or not at all.
    SavedPlan(Plan),
    /// Applied to the nodes of its goals, then reverted.
    Temporary(Proposal),
}

impl ChangeRequest {
    pub fn target(&self) -> Option<Target> {
        match self {
            Self::Apply(proposal) | Self::Temporary(proposal) => Some(proposal.target.clone()),
            Self::Undo { target, .. } | Self::Resume { target, .. } => Some(target.clone()),
            Self::SavedPlan(plan) => plan.edit_target(),
        }
    }

    /// Goals of the nodes; of an undo only those of nodes that stay sound.
    pub fn goals(&self) -> &[NodeGoal] {
        match self {
            Self::Apply(proposal) | Self::Temporary(proposal) => &proposal.nodes,
            Self::SavedPlan(plan) => &plan.nodes,
            Self::Resume { goals, .. } | Self::Undo { goals, .. } => goals,
        }
    }

    /// The verb that is applied; `None` for what cannot be resumed by the same command.
    pub fn verb(&self) -> Option<Verb> {
        match self {
            Self::Apply(proposal) => Some(proposal.command),
            _ => None,
        }
    }

    pub fn is_undo(&self) -> bool {
        matches!(self, Self::Undo { .. })
    }

    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Temporary(_))
    }

    /// The open record that is gone on from: of a change to resume, or of this very plan, applied again after its run had ended.
    pub fn open_record(&self, object: &Value) -> Option<UndoRecord> {
        match self {
            Self::Resume { record, .. } => Some(record.as_found_in(object)),
            Self::SavedPlan(plan) => {
                let record = UndoRecord::from_object(object).ok().flatten()?;
                let open = !record.is_finished() && record.phase != RolloutPhase::Restoring;
                (open && record.id == plan.id()).then(|| record.as_found_in(object))
            }
            Self::Apply(_) | Self::Undo { .. } | Self::Temporary(_) => None,
        }
    }

    /// `None` if the object already matches. An undo always returns a plan: it at least removes its annotation.
    pub fn plan(&self, object: &Value) -> Result<Option<Plan>, PlanError> {
        match self {
            Self::Apply(proposal) | Self::Temporary(proposal) => Plan::new(proposal, object),
            Self::Undo { target, record, goals } => undo(target, record, goals, object).map(Some),
            Self::Resume { target, record, goals } => resume::plan(target, &record.as_found_in(object), goals, object).map(Some),
            Self::SavedPlan(plan) => match self.open_record(object).zip(plan.edit_target()) {
                Some((record, target)) => resume::plan(&target, &record, &plan.nodes, object).map(Some),
                None => saved(plan, object).map(Some),
            },
        }
    }
}

/// A patch that replaces the update strategy.
pub fn strategy(value: &Value) -> Value {
    json!({"spec": {"updateStrategy": value}})
}

/// The record is untrusted: only fields that this program owns are restored.
fn undo(target: &Target, record: &UndoRecord, goals: &[NodeGoal], object: &Value) -> Result<Plan, PlanError> {
    let mut patch = match &record.strategy {
        Some(value) if is_held_back(object) => join(record.restore.clone(), &strategy(value)),
        // It is back already, or somebody else has set another one.
        _ => record.restore.clone(),
    };
    if target.is_installation() {
        clear_other_methods(&mut patch, object);
    }
    owned::check(target, object, &patch)?;
    let mut after = object.clone();
    target.patch_kind().apply(&mut after, &patch);
    let restore = target.patch_kind().diff(&after, object).unwrap_or_else(|| json!({}));
    let plan = Plan {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        command: Verb::Undo,
        summary: format!("restores what {} replaced", record.command),
        target: TargetSnapshot::new(object, target)?,
        patch,
        restore,
        canary: None,
        steps: Vec::new(),
        nodes: goals.to_vec(),
        digest: String::new(),
    };
    Ok(Plan { digest: plan.computed_digest(), ..plan })
}

/// The operator takes exactly one method a family: one that somebody set since goes when another is restored.
fn clear_other_methods(patch: &mut Value, object: &Value) {
    let Some(network) = patch.pointer_mut("/spec/calicoNetwork").and_then(Value::as_object_mut) else { return };
    for (field, restored) in network.iter_mut().filter(|(field, _)| field.starts_with("nodeAddressAutodetection")) {
        let (Some(restored), Some(now)) =
            (restored.as_object_mut(), object.pointer(&format!("/spec/calicoNetwork/{field}")).and_then(Value::as_object))
        else {
            continue;
        };
        if restored.values().any(|value| !value.is_null()) {
            for method in now.keys().filter(|method| !method.is_empty()) {
                restored.entry(method.clone()).or_insert(Value::Null);
            }
        }
    }
}

/// The saved plan, if nothing but the status of the object has changed.
fn saved(plan: &Plan, object: &Value) -> Result<Plan, PlanError> {
    let target = plan.edit_target().ok_or(IncompleteObject("target that can be changed"))?;
    let now = TargetSnapshot::new(object, &target)?;
    if now.uid != plan.target.uid {
        return Err(PlanError::AnotherObject { target: target.to_string() });
    }
    if now.state != plan.target.state {
        return Err(PlanError::Changed { target: target.to_string() });
    }
    recomputed(plan, &target, object)?;
    Ok(Plan { target: now, ..plan.clone() })
}

/// A plan file is untrusted: what it restores and its larger budgets must follow from its patch and the object.
fn recomputed(plan: &Plan, target: &Target, object: &Value) -> Result<(), PlanError> {
    let kind = target.patch_kind();
    let restore = |patch: &Value| {
        owned::check(target, object, patch)?;
        let mut after = object.clone();
        kind.apply(&mut after, patch);
        Ok::<_, PlanError>(kind.diff(&after, object).unwrap_or_else(|| json!({})))
    };
    owned::check(target, object, &plan.restore)?;
    if restore(&plan.patch)? != plan.restore {
        return Err(PlanError::Inconsistent("restore"));
    }
    for step in &plan.steps {
        if restore(&step.patch)? != plan.restore {
            return Err(PlanError::Inconsistent("steps"));
        }
    }
    Ok(())
}
