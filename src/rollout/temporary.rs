//! A change that is lent: made on some nodes, used for a while, and taken back from all of them.

use std::collections::BTreeMap;
use std::time::Instant;

use futures::future::LocalBoxFuture;
use serde_json::json;

use super::canary::generation;
use super::local_record;
use super::watch::is_new;
use super::write::{PausableTimeout, RecordAfterWrite, Rollout, RolloutError};
use crate::cluster::look;
use crate::edit::patch::join;
use crate::edit::undo_record::RolloutPhase;
use crate::plan::expectation::NodeExpectation;
use crate::plan::from_debug_log::{DEBUG, LEVEL};
use crate::plan::request::strategy;
use crate::render::style::Tone;
use crate::snapshot::objects::{DaemonSet, Pod};

/// What the change is made for: begins when the pods of its nodes are being replaced.
pub trait DuringChange {
    fn run<'a>(&'a self, rollout: &'a mut Rollout<'_>, set: &'a DaemonSet) -> LocalBoxFuture<'a, Result<(), RolloutError>>;
}

impl Rollout<'_> {
    pub async fn apply_temporary(&mut self, during: &dyn DuringChange) -> Result<(), RolloutError> {
        let patch = join(self.plan.patch.clone(), &strategy(&json!({"type": "OnDelete", "rollingUpdate": null})));
        let object = self.first_write(&patch).await?;
        self.progress.done(&format!("{} patched; no pod is replaced by that alone", self.target))?;
        let set = self.reaches_daemon_set(&object).await?;
        for (node, pod) in self.target_pods(&set).await? {
            if self.old_pods.get(&node) == pod.metadata.uid.as_ref() {
                self.delete_pod(&node, &pod).await?;
            }
        }
        during.run(self, &set).await
    }

    /// The nodes it is lent to, with the pods that are there now.
    async fn target_pods(&mut self, set: &DaemonSet) -> Result<BTreeMap<String, Pod>, RolloutError> {
        let mut pods = self.pods(set).await?;
        pods.retain(|node, _| self.plan.nodes.iter().any(|goal| goal.name == *node));
        Ok(pods)
    }

    /// Template and strategy as they were, and every pod that was made meanwhile replaced once more.
    pub async fn revert_temporary(&mut self, aims: &BTreeMap<String, NodeExpectation>) -> Result<(), RolloutError> {
        let strategy = self.record.strategy.clone().map_or_else(|| json!({}), |value| strategy(&value));
        let patch = join(self.record.restore.clone(), &strategy);
        let object = self.write_until_confirmed(&patch, RecordAfterWrite::RolloutPhase(RolloutPhase::Restoring)).await?;
        self.progress.line(Tone::Plain, &format!("{} patched: level and strategy are as they were", self.target))?;
        let set = self.wait_until_observed(generation(&object)).await?;
        let pods = self.target_pods(&set).await?;
        let mut replaced = Vec::new();
        for node in self.plan.nodes.iter().map(|goal| goal.name.clone()) {
            let old = self.old_pods.get(&node).cloned();
            match pods.get(&node) {
                Some(pod) if pod.metadata.uid == old => {}
                Some(pod) if is_lent(pod) && is_new(old.as_ref(), pod) => {
                    // The controller does it too, where nothing else holds it up.
                    self.delete_pod(&node, pod).await?;
                    replaced.push((node, pod.metadata.uid.clone()));
                }
                _ => replaced.push((node, old)),
            }
        }
        for (node, uid) in replaced {
            match aims.get(&node).filter(|aim| aim.ready) {
                Some(aim) => self.wait_for_node(&set, aim, uid.as_deref()).await?,
                // It was ill before: that it is replaced is all that can be asked.
                None => self.replaced(&set, &node, uid.as_deref()).await?,
            }
        }
        self.write_until_confirmed(&json!({}), RecordAfterWrite::Gone).await?;
        local_record::forget(&self.plan.target);
        Ok(())
    }
}

impl Rollout<'_> {
    async fn replaced(&mut self, set: &DaemonSet, node: &str, old: Option<&str>) -> Result<(), RolloutError> {
        let mut clock = PausableTimeout::new(self.timeout);
        loop {
            let begun = Instant::now();
            clock.skip_elapsed();
            let api = self.api.clone();
            let pod = self.retry_while_unreachable(|| look::pod_on(&api, set, node)).await?;
            if let Some(pod) = pod.filter(|pod| pod.metadata.uid.as_deref() != old && pod.metadata.deletion_timestamp.is_none()) {
                return Ok(self.progress.done(&format!("{node}: pod {} is of the old template again", pod.metadata.name))?);
            }
            self.progress.waits(&format!("{node}: waiting for a pod of the old template"))?;
            self.poll_interval(begun).await?;
            if clock.is_expired() {
                return Err(RolloutError::Failed(format!("{node}: there is no new pod after {}s", self.timeout.as_secs())));
            }
        }
    }
}

/// Made while the level was raised.
fn is_lent(pod: &Pod) -> bool {
    let env = pod.spec.calico_node().map(|container| container.env.as_slice()).unwrap_or_default();
    env.iter().any(|variable| variable.name == LEVEL && variable.value.as_deref() == Some(DEBUG))
}
