//! Per node: the time calico-node needs to start, and the time that its probes allow.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::budget::TIGHT;
use super::container_run::{self, ContainerRun, RunEnd};
use crate::calico::probe::{self, Budget, ProbeKind};
use crate::calico::startup_log::{self, ExitReason, StartPhase};
use crate::finding::StartTime;
use crate::model::{ClusterModel, NodeModel};
use crate::snapshot::inspection::StartupLog;

#[derive(Clone, Debug)]
pub struct Measurement<'a> {
    pub node: &'a str,
    /// Newest first.
    pub runs: Vec<ContainerRun<'a>>,
    /// Timing of `deciding_probe`, in the pod that runs on the node.
    pub probe_budget: Option<Budget>,
    pub deciding_probe: Option<ProbeKind>,
    pub start: Option<StartTime>,
    pub ready_after: Option<Duration>,
    pub restarts: Option<i32>,
    /// Kills by a probe, as far as events tell: the API server forgets them after an hour.
    pub kills: i32,
}

/// A node's start compared with its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BudgetStatus {
    /// Killed before it had started, and not started since.
    Killed,
    /// The start takes so much of the budget that a slower one is killed.
    Tight,
    Within,
    Unknown,
}

pub fn measure<'a>(view: &ClusterModel, node: &NodeModel<'a>) -> Measurement<'a> {
    let runs = container_run::container_runs(view, node);
    let guard = view.deciding_probe(node);
    Measurement {
        node: node.name,
        start: best(&runs),
        ready_after: container_run::ready_after(node, node.running_since()),
        restarts: node.restarts(),
        kills: node.times(container_run::is_kill),
        probe_budget: guard.map(|(_, budget)| budget),
        deciding_probe: guard.map(|(kind, _)| kind),
        runs,
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
    pub fn budget(&self) -> Option<Duration> {
        self.probe_budget.map(|budget| budget.total())
    }

    pub fn has(&self, fate: RunEnd) -> bool {
        self.runs.iter().any(|attempt| attempt.end == fate)
    }

    /// On slow links kills alternate with exits by update conflict; both available logs may show only the exits.
    pub fn has_update_conflict(&self) -> bool {
        self.runs.iter().any(|attempt| attempt.exit == Some(ExitReason::UpdateConflict))
    }

    /// The newest run that ended decides, unless it exited by an update conflict: on slow links such exits alternate with kills.
    pub fn killed_while_starting(&self) -> bool {
        let newest = self.runs.iter().find(|run| !matches!(run.end, RunEnd::Runs | RunEnd::Starting | RunEnd::Unknown));
        let other_exit = newest.is_some_and(|run| run.end == RunEnd::Exited && run.exit != Some(ExitReason::UpdateConflict));
        !other_exit && (self.has(RunEnd::KilledWhileStarting) || (self.kills > 0 && self.has_update_conflict()))
    }

    pub fn budget_status(&self) -> BudgetStatus {
        let now_runs = self.runs.first().is_some_and(|attempt| attempt.end == RunEnd::Runs);
        if self.killed_while_starting() && !now_runs {
            return BudgetStatus::Killed;
        }
        match (self.start, self.budget()) {
            (Some(start), Some(allowed)) if !start.at_least => {
                let share = start.seconds / allowed.as_secs_f64();
                match () {
                    () if share < TIGHT => BudgetStatus::Within,
                    () if start.at_most => BudgetStatus::Unknown,
                    () => BudgetStatus::Tight,
                }
            }
            // Without a restart the first start was in time.
            _ if now_runs && self.restarts == Some(0) => BudgetStatus::Within,
            _ if now_runs && self.probe_budget.is_none() => BudgetStatus::Within,
            _ => BudgetStatus::Unknown,
        }
    }

    /// Slowest known start, measured or cut off: a budget must cover it.
    pub fn slowest(&self) -> Option<StartTime> {
        let starts = self.runs.iter().filter_map(|attempt| attempt.start).filter(|start| !start.at_most);
        starts.max_by(|a, b| a.seconds.total_cmp(&b.seconds))
    }
}

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

impl ClusterModel<'_> {
    /// The probe that kills a calico-node which does not start, with its timing. The pod may be older than the DaemonSet.
    pub(super) fn deciding_probe(&self, node: &NodeModel) -> Option<(ProbeKind, Budget)> {
        probe::start_guard(self.probed(node)?)
    }
}
