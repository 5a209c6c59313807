//! A change under way: what is known of it, and writes that are sure to have happened, or sure not to.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::interrupt::Interrupt;
use super::progress::RolloutProgress;
use crate::cluster::error::RequestError;
use crate::cluster::request::Api;
use crate::cluster::write::{self, Run, WriteError};
use crate::edit::patch::join;
use crate::edit::target::Target;
use crate::edit::undo_record::{self, RolloutPhase, UndoRecord};
use crate::plan::Plan;
use crate::snapshot::Snapshot;

pub struct Rollout<'a> {
    pub api: Api,
    pub plan: &'a Plan,
    pub target: Target,
    /// As everything was before.
    pub before: &'a Snapshot,
    pub absent: BTreeSet<String>,
    /// By node: the UID of its pod before the change.
    pub old_pods: BTreeMap<String, String>,
    pub record: UndoRecord,
    pub field_manager: String,
    pub timeout: Duration,
    pub exec: bool,
    pub progress: RolloutProgress<'a>,
    pub interrupt: Interrupt,
    /// Signals that are answered already.
    pub signals_handled: u32,
    /// Something was written.
    pub has_written: bool,
    /// Since when each run of a container has been seen Ready.
    pub ready_since: BTreeMap<String, Instant>,
    /// By UID of a pod: restarts of it that mean nothing.
    pub ignored_restarts: BTreeMap<String, i32>,
}

/// Why a change stopped.
#[derive(Debug, thiserror::Error)]
pub enum RolloutError {
    #[error("interrupted")]
    Interrupted,
    #[error("{0}")]
    Failed(String),
    /// calico-node ended and began anew on a node that was to be proven.
    #[error("{0}")]
    Restarted(String),
    /// The object changed since it was shown; nothing was done.
    #[error("{0}")]
    Conflict(RequestError),
    #[error("{0}")]
    Request(RequestError),
    /// Another change has taken the object over.
    #[error("another change ({0}) has taken over {1}")]
    Overtaken(String, String),
    #[error("{0}")]
    Output(#[from] std::io::Error),
}

/// How long an API server may be away before that counts as failure: it may be reached through the network under repair.
const UNREACHABLE_TIMEOUT: Duration = Duration::from_secs(600);
/// Between two tries of a request that found no server.
const PAUSE: Duration = Duration::from_secs(1);
const FIRST_TRIES: u32 = 5;
const NOT_SENT: &str = "the change could not be sent";
/// Between two looks: short where looking is cheap, and never more than a tenth of the time is spent asking, up to the max_duration.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// What the annotation must say for a write to have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordAfterWrite {
    RolloutPhase(RolloutPhase),
    Gone,
}

impl Rollout<'_> {
    /// The first write: bound to the very version that was shown. One whose answer is lost is looked for, and sent again only where
    /// it was not made.
    pub async fn first_write(&mut self, patch: &Value) -> Result<Value, RolloutError> {
        let version = json!({"metadata": {"resourceVersion": self.plan.target.resource_version}});
        let body = join(join(patch.clone(), &self.record.as_patch()), &version);
        let mut lost: Option<RequestError> = None;
        for _ in 0..FIRST_TRIES {
            match write::patch(&self.api, &self.target, &body, &self.field_manager, Run::Real).await {
                Ok(written) => {
                    self.has_written = true;
                    self.warn(&written.warnings)?;
                    return Ok(written.object);
                }
                Err(WriteError::Conflict(error)) if lost.is_none() => return Err(RolloutError::Conflict(error)),
                Err(WriteError::Refused(error)) if !is_unreachable(&error) => return Err(RolloutError::Request(error)),
                Err(error) => lost = Some(error.request().clone()),
            }
            // Until that is known it counts as made: to put back what is not there does no harm.
            self.has_written = true;
            if let Some(error) = &lost {
                self.progress.doubt(&format!("{error}; looking whether the change was made"))?;
            }
            let object = self.read().await?;
            self.has_written = self.mark(&object)?.is_some_and(|record| record.id == self.record.id && record.phase == self.record.phase);
            if self.has_written {
                return Ok(object);
            }
            if object["metadata"]["resourceVersion"] != self.plan.target.resource_version.as_str() {
                return Err(lost.map_or_else(|| RolloutError::Failed(NOT_SENT.to_owned()), RolloutError::Conflict));
            }
        }
        Err(lost.map_or_else(|| RolloutError::Failed(NOT_SENT.to_owned()), RolloutError::Request))
    }

    /// A later write: tried until the object says that it is done. Others may write to the object meanwhile, but not this change's annotation.
    pub async fn write_until_confirmed(&mut self, patch: &Value, mark: RecordAfterWrite) -> Result<Value, RolloutError> {
        let note = match mark {
            RecordAfterWrite::RolloutPhase(phase) => {
                self.record = self.record.in_phase(phase);
                self.record.as_patch()
            }
            RecordAfterWrite::Gone => undo_record::removed(),
        };
        let has_written = Instant::now();
        loop {
            let object = self.read().await?;
            match (self.mark(&object)?, mark) {
                (None, RecordAfterWrite::Gone) => return Ok(object),
                (Some(found), _) if found.id != self.record.id => return Err(RolloutError::Overtaken(found.id, self.target.to_string())),
                (Some(found), RecordAfterWrite::RolloutPhase(phase))
                    if found.phase == phase && self.target.patch_kind().holds(&object, patch) =>
                {
                    return Ok(object);
                }
                _ => {}
            }
            let version = json!({"metadata": {"resourceVersion": object["metadata"]["resourceVersion"]}});
            let body = join(join(patch.clone(), &note), &version);
            let error = match write::patch(&self.api, &self.target, &body, &self.field_manager, Run::Real).await {
                Ok(written) => {
                    self.warn(&written.warnings)?;
                    return Ok(written.object);
                }
                Err(WriteError::Refused(error)) if !is_unreachable(&error) => return Err(RolloutError::Request(error)),
                Err(error) => error,
            };
            if has_written.elapsed() > UNREACHABLE_TIMEOUT {
                return Err(RolloutError::Failed(error.to_string()));
            }
            self.progress.waits(&format!("{error}; trying again"))?;
            self.interruptible_sleep(PAUSE).await?;
        }
    }

    /// The object as it is, however long the API server takes to answer.
    pub async fn read(&mut self) -> Result<Value, RolloutError> {
        let (api, target) = (self.api.clone(), self.target.clone());
        self.retry_while_unreachable(|| write::read(&api, &target)).await
    }

    /// Asks until there is an answer; only a server that is away is waited for. Time without one is nobody's fault.
    pub async fn retry_while_unreachable<T, F: Future<Output = Result<T, RequestError>>>(
        &mut self,
        ask: impl Fn() -> F,
    ) -> Result<T, RolloutError> {
        let has_written = Instant::now();
        loop {
            match ask().await {
                Ok(answer) => return Ok(answer),
                Err(error) if is_unreachable(&error) && has_written.elapsed() < UNREACHABLE_TIMEOUT => {
                    self.progress.waits(&format!("waiting for the API server: {error}"))?;
                    self.interruptible_sleep(PAUSE).await?;
                }
                Err(error) => return Err(RolloutError::Request(error)),
            }
        }
    }

    fn mark(&self, object: &Value) -> Result<Option<UndoRecord>, RolloutError> {
        UndoRecord::of(object).map_err(|unreadable| RolloutError::Failed(unreadable.to_string()))
    }

    pub fn warn(&mut self, warnings: &[String]) -> Result<(), RolloutError> {
        for warning in warnings {
            self.progress.doubt(&format!("Warning: {warning}"))?;
        }
        Ok(())
    }

    /// Until the next look; `has_written` is when this one began.
    pub async fn poll_interval(&mut self, has_written: Instant) -> Result<(), RolloutError> {
        self.interruptible_sleep((has_written.elapsed() * 9).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)).await
    }

    /// A pause that a signal ends.
    async fn interruptible_sleep(&mut self, length: Duration) -> Result<(), RolloutError> {
        let (interrupt, signals_handled) = (self.interrupt.clone(), self.signals_handled);
        tokio::select! {
            () = tokio::time::sleep(length) => Ok(()),
            () = interrupt.wait_for_more_than(signals_handled) => {
                self.signals_handled = interrupt.signal_count();
                Err(RolloutError::Interrupted)
            }
        }
    }
}

/// No answer, or one that says to come back: the server, or the way to it, is away.
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

/// Time that is running out, but not while the API server is away.
pub struct PausableTimeout {
    left: Duration,
    last: Instant,
}

impl PausableTimeout {
    pub fn new(limit: Duration) -> Self {
        Self { left: limit, last: Instant::now() }
    }

    pub fn restart(&mut self, limit: Duration) {
        *self = Self::new(limit);
    }

    /// Time since the last is_expired was spent watching.
    pub fn is_expired(&mut self) -> bool {
        self.left = self.left.saturating_sub(self.last.elapsed());
        self.last = Instant::now();
        self.left.is_zero()
    }

    /// Time since the last is_expired does not count.
    pub fn skip_elapsed(&mut self) {
        self.last = Instant::now();
    }
}
