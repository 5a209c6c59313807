//! How a change ends: proven, put back, or neither, and then why not.

use std::collections::BTreeMap;

use super::RolloutRequest;
use super::canary;
use super::temporary::DuringChange;
use super::write::{RecordAfterWrite, Rollout, RolloutError};
use crate::diagnosis::report::Report;
use crate::diagnosis::{Scope, diagnose};
use crate::edit::undo_record::{ANNOTATION, RolloutPhase};
use crate::observed::Observed;
use crate::plan::expectation::{self, NodeExpectation};
use crate::plan::request::ChangeRequest;
use crate::render::style::Tone;
use crate::snapshot::Snapshot;
use serde_json::Value;

pub enum RolloutOutcome {
    /// Nobody watches it.
    NotWatched,
    Verified(Box<Verified>),
    /// Lent, used, and put back.
    TemporaryDone,
    Conflict,
    NotStarted(RolloutError),
    RolledBack(RolloutError),
    /// Changed, and neither proven nor put back: why not.
    RollbackFailed(RolloutError, String),
}

pub struct Verified {
    pub after: Report,
    /// What a start is allowed now, where the change was about that.
    pub budget: Option<u32>,
    /// What took the place of the plan's own patch, where its budget had to grow.
    pub set: Option<Value>,
}

pub(super) async fn run_unwatched(rollout: &mut Rollout<'_>, wish: &ChangeRequest) -> RolloutOutcome {
    let patch = rollout.plan.patch.clone();
    let sent = match wish.is_undo() {
        true => rollout.write_until_confirmed(&patch, RecordAfterWrite::Gone).await,
        false => rollout.first_write(&patch).await,
    };
    let said = sent.and_then(|_| {
        let line = format!("{} patched; nothing is watched or proven, look with: status", rollout.target);
        rollout.progress.done(&line).map_err(RolloutError::from)
    });
    match said {
        Ok(()) => RolloutOutcome::NotWatched,
        Err(RolloutError::Conflict(_)) => RolloutOutcome::Conflict,
        Err(stop) => RolloutOutcome::NotStarted(stop),
    }
}

pub(super) async fn run_with_rollback(rollout: &mut Rollout<'_>, request: &RolloutRequest<'_>) -> RolloutOutcome {
    let report = request.report;
    let mut aims = expectation::after_rollout(report, &rollout.plan.nodes, &rollout.absent);
    let stop = match rollout.roll_out(&mut aims).await {
        Ok(()) => match finish(rollout, request, &aims).await {
            Ok(after) => return RolloutOutcome::Verified(Box::new(after)),
            Err(stop) => stop,
        },
        Err(RolloutError::Conflict(_)) => return RolloutOutcome::Conflict,
        Err(stop) if !rollout.has_written => return RolloutOutcome::NotStarted(stop),
        Err(stop) => stop,
    };
    if matches!(stop, RolloutError::Overtaken(..)) {
        return RolloutOutcome::RollbackFailed(stop, TAKEN_OVER.to_owned());
    }
    if request.settings.no_rollback && !matches!(stop, RolloutError::Interrupted) {
        return RolloutOutcome::RollbackFailed(stop, "--no-rollback was given".to_owned());
    }
    let back = expectation::after_rollback(report, &rollout.absent);
    let said = rollout.progress.line(Tone::Bad, &format!("{stop}: putting everything back"));
    match (said, rollout.roll_back(&back).await) {
        (Ok(()), Ok(())) => RolloutOutcome::RolledBack(stop),
        (_, Err(why)) => RolloutOutcome::RollbackFailed(stop, why.to_string()),
        (Err(error), Ok(())) => RolloutOutcome::RolledBack(RolloutError::Output(error)),
    }
}

/// Whatever comes of it, it is given back.
pub(super) async fn run_temporary(rollout: &mut Rollout<'_>, during: &dyn DuringChange, report: &Report) -> RolloutOutcome {
    let used = rollout.apply_temporary(during).await;
    match used {
        Err(RolloutError::Conflict(_)) => return RolloutOutcome::Conflict,
        Err(stop) if !rollout.has_written => return RolloutOutcome::NotStarted(stop),
        Err(stop @ RolloutError::Overtaken(..)) => return RolloutOutcome::RollbackFailed(stop, TAKEN_OVER.to_owned()),
        _ => {}
    }
    if let Err(stop) = &used {
        // Even where nobody can be told.
        let _ = rollout.progress.line(Tone::Bad, &format!("{stop}: putting everything back"));
    }
    let back = expectation::after_rollback(report, &rollout.absent);
    match (rollout.revert_temporary(&back).await, used) {
        (Ok(()), Ok(())) => RolloutOutcome::TemporaryDone,
        (Ok(()), Err(stop)) => RolloutOutcome::RolledBack(stop),
        (Err(why), used) => {
            RolloutOutcome::RollbackFailed(used.err().unwrap_or_else(|| RolloutError::Failed(NOT_GIVEN_BACK.to_owned())), why.to_string())
        }
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
pub(super) async fn run_undo(rollout: &mut Rollout<'_>, request: &RolloutRequest<'_>) -> RolloutOutcome {
    let taking_part = request.report.nodes.iter().filter(|row| !rollout.absent.contains(&row.name));
    let aims: BTreeMap<String, NodeExpectation> =
        taking_part.map(|row| (row.name.clone(), NodeExpectation { node: row.name.clone(), ..NodeExpectation::default() })).collect();
    // Bound to the version that was shown; what follows only goes on from there.
    match rollout.first_write(&rollout.plan.patch.clone()).await {
        Ok(_) => {}
        Err(RolloutError::Conflict(_)) => return RolloutOutcome::Conflict,
        Err(stop) if !rollout.has_written => return RolloutOutcome::NotStarted(stop),
        Err(stop) => return RolloutOutcome::RollbackFailed(stop, UNDO_AGAIN.to_owned()),
    }
    match rollout.roll_back(&aims).await {
        Ok(()) => match rollout.verify_cluster(request.connection, request.wanted, &aims).await {
            Ok(seen) => {
                let after = diagnose(&seen, &Scope { sessions: true, ..Scope::default() });
                RolloutOutcome::Verified(Box::new(Verified { after, budget: None, set: None }))
            }
            Err(stop) => RolloutOutcome::RollbackFailed(stop, "the old values are back, but how the nodes are is not known".to_owned()),
        },
        Err(stop) => RolloutOutcome::RollbackFailed(stop, UNDO_AGAIN.to_owned()),
    }
}

const UNDO_AGAIN: &str = "run undo again";

async fn finish(
    rollout: &mut Rollout<'_>,
    request: &RolloutRequest<'_>,
    aims: &BTreeMap<String, NodeExpectation>,
) -> Result<Verified, RolloutError> {
    let last = canary::final_expectations(aims, request.report);
    let mut seen = rollout.verify_cluster(request.connection, request.wanted, &last).await?;
    rollout.write_until_confirmed(&serde_json::json!({}), RecordAfterWrite::RolloutPhase(RolloutPhase::Done)).await?;
    let budget = aims.values().find_map(|aim| aim.started_within_seconds);
    let told = budget.map(|seconds| format!("; calico-node has {seconds} s to start")).unwrap_or_default();
    rollout.progress.done(&format!("proven: every node has come to what was predicted{told}"))?;
    forget(&mut seen);
    if budget.is_some() {
        rollout.read_starts(&mut seen, aims).await;
    }
    let after = diagnose(&seen, &Scope { sessions: true, ..Scope::default() });
    let set = (rollout.record.set != rollout.plan.patch).then(|| rollout.record.set.clone());
    Ok(Verified { after, budget, set })
}
