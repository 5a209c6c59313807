//! `apply PLAN`: a saved plan, to the letter or not at all.

use std::fs;
use std::io::{Read, Write};

use crate::cli::apply_undo::ApplyArgs;
use crate::cli::connection::ConnectionFlags;
use crate::cluster::{LogSelection, ReadOptions};
use crate::exit::{Failure, Outcome};
use crate::plan::request::ChangeRequest;
use crate::plan::{API_VERSION, KIND, Plan};
use crate::snapshot::Snapshot;
use crate::text;

use super::change::{self, ChangeOptions, ChangeReport};
use super::source;
use super::undo::targets;
use crate::rollout::interrupt::Interrupt;
use crate::streams::Streams;

const VERB: &str = "apply";
/// A plan of thousands of nodes has a line for each.
const MOST: u64 = 16 << 20;
/// Fewer hex digits are no confirmation.
const SHORTEST: usize = 12;

pub async fn run(flags: &ConnectionFlags, arguments: &ApplyArgs, interrupt: Interrupt, streams: &mut Streams) -> Result<Outcome, Failure> {
    let plan = read(arguments)?;
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
    // What a rollout waits for, and how far a start came, stand in logs; the proof needs none.
    let wanted = source::whole_cluster(flags, &arguments.source);
    let logs = ReadOptions { logs: LogSelection::WhereTroubled, ..wanted.clone() };
    let live = source::read_live_interruptible(&interrupt, flags, logs, VERB).await?;
    refuse_other_target(&plan, &live.snapshot)?;
    writeln!(streams.err, "plan {}: {}", plan.id(), crate::text::clean(&plan.summary))?;
    streams.err.flush()?;
    let options = ChangeOptions {
        connection: &live.way.connection,
        wanted: &wanted,
        snapshot: &live.snapshot,
        arguments: &change,
        out: None,
        color: arguments.shown.color(),
        human: arguments.shown.output.is_none(),
        interrupt,
        notes: &[],
        blockers: &[],
        during: None,
    };
    let mut told = ChangeReport::default();
    let result = change::run(&options, &ChangeRequest::SavedPlan(plan), &mut told, streams).await;
    arguments.shown.print(&told, streams)?;
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
fn read(arguments: &ApplyArgs) -> Result<Plan, Failure> {
    let path = &arguments.plan;
    let shown = path.display();
    let file = fs::File::open(path).map_err(|source| Failure::Files { what: shown.to_string(), source })?;
    let mut text = String::new();
    file.take(MOST).read_to_string(&mut text).map_err(|source| Failure::Files { what: shown.to_string(), source })?;
    let usage = |message: String| Failure::Usage { message: format!("{shown}: {message}"), hint: Some(MAKE.to_owned()) };
    let plan: Plan = serde_saphyr::from_str(&text).map_err(|error| {
        let why = error.to_string();
        usage(format!("this is no plan: {}", crate::text::truncate(&crate::text::clean(&why), 200)))
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
