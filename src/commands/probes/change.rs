//! The probes that are proposed, as a change.

use crate::cli::probes::ProbesArgs;
use crate::cluster::{LogSelection, ReadOptions};
use crate::commands::change::ChangeReport;
use crate::commands::change::proposed::ProposedChange;
use crate::commands::source::ClusterHandle;
use crate::exit::{Failure, Outcome};
use crate::plan::from_probes::{self, ProposedProbes};
use crate::probes::proposal::ProbeProposal;
use crate::rollout::interrupt::Interrupt;
use crate::snapshot::Snapshot;
use crate::streams::Streams;

/// `None` where there is no lawful place: the page says why.
pub fn chosen(snapshot: &Snapshot, proposal: &ProbeProposal, arguments: &ProbesArgs) -> Result<Option<ProposedProbes>, Failure> {
    from_probes::proposed_probes(snapshot, proposal, &arguments.plan.canary())
        .map_err(|error| Failure::Usage { message: error.to_string(), hint: Some("See: kubectl get nodes".to_owned()) })
}

#[expect(clippy::too_many_arguments, reason = "a page, a way and what is wanted of them")]
pub async fn go_on(
    snapshot: &Snapshot,
    way: &ClusterHandle,
    chosen: &ProposedProbes,
    arguments: &ProbesArgs,
    document: bool,
    interrupt: Interrupt,
    told: &mut ChangeReport,
    streams: &mut Streams,
) -> Result<Outcome, Failure> {
    // The logs were read to measure; the proof needs all nodes, and no logs.
    let wanted = ReadOptions { logs: LogSelection::None, nodes: None, ..way.wanted.clone() };
    let way = ClusterHandle { connection: way.connection.clone(), wanted };
    let proposed = ProposedChange {
        snapshot,
        way: &way,
        proposal: chosen.proposal.clone(),
        notes: &chosen.notes,
        blockers: &[],
        change: &arguments.change,
        plan: &arguments.plan,
        color: arguments.color(),
        document,
    };
    proposed.apply(interrupt, told, streams).await
}
