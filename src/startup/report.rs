//! What `probes` says: the one shape that the table, the JSON and the YAML are made from.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attempt::{Attempt, Fate};
use super::forecast::Forecast;
use super::measure::{Measurement, Standing, phases};
use super::proposal::Proposal;
use crate::calico::probe::ProbeKind;
use crate::calico::startup_log::{self, ExitReason};
use crate::finding::code::Code;
use crate::finding::{ClusterSummary, Finding, Gap, StartTime, Verdict};
use crate::model::ClusterModel;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProbesReport {
    /// `calico-fix/v1`
    pub api_version: String,
    /// `Probes`
    pub kind: String,
    #[schemars(with = "String")]
    pub taken_at: Timestamp,
    pub verdict: Verdict,
    pub cluster: ClusterSummary,
    /// As the DaemonSet has them now.
    pub probes: Vec<ProbeRow>,
    /// Of the starts that came to their end.
    pub distribution: Option<Distribution>,
    /// Those in danger first, then the slowest.
    pub nodes: Vec<StartRow>,
    /// Of the kinds that keep calico-node from starting or staying up.
    pub findings: Vec<Finding>,
    /// How each finding that more time does not mend is cured by hand.
    pub cures: Vec<Cure>,
    /// Codes of findings of other kinds: `status` shows them.
    pub elsewhere: Vec<Code>,
    pub forecast: Forecast,
    pub proposal: Option<Proposal>,
    /// Why nothing is proposed, where something is wrong.
    pub no_proposal: Option<String>,
    /// What `--fix` could put right.
    pub fixable: Vec<String>,
    pub unseen: Vec<Gap>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cure {
    pub code: Code,
    pub cure: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProbeRow {
    pub probe: ProbeKind,
    pub asks: String,
    pub initial_delay_seconds: u32,
    pub period_seconds: u32,
    pub timeout_seconds: u32,
    pub failure_threshold: u32,
}

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
pub struct StartRow {
    pub name: String,
    pub pod: Option<String>,
    pub ready: Option<bool>,
    pub standing: Standing,
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
    /// Restarts that no event tells of a kill.
    pub other_restarts: Option<i32>,
    pub attempts: Vec<AttemptRow>,
    /// Which part of it more time would cure, where several things happen in turn.
    pub cure: Option<String>,
    pub findings: Vec<Code>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttemptRow {
    pub fate: Fate,
    pub start: Option<StartTime>,
    pub lived_seconds: Option<f64>,
    /// Why it exited, where it did by itself.
    pub exit: Option<String>,
    /// The last known line of its log.
    pub last: Option<String>,
    pub phases: Vec<PhaseRow>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhaseRow {
    pub phase: String,
    pub seconds: f64,
    pub at_least: bool,
}

pub fn distribution(measured: &[Measurement]) -> Option<Distribution> {
    let exact = measured.iter().filter_map(|measured| measured.start).filter(|start| !start.at_least && !start.at_most);
    of(exact.map(|start| start.seconds).collect())
}

fn of(mut all: Vec<f64>) -> Option<Distribution> {
    all.sort_by(f64::total_cmp);
    // Nearest rank.
    let at = |percent: usize| all.get((all.len() * percent).div_ceil(100).saturating_sub(1)).copied();
    Some(Distribution { count: all.len(), min: *all.first()?, median: at(50)?, p90: at(90)?, max: *all.last()? })
}

pub fn row(view: &ClusterModel, measured: &Measurement, findings: Vec<Code>) -> StartRow {
    let node = view.node(measured.node);
    let allowed = measured.allowed();
    let exact = measured.start.filter(|start| !start.at_least && !start.at_most);
    StartRow {
        name: measured.node.to_owned(),
        pod: node.and_then(|node| node.pod).map(|pod| pod.metadata.name.clone()),
        ready: node.and_then(|node| node.ready()),
        standing: measured.standing(),
        start: measured.start,
        ready_after_seconds: measured.ready_after.map(|after| after.as_secs_f64()),
        budget_seconds: allowed.and_then(|allowed| u32::try_from(allowed.as_secs()).ok()),
        killed_by: measured.judge,
        margin_seconds: exact.zip(allowed).map(|(start, allowed)| allowed.as_secs_f64() - start.seconds),
        restarts: measured.restarts,
        killed_by_probe: measured.kills,
        other_restarts: measured.restarts.map(|restarts| (restarts - measured.kills).max(0)),
        attempts: measured.attempts.iter().map(attempt_row).collect(),
        cure: cure(measured),
        findings,
    }
}

fn attempt_row(attempt: &Attempt) -> AttemptRow {
    let phase = |part: super::measure::PhaseTime| PhaseRow {
        phase: part.phase.describe().to_owned(),
        seconds: part.time.as_secs_f64(),
        at_least: part.at_least,
    };
    AttemptRow {
        fate: attempt.fate,
        start: attempt.start,
        lived_seconds: attempt.lived.map(|lived| lived.as_secs_f64()),
        exit: attempt.exit.as_ref().map(ExitReason::describe),
        last: attempt.last_words().map(|mark| mark.text.clone()),
        phases: attempt.log.filter(|log| startup_log::has_beginning(log)).map(phases).unwrap_or_default().into_iter().map(phase).collect(),
    }
}

fn cure(measured: &Measurement) -> Option<String> {
    let slow = measured.killed_while_starting();
    if slow && measured.loses_updates() {
        return Some(
            "more time cures the kills; the exits (the Node changed while it was being updated) are the slow link's, and pass with the next attempt"
                .to_owned(),
        );
    }
    let running = measured.has(Fate::KilledWhileRunning);
    (slow && running).then(|| "more time cures the kills while it starts, not those of a calico-node that had started".to_owned())
}

/// Killed, then tight, then by time; what is not known comes before what is well.
pub fn order(a: &Measurement, b: &Measurement) -> std::cmp::Ordering {
    let rank = |measured: &Measurement| match measured.standing() {
        Standing::Killed => 0,
        Standing::Tight => 1,
        Standing::Unknown if measured.start.is_none_or(|start| start.at_least) => 2,
        Standing::Unknown | Standing::Within => 3,
    };
    let time = |measured: &Measurement| measured.start.map_or(-1.0, |start| start.seconds);
    rank(a).cmp(&rank(b)).then_with(|| time(b).total_cmp(&time(a))).then_with(|| crate::model::natural(a.node, b.node))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_real_starts() {
        let told = |all: &[f64]| of(all.to_vec()).map(|all| (all.count, all.min, all.median, all.p90, all.max));
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(told(&hundred), Some((100, 1.0, 50.0, 90.0, 100.0)));
        assert_eq!(told(&[3.0]), Some((1, 3.0, 3.0, 3.0, 3.0)));
        assert_eq!(told(&[]), None);
    }
}
