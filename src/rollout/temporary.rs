//! A temporary change: applied to the chosen nodes, kept while a task runs, then reverted.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::canary::generation;
use super::interrupt::Interrupt;
use super::local_record;
use super::observe::revision;
use super::watch::Drive;
use super::write::{RecordAfterWrite, Rollout, RolloutError};
use crate::cluster::request::Api;
use crate::edit::patch::join;
use crate::edit::undo_record::RolloutPhase;
use crate::plan::expectation::NodeExpectation;
use crate::plan::next_step::{NextStep, Observation, Stage, target_step};
use crate::plan::request::strategy;
use crate::render::style::Tone;
use crate::snapshot::objects::DaemonSet;

/// The task that a temporary change is made for; it begins once the pods of its nodes are being replaced.
pub trait DuringChange {
    fn run<'a>(&'a self, rollout: &'a mut Rollout<'_>, set: &'a DaemonSet) -> LocalBoxFuture<'a, Result<(), RolloutError>>;
}

/// What the task may see and say of the rollout.
impl Rollout<'_> {
    pub fn api(&self) -> Api {
        self.api.clone()
    }

    pub fn target_nodes(&self) -> Vec<String> {
        self.plan.nodes.iter().map(|goal| goal.name.clone()).collect()
    }

    /// The UID of the pod that the node had before the change.
    pub fn old_pod(&self, node: &str) -> Option<&String> {
        self.old_pods.get(node)
    }

    /// The counter of signals, and how many are answered already.
    pub fn signals(&self) -> (Interrupt, u32) {
        (self.interrupt.clone(), self.signals_handled)
    }

    pub fn acknowledge_signals(&mut self) {
        self.answer_signals();
    }

    pub fn message(&mut self, tone: Tone, line: &str) {
        self.progress.message(tone, line);
    }

    pub fn waiting(&mut self, what: &str) {
        self.progress.waiting(what);
    }
}

impl Rollout<'_> {
    pub(super) async fn apply_temporary(&mut self, during: &dyn DuringChange) -> Result<(), RolloutError> {
        let patch = join(self.plan.patch.clone(), &strategy(&json!({"type": "OnDelete", "rollingUpdate": null})));
        let object = self.first_write(&patch).await?;
        self.progress.success(&format!("{} patched; no pod is replaced yet", self.target));
        let set = self.holds_for_pods(object).await?;
        let mut pods = self.pods(&set).await?;
        pods.retain(|node, _| self.plan.nodes.iter().any(|goal| goal.name == *node));
        for (node, pod) in pods {
            if self.old_pods.get(&node) == pod.metadata.uid.as_ref() {
                self.delete_pod(&node, &pod).await?;
            }
        }
        during.run(self, &set).await
    }

    /// Waits until new pods are made from the changed template. A tool that reverts edits may be faster; then no pod is deleted for nothing.
    async fn holds_for_pods(&mut self, mut written: Value) -> Result<DaemonSet, RolloutError> {
        loop {
            let set = self.reaches_daemon_set(&written).await?;
            let object = self.read().await?;
            let target = self.target_state(false, &object);
            written = match target_step(&target, true) {
                None => return Ok(set),
                Some(NextStep::Fail(failure)) => return Err(self.failure(failure, &Observation::default())),
                Some(_) => self.write_again().await?,
            };
        }
    }

    /// Restores template and strategy, and replaces every pod that was made from the temporary template.
    pub(super) async fn revert_temporary(&mut self, expectations: BTreeMap<String, NodeExpectation>) -> Result<(), RolloutError> {
        let object = self.write_until_confirmed(&json!({}), RecordAfterWrite::RolloutPhase(RolloutPhase::Restoring)).await?;
        self.progress.message(Tone::Plain, &format!("{} patched: log level and update strategy restored", self.target));
        for kept in std::mem::take(&mut self.kept_edits) {
            self.progress.warning(&format!("not restored, because somebody else has changed it: {kept}"));
        }
        self.wait_until_observed(generation(&object)).await?;
        let nodes: BTreeSet<String> = self.target_nodes().into_iter().collect();
        let mut drive = Drive::new(expectations, generation(&object)).only(&nodes);
        let of_before = self.before.pods.seen().into_iter().flatten().filter_map(revision).map(str::to_owned);
        drive.acceptable = of_before.collect();
        drive.delete_outdated = true;
        drive.replaced_is_enough = true;
        self.drive(&Stage::RollingBack, &mut drive).await?;
        self.write_until_confirmed(&json!({}), RecordAfterWrite::Removed).await?;
        local_record::pop(&self.plan.target, &self.record);
        Ok(())
    }
}
