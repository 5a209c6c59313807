//! Every change goes this way: prepare, show, check, ask, try on one node, roll, prove; and back again where that fails.

mod ended;
mod forward;
pub mod going_on;
mod growing;
mod guard;
pub mod interrupt;
mod kept;
mod lending;
mod narrator;
mod operator;
mod prepare;
mod putback;
mod rights;
mod sheet;
mod show;
mod watching;

use std::collections::BTreeMap;
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
use crate::plan::lasting::Note;
use crate::plan::preflight::{self, Blocker};
use crate::plan::record::{Phase, Record};
use crate::plan::wish::Wish;
use crate::render::style::{ColorWhen, Style};
use crate::render::{change as page, data};
use crate::snapshot::Snapshot;

use crate::streams::Streams;
use ended::{Ended, Proven, guarded, lent, sent, undone};
use guard::{Guard, Stop};
use interrupt::Interrupt;
use narrator::Narrator;
use prepare::Prepared;
use sheet::{Again, Sheet};

pub use guard::{Guard as Held, Stop as Stopped, is_away};
pub use kept::load as kept_record;
pub use lending::Meanwhile;

/// What a change is made with.
pub struct Setting<'a> {
    pub connection: &'a Connection,
    /// How the snapshot was taken, so that the proof is taken the same way.
    pub wanted: &'a ReadOptions,
    pub snapshot: &'a Snapshot,
    pub arguments: &'a ChangeArgs,
    pub out: Option<&'a Path>,
    pub color: ColorWhen,
    /// For people: the diff and what it means. Programs get a document in the end.
    pub human: bool,
    pub interrupt: Interrupt,
    /// Who will put it back, with what makes it last.
    pub notes: &'a [Note],
    /// What the command itself knows to speak against it.
    pub blockers: &'a [Blocker],
    /// What a change that is only lent is made for.
    pub meanwhile: Option<&'a dyn Meanwhile>,
}

/// What came of it, for `-o json`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Change")]
pub struct Told {
    /// `calico-fix/v1`
    pub api_version: &'static str,
    /// `Change`
    pub kind: &'static str,
    /// It was made, and proven.
    pub applied: bool,
    /// It was made for a while, and is put back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub restored: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// What calico-node was proven to start in, where the change gave it time.
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

impl Default for Told {
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

pub async fn run(setting: &Setting<'_>, wish: &Wish, told: &mut Told, streams: &mut Streams) -> Result<Outcome, Failure> {
    let api = Api::new(setting.connection);
    let report = diagnose(setting.snapshot, &Scope { sessions: true, ..Scope::default() });
    let place = wish
        .place()
        .ok_or_else(|| Failure::NotApplied { message: "error: the plan names no DaemonSet or Installation".into(), hint: None })?;
    let sheet = Sheet { setting, wish, place, api, report, heard: setting.interrupt.times() };
    let Some(mut shown) = sheet.prepare().await? else {
        writeln!(streams.err, "{} has this already: nothing to change", sheet.place)?;
        return Ok(Outcome::Done);
    };
    loop {
        told.plan = Some(shown.plan.clone());
        sheet.present(&shown, streams)?;
        if let Some(path) = setting.out {
            sheet.weigh(setting.blockers, told, streams)?;
            return save(path, &shown.plan, streams);
        }
        if setting.arguments.dry_run != DryRun::None {
            let how = if shown.by_server { "server dry run" } else { "dry run" };
            writeln!(streams.err, "{} would be patched ({how}); nothing was changed", sheet.place)?;
            return Ok(Outcome::NotApplied);
        }
        sheet.check(&shown, told, streams).await?;
        if !setting.arguments.yes && !sheet.asked(streams).await? {
            writeln!(streams.err, "nothing was changed")?;
            return Ok(Outcome::NotApplied);
        }
        match carry_out(&sheet, &shown, told, streams).await? {
            Carried::Done(outcome) => return Ok(outcome),
            Carried::Conflict => {
                shown = match sheet.again(&shown, told, streams).await? {
                    Again::Shown(other) => *other,
                    Again::Done(outcome) => return Ok(outcome),
                }
            }
        }
    }
}

fn save(path: &Path, plan: &Plan, streams: &mut Streams) -> Result<Outcome, Failure> {
    let files = |source| Failure::Files { what: path.display().to_string(), source };
    let mut text = Vec::new();
    data::yaml(plan, &mut text).map_err(files)?;
    std::fs::write(path, text).map_err(files)?;
    writeln!(streams.err, "plan saved to {}; apply it with: apply {} --confirm {}", path.display(), path.display(), plan.digest)?;
    Ok(Outcome::NotApplied)
}

enum Carried {
    Done(Outcome),
    /// Nothing was done: the object had changed.
    Conflict,
}

async fn carry_out(sheet: &Sheet<'_>, shown: &Prepared, told: &mut Told, streams: &mut Streams) -> Result<Carried, Failure> {
    let Sheet { setting, wish, place, report, .. } = sheet;
    let arguments = setting.arguments;
    let absent = preflight::absent(setting.snapshot);
    let tried = (shown.plan.canary.is_some() || wish.is_lent()) && !arguments.no_wait && !place.is_operators();
    let record = record(sheet, shown, tried);
    if let Err(error) = kept::save(&shown.plan.target, &record) {
        writeln!(streams.err, "Warning: what is replaced is kept in the object alone: {error}")?;
    }
    let mut guard = Guard {
        api: sheet.api.clone(),
        plan: &shown.plan,
        place: place.clone(),
        before: setting.snapshot,
        absent,
        old_pods: old_pods(setting.snapshot),
        record,
        field_manager: arguments.field_manager.clone(),
        timeout: arguments.timeout,
        exec: !setting.snapshot.cluster.exec_skipped,
        narrator: Narrator::new(&mut streams.err, Style::of_stderr(setting.color)),
        interrupt: setting.interrupt.clone(),
        heard: sheet.heard,
        begun: false,
        steady: BTreeMap::new(),
        forgiven: BTreeMap::new(),
    };
    let ended = match (arguments.no_wait, wish.is_undo(), setting.meanwhile) {
        (_, false, Some(meanwhile)) => lent(&mut guard, meanwhile, report).await,
        (true, ..) => sent(&mut guard, wish).await,
        (false, true, _) => undone(&mut guard, setting, report).await,
        (false, false, None) => guarded(&mut guard, setting, report).await,
    };
    drop(guard);
    match ended {
        Ended::Sent => Ok(Carried::Done(Outcome::Done)),
        Ended::Proven(proven) => {
            let Proven { after, budget, set } = *proven;
            if setting.human {
                writeln!(streams.out)?;
                page::outcome(report, &after, budget.is_some(), &Style::of_stdout(setting.color), &mut streams.out)?;
            }
            told.after = Some(after);
            (told.budget_seconds, told.set) = (budget, set);
            told.applied = true;
            Ok(Carried::Done(Outcome::Applied))
        }
        Ended::GivenBack => {
            told.restored = true;
            Ok(Carried::Done(Outcome::Done))
        }
        Ended::Conflict => Ok(Carried::Conflict),
        Ended::NothingDone(stop) => Err(match stop {
            Stop::Interrupted => Failure::Interrupted,
            Stop::Request(error) => Failure::NotApplied { message: format!("{error}\nerror: nothing was changed"), hint: error.hint() },
            other => Failure::NotApplied { message: format!("error: {other}; nothing was changed"), hint: None },
        }),
        Ended::PutBack(Stop::Interrupted) => Ok(Carried::Done(Outcome::Interrupted)),
        Ended::PutBack(stop) => Err(Failure::RolledBack { message: stop.to_string() }),
        Ended::Left(stop, why) => Err(Failure::RollbackFailed { message: stop.to_string(), why }),
    }
}

/// What is written down before anything is changed.
fn record(sheet: &Sheet, shown: &Prepared, tried: bool) -> Record {
    let phase = match (sheet.setting.arguments.no_wait, tried) {
        (true, _) => Phase::Done,
        (false, true) => Phase::Canary,
        (false, false) => Phase::Rolling,
    };
    match sheet.wish {
        Wish::Undo { record, .. } => record.in_phase(Phase::Restoring),
        Wish::Change(_) | Wish::Saved(_) | Wish::Lend(_) => Record {
            command: shown.plan.command.clone(),
            id: shown.plan.id().to_owned(),
            at: sheet.setting.snapshot.taken_at,
            phase,
            canary: shown.plan.canary.clone().filter(|_| tried),
            set: shown.plan.patch.clone(),
            restore: shown.plan.restore.clone(),
            strategy: shown.object.pointer("/spec/updateStrategy").filter(|strategy| tried && strategy["type"] != "OnDelete").cloned(),
        },
    }
}

fn old_pods(snapshot: &Snapshot) -> BTreeMap<String, String> {
    let pods = snapshot.pods.seen().into_iter().flatten();
    pods.filter(|pod| pod.metadata.deletion_timestamp.is_none())
        .filter_map(|pod| Some((pod.spec.node_name.clone()?, pod.metadata.uid.clone()?)))
        .collect()
}
