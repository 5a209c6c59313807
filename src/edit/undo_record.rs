//! What a change replaced, kept in the changed object itself: whoever comes later can put it back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// On the DaemonSet or Installation that was changed.
pub const ANNOTATION: &str = "kubectl-calico-fix/undo";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UndoRecord {
    /// The verb that made the change: `autodetect`, `probes`.
    pub command: String,
    /// The digest of the plan, shortened: two changes are never taken for each other.
    pub id: String,
    pub at: Timestamp,
    pub phase: RolloutPhase,
    /// The node that was tried first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<String>,
    /// What was set, as a patch: whether it still stands can be told.
    pub set: Value,
    /// What was there before, as a patch.
    pub restore: Value,
    /// The update strategy of before, while OnDelete stands in for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RolloutPhase {
    /// One node has the change; nothing else is replaced until the strategy is restored.
    Canary,
    /// The controller replaces the others.
    Rolling,
    /// Proven.
    Done,
    /// The values of before are back in the object; pods follow.
    Restoring,
}

#[derive(Debug, thiserror::Error)]
#[error("the annotation {ANNOTATION} cannot be read: {0}")]
pub struct Unreadable(#[from] serde_json::Error);

impl UndoRecord {
    /// `None` where there is none.
    pub fn of(object: &Value) -> Result<Option<Self>, Unreadable> {
        let text = object.pointer("/metadata/annotations").and_then(|annotations| annotations.get(ANNOTATION)).and_then(Value::as_str);
        text.map(Self::parse).transpose()
    }

    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        Ok(serde_json::from_str(text)?)
    }

    /// The part of a patch that writes it down.
    pub fn as_patch(&self) -> Value {
        let text = serde_json::to_string(self).unwrap_or_default();
        serde_json::json!({"metadata": {"annotations": {ANNOTATION: text}}})
    }

    pub fn is_finished(&self) -> bool {
        self.phase == RolloutPhase::Done
    }

    #[must_use]
    pub fn in_phase(&self, phase: RolloutPhase) -> Self {
        Self { phase, ..self.clone() }
    }
}

/// The part of a patch that forgets it.
pub fn removed() -> Value {
    serde_json::json!({"metadata": {"annotations": {ANNOTATION: null}}})
}
