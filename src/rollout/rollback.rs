//! A change that failed, or is not wanted any more, undone: the old values, then the nodes that had taken the new ones.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::local_record;
use super::watch::revision;
use super::write::{RecordAfterWrite, Rollout, RolloutError};
use crate::edit::patch::join;
use crate::edit::undo_record::RolloutPhase;
use crate::plan::expectation::NodeExpectation;
use crate::plan::request::{UNDO, strategy};

impl Rollout<'_> {
    /// From wherever the change stopped; each node that is replaced once more must come to its aim.
    pub async fn roll_back(&mut self, aims: &BTreeMap<String, NodeExpectation>) -> Result<(), RolloutError> {
        let (before, old) = self.starting_point().await?;
        let strategy = self.record.strategy.clone().map_or_else(|| json!({}), |value| strategy(&value));
        let patch = join(self.record.restore.clone(), &strategy);
        let object = self.write_until_confirmed(&patch, RecordAfterWrite::RolloutPhase(RolloutPhase::Restoring)).await?;
        self.progress.line(crate::render::style::Tone::Plain, &format!("{} patched: the old values are back", self.target))?;
        let set = match self.target.is_installation() {
            true if self.daemon_set_changed_since_start(before) || self.undo_changes_something() => {
                self.followed_by_operator(&object, before).await?
            }
            // A change that the operator never took leaves nothing for it to take back.
            true => self.accepted_by_operator(&object).await?,
            false => self.reaches_daemon_set(&object).await?,
        };
        let generation = set.metadata.generation.unwrap_or(0);
        // A rollout that had not come to its end before need not now.
        let of_before = self.before.pods.seen().into_iter().flatten().filter_map(revision).map(str::to_owned);
        let as_good: BTreeSet<String> = if self.is_undo() { BTreeSet::new() } else { of_before.collect() };
        self.wait_for_rollout(generation, aims, &old, &mut BTreeMap::new(), &as_good).await?;
        self.write_until_confirmed(&json!({}), RecordAfterWrite::Gone).await?;
        local_record::forget(&self.plan.target);
        Ok(())
    }

    /// The DaemonSet's generation, and the pods, before the old values come back. An undo has written those already.
    async fn starting_point(&mut self) -> Result<(i64, BTreeMap<String, String>), RolloutError> {
        if self.is_undo() {
            let generation = self.before.daemon_set.seen().and_then(|set| set.metadata.generation);
            return Ok((generation.unwrap_or(0), self.old_pods.clone()));
        }
        let set = self.daemon_set().await?;
        let pods = self.pods(&set).await?;
        let uids = pods.iter().filter_map(|(node, pod)| Some((node.clone(), pod.metadata.uid.clone()?)));
        Ok((set.metadata.generation.unwrap_or(0), uids.collect()))
    }

    /// The change itself is an undo: it began by writing the old values.
    pub(super) fn is_undo(&self) -> bool {
        self.plan.command == UNDO
    }

    /// Not one that was ended after its first write: that finds the old values there already.
    fn undo_changes_something(&self) -> bool {
        self.is_undo() && self.plan.restore != json!({})
    }

    /// The DaemonSet had been changed since the change began.
    fn daemon_set_changed_since_start(&self, generation: i64) -> bool {
        let before = self.before.daemon_set.seen().and_then(|set| set.metadata.generation);
        before.is_some_and(|before| generation > before)
    }
}
