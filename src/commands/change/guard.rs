//! A change under way: what is known of it, and writes that are sure to have happened, or sure not to.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::interrupt::Interrupt;
use super::narrator::Narrator;
use crate::cluster::error::RequestError;
use crate::cluster::request::Api;
use crate::cluster::write::{self, Run, WriteError};
use crate::plan::Plan;
use crate::plan::patch::join;
use crate::plan::place::Place;
use crate::plan::record::{self, Phase, Record};
use crate::snapshot::Snapshot;

pub struct Guard<'a> {
    pub api: Api,
    pub plan: &'a Plan,
    pub place: Place,
    /// As everything was before.
    pub before: &'a Snapshot,
    pub absent: BTreeSet<String>,
    /// By node: the UID of its pod before the change.
    pub old_pods: BTreeMap<String, String>,
    pub record: Record,
    pub field_manager: String,
    pub timeout: Duration,
    pub exec: bool,
    pub narrator: Narrator<'a>,
    pub interrupt: Interrupt,
    /// Signals that are answered already.
    pub heard: u32,
    /// Something was written.
    pub begun: bool,
    /// Since when each run of a container has been seen Ready.
    pub steady: BTreeMap<String, Instant>,
    /// By UID of a pod: restarts of it that mean nothing.
    pub forgiven: BTreeMap<String, i32>,
}

/// Why a change stopped.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
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
const PATIENCE: Duration = Duration::from_secs(600);
/// Between two tries of a request that found no server.
const PAUSE: Duration = Duration::from_secs(1);
const FIRST_TRIES: u32 = 5;
const NOT_SENT: &str = "the change could not be sent";
/// Between two looks: short where looking is cheap, and never more than a tenth of the time is spent asking, up to the longest.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// What the annotation must say for a write to have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Phase(Phase),
    Gone,
}

impl Guard<'_> {
    /// The first write: bound to the very version that was shown. One whose answer is lost is looked for, and sent again only where
    /// it was not made.
    pub async fn begin(&mut self, patch: &Value) -> Result<Value, Stop> {
        let version = json!({"metadata": {"resourceVersion": self.plan.target.resource_version}});
        let body = join(join(patch.clone(), &self.record.as_patch()), &version);
        let mut lost: Option<RequestError> = None;
        for _ in 0..FIRST_TRIES {
            match write::patch(&self.api, &self.place, &body, &self.field_manager, Run::Real).await {
                Ok(written) => {
                    self.begun = true;
                    self.warn(&written.warnings)?;
                    return Ok(written.object);
                }
                Err(WriteError::Conflict(error)) if lost.is_none() => return Err(Stop::Conflict(error)),
                Err(WriteError::Refused(error)) if !is_away(&error) => return Err(Stop::Request(error)),
                Err(error) => lost = Some(error.request().clone()),
            }
            // Until that is known it counts as made: to put back what is not there does no harm.
            self.begun = true;
            if let Some(error) = &lost {
                self.narrator.doubt(&format!("{error}; looking whether the change was made"))?;
            }
            let object = self.read().await?;
            self.begun = self.mark(&object)?.is_some_and(|record| record.id == self.record.id && record.phase == self.record.phase);
            if self.begun {
                return Ok(object);
            }
            if object["metadata"]["resourceVersion"] != self.plan.target.resource_version.as_str() {
                return Err(lost.map_or_else(|| Stop::Failed(NOT_SENT.to_owned()), Stop::Conflict));
            }
        }
        Err(lost.map_or_else(|| Stop::Failed(NOT_SENT.to_owned()), Stop::Request))
    }

    /// A later write: tried until the object says that it is done. Others may write to the object meanwhile, but not this change's annotation.
    pub async fn commit(&mut self, patch: &Value, mark: Mark) -> Result<Value, Stop> {
        let note = match mark {
            Mark::Phase(phase) => {
                self.record = self.record.in_phase(phase);
                self.record.as_patch()
            }
            Mark::Gone => record::removed(),
        };
        let begun = Instant::now();
        loop {
            let object = self.read().await?;
            match (self.mark(&object)?, mark) {
                (None, Mark::Gone) => return Ok(object),
                (Some(found), _) if found.id != self.record.id => return Err(Stop::Overtaken(found.id, self.place.to_string())),
                (Some(found), Mark::Phase(phase)) if found.phase == phase && self.place.patch_kind().holds(&object, patch) => {
                    return Ok(object);
                }
                _ => {}
            }
            let version = json!({"metadata": {"resourceVersion": object["metadata"]["resourceVersion"]}});
            let body = join(join(patch.clone(), &note), &version);
            let error = match write::patch(&self.api, &self.place, &body, &self.field_manager, Run::Real).await {
                Ok(written) => {
                    self.warn(&written.warnings)?;
                    return Ok(written.object);
                }
                Err(WriteError::Refused(error)) if !is_away(&error) => return Err(Stop::Request(error)),
                Err(error) => error,
            };
            if begun.elapsed() > PATIENCE {
                return Err(Stop::Failed(error.to_string()));
            }
            self.narrator.waits(&format!("{error}; trying again"))?;
            self.pause(PAUSE).await?;
        }
    }

    /// The object as it is, however long the API server takes to answer.
    pub async fn read(&mut self) -> Result<Value, Stop> {
        let (api, place) = (self.api.clone(), self.place.clone());
        self.patiently(|| write::read(&api, &place)).await
    }

    /// Asks until there is an answer; only a server that is away is waited for. Time without one is nobody's fault.
    pub async fn patiently<T, F: Future<Output = Result<T, RequestError>>>(&mut self, ask: impl Fn() -> F) -> Result<T, Stop> {
        let begun = Instant::now();
        loop {
            match ask().await {
                Ok(answer) => return Ok(answer),
                Err(error) if is_away(&error) && begun.elapsed() < PATIENCE => {
                    self.narrator.waits(&format!("waiting for the API server: {error}"))?;
                    self.pause(PAUSE).await?;
                }
                Err(error) => return Err(Stop::Request(error)),
            }
        }
    }

    fn mark(&self, object: &Value) -> Result<Option<Record>, Stop> {
        Record::of(object).map_err(|unreadable| Stop::Failed(unreadable.to_string()))
    }

    pub fn warn(&mut self, warnings: &[String]) -> Result<(), Stop> {
        for warning in warnings {
            self.narrator.doubt(&format!("Warning: {warning}"))?;
        }
        Ok(())
    }

    /// Until the next look; `begun` is when this one began.
    pub async fn rest(&mut self, begun: Instant) -> Result<(), Stop> {
        self.pause((begun.elapsed() * 9).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)).await
    }

    /// A pause that a signal ends.
    async fn pause(&mut self, length: Duration) -> Result<(), Stop> {
        let (interrupt, heard) = (self.interrupt.clone(), self.heard);
        tokio::select! {
            () = tokio::time::sleep(length) => Ok(()),
            () = interrupt.beyond(heard) => {
                self.heard = interrupt.times();
                Err(Stop::Interrupted)
            }
        }
    }
}

/// No answer, or one that says to come back: the server, or the way to it, is away.
pub fn is_away(error: &RequestError) -> bool {
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
pub struct Clock {
    left: Duration,
    last: Instant,
}

impl Clock {
    pub fn new(limit: Duration) -> Self {
        Self { left: limit, last: Instant::now() }
    }

    pub fn restart(&mut self, limit: Duration) {
        *self = Self::new(limit);
    }

    /// Time since the last tick was spent watching.
    pub fn tick(&mut self) -> bool {
        self.left = self.left.saturating_sub(self.last.elapsed());
        self.last = Instant::now();
        self.left.is_zero()
    }

    /// Time since the last tick does not count.
    pub fn forgive(&mut self) {
        self.last = Instant::now();
    }
}
