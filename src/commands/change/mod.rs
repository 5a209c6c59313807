//! The dialog about one change: diff, preflight, question; then the rollout, and its result on the page.
//!
//! `dialog` shows and asks, `diff` prints the difference, `proposed` enters here from a page that proposes a change.
//! Only the rollout writes to the cluster.

mod dialog;
mod diff;
pub mod open_change;
pub mod proposed;

use std::io::Write;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::cli::change::{ChangeArgs, DryRun};
use crate::cluster::request::Api;
use crate::cluster::{Connection, ReadOptions};
use crate::diagnosis::{Scope, diagnose};
use crate::exit::{Failure, Outcome};
use crate::finding::Report;
use crate::plan::Plan;
use crate::plan::owner_notes::OwnerNote;
use crate::plan::preflight::Blocker;
use crate::plan::request::ChangeRequest;
use crate::render::style::{ColorWhen, Style};
use crate::render::{change as page, data, notice};
use crate::snapshot::Snapshot;
use crate::snapshot::save::save_text;

use crate::rollout::dry_run::DryRunResult;
use crate::rollout::interrupt::Interrupt;
use crate::rollout::local_record;
use crate::rollout::{self, DuringChange, RolloutError, RolloutOutcome, RolloutProgress, RolloutRequest, RolloutSettings, Verified};

use crate::streams::Streams;
use crate::text::{self, shell};
use dialog::{AfterConflict, ChangeDialog};

/// What a change is made with, and how it was asked for.
pub struct ChangeOptions<'a> {
    pub connection: &'a Connection,
    /// How the snapshot was taken, so that the verification reads the same.
    pub wanted: &'a ReadOptions,
    pub snapshot: &'a Snapshot,
    pub arguments: &'a ChangeArgs,
    pub out: Option<&'a Path>,
    pub color: ColorWhen,
    /// Print diff and tables; programs get one document at the end instead.
    pub prints_pages: bool,
    pub interrupt: Interrupt,
    /// Owners that will revert the change, with the snippet that lasts.
    pub notes: &'a [OwnerNote],
    /// Blockers that the command itself has found.
    pub blockers: &'a [Blocker],
    /// The task that a temporary change is made for.
    pub during: Option<&'a dyn DuringChange>,
}

/// The result, for `-o json`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Change")]
pub struct ChangeReport {
    /// `calico-fix/v1`
    pub api_version: &'static str,
    /// `Change`
    pub kind: &'static str,
    /// The change was applied and verified.
    pub applied: bool,
    /// A temporary change was applied and reverted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub restored: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// Seconds in which calico-node was seen to start, if the change raised its startup limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_seconds: Option<u32>,
    /// What was set in place of the plan's own patch: one of its steps, where the first budget was too small.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub blockers: Vec<String>,
    /// The nodes as they are afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Report>,
}

impl Default for ChangeReport {
    fn default() -> Self {
        Self {
            api_version: crate::plan::API_VERSION,
            kind: "Change",
            applied: false,
            restored: false,
            plan: None,
            budget_seconds: None,
            set: None,
            blockers: Vec::new(),
            after: None,
        }
    }
}

pub async fn run(
    options: &ChangeOptions<'_>,
    request: &ChangeRequest,
    report: &mut ChangeReport,
    streams: &mut Streams,
) -> Result<Outcome, Failure> {
    let api = Api::new(options.connection);
    let before = diagnose(options.snapshot, &Scope { sessions: true, ..Scope::default() });
    let target = request
        .target()
        .ok_or_else(|| Failure::NotApplied { message: "error: the plan names no DaemonSet or Installation".into(), hint: None })?;
    let dialog = ChangeDialog { options, request, target, api, before, signals_handled: options.interrupt.signal_count() };
    let Some(mut shown) = dialog.dry_run().await? else {
        if let Some(verb) = request.verb()
            && let Some((open, resumed)) = open_change::resumption(options.snapshot, &dialog.before, Some(verb))
        {
            open_change::announce(open.describe(), streams)?;
            return Box::pin(run(options, &resumed, report, streams)).await;
        }
        let message = format!("{} has these values already: nothing to change", dialog.target);
        notice::plain(&message, &mut streams.err)?;
        return open_change::outcome_without_change(options.snapshot, &dialog.before, Outcome::Done, streams);
    };
    let will_write = options.out.is_none() && options.arguments.dry_run == DryRun::None;
    if request.is_undo() && will_write && local_record::is_running(&shown.plan.target.uid) {
        return Err(Failure::NotApplied {
            message: format!("error: {} {}; nothing was changed", shown.plan.target.name, rollout::IN_PROGRESS_HERE),
            hint: Some("See when it has ended with: kubectl calico-fix status --watch".to_owned()),
        });
    }
    loop {
        report.plan = Some(shown.plan.clone());
        dialog.show(&shown, streams)?;
        if let Some(path) = options.out {
            dialog.refuse_unless_forced(options.blockers, report, streams)?;
            return save(path, &shown.plan, options.connection.context.as_deref(), streams);
        }
        if options.arguments.dry_run != DryRun::None {
            let how = if shown.by_server { "server dry run" } else { "dry run" };
            let message = format!("{} would be patched ({how}); nothing was changed", dialog.target);
            notice::plain(&message, &mut streams.err)?;
            return Ok(Outcome::NotApplied);
        }
        dialog.preflight(&shown, report, streams).await?;
        if !options.arguments.yes && !dialog.confirm(streams).await? {
            writeln!(streams.err, "nothing was changed")?;
            return Ok(Outcome::NotApplied);
        }
        match attempt(&dialog, &shown, report, streams).await? {
            Attempted::Done(outcome) => return Ok(outcome),
            Attempted::Conflict => {
                shown = match dialog.retry_after_conflict(&shown, report, streams).await? {
                    AfterConflict::Changed(other) => *other,
                    AfterConflict::Done(outcome) => return Ok(outcome),
                }
            }
        }
    }
}

/// Writes the plan, and prints the command that applies it in the same context.
fn save(path: &Path, plan: &Plan, context: Option<&str>, streams: &mut Streams) -> Result<Outcome, Failure> {
    let failed = |source| Failure::NotWritten { path: path.to_owned(), source };
    let mut text = Vec::new();
    data::yaml(plan, &mut text).map_err(failed)?;
    save_text(&text, path).map_err(failed)?;
    writeln!(streams.err, "Saved to {}", text::clean(&path.display().to_string()))?;
    // A name that a terminal would change is not offered.
    if let Some(command) = apply_command(path, &plan.digest, context) {
        notice::plain(&format!("Apply it with: {command}"), &mut streams.err)?;
    }
    Ok(Outcome::NotApplied)
}

/// `None` where the file's name cannot be printed as one word of a shell.
pub fn apply_command(path: &Path, digest: &str, context: Option<&str>) -> Option<String> {
    let path = path.to_str()?;
    let path = if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
    let joined = context.map(|context| format!("--context={context}"));
    let mut words = vec!["kubectl", "calico-fix", "apply", &path, "--confirm", digest];
    words.extend(joined.as_deref());
    shell::command(&words)
}

enum Attempted {
    Done(Outcome),
    /// The object had changed since it was shown; nothing was written.
    Conflict,
}

/// Rolls the plan out, and prints what came of it.
async fn attempt(
    dialog: &ChangeDialog<'_>,
    shown: &DryRunResult,
    report: &mut ChangeReport,
    streams: &mut Streams,
) -> Result<Attempted, Failure> {
    let ChangeDialog { options, request, before, .. } = dialog;
    let arguments = options.arguments;
    let rollout = RolloutRequest {
        api: dialog.api.clone(),
        connection: options.connection,
        wanted: options.wanted,
        snapshot: options.snapshot,
        report: before,
        request,
        shown,
        settings: RolloutSettings {
            timeout: arguments.timeout,
            field_manager: arguments.field_manager.clone(),
            no_wait: arguments.no_wait,
            no_rollback: arguments.no_rollback,
        },
        interrupt: options.interrupt.clone(),
        signals_handled: dialog.signals_handled,
        during: options.during,
    };
    let progress = RolloutProgress::new(&mut streams.err, Style::of_stderr(options.color));
    match rollout::run(&rollout, progress).await {
        RolloutOutcome::NotWatched => Ok(Attempted::Done(Outcome::Sent)),
        RolloutOutcome::Verified(verified) => {
            let Verified { after, budget, set } = *verified;
            if options.prints_pages {
                writeln!(streams.out)?;
                page::outcome(before, &after, budget.is_some(), &Style::of_stdout(options.color), &mut streams.out)?;
            }
            report.after = Some(after);
            (report.budget_seconds, report.set) = (budget, set);
            report.applied = true;
            Ok(Attempted::Done(Outcome::Applied))
        }
        RolloutOutcome::TemporaryDone => {
            report.restored = true;
            Ok(Attempted::Done(Outcome::Done))
        }
        RolloutOutcome::Conflict => Ok(Attempted::Conflict),
        RolloutOutcome::NotStarted(error) => Err(not_started(error)),
        RolloutOutcome::RolledBack(RolloutError::Interrupted) => {
            writeln!(streams.err, "interrupted: the change was rolled back, and the nodes are as before")?;
            Ok(Attempted::Done(Outcome::Interrupted))
        }
        RolloutOutcome::RolledBack(error) => Err(Failure::RolledBack { message: error.to_string() }),
        RolloutOutcome::RollbackFailed(error, why) => Err(Failure::RollbackFailed { message: error.to_string(), why }),
    }
}

fn not_started(error: RolloutError) -> Failure {
    match error {
        RolloutError::Interrupted => Failure::Interrupted,
        RolloutError::Request(error) => Failure::NotApplied { message: format!("{error}\nerror: nothing was changed"), hint: error.hint() },
        other => Failure::NotApplied { message: format!("error: {other}; nothing was changed"), hint: None },
    }
}

#[cfg(test)]
mod tests {
    use super::apply_command;

    #[test]
    fn the_command_can_be_pasted() {
        for (path, context, expected) in [
            ("plan.yaml", None, "kubectl calico-fix apply plan.yaml --confirm abc"),
            ("my plan.yaml", Some("prod"), "kubectl calico-fix apply 'my plan.yaml' --confirm abc --context=prod"),
            ("-plan", Some("a b"), "kubectl calico-fix apply ./-plan --confirm abc --context='a b'"),
        ] {
            assert_eq!(apply_command(std::path::Path::new(path), "abc", context).as_deref(), Some(expected));
        }
        assert_eq!(apply_command(std::path::Path::new("a\u{1b}[2J"), "abc", None), None);
    }
}
