//! `probes`: reads, measures, prints, and makes the change if asked to.

mod change;

use crate::cli::connection::ConnectionFlags;
use crate::cli::output::ProposalFormat;
use crate::cli::probes::ProbesArgs;
use crate::cluster::{LogSelection, ReadOptions};
use crate::diagnosis::{Scope, diagnose};
use crate::exit::{Failure, Outcome};
use crate::render::pending_change::PendingChange;
use crate::render::probes::Shown;
use crate::render::style::Style;
use crate::render::{self, data};
use crate::reports::probes::probes_report;
use crate::reports::probes_document::ProbesReport;
use crate::verb::Verb;

use super::change::proposed::{self, WithChange};
use super::change::{ChangeReport, open_change};
use super::node_selection::NodeSelection;
use super::source;
use crate::rollout::interrupt::Interrupt;
use crate::rollout::local_record;
use crate::streams::Streams;

/// Named in audit logs.
const VERB: Verb = Verb::Probes;

pub async fn run(flags: &ConnectionFlags, arguments: &ProbesArgs, interrupt: Interrupt, streams: &mut Streams) -> Result<Outcome, Failure> {
    let chosen = NodeSelection::from_flags(&arguments.node, arguments.selector.as_deref())?;
    let (snapshot, way) = match source::saved(&arguments.from, chosen.only())? {
        Some(snapshot) => (snapshot, None),
        None => {
            let live = source::read_live_interruptible(&interrupt, flags, wanted(flags, arguments, &chosen), VERB).await?;
            (live.snapshot, Some(live.way))
        }
    };
    let ended_changes = way.as_ref().map(|_| local_record::ended_changes(&snapshot)).unwrap_or_default();
    let scope = Scope { nodes: chosen.resolve(&snapshot)?, sessions: false, ended_changes };
    let report = probes_report(&snapshot, &scope, &arguments.wishes())
        .map_err(|refusal| Failure::Usage { message: refusal.to_string(), hint: None })?;
    let proposed = report.proposal.as_ref().map(|proposal| change::chosen(&snapshot, proposal, arguments)).transpose()?.flatten();
    if let Some(form) = arguments.plan.emit {
        let chosen = proposed.ok_or_else(|| Failure::NotApplied {
            message: "error: no change of probes to print".to_owned(),
            hint: Some("Request one with --set or --fix.".to_owned()),
        })?;
        return proposed::emit(&chosen.snippets, form, streams);
    }
    let document = arguments.output.is_document();
    if !document {
        let pending = proposed::pending_change(&arguments.change, &arguments.plan).filter(|_| way.is_some() && proposed.is_some());
        print(&report, arguments, pending, None, streams)?;
        streams.flush()?;
    }
    if arguments.output == ProposalFormat::Short && !arguments.change.is_asked_for(&arguments.plan) {
        let diagnosis = diagnose(&snapshot, &Scope::default());
        return open_change::outcome_without_change(&snapshot, &diagnosis, report.verdict.into(), streams);
    }
    let mut change_report = None;
    let result = match &way {
        Some(way) => {
            let outcome = (Verb::Probes, report.verdict.into());
            let proposed = proposed.as_ref();
            change::apply_or_resume(
                &snapshot,
                way,
                proposed,
                arguments,
                !arguments.output.has_dialog(),
                outcome,
                interrupt,
                &mut change_report,
                streams,
            )
            .await
        }
        None => Ok(report.verdict.into()),
    };
    if document {
        print(&report, arguments, None, change_report.as_ref(), streams)?;
    }
    result
}

/// Without exec: pods, events and logs show how a start went.
fn wanted(flags: &ConnectionFlags, arguments: &ProbesArgs, chosen: &NodeSelection) -> ReadOptions {
    ReadOptions {
        namespace: flags.namespace.clone(),
        daemon_set: arguments.daemonset.clone(),
        exec: false,
        nodes: chosen.filter(),
        max_concurrent: usize::from(arguments.max_concurrent),
        logs: if arguments.no_logs { LogSelection::None } else { LogSelection::All },
        ..ReadOptions::default()
    }
}

fn print(
    report: &ProbesReport,
    arguments: &ProbesArgs,
    pending: Option<PendingChange>,
    change: Option<&ChangeReport>,
    streams: &mut Streams,
) -> Result<(), Failure> {
    let out = &mut streams.out;
    match arguments.output {
        ProposalFormat::Json => data::json(&WithChange { report, change }, out)?,
        ProposalFormat::Yaml => data::yaml(&WithChange { report, change }, out)?,
        ProposalFormat::Short => render::probes::write_short(report, &Style::of_stdout(arguments.color()), out)?,
        ProposalFormat::Table | ProposalFormat::Wide => {
            let shown = Shown { wide: arguments.output == ProposalFormat::Wide, all: arguments.all, pending };
            render::probes::write(report, shown, &Style::of_stdout(arguments.color()), out)?;
        }
    }
    Ok(())
}
