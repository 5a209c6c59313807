//! Every change goes this way: prepare, show, check, ask, try on one node, roll, prove; and back again where that fails.

mod forward;
mod guard;
pub mod interrupt;
mod kept;
mod narrator;
mod operator;
mod prepare;
mod putback;
mod rights;
mod show;
mod watching;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use serde::Serialize;

use crate::cli::change::{ChangeArgs, DryRun};
use crate::cluster::request::Api;
use crate::cluster::{Connection, Wanted};
use crate::diagnosis::report::Report;
use crate::diagnosis::{Scope, diagnose};
use crate::exit::{Failure, Outcome};
use crate::plan::Plan;
use crate::plan::aim::{self, Aim};
use crate::plan::place::Place;
use crate::plan::preflight;
use crate::plan::record::{Phase, Record};
use crate::plan::wish::Wish;
use crate::prompt::{self, Answer};
use crate::render::style::{ColorWhen, Style, Tone};
use crate::render::{change as page, data};
use crate::snapshot::Snapshot;
use crate::text;

use super::streams::Streams;
use guard::{Guard, Mark, Stop};
use interrupt::Interrupt;
use narrator::Narrator;
use prepare::{Prepared, prepare};

pub use kept::load as kept_record;

/// What a change is made with.
pub struct Setting<'a> {
    pub connection: &'a Connection,
    /// How the snapshot was taken, so that the proof is taken the same way.
    pub wanted: &'a Wanted,
    pub snapshot: &'a Snapshot,
    pub arguments: &'a ChangeArgs,
    pub out: Option<&'a Path>,
    pub color: ColorWhen,
    /// For people: the diff and what it means. Programs get a document in the end.
    pub human: bool,
    pub interrupt: Interrupt,
}

/// What came of it, for `-o json`.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blockers: Vec<String>,
    /// The nodes as they are afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Report>,
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

/// What stays the same from the first difference shown to the last.
struct Sheet<'a> {
    setting: &'a Setting<'a>,
    wish: &'a Wish,
    place: Place,
    api: Api,
    report: Report,
    heard: u32,
}

enum Again {
    Shown(Box<Prepared>),
    Done(Outcome),
}

/// A sick cluster writes the status of its DaemonSet all the time: as long as nothing else has changed that is no reason to ask again.
const STATUS_TRIES: u32 = 10;

impl Sheet<'_> {
    /// Before anything was sent a signal simply ends it.
    async fn interruptible<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        tokio::select! {
            result = work => Ok(result),
            () = self.setting.interrupt.beyond(self.heard) => Err(Failure::Interrupted),
        }
    }

    async fn prepare(&self) -> Result<Option<Prepared>, Failure> {
        let arguments = self.setting.arguments;
        Ok(self.interruptible(prepare(&self.api, self.wish, &self.place, arguments.dry_run, &arguments.field_manager)).await??)
    }

    fn present(&self, shown: &Prepared, streams: &mut Streams) -> Result<(), Failure> {
        if self.setting.human {
            let style = Style::of_stdout(self.setting.color);
            show::diff(&self.place, shown, &style, &mut streams.out)?;
            writeln!(streams.out)?;
            page::meaning(&shown.plan, &self.report, &style, &mut streams.out)?;
            streams.out.flush()?;
        }
        for warning in &shown.warnings {
            writeln!(streams.err, "Warning: {}", text::clean(warning))?;
        }
        Ok(())
    }

    async fn check(&self, shown: &Prepared, told: &mut Told, streams: &mut Streams) -> Result<(), Failure> {
        let Setting { snapshot, arguments, color, .. } = *self.setting;
        let rights = self.interruptible(rights::ask(&self.api, snapshot, &self.place)).await?;
        let rights = rights.map_err(|error| Failure::NotApplied { message: error.to_string(), hint: error.hint() })?;
        let found = preflight::blockers(snapshot, self.wish, &shown.object, &rights);
        told.blockers = found.iter().map(|blocker| format!("{}: {}", blocker.code, blocker.message)).collect();
        let style = Style::of_stderr(color);
        let (word, tone) = if arguments.force { ("overridden", Tone::Doubtful) } else { ("blocked", Tone::Bad) };
        for blocker in &found {
            writeln!(streams.err, "{}: {}", style.paint(tone, &format!("{word} ({})", blocker.code)), text::clean(&blocker.message))?;
        }
        if found.is_empty() || arguments.force {
            return Ok(());
        }
        Err(Failure::NotApplied {
            message: "error: nothing was changed".to_owned(),
            hint: Some("Mend what stands against it, or go on in spite of it with --force.".to_owned()),
        })
    }

    async fn asked(&self, streams: &mut Streams) -> Result<bool, Failure> {
        streams.flush()?;
        let terminal = |source| Failure::Files { what: "the terminal".to_owned(), source };
        let answer = self.interruptible(tokio::task::spawn_blocking(prompt::confirm)).await?;
        match answer.map_err(|error| terminal(std::io::Error::other(error)))?.map_err(terminal)? {
            Answer::Yes => Ok(true),
            Answer::No => Ok(false),
            Answer::NoTerminal => Err(Failure::NotApplied {
                message: "error: there is no terminal to ask at, and nothing was changed".to_owned(),
                hint: Some("Apply without asking with --yes, or look only with --dry-run=server.".to_owned()),
            }),
        }
    }

    /// The object had changed: what is there now is tried again where it reads the same, else shown, and asked about anew.
    async fn again(&self, shown: &Prepared, told: &mut Told, streams: &mut Streams) -> Result<Again, Failure> {
        for _ in 0..STATUS_TRIES {
            let Some(now) = self.prepare().await? else {
                writeln!(streams.err, "{} has this already: somebody else has made the change", self.place)?;
                return Ok(Again::Done(Outcome::Done));
            };
            if !show::reads_alike(shown, &now) {
                let message = format!("{} was changed by somebody else since it was shown", self.place);
                if self.setting.arguments.yes {
                    return Err(Failure::NotApplied {
                        message: format!("error: {message}; nothing was changed"),
                        hint: Some("Look at the new difference, and run it again.".to_owned()),
                    });
                }
                writeln!(streams.err, "{message}; this is the difference now:")?;
                return Ok(Again::Shown(Box::new(now)));
            }
            if let Carried::Done(outcome) = carry_out(self, &now, told, streams).await? {
                return Ok(Again::Done(outcome));
            }
        }
        Err(Failure::NotApplied {
            message: format!("error: {} changes faster than it can be patched; nothing was changed", self.place),
            hint: None,
        })
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
    let tried = shown.plan.canary.is_some() && !arguments.no_wait && !place.is_operators();
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
        exec: !setting.snapshot.cluster.exec_left_out,
        narrator: Narrator::new(&mut streams.err, Style::of_stderr(setting.color)),
        interrupt: setting.interrupt.clone(),
        heard: sheet.heard,
        begun: false,
        steady: BTreeMap::new(),
    };
    let ended = match (arguments.no_wait, wish.is_undo()) {
        (true, _) => sent(&mut guard, wish).await,
        (false, true) => undone(&mut guard, setting, report).await,
        (false, false) => guarded(&mut guard, setting, report).await,
    };
    drop(guard);
    match ended {
        Ended::Sent => Ok(Carried::Done(Outcome::Done)),
        Ended::Proven(after) => {
            if setting.human {
                writeln!(streams.out)?;
                page::outcome(report, &after, &Style::of_stdout(setting.color), &mut streams.out)?;
            }
            told.after = Some(*after);
            Ok(Carried::Done(Outcome::Applied))
        }
        Ended::Conflict => Ok(Carried::Conflict),
        Ended::NothingDone(stop) => Err(match stop {
            Stop::Interrupted => Failure::Interrupted,
            Stop::Request(error) => Failure::NotApplied { message: format!("{error}\nerror: nothing was changed"), hint: error.hint() },
            other => Failure::NotApplied { message: format!("error: {other}; nothing was changed"), hint: None },
        }),
        Ended::PutBack(Stop::Interrupted) => Ok(Carried::Done(Outcome::Interrupted)),
        Ended::PutBack(stop) => Err(Failure::PutBack { message: stop.to_string() }),
        Ended::Left(stop, why) => Err(Failure::NotPutBack { message: stop.to_string(), why }),
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
        Wish::Change(_) | Wish::Saved(_) => Record {
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

enum Ended {
    /// Nobody watches it.
    Sent,
    Proven(Box<Report>),
    Conflict,
    NothingDone(Stop),
    PutBack(Stop),
    /// Changed, and neither proven nor put back: why not.
    Left(Stop, String),
}

async fn sent(guard: &mut Guard<'_>, wish: &Wish) -> Ended {
    let patch = guard.plan.patch.clone();
    let sent = match wish.is_undo() {
        true => guard.commit(&patch, Mark::Gone).await,
        false => guard.begin(&patch).await,
    };
    let said = sent.and_then(|_| {
        let line = format!("{} patched; nothing is watched or proven, look with: status", guard.place);
        guard.narrator.done(&line).map_err(Stop::from)
    });
    match said {
        Ok(()) => Ended::Sent,
        Err(Stop::Conflict(_)) => Ended::Conflict,
        Err(stop) => Ended::NothingDone(stop),
    }
}

async fn guarded(guard: &mut Guard<'_>, setting: &Setting<'_>, report: &Report) -> Ended {
    let aims = aim::forward(report, &guard.plan.nodes, &guard.absent);
    let stop = match guard.carry_out(&aims).await {
        Ok(()) => match finish(guard, setting, &aims, report).await {
            Ok(after) => return Ended::Proven(Box::new(after)),
            Err(stop) => stop,
        },
        Err(Stop::Conflict(_)) => return Ended::Conflict,
        Err(stop) if !guard.begun => return Ended::NothingDone(stop),
        Err(stop) => stop,
    };
    if matches!(stop, Stop::Overtaken(..)) {
        return Ended::Left(stop, "it is no longer this change that is there".to_owned());
    }
    if setting.arguments.no_rollback && !matches!(stop, Stop::Interrupted) {
        return Ended::Left(stop, "--no-rollback was given".to_owned());
    }
    let back = aim::back(report, &guard.absent);
    let said = guard.narrator.line(Tone::Bad, &format!("{stop}: putting everything back"));
    match (said, guard.put_back(&back).await) {
        (Ok(()), Ok(())) => Ended::PutBack(stop),
        (_, Err(why)) => Ended::Left(stop, why.to_string()),
        (Err(error), Ok(())) => Ended::PutBack(Stop::Output(error)),
    }
}

/// The old settings decide again, good or bad: nothing is asked of the nodes but that they run.
async fn undone(guard: &mut Guard<'_>, setting: &Setting<'_>, report: &Report) -> Ended {
    let taking_part = report.nodes.iter().filter(|row| !guard.absent.contains(&row.name));
    let aims: BTreeMap<String, Aim> = taking_part.map(|row| (row.name.clone(), Aim { node: row.name.clone(), ..Aim::default() })).collect();
    // Bound to the version that was shown; what follows only goes on from there.
    match guard.begin(&guard.plan.patch.clone()).await {
        Ok(_) => {}
        Err(Stop::Conflict(_)) => return Ended::Conflict,
        Err(stop) if !guard.begun => return Ended::NothingDone(stop),
        Err(stop) => return Ended::Left(stop, UNDO_AGAIN.to_owned()),
    }
    match guard.put_back(&aims).await {
        Ok(()) => match guard.proof(setting.connection, setting.wanted, &aims).await {
            Ok((_, after)) => Ended::Proven(Box::new(after)),
            Err(stop) => Ended::Left(stop, "the old values are back, but how the nodes are is not known".to_owned()),
        },
        Err(stop) => Ended::Left(stop, UNDO_AGAIN.to_owned()),
    }
}

const UNDO_AGAIN: &str = "run undo again";

async fn finish(guard: &mut Guard<'_>, setting: &Setting<'_>, aims: &BTreeMap<String, Aim>, report: &Report) -> Result<Report, Stop> {
    let last = forward::final_aims(aims, report);
    let (_, after) = guard.proof(setting.connection, setting.wanted, &last).await?;
    guard.commit(&serde_json::json!({}), Mark::Phase(Phase::Done)).await?;
    guard.narrator.done("proven: every node has come to what was predicted")?;
    Ok(after)
}

fn old_pods(snapshot: &Snapshot) -> BTreeMap<String, String> {
    let pods = snapshot.pods.seen().into_iter().flatten();
    pods.filter(|pod| pod.metadata.deletion_timestamp.is_none())
        .filter_map(|pod| Some((pod.spec.node_name.clone()?, pod.metadata.uid.clone()?)))
        .collect()
}
