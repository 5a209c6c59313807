//! Looking at nodes until they have come to what they must, or will not.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures::StreamExt;

use super::guard::{Clock, Guard, Stop};
use crate::cluster::{node_state, write};
use crate::diagnosis::{Scope, diagnose};
use crate::plan::aim::Aim;
use crate::plan::proof::{Look, Progress, judge};
use crate::snapshot::Snapshot;
use crate::snapshot::objects::{DaemonSet, Pod};
use crate::text;

/// Nodes looked into at once, of those that were replaced and are not proven.
const AT_ONCE: usize = 8;

impl Guard<'_> {
    fn daemon_set_name(&self) -> (String, String) {
        let meta = self.before.daemon_set.seen().map(|set| &set.metadata);
        let namespace = meta.and_then(|meta| meta.namespace.clone()).unwrap_or_default();
        (namespace, meta.map(|meta| meta.name.clone()).unwrap_or_default())
    }

    pub async fn daemon_set(&mut self) -> Result<DaemonSet, Stop> {
        let (api, (namespace, name)) = (self.api.clone(), self.daemon_set_name());
        self.patiently(|| node_state::daemon_set(&api, &namespace, &name)).await
    }

    pub async fn pods(&mut self, set: &DaemonSet) -> Result<BTreeMap<String, Pod>, Stop> {
        let api = self.api.clone();
        self.patiently(|| node_state::pods(&api, set)).await
    }

    /// The pods made from here on are of this template, and the controller has said so.
    pub async fn taken_up(&mut self, generation: i64) -> Result<DaemonSet, Stop> {
        let mut clock = Clock::new(self.timeout);
        loop {
            let begun = Instant::now();
            let set = self.daemon_set().await?;
            if set.status.observed_generation.is_some_and(|observed| observed >= generation) {
                return Ok(set);
            }
            if clock.tick() {
                return Err(Stop::Failed("the DaemonSet controller has not taken up the change".to_owned()));
            }
            self.narrator.waits("waiting for the DaemonSet controller")?;
            self.rest(begun).await?;
        }
    }

    pub async fn delete_pod(&mut self, node: &str, pod: &Pod) -> Result<(), Stop> {
        let api = self.api.clone();
        self.patiently(|| async { write::delete_pod(&api, pod).await.map_err(|error| error.request().clone()) }).await?;
        Ok(self.narrator.line(crate::render::style::Tone::Plain, &format!("pod \"{}\" deleted on {node}", pod.metadata.name))?)
    }

    /// Until this one node has come to its aim.
    pub async fn prove(&mut self, set: &DaemonSet, aim: &Aim, old: Option<&str>) -> Result<(), Stop> {
        let mut clock = Clock::new(self.timeout);
        loop {
            let begun = Instant::now();
            clock.forgive();
            let seen = self.look(set, &aim.node).await?;
            let progress = seen.map_or(Progress::Reached, |seen| self.judged(&seen, aim, old));
            match progress {
                Progress::Reached => return Ok(self.narrator.done(&format!("{}: {}", aim.node, reached(aim)))?),
                Progress::Failed(why) => return Err(Stop::Failed(format!("{}: {why}", aim.node))),
                Progress::Restarted(why) => return Err(Stop::Restarted(format!("{}: {why}", aim.node))),
                Progress::Waiting(what) => {
                    self.narrator.waits(&format!("{}: {what}", aim.node))?;
                    self.rest(begun).await?;
                    if clock.tick() {
                        return Err(Stop::Failed(format!("{}: {what} after {}s", aim.node, self.timeout.as_secs())));
                    }
                }
            }
        }
    }

    /// `None` where the node is no longer there: nothing can be asked of it.
    async fn look(&mut self, set: &DaemonSet, node: &str) -> Result<Option<Snapshot>, Stop> {
        let (api, before, exec) = (self.api.clone(), self.before, self.exec);
        match self.patiently(|| node_state::node(&api, before, set, node, exec)).await {
            Ok(seen) => Ok(Some(seen)),
            Err(Stop::Request(error)) if error.is_not_found() => Ok(None),
            Err(stop) => Err(stop),
        }
    }

    /// Until the controller (or, with OnDelete, this program) has replaced every pod that is not of the current template, and each
    /// node whose pod was replaced has come to its aim. `old` has the UIDs of before, `proven` those of pods that have. Templates that
    /// are as good as the current one are in `as_good`.
    pub async fn roll(
        &mut self,
        generation: i64,
        aims: &BTreeMap<String, Aim>,
        old: &BTreeMap<String, String>,
        proven: &mut BTreeMap<String, String>,
        as_good: &BTreeSet<String>,
    ) -> Result<(), Stop> {
        let mut clocks: BTreeMap<String, Clock> = BTreeMap::new();
        let mut stall = Clock::new(self.timeout);
        loop {
            let begun = Instant::now();
            stall.forgive();
            clocks.values_mut().for_each(Clock::forgive);
            let set = self.daemon_set().await?;
            let pods = self.pods(&set).await?;
            let replaced: BTreeSet<String> =
                pods.iter().filter(|(node, pod)| is_new(old.get(*node), pod)).map(|(node, _)| node.clone()).collect();
            for node in &replaced {
                clocks.entry(node.clone()).or_insert_with(|| {
                    stall.restart(self.timeout);
                    Clock::new(self.timeout)
                });
            }
            let uid = |node: &String| pods.get(node).and_then(|pod| pod.metadata.uid.clone());
            let open: Vec<&Aim> =
                replaced.iter().filter(|node| proven.get(*node) != uid(node).as_ref()).filter_map(|node| aims.get(node)).collect();
            let mut waits = Vec::new();
            for (node, progress) in self.progress(&set, &open, old).await? {
                match progress {
                    Progress::Reached => {
                        proven.insert(node.clone(), uid(&node).unwrap_or_default());
                        stall.restart(self.timeout);
                        let aim = aims.get(&node).map(reached).unwrap_or_default();
                        self.narrator.done(&format!("{node}: {aim} ({} of {})", proven.len(), aims.len()))?;
                    }
                    Progress::Failed(why) => return Err(Stop::Failed(format!("{node}: {why}"))),
                    Progress::Restarted(why) => waits.push((node.clone(), self.passes(&set, &node, aims, why).await?)),
                    Progress::Waiting(what) => waits.push((node, what)),
                }
            }
            let status = &set.status;
            let left_out = self.absent.iter().filter(|node| pods.contains_key(*node) && !replaced.contains(*node)).count();
            let updated = usize::try_from(status.updated_number_scheduled).unwrap_or(0) + left_out;
            let wanted = usize::try_from(status.desired_number_scheduled).unwrap_or(usize::MAX);
            let observed = status.observed_generation.is_some_and(|observed| observed >= generation);
            if observed && waits.is_empty() && (updated >= wanted || self.are_back(&pods, as_good)) {
                return Ok(());
            }
            if observed && waits.is_empty() && set.spec.update_strategy.r#type == "OnDelete" && updated < wanted {
                self.replace_next(&pods, &replaced).await?;
            }
            let first = waits.first().map(|(node, what)| format!("{node}: {what}"));
            let more = waits.len().saturating_sub(1);
            let shown = first.clone().unwrap_or_else(|| format!("{updated} of {wanted} pods updated"));
            let others = if more > 0 { format!(" (and {})", text::count(more, "more node")) } else { String::new() };
            self.narrator.waits(&format!("{shown}{others}"))?;
            self.rest(begun).await?;
            if let Some((node, what)) = waits.iter().find(|(node, _)| clocks.get_mut(node).is_some_and(Clock::tick)) {
                return Err(Stop::Failed(format!("{node}: {what} after {}s", self.timeout.as_secs())));
            }
            if stall.tick() {
                // The old settings decide again: a node that they make sick holds up the rest, as it did before.
                if self.undoes() && waits.is_empty() {
                    let sick: Vec<&String> =
                        replaced.iter().filter(|node| pods.get(*node).is_some_and(|pod| pod.is_ready() != Some(true))).collect();
                    let told = format!("{updated} of {wanted} pods have taken them; the rollout waits for {}", text::list(&sick, 3));
                    return Ok(self.narrator.doubt(&told)?);
                }
                let what = first.unwrap_or_else(|| format!("{updated} of {wanted} pods updated, and no other was replaced"));
                return Err(Stop::Failed(format!("{what} after {}s", self.timeout.as_secs())));
            }
        }
    }

    /// Every node that had a pod has one of these templates again.
    fn are_back(&self, pods: &BTreeMap<String, Pod>, as_good: &BTreeSet<String>) -> bool {
        let is_back = |pod: &Pod| pod.metadata.deletion_timestamp.is_none() && revision(pod).is_some_and(|of_pod| as_good.contains(of_pod));
        let nodes = self.old_pods.keys().filter(|node| !self.absent.contains(*node));
        !as_good.is_empty() && nodes.map(|node| pods.get(node)).all(|pod| pod.is_some_and(is_back))
    }

    /// With OnDelete nobody else does it.
    async fn replace_next(&mut self, pods: &BTreeMap<String, Pod>, replaced: &BTreeSet<String>) -> Result<(), Stop> {
        let next = pods.iter().find(|(node, _)| !replaced.contains(*node) && !self.absent.contains(*node));
        let Some((node, pod)) = next else { return Ok(()) };
        self.delete_pod(node, pod).await
    }

    async fn progress(&mut self, set: &DaemonSet, open: &[&Aim], old: &BTreeMap<String, String>) -> Result<Vec<(String, Progress)>, Stop> {
        let (api, before, exec) = (self.api.clone(), self.before, self.exec);
        let looks = open.iter().map(|aim| {
            let api = &api;
            async move { (*aim, node_state::node(api, before, set, &aim.node, exec).await) }
        });
        let looks: Vec<_> = futures::stream::iter(looks).buffered(AT_ONCE).collect().await;
        let told = looks.into_iter().map(|(aim, seen)| {
            let progress = match seen {
                Ok(seen) => self.judged(&seen, aim, old.get(&aim.node).map(String::as_str)),
                Err(error) if error.is_not_found() => Progress::Reached,
                Err(error) if super::guard::is_away(&error) => Progress::Waiting(error.to_string()),
                Err(error) => return Err(Stop::Request(error)),
            };
            Ok((aim.node.clone(), progress))
        });
        told.collect()
    }

    /// What one look says of the node.
    fn judged(&mut self, seen: &Snapshot, aim: &Aim, old: Option<&str>) -> Progress {
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
        let forgiven = uid.and_then(|uid| self.forgiven.get(uid)).copied().unwrap_or(0);
        match judge(aim, old, &Look { pod, row, sessions_seen, steady, forgiven }) {
            Progress::Reached if unanswered && !forbidden => Progress::Waiting("BIRD does not answer yet".to_owned()),
            progress => progress,
        }
    }

    fn steady(&mut self, pod: Option<&Pod>) -> Duration {
        let Some(pod) = pod.filter(|pod| pod.is_ready() == Some(true)) else { return Duration::ZERO };
        let restarts = pod.calico_node_status().map_or(0, |status| status.restart_count);
        let run = format!("{} {restarts}", pod.metadata.uid.as_deref().unwrap_or_default());
        self.steady.entry(run).or_insert_with(Instant::now).elapsed()
    }
}

/// The hash of the template that it was made from.
pub fn revision(pod: &Pod) -> Option<&str> {
    pod.metadata.labels.get("controller-revision-hash").map(String::as_str)
}

pub fn is_new(old: Option<&String>, pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_none() && pod.metadata.uid.as_ref() != old
}

fn reached(aim: &Aim) -> String {
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
