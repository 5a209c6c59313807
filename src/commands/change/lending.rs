//! A change that is lent: made on some nodes, used for a while, and taken back from all of them.

use std::collections::BTreeMap;
use std::time::Instant;

use futures::future::LocalBoxFuture;
use serde_json::json;

use super::forward::generation;
use super::guard::{Clock, Guard, Mark, Stop};
use super::kept;
use super::watching::is_new;
use crate::cluster::node_state;
use crate::plan::aim::Aim;
use crate::plan::lending::{DEBUG, LEVEL};
use crate::plan::patch::join;
use crate::plan::record::Phase;
use crate::plan::wish::strategy;
use crate::render::style::Tone;
use crate::snapshot::objects::{DaemonSet, Pod};

/// What the change is made for: begins when the pods of its nodes are being replaced.
pub trait Meanwhile {
    fn go<'a>(&'a self, guard: &'a mut Guard<'_>, set: &'a DaemonSet) -> LocalBoxFuture<'a, Result<(), Stop>>;
}

impl Guard<'_> {
    pub async fn lend(&mut self, meanwhile: &dyn Meanwhile) -> Result<(), Stop> {
        let patch = join(self.plan.patch.clone(), &strategy(&json!({"type": "OnDelete", "rollingUpdate": null})));
        let object = self.begin(&patch).await?;
        self.narrator.done(&format!("{} patched; no pod is replaced by that alone", self.place))?;
        let set = self.reaches_daemon_set(&object).await?;
        for (node, pod) in self.borrowers(&set).await? {
            if self.old_pods.get(&node) == pod.metadata.uid.as_ref() {
                self.delete_pod(&node, &pod).await?;
            }
        }
        meanwhile.go(self, &set).await
    }

    /// The nodes it is lent to, with the pods that are there now.
    async fn borrowers(&mut self, set: &DaemonSet) -> Result<BTreeMap<String, Pod>, Stop> {
        let mut pods = self.pods(set).await?;
        pods.retain(|node, _| self.plan.nodes.iter().any(|goal| goal.name == *node));
        Ok(pods)
    }

    /// Template and strategy as they were, and every pod that was made meanwhile replaced once more.
    pub async fn give_back(&mut self, aims: &BTreeMap<String, Aim>) -> Result<(), Stop> {
        let strategy = self.record.strategy.clone().map_or_else(|| json!({}), |value| strategy(&value));
        let patch = join(self.record.restore.clone(), &strategy);
        let object = self.commit(&patch, Mark::Phase(Phase::Restoring)).await?;
        self.narrator.line(Tone::Plain, &format!("{} patched: level and strategy are as they were", self.place))?;
        let set = self.taken_up(generation(&object)).await?;
        let pods = self.borrowers(&set).await?;
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
                Some(aim) => self.prove(&set, aim, uid.as_deref()).await?,
                // It was ill before: that it is replaced is all that can be asked.
                None => self.replaced(&set, &node, uid.as_deref()).await?,
            }
        }
        self.commit(&json!({}), Mark::Gone).await?;
        kept::forget(&self.plan.target);
        Ok(())
    }
}

impl Guard<'_> {
    async fn replaced(&mut self, set: &DaemonSet, node: &str, old: Option<&str>) -> Result<(), Stop> {
        let mut clock = Clock::new(self.timeout);
        loop {
            let begun = Instant::now();
            clock.forgive();
            let api = self.api.clone();
            let pod = self.patiently(|| node_state::pod_on(&api, set, node)).await?;
            if let Some(pod) = pod.filter(|pod| pod.metadata.uid.as_deref() != old && pod.metadata.deletion_timestamp.is_none()) {
                return Ok(self.narrator.done(&format!("{node}: pod {} is of the old template again", pod.metadata.name))?);
            }
            self.narrator.waits(&format!("{node}: waiting for a pod of the old template"))?;
            self.rest(begun).await?;
            if clock.tick() {
                return Err(Stop::Failed(format!("{node}: there is no new pod after {}s", self.timeout.as_secs())));
            }
        }
    }
}

/// Made while the level was raised.
fn is_lent(pod: &Pod) -> bool {
    let env = pod.spec.calico_node().map(|container| container.env.as_slice()).unwrap_or_default();
    env.iter().any(|variable| variable.name == LEVEL && variable.value.as_deref() == Some(DEBUG))
}
