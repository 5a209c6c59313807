//! The driver: observes, asks `plan::next_step`, performs one write, reports, and starts over.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde_json::Value;

use super::canary::generation;
use super::observe::{has_template, revision};
use super::write::{Outage, PausableTimeout, RecordAfterWrite, Rollout, RolloutError, is_unreachable, reverted};
use crate::cluster::{node_state, write};
use crate::plan::expectation::NodeExpectation;
use crate::plan::next_step::{Failure, MAX_DELETIONS, NextStep, Observation, PodStatus, Stage, next_step};
use crate::render::style::Tone;
use crate::snapshot::objects::{DaemonSet, Pod};

/// What one stage of a rollout is driven towards, and how far it is.
#[derive(Default)]
pub(super) struct Drive {
    pub expectations: BTreeMap<String, NodeExpectation>,
    /// Template hashes that are as good as the newest one.
    pub acceptable: BTreeSet<String>,
    /// Of the DaemonSet: what its controller must have observed.
    pub generation: i64,
    /// Verified nodes, with the UID of the pod.
    pub verified: BTreeMap<String, String>,
    /// A sick node is done once its pod is replaced, whether or not it starts.
    pub replaced_is_enough: bool,
    /// Pods to replace were made by this program: it deletes them itself.
    pub delete_outdated: bool,
    pub timeouts: BTreeMap<String, PausableTimeout>,
    /// How many pods of each node were deleted.
    pub deleted: BTreeMap<String, u32>,
    /// The newest template hash, by the generation it was read at.
    pub newest: Option<(i64, Option<String>)>,
}

impl Drive {
    pub(super) fn new(expectations: BTreeMap<String, NodeExpectation>, generation: i64) -> Self {
        Self { expectations, generation, ..Self::default() }
    }

    /// The pods of these nodes, and no others.
    #[must_use]
    pub(super) fn only(mut self, nodes: &BTreeSet<String>) -> Self {
        self.expectations.retain(|node, _| nodes.contains(node));
        self
    }

    /// Another template: nothing that was verified counts any more.
    pub(super) fn start_over(&mut self, generation: i64) {
        self.generation = generation;
        self.verified.clear();
        self.deleted.clear();
        self.timeouts.clear();
    }

    pub(super) fn is_wanted(&self, pod: &Pod, set: &DaemonSet) -> bool {
        let newest = self.newest.as_ref().and_then(|(_, hash)| hash.as_deref());
        match (revision(pod), newest) {
            (Some(hash), _) if self.acceptable.contains(hash) => true,
            (Some(hash), Some(newest)) => hash == newest,
            _ => has_template(pod, set),
        }
    }
}

/// What `next_step` could not do by a single write.
pub(super) enum Driven {
    Done,
    /// The canary is verified.
    RestoreStrategy,
    RaiseBudget,
}

impl Rollout<'_> {
    pub(super) fn daemon_set_name(&self) -> (String, String) {
        let meta = self.before.daemon_set.seen().map(|set| &set.metadata);
        let namespace = meta.and_then(|meta| meta.namespace.clone()).unwrap_or_default();
        (namespace, meta.map(|meta| meta.name.clone()).unwrap_or_default())
    }

    pub(super) async fn daemon_set(&mut self) -> Result<DaemonSet, RolloutError> {
        let (api, (namespace, name)) = (self.api.clone(), self.daemon_set_name());
        self.retry_while_unreachable(|| node_state::daemon_set(&api, &namespace, &name)).await
    }

    pub(super) async fn pods(&mut self, set: &DaemonSet) -> Result<BTreeMap<String, Pod>, RolloutError> {
        let api = self.api.clone();
        self.retry_while_unreachable(|| node_state::pods(&api, set)).await
    }

    /// Waits until the DaemonSet controller has observed this generation: pods made from here on have its template.
    pub(super) async fn wait_until_observed(&mut self, generation: i64) -> Result<DaemonSet, RolloutError> {
        let mut timeout = PausableTimeout::new(self.timeout);
        loop {
            let begun = Instant::now();
            let set = self.daemon_set().await?;
            if set.has_observed(generation) {
                return Ok(set);
            }
            if timeout.is_expired() {
                return Err(RolloutError::Failed("the DaemonSet controller has not observed the change".to_owned()));
            }
            self.progress.waiting("waiting for the DaemonSet controller");
            self.poll_interval(begun).await?;
        }
    }

    pub(super) async fn delete_pod(&mut self, node: &str, pod: &Pod) -> Result<(), RolloutError> {
        let api = self.api.clone();
        self.retry_while_unreachable(|| async { write::delete_pod(&api, pod).await.map_err(|error| error.request().clone()) }).await?;
        self.progress.message(Tone::Plain, &format!("pod \"{}\" deleted on {node}", pod.metadata.name));
        Ok(())
    }

    /// Drives one stage until it is done, a larger change is due, or it cannot go on.
    pub(super) async fn drive(&mut self, stage: &Stage, drive: &mut Drive) -> Result<Driven, RolloutError> {
        let mut stall = PausableTimeout::new(self.timeout);
        let mut outage = Outage::default();
        let mut known = (drive.verified.len(), BTreeSet::new());
        loop {
            let begun = Instant::now();
            stall.skip_elapsed();
            drive.timeouts.values_mut().for_each(PausableTimeout::skip_elapsed);
            let (mut seen, pods): (Observation, BTreeMap<String, Pod>) = match self.has_signal() {
                true => (Observation { signal: true, ..Observation::default() }, BTreeMap::new()),
                false => match self.observe(stage, drive).await {
                    Ok(seen) => {
                        outage.end();
                        seen
                    }
                    Err(RolloutError::Request(error)) if is_unreachable(&error) => {
                        if outage.is_too_long(begun) {
                            return Err(RolloutError::Request(error));
                        }
                        (Observation { unreachable: Some(error.to_string()), ..Observation::default() }, BTreeMap::new())
                    }
                    Err(error) => return Err(error),
                },
            };
            let now = (
                drive.verified.len(),
                seen.nodes.iter().filter(|node| node.pod != PodStatus::Outdated).map(|node| node.name.clone()).collect(),
            );
            if now != known && seen.unreachable.is_none() {
                stall.restart(self.timeout);
                known = now;
            }
            if seen.unreachable.is_none() {
                seen.expired = drive.timeouts.iter_mut().filter_map(|(node, timeout)| timeout.is_expired().then(|| node.clone())).collect();
                seen.stalled = stall.is_expired();
            }
            let often = drive.deleted.iter().filter(|(_, times)| **times >= MAX_DELETIONS);
            seen.deleted_often = often.map(|(node, _)| node.clone()).collect();
            match next_step(stage, &seen, self.timeout.as_secs()) {
                NextStep::Done => return Ok(Driven::Done),
                NextStep::RestoreStrategy => return Ok(Driven::RestoreStrategy),
                NextStep::RaiseBudget => return Ok(Driven::RaiseBudget),
                NextStep::Reapply => self.reapply(drive).await?,
                NextStep::Delete(node) => match pods.get(&node) {
                    Some(pod) => {
                        self.delete_pod(&node, pod).await?;
                        *drive.deleted.entry(node).or_default() += 1;
                    }
                    None => self.poll_interval(begun).await?,
                },
                NextStep::Wait(why) => {
                    self.progress.waiting(&why);
                    self.poll_interval(begun).await?;
                    // Time spent waiting counts, time spent asking does not.
                    if seen.unreachable.is_none() {
                        let _ = stall.is_expired();
                        drive.timeouts.values_mut().for_each(|timeout| {
                            let _ = timeout.is_expired();
                        });
                    }
                }
                NextStep::Fail(failure) => return Err(self.failure(failure, &seen)),
            }
        }
    }

    async fn reapply(&mut self, drive: &mut Drive) -> Result<(), RolloutError> {
        let object = self.write_again().await?;
        drive.start_over(generation(&object));
        Ok(())
    }

    /// Somebody has restored the old values while the strategy holds back every pod: they are written once more.
    pub(super) async fn write_again(&mut self) -> Result<Value, RolloutError> {
        let warning = format!("{}: somebody else has restored the old values; writing the new ones again", self.target);
        self.progress.warning(&warning);
        let set = self.record.set.clone();
        self.write_until_confirmed(&set, RecordAfterWrite::Reapplied).await
    }

    pub(super) fn failure(&mut self, failure: Failure, seen: &Observation) -> RolloutError {
        match failure {
            Failure::Interrupted => {
                self.answer_signals();
                RolloutError::Interrupted
            }
            Failure::Overtaken(id) => RolloutError::Overtaken(id, self.target.to_string()),
            Failure::TargetChanged(who) => RolloutError::Failed(format!("somebody else changed {}: {who}", self.target)),
            Failure::Reverted { who, times } => RolloutError::Failed(reverted(&who, times)),
            Failure::Failed(why) if seen.stalled || seen.held_by_dead => RolloutError::Stalled(why),
            Failure::Failed(why) => RolloutError::Failed(why),
        }
    }
}
