//! One attempt: how it ended, where the time went, what it asked and what it saw.

use super::report::{Attempt, Chosen, Detection, End, How, Interface, Last, NodeReads, Requests};
use super::subject::{Ender, Fate};
use super::{estimate, phases};
use crate::calico::startup_log::{self, Outcome};
use crate::calico::virtual_interfaces;
use crate::diagnosis::made_by;
use crate::snapshot::inside::MarkKind;

/// Of a log without an end and without anyone who saw it: no probe in use kills sooner, and a reader seldom comes at such a moment.
const KILLED_AFTER: f64 = 20.0;

/// `followed`: the same log goes on with another attempt.
pub fn of(seen: &startup_log::Attempt, number: u64, fate: &Fate, followed: bool) -> Attempt {
    let end = end(seen, fate, followed);
    let ended = seen.details.last.as_ref().and_then(|last| last.at).or(seen.log.last);
    Attempt {
        number,
        began: seen.log.first,
        phases: phases::all(seen, ended),
        last: (end.how != How::Started).then(|| last(seen)).flatten(),
        requests: requests(seen),
        detection: detection(seen),
        needs: estimate::need(seen),
        end,
    }
}

fn end(seen: &startup_log::Attempt, fate: &Fate, followed: bool) -> End {
    let lasted = seen.log.first.zip(seen.log.last).map(|(first, last)| phases::seconds(first, last));
    let at = |how, why: Option<&str>, certain| End { how, after_seconds: lasted, why: why.map(str::to_owned), certain };
    match startup_log::outcome(&seen.log) {
        Outcome::Started => {
            let after = startup_log::started_after(&seen.log).map(|took| took.as_secs_f64());
            End { after_seconds: after, ..at(How::Started, None, true) }
        }
        Outcome::Exited { mark } => {
            let why = startup_log::exit_reason(&seen.log).map_or(mark.text, |reason| reason.outlook());
            at(How::Exited, Some(&why), true)
        }
        Outcome::CutOff if !begins(seen) => at(How::NotKnown, Some("no line of a start is in it"), false),
        Outcome::CutOff if followed => at(How::Killed, Some("it ends without a word, and another attempt follows"), true),
        Outcome::CutOff => match fate {
            Fate::Running => at(How::Running, None, true),
            Fate::Ended { lived, by } => {
                let (how, why) = match by {
                    Ender::Liveness => (How::Killed, Some("the kubelet says that it failed its liveness probe")),
                    Ender::Startup => (How::Killed, Some("the kubelet says that it failed its startup probe")),
                    Ender::OutOfMemory => (How::OutOfMemory, Some("the container had no memory left")),
                    Ender::Other => (How::Killed, Some("its container ended without a word")),
                };
                End { after_seconds: lived.map(|lived| lived.as_secs_f64()).or(lasted), ..at(how, why, true) }
            }
            Fate::NotKnown if seen.log.complete && lasted.is_some_and(|lasted| lasted >= KILLED_AFTER) => {
                at(How::Killed, Some("the log ends in mid-work, without \"Terminating\""), false)
            }
            Fate::NotKnown => at(How::NotKnown, Some("the log ends in mid-work"), false),
        },
    }
}

/// A later piece of a log tells nothing of a start.
fn begins(seen: &startup_log::Attempt) -> bool {
    use MarkKind::*;
    let of_a_start = |kind| {
        matches!(kind, LogLevel | Starting | DatastoreCheck | DatastoreSkipped | DatastoreRetry | ConflictCheck | NodeName | TunnelAddress)
    };
    seen.log.marks.iter().any(|mark| of_a_start(mark.kind))
}

fn last(seen: &startup_log::Attempt) -> Option<Last> {
    let phase = phases::current(seen);
    let said = seen.details.last.as_ref().map(|last| (last.at, last.text.clone()));
    let (at, text) = said.or_else(|| seen.log.marks.last().map(|mark| (mark.at, mark.text.clone())))?;
    Some(Last { phase, at, text })
}

fn requests(seen: &startup_log::Attempt) -> Option<Requests> {
    let asked = &seen.details.requests;
    if asked.count() == 0 {
        return None;
    }
    let span = |first: Option<jiff::Timestamp>, last: Option<jiff::Timestamp>| {
        first.zip(last).map(|(first, last)| phases::seconds(first, last)).filter(|span| *span > 0.0)
    };
    let tenth = |number: f64| (number * 10.0).round() / 10.0;
    let rate = |count: u64, over: Option<f64>| over.map(|over| tenth(count as f64 / over));
    let check = &asked.check;
    let nodes = (check.reads > 0).then(|| NodeReads {
        listed: Some(check.listed.count() as u64).filter(|count| *count > 0),
        read: check.finished() as u64,
        reads_per_node: check.each().map(tenth),
        reads_per_second: rate(check.reads, span(check.began, check.last)),
        last_node: check.node.as_deref().map(|node| crate::text::bounded::clean(node, 253)),
    });
    Some(Requests { reads: asked.reads, writes: asked.writes, per_second: rate(asked.count(), span(asked.first, asked.last)), nodes })
}

fn detection(seen: &startup_log::Attempt) -> Detection {
    let mut chosen: Vec<Chosen> = Vec::new();
    for found in seen.log.marks.iter().filter_map(startup_log::detection) {
        let made = found.interface.as_deref().and_then(|name| virtual_interfaces::describe(name, None)).map(made_by);
        let one = Chosen { address: found.cidr(), interface: found.interface, made };
        if !chosen.contains(&one) {
            chosen.push(one);
        }
    }
    let looked = seen.details.interfaces.iter();
    let interfaces = looked.map(|one| Interface { name: one.name.clone(), addresses: one.addresses.clone() }).collect::<Vec<_>>();
    Detection {
        chosen,
        kept_old: seen.log.marks.iter().any(|mark| mark.kind == MarkKind::AutodetectKept),
        interfaces: (!interfaces.is_empty()).then_some(interfaces),
    }
}
