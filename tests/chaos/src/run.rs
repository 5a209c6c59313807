//! One run from its play to its history.

use std::io;
use std::path::Path;

use sim::{Effect, Fault, Victim};

use crate::arguments::{UNDISTURBED, WHILE_DISTURBED, arguments_of, takes};
use crate::disturbed::disturbed;
use crate::history::{Command, History};
use crate::observe::{command, deletions, errors, versions};
use crate::play::{Play, Verb};
use crate::stage::Stage;

/// As often somebody tries to undo what a kill or exit 5 has left.
const UNDOES: usize = 3;

pub(crate) fn run(play: &Play, plugin: &Path) -> io::Result<History> {
    let stage = Stage::new(play)?;
    let mut feed = stage.cluster().store.subscribe(stage.version()).map_err(|_| io::Error::other("no feed of the store"))?;
    let before = stage.moment();
    let mut commands = Vec::new();
    let arguments = prepare(&stage, play, plugin, &mut commands)?;
    commands.extend(disturbed(&stage, play, plugin, arguments)?);
    if commands.iter().any(|command| matches!(command.code, None | Some(5))) {
        clear_up(&stage, play, plugin, &mut commands)?;
    }
    stage.steady_links();
    stage.settle();
    let after = stage.moment();
    let output = stage.run(plugin, &["status".to_owned(), "-o".to_owned(), "json".to_owned()])?;
    let changes = feed.ready().map_err(|_| io::Error::other("too much was written"))?;
    let foreign = stage.others.deleted.lock().map(|deleted| deleted.clone()).unwrap_or_default();
    Ok(History {
        target: stage.target,
        incident: play.setting.scenario.contains("bridge-address") || play.setting.scenario == "no-address",
        versions: versions(&changes, stage.target),
        deletions: deletions(&changes, &before, &foreign),
        edits: stage.others.edits(),
        before,
        commands,
        after,
        status: (output.status.code(), errors(&output.stdout)),
    })
}

/// What a person does after a kill or exit 5: perhaps resume, and then in any case undo, and again where that did not do.
fn clear_up(stage: &Stage, play: &Play, plugin: &Path, commands: &mut Vec<Command>) -> io::Result<()> {
    if play.resumes {
        // What was the command's own change was to set its method, unless another one was at work too.
        let alone = commands.iter().all(|command| command.alone);
        let verb = Verb::Resume(play.verb.method().filter(|_| alone && !matches!(play.verb, Verb::Undo(_))));
        let words = arguments_of(play.setting.scenario, verb, &stage.moment(), UNDISTURBED);
        commands.push(run_alone(stage, plugin, verb, words, true)?);
    }
    let verb = Verb::Undo("");
    let mut words = arguments_of(play.setting.scenario, verb, &stage.moment(), UNDISTURBED);
    for _ in 0..UNDOES {
        let undo = run_alone(stage, plugin, verb, words.clone(), true)?;
        let code = undo.code;
        commands.push(undo);
        match code {
            Some(0) => break,
            // What stands against it is named, and who has read it may insist.
            Some(1) if !words.iter().any(|word| word == "--force") => words.push("--force".to_owned()),
            _ => {}
        }
    }
    Ok(())
}

/// A command beside which nothing else runs; `cleans_up`: after the one that the play is about.
fn run_alone(stage: &Stage, plugin: &Path, verb: Verb, words: Vec<String>, cleans_up: bool) -> io::Result<Command> {
    let began = (stage.version(), stage.running.requests().len());
    let output = stage.run(plugin, &words)?;
    Ok(command(stage, verb, words, &output, began, (true, cleans_up)))
}

/// What the command is about, made while nothing disturbs; and the command's arguments.
fn prepare(stage: &Stage, play: &Play, plugin: &Path, commands: &mut Vec<Command>) -> io::Result<Vec<String>> {
    let scenario = play.setting.scenario;
    let mut arguments = arguments_of(scenario, play.verb, &stage.moment(), WHILE_DISTURBED);
    match play.verb {
        Verb::Undo(method) => {
            let earlier = Verb::Autodetect(Some(method));
            let mut words = arguments_of(scenario, earlier, &stage.moment(), UNDISTURBED);
            words.push("--force".to_owned());
            commands.push(run_alone(stage, plugin, earlier, words, false)?);
        }
        Verb::Restore | Verb::Resume(_) => {
            let earlier = if play.verb == Verb::Restore { Verb::DebugLog } else { Verb::Autodetect(play.verb.method()) };
            let mut words = arguments_of(scenario, earlier, &stage.moment(), WHILE_DISTURBED);
            words.push("--force".to_owned());
            let victim = Victim::default();
            // From the seed: after the first write or any other one up to the last.
            let write = if play.verb == Verb::Restore { 2 } else { 1 + u32::try_from(play.seed % 4).unwrap_or(0) };
            stage.cluster().add_fault(Fault::nth_write(write, Effect::After(victim.kill())));
            let began = (stage.version(), stage.running.requests().len());
            let output = victim.run(&mut stage.command(plugin, &words))?;
            stage.cluster().clear_faults();
            commands.push(command(stage, earlier, words, &output, began, (true, false)));
        }
        Verb::Apply(method) => {
            let path = stage.folder.path().join("plan.yaml").display().to_string();
            let words = ["autodetect", "--method", method, "--out", &path].map(str::to_owned);
            let output = stage.run(plugin, &words)?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let digest = said.split("--confirm ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or("none-was-made");
            arguments.splice(1..1, [path, "--confirm".to_owned(), digest.to_owned()]);
        }
        _ => {}
    }
    arguments.extend(play.flags.iter().filter(|flag| takes(play.verb, flag)).map(|flag| (*flag).to_owned()));
    Ok(arguments)
}
