//! Per node: the time calico-node needs to start against the time its probes give it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::container_run::{self, ContainerRun, RunEnd};
use crate::calico::probe::{self, Budget, ProbeKind};
use crate::calico::startup_log::{self, ExitReason, StartPhase};
use crate::diagnosis::report::StartTime;
use crate::diagnosis::view::{NodeView, View};
use crate::snapshot::inside::StartupLog;

/// A start that takes more of its budget than this is one slow day away from a kill.
pub const TIGHT: f64 = 0.8;

#[derive(Clone, Debug)]
pub struct Measurement<'a> {
    pub node: &'a str,
    /// Newest first.
    pub attempts: Vec<ContainerRun<'a>>,
    /// Of the probe that decides over the start, in the pod that runs there.
    pub budget: Option<Budget>,
    pub judge: Option<ProbeKind>,
    pub start: Option<StartTime>,
    pub ready_after: Option<Duration>,
    pub restarts: Option<i32>,
    /// Kills by a probe that events tell of; events are forgotten after an hour.
    pub kills: i32,
}

/// What is known of the start against its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BudgetStatus {
    /// Killed before it had started, and not started since.
    Killed,
    /// It starts, and more than four fifths of the budget are gone by then.
    Tight,
    Within,
    Unknown,
}

pub fn measure<'a>(view: &View, node: &NodeView<'a>) -> Measurement<'a> {
    let attempts = container_run::container_runs(view, node);
    let guard = view.guard(node);
    Measurement {
        node: node.name,
        start: best(&attempts),
        ready_after: container_run::ready_after(node, node.running_since()),
        restarts: node.restarts(),
        kills: node.times(container_run::is_kill),
        budget: guard.map(|(_, budget)| budget),
        judge: guard.map(|(kind, _)| kind),
        attempts,
    }
}

/// The newest start that was measured, else the longest that was cut off, else the bound that readiness gives.
fn best(attempts: &[ContainerRun]) -> Option<StartTime> {
    let starts = || attempts.iter().filter_map(|attempt| attempt.start);
    let bound = |least: bool| starts().filter(move |start| if least { start.at_least } else { start.at_most });
    starts()
        .find(|start| !start.at_least && !start.at_most)
        .or_else(|| bound(true).max_by(|a, b| a.seconds.total_cmp(&b.seconds)))
        .or_else(|| bound(false).next())
}

impl<'a> Measurement<'a> {
    pub fn allowed(&self) -> Option<Duration> {
        self.budget.map(|budget| budget.total())
    }

    pub fn has(&self, fate: RunEnd) -> bool {
        self.attempts.iter().any(|attempt| attempt.fate == fate)
    }

    /// On a slow link the Node changes under it: kills and such exits come in turn, and both logs at hand may be of exits.
    pub fn loses_updates(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.exit == Some(ExitReason::UpdateConflict))
    }

    pub fn killed_while_starting(&self) -> bool {
        self.has(RunEnd::KilledWhileStarting) || (self.kills > 0 && self.loses_updates())
    }

    pub fn standing(&self) -> BudgetStatus {
        let now_runs = self.attempts.first().is_some_and(|attempt| attempt.fate == RunEnd::Runs);
        if self.killed_while_starting() && !now_runs {
            return BudgetStatus::Killed;
        }
        match (self.start, self.allowed()) {
            (Some(start), Some(allowed)) if !start.at_least => {
                let share = start.seconds / allowed.as_secs_f64();
                match () {
                    () if share < TIGHT => BudgetStatus::Within,
                    () if start.at_most => BudgetStatus::Unknown,
                    () => BudgetStatus::Tight,
                }
            }
            // It never restarted, so its first start was in time.
            _ if now_runs && self.restarts == Some(0) => BudgetStatus::Within,
            _ if now_runs && self.budget.is_none() => BudgetStatus::Within,
            _ => BudgetStatus::Unknown,
        }
    }

    /// The slowest that is known, measured or cut off: what a budget must cover.
    pub fn slowest(&self) -> Option<StartTime> {
        let starts = self.attempts.iter().filter_map(|attempt| attempt.start).filter(|start| !start.at_most);
        starts.max_by(|a, b| a.seconds.total_cmp(&b.seconds))
    }

    /// The attempt whose log came furthest in a start.
    pub fn telling(&self) -> Option<&ContainerRun<'a>> {
        let told = self.attempts.iter().filter(|attempt| attempt.log.is_some_and(|log| !log.marks.is_empty()));
        told.max_by_key(|attempt| {
            let log = attempt.log.unwrap_or(&EMPTY);
            (startup_log::last_phase(log), container_run::length(log))
        })
    }
}

static EMPTY: StartupLog = StartupLog { lines: 0, first: None, last: None, complete: false, marks: Vec::new(), interfaces: Vec::new() };

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PhaseTime {
    pub phase: StartPhase,
    pub time: Duration,
    /// It was cut off in this phase.
    pub at_least: bool,
}

/// How long each part of the start took.
pub fn phases(log: &StartupLog) -> Vec<PhaseTime> {
    let mut times: Vec<PhaseTime> = Vec::new();
    let Some(mut since) = log.first else { return times };
    let mut phase = StartPhase::Begun;
    for mark in &log.marks {
        let (Some(next), Some(at)) = (startup_log::phase(mark.kind), mark.at) else { continue };
        if next <= phase {
            continue;
        }
        if let Ok(time) = Duration::try_from(at.duration_since(since)) {
            times.push(PhaseTime { phase, time, at_least: false });
        }
        (phase, since) = (next, at);
        if phase == StartPhase::Started {
            return times;
        }
    }
    if let Some(time) = log.last.and_then(|last| Duration::try_from(last.duration_since(since)).ok()) {
        times.push(PhaseTime { phase, time, at_least: true });
    }
    times
}

impl View<'_> {
    /// The probe that kills a calico-node which does not start, and its timing: of the pod that runs there, which may be older than the DaemonSet.
    fn guard(&self, node: &NodeView) -> Option<(ProbeKind, Budget)> {
        probe::start_guard(self.probed(node)?)
    }
}
