//! One run from its play to its history.

use std::io;
use std::path::Path;
use std::process::Output;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use sim::{Change, Effect, Fault, Hook, Victim, What};

use crate::cluster::{ANNOTATION, Moment, Target, changeable};
use crate::history::{Command, Deletion, History, Version};
use crate::play::{Answer, Disturbance, Play, Verb, When};
use crate::stage::Stage;

/// What one node may take, at most: minutes of the cluster's time.
const TIMEOUT: &str = "8s";
/// A server that does not answer is given up.
const REQUEST_TIMEOUT: &str = "4s";
/// A second signal comes this much later.
const UNDOES: usize = 3;
const AGAIN: Duration = Duration::from_millis(300);

pub fn run(play: &Play, plugin: &Path) -> io::Result<History> {
    let stage = Stage::new(play)?;
    let mut feed = stage.cluster().store.subscribe(stage.version()).map_err(|_| io::Error::other("no feed of the store"))?;
    let before = stage.moment();
    let mut commands = Vec::new();
    let arguments = prepare(&stage, play, plugin, &mut commands)?;
    commands.extend(disturbed(&stage, play, plugin, arguments)?);
    if commands.iter().any(|command| matches!(command.code, None | Some(5))) {
        clear_up(&stage, play, plugin, &mut commands)?;
    }
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

/// What a person does after a kill or exit 5: undo, and again where that did not do.
fn clear_up(stage: &Stage, play: &Play, plugin: &Path, commands: &mut Vec<Command>) -> io::Result<()> {
    let verb = Verb::Undo("");
    let mut words = arguments_of(play.setting.scenario, verb, &stage.moment());
    for _ in 0..UNDOES {
        let began = (stage.version(), stage.running.requests().len());
        let output = stage.run(plugin, &words)?;
        commands.push(command(stage, verb, words.clone(), &output, began, (true, true)));
        match output.status.code() {
            Some(0) => break,
            // What stands against it is named, and who has read it may insist.
            Some(1) if !words.iter().any(|word| word == "--force") => words.push("--force".to_owned()),
            _ => {}
        }
    }
    Ok(())
}

/// Codes of the findings of severity error.
fn errors(document: &[u8]) -> Vec<String> {
    let document: Value = serde_json::from_slice(document).unwrap_or_default();
    let findings = document["findings"].as_array();
    let errors = findings.into_iter().flatten().filter(|finding| finding["severity"] == "error");
    errors.filter_map(|finding| finding["code"].as_str().map(str::to_owned)).collect()
}

/// What the command is about, made while nothing disturbs; and the command's arguments.
fn prepare(stage: &Stage, play: &Play, plugin: &Path, commands: &mut Vec<Command>) -> io::Result<Vec<String>> {
    let scenario = play.setting.scenario;
    let mut arguments = arguments_of(scenario, play.verb, &stage.moment());
    match play.verb {
        Verb::Undo(method) => {
            let earlier = Verb::Autodetect(Some(method));
            let mut words = arguments_of(scenario, earlier, &stage.moment());
            words.push("--force".to_owned());
            let began = (stage.version(), stage.running.requests().len());
            let output = stage.run(plugin, &words)?;
            commands.push(command(stage, earlier, words, &output, began, (true, false)));
        }
        Verb::Restore => {
            let words = arguments_of(scenario, Verb::DebugLog, &stage.moment());
            let victim = Victim::default();
            stage.cluster().add_fault(Fault::nth_write(2, Effect::After(victim.kill())));
            let began = (stage.version(), stage.running.requests().len());
            let output = victim.run(&mut stage.command(plugin, &words))?;
            stage.cluster().clear_faults();
            commands.push(command(stage, Verb::DebugLog, words, &output, began, (true, false)));
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

fn takes(verb: Verb, flag: &str) -> bool {
    match verb {
        Verb::Status => false,
        Verb::DebugLog | Verb::Restore => flag == "--force",
        _ => true,
    }
}

fn arguments_of(scenario: &str, verb: Verb, moment: &Moment) -> Vec<String> {
    let last = moment.nodes.keys().next_back().cloned().unwrap_or_default();
    let words: Vec<&str> = match verb {
        Verb::Autodetect(None) if scenario.ends_with('6') => vec!["autodetect", "--ipv6", "--yes"],
        Verb::Autodetect(None) => vec!["autodetect", "--yes"],
        Verb::Autodetect(Some(method)) => vec!["autodetect", "--method", method, "--yes"],
        Verb::Apply(_) => vec!["apply"],
        Verb::Probes(None) => vec!["probes", "--yes"],
        Verb::Probes(Some(set)) => vec!["probes", "--set", set, "--yes"],
        Verb::DebugLog => vec!["debug-log", "--node", &last, "--attempts", "1", "--yes"],
        Verb::Undo(_) => vec!["undo", "--yes"],
        Verb::Restore => vec!["debug-log", "--restore", "--yes"],
        Verb::Status => vec!["status"],
    };
    let waits: &[&str] = if verb == Verb::Status { &[] } else { &["--timeout", TIMEOUT] };
    words.iter().chain(&["--request-timeout", REQUEST_TIMEOUT]).chain(waits).map(|word| (*word).to_owned()).collect()
}

/// The command and those at the same time, in the order of their ends.
fn disturbed(stage: &Stage, play: &Play, plugin: &Path, arguments: Vec<String>) -> io::Result<Vec<Command>> {
    let victim = Victim::default();
    let ended: Mutex<Vec<Command>> = Mutex::default();
    let alone = !play.disturbances.iter().any(|one| matches!(one, Disturbance::Second { .. }));
    stage.others.reverting.store(true, Ordering::SeqCst);
    let result = thread::scope(|scope| {
        for disturbance in &play.disturbances {
            match disturbance {
                Disturbance::Second { when, verb } => {
                    let (go, come) = std::sync::mpsc::channel();
                    let hook = Hook::new(move |_| {
                        let _ = go.send(());
                    });
                    stage.cluster().add_fault(at(*when, Effect::Before(hook)));
                    let ended = &ended;
                    scope.spawn(move || {
                        // Where the request never comes there is no second command.
                        while come.recv_timeout(Duration::from_millis(50)).is_err() {
                            if !stage.others.reverting.load(Ordering::SeqCst) {
                                return;
                            }
                        }
                        let words = arguments_of(play.setting.scenario, *verb, &stage.moment());
                        let began = (stage.version(), stage.running.requests().len());
                        // A saved plan is the first command's own.
                        let Some(output) = (!matches!(verb, Verb::Apply(_))).then(|| stage.run(plugin, &words).ok()).flatten() else {
                            return;
                        };
                        let second = command(stage, *verb, words, &output, began, (false, false));
                        ended.lock().map(|mut all| all.push(second)).unwrap_or_default();
                    });
                }
                Disturbance::Reverter { millis, times } => {
                    scope.spawn(move || stage.others.revert(Duration::from_millis(*millis), *times));
                }
                other => stage.cluster().add_fault(fault(stage, other, &victim)),
            }
        }
        let began = (stage.version(), stage.running.requests().len());
        let output = victim.run(&mut stage.command(plugin, &arguments));
        let main = output.map(|output| command(stage, play.verb, arguments.clone(), &output, began, (alone, false)));
        stage.others.reverting.store(false, Ordering::SeqCst);
        main.map(|main| ended.lock().map(|mut all| all.push(main)).unwrap_or_default())
    });
    stage.cluster().clear_faults();
    // An outage that began with the last request goes on for a while.
    let outages = play.disturbances.iter().filter_map(|one| match one {
        Disturbance::Outage { millis, .. } => Some(*millis),
        _ => None,
    });
    thread::sleep(Duration::from_millis(outages.max().unwrap_or(0)));
    result?;
    let mut all = ended.into_inner().unwrap_or_default();
    all.sort_by_key(|command| command.ended);
    Ok(all)
}

fn at(when: When, effect: Effect) -> Fault {
    match when {
        When::Request(number) => Fault::nth(number, effect),
        When::Write(number) => Fault::nth_write(number, effect),
    }
}

fn fault(stage: &Stage, disturbance: &Disturbance, victim: &Victim) -> Fault {
    let others = stage.others.clone();
    match disturbance {
        Disturbance::Kill { when, carried_out: true } => at(*when, Effect::After(victim.kill())),
        Disturbance::Kill { when, carried_out: false } => at(*when, Effect::Lost(victim.kill())),
        Disturbance::Signal { when, name, again } => {
            let (victim, name, again) = (victim.clone(), *name, *again);
            let hook = Hook::new(move |request| {
                let send = victim.signal(name);
                send.run(request);
                if again {
                    thread::sleep(AGAIN);
                    send.run(request);
                }
            });
            at(*when, Effect::Before(hook))
        }
        Disturbance::Outage { when, millis } => at(*when, Effect::GoesAway(Duration::from_millis(*millis))),
        Disturbance::Answer { when, answer } => at(
            *when,
            match answer {
                Answer::Status(code) => Effect::Status(*code),
                Answer::TooMany => Effect::TooManyRequests { retry_after: 1 },
                Answer::Reset => Effect::Reset,
                Answer::Truncated => Effect::Truncated,
                Answer::Hang => Effect::Hang,
                Answer::Late => Effect::Latency(Duration::from_millis(900)),
            },
        ),
        Disturbance::Edit { when, edit } => {
            let edit = *edit;
            at(*when, Effect::Before(Hook::new(move |_| others.edit(edit))))
        }
        // Not a fault of a request.
        Disturbance::Second { .. } | Disturbance::Reverter { .. } => Fault::times("", 0, Effect::Latency(Duration::ZERO)),
    }
}

fn command(
    stage: &Stage,
    verb: Verb,
    arguments: Vec<String>,
    output: &Output,
    began: (u64, usize),
    (alone, cleans_up): (bool, bool),
) -> Command {
    let requests = stage.running.requests();
    let wrote = requests.iter().skip(began.1).filter(|request| request.writes());
    Command {
        verb,
        arguments,
        code: output.status.code(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
        began: began.0,
        ended: stage.version(),
        requests: wrote.map(|request| format!("{} {}", request.method, request.path)).collect(),
        alone,
        cleans_up,
        moment: stage.moment(),
    }
}

fn versions(changes: &[Change], target: Target) -> Vec<Version> {
    let (kind, _, name) = target.place();
    let ours = changes.iter().filter(|change| change.kind.kind == kind && change.object.name == name && change.what != What::Deleted);
    let version = |change: &Change| {
        let object = change.value();
        let text = object["metadata"]["annotations"][ANNOTATION].as_str();
        let record = text.map(|text| serde_json::from_str(text).unwrap_or(Value::Null));
        Version { number: change.version, spec: object["spec"].clone(), record }
    };
    ours.map(version).collect()
}

fn deletions(changes: &[Change], before: &Moment, foreign: &[String]) -> Vec<Deletion> {
    let mut found = Vec::new();
    let mut wanted = before.template.clone();
    for change in changes {
        let object = change.value();
        match change.kind.kind {
            "DaemonSet" if change.object.name == "calico-node" => wanted = changeable(&object["spec"]["template"]["spec"]),
            "Pod" if change.object.name.starts_with("calico-node-") => {
                let before = change.before.as_ref().map(|before| before.value());
                let asked = |pod: &Value| pod["metadata"]["deletionTimestamp"].is_string();
                if asked(&object) && !before.is_some_and(|before| asked(&before)) {
                    let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
                    found.push(Deletion {
                        number: change.version,
                        pod: change.object.name.clone(),
                        node: object["spec"]["nodeName"].as_str().unwrap_or_default().to_owned(),
                        foreign: foreign.iter().any(|other| other == uid),
                        template: changeable(&object["spec"]),
                        wanted: wanted.clone(),
                    });
                }
            }
            _ => {}
        }
    }
    found
}
