//! From a page that proposes a change to the change itself.

use schemars::JsonSchema;
use serde::Serialize;

use super::{ChangeOptions, ChangeReport, run};
use crate::cli::change::{ChangeArgs, DryRun, FormName, PlanArgs};
use crate::commands::source::ClusterHandle;
use crate::exit::{Failure, Outcome};
use crate::plan::Proposal;
use crate::plan::owner_notes::OwnerNote;
use crate::plan::preflight::{self, Blocker};
use crate::plan::request::ChangeRequest;
use crate::plan::snippets::Snippets;
use crate::render::style::ColorWhen;
use crate::rollout::interrupt::Interrupt;
use crate::snapshot::Snapshot;
use crate::streams::Streams;

/// A report and what came of its change, as one document.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WithChange")]
pub struct WithChange<'a, P> {
    #[serde(flatten)]
    pub report: &'a P,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<&'a ChangeReport>,
}

/// What a page proposes, and how it was asked for.
pub struct ProposedChange<'a> {
    pub snapshot: &'a Snapshot,
    pub way: &'a ClusterHandle,
    pub proposal: Proposal,
    pub notes: &'a [OwnerNote],
    pub blockers: &'a [Blocker],
    pub change: &'a ChangeArgs,
    pub plan: &'a PlanArgs,
    pub color: ColorWhen,
    /// For a program: nobody is asked, and without --yes only the plan is printed.
    pub document: bool,
}

impl ProposedChange<'_> {
    pub async fn apply(&self, interrupt: Interrupt, report: &mut ChangeReport, streams: &mut Streams) -> Result<Outcome, Failure> {
        let mut arguments = self.change.clone();
        if self.document && !arguments.yes && self.plan.out.is_none() && arguments.dry_run == DryRun::None {
            arguments.dry_run = DryRun::Server;
        }
        let options = ChangeOptions {
            connection: &self.way.connection,
            wanted: &self.way.wanted,
            snapshot: self.snapshot,
            arguments: &arguments,
            out: self.plan.out.as_deref(),
            color: self.color,
            human: !self.document,
            interrupt,
            notes: self.notes,
            blockers: self.blockers,
            during: None,
        };
        run(&options, &ChangeRequest::Apply(self.proposal.clone()), report, streams).await
    }
}

/// The outcome of a page without a proposal: while a change is unfinished, "nothing to change" is no success.
pub fn without_change(snapshot: &Snapshot, outcome: Outcome, streams: &mut Streams) -> Result<Outcome, Failure> {
    use std::io::Write;
    match preflight::unfinished_in(snapshot).filter(|_| matches!(outcome, Outcome::Healthy | Outcome::Done)) {
        Some(unfinished) => {
            writeln!(streams.err, "{unfinished}")?;
            Ok(Outcome::NotApplied)
        }
        None => Ok(outcome),
    }
}

/// Only the change itself, in one form, ready to paste.
pub fn emit(snippets: &Snippets, form: FormName, streams: &mut Streams) -> Result<Outcome, Failure> {
    use std::io::Write;
    let text = snippets.emit(form.into()).map_err(|error| Failure::Usage { message: error.to_string(), hint: None })?;
    write!(streams.out, "{text}")?;
    Ok(Outcome::Done)
}
