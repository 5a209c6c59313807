//! Follows the log of one node's new calico-node from the first line, run after run.

use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc, watch};

use super::resumable_log::ResumableLog;
use super::save::Saving;
use crate::calico::log_level::{DEBUG, LEVEL};
use crate::cluster::error::RequestError;
use crate::cluster::log_stream::{self, Read, Which};
use crate::cluster::request::Api;
use crate::cluster::{Connection, node_state};
use crate::render::style::Tone;
use crate::render::timeline_details;
use crate::reports::startup_log::newest_attempt;
use crate::rollout::{RolloutError, is_unreachable};
use crate::snapshot::objects::{DaemonSet, Event, Pod};
use crate::startup::container_state::container_states;
use crate::startup::log_location::{LogLocation, locate_log};
use crate::startup::log_source::{ContainerLog, ContainerState, LogGap, LogSource};

/// Until the next request for a pod whose log is silent.
const PAUSE: Duration = Duration::from_millis(500);
/// The terminal shows the growth of a log no more often than this.
const NEWS: Duration = Duration::from_millis(250);
/// Time limit for the last lines of a log, so that a slow node does not hold up the end.
const LAST_LINES: Duration = Duration::from_secs(10);

/// Whether to continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StopMode {
    Continue,
    /// Read what is there, then stop.
    Drain,
    Now,
}

pub(super) enum FollowEvent {
    Waits(String),
    Line(Tone, String),
}

pub(super) struct Node<'a> {
    pub connection: &'a Connection,
    pub api: Api,
    pub set: &'a DaemonSet,
    pub name: String,
    /// The UID of the pod that is being replaced.
    pub old: Option<String>,
    /// Without logs yet.
    pub source: LogSource,
    pub attempts: u16,
    pub say: mpsc::UnboundedSender<FollowEvent>,
    pub ending: watch::Receiver<StopMode>,
}

/// What was seen of a node while its log was followed.
pub(super) struct Followed {
    pub subject: LogSource,
    /// As it was last, with what the cluster says of it.
    pub pod: Option<(Pod, Vec<Event>)>,
}

/// Why no more is read of a run.
enum Close {
    Started,
    Ended(ContainerState),
    /// It still runs.
    Cut,
    /// No such run exists, and none will come.
    None,
}

impl Node<'_> {
    pub(super) async fn follow(&self, saving: &mut Saving) -> Result<Followed, RolloutError> {
        let mut followed = Followed { subject: self.source.clone(), pod: None };
        for number in 0..i32::from(self.attempts) {
            let mut taking = ResumableLog::new(saving);
            let close = self.run(number, &mut taking, &mut followed).await;
            let (state, complete, goes_on) = match close {
                Close::Started => (ContainerState::Running, true, false),
                Close::Ended(state) => (state, true, true),
                Close::Cut => (ContainerState::Running, false, false),
                Close::None => (ContainerState::NotKnown, false, false),
            };
            let any = !taking.is_empty();
            let attempts = taking.finish(complete).map_err(RolloutError::Output)?;
            if any {
                followed.subject.logs.push(ContainerLog { attempts, state });
            }
            self.tell_end(number, any, &followed.subject);
            if !goes_on {
                break;
            }
        }
        Ok(followed)
    }

    async fn run(&self, number: i32, taking: &mut ResumableLog<'_>, followed: &mut Followed) -> Close {
        let Followed { subject, pod: last } = followed;
        let attempt = number + 1;
        let unread = |subject: &mut LogSource, why: String| {
            subject.gaps.push(LogGap { what: format!("the log of attempt {attempt}"), why, blocks_healthy: true });
        };
        let mut begun = false;
        loop {
            let pod = match self.pod().await {
                Ok(Some(pod)) if last.as_ref().is_some_and(|(last, _)| last.metadata.uid != pod.metadata.uid) => {
                    unread(subject, format!("somebody else has replaced the pod {}", subject.from));
                    return Close::None;
                }
                Ok(pod) => pod,
                Err(error) => {
                    unread(subject, error.to_string());
                    return Close::None;
                }
            };
            if let Some(pod) = &pod {
                if !is_raised(pod) {
                    unread(subject, format!("{} was made without {LEVEL}={DEBUG}: somebody else reverts the change", pod.metadata.name));
                    return Close::None;
                }
                subject.from.clone_from(&pod.metadata.name);
                last.get_or_insert_with(|| (pod.clone(), Vec::new())).0 = pod.clone();
            }
            let (pod, which) = match pod.map(|pod| (locate_log(&pod, number), pod)) {
                Some((LogLocation::Runs, pod)) => (pod, Which::Followed),
                Some((LogLocation::Over, pod)) => (pod, Which::Current),
                Some((LogLocation::Followed, pod)) => (pod, Which::Previous),
                Some((LogLocation::Lost, _)) => {
                    unread(subject, "a later run replaced it before its last lines were read".to_owned());
                    return if taking.is_empty() { Close::None } else { Close::Ended(ContainerState::NotKnown) };
                }
                not_yet => {
                    let why = match not_yet {
                        Some((LogLocation::NotYet(Some(why)), _)) => format!("its container is {why}"),
                        _ => "its new pod has not started".to_owned(),
                    };
                    self.tell(FollowEvent::Waits(format!("{}: attempt {attempt}: {why}", self.name)));
                    if self.pause().await {
                        unread(subject, why);
                        return Close::None;
                    }
                    continue;
                }
            };
            if !std::mem::replace(&mut begun, true) {
                let line = format!("{}: attempt {attempt} begins in pod {}", self.name, pod.metadata.name);
                self.tell(FollowEvent::Line(Tone::Plain, line));
            }
            let read = self.read(&pod, which, taking, attempt).await;
            if which != Which::Followed {
                let events = node_state::events_of(&self.api, &pod).await;
                let states = container_states(&pod, &events);
                *last = Some((pod, events));
                match read {
                    Ok(Read::Whole) if !taking.is_truncated() => {}
                    Ok(_) => unread(subject, "the kubelet has no further lines of it".to_owned()),
                    Err(error) => unread(subject, error.to_string()),
                }
                return Close::Ended(if which == Which::Previous { states.previous } else { states.current });
            }
            match read {
                _ if taking.has_started() => {
                    self.last_lines(&pod, taking, attempt).await;
                    return Close::Started;
                }
                Err(error) if !is_unreachable(&error) => {
                    unread(subject, error.to_string());
                    return Close::None;
                }
                _ => {}
            }
            if self.pause().await {
                self.last_lines(&pod, taking, attempt).await;
                return Close::Cut;
            }
        }
    }

    /// Waits for the new pod, however slow the API server is.
    async fn pod(&self) -> Result<Option<Pod>, RequestError> {
        loop {
            match node_state::pod_on(&self.api, self.set, &self.name).await {
                Ok(pod) => return Ok(pod.filter(|pod| pod.metadata.uid != self.old && pod.metadata.deletion_timestamp.is_none())),
                Err(error) if is_unreachable(&error) && self.ending() == StopMode::Continue => {
                    self.tell(FollowEvent::Waits(format!("waiting for the API server: {error}")));
                    self.pause().await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// To the end of the answer; a log that is followed, until the start is done or all has to end.
    async fn read(&self, pod: &Pod, which: Which, taking: &mut ResumableLog<'_>, attempt: i32) -> Result<Read, RequestError> {
        let followed = which == Which::Followed;
        let (started, say, name) = (Notify::new(), self.say.clone(), self.name.clone());
        let (mut told, mut since): (Option<_>, Instant) = (None, Instant::now());
        taking.again();
        let mut take = |chunk: &[u8]| {
            taking.push(chunk);
            if followed && taking.has_started() {
                started.notify_one();
            }
            let phase = taking.phase();
            if told.is_none() || told != phase || since.elapsed() > NEWS {
                (told, since) = (phase, Instant::now());
                let doing = phase.map_or("beginning", |phase| phase.describe());
                // Nobody listens any more only when all is over.
                let _ = say.send(FollowEvent::Waits(format!("{name}: attempt {attempt}: {doing}")));
            }
        };
        let mut ending = self.ending.clone();
        tokio::select! {
            biased;
            () = started.notified() => Ok(Read::Whole),
            _ = ending.wait_for(|ending| *ending == StopMode::Now || (followed && *ending != StopMode::Continue)) => Ok(Read::Cut),
            read = log_stream::log(self.connection, pod, which, &mut take) => read,
        }
    }

    /// Reads what was written after the stream ended, if there is time.
    async fn last_lines(&self, pod: &Pod, taking: &mut ResumableLog<'_>, attempt: i32) {
        if self.ending() != StopMode::Now {
            // What was followed is kept even if this fails.
            let _ = tokio::time::timeout(LAST_LINES, self.read(pod, Which::Current, taking, attempt)).await;
        }
    }

    fn tell_end(&self, number: i32, any: bool, subject: &LogSource) {
        let Some(attempt) = newest_attempt(subject).filter(|_| any) else { return };
        let budget = subject.budget.map(|budget| u32::try_from(budget.as_secs()).unwrap_or(u32::MAX));
        let (tone, ended) = timeline_details::ended(&attempt, budget);
        let at = attempt.last.and_then(|last| last.phase).map(|phase| format!(", {}", phase.describe())).unwrap_or_default();
        self.tell(FollowEvent::Line(tone, format!("{}: attempt {}: {ended}{at}", self.name, number + 1)));
    }

    fn tell(&self, news: FollowEvent) {
        // Nobody listens any more only when all is over.
        let _ = self.say.send(news);
    }

    fn ending(&self) -> StopMode {
        *self.ending.borrow()
    }

    /// `true` when all has to end.
    async fn pause(&self) -> bool {
        let mut ending = self.ending.clone();
        let ended = tokio::time::timeout(PAUSE, ending.wait_for(|ending| *ending != StopMode::Continue)).await;
        ended.is_ok()
    }
}

fn is_raised(pod: &Pod) -> bool {
    let env = pod.spec.calico_node().map(|container| container.env.as_slice()).unwrap_or_default();
    env.iter().any(|variable| variable.name == LEVEL && variable.value.as_deref() == Some(DEBUG))
}
