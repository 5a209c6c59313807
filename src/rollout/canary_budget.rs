//! The canary's proof where its start is given a budget: too small a one is made larger while that node is alone with it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::canary::generation;
use super::local_record;
use super::write::{RecordAfterWrite, Rollout, RolloutError};
use crate::cluster::look;
use crate::diagnosis::report::StartTime;
use crate::diagnosis::view::View;
use crate::edit::undo_record::RolloutPhase;
use crate::plan::BudgetStep;
use crate::plan::expectation::NodeExpectation;
use crate::snapshot::Snapshot;
use crate::snapshot::objects::{DaemonSet, Pod};
use crate::startup::again::{Again, Reach, again, furthest};
use crate::startup::measure::{TIGHT, measure};
use crate::text;

/// For a pod to be made, and an image to be pulled.
const POD_CREATION_ALLOWANCE: Duration = Duration::from_secs(60);
/// Read for a table alone.
const MOST_LOGS: usize = 50;
/// Events are written seconds after the status that they go with.
const MAX_POLLS: u32 = 12;
/// Updates lost in a row on one node: more is no bad luck.
const MAX_UPDATE_CONFLICTS: i32 = 2;

impl Rollout<'_> {
    /// A node may use up the whole of its budget, and must then stay up for a while.
    pub fn extend_timeout(&mut self, aims: &BTreeMap<String, NodeExpectation>) {
        let max_duration = aims.values().map(NodeExpectation::max_duration).max().unwrap_or_default();
        if !max_duration.is_zero() {
            self.timeout = self.timeout.max(max_duration + POD_CREATION_ALLOWANCE);
        }
    }

    /// Until the canary has come to its aim, with as large a budget as that takes and the plan has. All aims are of that budget then.
    pub async fn verify_canary_raising_budget(
        &mut self,
        mut set: DaemonSet,
        node: &str,
        aims: &mut BTreeMap<String, NodeExpectation>,
    ) -> Result<DaemonSet, RolloutError> {
        let mut steps = self.plan.steps.iter();
        let mut old = self.old_pods.get(node).cloned();
        let mut earlier = furthest(self.before, node);
        loop {
            let Some(aim) = aims.get(node).cloned() else { return Ok(set) };
            let why = match self.wait_for_node(&set, &aim, old.as_deref()).await {
                Ok(()) => return Ok(set),
                Err(RolloutError::Restarted(why)) if aim.started_within_seconds.is_some() => why,
                Err(stop) => return Err(stop),
            };
            let budget = aim.started_within_seconds.unwrap_or_default();
            let (seen, became) = self.diagnose_restart(&set, node, earlier.as_ref()).await?;
            let because = match became {
                Again::LostUpdate if self.skip_elapsed(&seen) => {
                    self.progress.doubt(&format!("{why}: the Node changed under it, as happens on a slow link; it tries again"))?;
                    continue;
                }
                Again::GotFurther(reach) => {
                    let last = text::truncate(&reach.last, 100).into_owned();
                    self.progress.doubt(&format!("{node}: killed after {budget} s while it still got on; the last it said: {last}"))?;
                    if let Some(step) = steps.next() {
                        earlier = Some(reach);
                        set = self.raise_budget(step, node, aims, &mut old).await?;
                        continue;
                    }
                    match self.plan.steps.is_empty() {
                        true => format!("{budget} s are not enough, and this plan does not let them grow"),
                        false => format!("{budget} s are not enough, and the plan goes no further"),
                    }
                }
                Again::Stuck(reach) => {
                    format!("with {budget} s it came no further than with less, so time is not what it lacks: {}", reach.last)
                }
                Again::Unseen => format!("whether {budget} s are too few cannot be told without its log"),
                Again::LostUpdate => "the Node changed under it again and again".to_owned(),
                Again::NotYetKnown => "why it ended is not known".to_owned(),
                Again::Other(cause) => cause,
            };
            return Err(RolloutError::Failed(format!("{why}; {because}")));
        }
    }

    /// The next budget, written as the first was: the strategy still holds back the others, and only this node's pod is replaced.
    async fn raise_budget(
        &mut self,
        step: &BudgetStep,
        node: &str,
        aims: &mut BTreeMap<String, NodeExpectation>,
        old: &mut Option<String>,
    ) -> Result<DaemonSet, RolloutError> {
        self.record.set = step.patch.clone();
        if let Err(error) = local_record::save(&self.plan.target, &self.record) {
            self.progress.doubt(&format!("Warning: what is replaced is kept in the object alone: {error}"))?;
        }
        let object = self.write_until_confirmed(&step.patch, RecordAfterWrite::RolloutPhase(RolloutPhase::Canary)).await?;
        self.progress.done(&format!("{} patched: {} s to start, tried on {node} alone", self.target, step.started_within_seconds))?;
        aims.values_mut().for_each(|aim| *aim = aim.with_step(step));
        self.extend_timeout(aims);
        let set = self.wait_until_observed(generation(&object)).await?;
        if let Some(pod) = self.pods(&set).await?.get(node) {
            old.clone_from(&pod.metadata.uid);
            self.delete_pod(node, pod).await?;
        }
        Ok(set)
    }

    /// What became of the start, as soon as anything tells.
    async fn diagnose_restart(&mut self, set: &DaemonSet, node: &str, earlier: Option<&Reach>) -> Result<(Snapshot, Again), RolloutError> {
        let mut left = MAX_POLLS;
        loop {
            let begun = Instant::now();
            let seen = self.look_at_start(set, node).await?;
            left -= 1;
            match again(&seen, node, earlier) {
                Again::NotYetKnown if left > 0 => {
                    self.progress.waits(&format!("{node}: waiting for what tells why calico-node ended"))?;
                    self.poll_interval(begun).await?;
                }
                became => return Ok((seen, became)),
            }
        }
    }

    pub(super) async fn look_at_start(&mut self, set: &DaemonSet, node: &str) -> Result<Snapshot, RolloutError> {
        let (api, before) = (self.api.clone(), self.before);
        self.retry_while_unreachable(|| look::start(&api, before, set, node)).await
    }

    /// The restarts so far of the pod that was looked at count no more; `false` where there were too many.
    pub(super) fn skip_elapsed(&mut self, seen: &Snapshot) -> bool {
        let Some(pod) = seen.pods.seen().and_then(|pods| pods.first()) else { return false };
        let (Some(uid), Some(status)) = (pod.metadata.uid.clone(), pod.calico_node_status()) else { return false };
        self.ignored_restarts.insert(uid, status.restart_count);
        status.restart_count <= MAX_UPDATE_CONFLICTS
    }

    /// For the table of what came of it: the logs of those whose start was in doubt. Of the others readiness tells.
    pub(super) async fn read_starts(&mut self, seen: &mut Snapshot, aims: &BTreeMap<String, NodeExpectation>) {
        let doubtful = |pod: &&Pod| {
            let aim = pod.spec.node_name.as_ref().and_then(|node| aims.get(node));
            aim.is_some_and(|aim| aim.steady_seconds.is_some())
        };
        let pods: Vec<Pod> = seen.pods.seen().into_iter().flatten().filter(doubtful).take(MOST_LOGS).cloned().collect();
        seen.logs.extend(look::logs(&self.api, &pods).await);
    }

    /// A restart in the middle of a rollout: what it waits for where that passes by itself.
    pub(super) async fn is_transient_restart(
        &mut self,
        set: &DaemonSet,
        node: &str,
        aims: &BTreeMap<String, NodeExpectation>,
        why: String,
    ) -> Result<String, RolloutError> {
        let starts = aims.get(node).is_some_and(|aim| aim.started_within_seconds.is_some());
        if starts {
            let (seen, became) = self.diagnose_restart(set, node, None).await?;
            if became == Again::LostUpdate && self.skip_elapsed(&seen) {
                return Ok(format!("{why}: the Node changed under it; it tries again"));
            }
        }
        Err(RolloutError::Restarted(format!("{node}: {why}")))
    }

    /// How long the start of a node took against its budget, where its log or its readiness tells.
    pub(super) fn report_start_time(&mut self, seen: &Snapshot, aim: &NodeExpectation) -> Result<(), RolloutError> {
        let view = View::new(seen);
        let start = view.node(&aim.node).and_then(|node| measure(&view, node).start);
        let Some((start, budget)) = start.zip(aim.started_within_seconds) else { return Ok(()) };
        let line = format!("{}: {} of its {budget} s", aim.node, took(start));
        match !start.at_most && start.seconds > TIGHT * f64::from(budget) {
            true => Ok(self.progress.doubt(&format!("{line}: that is close; for more room run probes again when this is done"))?),
            false => Ok(self.progress.done(&line)?),
        }
    }
}

fn took(start: StartTime) -> String {
    match start {
        StartTime { at_most: true, seconds, .. } => format!("started in less than {seconds:.0}"),
        StartTime { seconds, .. } => format!("started after {seconds:.0}"),
    }
}
