//! How a change ends: proven, put back, or neither, and then why not.

use std::collections::BTreeMap;

use super::Setting;
use super::forward;
use super::guard::{Guard, Mark, Stop};
use super::lending::Meanwhile;
use crate::diagnosis::{Scope, diagnose};
use crate::finding::Report;
use crate::observed::Observed;
use crate::plan::aim::{self, Aim};
use crate::plan::record::{ANNOTATION, Phase};
use crate::plan::wish::Wish;
use crate::render::style::Tone;
use crate::snapshot::Snapshot;
use serde_json::Value;

pub enum Ended {
    /// Nobody watches it.
    Sent,
    Proven(Box<Proven>),
    /// Lent, used, and put back.
    GivenBack,
    Conflict,
    NothingDone(Stop),
    PutBack(Stop),
    /// Changed, and neither proven nor put back: why not.
    Left(Stop, String),
}

pub struct Proven {
    pub after: Report,
    /// What a start is allowed now, where the change was about that.
    pub budget: Option<u32>,
    /// What took the place of the plan's own patch, where its budget had to grow.
    pub set: Option<Value>,
}

pub async fn sent(guard: &mut Guard<'_>, wish: &Wish) -> Ended {
    let patch = guard.plan.patch.clone();
    let sent = match wish.is_undo() {
        true => guard.commit(&patch, Mark::Gone).await,
        false => guard.begin(&patch).await,
    };
    let said = sent.and_then(|_| {
        let line = format!("{} patched; nothing is watched or proven, look with: status", guard.place);
        guard.narrator.done(&line).map_err(Stop::from)
    });
    match said {
        Ok(()) => Ended::Sent,
        Err(Stop::Conflict(_)) => Ended::Conflict,
        Err(stop) => Ended::NothingDone(stop),
    }
}

pub async fn guarded(guard: &mut Guard<'_>, setting: &Setting<'_>, report: &Report) -> Ended {
    let mut aims = aim::forward(report, &guard.plan.nodes, &guard.absent);
    let stop = match guard.carry_out(&mut aims).await {
        Ok(()) => match finish(guard, setting, &aims, report).await {
            Ok(after) => return Ended::Proven(Box::new(after)),
            Err(stop) => stop,
        },
        Err(Stop::Conflict(_)) => return Ended::Conflict,
        Err(stop) if !guard.begun => return Ended::NothingDone(stop),
        Err(stop) => stop,
    };
    if matches!(stop, Stop::Overtaken(..)) {
        return Ended::Left(stop, TAKEN_OVER.to_owned());
    }
    if setting.arguments.no_rollback && !matches!(stop, Stop::Interrupted) {
        return Ended::Left(stop, "--no-rollback was given".to_owned());
    }
    let back = aim::back(report, &guard.absent);
    let said = guard.narrator.line(Tone::Bad, &format!("{stop}: putting everything back"));
    match (said, guard.put_back(&back).await) {
        (Ok(()), Ok(())) => Ended::PutBack(stop),
        (_, Err(why)) => Ended::Left(stop, why.to_string()),
        (Err(error), Ok(())) => Ended::PutBack(Stop::Output(error)),
    }
}

/// Whatever comes of it, it is given back.
pub async fn lent(guard: &mut Guard<'_>, meanwhile: &dyn Meanwhile, report: &Report) -> Ended {
    let used = guard.lend(meanwhile).await;
    match used {
        Err(Stop::Conflict(_)) => return Ended::Conflict,
        Err(stop) if !guard.begun => return Ended::NothingDone(stop),
        Err(stop @ Stop::Overtaken(..)) => return Ended::Left(stop, TAKEN_OVER.to_owned()),
        _ => {}
    }
    if let Err(stop) = &used {
        // Even where nobody can be told.
        let _ = guard.narrator.line(Tone::Bad, &format!("{stop}: putting everything back"));
    }
    let back = aim::back(report, &guard.absent);
    match (guard.give_back(&back).await, used) {
        (Ok(()), Ok(())) => Ended::GivenBack,
        (Ok(()), Err(stop)) => Ended::PutBack(stop),
        (Err(why), used) => Ended::Left(used.err().unwrap_or_else(|| Stop::Failed(NOT_GIVEN_BACK.to_owned())), why.to_string()),
    }
}

const TAKEN_OVER: &str = "it is no longer this change that is there";
const NOT_GIVEN_BACK: &str = "the log level was raised for a while";

/// The look that proved it was taken while the change still said that it was under way.
fn forget(seen: &mut Snapshot) {
    if let Observed::Seen(set) = &mut seen.daemon_set {
        set.metadata.annotations.remove(ANNOTATION);
    }
    if let Observed::Seen(installations) = &mut seen.resources.installations {
        installations.iter_mut().for_each(|one| drop(one.metadata.annotations.remove(ANNOTATION)));
    }
}

/// The old settings decide again, good or bad: nothing is asked of the nodes but that they run.
pub async fn undone(guard: &mut Guard<'_>, setting: &Setting<'_>, report: &Report) -> Ended {
    let taking_part = report.nodes.iter().filter(|row| !guard.absent.contains(&row.name));
    let aims: BTreeMap<String, Aim> = taking_part.map(|row| (row.name.clone(), Aim { node: row.name.clone(), ..Aim::default() })).collect();
    // Bound to the version that was shown; what follows only goes on from there.
    match guard.begin(&guard.plan.patch.clone()).await {
        Ok(_) => {}
        Err(Stop::Conflict(_)) => return Ended::Conflict,
        Err(stop) if !guard.begun => return Ended::NothingDone(stop),
        Err(stop) => return Ended::Left(stop, UNDO_AGAIN.to_owned()),
    }
    match guard.put_back(&aims).await {
        Ok(()) => match guard.proof(setting.connection, setting.wanted, &aims).await {
            Ok(seen) => {
                let after = diagnose(&seen, &Scope { sessions: true, ..Scope::default() });
                Ended::Proven(Box::new(Proven { after, budget: None, set: None }))
            }
            Err(stop) => Ended::Left(stop, "the old values are back, but how the nodes are is not known".to_owned()),
        },
        Err(stop) => Ended::Left(stop, UNDO_AGAIN.to_owned()),
    }
}

const UNDO_AGAIN: &str = "run undo again";

async fn finish(guard: &mut Guard<'_>, setting: &Setting<'_>, aims: &BTreeMap<String, Aim>, report: &Report) -> Result<Proven, Stop> {
    let last = forward::final_aims(aims, report);
    let mut seen = guard.proof(setting.connection, setting.wanted, &last).await?;
    guard.commit(&serde_json::json!({}), Mark::Phase(Phase::Done)).await?;
    let budget = aims.values().find_map(|aim| aim.started_within_seconds);
    let told = budget.map(|seconds| format!("; calico-node has {seconds} s to start")).unwrap_or_default();
    guard.narrator.done(&format!("proven: every node has come to what was predicted{told}"))?;
    forget(&mut seen);
    if budget.is_some() {
        guard.read_starts(&mut seen, aims).await;
    }
    let after = diagnose(&seen, &Scope { sessions: true, ..Scope::default() });
    let set = (guard.record.set != guard.plan.patch).then(|| guard.record.set.clone());
    Ok(Proven { after, budget, set })
}
