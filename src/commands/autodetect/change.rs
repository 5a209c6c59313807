//! Turns the chosen method into a change.

use crate::autodetect::Origin;
use crate::cli::autodetect::AutodetectArgs;
use crate::commands::change::proposed::ProposedChange;
use crate::commands::source::ClusterHandle;
use crate::exit::Failure;
use crate::plan::from_autodetect::{self, ProposalError, ProposedMethod};
use crate::plan::request::ChangeRequest;
use crate::reports::autodetect::AutodetectResult;
use crate::snapshot::Snapshot;

/// `None` where nothing is recommended, or nothing needs to change.
pub(super) fn chosen(snapshot: &Snapshot, seen: &AutodetectResult, arguments: &AutodetectArgs) -> Result<Option<ProposedMethod>, Failure> {
    let Some(choice) = &seen.choice else { return Ok(None) };
    let column = seen.matrix.columns.iter().find(|column| column.origin != Origin::Current && column.method == choice.method);
    let refused: Vec<String> = column.and_then(|column| column.refused.clone()).into_iter().collect();
    let chosen = from_autodetect::proposed_method(snapshot, std::slice::from_ref(choice), &refused, &arguments.plan.canary());
    chosen.map(Some).map_err(|error| match error {
        ProposalError::NoSuchNode(_) => Failure::Usage { message: error.to_string(), hint: Some("See: kubectl get nodes".to_owned()) },
        ProposalError::Refused(_) => Failure::NotApplied { message: format!("error: {error}"), hint: None },
    })
}

pub(super) fn proposed<'a>(
    snapshot: &'a Snapshot,
    way: &'a ClusterHandle,
    chosen: Option<&'a ProposedMethod>,
    arguments: &'a AutodetectArgs,
    document: bool,
) -> ProposedChange<'a> {
    ProposedChange {
        snapshot,
        way,
        request: chosen.map(|chosen| ChangeRequest::Apply(chosen.proposal.clone())),
        notes: chosen.map_or(&[], |chosen| &chosen.notes),
        blockers: chosen.map_or(&[], |chosen| &chosen.blockers),
        change: &arguments.change,
        plan: &arguments.plan,
        color: arguments.color(),
        document,
    }
}
