//! The command under its faults, and those who act at the same time.

use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use sim::{Effect, Fault, Hook, Victim, Webhook};

use crate::arguments::{WHILE_DISTURBED, arguments_of};
use crate::history::Command;
use crate::observe::command;
use crate::play::{Answer, Disturbance, Play, Verb, When};
use crate::stage::Stage;

/// A second signal comes this much later.
const AGAIN: Duration = Duration::from_millis(300);

/// The command and those at the same time, in the order of their ends.
pub(crate) fn disturbed(stage: &Stage, play: &Play, plugin: &Path, arguments: Vec<String>) -> io::Result<Vec<Command>> {
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
                        let words = arguments_of(play.setting.scenario, *verb, &stage.moment(), WHILE_DISTURBED);
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
    stage.cluster().clear_webhooks();
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
        Disturbance::Policy { when, code, millis } => {
            let (cluster, kind, code, millis) = (stage.cluster().clone(), stage.target.place().0, *code, *millis);
            let hook = Hook::new(move |_| {
                cluster.add_webhook(Webhook::denying("policy.example", kind, code, "no change is allowed now"));
                let cluster = cluster.clone();
                thread::spawn(move || {
                    thread::sleep(Duration::from_millis(millis));
                    cluster.clear_webhooks();
                });
            });
            at(*when, Effect::Before(hook))
        }
        // Not a fault of a request.
        Disturbance::Second { .. } | Disturbance::Reverter { .. } => Fault::times("", 0, Effect::Latency(Duration::ZERO)),
    }
}
