//! Looking at nodes until they have come to what they must, or will not.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures::StreamExt;

use super::write::{PausableTimeout, Rollout, RolloutError};
use crate::cluster::look;
use crate::cluster::write;
use crate::diagnosis::{Scope, diagnose};
use crate::plan::expectation::NodeExpectation;
use crate::plan::verify::{NodeObservation, Progress, verify};
use crate::snapshot::Snapshot;
use crate::snapshot::objects::{DaemonSet, Pod};
use crate::text;

/// Nodes looked into at once, of those that were replaced and are not proven.
const AT_ONCE: usize = 8;

impl Rollout<'_> {
    fn daemon_set_name(&self) -> (String, String) {
        let meta = self.before.daemon_set.seen().map(|set| &set.metadata);
        let namespace = meta.and_then(|meta| meta.namespace.clone()).unwrap_or_default();
        (namespace, meta.map(|meta| meta.name.clone()).unwrap_or_default())
    }

    pub async fn daemon_set(&mut self) -> Result<DaemonSet, RolloutError> {
        let (api, (namespace, name)) = (self.api.clone(), self.daemon_set_name());
        self.retry_while_unreachable(|| look::daemon_set(&api, &namespace, &name)).await
    }

    pub async fn pods(&mut self, set: &DaemonSet) -> Result<BTreeMap<String, Pod>, RolloutError> {
        let api = self.api.clone();
        self.retry_while_unreachable(|| look::pods(&api, set)).await
    }

    /// The pods made from here on are of this template, and the controller has said so.
    pub async fn wait_until_observed(&mut self, generation: i64) -> Result<DaemonSet, RolloutError> {
        let mut clock = PausableTimeout::new(self.timeout);
        loop {
            let begun = Instant::now();
            let set = self.daemon_set().await?;
            if set.status.observed_generation.is_some_and(|observed| observed >= generation) {
                return Ok(set);
            }
            if clock.is_expired() {
                return Err(RolloutError::Failed("the DaemonSet controller has not taken up the change".to_owned()));
            }
            self.progress.waits("waiting for the DaemonSet controller")?;
            self.poll_interval(begun).await?;
        }
    }

    pub async fn delete_pod(&mut self, node: &str, pod: &Pod) -> Result<(), RolloutError> {
        let api = self.api.clone();
        self.retry_while_unreachable(|| async { write::delete_pod(&api, pod).await.map_err(|error| error.request().clone()) }).await?;
        Ok(self.progress.line(crate::render::style::Tone::Plain, &format!("pod \"{}\" deleted on {node}", pod.metadata.name))?)
    }

    /// Until this one node has come to its aim.
    pub async fn wait_for_node(&mut self, set: &DaemonSet, aim: &NodeExpectation, old: Option<&str>) -> Result<(), RolloutError> {
        let mut clock = PausableTimeout::new(self.timeout);
        loop {
            let begun = Instant::now();
            clock.skip_elapsed();
            let seen = self.look(set, &aim.node).await?;
            let progress = seen.map_or(Progress::Reached, |seen| self.evaluate(&seen, aim, old));
            match progress {
                Progress::Reached => return Ok(self.progress.done(&format!("{}: {}", aim.node, reached(aim)))?),
                Progress::Failed(why) => return Err(RolloutError::Failed(format!("{}: {why}", aim.node))),
                Progress::Restarted(why) => return Err(RolloutError::Restarted(format!("{}: {why}", aim.node))),
                Progress::Waiting(what) => {
                    self.progress.waits(&format!("{}: {what}", aim.node))?;
                    self.poll_interval(begun).await?;
                    if clock.is_expired() {
                        return Err(RolloutError::Failed(format!("{}: {what} after {}s", aim.node, self.timeout.as_secs())));
                    }
                }
            }
        }
    }

    /// `None` where the node is no longer there: nothing can be asked of it.
    async fn look(&mut self, set: &DaemonSet, node: &str) -> Result<Option<Snapshot>, RolloutError> {
        let (api, before, exec) = (self.api.clone(), self.before, self.exec);
        match self.retry_while_unreachable(|| look::node(&api, before, set, node, exec)).await {
            Ok(seen) => Ok(Some(seen)),
            Err(RolloutError::Request(error)) if error.is_not_found() => Ok(None),
            Err(stop) => Err(stop),
        }
    }

    /// Until the controller (or, with OnDelete, this program) has replaced every pod that is not of the current template, and each
    /// node whose pod was replaced has come to its aim. `old` has the UIDs of before, `proven` those of pods that have. Templates that
    /// are as good as the current one are in `as_good`.
    pub async fn wait_for_rollout(
        &mut self,
        generation: i64,
        aims: &BTreeMap<String, NodeExpectation>,
        old: &BTreeMap<String, String>,
        proven: &mut BTreeMap<String, String>,
        as_good: &BTreeSet<String>,
    ) -> Result<(), RolloutError> {
        let mut clocks: BTreeMap<String, PausableTimeout> = BTreeMap::new();
        let mut stall = PausableTimeout::new(self.timeout);
        loop {
            let begun = Instant::now();
            stall.skip_elapsed();
            clocks.values_mut().for_each(PausableTimeout::skip_elapsed);
            let set = self.daemon_set().await?;
            let pods = self.pods(&set).await?;
            let replaced: BTreeSet<String> =
                pods.iter().filter(|(node, pod)| is_new(old.get(*node), pod)).map(|(node, _)| node.clone()).collect();
            for node in &replaced {
                clocks.entry(node.clone()).or_insert_with(|| {
                    stall.restart(self.timeout);
                    PausableTimeout::new(self.timeout)
                });
            }
            let uid = |node: &String| pods.get(node).and_then(|pod| pod.metadata.uid.clone());
            let open: Vec<&NodeExpectation> =
                replaced.iter().filter(|node| proven.get(*node) != uid(node).as_ref()).filter_map(|node| aims.get(node)).collect();
            let mut waits = Vec::new();
            for (node, progress) in self.progress(&set, &open, old).await? {
                match progress {
                    Progress::Reached => {
                        proven.insert(node.clone(), uid(&node).unwrap_or_default());
                        stall.restart(self.timeout);
                        let aim = aims.get(&node).map(reached).unwrap_or_default();
                        self.progress.done(&format!("{node}: {aim} ({} of {})", proven.len(), aims.len()))?;
                    }
                    Progress::Failed(why) => return Err(RolloutError::Failed(format!("{node}: {why}"))),
                    Progress::Restarted(why) => waits.push((node.clone(), self.is_transient_restart(&set, &node, aims, why).await?)),
                    Progress::Waiting(what) => waits.push((node, what)),
                }
            }
            let status = &set.status;
            let left_out = self.absent.iter().filter(|node| pods.contains_key(*node) && !replaced.contains(*node)).count();
            let updated = usize::try_from(status.updated_number_scheduled).unwrap_or(0) + left_out;
            let wanted = usize::try_from(status.desired_number_scheduled).unwrap_or(usize::MAX);
            let observed = status.observed_generation.is_some_and(|observed| observed >= generation);
            if observed && waits.is_empty() && (updated >= wanted || self.all_on_revision(&pods, as_good)) {
                return Ok(());
            }
            if observed && waits.is_empty() && set.spec.update_strategy.r#type == "OnDelete" && updated < wanted {
                self.replace_next(&pods, &replaced).await?;
            }
            let first = waits.first().map(|(node, what)| format!("{node}: {what}"));
            let more = waits.len().saturating_sub(1);
            let shown = first.clone().unwrap_or_else(|| format!("{updated} of {wanted} pods updated"));
            let others = if more > 0 { format!(" (and {})", text::count(more, "more node")) } else { String::new() };
            self.progress.waits(&format!("{shown}{others}"))?;
            self.poll_interval(begun).await?;
            if let Some((node, what)) = waits.iter().find(|(node, _)| clocks.get_mut(node).is_some_and(PausableTimeout::is_expired)) {
                return Err(RolloutError::Failed(format!("{node}: {what} after {}s", self.timeout.as_secs())));
            }
            if stall.is_expired() {
                // The old settings decide again: a node that they make sick holds up the rest, as it did before.
                if self.is_undo() && waits.is_empty() {
                    let sick: Vec<&String> =
                        replaced.iter().filter(|node| pods.get(*node).is_some_and(|pod| pod.is_ready() != Some(true))).collect();
                    let told = format!("{updated} of {wanted} pods have taken them; the rollout waits for {}", text::list(&sick, 3));
                    return Ok(self.progress.doubt(&told)?);
                }
                let what = first.unwrap_or_else(|| format!("{updated} of {wanted} pods updated, and no other was replaced"));
                return Err(RolloutError::Failed(format!("{what} after {}s", self.timeout.as_secs())));
            }
        }
    }

    /// Every node that had a pod has one of these templates again.
    fn all_on_revision(&self, pods: &BTreeMap<String, Pod>, as_good: &BTreeSet<String>) -> bool {
        let is_back = |pod: &Pod| pod.metadata.deletion_timestamp.is_none() && revision(pod).is_some_and(|of_pod| as_good.contains(of_pod));
        let nodes = self.old_pods.keys().filter(|node| !self.absent.contains(*node));
        !as_good.is_empty() && nodes.map(|node| pods.get(node)).all(|pod| pod.is_some_and(is_back))
    }

    /// With OnDelete nobody else does it.
    async fn replace_next(&mut self, pods: &BTreeMap<String, Pod>, replaced: &BTreeSet<String>) -> Result<(), RolloutError> {
        let next = pods.iter().find(|(node, _)| !replaced.contains(*node) && !self.absent.contains(*node));
        let Some((node, pod)) = next else { return Ok(()) };
        self.delete_pod(node, pod).await
    }

    async fn progress(
        &mut self,
        set: &DaemonSet,
        open: &[&NodeExpectation],
        old: &BTreeMap<String, String>,
    ) -> Result<Vec<(String, Progress)>, RolloutError> {
        let (api, before, exec) = (self.api.clone(), self.before, self.exec);
        let looks = open.iter().map(|aim| {
            let api = &api;
            async move { (*aim, look::node(api, before, set, &aim.node, exec).await) }
        });
        let looks: Vec<_> = futures::stream::iter(looks).buffered(AT_ONCE).collect().await;
        let told = looks.into_iter().map(|(aim, seen)| {
            let progress = match seen {
                Ok(seen) => self.evaluate(&seen, aim, old.get(&aim.node).map(String::as_str)),
                Err(error) if error.is_not_found() => Progress::Reached,
                Err(error) if super::write::is_unreachable(&error) => Progress::Waiting(error.to_string()),
                Err(error) => return Err(RolloutError::Request(error)),
            };
            Ok((aim.node.clone(), progress))
        });
        told.collect()
    }

    /// What one look says of the node.
    fn evaluate(&mut self, seen: &Snapshot, aim: &NodeExpectation, old: Option<&str>) -> Progress {
        let report = diagnose(seen, &Scope { sessions: true, ..Scope::default() });
        let Some(row) = report.nodes.iter().find(|row| row.name == aim.node) else {
            return Progress::Waiting("its pod is not there yet".to_owned());
        };
        let pod = seen.pods.seen().and_then(|pods| pods.first());
        let sessions_seen = seen.inside.get(&aim.node).is_some_and(|inside| inside.seen().is_some());
        // Without exec readiness has to do; a look that failed is another thing, and is tried again.
        let unanswered = seen.inside.contains_key(&aim.node) && !sessions_seen && !aim.sessions.is_empty();
        let forbidden = seen.inside.get(&aim.node).is_some_and(|inside| matches!(inside, crate::observed::Observed::Forbidden(_)));
        let steady = self.steady(pod);
        let uid = pod.and_then(|pod| pod.metadata.uid.as_ref());
        let forgiven = uid.and_then(|uid| self.ignored_restarts.get(uid)).copied().unwrap_or(0);
        match verify(aim, old, &NodeObservation { pod, row, sessions_seen, steady, ignored_restarts: forgiven }) {
            Progress::Reached if unanswered && !forbidden => Progress::Waiting("BIRD does not answer yet".to_owned()),
            progress => progress,
        }
    }

    fn steady(&mut self, pod: Option<&Pod>) -> Duration {
        let Some(pod) = pod.filter(|pod| pod.is_ready() == Some(true)) else { return Duration::ZERO };
        let restarts = pod.calico_node_status().map_or(0, |status| status.restart_count);
        let run = format!("{} {restarts}", pod.metadata.uid.as_deref().unwrap_or_default());
        self.ready_since.entry(run).or_insert_with(Instant::now).elapsed()
    }
}

/// The hash of the template that it was made from.
pub fn revision(pod: &Pod) -> Option<&str> {
    pod.metadata.labels.get("controller-revision-hash").map(String::as_str)
}

pub fn is_new(old: Option<&String>, pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_none() && pod.metadata.uid.as_ref() != old
}

fn reached(aim: &NodeExpectation) -> String {
    let mut parts: Vec<String> = aim.addresses.iter().map(|goal| format!("has {}", goal.address)).collect();
    if !aim.sessions.is_empty() {
        parts.push(format!("{} up", text::count(aim.sessions.len(), "BGP session")));
    }
    parts.push(match aim.steady_seconds {
        Some(seconds) => format!("up for {seconds}s without a restart"),
        None if aim.ready => "Ready".to_owned(),
        None => "runs".to_owned(),
    });
    parts.join(", ")
}
