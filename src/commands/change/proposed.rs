//! From a page that proposes a change to the change itself.

use std::io::Write;

use schemars::JsonSchema;
use serde::Serialize;

use super::{ChangeOptions, ChangeReport, open_change, run};
use crate::cli::change::{ChangeArgs, DryRun, FormName, PlanArgs};
use crate::commands::prompt;
use crate::commands::source::ClusterHandle;
use crate::diagnosis::{Scope, diagnose};
use crate::exit::{Failure, Outcome};
use crate::plan::owner_notes::OwnerNote;
use crate::plan::preflight::Blocker;
use crate::plan::request::ChangeRequest;
use crate::plan::snippets::Snippets;
use crate::render::pending_change::PendingChange;
use crate::render::style::ColorWhen;
use crate::rollout::interrupt::Interrupt;
use crate::snapshot::Snapshot;
use crate::streams::Streams;
use crate::verb::Verb;

/// A report and what came of its change, as one document.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WithChange")]
pub struct WithChange<'a, P> {
    #[serde(flatten)]
    pub report: &'a P,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<&'a ChangeReport>,
}

/// What this run does with the change that its page proposes. `None`: nothing, or there is nobody to ask.
pub fn pending_change(change: &ChangeArgs, plan: &PlanArgs) -> Option<PendingChange> {
    let writes = change.dry_run == DryRun::None && plan.out.is_none();
    let pending = PendingChange { asks: !change.yes, verifies: !change.no_wait, rolls_back: !change.no_rollback };
    (writes && (change.yes || prompt::can_ask())).then_some(pending)
}

/// What a page proposes, and how it was asked for.
pub struct ProposedChange<'a> {
    pub snapshot: &'a Snapshot,
    pub way: &'a ClusterHandle,
    /// `None`: nothing is proposed, and only an open change of the same verb is gone on with.
    pub request: Option<ChangeRequest>,
    pub notes: &'a [OwnerNote],
    pub blockers: &'a [Blocker],
    pub change: &'a ChangeArgs,
    pub plan: &'a PlanArgs,
    pub color: ColorWhen,
    /// For a program: nobody is asked, and without --yes only the plan is printed.
    pub document: bool,
}

impl ProposedChange<'_> {
    /// Without a proposal: resumes what `verb` had begun, else `outcome` stands, unless another change is open.
    pub async fn apply_or_resume(
        &self,
        (verb, outcome): (Verb, Outcome),
        interrupt: Interrupt,
        report: &mut Option<ChangeReport>,
        streams: &mut Streams,
    ) -> Result<Outcome, Failure> {
        if let Some(request) = &self.request {
            return self.apply(request, interrupt, report.insert(ChangeReport::default()), streams).await;
        }
        let diagnosis = diagnose(self.snapshot, &Scope::default());
        match open_change::resumption(self.snapshot, &diagnosis, Some(verb)) {
            Some((open, request)) => {
                open_change::announce(open.describe(), streams)?;
                self.apply(&request, interrupt, report.insert(ChangeReport::default()), streams).await
            }
            None => open_change::outcome_without_change(self.snapshot, &diagnosis, outcome, streams),
        }
    }

    async fn apply(
        &self,
        request: &ChangeRequest,
        interrupt: Interrupt,
        report: &mut ChangeReport,
        streams: &mut Streams,
    ) -> Result<Outcome, Failure> {
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
            prints_pages: !self.document,
            interrupt,
            notes: self.notes,
            blockers: self.blockers,
            during: None,
        };
        run(&options, request, report, streams).await
    }
}

/// Only the change itself, in one form, ready to paste.
pub fn emit(snippets: &Snippets, form: FormName, streams: &mut Streams) -> Result<Outcome, Failure> {
    let text = snippets.emit(form.into()).map_err(|error| Failure::Usage { message: error.to_string(), hint: None })?;
    write!(streams.out, "{text}")?;
    Ok(Outcome::Done)
}
