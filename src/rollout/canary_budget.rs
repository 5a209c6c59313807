//! The canary's startup budget: why a start ended, and the next larger budget while the others wait.

use std::collections::BTreeMap;
use std::time::Instant;

use super::canary::generation;
use super::local_record;
use super::timeouts::{MAX_LOGS, MAX_POLLS, MAX_UPDATE_CONFLICTS, POD_CREATION_ALLOWANCE};
use super::watch::Drive;
use super::write::{RecordAfterWrite, Rollout, RolloutError};
use crate::cluster::node_state;
use crate::edit::undo_record::UndoRecord;
use crate::finding::StartTime;
use crate::model::ClusterModel;
use crate::plan::BudgetStep;
use crate::plan::canary_retry::{RetryOutcome, StartProgress, best_progress, retry_outcome};
use crate::plan::expectation::NodeExpectation;
use crate::snapshot::Snapshot;
use crate::snapshot::objects::{DaemonSet, Pod};
use crate::startup::budget::is_tight;
use crate::startup::measure::measure;
use crate::text;

impl Rollout<'_> {
    /// A node may use its whole budget, and must then stay up for a while.
    pub(super) fn extend_timeout(&mut self, expectations: &BTreeMap<String, NodeExpectation>) {
        let longest = expectations.values().map(NodeExpectation::max_duration).max().unwrap_or_default();
        if !longest.is_zero() {
            self.timeout = self.timeout.max(longest + POD_CREATION_ALLOWANCE);
        }
    }

    /// Writes the next budget as the first was written: the strategy still holds back the other nodes.
    pub(super) async fn raise_budget(&mut self, step: &BudgetStep, node: &str, drive: &mut Drive) -> Result<(), RolloutError> {
        let budget = drive.expectations.get(node).and_then(|expectation| expectation.started_within_seconds).unwrap_or_default();
        if let Some(reach) = &self.canary_progress {
            let last = text::truncate(&reach.last, 100).into_owned();
            self.progress.warning(&format!("{node}: killed after {budget}s while its start made progress; last log line: {last}"));
        }
        // Before the write: after a kill the local copy must name what was set too.
        let next = UndoRecord { set: step.patch.clone(), ..self.record.clone() };
        if let Err(error) = local_record::save(&self.plan.target, &next) {
            self.progress.warning(&format!("Warning: the undo record is kept only in the object: {error}"));
        }
        let object = self.write_until_confirmed(&step.patch, RecordAfterWrite::Budget(step.patch.clone())).await?;
        self.progress.success(&format!("{} patched: {}s to start, on {node} only", self.target, step.started_within_seconds));
        drive.expectations.values_mut().for_each(|expectation| *expectation = expectation.with_step(step));
        self.extend_timeout(&drive.expectations);
        drive.start_over(generation(&object));
        Ok(())
    }

    /// Why the start ended, as soon as events or logs show it.
    pub(super) async fn diagnose_restart(&mut self, set: &DaemonSet, node: &str) -> Result<(Snapshot, RetryOutcome), RolloutError> {
        let earlier = match &self.canary_progress {
            Some(reach) => Some(reach.clone()),
            None => best_progress(self.before, node),
        };
        let mut left = MAX_POLLS;
        loop {
            let begun = Instant::now();
            let seen = self.look_at_start(set, node).await?;
            left -= 1;
            match retry_outcome(&seen, node, earlier.as_ref()) {
                RetryOutcome::NotYetKnown if left > 0 => {
                    self.progress.waiting(&format!("{node}: waiting for events and logs that show why calico-node ended"));
                    self.poll_interval(begun).await?;
                }
                start => {
                    if let RetryOutcome::GotFurther(reach) = &start {
                        self.canary_progress = Some(reach.clone());
                    }
                    return Ok((seen, start));
                }
            }
        }
    }

    /// Why no larger budget is tried after this start.
    pub(super) fn explain_restart(&self, start: &RetryOutcome, budget: u32) -> String {
        match start {
            RetryOutcome::GotFurther(_) if self.plan.steps.is_empty() => {
                format!("{budget}s is not enough, and the plan has no larger limit")
            }
            RetryOutcome::GotFurther(_) => format!("{budget}s is not enough, and the plan has no larger limit than that"),
            RetryOutcome::Stuck(StartProgress { last, .. }) => {
                format!("with {budget}s the start got no further than with less time, so time is not the cause; last log line: {last}")
            }
            RetryOutcome::Gap => format!("without its log it is unknown whether {budget}s is too short"),
            RetryOutcome::LostUpdate => "other writers changed the Node object again and again".to_owned(),
            RetryOutcome::NotYetKnown => "the reason is unknown".to_owned(),
            RetryOutcome::Other(cause) => cause.clone(),
        }
    }

    pub(super) async fn look_at_start(&mut self, set: &DaemonSet, node: &str) -> Result<Snapshot, RolloutError> {
        let (api, before) = (self.api.clone(), self.before);
        self.retry_while_unreachable(|| node_state::start(&api, before, set, node)).await
    }

    /// The restarts of this pod so far do not count; `false` where there were too many.
    pub(super) fn ignore_restarts(&mut self, seen: &Snapshot) -> bool {
        let Some(pod) = seen.pods.seen().and_then(|pods| pods.first()) else { return false };
        let (Some(uid), Some(status)) = (pod.metadata.uid.clone(), pod.calico_node_status()) else { return false };
        self.ignored_restarts.insert(uid, status.restart_count);
        status.restart_count <= MAX_UPDATE_CONFLICTS
    }

    /// For the closing table: the logs of nodes whose start was in doubt. Readiness tells enough of the others.
    pub(super) async fn read_starts(&mut self, seen: &mut Snapshot, expectations: &BTreeMap<String, NodeExpectation>) {
        let doubtful = |pod: &&Pod| {
            let expectation = pod.spec.node_name.as_ref().and_then(|node| expectations.get(node));
            expectation.is_some_and(|expectation| expectation.steady_seconds.is_some())
        };
        let pods: Vec<Pod> = seen.pods.seen().into_iter().flatten().filter(doubtful).take(MAX_LOGS).cloned().collect();
        seen.logs.extend(node_state::logs(&self.api, &pods).await);
    }

    /// How long the start of a node took against its budget, where its log or its readiness shows it.
    pub(super) fn report_start_time(&mut self, seen: &Snapshot, expectation: &NodeExpectation) {
        let view = ClusterModel::new(seen);
        let start = view.node(&expectation.node).and_then(|node| measure(&view, node).start);
        let Some((start, budget)) = start.zip(expectation.started_within_seconds) else { return };
        let line = format!("{}: {} of its {budget}s", expectation.node, took(start));
        match is_tight(start, budget) {
            true => self.progress.warning(&format!("{line}: close to the limit. For a larger limit, run probes again afterwards")),
            false => self.progress.success(&line),
        }
    }
}

fn took(start: StartTime) -> String {
    match start {
        StartTime { at_most: true, seconds, .. } => format!("started in less than {seconds:.0}s"),
        StartTime { seconds, .. } => format!("started after {seconds:.0}s"),
    }
}
