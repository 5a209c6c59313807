//! A change that is lent: made on some nodes, used for a while, and taken back from all of them.

use std::collections::BTreeMap;

use futures::future::LocalBoxFuture;
use serde_json::json;

use super::forward::generation;
use super::guard::{Guard, Mark, Stop};
use super::kept;
use super::watching::is_new;
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
            let plain = Aim { node: node.clone(), ..Aim::default() };
            self.prove(&set, aims.get(&node).unwrap_or(&plain), uid.as_deref()).await?;
        }
        self.commit(&json!({}), Mark::Gone).await?;
        kept::forget(&self.plan.target);
        Ok(())
    }
}

/// Made while the level was raised.
fn is_lent(pod: &Pod) -> bool {
    let env = pod.spec.calico_node().map(|container| container.env.as_slice()).unwrap_or_default();
    env.iter().any(|variable| variable.name == LEVEL && variable.value.as_deref() == Some(DEBUG))
}
