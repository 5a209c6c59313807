//! `autodetect`: reads, judges every method, prints, and makes the change if asked to.

mod change;

use std::collections::BTreeSet;
use std::io::Write;

use crate::autodetect::{AutodetectOptions, input};
use crate::calico::method::Method;
use crate::calico::route_get::Destination;
use crate::cli::autodetect::AutodetectArgs;
use crate::cli::connection::ConnectionFlags;
use crate::cli::output::ProposalFormat;
use crate::diagnosis::{Scope, diagnose};
use crate::exit::{Failure, Outcome};
use crate::finding::verdict::Verdict;
use crate::plan::canary::CanaryChoice;
use crate::render;
use crate::render::matrix::Shown;
use crate::render::pending_change::PendingChange;
use crate::render::style::Style;
use crate::reports::autodetect::{AutodetectResult, State, evaluate};
use crate::reports::autodetect_document::Report;
use crate::snapshot::family::Family;
use crate::verb::Verb;

use super::change::proposed::{self, WithChange};
use super::change::{ChangeReport, open_change};
use super::node_selection::NodeSelection;
use super::source;
use crate::rollout::interrupt::Interrupt;
use crate::streams::Streams;

/// Named in audit logs.
const VERB: Verb = Verb::Autodetect;

pub(super) async fn run(
    flags: &ConnectionFlags,
    arguments: &AutodetectArgs,
    interrupt: Interrupt,
    streams: &mut Streams,
) -> Result<Outcome, Failure> {
    let selection = NodeSelection::from_flags(&arguments.node, arguments.selector.as_deref())?;
    let (ask, destinations) = ask(arguments)?;
    // A node is judged against the others: all of them are inspected, whichever are shown.
    let (snapshot, way) = match source::saved(&arguments.source.from, selection.only())? {
        Some(snapshot) => (snapshot, None),
        None => {
            let wanted = source::wanted(flags, &arguments.source, &NodeSelection::All, destinations);
            let live = source::read_live_interruptible(&interrupt, flags, wanted, VERB).await?;
            (live.snapshot, Some(live.way))
        }
    };
    let only = selection.resolve(&snapshot)?;
    let seen = evaluate(&snapshot, &ask);
    if let Some(form) = arguments.plan.emit {
        let chosen = change::chosen(&snapshot, &seen, arguments)?.ok_or_else(|| nothing_to_set(&seen))?;
        return proposed::emit(&chosen.snippets, form, streams);
    }
    let document = arguments.output.is_document();
    if !document {
        let pending =
            proposed::pending_change(&arguments.change, &arguments.plan).filter(|_| way.is_some() && arguments.calico_version.is_none());
        print(&seen, arguments, only.as_ref(), pending, None, &mut streams.out)?;
        streams.flush()?;
    }
    let mut report = None;
    let outcome = outcome(&seen, only.as_ref());
    if arguments.output == ProposalFormat::Short && !arguments.change.is_asked_for(&arguments.plan) {
        let diagnosis = diagnose(&snapshot, &Scope::default());
        return open_change::outcome_without_change(&snapshot, &diagnosis, outcome, streams);
    }
    let result = match (change::chosen(&snapshot, &seen, arguments), &way) {
        // A preview of another release is no reason to change this one.
        (Ok(chosen), Some(way)) => {
            let chosen = chosen.filter(|_| arguments.calico_version.is_none());
            let proposed = change::proposed(&snapshot, way, chosen.as_ref(), arguments, !arguments.output.has_dialog());
            proposed.apply_or_resume((Verb::Autodetect, outcome), interrupt, &mut report, streams).await
        }
        (Ok(_), None) => Ok(outcome),
        (Err(failure), _) => Err(failure),
    };
    if document {
        print(&seen, arguments, only.as_ref(), None, report.as_ref(), &mut streams.out)?;
    }
    result
}

/// The exit code agrees with the first word of the page.
fn outcome(seen: &AutodetectResult, only: Option<&BTreeSet<String>>) -> Outcome {
    match (seen.verdict(only), seen.state(only)) {
        (Verdict::Healthy, State::Off) => Outcome::Done,
        (verdict, _) => verdict.into(),
    }
}

fn nothing_to_set(seen: &AutodetectResult) -> Failure {
    Failure::NotApplied {
        message: format!("error: no method to set: {}", seen.recommendation.why),
        hint: Some("Name a method: --method METHOD".to_owned()),
    }
}

fn ask(arguments: &AutodetectArgs) -> Result<(AutodetectOptions, Vec<Destination>), Failure> {
    let mut destinations = Vec::new();
    for typed in &arguments.method {
        let method = input::method(typed).map_err(|mistake| Failure::Usage { message: mistake.message, hint: Some(mistake.hint) })?;
        if let Method::CanReach { destination } = method {
            destinations.extend(Destination::parse(&destination));
        }
    }
    let version = arguments.calico_version.as_deref().map(super::release).transpose()?;
    let family = if arguments.ipv6 { Family::V6 } else { Family::V4 };
    let mut methods: Vec<String> = Vec::new();
    for method in &arguments.method {
        if !methods.contains(method) {
            methods.push(method.clone());
        }
    }
    Ok((AutodetectOptions { family, methods, version }, destinations))
}

fn print(
    seen: &AutodetectResult,
    arguments: &AutodetectArgs,
    only: Option<&BTreeSet<String>>,
    pending: Option<PendingChange>,
    change: Option<&ChangeReport>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    match arguments.output {
        ProposalFormat::Json => render::data::json(&WithChange { report: &Report::new(seen, only), change }, out)?,
        ProposalFormat::Yaml => render::data::yaml(&WithChange { report: &Report::new(seen, only), change }, out)?,
        ProposalFormat::Short => render::matrix_short::write(seen, only, &Style::of_stdout(arguments.color()), out)?,
        ProposalFormat::Table | ProposalFormat::Wide => {
            let shown = Shown {
                wide: arguments.output == ProposalFormat::Wide,
                all: arguments.all,
                rows_only: arguments.no_headers,
                own_canary: !matches!(arguments.plan.canary(), CanaryChoice::Default),
                pending,
            };
            render::matrix::write(seen, only, shown, &Style::of_stdout(arguments.color()), out)?;
        }
    }
    Ok(())
}
