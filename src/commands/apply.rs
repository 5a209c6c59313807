//! `apply PLAN`: applies a saved plan exactly as it was saved. `apply --resume`: finishes a change whose run has ended.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use crate::cli::apply_undo::ApplyArgs;
use crate::cli::change::ChangeArgs;
use crate::cli::connection::ConnectionFlags;
use crate::cluster::{LogSelection, ReadOptions};
use crate::diagnosis::{Scope, diagnose};
use crate::exit::{Failure, Outcome};
use crate::plan::request::ChangeRequest;
use crate::plan::{API_VERSION, KIND, Plan};
use crate::snapshot::Snapshot;
use crate::text;

use super::change::{self, ChangeOptions, ChangeReport, open_change};
use super::source::{self, LiveCluster};
use super::undo::targets;
use crate::rollout::interrupt::Interrupt;
use crate::streams::Streams;

const VERB: &str = "apply";
/// A plan of thousands of nodes has a line for each.
const MOST: u64 = 16 << 20;
/// Fewer hex digits are no confirmation.
const SHORTEST: usize = 12;

pub async fn run(flags: &ConnectionFlags, arguments: &ApplyArgs, interrupt: Interrupt, streams: &mut Streams) -> Result<Outcome, Failure> {
    let Some(path) = &arguments.plan else { return resume(flags, arguments, interrupt, streams).await };
    let plan = read(path)?;
    let mut change = arguments.change.clone();
    if change.yes && arguments.confirm.is_none() {
        return Err(Failure::Usage {
            message: "apply --yes needs --confirm DIGEST: a plan file is applied unseen only by its digest".to_owned(),
            hint: Some(format!("Look at the plan, then: kubectl calico-fix apply FILE --confirm {}", plan.digest)),
        });
    }
    if let Some(digest) = &arguments.confirm {
        if digest.len() < SHORTEST || !plan.digest.starts_with(digest.as_str()) {
            return Err(Failure::Usage {
                message: format!("--confirm {digest}: the plan's digest is {}", plan.digest),
                hint: Some("Give the digest of the plan that was looked at. Another one means another plan.".to_owned()),
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
            writeln!(streams.err, "{}", text::clean(&open.describe()))?;
            streams.err.flush()?;
            carry_out(&live, &wanted, arguments, &arguments.change, &request, interrupt, streams).await
        }
        None => match open_change::explain(&live.snapshot, &diagnosis) {
            Some(explanation) => Err(Failure::NotApplied { message: format!("error: {explanation}"), hint: None }),
            None => {
                writeln!(streams.err, "No change is unfinished: nothing to resume.")?;
                Ok(Outcome::Done)
            }
        },
    }
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
    let file = fs::File::open(path).map_err(|source| Failure::Files { what: shown.to_string(), source })?;
    let mut text = String::new();
    file.take(MOST).read_to_string(&mut text).map_err(|source| Failure::Files { what: shown.to_string(), source })?;
    let usage = |message: String| Failure::Usage { message: format!("{shown}: {message}"), hint: Some(MAKE.to_owned()) };
    let plan: Plan = serde_saphyr::from_str(&text).map_err(|error| {
        let why = error.to_string();
        usage(format!("this is no plan: {}", text::truncate(&text::clean(&why), 200)))
    })?;
    if plan.api_version != API_VERSION || plan.kind != KIND {
        return Err(usage(format!("this is no plan of {API_VERSION}, but {} {}", plan.api_version, plan.kind)));
    }
    if plan.digest != plan.computed_digest() {
        return Err(usage("it was changed after it was saved: its digest does not fit".to_owned()));
    }
    Ok(plan)
}

const MAKE: &str = "Make one with: kubectl calico-fix autodetect --out plan.yaml";
