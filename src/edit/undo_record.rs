//! The undo record: what a change replaced, kept in an annotation of the target. Untrusted when it is read back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::verb::Verb;

/// On the DaemonSet or Installation that was changed. Its prefix is kept by `snapshot/trim.rs`, and the explanations of `change_unfinished`
/// and `debug_left_on` name it.
pub const ANNOTATION: &str = "kubectl-calico-fix/undo";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UndoRecord {
    pub command: Verb,
    /// The digest of the plan, shortened: two changes are never taken for each other.
    pub id: String,
    pub at: Timestamp,
    /// The API server's time of the run's last write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_at: Option<Timestamp>,
    /// Seconds without any sign of it after which the run has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_seconds: Option<u32>,
    pub phase: RolloutPhase,
    /// The node that was tried first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<String>,
    /// What was set, as a patch: compared with the object later.
    pub set: Value,
    /// What was there before, as a patch.
    pub restore: Value,
    /// The update strategy of before, while OnDelete replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Value>,
    /// The record of the verified change before this one: undoing this one brings that record back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Box<UndoRecord>>,
}

/// Records kept below the newest one; annotations of an object may have 256 KiB in all.
const MAX_PREVIOUS: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RolloutPhase {
    /// One node has the change; nothing else is replaced until the strategy is restored.
    Canary,
    /// The controller replaces the others.
    Rolling,
    /// Verified.
    Done,
    /// The old values are restored in the object; pods follow.
    Restoring,
}

#[derive(Debug, thiserror::Error)]
#[error("the annotation {ANNOTATION} cannot be read: {0}")]
pub struct Unreadable(#[from] serde_json::Error);

impl UndoRecord {
    /// `None` without the annotation.
    pub fn from_object(object: &Value) -> Result<Option<Self>, Unreadable> {
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

    /// Keeps `previous` below this record, and forgets what is too deep.
    #[must_use]
    pub fn on_top_of(self, previous: Option<Self>) -> Self {
        fn cut(record: UndoRecord, depth: usize) -> UndoRecord {
            let previous = record.previous.filter(|_| depth > 1).map(|below| Box::new(cut(*below, depth - 1)));
            UndoRecord { previous, ..record }
        }
        Self { previous: previous.map(|record| Box::new(cut(record, MAX_PREVIOUS))), ..self }
    }

    /// The part of a patch that takes this record away and brings the one below back.
    pub fn popped(&self) -> Value {
        self.previous.as_ref().map_or_else(removed, |previous| previous.as_patch())
    }

    /// The canary has the change alone: the update strategy OnDelete was set to keep the other pods as they are.
    pub fn holds_pods_back(&self) -> bool {
        self.phase == RolloutPhase::Canary && self.strategy.is_some()
    }

    /// What is true of this record while `object` is as it is: where somebody else has set another update strategy during the canary,
    /// nothing holds pods back any more, and their strategy stays.
    #[must_use]
    pub fn as_found_in(&self, object: &Value) -> Self {
        if !self.holds_pods_back() || is_held_back(object) {
            return self.clone();
        }
        Self { phase: RolloutPhase::Rolling, canary: None, strategy: None, ..self.clone() }
    }

    pub fn is_finished(&self) -> bool {
        self.phase == RolloutPhase::Done
    }

    /// The same change, as far on as the other record says; when each was written does not matter.
    pub fn is_as_far_as(&self, other: &Self) -> bool {
        let unstamped = |record: &Self| Self { written_at: None, quiet_seconds: None, ..record.clone() };
        unstamped(self) == unstamped(other)
    }

    #[must_use]
    pub fn in_phase(&self, phase: RolloutPhase) -> Self {
        Self { phase, ..self.clone() }
    }
}

/// The update strategy is OnDelete, as while the first node has a change alone.
pub fn is_held_back(object: &Value) -> bool {
    object.pointer("/spec/updateStrategy/type").is_some_and(|kind| kind == "OnDelete")
}

/// The part of a patch that removes the annotation.
fn removed() -> Value {
    serde_json::json!({"metadata": {"annotations": {ANNOTATION: null}}})
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(id: &str) -> UndoRecord {
        UndoRecord {
            command: Verb::Probes,
            id: id.into(),
            at: Timestamp::UNIX_EPOCH,
            written_at: None,
            quiet_seconds: None,
            phase: RolloutPhase::Done,
            canary: None,
            set: json!({}),
            restore: json!({}),
            strategy: None,
            previous: None,
        }
    }

    #[test]
    fn undoing_the_newest_change_brings_the_record_of_the_one_before_back() {
        let both = record("second").on_top_of(Some(record("first")));
        let read = UndoRecord::from_object(&both.as_patch()).expect("reads").expect("is there");
        assert_eq!(read, both);
        assert_eq!(UndoRecord::from_object(&both.popped()).expect("reads"), Some(record("first")));
        assert_eq!(record("first").popped(), json!({"metadata": {"annotations": {ANNOTATION: null}}}));
    }

    #[test]
    fn the_stack_of_records_is_bounded() {
        let deep = (0..20).fold(record("0"), |below, number| record(&number.to_string()).on_top_of(Some(below)));
        let depth = std::iter::successors(Some(&deep), |record| record.previous.as_deref()).count();
        assert_eq!(depth, 1 + MAX_PREVIOUS);
    }
}
