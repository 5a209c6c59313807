//! What must hold of every history, whatever happened in it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::cluster::Target;
use crate::history::{Command, Deletion, History};
use crate::play::{Edit, Verb};

/// One rule: its name, and what breaks it, if anything.
type Invariant = (&'static str, fn(&History) -> Option<String>);

pub(crate) const INVARIANTS: [Invariant; 13] = [
    ("documented exit codes", documented_codes),
    ("no panic", no_panic),
    ("what only reads writes nothing", reads_alone),
    ("exit 0 means exactly the new value", new_value),
    ("a change that was not made, or was taken back, leaves the spec as others have it", taken_back),
    ("no strategy and no open record of ours stays behind", nothing_left),
    ("after a kill or exit 5 undo restores everything", restored),
    ("others' edits survive", others_survive),
    ("every node has the template that the command ended with", nodes_follow),
    ("no pod with the right template is replaced", no_needless_restart),
    ("no pod restarts that was not announced", no_unannounced_restart),
    ("no node is worse than before", not_worse),
    ("what is said is true", truthful),
];

/// Every rule that is broken: its name, and how.
pub(crate) fn violations(history: &History) -> Vec<(&'static str, String)> {
    INVARIANTS.iter().filter_map(|(name, broken)| Some((*name, broken(history)?))).collect()
}

/// 70 is a mistake of the program, and so is 2: no command of a play is mistyped.
const CODES: [i32; 6] = [0, 1, 3, 4, 5, 130];

fn documented_codes(history: &History) -> Option<String> {
    let codes = history.commands.iter().filter_map(|command| command.code.map(|code| (command, code)));
    codes.filter(|(_, code)| !CODES.contains(code)).map(|(command, code)| format!("{} ended with {code}", command.line())).next()
}

fn no_panic(history: &History) -> Option<String> {
    let panicked = |command: &&Command| command.err.contains("internal error") || command.err.contains("panicked");
    history.commands.iter().find(panicked).map(|command| format!("{}: {}", command.line(), command.err))
}

fn reads_alone(history: &History) -> Option<String> {
    let writes = |command: &&Command| command.verb.only_reads() && command.alone && !command.requests.is_empty();
    history.commands.iter().find(writes).map(|command| format!("{} sent {:?}", command.line(), command.requests))
}

fn new_value(history: &History) -> Option<String> {
    history.commands.iter().filter(|command| command.code == Some(0)).find_map(|command| {
        let (version, _) = history.verified(command)?;
        let method = command.verb.method()?;
        let found = history.target.method(&version.spec);
        (found.as_deref() != Some(method)).then(|| format!("{}: the method is {found:?} where the record was closed", command.line()))
    })
}

/// Values that stood there before this command, by others or by an earlier change that was verified.
fn earlier_values(history: &History, command: &Command) -> Vec<Value> {
    let target = history.target;
    let earlier = history.commands.iter().filter(|other| other.ended <= command.began || !other.alone);
    let verified = earlier.filter_map(|other| Some(target.split(&history.verified(other)?.0.spec).0));
    let mut values: Vec<Value> = verified.collect();
    values.push(target.split(history.shadow(command.ended)).0);
    // Who insists on an undo overwrites what somebody set meanwhile.
    if command.arguments.iter().any(|word| word == "--force") && history.has(&[Edit::SameSetting]) {
        values.push(target.split(&history.before.spec).0);
    }
    values
}

fn taken_back(history: &History) -> Option<String> {
    let changes = |command: &&Command| !command.verb.only_reads() && command.alone;
    history.commands.iter().filter(changes).find_map(|command| {
        let back = match (command.verb, command.code) {
            (Verb::DebugLog | Verb::Undo(_) | Verb::Restore, Some(0 | 3)) | (_, Some(1 | 4 | 130)) => true,
            (_, code) => code == Some(3),
        };
        let unfinished = history.commands.iter().any(|other| other.ended <= command.began && matches!(other.code, None | Some(5)));
        // What is resumed and then rolled back is rolled back whole.
        if !back || (unfinished && !matches!(command.code, Some(0 | 4))) {
            return None;
        }
        let owned = history.target.split(&command.moment.spec).0;
        let allowed = earlier_values(history, command);
        (!allowed.contains(&owned)).then(|| format!("{} ended with {:?} and left {owned}, not {allowed:?}", command.line(), command.code))
    })
}

fn nothing_left(history: &History) -> Option<String> {
    let strategy = |spec: &Value| spec["updateStrategy"].clone();
    history.commands.iter().filter(|command| command.alone && matches!(command.code, Some(0 | 1 | 3 | 4 | 130))).find_map(|command| {
        let unfinished = history.commands.iter().any(|other| other.ended <= command.began && matches!(other.code, None | Some(5)));
        if unfinished && !matches!(command.code, Some(0 | 4)) || command.verb.only_reads() {
            return None;
        }
        let (found, wanted) = (strategy(&command.moment.spec), strategy(history.shadow(command.ended)));
        if found != wanted {
            return Some(format!("{} ended with {:?}, and the strategy is {found}, not {wanted}", command.line(), command.code));
        }
        let record = command.moment.record.as_ref().filter(|_| !history.has(&[Edit::RecordForged]))?;
        let open = !record.contains("\"phase\":\"done\"");
        open.then(|| format!("{} ended with {:?} and left {record}", command.line(), command.code))
    })
}

fn restored(history: &History) -> Option<String> {
    if !history.commands.iter().any(|command| !command.cleans_up && matches!(command.code, None | Some(5))) {
        return None;
    }
    let last = history.commands.last()?;
    // The operator replaces the pods, and waits for a node whose kubelet is gone: the values are restored, and that is what is said.
    let waits = matches!(history.target, Target::Installation)
        && history.after.nodes.values().any(|node| node.dead)
        && last.err.contains("nodes whose kubelet is gone use up maxUnavailable");
    if !last.cleans_up || !(last.code == Some(0) || last.code == Some(5) && waits) {
        return Some(format!("{} ended with {:?}: {}", last.line(), last.code, last.err));
    }
    let owned = history.target.split(&last.moment.spec).0;
    let allowed = earlier_values(history, last);
    (!allowed.contains(&owned)).then(|| format!("{} ended with 0 and left {owned}, not {allowed:?}", last.line()))
}

fn others_survive(history: &History) -> Option<String> {
    let (found, wanted) = (history.target.split(&history.after.spec).1, history.target.split(history.shadow(u64::MAX)).1);
    if found != wanted {
        return Some(format!("the rest of the spec is {}", difference(&found, &wanted)));
    }
    let cordoned = history.has(&[Edit::Cordon]) && !history.after.nodes.values().any(|node| node.cordoned);
    cordoned.then(|| "a node that somebody cordoned is not cordoned any more".to_owned())
}

/// Under the user's own OnDelete, somebody else's change of the template waits for whoever made it.
fn nodes_follow(history: &History) -> Option<String> {
    let last = history.commands.iter().rfind(|command| !command.verb.only_reads())?;
    let made = history.commands.iter().any(|command| history.records(command).next().is_some());
    if !made || last.code != Some(0) || last.is_quiet() || history.edits.iter().any(|edit| edit.changes_template()) {
        return None;
    }
    let stale = history.after.nodes.iter().filter(|(_, node)| !node.dead && node.template != history.after.template);
    let stale: Vec<&String> = stale.map(|(name, _)| name).collect();
    (!stale.is_empty()).then(|| format!("{} ended with 0, and {stale:?} run another template", last.line()))
}

/// Between the look and the deletion somebody may have changed the template.
const RACE: u64 = 60;

fn no_needless_restart(history: &History) -> Option<String> {
    let raced = |number: u64| history.edits.iter().any(|edit| edit.number <= number && edit.number + RACE > number);
    let alone = history.commands.iter().all(|command| command.alone);
    let needless = history.deletions.iter().filter(|deletion| alone && !deletion.foreign && history.is_ours(deletion));
    let mut needless = needless.filter(|deletion| deletion.template == deletion.wanted && !raced(deletion.number));
    needless.next().map(|deletion| format!("{} on {} had the DaemonSet's template and was deleted", deletion.pod, deletion.node))
}

fn no_unannounced_restart(history: &History) -> Option<String> {
    if history.edits.iter().any(|edit| edit.changes_template()) {
        return None;
    }
    history.commands.iter().filter(|command| command.alone).find_map(|command| {
        let during = || history.deletions.iter().filter(|one| one.number > command.began && one.number <= command.ended);
        // A pod that somebody deletes meanwhile comes back with the change, and has to go once more where that is taken back.
        let brought = |one: &Deletion| during().any(|other| other.foreign && other.node == one.node && other.number < one.number);
        let ours = during().filter(|one| !one.foreign && !brought(one));
        let nodes: BTreeSet<&str> = ours.map(|deletion| deletion.node.as_str()).collect();
        let announced: BTreeSet<&str> = match command.verb {
            Verb::DebugLog => command.arguments.iter().skip_while(|word| *word != "--node").skip(1).take(1).map(String::as_str).collect(),
            Verb::Undo(_) | Verb::Restore => return None,
            _ => {
                let all = history.records(command).any(|(_, record)| record["phase"] == "rolling" || record["phase"] == "done");
                let unfinished = history.commands.iter().any(|other| other.ended <= command.began && other.code != Some(0));
                let canary = history.records(command).filter_map(|(_, record)| record["canary"].as_str()).next_back();
                match canary {
                    _ if all || unfinished => return None,
                    Some(canary) => [canary].into(),
                    None if history.records(command).next().is_some() => return None,
                    None => BTreeSet::new(),
                }
            }
        };
        let more: Vec<&&str> = nodes.difference(&announced).collect();
        (!more.is_empty()).then(|| format!("{} restarted {more:?}, and announced {announced:?}", command.line()))
    })
}

/// But for a change that was forced and not watched: who asks for that gets it.
fn not_worse(history: &History) -> Option<String> {
    let forced = |command: &Command| command.arguments.iter().any(|word| word == "--force");
    let sent = |command: &&Command| command.arguments.iter().any(|word| word == "--no-wait") && command.code == Some(0);
    if history.commands.iter().filter(sent).any(forced) {
        return None;
    }
    let worse = history.after.worsened(&history.before);
    let worse: Vec<String> = worse.iter().map(|name| format!("{name} {:?}", history.after.nodes[*name].pods)).collect();
    (!worse.is_empty()).then(|| format!("sound before, and not now: {worse:?}"))
}

const NOTHING: [&str; 4] = ["nothing was changed", "nothing to undo", "nothing to change", "nothing to resume"];

fn truthful(history: &History) -> Option<String> {
    for command in history.commands.iter().filter(|command| command.alone && command.code.is_some()) {
        if let Some(said) = NOTHING.iter().find(|said| command.err.contains(**said))
            && history.wrote(command)
        {
            return Some(format!("{} says \"{said}\" and wrote {:?}", command.line(), command.requests));
        }
        let left = command.moment.record.is_some() && !history.has(&[Edit::RecordForged]);
        if command.err.contains("nothing to undo") && left {
            return Some(format!("{} says \"nothing to undo\" beside {:?}", command.line(), command.moment.record));
        }
        let open = command.moment.record.as_ref().is_some_and(|record| !record.contains("\"phase\":\"done\""));
        if command.err.contains("nothing to resume") && open && !history.has(&[Edit::RecordForged]) {
            return Some(format!("{} says \"nothing to resume\" beside {:?}", command.line(), command.moment.record));
        }
        let cured = history.incident && command.code == Some(0) && command.verb == Verb::Autodetect(None) && !command.is_quiet();
        let last = command.moment.nodes.iter().next_back().filter(|(_, node)| !node.dead && !node.is_sound());
        if let (true, Some(_), Some((name, _))) = (cured, history.verified(command), last)
            && !history.edited_after(command.began)
        {
            return Some(format!("{} is verified, and {name} is not sound", command.line()));
        }
    }
    let (code, errors) = &history.status;
    let sick: Vec<&String> = history.after.nodes.iter().filter(|(_, node)| !node.is_sound()).map(|(name, _)| name).collect();
    let open = history.after.record.as_ref().is_some_and(|record| !record.contains("\"phase\":\"done\""));
    match code {
        Some(0) if !sick.is_empty() => Some(format!("status says healthy, and {sick:?} are not sound")),
        Some(0) if open => Some(format!("status says healthy, and a change is open: {:?}", history.after.record)),
        Some(_) if sick.is_empty() && !errors.is_empty() => Some(format!("status says {errors:?}, and every node is sound")),
        _ => None,
    }
}

/// The first path at which two values differ.
fn difference(found: &Value, wanted: &Value) -> String {
    match (found, wanted) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            let differs = keys.into_iter().find(|key| one.get(*key) != other.get(*key));
            differs.map_or_else(String::new, |key| format!("{key}.{}", difference(&found[key], &wanted[key])))
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let at = (0..one.len()).find(|at| one[*at] != other[*at]).unwrap_or_default();
            format!("{at}.{}", difference(&one[at], &other[at]))
        }
        _ => format!(" {found}, not {wanted}"),
    }
}
