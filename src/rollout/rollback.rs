//! Rollback: restores the old values that are still ours, then waits for the nodes that had taken the new ones.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::local_record;
use super::observe::revision;
use super::watch::Drive;
use super::write::{RecordAfterWrite, Rollout, RolloutError};
use crate::edit::undo_record::RolloutPhase;
use crate::plan::expectation::NodeExpectation;
use crate::plan::next_step::Stage;
use crate::render::style::Tone;
use crate::verb::Verb;

impl Rollout<'_> {
    /// From wherever the rollout stopped; each node that is replaced once more must meet its expectation.
    pub(super) async fn roll_back(&mut self, expectations: BTreeMap<String, NodeExpectation>) -> Result<(), RolloutError> {
        let canary_alone = self.record.phase == RolloutPhase::Canary && self.record.canary.is_some();
        let before = self.starting_generation().await?;
        let object = self.write_until_confirmed(&json!({}), RecordAfterWrite::RolloutPhase(RolloutPhase::Restoring)).await?;
        self.report_restored();
        let set = match self.target.is_installation() {
            true if self.is_resumed || self.daemon_set_changed_since_start(before) || self.undo_changes_something() => {
                self.followed_by_operator(&object, before).await?
            }
            // The operator never took the change, so there is nothing for it to take back.
            true => self.accepted_by_operator(&object).await?,
            false => self.reaches_daemon_set(&object).await?,
        };
        let mut drive = Drive::new(expectations, set.metadata.generation.unwrap_or(0));
        // If the previous rollout was incomplete before our change, the templates of that time are as good.
        let of_before = self.before.pods.seen().into_iter().flatten().filter_map(revision).map(str::to_owned);
        // A run that resumes finds pods of the very template that is undone.
        drive.acceptable = if self.is_undo() || self.is_resumed { BTreeSet::new() } else { of_before.collect() };
        // While the canary was alone, its pod is the only one of the undone template, and it is ours.
        drive.delete_outdated = !self.is_undo() && canary_alone;
        match self.drive(&Stage::RollingBack, &mut drive).await {
            // Some pods keep the undone template: that is no success, whoever is to blame.
            Err(RolloutError::Stalled(why)) if self.is_undo() => {
                let pods = self.pods(&set).await?;
                let sick: Vec<&String> = pods.iter().filter(|(_, pod)| pod.is_ready() != Some(true)).map(|(node, _)| node).collect();
                if sick.is_empty() {
                    return Err(RolloutError::Failed(why));
                }
                return Err(RolloutError::Stalled(format!("{why}; calico-node is not Ready on {}", crate::text::list(&sick, 3))));
            }
            other => {
                other?;
            }
        }
        self.write_until_confirmed(&json!({}), RecordAfterWrite::Removed).await?;
        local_record::pop(&self.plan.target, &self.record);
        Ok(())
    }

    /// What was restored, and what somebody else wrote meanwhile and therefore stays.
    pub(super) fn report_restored(&mut self) {
        self.progress.message(Tone::Plain, &format!("{} patched: old values restored", self.target));
        for kept in std::mem::take(&mut self.kept_edits) {
            self.progress.warning(&format!("not restored, because somebody else has changed it: {kept}"));
        }
    }

    /// The DaemonSet's generation before the old values come back. An undo has written those already.
    async fn starting_generation(&mut self) -> Result<i64, RolloutError> {
        if self.is_undo() {
            return Ok(self.before.daemon_set.seen().and_then(|set| set.metadata.generation).unwrap_or(0));
        }
        Ok(self.daemon_set().await?.metadata.generation.unwrap_or(0))
    }

    /// The change itself is an undo: it began by writing the old values.
    pub(super) fn is_undo(&self) -> bool {
        self.plan.command == Verb::Undo
    }

    /// An undo that was ended after its first write finds the old values there already.
    fn undo_changes_something(&self) -> bool {
        self.is_undo() && self.plan.restore != json!({})
    }

    /// The DaemonSet has been changed since the rollout began.
    fn daemon_set_changed_since_start(&self, generation: i64) -> bool {
        let before = self.before.daemon_set.seen().and_then(|set| set.metadata.generation);
        before.is_some_and(|before| generation > before)
    }
}
