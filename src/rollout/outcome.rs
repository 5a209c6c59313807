//! How a rollout ends: verified, rolled back, or neither, and then why not.

use std::collections::BTreeMap;

use super::RolloutRequest;
use super::temporary::DuringChange;
use super::write::{RecordAfterWrite, Rollout, RolloutError};
use crate::diagnosis::{Scope, diagnose};
use crate::edit::undo_record::{ANNOTATION, RolloutPhase};
use crate::finding::Report;
use crate::observed::Observed;
use crate::plan::expectation::{self, NodeExpectation};
use crate::plan::node_state::ClusterState;
use crate::plan::request::ChangeRequest;
use crate::render::style::Tone;
use crate::snapshot::Snapshot;
use serde_json::Value;

pub enum RolloutOutcome {
    /// `--no-wait`
    NotWatched,
    Verified(Box<Verified>),
    /// Applied, used, and reverted.
    TemporaryDone,
    Conflict,
    NotStarted(RolloutError),
    RolledBack(RolloutError),
    /// Changed, and neither verified nor rolled back: why not.
    RollbackFailed(RolloutError, String),
}

pub struct Verified {
    pub after: Report,
    /// Seconds that a start may take now, where the change was about that.
    pub budget: Option<u32>,
    /// The patch that replaced the plan's own, where its budget had to grow.
    pub set: Option<Value>,
}

/// `--no-wait`: sends the change and returns.
pub(super) async fn run_unwatched(rollout: &mut Rollout<'_>, request: &ChangeRequest) -> RolloutOutcome {
    let patch = rollout.plan.patch.clone();
    let sent = match request.is_undo() {
        true => rollout.write_until_confirmed(&patch, RecordAfterWrite::Removed).await,
        false => rollout.first_write(&patch).await,
    };
    match sent {
        Ok(_) => {
            rollout.progress.success(&format!("{} patched; not watched and not verified. See: kubectl calico-fix status", rollout.target));
            RolloutOutcome::NotWatched
        }
        Err(RolloutError::Conflict(_)) => RolloutOutcome::Conflict,
        Err(error) => RolloutOutcome::NotStarted(error),
    }
}

/// Rolls out and verifies; on failure rolls back.
pub(super) async fn run_with_rollback(rollout: &mut Rollout<'_>, request: &RolloutRequest<'_>) -> RolloutOutcome {
    let before = ClusterState::new(request.snapshot);
    let expectations = expectation::after_rollout(&before, &rollout.plan.nodes, &rollout.absent);
    let error = match rollout.roll_out(expectations).await {
        Ok(expectations) => match finish(rollout, request, &before, &expectations).await {
            Ok(verified) => return RolloutOutcome::Verified(Box::new(verified)),
            Err(error) => error,
        },
        Err(RolloutError::Conflict(_)) => return RolloutOutcome::Conflict,
        Err(error) if !rollout.has_written => return RolloutOutcome::NotStarted(error),
        Err(error) => error,
    };
    if matches!(error, RolloutError::Overtaken(..)) {
        return RolloutOutcome::RollbackFailed(error, TAKEN_OVER.to_owned());
    }
    if request.settings.no_rollback && !matches!(error, RolloutError::Interrupted) {
        return RolloutOutcome::RollbackFailed(error, "--no-rollback was given".to_owned());
    }
    announce_rollback(rollout, &error);
    match rollout.roll_back(expectation::after_rollback(&before, &rollout.absent)).await {
        Ok(()) => RolloutOutcome::RolledBack(error),
        Err(why) => RolloutOutcome::RollbackFailed(error, why.to_string()),
    }
}

/// The first signal starts the rollback; says what a second one would leave.
fn announce_rollback(rollout: &mut Rollout<'_>, error: &RolloutError) {
    let second = match error {
        RolloutError::Interrupted => {
            ". A second interrupt stops the rollback half-way and leaves the change in the object; kubectl calico-fix undo restores it then"
        }
        _ => "",
    };
    rollout.progress.message(Tone::Bad, &format!("{error}: rolling back{second}"));
}

/// Reverts the temporary change on every path.
pub(super) async fn run_temporary(rollout: &mut Rollout<'_>, during: &dyn DuringChange) -> RolloutOutcome {
    let used = rollout.apply_temporary(during).await;
    match used {
        Err(RolloutError::Conflict(_)) => return RolloutOutcome::Conflict,
        Err(error) if !rollout.has_written => return RolloutOutcome::NotStarted(error),
        Err(error @ RolloutError::Overtaken(..)) => return RolloutOutcome::RollbackFailed(error, TAKEN_OVER.to_owned()),
        _ => {}
    }
    if let Err(error) = &used {
        announce_rollback(rollout, error);
    }
    let expectations = expectation::after_rollback(&ClusterState::new(rollout.before), &rollout.absent);
    match (rollout.revert_temporary(expectations).await, used) {
        (Ok(()), Ok(())) => RolloutOutcome::TemporaryDone,
        (Ok(()), Err(error)) => RolloutOutcome::RolledBack(error),
        (Err(why), used) => {
            let error = used.err().unwrap_or_else(|| RolloutError::Failed(NOT_REVERTED.to_owned()));
            RolloutOutcome::RollbackFailed(error, why.to_string())
        }
    }
}

const TAKEN_OVER: &str = "another change has replaced this one";
const NOT_REVERTED: &str = "the log level was raised temporarily";

/// The snapshot of the verification was taken while the record still said that the change was under way.
fn forget(seen: &mut Snapshot) {
    if let Observed::Seen(set) = &mut seen.daemon_set {
        set.metadata.annotations.remove(ANNOTATION);
    }
    if let Observed::Seen(installations) = &mut seen.resources.installations {
        installations.iter_mut().for_each(|one| drop(one.metadata.annotations.remove(ANNOTATION)));
    }
}

/// The old settings decide again: nodes that were sound stay so, but for those on which a fault was foreseen.
pub(super) async fn run_undo(rollout: &mut Rollout<'_>, request: &RolloutRequest<'_>) -> RolloutOutcome {
    let expectations = expectation::after_undo(&ClusterState::new(request.snapshot), &rollout.plan.nodes, &rollout.absent);
    // Bound to the version that was shown; what follows only goes on from there.
    match rollout.first_write(&rollout.plan.patch.clone()).await {
        Ok(_) => {}
        Err(RolloutError::Conflict(_)) => return RolloutOutcome::Conflict,
        Err(error) if !rollout.has_written => return RolloutOutcome::NotStarted(error),
        Err(error) => return RolloutOutcome::RollbackFailed(error, UNDO_AGAIN.to_owned()),
    }
    match rollout.roll_back(expectations.clone()).await {
        Ok(()) => {}
        Err(error @ RolloutError::Stalled(_)) => return RolloutOutcome::RollbackFailed(error, NOT_ALL_PODS.to_owned()),
        Err(error) => return RolloutOutcome::RollbackFailed(error, UNDO_AGAIN.to_owned()),
    }
    match rollout.verify_cluster(request.connection, request.wanted, &expectations).await {
        Ok(seen) => {
            rollout.progress.success("verified: every node is as expected after the undo");
            let after = diagnose(&seen, &Scope { sessions: true, ..Scope::default() });
            RolloutOutcome::Verified(Box::new(Verified { after, budget: None, set: None }))
        }
        Err(error) => RolloutOutcome::RollbackFailed(error, "the old values are restored, but the nodes could not be verified".to_owned()),
    }
}

const UNDO_AGAIN: &str = "run kubectl calico-fix undo again";
const NOT_ALL_PODS: &str = "the old values are in the object, but not every pod has them";

/// Verifies the whole cluster, then closes the record of a target that still holds every value that was set.
async fn finish(
    rollout: &mut Rollout<'_>,
    request: &RolloutRequest<'_>,
    before: &ClusterState,
    expectations: &BTreeMap<String, NodeExpectation>,
) -> Result<Verified, RolloutError> {
    let last = expectation::after_the_last_node(expectations, before);
    let mut seen = rollout.verify_cluster(request.connection, request.wanted, &last).await?;
    rollout.write_until_confirmed(&serde_json::json!({}), RecordAfterWrite::RolloutPhase(RolloutPhase::Done)).await?;
    if let Err(error) = super::local_record::save(&rollout.plan.target, &rollout.record) {
        rollout.progress.warning(&format!("Warning: the undo record is kept only in the object: {error}"));
    }
    let budget = expectations.values().find_map(|expectation| expectation.started_within_seconds);
    let seconds = budget.map(|seconds| format!("; calico-node has {seconds}s to start")).unwrap_or_default();
    let unpredicted: Vec<String> = rollout.unpredicted().map(str::to_owned).collect();
    match unpredicted.is_empty() {
        true => rollout.progress.success(&format!("verified: every node is as expected{seconds}")),
        false => {
            let nodes = crate::text::list(&unpredicted, 5);
            let line = format!(
                "verified{seconds}. On {nodes} only readiness and faults were checked: which address was expected there is not known"
            );
            rollout.progress.warning(&line);
        }
    }
    forget(&mut seen);
    if budget.is_some() {
        rollout.read_starts(&mut seen, expectations).await;
    }
    let after = diagnose(&seen, &Scope { sessions: true, ..Scope::default() });
    let set = (rollout.record.set != rollout.plan.patch).then(|| rollout.record.set.clone());
    Ok(Verified { after, budget, set })
}
