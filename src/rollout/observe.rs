//! One observation: the target, the DaemonSet, its pods, and every node that is not verified yet.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::StreamExt;

use super::timeouts::CONCURRENT_NODES;
use super::watch::Drive;
use super::write::{PausableTimeout, Rollout, RolloutError, is_unreachable};
use crate::cluster::error::RequestError;
use crate::cluster::{node_state, write};
use crate::diagnosis::{Scope, diagnose};
use crate::edit::drift::Drift;
use crate::edit::undo_record::{ANNOTATION, UndoRecord, is_held_back};
use crate::observed::Observed;
use crate::plan::canary_retry::RetryOutcome;
use crate::plan::expectation::NodeExpectation;
use crate::plan::next_step::{NodeStatus, Observation, PodStatus, Stage, TargetState};
use crate::plan::node_state::ClusterState;
use crate::plan::verify::{NodeObservation, Progress, verify};
use crate::snapshot::Snapshot;
use crate::snapshot::objects::{Container, DaemonSet, IntOrString, Pod};
use crate::text;

impl Rollout<'_> {
    /// One poll: the target, the DaemonSet, its pods, and every node that is still open.
    pub(super) async fn observe(&mut self, stage: &Stage, drive: &mut Drive) -> Result<(Observation, BTreeMap<String, Pod>), RolloutError> {
        let object = write::read(&self.api, &self.target).await.map_err(RolloutError::Request)?;
        let (namespace, name) = self.daemon_set_name();
        let set = node_state::daemon_set(&self.api, &namespace, &name).await.map_err(RolloutError::Request)?;
        let pods = node_state::pods(&self.api, &set).await.map_err(RolloutError::Request)?;
        let target = self.target_state(*stage == Stage::RollingBack, &object);
        let observed = is_observed(&set, drive.generation);
        let dead = self.absent.iter().filter_map(|node| pods.get(node)).filter(|pod| pod.is_ready() != Some(true)).count();
        let mut seen = Observation {
            target,
            observed,
            on_delete: drive.delete_outdated || set.spec.update_strategy.r#type == "OnDelete",
            may_delete: !self.target.is_installation(),
            dead_pods: dead > 0,
            held_by_dead: dead > 0 && dead >= max_unavailable(&set),
            ..Observation::default()
        };
        if !observed {
            return Ok((seen, pods));
        }
        let generation = set.metadata.generation.unwrap_or(0);
        if drive.newest.as_ref().is_none_or(|(read_at, hash)| *read_at != generation || hash.is_none()) {
            drive.newest = Some((generation, node_state::newest_revision(&self.api, &set).await.map_err(RolloutError::Request)?));
        }
        let part: Vec<String> = match stage {
            Stage::Canary { node, .. } => vec![node.clone()],
            Stage::Rolling | Stage::RollingBack => {
                let had_pod = |node: &&String| self.old_pods.contains_key(*node) || pods.contains_key(*node);
                drive.expectations.keys().filter(had_pod).cloned().collect()
            }
        };
        let mut open = Vec::new();
        for node in part {
            match self.known_status(stage, drive, &set, &node, pods.get(&node)) {
                Some(pod) => seen.nodes.push(NodeStatus { name: node, pod }),
                None => open.push(node),
            }
        }
        for (node, looked) in self.read_nodes(&set, &open).await {
            let pod = self.open_status(stage, drive, &set, &node, looked).await?;
            seen.nodes.push(NodeStatus { name: node, pod });
        }
        seen.nodes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok((seen, pods))
    }

    /// Compares the target with what was written. A rollback leaves others' edits alone, and only another change stops it.
    pub(super) fn target_state(&mut self, rolling_back: bool, object: &serde_json::Value) -> TargetState {
        let removed = || format!("the annotation {ANNOTATION} was removed or rewritten");
        match UndoRecord::from_object(object) {
            Ok(Some(record)) if record.id != self.record.id => return TargetState::Overtaken(record.id),
            Ok(Some(_)) => {}
            _ if rolling_back => {}
            _ => return TargetState::Changed(removed()),
        }
        if rolling_back {
            return TargetState::Unchanged;
        }
        let drift = Drift::between(self.target.patch_kind(), object, &self.record.set, &self.record.restore);
        if drift.is_revert() {
            self.reverts += 1;
            return TargetState::Reverted { who: self.describe_revert(&drift, object), times: self.reverts };
        }
        if !drift.is_none() {
            return TargetState::Changed(drift.describe(object, &self.field_manager));
        }
        match self.record.holds_pods_back() && !is_held_back(object) {
            true => TargetState::Changed("spec.updateStrategy".to_owned()),
            false => TargetState::Unchanged,
        }
    }

    /// `None`: the node itself must be read.
    fn known_status(&self, stage: &Stage, drive: &Drive, set: &DaemonSet, node: &str, pod: Option<&Pod>) -> Option<PodStatus> {
        let pod = pod.filter(|pod| pod.metadata.deletion_timestamp.is_none())?;
        if !drive.is_wanted(pod, set) {
            return Some(PodStatus::Outdated);
        }
        let expectation = drive.expectations.get(node)?;
        let (ready, uid) = (pod.is_ready() == Some(true), pod.metadata.uid.as_ref());
        let sick = !ready && self.was_not_ready(node);
        let untouched = *stage == Stage::RollingBack && self.old_pods.get(node) == uid;
        let replaced = drive.replaced_is_enough && !expectation.ready;
        let verified = drive.verified.get(node) == uid && (ready || !expectation.ready);
        (untouched || replaced || verified).then_some(PodStatus::Verified { sick })
    }

    fn was_not_ready(&self, node: &str) -> bool {
        let mut pods = self.before.pods.seen().into_iter().flatten().filter(|pod| pod.spec.node_name.as_deref() == Some(node));
        pods.any(|pod| pod.is_ready() != Some(true))
    }

    async fn read_nodes(&self, set: &DaemonSet, nodes: &[String]) -> Vec<(String, Result<Snapshot, RequestError>)> {
        let reads =
            nodes.iter().map(|node| async move { (node.clone(), node_state::node(&self.api, self.before, set, node, self.exec).await) });
        futures::stream::iter(reads).buffered(CONCURRENT_NODES).collect().await
    }

    /// What one reading says of a node that is not verified.
    async fn open_status(
        &mut self,
        stage: &Stage,
        drive: &mut Drive,
        set: &DaemonSet,
        node: &str,
        looked: Result<Snapshot, RequestError>,
    ) -> Result<PodStatus, RolloutError> {
        drive.timeouts.entry(node.to_owned()).or_insert_with(|| PausableTimeout::new(self.timeout));
        let seen = match looked {
            Ok(seen) => seen,
            Err(error) if error.is_not_found() => return Ok(PodStatus::NodeGone),
            Err(error) if is_unreachable(&error) => return Ok(PodStatus::Waiting(format!("the API server: {error}"))),
            Err(error) => return Err(RolloutError::Request(error)),
        };
        let Some(pod) = seen.pods.seen().and_then(|pods| pods.first()).filter(|pod| pod.metadata.deletion_timestamp.is_none()) else {
            return Ok(PodStatus::Missing);
        };
        // The pod may have been made between two requests, from another template.
        if !drive.is_wanted(pod, set) {
            return Ok(PodStatus::Outdated);
        }
        let Some(expectation) = drive.expectations.get(node).cloned() else { return Ok(PodStatus::Verified { sick: false }) };
        Ok(match self.evaluate(&seen, &expectation) {
            Progress::Reached => {
                drive.timeouts.remove(node);
                let uid = pod.metadata.uid.clone().unwrap_or_default();
                let sick = pod.is_ready() != Some(true) && self.was_not_ready(node);
                if drive.verified.insert(node.to_owned(), uid.clone()) != Some(uid) {
                    let count = match stage {
                        Stage::Canary { .. } => String::new(),
                        _ => format!(" ({} of {})", drive.verified.len(), drive.expectations.len()),
                    };
                    self.progress.success(&format!("{node}: {}{count}", reached(&expectation)));
                }
                PodStatus::Verified { sick }
            }
            Progress::Waiting(why) => PodStatus::Waiting(why),
            Progress::Failed(why) => PodStatus::Failed(why),
            Progress::Restarted(why) => self.restarted(stage, drive, set, &expectation, why).await?,
        })
    }

    /// Why calico-node ended on a node whose start has a budget; elsewhere a restart is a failure.
    async fn restarted(
        &mut self,
        stage: &Stage,
        drive: &mut Drive,
        set: &DaemonSet,
        expectation: &NodeExpectation,
        why: String,
    ) -> Result<PodStatus, RolloutError> {
        let Some(budget) = expectation.started_within_seconds else {
            return Ok(PodStatus::Restarted { why, start: RetryOutcome::NotYetKnown, conflicts_exceeded: false });
        };
        let node = expectation.node.as_str();
        let canary = matches!(stage, Stage::Canary { .. });
        let (seen, start) = self.diagnose_restart(set, node).await?;
        if start == RetryOutcome::LostUpdate && self.ignore_restarts(&seen) {
            drive.timeouts.remove(node);
            return Ok(PodStatus::Restarted { why, start, conflicts_exceeded: false });
        }
        let why = if canary { format!("{why}; {}", self.explain_restart(&start, budget)) } else { why };
        Ok(PodStatus::Restarted { why, start, conflicts_exceeded: true })
    }

    fn evaluate(&mut self, seen: &Snapshot, expectation: &NodeExpectation) -> Progress {
        let cluster = ClusterState::new(seen);
        let Some(state) = cluster.node(&expectation.node) else {
            return Progress::Waiting("its pod".to_owned());
        };
        let pod = seen.pods.seen().and_then(|pods| pods.first());
        let inside = seen.inside.get(&expectation.node);
        let sessions_seen = inside.is_some_and(|inside| inside.seen().is_some());
        // Without the right to exec, readiness decides; a failed exec is repeated.
        let forbidden = matches!(inside, Some(Observed::Forbidden(_)));
        let unanswered = inside.is_some() && !sessions_seen && !expectation.sessions.is_empty();
        let steady = self.ready_for(pod);
        let uid = pod.and_then(|pod| pod.metadata.uid.as_ref());
        let ignored_restarts = uid.and_then(|uid| self.ignored_restarts.get(uid)).copied().unwrap_or(0);
        match verify(expectation, None, &NodeObservation { pod, state, sessions_seen, steady, ignored_restarts }) {
            Progress::Reached => match self.new_address_fault(&diagnose(seen, &Scope::default()), &expectation.node) {
                Some(fault) => Progress::Failed(fault),
                None if unanswered && !forbidden => Progress::Waiting("an answer from BIRD".to_owned()),
                None => Progress::Reached,
            },
            progress => progress,
        }
    }

    /// How long this run of the container has been seen Ready.
    fn ready_for(&mut self, pod: Option<&Pod>) -> Duration {
        let Some(pod) = pod.filter(|pod| pod.is_ready() == Some(true)) else { return Duration::ZERO };
        let restarts = pod.calico_node_status().map_or(0, |status| status.restart_count);
        let run = format!("{} {restarts}", pod.metadata.uid.as_deref().unwrap_or_default());
        self.ready_since.entry(run).or_insert_with(Instant::now).elapsed()
    }
}

/// As many pods as may be unavailable at once; a share is rounded up (kubernetes pkg/controller/daemon/util, `UnavailableCount`).
fn max_unavailable(set: &DaemonSet) -> usize {
    let rolling = set.spec.update_strategy.rolling_update.as_ref();
    let count = match rolling.and_then(|rolling| rolling.max_unavailable.as_ref()) {
        Some(IntOrString::Int(number)) => usize::try_from(*number).ok(),
        Some(IntOrString::String(share)) => {
            let percent = share.strip_suffix('%').and_then(|percent| percent.parse::<usize>().ok());
            let nodes = usize::try_from(set.status.desired_number_scheduled).ok();
            percent.zip(nodes).map(|(percent, nodes)| percent.saturating_mul(nodes).div_ceil(100))
        }
        None => None,
    };
    count.unwrap_or(1).max(1)
}

/// The controller has seen what was written, and what others have written since: only then is the newest revision that of the template.
fn is_observed(set: &DaemonSet, written: i64) -> bool {
    set.has_observed(set.metadata.generation.unwrap_or(0).max(written))
}

/// The hash of the template that a pod was made from.
pub(super) fn revision(pod: &Pod) -> Option<&str> {
    pod.metadata.labels.get("controller-revision-hash").map(String::as_str)
}

/// Where the revisions cannot be read: variables and probes of calico-node are the template's.
pub(super) fn has_template(pod: &Pod, set: &DaemonSet) -> bool {
    let fields = |spec: Option<&Container>| {
        spec.map(|container| {
            let part = |value: Result<serde_json::Value, _>| value.unwrap_or_default();
            (
                part(serde_json::to_value(&container.env)),
                part(serde_json::to_value(&container.startup_probe)),
                part(serde_json::to_value(&container.liveness_probe)),
            )
        })
    };
    fields(pod.spec.calico_node()) == fields(set.spec.template.spec.calico_node())
}

fn reached(expectation: &NodeExpectation) -> String {
    let mut parts: Vec<String> = expectation.addresses.iter().map(|goal| format!("has {}", goal.address)).collect();
    if !expectation.sessions.is_empty() {
        parts.push(format!("{} up", text::count(expectation.sessions.len(), "BGP session")));
    }
    parts.push(match expectation.steady_seconds {
        Some(seconds) => format!("up for {seconds}s without a restart"),
        None if expectation.ready => "Ready".to_owned(),
        None => "runs".to_owned(),
    });
    parts.join(", ")
}
