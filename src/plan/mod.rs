//! Findings and wishes made into one change of one object: what is patched, what puts it back, and what each node must come to.

pub mod aim;
pub mod choosing;
pub mod detection;
pub mod edit;
pub mod emit;
pub mod held_up;
pub mod lasting;
pub mod lending;
pub mod patch;
pub mod place;
pub mod preflight;
pub mod proof;
pub mod record;
pub mod startup_copy;
pub mod timing;
pub mod wish;

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::snapshot::family::Family;
use edit::{Edit, EditError};
use patch::PatchKind;
use place::Place;

pub const API_VERSION: &str = "calico-fix/v1";
pub const KIND: &str = "Plan";

/// What is wanted, before the object was read that it will be done to.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The verb: `autodetect`, `probes`, `undo`.
    pub command: &'static str,
    /// One line.
    pub summary: String,
    pub place: Place,
    pub edits: Vec<Edit>,
    /// What comes after it, one after the other, where calico-node is killed again on the canary while it still gets on.
    pub larger: Vec<Larger>,
    pub nodes: Vec<NodeGoal>,
    /// The node that is tried first, where one can be.
    pub canary: Option<String>,
}

/// Edits of the same fields, with a larger budget for a start.
#[derive(Clone, Debug, PartialEq)]
pub struct Larger {
    pub started_within_seconds: u32,
    pub steady_seconds: Option<u32>,
    pub edits: Vec<Edit>,
}

/// What one node must come to for the change to count as proven.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeGoal {
    pub name: String,
    /// The addresses Calico must have stored for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<GoalAddress>,
    /// Its present address may change at any moment, as its present settings find another one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsettled: bool,
    /// Seconds calico-node has to start: what its probes allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_within_seconds: Option<u32>,
    /// Seconds it must stay up after it became Ready, without a restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steady_seconds: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GoalAddress {
    pub family: Family,
    #[schemars(with = "String")]
    pub address: IpAddr,
}

/// A change of one object, complete: the shape of `--out` and of `-o json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// `calico-fix/v1`
    pub api_version: String,
    /// `Plan`
    pub kind: String,
    pub command: String,
    pub summary: String,
    pub target: Target,
    /// Strategic merge patch of a DaemonSet, merge patch of an Installation.
    pub patch: Value,
    /// The same kind of patch that puts the old values back.
    pub restore: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<String>,
    /// Where the canary's start is killed again while it still gets on, these take the place of `patch`, one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    pub nodes: Vec<NodeGoal>,
    /// SHA-256 of all of the above.
    pub digest: String,
}

/// A larger budget for a start; `restore` puts this back too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Seconds calico-node then has to start.
    pub started_within_seconds: u32,
    /// Seconds it must then stay up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steady_seconds: Option<u32>,
    /// In place of the plan's own, which it covers.
    pub patch: Value,
}

/// The object, and the very state of it that was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    pub api_version: String,
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    pub name: String,
    pub uid: String,
    pub resource_version: String,
    /// SHA-256 of the object without what controllers write.
    pub state: String,
}

#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error(transparent)]
    Edit(#[from] EditError),
    #[error("the object has no {0}")]
    Incomplete(&'static str),
    #[error("{place} is another object than the plan was made for: is this the right cluster?")]
    AnotherObject { place: String },
    #[error("{place} was changed since the plan was made: make a new one")]
    Changed { place: String },
}

impl Plan {
    /// `None` where the object has all of it already.
    pub fn new(proposal: &Proposal, object: &Value) -> Result<Option<Self>, PlanError> {
        let kind = proposal.place.patch_kind();
        let after = edit::make(&proposal.edits, object)?;
        let (Some(patch), Some(restore)) = (kind.diff(object, &after), kind.diff(&after, object)) else { return Ok(None) };
        let mut plan = Self {
            api_version: API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            command: proposal.command.to_owned(),
            summary: proposal.summary.clone(),
            target: Target::of(object, &proposal.place)?,
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
        digest(&serde_json::to_value(Self { digest: String::new(), ..self.clone() }).unwrap_or_default())
    }

    pub fn place(&self) -> Option<Place> {
        Place::of(&self.target)
    }

    pub fn patch_kind(&self) -> PatchKind {
        self.place().map_or(PatchKind::Merge, |place| place.patch_kind())
    }

    /// Enough of the digest to tell changes apart.
    pub fn id(&self) -> &str {
        self.digest.get(..12).unwrap_or(&self.digest)
    }
}

/// Only what `restore` puts back as it does the first: an interrupted change must not have to know how far it had grown.
fn steps(proposal: &Proposal, object: &Value, restore: &Value) -> Result<Vec<Step>, PlanError> {
    let kind = proposal.place.patch_kind();
    let mut steps = Vec::new();
    for larger in proposal.larger.iter().filter(|_| proposal.canary.is_some()) {
        let after = edit::make(&larger.edits, object)?;
        if let (Some(patch), true) = (kind.diff(object, &after), kind.diff(&after, object).as_ref() == Some(restore)) {
            let Larger { started_within_seconds, steady_seconds, .. } = *larger;
            steps.push(Step { started_within_seconds, steady_seconds, patch });
        }
    }
    Ok(steps)
}

impl Target {
    pub fn of(object: &Value, place: &Place) -> Result<Self, PlanError> {
        let text = |field: &'static str| {
            let value = object.pointer(&format!("/metadata/{field}")).and_then(Value::as_str);
            value.map(str::to_owned).ok_or(PlanError::Incomplete(field))
        };
        let (api_version, kind) = place.type_meta();
        Ok(Self {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: place.namespace().map(str::to_owned),
            name: place.name().to_owned(),
            uid: text("uid")?,
            resource_version: text("resourceVersion")?,
            state: digest(&place::without_noise(object)),
        })
    }
}

/// Of the canonical JSON: keys are sorted.
fn digest(value: &Value) -> String {
    Sha256::digest(value.to_string().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
