//! A change carried out: one node first, then the others, then the proof.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde_json::{Value, json};

use super::write::{PausableTimeout, RecordAfterWrite, Rollout, RolloutError, is_unreachable};
use crate::cluster::{Connection, GatherError, Silent, Wanted, gather};
use crate::diagnosis::report::Report;
use crate::diagnosis::{Scope, diagnose};
use crate::edit::patch::join;
use crate::edit::undo_record::RolloutPhase;
use crate::plan::expectation::{NodeExpectation, stored};
use crate::plan::request::strategy;
use crate::plan::verify;
use crate::render::style::Tone;
use crate::snapshot::Snapshot;
use crate::snapshot::objects::DaemonSet;

pub fn generation(object: &Value) -> i64 {
    object.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0)
}

impl Rollout<'_> {
    /// `aims` are those of the budget that was proven, where that had to grow.
    pub async fn roll_out(&mut self, aims: &mut BTreeMap<String, NodeExpectation>) -> Result<(), RolloutError> {
        let canary = self.plan.canary.clone().filter(|node| aims.contains_key(node));
        self.extend_timeout(aims);
        let mut patch = self.plan.patch.clone();
        if self.record.strategy.is_some() {
            patch = join(patch, &strategy(&json!({"type": "OnDelete", "rollingUpdate": null})));
        }
        let object = self.first_write(&patch).await?;
        self.progress.done(&format!("{} patched", self.target))?;
        let mut proven = BTreeMap::new();
        let mut set = self.reaches_daemon_set(&object).await?;
        if let Some(canary) = canary {
            set = self.run_canary(set, &canary, aims, &mut proven).await?;
        }
        let generation = set.metadata.generation.unwrap_or(0);
        let old = self.old_pods.clone();
        self.wait_for_rollout(generation, aims, &old, &mut proven, &BTreeSet::new()).await
    }

    /// One node alone has the change until it has come to its aim: the strategy OnDelete holds back the others.
    async fn run_canary(
        &mut self,
        set: DaemonSet,
        canary: &str,
        aims: &mut BTreeMap<String, NodeExpectation>,
        proven: &mut BTreeMap<String, String>,
    ) -> Result<DaemonSet, RolloutError> {
        let pods = self.pods(&set).await?;
        let old = self.old_pods.get(canary);
        if let Some(pod) = pods.get(canary).filter(|pod| pod.metadata.uid.as_ref() == old) {
            self.delete_pod(canary, pod).await?;
        }
        let set = self.verify_canary_raising_budget(set, canary, aims).await?;
        if let Some(aim) = aims.get(canary).filter(|aim| aim.started_within_seconds.is_some()).cloned() {
            let seen = self.look_at_start(&set, canary).await?;
            self.report_start_time(&seen, &aim)?;
        }
        let pods = self.pods(&set).await?;
        let uid = pods.get(canary).and_then(|pod| pod.metadata.uid.clone());
        proven.insert(canary.to_owned(), uid.unwrap_or_default());
        let restored = self.record.strategy.clone().map_or_else(|| json!({}), |value| strategy(&value));
        let object = self.write_until_confirmed(&restored, RecordAfterWrite::RolloutPhase(RolloutPhase::Rolling)).await?;
        if self.record.strategy.is_some() {
            self.progress
                .line(Tone::Plain, &format!("{} patched: its update strategy is restored, the other nodes follow", self.target))?;
        }
        self.wait_until_observed(generation(&object)).await
    }

    /// Until a new look at the whole cluster finds every node as it must be; that look is the proof.
    pub async fn verify_cluster(
        &mut self,
        connection: &Connection,
        wanted: &Wanted,
        aims: &BTreeMap<String, NodeExpectation>,
    ) -> Result<Snapshot, RolloutError> {
        let mut clock = PausableTimeout::new(self.timeout);
        loop {
            let begun = Instant::now();
            self.progress.waits("looking at the whole cluster again")?;
            clock.skip_elapsed();
            let lacking = match gather(connection, wanted, &Silent).await {
                Ok(seen) => {
                    let report = diagnose(&seen, &Scope { sessions: true, ..Scope::default() });
                    match self.first_unmet(&seen, &report, aims) {
                        None => return Ok(seen),
                        Some(lacking) => lacking,
                    }
                }
                Err(GatherError::Request(error)) if is_unreachable(&error) => {
                    self.progress.waits(&format!("waiting for the API server: {error}"))?;
                    self.poll_interval(begun).await?;
                    continue;
                }
                Err(error) => return Err(RolloutError::Failed(error.to_string())),
            };
            self.progress.waits(&lacking)?;
            self.poll_interval(begun).await?;
            if clock.is_expired() {
                return Err(RolloutError::Failed(format!("{lacking} after {}s", self.timeout.as_secs())));
            }
        }
    }

    fn first_unmet(&self, seen: &Snapshot, report: &Report, aims: &BTreeMap<String, NodeExpectation>) -> Option<String> {
        let was = |node: &str| self.before.pods.seen().into_iter().flatten().any(|pod| pod.spec.node_name.as_deref() == Some(node));
        report.nodes.iter().find_map(|row| {
            let aim = aims.get(&row.name).filter(|_| was(&row.name))?;
            let inside = seen.inside.get(&row.name).is_some_and(|inside| inside.seen().is_some());
            verify::unmet(aim, row, inside).map(|lacks| format!("{}: {lacks}", row.name))
        })
    }
}

/// When all is over a node whose address was changed must be Ready too, for then it has peers to reach.
pub fn final_expectations(aims: &BTreeMap<String, NodeExpectation>, before: &Report) -> BTreeMap<String, NodeExpectation> {
    let changed = |aim: &NodeExpectation| {
        let row = before.nodes.iter().find(|row| row.name == aim.node);
        row.is_some_and(|row| aim.addresses.iter().any(|goal| !stored(row).contains(goal)))
    };
    aims.iter().map(|(node, aim)| (node.clone(), NodeExpectation { ready: aim.ready || changed(aim), ..aim.clone() })).collect()
}
