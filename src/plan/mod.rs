//! From findings and requests to one change of one object. Pure: nothing here asks a cluster.
//!
//! A `Proposal` holds edits and goals; with the object as it is it becomes a `Plan`: patch, restore patch, digest.
//! `from_autodetect`, `from_probes` and `from_debug_log` make proposals, `request` and `resume` make plans, `canary` chooses the first node.
//! `node_state` is what a rollout judges a node by, `expectation` says what each node must look like, `verify` whether it does, `preflight` what speaks against starting,
//! and `next_step` what a running rollout does next.

pub mod autodetect_edits;
pub mod canary;
pub mod canary_retry;
pub mod debug_pod;
pub mod expectation;
pub mod from_autodetect;
pub mod from_debug_log;
pub mod from_probes;
pub mod next_step;
pub mod node_state;
pub mod owner_notes;
pub mod preflight;
pub mod request;
pub mod resume;
pub mod snippets;
pub mod stuck_rollout;
pub mod undo_forecast;
pub mod verify;

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::edit::owned::NotOwned;
use crate::edit::patch::PatchKind;
use crate::edit::target::{IncompleteObject, Target, TargetSnapshot, sha256};
use crate::edit::{self, Edit, EditError};
use crate::snapshot::family::Family;
use crate::verb::Verb;

pub const API_VERSION: &str = "calico-fix/v1";
pub const KIND: &str = "Plan";

/// Edits and goals, before the target was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    pub command: Verb,
    /// One line, for people.
    pub summary: String,
    pub target: Target,
    pub edits: Vec<Edit>,
    /// Successively larger startup budgets, for a canary that is killed while its start still makes progress.
    pub larger: Vec<BudgetEdits>,
    pub nodes: Vec<NodeGoal>,
    /// The node changed and verified first; `None` where no node can be changed alone.
    pub canary: Option<String>,
}

/// Edits of the same fields, with a larger startup budget.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetEdits {
    pub started_within_seconds: u32,
    pub steady_seconds: Option<u32>,
    pub edits: Vec<Edit>,
}

/// What one node must look like for the change to be verified.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodeGoal {
    pub name: String,
    /// The addresses Calico must have stored for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<GoalAddress>,
    /// Its present address may change at any moment, as its present settings find another one.
    #[serde(rename = "unsettled", default, skip_serializing_if = "std::ops::Not::not")]
    pub address_may_change: bool,
    /// Seconds calico-node has to start: what its probes allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_within_seconds: Option<u32>,
    /// Seconds it must stay up after it became Ready, without a restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steady_seconds: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoalAddress {
    pub family: Family,
    #[schemars(with = "String")]
    pub address: IpAddr,
}

/// A change of one object, complete: the shape of `--out` and of `-o json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// `calico-fix/v1`
    pub api_version: String,
    /// `Plan`
    pub kind: String,
    pub command: Verb,
    pub summary: String,
    pub target: TargetSnapshot,
    /// Strategic merge patch of a DaemonSet, merge patch of an Installation.
    pub patch: Value,
    /// The same kind of patch, which restores the old values.
    pub restore: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<String>,
    /// Used instead of `patch`, one after the other, if the start of the canary is killed again while still making progress.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<BudgetStep>,
    pub nodes: Vec<NodeGoal>,
    /// SHA-256 of all of the above.
    pub digest: String,
}

/// A larger budget for a start; `restore` restores the old one from here too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Step")]
pub struct BudgetStep {
    /// Seconds calico-node then has to start.
    pub started_within_seconds: u32,
    /// Seconds it must then stay up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steady_seconds: Option<u32>,
    /// Replaces the plan's own patch, and sets the same fields.
    pub patch: Value,
}

#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error(transparent)]
    Edit(#[from] EditError),
    #[error(transparent)]
    Incomplete(#[from] IncompleteObject),
    /// Of a plan file or an undo record.
    #[error(transparent)]
    NotOwned(#[from] NotOwned),
    #[error("{0} of the plan does not follow from its patch: it was not made by this plugin")]
    Inconsistent(&'static str),
    #[error("{target} is another object than the plan was made for: is this the right cluster?")]
    AnotherObject { target: String },
    /// Of a change that was to be resumed.
    #[error("somebody else has changed the same fields since, so the change cannot be resumed: {fields}")]
    Overwritten { fields: String },
    #[error("{target} was changed since the plan was made: make a new one")]
    Changed { target: String },
}

impl Plan {
    /// `None` if the object already matches.
    pub fn new(proposal: &Proposal, object: &Value) -> Result<Option<Self>, PlanError> {
        let kind = proposal.target.patch_kind();
        let after = edit::make(&proposal.edits, object)?;
        let (Some(patch), Some(restore)) = (kind.diff(object, &after), kind.diff(&after, object)) else { return Ok(None) };
        let mut plan = Self {
            api_version: API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            command: proposal.command,
            summary: proposal.summary.clone(),
            target: TargetSnapshot::new(object, &proposal.target)?,
            patch,
            restore: restore.clone(),
            canary: proposal.canary.clone(),
            steps: steps(proposal, object, &restore)?,
            nodes: proposal.nodes.clone(),
            digest: String::new(),
        };
        plan.digest = plan.computed_digest();
        Ok(Some(plan))
    }

    pub fn computed_digest(&self) -> String {
        sha256(&serde_json::to_value(Self { digest: String::new(), ..self.clone() }).unwrap_or_default())
    }

    pub fn edit_target(&self) -> Option<Target> {
        Target::from_snapshot(&self.target)
    }

    pub fn patch_kind(&self) -> PatchKind {
        self.edit_target().map_or(PatchKind::Merge, |target| target.patch_kind())
    }

    /// The first 12 hex digits of the digest.
    pub fn id(&self) -> &str {
        self.digest.get(..12).unwrap_or(&self.digest)
    }
}

/// Keeps only steps that `restore` undoes exactly, so that an undo need not know how far the budget had grown.
fn steps(proposal: &Proposal, object: &Value, restore: &Value) -> Result<Vec<BudgetStep>, PlanError> {
    let kind = proposal.target.patch_kind();
    let mut steps = Vec::new();
    for larger in proposal.larger.iter().filter(|_| proposal.canary.is_some()) {
        let after = edit::make(&larger.edits, object)?;
        if let (Some(patch), true) = (kind.diff(object, &after), kind.diff(&after, object).as_ref() == Some(restore)) {
            let BudgetEdits { started_within_seconds, steady_seconds, .. } = *larger;
            steps.push(BudgetStep { started_within_seconds, steady_seconds, patch });
        }
    }
    Ok(steps)
}

#[cfg(test)]
mod tests;
