//! Turns the proposed probes into a change.

use crate::cli::probes::ProbesArgs;
use crate::cluster::{LogSelection, ReadOptions};
use crate::commands::change::ChangeReport;
use crate::commands::change::proposed::ProposedChange;
use crate::commands::source::ClusterHandle;
use crate::exit::{Failure, Outcome};
use crate::plan::from_probes::{self, ProposedProbes};
use crate::plan::request::ChangeRequest;
use crate::probes::proposal::ProbeProposal;
use crate::rollout::interrupt::Interrupt;
use crate::snapshot::Snapshot;
use crate::streams::Streams;
use crate::verb::Verb;

/// `None` where there is no editable object: the page says why.
pub(super) fn chosen(snapshot: &Snapshot, proposal: &ProbeProposal, arguments: &ProbesArgs) -> Result<Option<ProposedProbes>, Failure> {
    from_probes::proposed_probes(snapshot, proposal, &arguments.plan.canary())
        .map_err(|error| Failure::Usage { message: error.to_string(), hint: Some("See: kubectl get nodes".to_owned()) })
}

#[expect(clippy::too_many_arguments, reason = "a page, a way and what is wanted of them")]
pub(super) async fn apply_or_resume(
    snapshot: &Snapshot,
    way: &ClusterHandle,
    chosen: Option<&ProposedProbes>,
    arguments: &ProbesArgs,
    document: bool,
    outcome: (Verb, Outcome),
    interrupt: Interrupt,
    report: &mut Option<ChangeReport>,
    streams: &mut Streams,
) -> Result<Outcome, Failure> {
    // The logs were read to measure; the verification needs all nodes, and no logs.
    let wanted = ReadOptions { logs: LogSelection::None, nodes: None, ..way.wanted.clone() };
    let way = ClusterHandle { connection: way.connection.clone(), wanted };
    let proposed = ProposedChange {
        snapshot,
        way: &way,
        request: chosen.map(|chosen| ChangeRequest::Apply(chosen.proposal.clone())),
        notes: chosen.map_or(&[], |chosen| &chosen.notes),
        blockers: chosen.filter(|_| arguments.change.no_wait).map_or(&[], |chosen| &chosen.unwatched),
        change: &arguments.change,
        plan: &arguments.plan,
        color: arguments.color(),
        document,
    };
    proposed.apply_or_resume(outcome, interrupt, report, streams).await
}
