//! What is asked for, and the plan that it makes of an object: a new change, one put back, or one that was saved.

use serde_json::{Value, json};

use super::patch::join;
use super::place::Place;
use super::record::Record;
use super::{API_VERSION, KIND, NodeGoal, Plan, PlanError, Proposal, Target};

#[derive(Clone, Debug)]
pub enum Wish {
    Change(Proposal),
    Undo {
        place: Place,
        record: Record,
    },
    /// To the letter, or not at all.
    Saved(Plan),
    /// For a while, on the nodes of its goals alone.
    Lend(Proposal),
}

impl Wish {
    pub fn place(&self) -> Option<Place> {
        match self {
            Self::Change(proposal) | Self::Lend(proposal) => Some(proposal.place.clone()),
            Self::Undo { place, .. } => Some(place.clone()),
            Self::Saved(plan) => plan.place(),
        }
    }

    /// What the nodes must come to; an undo asks for nothing.
    pub fn goals(&self) -> &[NodeGoal] {
        match self {
            Self::Change(proposal) | Self::Lend(proposal) => &proposal.nodes,
            Self::Saved(plan) => &plan.nodes,
            Self::Undo { .. } => &[],
        }
    }

    pub fn is_undo(&self) -> bool {
        matches!(self, Self::Undo { .. })
    }

    pub fn is_lent(&self) -> bool {
        matches!(self, Self::Lend(_))
    }

    /// `None` where there is nothing to do. An undo always has something: at least to forget what it was about.
    pub fn plan(&self, object: &Value) -> Result<Option<Plan>, PlanError> {
        match self {
            Self::Change(proposal) | Self::Lend(proposal) => Plan::new(proposal, object),
            Self::Undo { place, record } => undo(place, record, object).map(Some),
            Self::Saved(plan) => saved(plan, object).map(Some),
        }
    }
}

pub const UNDO: &str = "undo";

/// A strategy as a patch that leaves nothing of the other one.
pub fn strategy(value: &Value) -> Value {
    json!({"spec": {"updateStrategy": value}})
}

fn undo(place: &Place, record: &Record, object: &Value) -> Result<Plan, PlanError> {
    let patch = match &record.strategy {
        Some(value) => join(record.restore.clone(), &strategy(value)),
        None => record.restore.clone(),
    };
    let mut after = object.clone();
    place.patch_kind().apply(&mut after, &patch);
    let restore = place.patch_kind().diff(&after, object).unwrap_or_else(|| json!({}));
    let plan = Plan {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        command: UNDO.to_owned(),
        summary: format!("what {} replaced is put back", record.command),
        target: Target::of(object, place)?,
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
    let place = plan.place().ok_or(PlanError::Incomplete("target that can be changed"))?;
    let now = Target::of(object, &place)?;
    if now.uid != plan.target.uid {
        return Err(PlanError::AnotherObject { place: place.to_string() });
    }
    if now.state != plan.target.state {
        return Err(PlanError::Changed { place: place.to_string() });
    }
    Ok(Plan { target: now, ..plan.clone() })
}
