//! Rolls a plan out: the canary first, then the other nodes, then the verification of the whole cluster.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Value, json};

use super::watch::{Drive, Driven};
use super::write::{Outage, PausableTimeout, RecordAfterWrite, Rollout, RolloutError, is_unreachable};
use crate::cluster::{Connection, GatherError, NoProgress, ReadOptions, read_cluster};
use crate::diagnosis::{Scope, diagnose};
use crate::edit::patch::join;
use crate::edit::undo_record::RolloutPhase;
use crate::finding::Report;
use crate::plan::expectation::NodeExpectation;
use crate::plan::next_step::Stage;
use crate::plan::node_state::ClusterState;
use crate::plan::request::strategy;
use crate::plan::verify;
use crate::render::style::Tone;
use crate::snapshot::Snapshot;

pub(super) fn generation(object: &Value) -> i64 {
    object.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0)
}

impl Rollout<'_> {
    /// Returns the expectations of the budget that was verified, where it had to grow.
    pub(super) async fn roll_out(
        &mut self,
        expectations: BTreeMap<String, NodeExpectation>,
    ) -> Result<BTreeMap<String, NodeExpectation>, RolloutError> {
        let canary = self.plan.canary.clone();
        if let Some(absent) = canary.as_ref().filter(|node| !expectations.contains_key(*node)) {
            return Err(RolloutError::Failed(format!("{absent} cannot be changed first: its kubelet does not answer, or it has left")));
        }
        self.extend_timeout(&expectations);
        let mut patch = self.plan.patch.clone();
        if self.record.holds_pods_back() {
            patch = join(patch, &strategy(&json!({"type": "OnDelete", "rollingUpdate": null})));
        }
        let object = self.first_write(&patch).await?;
        self.progress.success(&format!("{} patched", self.target));
        let set = self.reaches_daemon_set(&object).await?;
        let mut drive = Drive::new(expectations, set.metadata.generation.unwrap_or(0));
        if let Some(canary) = canary {
            self.run_canary(&canary, &mut drive).await?;
        }
        self.drive(&Stage::Rolling, &mut drive).await?;
        Ok(drive.expectations)
    }

    /// One node has the change alone until it is verified: the strategy OnDelete holds back the others.
    async fn run_canary(&mut self, canary: &str, drive: &mut Drive) -> Result<(), RolloutError> {
        self.verify_canary_raising_budget(canary, drive).await?;
        if let Some(expectation) = drive.expectations.get(canary).filter(|expectation| expectation.started_within_seconds.is_some()) {
            let (expectation, set) = (expectation.clone(), self.daemon_set().await?);
            let seen = self.look_at_start(&set, canary).await?;
            self.report_start_time(&seen, &expectation);
        }
        let restored = self.record.strategy.clone().map_or_else(|| json!({}), |value| strategy(&value));
        let object = self.write_until_confirmed(&restored, RecordAfterWrite::RolloutPhase(RolloutPhase::Rolling)).await?;
        if self.record.strategy.is_some() {
            let line = format!("{} patched: update strategy restored, the other nodes follow", self.target);
            self.progress.message(Tone::Plain, &line);
        }
        drive.generation = generation(&object);
        Ok(())
    }

    async fn verify_canary_raising_budget(&mut self, canary: &str, drive: &mut Drive) -> Result<(), RolloutError> {
        let mut budgets = self.plan.steps.iter();
        loop {
            let stage = Stage::Canary { node: canary.to_owned(), larger_budgets: budgets.len() };
            match self.drive(&stage, drive).await? {
                Driven::RaiseBudget => match budgets.next() {
                    Some(budget) => self.raise_budget(budget, canary, drive).await?,
                    None => return Err(RolloutError::Failed(format!("{canary}: the plan has no larger limit"))),
                },
                Driven::Done | Driven::RestoreStrategy => return Ok(()),
            }
        }
    }

    /// Waits until a new reading of the whole cluster finds every node as expected; that reading is the verification.
    pub(super) async fn verify_cluster(
        &mut self,
        connection: &Connection,
        wanted: &ReadOptions,
        expectations: &BTreeMap<String, NodeExpectation>,
    ) -> Result<Snapshot, RolloutError> {
        let mut timeout = PausableTimeout::new(self.timeout);
        let mut outage = Outage::default();
        loop {
            let begun = Instant::now();
            self.progress.waiting("verifying the whole cluster");
            timeout.skip_elapsed();
            let read = read_cluster(connection, wanted, &NoProgress).await;
            if read.is_ok() {
                outage.end();
            }
            let unmet = match read {
                Ok(seen) => match self.first_unmet(&seen, expectations).or_else(|| self.first_wrong_address(&seen)) {
                    None => return Ok(seen),
                    Some(unmet) => unmet,
                },
                Err(GatherError::Request(error)) if is_unreachable(&error) => {
                    if outage.is_too_long(begun) {
                        return Err(RolloutError::Request(error));
                    }
                    self.progress.waiting(&format!("waiting for the API server: {error}"));
                    self.poll_interval(begun).await?;
                    continue;
                }
                Err(error) => return Err(RolloutError::Failed(error.to_string())),
            };
            self.progress.waiting(&unmet);
            self.poll_interval(begun).await?;
            if timeout.is_expired() {
                return Err(RolloutError::Failed(format!("still {unmet} after {}s", self.timeout.as_secs())));
            }
        }
    }

    fn first_wrong_address(&self, seen: &Snapshot) -> Option<String> {
        let report = diagnose(seen, &Scope::default());
        let fault = report.nodes.iter().find_map(|row| self.new_address_fault(&report, &row.name))?;
        Some(format!("waiting for a correct address: {fault}"))
    }

    /// Of a change of the method: a node whose address could not be predicted must not get a wrong one.
    pub(super) fn new_address_fault(&self, report: &Report, node: &str) -> Option<String> {
        let unpredicted = self.unpredicted().any(|name| name == node) && !self.address_faults_before.contains(node);
        let (_, fault) = verify::address_faults(report).find(|(name, _)| *name == node).filter(|_| unpredicted)?;
        Some(fault.to_owned())
    }

    /// Nodes whose address the plan does not tell although it is about addresses.
    pub(super) fn unpredicted(&self) -> impl Iterator<Item = &str> {
        let about_addresses = self.plan.nodes.iter().any(|goal| !goal.addresses.is_empty());
        self.plan.nodes.iter().filter(move |goal| about_addresses && goal.addresses.is_empty()).map(|goal| goal.name.as_str())
    }

    fn first_unmet(&self, seen: &Snapshot, expectations: &BTreeMap<String, NodeExpectation>) -> Option<String> {
        let was = |node: &str| self.before.pods.seen().into_iter().flatten().any(|pod| pod.spec.node_name.as_deref() == Some(node));
        ClusterState::new(seen).nodes.iter().find_map(|node| {
            let expectation = expectations.get(&node.name).filter(|_| was(&node.name))?;
            let inside = seen.inside.get(&node.name).is_some_and(|inside| inside.seen().is_some());
            verify::unmet(expectation, node, inside).map(|unmet| format!("waiting for {unmet} on {}", node.name))
        })
    }
}
