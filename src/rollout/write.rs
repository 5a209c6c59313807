//! State of a running rollout, and writes whose effect is known before the rollout goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::interrupt::Interrupt;
use super::progress::RolloutProgress;
use super::timeouts::{FIRST_WRITE_TRIES, LONGEST_PAUSE, RETRY_PAUSE, SHORTEST_PAUSE, UNREACHABLE_TIMEOUT, longest_silence};
use crate::cluster::error::RequestError;
use crate::cluster::request::Api;
use crate::cluster::write::{self, Run, WriteError};
use crate::edit::drift::Drift;
use crate::edit::patch::join;
use crate::edit::target::Target;
use crate::edit::undo_record::{RolloutPhase, UndoRecord, is_held_back};
use crate::plan::Plan;
use crate::plan::canary_retry::StartProgress;
use crate::plan::request::strategy;
use crate::snapshot::Snapshot;
use crate::text;

/// State of a running rollout.
pub struct Rollout<'a> {
    pub(super) api: Api,
    pub(super) plan: &'a Plan,
    pub(super) target: Target,
    /// The cluster before the first write.
    pub(super) before: &'a Snapshot,
    /// Nodes whose kubelet is gone: they take no part.
    pub(super) absent: BTreeSet<String>,
    /// By node: the UID of its pod before the first write.
    pub(super) old_pods: BTreeMap<String, String>,
    pub(super) record: UndoRecord,
    pub(super) field_manager: String,
    /// Per node.
    pub(super) timeout: Duration,
    pub(super) exec: bool,
    pub(super) progress: RolloutProgress<'a>,
    pub(super) interrupt: Interrupt,
    pub(super) signals_handled: u32,
    /// Something was written, or may have been.
    pub(super) has_written: bool,
    /// Since when each run of a container has been seen Ready.
    pub(super) ready_since: BTreeMap<String, Instant>,
    /// By UID of a pod: restarts by update conflicts, which mean nothing.
    pub(super) ignored_restarts: BTreeMap<String, i32>,
    /// It goes on from the record of a run that has ended: some pods have the new template already.
    pub(super) is_resumed: bool,
    /// How often somebody else has restored the old values.
    pub(super) reverts: u32,
    /// Nodes that had an address fault before the first write.
    pub(super) address_faults_before: BTreeSet<String>,
    /// How far the canary's start has come.
    pub(super) canary_progress: Option<StartProgress>,
    /// Edits by others that a rollback has left as they are.
    pub(super) kept_edits: Vec<String>,
}

/// Why a rollout stopped.
#[derive(Debug, thiserror::Error)]
pub enum RolloutError {
    #[error("interrupted")]
    Interrupted,
    #[error("{0}")]
    Failed(String),
    /// Nothing has happened for as long as one node may take.
    #[error("{0}")]
    Stalled(String),
    /// The object changed since it was shown; nothing was written.
    #[error("{0}")]
    Conflict(RequestError),
    #[error("{0}")]
    Request(RequestError),
    /// The annotation is another change's: its id, and the target.
    #[error("another change ({0}) has replaced this one in {1}")]
    Overtaken(String, String),
    #[error("{0}")]
    Output(#[from] std::io::Error),
}

const NOT_SENT: &str = "the change could not be sent";
/// What the annotation must say once a write has happened.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RecordAfterWrite {
    RolloutPhase(RolloutPhase),
    /// The next startup budget: a patch of the fields that are set already.
    Budget(Value),
    /// The values of this change once more, after somebody has reverted them.
    Reapplied,
    /// The record of this change is gone, and the one below it is back.
    Removed,
}

impl Rollout<'_> {
    /// First write, conditional on the resourceVersion the user saw.
    ///
    /// If the response is lost, re-reads the object and resends only if the patch is not there.
    pub(super) async fn first_write(&mut self, patch: &Value) -> Result<Value, RolloutError> {
        let version = json!({"metadata": {"resourceVersion": self.plan.target.resource_version}});
        self.record = self.stamped(self.record.clone());
        let body = join(join(patch.clone(), &self.record.as_patch()), &version);
        let mut lost: Option<RequestError> = None;
        for _ in 0..FIRST_WRITE_TRIES {
            match write::patch(&self.api, &self.target, &body, &self.field_manager, Run::Real).await {
                Ok(written) => {
                    self.has_written = true;
                    self.warn(&written.warnings);
                    return Ok(written.object);
                }
                Err(WriteError::Conflict(error)) if lost.is_none() => return Err(RolloutError::Conflict(error)),
                Err(WriteError::Refused(error)) if !is_unreachable(&error) => return Err(RolloutError::Request(error)),
                Err(error) => lost = Some(error.request().clone()),
            }
            // Assume it was applied: rolling back a patch that is not there is harmless.
            self.has_written = true;
            if let Some(error) = &lost {
                self.progress.warning(&format!("{error}; checking whether the change was made"));
            }
            let object = self.read().await?;
            let found = UndoRecord::from_object(&object).map_err(|unreadable| RolloutError::Failed(unreadable.to_string()))?;
            self.has_written = found.is_some_and(|record| record.id == self.record.id && record.phase == self.record.phase);
            if self.has_written {
                return Ok(object);
            }
            if resource_version(&object) != Some(self.plan.target.resource_version.as_str()) {
                return Err(lost.map_or_else(|| RolloutError::Failed(NOT_SENT.to_owned()), RolloutError::Conflict));
            }
        }
        Err(lost.map_or_else(|| RolloutError::Failed(NOT_SENT.to_owned()), RolloutError::Request))
    }

    /// A later write: repeated until the object says that it is done.
    ///
    /// Before each try the object is read and compared with what this rollout has written. Others may write other fields.
    pub(super) async fn write_until_confirmed(&mut self, patch: &Value, after: RecordAfterWrite) -> Result<Value, RolloutError> {
        let record = match &after {
            RecordAfterWrite::RolloutPhase(phase) => self.record.in_phase(*phase),
            RecordAfterWrite::Budget(set) => UndoRecord { set: set.clone(), ..self.record.clone() },
            RecordAfterWrite::Removed | RecordAfterWrite::Reapplied => self.record.clone(),
        };
        let record = self.stamped(record);
        let note = if after == RecordAfterWrite::Removed { record.popped() } else { record.as_patch() };
        let begun = Instant::now();
        loop {
            let object = self.read().await?;
            let patch = match after {
                RecordAfterWrite::RolloutPhase(RolloutPhase::Restoring) => self.restorable(&object),
                _ => patch.clone(),
            };
            let holds = self.target.patch_kind().holds(&object, &patch);
            match (UndoRecord::from_object(&object), &after) {
                (Ok(None), RecordAfterWrite::Removed) if holds => return Ok(object),
                (Ok(Some(found)), RecordAfterWrite::Removed) if holds && Some(&found) == record.previous.as_deref() => return Ok(object),
                (Ok(Some(found)), _) if found.id != record.id => {
                    return Err(RolloutError::Overtaken(found.id, self.target.to_string()));
                }
                (Ok(Some(found)), RecordAfterWrite::RolloutPhase(_) | RecordAfterWrite::Budget(_) | RecordAfterWrite::Reapplied)
                    if holds && found.is_as_far_as(&record) =>
                {
                    self.record = record;
                    return Ok(object);
                }
                _ => {}
            }
            if after != RecordAfterWrite::Reapplied {
                self.refuse_if_changed(&object, &after)?;
            }
            if self.record.holds_pods_back() && !is_rollback(&after) && !is_held_back(&object) {
                return Err(RolloutError::Failed(format!("somebody else changed {}: spec.updateStrategy", self.target)));
            }
            let version = json!({"metadata": {"resourceVersion": resource_version(&object)}});
            let body = join(join(patch, &note), &version);
            let error = match write::patch(&self.api, &self.target, &body, &self.field_manager, Run::Real).await {
                Ok(written) => {
                    self.record = record;
                    self.warn(&written.warnings);
                    self.refuse_if_changed(&written.object, &after)?;
                    return Ok(written.object);
                }
                Err(WriteError::Refused(error)) if !is_unreachable(&error) => return Err(RolloutError::Request(error)),
                Err(error) => error,
            };
            if begun.elapsed() > UNREACHABLE_TIMEOUT {
                return Err(RolloutError::Failed(error.to_string()));
            }
            self.progress.waiting(&format!("{error}; trying again"));
            self.interruptible_sleep(RETRY_PAUSE).await?;
        }
    }

    /// The record as it is written now: when, and how long nothing may be heard of this run afterwards.
    fn stamped(&self, record: UndoRecord) -> UndoRecord {
        let quiet = longest_silence(self.timeout);
        UndoRecord { written_at: Some(self.api.now()), quiet_seconds: u32::try_from(quiet.as_secs()).ok(), ..record }
    }

    /// What may be restored of `object`; notes the edits by others that stay.
    fn restorable(&mut self, object: &Value) -> Value {
        let drift = Drift::between(self.target.patch_kind(), object, &self.record.set, &self.record.restore);
        self.kept_edits.clear();
        let others = Drift { reverted: Vec::new(), ..drift.clone() };
        if !others.is_none() {
            self.kept_edits.push(others.describe(object, &self.field_manager));
        }
        let current = object.pointer("/spec/updateStrategy");
        match &self.record.strategy {
            Some(before) if is_held_back(object) => join(drift.restore, &strategy(before)),
            Some(before) if current != Some(before) => {
                self.kept_edits.push("spec.updateStrategy".to_owned());
                drift.restore
            }
            _ => drift.restore,
        }
    }

    /// On the way forward every field must hold what was set, before each write and after the last.
    fn refuse_if_changed(&self, object: &Value, after: &RecordAfterWrite) -> Result<(), RolloutError> {
        if is_rollback(after) {
            return Ok(());
        }
        let drift = Drift::between(self.target.patch_kind(), object, &self.record.set, &self.record.restore);
        if drift.is_none() {
            return Ok(());
        }
        if drift.is_revert() {
            return Err(RolloutError::Failed(reverted(&self.describe_revert(&drift, object), self.reverts + 1)));
        }
        let who = drift.describe(object, &self.field_manager);
        Err(RolloutError::Failed(format!("somebody else changed {}: {who}", self.target)))
    }

    /// Who has restored the old values, and of which fields.
    pub(super) fn describe_revert(&self, drift: &Drift, object: &Value) -> String {
        match drift.writers(object, &self.field_manager).as_slice() {
            [] => format!("an unknown manager restores {}", drift.fields()),
            writers => format!("manager {} restores {}", text::list(writers, 3), drift.fields()),
        }
    }

    /// Reads the target, however long the API server takes to answer.
    pub(super) async fn read(&mut self) -> Result<Value, RolloutError> {
        let (api, target) = (self.api.clone(), self.target.clone());
        self.retry_while_unreachable(|| write::read(&api, &target)).await
    }

    /// Retries while the API server is unreachable; every other error is returned.
    pub(super) async fn retry_while_unreachable<T, F: Future<Output = Result<T, RequestError>>>(
        &mut self,
        ask: impl Fn() -> F,
    ) -> Result<T, RolloutError> {
        let begun = Instant::now();
        loop {
            match ask().await {
                Ok(answer) => return Ok(answer),
                Err(error) if is_unreachable(&error) && begun.elapsed() < UNREACHABLE_TIMEOUT => {
                    self.progress.waiting(&format!("waiting for the API server: {error}"));
                    self.interruptible_sleep(RETRY_PAUSE).await?;
                }
                Err(error) => return Err(RolloutError::Request(error)),
            }
        }
    }

    fn warn(&mut self, warnings: &[String]) {
        for warning in warnings {
            self.progress.warning(&format!("Warning: {warning}"));
        }
    }

    /// Waits until the next poll; `begun` is when the last one began.
    pub(super) async fn poll_interval(&mut self, begun: Instant) -> Result<(), RolloutError> {
        self.interruptible_sleep((begun.elapsed() * 9).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)).await
    }

    /// Sleeps; a signal ends the sleep and the rollout.
    async fn interruptible_sleep(&mut self, length: Duration) -> Result<(), RolloutError> {
        let (interrupt, handled) = (self.interrupt.clone(), self.signals_handled);
        tokio::select! {
            () = tokio::time::sleep(length) => Ok(()),
            () = interrupt.wait_for_more_than(handled) => {
                self.answer_signals();
                Err(RolloutError::Interrupted)
            }
        }
    }

    pub(super) fn has_signal(&self) -> bool {
        self.interrupt.signal_count() > self.signals_handled
    }

    pub(super) fn answer_signals(&mut self) {
        self.signals_handled = self.interrupt.signal_count();
    }
}

/// `who` is of `describe_revert`.
pub(super) fn reverted(who: &str, times: u32) -> String {
    format!("someone reverts this change: {who}, {}", text::count(usize::try_from(times).unwrap_or(usize::MAX), "time"))
}

fn is_rollback(after: &RecordAfterWrite) -> bool {
    matches!(after, RecordAfterWrite::Removed | RecordAfterWrite::RolloutPhase(RolloutPhase::Restoring))
}

/// No answer, or one that says to come back: the server, or the way to it, is down.
pub fn is_unreachable(error: &RequestError) -> bool {
    matches!(
        error,
        RequestError::Refused(_)
            | RequestError::Unreachable { .. }
            | RequestError::TimedOut { .. }
            // Cut on the way.
            | RequestError::Unreadable { .. }
            | RequestError::Server { code: 429 | 500..=599, .. }
    )
}

/// A timeout that does not run while the API server is unreachable.
pub(super) struct PausableTimeout {
    left: Duration,
    last: Instant,
}

impl PausableTimeout {
    pub(super) fn new(limit: Duration) -> Self {
        Self { left: limit, last: Instant::now() }
    }

    pub(super) fn restart(&mut self, limit: Duration) {
        *self = Self::new(limit);
    }

    /// Time since the last is_expired was spent watching.
    pub(super) fn is_expired(&mut self) -> bool {
        self.left = self.left.saturating_sub(self.last.elapsed());
        self.last = Instant::now();
        self.left.is_zero()
    }

    /// Time since the last is_expired does not count.
    pub(super) fn skip_elapsed(&mut self) {
        self.last = Instant::now();
    }
}

/// How long the API server has been unreachable.
#[derive(Default)]
pub(super) struct Outage {
    since: Option<Instant>,
}

impl Outage {
    pub(super) fn end(&mut self) {
        self.since = None;
    }

    /// One more request, begun then, got no answer. True once that has lasted for too long.
    pub(super) fn is_too_long(&mut self, begun: Instant) -> bool {
        self.since.get_or_insert(begun).elapsed() > UNREACHABLE_TIMEOUT
    }
}

fn resource_version(object: &Value) -> Option<&str> {
    object.pointer("/metadata/resourceVersion").and_then(Value::as_str)
}
