//! A change that failed, or is not wanted any more, undone: the old values, then the nodes that had taken the new ones.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::guard::{Guard, Mark, Stop};
use super::kept;
use super::watching::revision;
use crate::plan::aim::Aim;
use crate::plan::patch::join;
use crate::plan::record::Phase;
use crate::plan::wish::{UNDO, strategy};

impl Guard<'_> {
    /// From wherever the change stopped; each node that is replaced once more must come to its aim.
    pub async fn put_back(&mut self, aims: &BTreeMap<String, Aim>) -> Result<(), Stop> {
        let (before, old) = self.starting_point().await?;
        let strategy = self.record.strategy.clone().map_or_else(|| json!({}), |value| strategy(&value));
        let patch = join(self.record.restore.clone(), &strategy);
        let object = self.commit(&patch, Mark::Phase(Phase::Restoring)).await?;
        self.narrator.line(crate::render::style::Tone::Plain, &format!("{} patched: the old values are back", self.place))?;
        let set = match self.place.is_operators() {
            true if self.is_ahead(before) || self.undoes_something() => self.followed_by_operator(&object, before).await?,
            // A change that the operator never took leaves nothing for it to take back.
            true => self.accepted_by_operator(&object).await?,
            false => self.reaches_daemon_set(&object).await?,
        };
        let generation = set.metadata.generation.unwrap_or(0);
        // A rollout that had not come to its end before need not now.
        let of_before = self.before.pods.seen().into_iter().flatten().filter_map(revision).map(str::to_owned);
        let as_good: BTreeSet<String> = if self.undoes() { BTreeSet::new() } else { of_before.collect() };
        self.roll(generation, aims, &old, &mut BTreeMap::new(), &as_good).await?;
        self.commit(&json!({}), Mark::Gone).await?;
        kept::forget(&self.plan.target);
        Ok(())
    }

    /// The DaemonSet's generation, and the pods, before the old values come back. An undo has written those already.
    async fn starting_point(&mut self) -> Result<(i64, BTreeMap<String, String>), Stop> {
        if self.undoes() {
            let generation = self.before.daemon_set.seen().and_then(|set| set.metadata.generation);
            return Ok((generation.unwrap_or(0), self.old_pods.clone()));
        }
        let set = self.daemon_set().await?;
        let pods = self.pods(&set).await?;
        let uids = pods.iter().filter_map(|(node, pod)| Some((node.clone(), pod.metadata.uid.clone()?)));
        Ok((set.metadata.generation.unwrap_or(0), uids.collect()))
    }

    /// The change itself is an undo: it began by writing the old values.
    pub(super) fn undoes(&self) -> bool {
        self.plan.command == UNDO
    }

    /// Not one that was ended after its first write: that finds the old values there already.
    fn undoes_something(&self) -> bool {
        self.undoes() && self.plan.restore != json!({})
    }

    /// The DaemonSet had been changed since the change began.
    fn is_ahead(&self, generation: i64) -> bool {
        let before = self.before.daemon_set.seen().and_then(|set| set.metadata.generation);
        before.is_some_and(|before| generation > before)
    }
}
