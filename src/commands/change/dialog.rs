//! Everything before the first write: diff, preflight, confirmation; starts over if the object changed meanwhile.

use std::io::Write;

use super::{Attempted, ChangeOptions, ChangeReport, attempt, diff, open_change};
use crate::cluster::request::Api;
use crate::commands::prompt::{self, Answer};
use crate::edit::target::Target;
use crate::exit::{Failure, Outcome};
use crate::finding::Report;
use crate::model::ClusterModel;
use crate::plan::node_state::ClusterState;
use crate::plan::preflight::{self, Blocker};
use crate::plan::request::ChangeRequest;
use crate::plan::undo_forecast;
use crate::render::change as page;
use crate::render::notice;
use crate::render::style::{Style, Tone};
use crate::rollout::dry_run::{DryRunResult, PrepareError, dry_run};
use crate::rollout::permissions;
use crate::streams::Streams;
use crate::text;

/// What stays the same from the first diff shown to the last.
pub(super) struct ChangeDialog<'a> {
    pub options: &'a ChangeOptions<'a>,
    pub request: &'a ChangeRequest,
    pub target: Target,
    pub api: Api,
    /// The diagnosis of the snapshot.
    pub before: Report,
    pub signals_handled: u32,
}

pub(super) enum AfterConflict {
    /// The diff is another one now, and must be shown.
    Changed(Box<DryRunResult>),
    Done(Outcome),
}

/// Retries while only the status of the target changes, which happens all the time in an unhealthy cluster.
const STATUS_TRIES: u32 = 10;

impl ChangeDialog<'_> {
    /// Nothing has been written yet: a signal aborts.
    async fn interruptible<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        tokio::select! {
            result = work => Ok(result),
            () = self.options.interrupt.wait_for_more_than(self.signals_handled) => Err(Failure::Interrupted),
        }
    }

    pub(super) async fn dry_run(&self) -> Result<Option<DryRunResult>, Failure> {
        let arguments = self.options.arguments;
        Ok(self.interruptible(dry_run(&self.api, self.request, &self.target, arguments.dry_run, &arguments.field_manager)).await??)
    }

    pub(super) fn show(&self, shown: &DryRunResult, streams: &mut Streams) -> Result<(), Failure> {
        if self.options.prints_pages {
            let style = Style::of_stdout(self.options.color);
            writeln!(streams.out)?;
            diff::write(&self.target, shown, &style, &mut streams.out)?;
            writeln!(streams.out)?;
            match (self.request.is_temporary(), self.request.open_record(&shown.object)) {
                (true, _) => page::temporary(&shown.plan, &style, &mut streams.out)?,
                (false, Some(record)) => page::resumption(&record, self.outdated_pods(), &style, &mut streams.out)?,
                (false, None) => {
                    let state = ClusterState::new(self.options.snapshot);
                    let moves = state.moves(&shown.plan.nodes);
                    page::meaning(&shown.plan, &moves, &self.before, self.restarts(shown), &style, &mut streams.out)?;
                }
            }
            streams.out.flush()?;
        }
        for warning in &shown.warnings {
            notice::plain(&format!("Warning: {warning}"), &mut streams.err)?;
        }
        for note in self.options.notes {
            notice::plain(&format!("Warning: {}", note.warning), &mut streams.err)?;
            if let Some((form, snippet)) = note.snippet.as_ref().filter(|_| self.options.prints_pages) {
                writeln!(streams.err, "  the text, as --emit {} prints it:", form.name())?;
                snippet.lines().try_for_each(|line| writeln!(streams.err, "    {}", text::clean(line)))?;
            }
        }
        Ok(())
    }

    /// Pods that a resumed change still replaces.
    fn outdated_pods(&self) -> usize {
        let view = ClusterModel::new(self.options.snapshot);
        let newest = view.newest_revision();
        view.nodes.iter().filter(|node| node.pod.is_some() && node.revision() != newest).count()
    }

    /// Pods that the change replaces: those that have its template already stay.
    fn restarts(&self, shown: &DryRunResult) -> usize {
        undo_forecast::restarting(self.options.snapshot, &self.target, &shown.after)
    }

    pub(super) async fn preflight(&self, shown: &DryRunResult, report: &mut ChangeReport, streams: &mut Streams) -> Result<(), Failure> {
        let snapshot = self.options.snapshot;
        let rights = self.interruptible(permissions::ask(&self.api, snapshot, self.request, &self.target)).await?;
        let rights = rights.map_err(|error| Failure::NotApplied { message: error.to_string(), hint: error.hint() })?;
        if let Some(remark) = preflight::held_up(snapshot, self.request).filter(|_| !self.request.is_undo()) {
            notice::write(Tone::Doubtful, &remark, &Style::of_stderr(self.options.color), &mut streams.err)?;
        }
        let open = open_change::find(snapshot, &self.before);
        if let Some(open) = open.as_ref().filter(|open| self.request.is_undo() && open.is_in_progress()) {
            let warning = format!("Warning: {}. undo stops it", open.describe());
            notice::write(Tone::Doubtful, &warning, &Style::of_stderr(self.options.color), &mut streams.err)?;
        }
        let mut found = preflight::blockers(snapshot, self.request, &shown.object, open.as_ref(), &rights);
        found.extend_from_slice(self.options.blockers);
        self.refuse_unless_forced(&found, report, streams)
    }

    /// Prints every blocker; an error unless `--force` was given.
    pub(super) fn refuse_unless_forced(&self, found: &[Blocker], report: &mut ChangeReport, streams: &mut Streams) -> Result<(), Failure> {
        let ChangeOptions { arguments, color, .. } = *self.options;
        report.blockers = found.iter().map(|blocker| format!("{}: {}", blocker.code, blocker.message)).collect();
        let style = Style::of_stderr(color);
        let (word, tone) = if arguments.force { ("overridden", Tone::Doubtful) } else { ("blocked", Tone::Bad) };
        for blocker in found {
            let message = format!("{word} ({}): {}", blocker.code, blocker.message);
            notice::write(tone, &message, &style, &mut streams.err)?;
        }
        if found.is_empty() || arguments.force {
            return Ok(());
        }
        Err(Failure::Blocked)
    }

    /// Asks once, before the first write. Between two nodes nothing is asked: `rollout/watch.rs` goes from node to node.
    pub(super) async fn confirm(&self, streams: &mut Streams) -> Result<bool, Failure> {
        streams.flush()?;
        let terminal = |source| Failure::Files { what: "the terminal".to_owned(), source };
        let answer = self.interruptible(tokio::task::spawn_blocking(prompt::confirm)).await?;
        match answer.map_err(|error| terminal(std::io::Error::other(error)))?.map_err(terminal)? {
            Answer::Yes => Ok(true),
            Answer::No => Ok(false),
            Answer::Interrupted => Err(Failure::Interrupted),
            Answer::NoTerminal => Err(Failure::NotApplied {
                message: format!("error: nothing was changed: {} is not a terminal", prompt::not_a_terminal().unwrap_or("stdin")),
                hint: Some("Use --yes to apply, or --dry-run=server to preview.".to_owned()),
            }),
        }
    }

    /// After a conflict: applies the change if the diff is the same, else returns the new diff.
    pub(super) async fn retry_after_conflict(
        &self,
        shown: &DryRunResult,
        report: &mut ChangeReport,
        streams: &mut Streams,
    ) -> Result<AfterConflict, Failure> {
        for _ in 0..STATUS_TRIES {
            let Some(now) = self.dry_run().await? else {
                writeln!(streams.err, "{} has these values already: somebody else has made the change", self.target)?;
                return Ok(AfterConflict::Done(Outcome::Done));
            };
            if !diff::same_diff(shown, &now) {
                let message = format!("{} was changed by somebody else since it was shown", self.target);
                if self.options.arguments.yes {
                    return Err(Failure::NotApplied {
                        message: format!("error: {message}; nothing was changed"),
                        hint: Some("Review the new diff, and run the command again.".to_owned()),
                    });
                }
                writeln!(streams.err, "{message}; this is the difference now:")?;
                return Ok(AfterConflict::Changed(Box::new(now)));
            }
            if let Attempted::Done(outcome) = attempt(self, &now, report, streams).await? {
                return Ok(AfterConflict::Done(outcome));
            }
        }
        Err(Failure::NotApplied {
            message: format!("error: {} changes faster than it can be patched; nothing was changed", self.target),
            hint: None,
        })
    }
}

impl From<PrepareError> for Failure {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::Request(error) => {
                Self::NotApplied { message: format!("{error}\nerror: nothing was changed"), hint: error.hint() }
            }
            PrepareError::Plan(_) | PrepareError::NotTaken(_) => Self::NotApplied { message: error.to_string(), hint: None },
        }
    }
}
