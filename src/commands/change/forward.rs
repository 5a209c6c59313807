//! A change carried out: one node first, then the others, then the proof.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde_json::{Value, json};

use super::guard::{Clock, Guard, Mark, Stop, is_away};
use crate::cluster::{Connection, GatherError, NoProgress, ReadOptions, read_cluster};
use crate::diagnosis::{Scope, diagnose};
use crate::finding::Report;
use crate::plan::aim::{Aim, stored};
use crate::plan::patch::join;
use crate::plan::proof;
use crate::plan::record::Phase;
use crate::plan::wish::strategy;
use crate::render::style::Tone;
use crate::snapshot::Snapshot;
use crate::snapshot::objects::DaemonSet;

pub fn generation(object: &Value) -> i64 {
    object.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0)
}

impl Guard<'_> {
    /// `aims` are those of the budget that was proven, where that had to grow.
    pub async fn carry_out(&mut self, aims: &mut BTreeMap<String, Aim>) -> Result<(), Stop> {
        let canary = self.plan.canary.clone().filter(|node| aims.contains_key(node));
        self.give_time(aims);
        let mut patch = self.plan.patch.clone();
        if self.record.strategy.is_some() {
            patch = join(patch, &strategy(&json!({"type": "OnDelete", "rollingUpdate": null})));
        }
        let object = self.begin(&patch).await?;
        self.narrator.done(&format!("{} patched", self.place))?;
        let mut proven = BTreeMap::new();
        let mut set = self.reaches_daemon_set(&object).await?;
        if let Some(canary) = canary {
            set = self.try_on(set, &canary, aims, &mut proven).await?;
        }
        let generation = set.metadata.generation.unwrap_or(0);
        let old = self.old_pods.clone();
        self.roll(generation, aims, &old, &mut proven, &BTreeSet::new()).await
    }

    /// One node alone has the change until it has come to its aim: the strategy OnDelete holds back the others.
    async fn try_on(
        &mut self,
        set: DaemonSet,
        canary: &str,
        aims: &mut BTreeMap<String, Aim>,
        proven: &mut BTreeMap<String, String>,
    ) -> Result<DaemonSet, Stop> {
        let pods = self.pods(&set).await?;
        let old = self.old_pods.get(canary);
        if let Some(pod) = pods.get(canary).filter(|pod| pod.metadata.uid.as_ref() == old) {
            self.delete_pod(canary, pod).await?;
        }
        let set = self.prove_growing(set, canary, aims).await?;
        if let Some(aim) = aims.get(canary).filter(|aim| aim.started_within_seconds.is_some()).cloned() {
            let seen = self.look_at_start(&set, canary).await?;
            self.tell_start(&seen, &aim)?;
        }
        let pods = self.pods(&set).await?;
        let uid = pods.get(canary).and_then(|pod| pod.metadata.uid.clone());
        proven.insert(canary.to_owned(), uid.unwrap_or_default());
        let restored = self.record.strategy.clone().map_or_else(|| json!({}), |value| strategy(&value));
        let object = self.commit(&restored, Mark::Phase(Phase::Rolling)).await?;
        if self.record.strategy.is_some() {
            self.narrator.line(Tone::Plain, &format!("{} patched: its update strategy is restored, the other nodes follow", self.place))?;
        }
        self.taken_up(generation(&object)).await
    }

    /// Until a new look at the whole cluster finds every node as it must be; that look is the proof.
    pub async fn proof(&mut self, connection: &Connection, wanted: &ReadOptions, aims: &BTreeMap<String, Aim>) -> Result<Snapshot, Stop> {
        let mut clock = Clock::new(self.timeout);
        loop {
            let begun = Instant::now();
            self.narrator.waits("looking at the whole cluster again")?;
            clock.forgive();
            let lacking = match read_cluster(connection, wanted, &NoProgress).await {
                Ok(seen) => {
                    let report = diagnose(&seen, &Scope { sessions: true, ..Scope::default() });
                    match self.lacking(&seen, &report, aims) {
                        None => return Ok(seen),
                        Some(lacking) => lacking,
                    }
                }
                Err(GatherError::Request(error)) if is_away(&error) => {
                    self.narrator.waits(&format!("waiting for the API server: {error}"))?;
                    self.rest(begun).await?;
                    continue;
                }
                Err(error) => return Err(Stop::Failed(error.to_string())),
            };
            self.narrator.waits(&lacking)?;
            self.rest(begun).await?;
            if clock.tick() {
                return Err(Stop::Failed(format!("{lacking} after {}s", self.timeout.as_secs())));
            }
        }
    }

    fn lacking(&self, seen: &Snapshot, report: &Report, aims: &BTreeMap<String, Aim>) -> Option<String> {
        let was = |node: &str| self.before.pods.seen().into_iter().flatten().any(|pod| pod.spec.node_name.as_deref() == Some(node));
        report.nodes.iter().find_map(|row| {
            let aim = aims.get(&row.name).filter(|_| was(&row.name))?;
            let inside = seen.inside.get(&row.name).is_some_and(|inside| inside.seen().is_some());
            proof::lacks(aim, row, inside).map(|lacks| format!("{}: {lacks}", row.name))
        })
    }
}

/// When all is over a node whose address was changed must be Ready too, for then it has peers to reach.
pub fn final_aims(aims: &BTreeMap<String, Aim>, before: &Report) -> BTreeMap<String, Aim> {
    let changed = |aim: &Aim| {
        let row = before.nodes.iter().find(|row| row.name == aim.node);
        row.is_some_and(|row| aim.addresses.iter().any(|goal| !stored(row).contains(goal)))
    };
    aims.iter().map(|(node, aim)| (node.clone(), Aim { ready: aim.ready || changed(aim), ..aim.clone() })).collect()
}
