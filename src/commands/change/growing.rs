//! The canary's proof where its start is given a budget: too small a one is made larger while that node is alone with it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::forward::generation;
use super::guard::{Guard, Mark, Stop};
use super::kept;
use crate::cluster::node_state;
use crate::finding::StartTime;
use crate::model::ClusterModel;
use crate::plan::Step;
use crate::plan::aim::Aim;
use crate::plan::record::Phase;
use crate::snapshot::Snapshot;
use crate::snapshot::objects::{DaemonSet, Pod};
use crate::startup::again::{Again, Reach, again, furthest};
use crate::startup::measure::{TIGHT, measure};
use crate::text;

/// For a pod to be made, and an image to be pulled.
const SPARE: Duration = Duration::from_secs(60);
/// Read for a table alone.
const MOST_LOGS: usize = 50;
/// Events are written seconds after the status that they go with.
const LOOKS: u32 = 12;
/// Updates lost in a row on one node: more is no bad luck.
const LUCK: i32 = 2;

impl Guard<'_> {
    /// A node may use up the whole of its budget, and must then stay up for a while.
    pub fn give_time(&mut self, aims: &BTreeMap<String, Aim>) {
        let longest = aims.values().map(Aim::longest).max().unwrap_or_default();
        if !longest.is_zero() {
            self.timeout = self.timeout.max(longest + SPARE);
        }
    }

    /// Until the canary has come to its aim, with as large a budget as that takes and the plan has. All aims are of that budget then.
    pub async fn prove_growing(&mut self, mut set: DaemonSet, node: &str, aims: &mut BTreeMap<String, Aim>) -> Result<DaemonSet, Stop> {
        let mut steps = self.plan.steps.iter();
        let mut old = self.old_pods.get(node).cloned();
        let mut earlier = furthest(self.before, node);
        loop {
            let Some(aim) = aims.get(node).cloned() else { return Ok(set) };
            let why = match self.prove(&set, &aim, old.as_deref()).await {
                Ok(()) => return Ok(set),
                Err(Stop::Restarted(why)) if aim.started_within_seconds.is_some() => why,
                Err(stop) => return Err(stop),
            };
            let budget = aim.started_within_seconds.unwrap_or_default();
            let (seen, became) = self.look_again(&set, node, earlier.as_ref()).await?;
            let because = match became {
                Again::LostUpdate if self.forgive(&seen) => {
                    self.narrator.doubt(&format!("{why}: the Node changed under it, as happens on a slow link; it tries again"))?;
                    continue;
                }
                Again::GotFurther(reach) => {
                    let last = text::truncate(&reach.last, 100).into_owned();
                    self.narrator.doubt(&format!("{node}: killed after {budget} s while it still got on; the last it said: {last}"))?;
                    if let Some(step) = steps.next() {
                        earlier = Some(reach);
                        set = self.take_step(step, node, aims, &mut old).await?;
                        continue;
                    }
                    match self.plan.steps.is_empty() {
                        true => format!("{budget} s are not enough, and this plan does not let them grow"),
                        false => format!("{budget} s are not enough, and the plan goes no further"),
                    }
                }
                Again::Stuck(reach) => {
                    format!("with {budget} s it came no further than with less, so time is not what it lacks: {}", reach.last)
                }
                Again::Gap => format!("whether {budget} s are too few cannot be told without its log"),
                Again::LostUpdate => "the Node changed under it again and again".to_owned(),
                Again::NotYetKnown => "why it ended is not known".to_owned(),
                Again::Other(cause) => cause,
            };
            return Err(Stop::Failed(format!("{why}; {because}")));
        }
    }

    /// The next budget, written as the first was: the strategy still holds back the others, and only this node's pod is replaced.
    async fn take_step(
        &mut self,
        step: &Step,
        node: &str,
        aims: &mut BTreeMap<String, Aim>,
        old: &mut Option<String>,
    ) -> Result<DaemonSet, Stop> {
        self.record.set = step.patch.clone();
        if let Err(error) = kept::save(&self.plan.target, &self.record) {
            self.narrator.doubt(&format!("Warning: what is replaced is kept in the object alone: {error}"))?;
        }
        let object = self.commit(&step.patch, Mark::Phase(Phase::Canary)).await?;
        self.narrator.done(&format!("{} patched: {} s to start, tried on {node} alone", self.place, step.started_within_seconds))?;
        aims.values_mut().for_each(|aim| *aim = aim.with_step(step));
        self.give_time(aims);
        let set = self.taken_up(generation(&object)).await?;
        if let Some(pod) = self.pods(&set).await?.get(node) {
            old.clone_from(&pod.metadata.uid);
            self.delete_pod(node, pod).await?;
        }
        Ok(set)
    }

    /// What became of the start, as soon as anything tells.
    async fn look_again(&mut self, set: &DaemonSet, node: &str, earlier: Option<&Reach>) -> Result<(Snapshot, Again), Stop> {
        let mut left = LOOKS;
        loop {
            let begun = Instant::now();
            let seen = self.look_at_start(set, node).await?;
            left -= 1;
            match again(&seen, node, earlier) {
                Again::NotYetKnown if left > 0 => {
                    self.narrator.waits(&format!("{node}: waiting for what tells why calico-node ended"))?;
                    self.rest(begun).await?;
                }
                became => return Ok((seen, became)),
            }
        }
    }

    pub(super) async fn look_at_start(&mut self, set: &DaemonSet, node: &str) -> Result<Snapshot, Stop> {
        let (api, before) = (self.api.clone(), self.before);
        self.patiently(|| node_state::start(&api, before, set, node)).await
    }

    /// The restarts so far of the pod that was looked at count no more; `false` where there were too many.
    pub(super) fn forgive(&mut self, seen: &Snapshot) -> bool {
        let Some(pod) = seen.pods.seen().and_then(|pods| pods.first()) else { return false };
        let (Some(uid), Some(status)) = (pod.metadata.uid.clone(), pod.calico_node_status()) else { return false };
        self.forgiven.insert(uid, status.restart_count);
        status.restart_count <= LUCK
    }

    /// For the table of what came of it: the logs of those whose start was in doubt. Of the others readiness tells.
    pub(super) async fn read_starts(&mut self, seen: &mut Snapshot, aims: &BTreeMap<String, Aim>) {
        let doubtful = |pod: &&Pod| {
            let aim = pod.spec.node_name.as_ref().and_then(|node| aims.get(node));
            aim.is_some_and(|aim| aim.steady_seconds.is_some())
        };
        let pods: Vec<Pod> = seen.pods.seen().into_iter().flatten().filter(doubtful).take(MOST_LOGS).cloned().collect();
        seen.logs.extend(node_state::logs(&self.api, &pods).await);
    }

    /// A restart in the middle of a rollout: what it waits for where that passes by itself.
    pub(super) async fn passes(&mut self, set: &DaemonSet, node: &str, aims: &BTreeMap<String, Aim>, why: String) -> Result<String, Stop> {
        let starts = aims.get(node).is_some_and(|aim| aim.started_within_seconds.is_some());
        if starts {
            let (seen, became) = self.look_again(set, node, None).await?;
            if became == Again::LostUpdate && self.forgive(&seen) {
                return Ok(format!("{why}: the Node changed under it; it tries again"));
            }
        }
        Err(Stop::Restarted(format!("{node}: {why}")))
    }

    /// How long the start of a node took against its budget, where its log or its readiness tells.
    pub(super) fn tell_start(&mut self, seen: &Snapshot, aim: &Aim) -> Result<(), Stop> {
        let view = ClusterModel::new(seen);
        let start = view.node(&aim.node).and_then(|node| measure(&view, node).start);
        let Some((start, budget)) = start.zip(aim.started_within_seconds) else { return Ok(()) };
        let line = format!("{}: {} of its {budget} s", aim.node, took(start));
        match !start.at_most && start.seconds > TIGHT * f64::from(budget) {
            true => Ok(self.narrator.doubt(&format!("{line}: that is close; for more room run probes again when this is done"))?),
            false => Ok(self.narrator.done(&line)?),
        }
    }
}

fn took(start: StartTime) -> String {
    match start {
        StartTime { at_most: true, seconds, .. } => format!("started in less than {seconds:.0}"),
        StartTime { seconds, .. } => format!("started after {seconds:.0}"),
    }
}
