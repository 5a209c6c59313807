//! One run of the container: how long it took to start, and what ended it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calico::events::EventKind;
use crate::calico::probe::{self, ProbeKind};
use crate::calico::startup_log::{self, ExitReason, Outcome};
use crate::finding::StartTime;
use crate::model::{ClusterModel, NodeEvent, NodeModel};
use crate::observed::Observed;
use crate::snapshot::inspection::{LogEvent, LogEventKind, StartupLog};
use crate::snapshot::objects::{CALICO_NODE, Terminated};

/// The kubelet's grace period and its own delays may lie between the last failed probe and the container's end.
const GRACE: Duration = Duration::from_secs(35);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunEnd {
    /// Started, and runs.
    Runs,
    /// Runs, and its log does not say yet that it has started.
    Starting,
    /// Also a kill so soon after the start that no probe can have been answered yet.
    KilledWhileStarting,
    KilledWhileRunning,
    /// Exited before it had started.
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
    pub end: RunEnd,
    pub exit: Option<ExitReason>,
}

pub fn is_kill(fact: &EventKind) -> bool {
    let (EventKind::KilledByLiveness { container } | EventKind::KilledByStartup { container }) = fact else { return false };
    container.as_deref().is_none_or(|name| name == CALICO_NODE)
}

/// Newest first: the container that runs now, the one before it, and what only a log tells of.
pub fn container_runs<'a>(view: &ClusterModel, node: &NodeModel<'a>) -> Vec<ContainerRun<'a>> {
    let log = |which: fn(&crate::snapshot::inspection::NodeLogs) -> &Observed<StartupLog>| which(node.logs?).seen();
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
            // The log is read after the status: it may be the next container's already. Kubelets write whole seconds.
            let is_next = |log: &StartupLog| {
                let times = log.first.zip(ended.finished_at);
                times.is_some_and(|(first, finished)| first.duration_since(finished) > SignedDuration::from_secs(1))
            };
            let current = current.filter(|log| !is_next(log));
            let (newest, older) = if current.is_some() { (current, previous) } else { (previous, None) };
            let older = older.map(|log| judge.ended(None, Some(log)));
            std::iter::once(judge.ended(Some(ended), newest)).chain(older).collect()
        }
        (None, None) => [current, previous].into_iter().flatten().map(|log| judge.ended(None, Some(log))).collect(),
    }
}

struct RunClassifier<'v, 'n, 'a> {
    view: &'v ClusterModel<'v>,
    node: &'n NodeModel<'a>,
}

impl<'a> RunClassifier<'_, '_, 'a> {
    fn running(&self, began: Option<Timestamp>, log: Option<&'a StartupLog>) -> ContainerRun<'a> {
        let now = self.view.snapshot.taken_at;
        // Longer than its probes let it: the clock here is not the cluster's.
        let most = self.view.start_budget(self.node).map(|budget| budget + GRACE);
        let lived = began.and_then(|began| between(began, now));
        let ready = self.node.ready() == Some(true);
        let (end, start) = match log.map(startup_log::outcome) {
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
        ContainerRun { log, lived, start, end, exit: log.and_then(startup_log::exit_reason) }
    }

    fn ended(&self, ended: Option<&Terminated>, log: Option<&'a StartupLog>) -> ContainerRun<'a> {
        let (began, finished) = (ended.and_then(|ended| ended.started_at), ended.and_then(|ended| ended.finished_at));
        let lived = began.zip(finished).and_then(|(began, finished)| between(began, finished));
        let exit = log.and_then(startup_log::exit_reason);
        let end = self.end(ended, log, lived);
        let start = match end {
            RunEnd::KilledWhileRunning | RunEnd::ExitedAfterStart | RunEnd::OutOfMemory => {
                log.and_then(|log| started(log, began, finished))
            }
            RunEnd::KilledWhileStarting if log.is_some_and(has_started) => log.and_then(|log| started(log, began, finished)),
            RunEnd::KilledWhileStarting => lived.filter(|_| self.is_short(lived)).max(log.and_then(length)).map(at_least),
            _ => None,
        };
        ContainerRun { log, lived: lived.or_else(|| log.and_then(length)), start, end, exit }
    }

    fn end(&self, ended: Option<&Terminated>, log: Option<&StartupLog>, lived: Option<Duration>) -> RunEnd {
        if ended.and_then(|ended| ended.reason.as_deref()) == Some("OOMKilled") {
            return RunEnd::OutOfMemory;
        }
        let killed = self.was_killed(ended);
        match log.map(startup_log::outcome) {
            Some(Outcome::Exited { .. }) => RunEnd::Exited,
            Some(Outcome::Started) if killed && self.killed_before_any_answer(ended, log) => RunEnd::KilledWhileStarting,
            Some(Outcome::Started) if killed => RunEnd::KilledWhileRunning,
            Some(Outcome::Started) => RunEnd::ExitedAfterStart,
            Some(Outcome::CutOff) if killed && log.is_some_and(|log| log.complete && !log.marks.is_empty()) => RunEnd::KilledWhileStarting,
            _ if killed && (self.answered() || self.next_starts_fast()) => RunEnd::KilledWhileRunning,
            _ if killed && self.answers_late() && !self.view.install.short_probe_timeouts().is_empty() => RunEnd::Unknown,
            _ if killed && self.is_short(lived) => RunEnd::KilledWhileStarting,
            _ if killed && lived.is_some() => RunEnd::KilledWhileRunning,
            _ => RunEnd::Unknown,
        }
    }

    fn was_killed(&self, ended: Option<&Terminated>) -> bool {
        self.node.last_event(is_kill).is_some_and(|kill| is_kill_of(kill.event.last_seen(), ended))
    }

    /// Felix and BIRD come up only after the start. A kill within one probe period of it follows from probes that failed
    /// during the start. A probe that can never succeed is another matter.
    fn killed_before_any_answer(&self, ended: Option<&Terminated>, log: Option<&StartupLog>) -> bool {
        let reported = self.node.last_event(is_kill).and_then(|kill| kill.event.last_seen());
        let finished = ended.and_then(|ended| ended.finished_at);
        // Of many kills the event has only the newest time.
        let reported = reported.filter(|reported| finished.is_none_or(|finished| *reported <= finished));
        let late = if reported.is_none() { ENDS_WITHIN } else { 0 };
        let period = self.view.deciding_probe(self.node).map_or(COMES_UP.0, |(_, budget)| budget.period.clamp(COMES_UP.0, COMES_UP.1));
        let started = log.and_then(no_later_than_started);
        let after = started.zip(reported.or(finished)).map(|(started, killed)| killed.duration_since(started).as_secs_f64());
        // Event times are whole seconds.
        after.is_some_and(|after| (-1.0..=f64::from(period + late)).contains(&after)) && !self.view.install.cannot_be_live()
    }

    /// Lived no longer than a container that never answers its probe.
    fn is_short(&self, lived: Option<Duration>) -> bool {
        match (self.view.start_budget(self.node), lived) {
            (Some(budget), Some(lived)) => lived <= budget + GRACE,
            (_, None) => self.node.last_event(|fact| matches!(fact, EventKind::FelixNotLive { .. })).is_some(),
            (None, Some(_)) => false,
        }
    }

    /// Each failed probe that events tell of ran out of its own time, and none found nobody listening, as during a start.
    fn answers_late(&self) -> bool {
        let refused = |told: &NodeEvent| matches!(told.kind, EventKind::FelixNotLive { .. } | EventKind::BirdSocketRefused { .. });
        self.node.times(|fact| matches!(fact, EventKind::ProbeTimedOut)) > 1
            && !self.node.events.iter().any(|told| refused(told) && told.is_refused())
    }

    /// Its probes answer late although the start that runs now took a small part of the time that they allow.
    fn next_starts_fast(&self) -> bool {
        let took = self.node.current_log().and_then(startup_log::started_after);
        let small = took.zip(self.view.start_budget(self.node)).is_some_and(|(took, budget)| took * SMALL_PART < budget);
        small && self.node.ready() != Some(true) && self.answers_late()
    }

    /// Past its start: Felix answered a probe that it is not live, or its answer could not reach the probe.
    fn answered(&self) -> bool {
        let late = |told: &NodeEvent| matches!(&told.kind, EventKind::FelixNotLive { text } if text.contains("Client.Timeout"));
        let never = |told: &NodeEvent| matches!(told.kind, EventKind::FelixNotLive { .. }) && told.is_refused();
        let events = &self.node.events;
        let said = events.iter().any(|told| told.is_felix_503() || late(told));
        (said && !events.iter().any(never)) || only_bird_fails(self.view, self.node) || self.view.install.cannot_be_live()
    }
}

/// The liveness probe asks Felix and BIRD, and what fails is BIRD or confd: Felix runs, so the start is over. While calico-node starts both
/// fail, and Felix is named first in about six of seven probes, as recorded.
pub fn only_bird_fails(view: &ClusterModel, node: &NodeModel) -> bool {
    /// As many as a kill takes by Calico's manifest.
    const OFTEN: i32 = 6;
    /// To one of Felix.
    const SHARE: i32 = 5;
    let asks_felix = |used: &probe::ProbeUse| used.kind == ProbeKind::Liveness && used.checks_felix;
    let is_asked = view.probed(node).is_none_or(|container| probe::uses(container).iter().any(asks_felix));
    let of_bird = node.times(|fact| matches!(fact, EventKind::BirdNotLive { .. }));
    let of_felix = node.times(|fact| matches!(fact, EventKind::FelixNotLive { .. } | EventKind::ProbeTimedOut));
    is_asked && of_bird >= OFTEN && of_bird >= of_felix * SHARE
}

/// A start that takes less than this part of its budget does not come to exceed it by chance.
const SMALL_PART: u32 = 4;
/// Seconds after a start, least and most, within which Felix and BIRD come up.
const COMES_UP: (u32, u32) = (10, 30);
/// Seconds from the kill of a calico-node until its container has ended, as recorded.
const ENDS_WITHIN: u32 = 5;

/// The time of the line that says "started", else of the last line before it that has one.
fn no_later_than_started(log: &StartupLog) -> Option<Timestamp> {
    let at = log.marks.iter().position(|mark| mark.kind == LogEventKind::Started)?;
    log.marks.iter().take(at + 1).rev().find_map(|mark| mark.at)
}

/// Exit code of a container that SIGKILL ended.
const SIGKILLED: i32 = 137;

/// Whether this kill ended that run: reported while the run lived, and shortly before its end. Unknown times count as a match.
/// Events arrive late: for a run that SIGKILL ended, an older report of a series of kills counts too.
pub fn is_kill_of(reported: Option<Timestamp>, run: Option<&Terminated>) -> bool {
    let (started, finished) = (run.and_then(|run| run.started_at), run.and_then(|run| run.finished_at));
    let sigkilled = run.is_some_and(|run| run.exit_code == SIGKILLED);
    let before = !sigkilled && reported.zip(started).is_some_and(|(reported, started)| reported <= started);
    let late = reported
        .zip(finished)
        .is_some_and(|(reported, finished)| finished.duration_since(reported).as_secs() > GRACE.as_secs().cast_signed() + 10);
    !before && !late
}

fn has_started(log: &StartupLog) -> bool {
    startup_log::outcome(log) == Outcome::Started
}

/// The log is this container's: it begins with the container, or, where only errors are logged, while that lives.
fn fits(log: &StartupLog, began: Option<Timestamp>, ended: Option<Timestamp>) -> bool {
    const LOADING: i64 = 10;
    let (Some(first), Some(began)) = (log.first, began) else { return false };
    let from = first.duration_since(began).as_secs();
    let soon = from <= LOADING || !startup_log::has_beginning(log);
    from >= -2 && soon && ended.is_none_or(|ended| first <= ended)
}

/// By the log's own times where it begins with the container, as `debug-log` measures; else from the container's start.
fn started(log: &StartupLog, began: Option<Timestamp>, ended: Option<Timestamp>) -> Option<StartTime> {
    // The kubelet's times are whole seconds.
    const ROUNDED: i64 = 1;
    let own = || startup_log::started_after(log);
    let from_container = || {
        let at = startup_log::started_at(log).filter(|_| fits(log, began, ended))?;
        between(began?, at)
    };
    let begins_late = log.first.zip(began).is_some_and(|(first, began)| first.duration_since(began).as_secs() >= ROUNDED);
    let took = if begins_late { from_container().or_else(own) } else { own().or_else(from_container) };
    Some(StartTime { seconds: took?.as_secs_f64(), ..StartTime::default() })
}

/// From the container's start to Ready. Long afterwards Ready says nothing of the start: it may have come and gone.
fn became_ready(node: &NodeModel, began: Option<Timestamp>) -> Option<StartTime> {
    ready_after(node, began).map(|took| StartTime { seconds: took.as_secs_f64(), at_least: false, at_most: true })
}

pub fn ready_after(node: &NodeModel, began: Option<Timestamp>) -> Option<Duration> {
    const PLAUSIBLE: Duration = Duration::from_secs(600);
    let ready = node.pod?.status.conditions.iter().find(|condition| condition.r#type == "Ready" && condition.status == "True")?;
    between(began?, ready.last_transition_time?).filter(|took| *took < PLAUSIBLE)
}

pub fn at_least(time: Duration) -> StartTime {
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
    pub fn last_words(&self) -> Option<&LogEvent> {
        self.log?.marks.last()
    }
}
