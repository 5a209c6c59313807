//! One run of the container, judged for itself: how long it took to start, and what ended it.

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calico::event_text::EventKind;
use crate::calico::startup_log::{self, ExitReason, Outcome};
use crate::diagnosis::report::StartTime;
use crate::diagnosis::view::{NodeView, Told, View};
use crate::observed::Observed;
use crate::snapshot::inside::{Mark, MarkKind, StartupLog};
use crate::snapshot::objects::{CALICO_NODE, Terminated};

/// The kubelet's grace period and its own delays may lie between the last failed probe and the container's end.
const GRACE: Duration = Duration::from_secs(35);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunEnd {
    /// It has started, and runs.
    Runs,
    /// It runs, and has not said yet that it has started.
    Starting,
    KilledWhileStarting,
    KilledWhileRunning,
    /// It gave up by itself before it had started.
    Exited,
    ExitedAfterStart,
    OutOfMemory,
    Unknown,
}

#[derive(Clone, Debug)]
pub struct ContainerRun<'a> {
    pub log: Option<&'a StartupLog>,
    /// How long the container lived, or has lived so far.
    pub lived: Option<Duration>,
    pub start: Option<StartTime>,
    pub fate: RunEnd,
    pub exit: Option<ExitReason>,
}

pub fn is_kill(fact: &EventKind) -> bool {
    let (EventKind::KilledByLiveness { container } | EventKind::KilledByStartup { container }) = fact else { return false };
    container.as_deref().is_none_or(|name| name == CALICO_NODE)
}

/// Newest first: the container that runs now, the one before it, and what only a log tells of.
pub fn container_runs<'a>(view: &View, node: &NodeView<'a>) -> Vec<ContainerRun<'a>> {
    let log = |which: fn(&crate::snapshot::inside::NodeLogs) -> &Observed<StartupLog>| which(node.logs?).seen();
    let current = log(|logs| &logs.current);
    // While a container waits for its next start both logs are the last one's.
    let previous = log(|logs| &logs.previous).filter(|log| current.is_none_or(|current| log.first.is_none() || log.first != current.first));
    let state = node.container().map(|status| &status.state);
    let running = state.and_then(|state| state.running.as_ref());
    let ended = node.ended();
    let judge = RunClassifier { view, node };
    match (running, ended) {
        (Some(running), None) if previous.is_none() && node.times(is_kill) == 0 => vec![judge.running(running.started_at, current)],
        (Some(running), ended) => vec![judge.running(running.started_at, current), judge.ended(ended, previous)],
        (None, Some(ended)) => {
            let (newest, older) = if current.is_some() { (current, previous) } else { (previous, None) };
            let older = older.map(|log| judge.ended(None, Some(log)));
            std::iter::once(judge.ended(Some(ended), newest)).chain(older).collect()
        }
        (None, None) => [current, previous].into_iter().flatten().map(|log| judge.ended(None, Some(log))).collect(),
    }
}

struct RunClassifier<'v, 'n, 'a> {
    view: &'v View<'v>,
    node: &'n NodeView<'a>,
}

impl<'a> RunClassifier<'_, '_, 'a> {
    fn running(&self, began: Option<Timestamp>, log: Option<&'a StartupLog>) -> ContainerRun<'a> {
        let now = self.view.snapshot.taken_at;
        // Longer than its probes let it: the clock here is not the cluster's.
        let most = self.view.start_budget(self.node).map(|budget| budget + GRACE);
        let lived = began.and_then(|began| between(began, now));
        let ready = self.node.ready() == Some(true);
        let (fate, start) = match log.map(startup_log::outcome) {
            Some(Outcome::Started) => (RunEnd::Runs, log.and_then(|log| started(log, began, Some(now)))),
            Some(Outcome::Exited { .. }) if !ready => (RunEnd::Exited, None),
            _ if ready => (RunEnd::Runs, became_ready(self.node, began)),
            Some(Outcome::CutOff) if log.is_some_and(|log| !log.marks.is_empty() && log.complete) => {
                let so_far =
                    log.filter(|log| fits(log, began, Some(now))).and(lived).filter(|lived| most.is_none_or(|most| *lived <= most));
                let so_far = so_far.or_else(|| log.and_then(length));
                (RunEnd::Starting, so_far.map(at_least))
            }
            _ => (RunEnd::Unknown, None),
        };
        ContainerRun { log, lived, start, fate, exit: log.and_then(startup_log::exit_reason) }
    }

    fn ended(&self, ended: Option<&Terminated>, log: Option<&'a StartupLog>) -> ContainerRun<'a> {
        let (began, finished) = (ended.and_then(|ended| ended.started_at), ended.and_then(|ended| ended.finished_at));
        let lived = began.zip(finished).and_then(|(began, finished)| between(began, finished));
        let exit = log.and_then(startup_log::exit_reason);
        let fate = self.fate(ended, log, lived);
        let start = match fate {
            RunEnd::KilledWhileRunning | RunEnd::ExitedAfterStart | RunEnd::OutOfMemory => {
                log.and_then(|log| started(log, began, finished))
            }
            RunEnd::KilledWhileStarting => lived.filter(|_| self.is_short(lived)).max(log.and_then(length)).map(at_least),
            _ => None,
        };
        ContainerRun { log, lived: lived.or_else(|| log.and_then(length)), start, fate, exit }
    }

    fn fate(&self, ended: Option<&Terminated>, log: Option<&StartupLog>, lived: Option<Duration>) -> RunEnd {
        if ended.and_then(|ended| ended.reason.as_deref()) == Some("OOMKilled") {
            return RunEnd::OutOfMemory;
        }
        let killed = self.was_killed(ended);
        match log.map(startup_log::outcome) {
            Some(Outcome::Exited { .. }) => RunEnd::Exited,
            Some(Outcome::Started) if killed => RunEnd::KilledWhileRunning,
            Some(Outcome::Started) => RunEnd::ExitedAfterStart,
            Some(Outcome::CutOff) if killed && log.is_some_and(|log| log.complete && !log.marks.is_empty()) => RunEnd::KilledWhileStarting,
            _ if killed && self.answered() => RunEnd::KilledWhileRunning,
            _ if killed && self.is_short(lived) => RunEnd::KilledWhileStarting,
            _ if killed && lived.is_some() => RunEnd::KilledWhileRunning,
            _ => RunEnd::Unknown,
        }
    }

    /// A kill is told before the container ends; an older one was another attempt's.
    fn was_killed(&self, ended: Option<&Terminated>) -> bool {
        let Some(kill) = self.node.last_event(is_kill) else { return false };
        match (kill.event.last_seen(), ended.and_then(|ended| ended.finished_at)) {
            (Some(told), Some(finished)) => finished.duration_since(told).as_secs() <= GRACE.as_secs().cast_signed() + 10,
            _ => true,
        }
    }

    /// It lived no longer than a container does that never answers its probe.
    fn is_short(&self, lived: Option<Duration>) -> bool {
        match (self.view.start_budget(self.node), lived) {
            (Some(budget), Some(lived)) => lived <= budget + GRACE,
            (_, None) => self.node.last_event(|fact| matches!(fact, EventKind::FelixNotLive { .. })).is_some(),
            (None, Some(_)) => false,
        }
    }

    /// Felix said itself that it is not live, or nothing it could say would have reached the probe: it was past its start.
    fn answered(&self) -> bool {
        let late = |told: &Told| matches!(&told.fact, EventKind::FelixNotLive { text } if text.contains("Client.Timeout"));
        let never = |told: &Told| matches!(told.fact, EventKind::FelixNotLive { .. }) && told.is_refused();
        let events = &self.node.events;
        let said = events.iter().any(|told| told.is_felix_503() || late(told));
        (said && !events.iter().any(never)) || self.view.install.cannot_be_live()
    }
}

/// The log is this container's: it begins with the container, or, where only errors are logged, while that lives.
fn fits(log: &StartupLog, began: Option<Timestamp>, ended: Option<Timestamp>) -> bool {
    const LOADING: i64 = 10;
    let (Some(first), Some(began)) = (log.first, began) else { return false };
    let from = first.duration_since(began).as_secs();
    let soon = from <= LOADING || !startup_log::has_beginning(log);
    from >= -2 && soon && ended.is_none_or(|ended| first <= ended)
}

/// From the container's start where it is known, else from the log's first line.
fn started(log: &StartupLog, began: Option<Timestamp>, ended: Option<Timestamp>) -> Option<StartTime> {
    let own = || startup_log::started_after(log);
    let said = log.marks.iter().find(|mark| mark.kind == MarkKind::Started && mark.text.starts_with("Calico node started"));
    let from_container = || {
        let at = said.and_then(|mark| mark.at).filter(|_| fits(log, began, ended))?;
        between(began?, at)
    };
    let took = from_container().or_else(own)?;
    Some(StartTime { seconds: took.as_secs_f64(), ..StartTime::default() })
}

/// From the container's start to Ready. Long afterwards Ready says nothing of the start: it may have come and gone.
fn became_ready(node: &NodeView, began: Option<Timestamp>) -> Option<StartTime> {
    ready_after(node, began).map(|took| StartTime { seconds: took.as_secs_f64(), at_least: false, at_most: true })
}

pub fn ready_after(node: &NodeView, began: Option<Timestamp>) -> Option<Duration> {
    const PLAUSIBLE: Duration = Duration::from_secs(600);
    let ready = node.pod?.status.conditions.iter().find(|condition| condition.r#type == "Ready" && condition.status == "True")?;
    between(began?, ready.last_transition_time?).filter(|took| *took < PLAUSIBLE)
}

fn at_least(time: Duration) -> StartTime {
    StartTime { seconds: time.as_secs_f64(), at_least: true, at_most: false }
}

pub fn length(log: &StartupLog) -> Option<Duration> {
    between(log.first?, log.last?)
}

fn between(from: Timestamp, to: Timestamp) -> Option<Duration> {
    Duration::try_from(to.duration_since(from)).ok()
}

impl ContainerRun<'_> {
    /// What it said last before it was cut off.
    pub fn last_words(&self) -> Option<&Mark> {
        self.log?.marks.last()
    }
}
