//! What is asked for, and the plan that it makes of an object: a new change, one put back, or one that was saved.

use serde_json::{Value, json};

use super::{API_VERSION, KIND, NodeGoal, Plan, PlanError, Proposal};
use crate::edit::patch::join;
use crate::edit::target::Target;
use crate::edit::target::{IncompleteObject, TargetSnapshot};
use crate::edit::undo_record::UndoRecord;

#[derive(Clone, Debug)]
pub enum ChangeRequest {
    Apply(Proposal),
    Undo {
        target: Target,
        record: UndoRecord,
    },
    /// To the letter, or not at all.
    SavedPlan(Plan),
    /// For a while, on the nodes of its goals alone.
    Temporary(Proposal),
}

impl ChangeRequest {
    pub fn target(&self) -> Option<Target> {
        match self {
            Self::Apply(proposal) | Self::Temporary(proposal) => Some(proposal.target.clone()),
            Self::Undo { target, .. } => Some(target.clone()),
            Self::SavedPlan(plan) => plan.edit_target(),
        }
    }

    /// What the nodes must come to; an undo asks for nothing.
    pub fn goals(&self) -> &[NodeGoal] {
        match self {
            Self::Apply(proposal) | Self::Temporary(proposal) => &proposal.nodes,
            Self::SavedPlan(plan) => &plan.nodes,
            Self::Undo { .. } => &[],
        }
    }

    pub fn is_undo(&self) -> bool {
        matches!(self, Self::Undo { .. })
    }

    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Temporary(_))
    }

    /// `None` where there is nothing to do. An undo always has something: at least to forget what it was about.
    pub fn plan(&self, object: &Value) -> Result<Option<Plan>, PlanError> {
        match self {
            Self::Apply(proposal) | Self::Temporary(proposal) => Plan::new(proposal, object),
            Self::Undo { target, record } => undo(target, record, object).map(Some),
            Self::SavedPlan(plan) => saved(plan, object).map(Some),
        }
    }
}

pub const UNDO: &str = "undo";

/// A strategy as a patch that leaves nothing of the other one.
pub fn strategy(value: &Value) -> Value {
    json!({"spec": {"updateStrategy": value}})
}

fn undo(target: &Target, record: &UndoRecord, object: &Value) -> Result<Plan, PlanError> {
    let patch = match &record.strategy {
        Some(value) => join(record.restore.clone(), &strategy(value)),
        None => record.restore.clone(),
    };
    let mut after = object.clone();
    target.patch_kind().apply(&mut after, &patch);
    let restore = target.patch_kind().diff(&after, object).unwrap_or_else(|| json!({}));
    let plan = Plan {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        command: UNDO.to_owned(),
        summary: format!("what {} replaced is put back", record.command),
        target: TargetSnapshot::new(object, target)?,
        patch,
        restore,
        canary: None,
        steps: Vec::new(),
        nodes: Vec::new(),
        digest: String::new(),
    };
    Ok(Plan { digest: plan.computed_digest(), ..plan })
}

/// Only the status may have moved on since.
fn saved(plan: &Plan, object: &Value) -> Result<Plan, PlanError> {
    let target = plan.edit_target().ok_or(IncompleteObject("target that can be changed"))?;
    let now = TargetSnapshot::new(object, &target)?;
    if now.uid != plan.target.uid {
        return Err(PlanError::AnotherObject { target: target.to_string() });
    }
    if now.state != plan.target.state {
        return Err(PlanError::Changed { target: target.to_string() });
    }
    Ok(Plan { target: now, ..plan.clone() })
}
