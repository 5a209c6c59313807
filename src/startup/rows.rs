//! A row for each node: its start against its budget, and its newest container runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::container_run::{ContainerRun, RunEnd};
use super::measure::{BudgetStatus, Measurement, phases};
use crate::calico::probe::ProbeKind;
use crate::calico::startup_log::{self, ExitReason};
use crate::finding::StartTime;
use crate::finding::code::Code;
use crate::model::ClusterModel;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Distribution {
    pub count: usize,
    pub min: f64,
    pub median: f64,
    pub p90: f64,
    pub max: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeStart {
    pub name: String,
    pub pod: Option<String>,
    pub ready: Option<bool>,
    pub standing: BudgetStatus,
    pub start: Option<StartTime>,
    /// From the container's start to the pod's Ready.
    pub ready_after_seconds: Option<f64>,
    pub budget_seconds: Option<u32>,
    /// The probe that would kill it.
    pub killed_by: Option<ProbeKind>,
    /// Of the budget, once it has started.
    pub margin_seconds: Option<f64>,
    pub restarts: Option<i32>,
    /// As far as events tell.
    pub killed_by_probe: i32,
    /// Restarts without an event of a kill.
    pub other_restarts: Option<i32>,
    pub attempts: Vec<RunRow>,
    /// What more time would fix, if kills alternate with something else.
    pub cure: Option<String>,
    pub findings: Vec<Code>,
}

impl NodeStart {
    /// A measured start, or its upper bound, fits the budget. A node that runs without a restart but was not measured does not count.
    pub fn is_known_within(&self) -> bool {
        self.start.is_some_and(|start| !start.at_least && self.budget_seconds.is_none_or(|budget| start.seconds <= f64::from(budget)))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunRow {
    pub fate: RunEnd,
    pub start: Option<StartTime>,
    pub lived_seconds: Option<f64>,
    /// Why the container exited, if it did on its own.
    pub exit: Option<String>,
    /// The last known line of its log.
    pub last: Option<String>,
    pub phases: Vec<RunPhaseRow>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunPhaseRow {
    pub phase: String,
    pub seconds: f64,
    pub at_least: bool,
}

pub fn distribution(measured: &[Measurement]) -> Option<Distribution> {
    let exact = measured.iter().filter_map(|measured| measured.start).filter(|start| !start.at_least && !start.at_most);
    percentiles(exact.map(|start| start.seconds).collect())
}

fn percentiles(mut all: Vec<f64>) -> Option<Distribution> {
    all.sort_by(f64::total_cmp);
    // Nearest rank.
    let at = |percent: usize| all.get((all.len() * percent).div_ceil(100).saturating_sub(1)).copied();
    Some(Distribution { count: all.len(), min: *all.first()?, median: at(50)?, p90: at(90)?, max: *all.last()? })
}

pub fn node_start(view: &ClusterModel, measured: &Measurement, findings: Vec<Code>) -> NodeStart {
    let node = view.node(measured.node);
    let allowed = measured.budget();
    let exact = measured.start.filter(|start| !start.at_least && !start.at_most);
    NodeStart {
        name: measured.node.to_owned(),
        pod: node.and_then(|node| node.pod).map(|pod| pod.metadata.name.clone()),
        ready: node.and_then(|node| node.ready()),
        standing: measured.budget_status(),
        start: measured.start,
        ready_after_seconds: measured.ready_after.map(|after| after.as_secs_f64()),
        budget_seconds: allowed.and_then(|allowed| u32::try_from(allowed.as_secs()).ok()),
        killed_by: measured.deciding_probe,
        margin_seconds: exact.zip(allowed).map(|(start, allowed)| allowed.as_secs_f64() - start.seconds),
        restarts: measured.restarts,
        killed_by_probe: measured.kills,
        other_restarts: measured.restarts.map(|restarts| (restarts - measured.kills).max(0)),
        attempts: measured.runs.iter().map(run_row).collect(),
        cure: cure(measured),
        findings,
    }
}

fn run_row(run: &ContainerRun) -> RunRow {
    let phase = |part: super::measure::PhaseTime| RunPhaseRow {
        phase: part.phase.describe().to_owned(),
        seconds: part.time.as_secs_f64(),
        at_least: part.at_least,
    };
    RunRow {
        fate: run.end,
        start: run.start,
        lived_seconds: run.lived.map(|lived| lived.as_secs_f64()),
        exit: run.exit.as_ref().map(ExitReason::describe),
        last: run.last_words().map(|mark| mark.text.clone()),
        phases: run.log.filter(|log| startup_log::has_beginning(log)).map(phases).unwrap_or_default().into_iter().map(phase).collect(),
    }
}

fn cure(measured: &Measurement) -> Option<String> {
    let slow = measured.killed_while_starting();
    if slow && measured.has_update_conflict() {
        return Some(
            "more time prevents the kills. The exits (the Node changed while it was being updated) are caused by the slow link and pass with the next attempt"
                .to_owned(),
        );
    }
    let running = measured.has(RunEnd::KilledWhileRunning);
    (slow && running).then(|| "more time prevents the kills during startup, not the kills of a calico-node that had started".to_owned())
}

/// Order: killed, close to the budget, not known, then by time.
pub fn by_danger(a: &Measurement, b: &Measurement) -> std::cmp::Ordering {
    let rank = |measured: &Measurement| match measured.budget_status() {
        BudgetStatus::Killed => 0,
        BudgetStatus::Tight => 1,
        BudgetStatus::Unknown if measured.start.is_none_or(|start| start.at_least) => 2,
        BudgetStatus::Unknown | BudgetStatus::Within => 3,
    };
    let time = |measured: &Measurement| measured.start.map_or(-1.0, |start| start.seconds);
    rank(a).cmp(&rank(b)).then_with(|| time(b).total_cmp(&time(a))).then_with(|| crate::model::natural(a.node, b.node))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_real_starts() {
        let told = |all: &[f64]| percentiles(all.to_vec()).map(|all| (all.count, all.min, all.median, all.p90, all.max));
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(told(&hundred), Some((100, 1.0, 50.0, 90.0, 100.0)));
        assert_eq!(told(&[3.0]), Some((1, 3.0, 3.0, 3.0, 3.0)));
        assert_eq!(told(&[]), None);
    }
}
