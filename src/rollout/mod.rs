//! Rollout: carries a plan out. The only room that writes to a cluster.
//!
//! ```text
//! first write ─► canary ─► other nodes ─► verification ─► record closed
//!      └───────────┴────────────┴───────────────┴─► rollback ─► record removed
//! ```
//! `plan` decides what is changed, what each node must look like, and what comes next (`plan::next_step`). This room observes, performs one
//! write, reports, and starts over. `Rollout` holds the state between two writes, `write` sends them and knows their effect, `watch` drives
//! a stage and `observe` polls it, `canary`, `rollback`, `operator` and `temporary` are the stages. `outcome` is how a run ends,
//! `local_record` what this machine keeps of it, `settings` how long it waits.

mod canary;
mod canary_budget;
pub mod dry_run;
pub mod interrupt;
pub mod local_record;
mod observe;
mod operator;
mod outcome;
pub mod permissions;
mod progress;
mod rollback;
mod settings;
mod temporary;
mod watch;
mod write;

use std::collections::BTreeMap;

use crate::cluster::request::Api;
use crate::cluster::{Connection, ReadOptions};
use crate::edit::undo_record::{RolloutPhase, UndoRecord};
use crate::finding::Report;
use crate::plan::preflight;
use crate::plan::request::ChangeRequest;
use crate::plan::verify;
use crate::snapshot::Snapshot;

use dry_run::DryRunResult;
use interrupt::Interrupt;
use local_record::RunLock;
use outcome::{run_temporary, run_undo, run_unwatched, run_with_rollback};

pub use outcome::{RolloutOutcome, Verified};
pub use progress::RolloutProgress;
pub use temporary::DuringChange;
pub use write::{Rollout, RolloutError, is_unreachable};

/// Everything a rollout is started with.
pub struct RolloutRequest<'a> {
    pub api: Api,
    pub connection: &'a Connection,
    /// How the snapshot was taken, so that the verification reads the same.
    pub wanted: &'a ReadOptions,
    pub snapshot: &'a Snapshot,
    /// The diagnosis of that snapshot.
    pub report: &'a Report,
    pub request: &'a ChangeRequest,
    pub shown: &'a DryRunResult,
    pub settings: RolloutSettings,
    pub interrupt: Interrupt,
    pub signals_handled: u32,
    /// The task that a temporary change is made for.
    pub during: Option<&'a dyn DuringChange>,
}

/// The flags that a rollout obeys.
pub struct RolloutSettings {
    /// Per node.
    pub timeout: std::time::Duration,
    pub field_manager: String,
    pub no_wait: bool,
    pub no_rollback: bool,
}

/// Carries the plan out; the outcome says what is true of the cluster afterwards.
pub async fn run<'a>(request: &'a RolloutRequest<'a>, mut progress: RolloutProgress<'a>) -> RolloutOutcome {
    let RolloutRequest { snapshot, shown, settings, report, .. } = request;
    let record = undo_record(request);
    let _lock = match RunLock::acquire(&shown.plan.target) {
        Ok(Some(lock)) => Some(lock),
        Ok(None) => return RolloutOutcome::NotStarted(RolloutError::Failed(format!("{} {IN_PROGRESS_HERE}", shown.plan.target.name))),
        // Without a home directory only the record in the object tells of this run.
        Err(_) => None,
    };
    if let Err(error) = local_record::save(&shown.plan.target, &record) {
        let warning = format!("Warning: the undo record is kept only in the object: {error}");
        progress.warning(&warning);
    }
    let Some(target) = shown.plan.edit_target() else {
        return RolloutOutcome::NotStarted(RolloutError::Failed("the plan names no DaemonSet or Installation".to_owned()));
    };
    let mut rollout = Rollout {
        api: request.api.clone(),
        plan: &shown.plan,
        target,
        before: snapshot,
        absent: preflight::absent(snapshot),
        old_pods: pod_uids(snapshot),
        record,
        field_manager: settings.field_manager.clone(),
        timeout: settings.timeout,
        exec: !snapshot.cluster.exec_skipped,
        progress,
        interrupt: request.interrupt.clone(),
        signals_handled: request.signals_handled,
        has_written: false,
        ready_since: BTreeMap::new(),
        ignored_restarts: BTreeMap::new(),
        reverts: 0,
        address_faults_before: verify::address_faults(report).map(|(node, _)| node.to_owned()).collect(),
        canary_progress: None,
        is_resumed: request.request.open_record(&shown.object).is_some(),
        kept_edits: Vec::new(),
    };
    match (settings.no_wait, request.request.is_undo(), request.during) {
        (_, false, Some(during)) => run_temporary(&mut rollout, during).await,
        (true, ..) => run_unwatched(&mut rollout, request.request).await,
        (false, true, _) => run_undo(&mut rollout, request).await,
        (false, false, None) => run_with_rollback(&mut rollout, request).await,
    }
}

/// The record that the first write stores in the object.
fn undo_record(request: &RolloutRequest) -> UndoRecord {
    let RolloutRequest { shown, settings, .. } = request;
    let plan = &shown.plan;
    let on_installation = plan.edit_target().is_some_and(|target| target.is_installation());
    let isolated = (plan.canary.is_some() || request.request.is_temporary()) && !settings.no_wait && !on_installation;
    let phase = match (settings.no_wait, isolated) {
        (true, _) => RolloutPhase::Done,
        (false, true) => RolloutPhase::Canary,
        (false, false) => RolloutPhase::Rolling,
    };
    if let Some(open) = request.request.open_record(&shown.object) {
        return open;
    }
    match request.request {
        ChangeRequest::Undo { record, .. } => record.in_phase(RolloutPhase::Restoring),
        _ => new_record(request, phase, isolated),
    }
}

pub const IN_PROGRESS_HERE: &str = "is being changed by another kubectl calico-fix on this machine: wait until it has ended";

/// On top of the record of the verified change before this one, which stays restorable.
fn new_record(request: &RolloutRequest, phase: RolloutPhase, isolated: bool) -> UndoRecord {
    let RolloutRequest { shown, snapshot, .. } = request;
    let plan = &shown.plan;
    let previous = UndoRecord::from_object(&shown.object).ok().flatten().filter(UndoRecord::is_finished);
    UndoRecord {
        command: plan.command,
        id: plan.id().to_owned(),
        at: snapshot.taken_at,
        written_at: None,
        quiet_seconds: None,
        phase,
        canary: plan.canary.clone().filter(|_| isolated),
        set: plan.patch.clone(),
        restore: plan.restore.clone(),
        strategy: shown.object.pointer("/spec/updateStrategy").filter(|strategy| isolated && strategy["type"] != "OnDelete").cloned(),
        previous: None,
    }
    .on_top_of(previous)
}

/// By node: the UID of the pod that is not being deleted.
fn pod_uids(snapshot: &Snapshot) -> BTreeMap<String, String> {
    let pods = snapshot.pods.seen().into_iter().flatten();
    pods.filter(|pod| pod.metadata.deletion_timestamp.is_none())
        .filter_map(|pod| Some((pod.spec.node_name.clone()?, pod.metadata.uid.clone()?)))
        .collect()
}
