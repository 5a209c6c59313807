//! `apply PLAN`: applies a saved plan, only if the cluster has not changed since. `apply --resume`: finishes a change whose run has ended.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use crate::cli::apply_undo::ApplyArgs;
use crate::cli::change::ChangeArgs;
use crate::cli::connection::ConnectionFlags;
use crate::cluster::request::Api;
use crate::cluster::{LogSelection, ReadOptions};
use crate::diagnosis::{Scope, diagnose};
use crate::exit::{Failure, Outcome};
use crate::plan::request::ChangeRequest;
use crate::plan::{API_VERSION, KIND, Plan};
use crate::snapshot::{Snapshot, from_tree};
use crate::text;

use super::change::{self, ChangeOptions, ChangeReport, open_change};
use super::source::{self, LiveCluster};
use super::undo::{self, targets};
use crate::rollout::interrupt::Interrupt;
use crate::streams::Streams;
use crate::verb::Verb;

const VERB: Verb = Verb::Apply;
/// Bytes: a plan has a few lines for each of thousands of nodes.
const MOST: u64 = 16 << 20;
/// Fewer hex digits are no confirmation.
const SHORTEST: usize = 12;

pub(super) async fn run(
    flags: &ConnectionFlags,
    arguments: &ApplyArgs,
    interrupt: Interrupt,
    streams: &mut Streams,
) -> Result<Outcome, Failure> {
    let Some(path) = &arguments.plan else { return resume(flags, arguments, interrupt, streams).await };
    let plan = read(path)?;
    let mut change = arguments.change.clone();
    if change.yes && arguments.confirm.is_none() {
        return Err(Failure::Usage {
            message: "apply --yes needs --confirm DIGEST, so that only the plan that you reviewed is applied".to_owned(),
            hint: change::apply_command(path, &plan.digest, flags.context.first().map(String::as_str))
                .map(|command| format!("Review the plan, then run: {command}")),
        });
    }
    if let Some(digest) = &arguments.confirm {
        if digest.len() < SHORTEST || !plan.digest.starts_with(digest.as_str()) {
            return Err(Failure::Usage {
                message: format!("--confirm {digest}: this plan has the digest {}", plan.digest),
                hint: Some("Give the digest of the plan that you reviewed. A different digest means a different plan.".to_owned()),
            });
        }
        change.yes = true;
    }
    // What a rollout waits for, and how far a start came, stand in logs; the verification needs none.
    let wanted = source::whole_cluster(flags, &arguments.source);
    let logs = ReadOptions { logs: LogSelection::WhereTroubled, ..wanted.clone() };
    let live = source::read_live_interruptible(&interrupt, flags, logs, VERB).await?;
    refuse_other_target(&plan, &live.snapshot)?;
    writeln!(streams.err, "plan {}: {}", plan.id(), text::clean(&plan.summary))?;
    streams.err.flush()?;
    carry_out(&live, &wanted, arguments, &change, &ChangeRequest::SavedPlan(plan), interrupt, streams).await
}

/// `--resume`: finishes the change that is open, by its record in the object.
async fn resume(flags: &ConnectionFlags, arguments: &ApplyArgs, interrupt: Interrupt, streams: &mut Streams) -> Result<Outcome, Failure> {
    let wanted = source::whole_cluster(flags, &arguments.source);
    let logs = ReadOptions { logs: LogSelection::WhereTroubled, ..wanted.clone() };
    let live = source::read_live_interruptible(&interrupt, flags, logs, VERB).await?;
    let diagnosis = diagnose(&live.snapshot, &Scope::default());
    match open_change::resumption(&live.snapshot, &diagnosis, None) {
        Some((open, request)) => {
            open_change::announce(open.describe(), streams)?;
            streams.err.flush()?;
            carry_out(&live, &wanted, arguments, &arguments.change, &request, interrupt, streams).await
        }
        None => match open_change::explain(&live.snapshot, &diagnosis) {
            Some(explanation) => Err(Failure::NotApplied { message: format!("error: {explanation}"), hint: None }),
            None => without_annotation(&live, arguments, streams).await,
        },
    }
}

/// Somebody removed the annotation in the middle of a change: only the copy on this machine knows of it.
async fn without_annotation(live: &LiveCluster, arguments: &ApplyArgs, streams: &mut Streams) -> Result<Outcome, Failure> {
    let api = Api::new(&live.way.connection);
    for target in targets(&live.snapshot) {
        if let Some((_, record)) = undo::record(&api, &target, streams).await?
            && !record.is_finished()
        {
            let (command, at) = (record.command, text::utc(record.at));
            let message = format!(
                "error: {target}: a change by {command}, begun {at}, ended before it was finished, and its annotation was removed. It cannot be resumed"
            );
            let hint = "Restore the old settings with: kubectl calico-fix undo".to_owned();
            return Err(Failure::NotApplied { message, hint: Some(hint) });
        }
    }
    writeln!(streams.err, "No change is unfinished: nothing to resume.")?;
    arguments.shown.print(&ChangeReport::default(), streams)?;
    Ok(Outcome::Done)
}

async fn carry_out(
    live: &LiveCluster,
    wanted: &ReadOptions,
    arguments: &ApplyArgs,
    change: &ChangeArgs,
    request: &ChangeRequest,
    interrupt: Interrupt,
    streams: &mut Streams,
) -> Result<Outcome, Failure> {
    let options = ChangeOptions {
        connection: &live.way.connection,
        wanted,
        snapshot: &live.snapshot,
        arguments: change,
        out: None,
        color: arguments.shown.color(),
        prints_pages: arguments.shown.output.is_none(),
        interrupt,
        notes: &[],
        blockers: &[],
        during: None,
    };
    let mut report = ChangeReport::default();
    let result = change::run(&options, request, &mut report, streams).await;
    arguments.shown.print(&report, streams)?;
    result
}

/// A plan may change calico-node's DaemonSet or the Installation it is made from, and nothing else in the cluster.
fn refuse_other_target(plan: &Plan, snapshot: &Snapshot) -> Result<(), Failure> {
    if targets(snapshot).iter().any(|target| plan.edit_target().as_ref() == Some(target)) {
        return Ok(());
    }
    let named = format!("{} {}", plan.target.kind, plan.target.name);
    let message = format!("error: the plan is for {}, which is not Calico's in this cluster; nothing was changed", text::clean(&named));
    Err(Failure::NotApplied { message, hint: Some(MAKE.to_owned()) })
}

/// What was saved by `--out`, and nothing else.
fn read(path: &Path) -> Result<Plan, Failure> {
    let shown = path.display();
    let unreadable =
        |source| Failure::ReadFailed { message: format!("error: {shown}: {}", text::without_number(&source)), hint: Some(MAKE.to_owned()) };
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes).map_err(unreadable)?;
    let text = String::from_utf8_lossy(&bytes);
    let usage = |message: String| Failure::Usage { message: format!("{shown}: {message}"), hint: Some(MAKE.to_owned()) };
    let plan: Plan = from_yaml(&text).ok_or_else(|| usage(looks_like(&text)))?;
    if plan.api_version != API_VERSION || plan.kind != KIND {
        return Err(usage(looks_like(&text)));
    }
    if plan.digest != plan.computed_digest() {
        return Err(usage("the plan was edited after it was saved: its digest does not fit".to_owned()));
    }
    Ok(plan)
}

fn from_yaml<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    let tree: serde_json::Value = serde_saphyr::from_str(text).ok()?;
    from_tree(&tree).ok()
}

/// What a file seems to be that is not a plan.
fn looks_like(text: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Header {
        #[serde(rename = "apiVersion", default)]
        api_version: String,
        kind: String,
    }
    if text.trim().is_empty() {
        return "the file is empty".to_owned();
    }
    match from_yaml(text) {
        Some(Header { api_version, kind }) if kind == KIND && api_version == API_VERSION => "the plan is incomplete".to_owned(),
        Some(Header { api_version, kind }) => {
            let named = text::truncate(&text::clean(&format!("{kind} ({api_version})")), 100).into_owned();
            format!("this is not a plan of {API_VERSION}, but a {named}")
        }
        None if text.contains("apiVersion") && text.contains("kind") => "the file is not valid YAML; it may have been truncated".to_owned(),
        None if text.contains('\u{fffd}') => "the file is not text, and not a plan".to_owned(),
        None => "the file is not a plan: it has no apiVersion and kind".to_owned(),
    }
}

const MAKE: &str = "Make one with: kubectl calico-fix autodetect --out plan.yaml";

#[cfg(test)]
mod tests {
    use super::looks_like;

    #[test]
    fn a_file_that_is_not_a_plan_says_what_it_looks_like() {
        for (text, expected) in [
            ("", "the file is empty"),
            (" \n\n", "the file is empty"),
            ("apiVersion: v1\nkind: Pod\n", "this is not a plan of calico-fix/v1, but a Pod (v1)"),
            (
                "{\"apiVersion\": \"calico-fix/v1\", \"kind\": \"Snapshot\"}",
                "this is not a plan of calico-fix/v1, but a Snapshot (calico-fix/v1)",
            ),
            ("apiVersion: calico-fix/v1\nkind: Plan\n", "the plan is incomplete"),
            ("apiVersion: calico-fix/v1\nkind: Plan\npatch: {\"spec", "the file is not valid YAML; it may have been truncated"),
            ("2026-11-29 08:00:00 INFO starting\n", "the file is not a plan: it has no apiVersion and kind"),
            ("\u{7f}ELF\u{fffd}", "the file is not text, and not a plan"),
        ] {
            assert_eq!(looks_like(text), expected, "{text:?}");
        }
    }
}
