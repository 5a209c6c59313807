//! From a page that was shown to the change that it proposes.

use schemars::JsonSchema;
use serde::Serialize;

use super::interrupt::Interrupt;
use super::{Setting, Told, run};
use crate::cli::change::{ChangeArgs, DryRun, FormName, PlanArgs};
use crate::commands::source::ClusterHandle;
use crate::exit::{Failure, Outcome};
use crate::plan::Proposal;
use crate::plan::emit::Snippets;
use crate::plan::lasting::Note;
use crate::plan::preflight::Blocker;
use crate::plan::wish::Wish;
use crate::render::style::ColorWhen;
use crate::snapshot::Snapshot;
use crate::streams::Streams;

/// A page with what came of it, as one document.
#[derive(Serialize, JsonSchema)]
pub struct Document<'a, P> {
    #[serde(flatten)]
    pub page: &'a P,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<&'a Told>,
}

/// What a page proposes, and how it was asked for.
pub struct Proposed<'a> {
    pub snapshot: &'a Snapshot,
    pub way: &'a ClusterHandle,
    pub proposal: Proposal,
    pub notes: &'a [Note],
    pub blockers: &'a [Blocker],
    pub change: &'a ChangeArgs,
    pub plan: &'a PlanArgs,
    pub color: ColorWhen,
    /// For a program: nobody is asked, and without --yes only the plan is told.
    pub document: bool,
}

impl Proposed<'_> {
    pub async fn go_on(&self, interrupt: Interrupt, told: &mut Told, streams: &mut Streams) -> Result<Outcome, Failure> {
        let mut arguments = self.change.clone();
        if self.document && !arguments.yes && self.plan.out.is_none() && arguments.dry_run == DryRun::None {
            arguments.dry_run = DryRun::Server;
        }
        let setting = Setting {
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
            meanwhile: None,
        };
        run(&setting, &Wish::Change(self.proposal.clone()), told, streams).await
    }
}

/// Only the change itself, in one form, ready to paste.
pub fn emit(snippets: &Snippets, form: FormName, streams: &mut Streams) -> Result<Outcome, Failure> {
    use std::io::Write;
    let text = snippets.emit(form.into()).map_err(|error| Failure::Usage { message: error.to_string(), hint: None })?;
    write!(streams.out, "{text}")?;
    Ok(Outcome::Done)
}
