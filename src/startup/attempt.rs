//! One attempt in a log: how it ended, where the time went, its requests and its detection.

use super::log_source::{ContainerState, EndCause};
use super::timeline::{
    AttemptEnd, AttemptRow, ChosenAddress, DetectionRow, EndRow, InterfaceRow, LastWords, NodeReadCounts, RequestCounts,
};
use super::{estimate, phases};
use crate::calico::startup_log::{self, Outcome};
use crate::calico::virtual_interfaces;
use crate::model::phrases::made;
use crate::snapshot::inspection::LogEventKind;

/// Seconds: a log that ends without an end of its own after this long counts as killed. No probe in use kills sooner.
const KILLED_AFTER: f64 = 20.0;

/// `followed`: the same log goes on with another attempt.
pub fn attempt_row(
    seen: &startup_log::Attempt,
    number: u64,
    state: &ContainerState,
    followed: bool,
    has_tunnel: Option<bool>,
) -> AttemptRow {
    let end = end(seen, state, followed);
    let ended = seen.details.last.as_ref().and_then(|last| last.at).or(seen.log.last);
    AttemptRow {
        number,
        began: seen.log.first,
        phases: phases::phase_rows(seen, ended),
        last: (end.how != AttemptEnd::Started).then(|| last(seen)).flatten(),
        requests: requests(seen),
        detection: detection(seen),
        needs: estimate::estimate(seen, has_tunnel),
        end,
    }
}

fn end(seen: &startup_log::Attempt, state: &ContainerState, followed: bool) -> EndRow {
    let lasted = seen.log.first.zip(seen.log.last).map(|(first, last)| phases::seconds(first, last));
    let at = |how, why: Option<&str>, certain| EndRow { how, after_seconds: lasted, why: why.map(str::to_owned), certain };
    match startup_log::outcome(&seen.log) {
        Outcome::Started => {
            let after = startup_log::started_after(&seen.log).map(|took| took.as_secs_f64());
            EndRow { after_seconds: after, ..at(AttemptEnd::Started, None, true) }
        }
        Outcome::Exited { mark } => {
            let why = startup_log::exit_reason(&seen.log).map_or(mark.text, |reason| reason.outlook());
            at(AttemptEnd::Exited, Some(&why), true)
        }
        Outcome::CutOff if !begins(seen) => at(AttemptEnd::NotKnown, Some("the log shows no start"), false),
        Outcome::CutOff if followed => at(AttemptEnd::Killed, Some("the log stops without an error and another attempt follows"), true),
        Outcome::CutOff => match state {
            ContainerState::Running => at(AttemptEnd::Running, None, true),
            ContainerState::Ended { lived, by } => {
                let (how, why) = match by {
                    EndCause::Liveness => (AttemptEnd::Killed, "the kubelet reports that its liveness probe failed".to_owned()),
                    EndCause::Startup => (AttemptEnd::Killed, "the kubelet reports that its startup probe failed".to_owned()),
                    EndCause::OutOfMemory => (AttemptEnd::OutOfMemory, "the container ran out of memory".to_owned()),
                    EndCause::Exited { code } => {
                        (AttemptEnd::Exited, format!("the container exited with code {code}, and its log has no error message"))
                    }
                    EndCause::Unknown => (AttemptEnd::Killed, "the container ended, and its log has no error message".to_owned()),
                };
                EndRow { after_seconds: lived.map(|lived| lived.as_secs_f64()).or(lasted), ..at(how, Some(&why), true) }
            }
            ContainerState::NotKnown if seen.log.complete && lasted.is_some_and(|lasted| lasted >= KILLED_AFTER) => {
                at(AttemptEnd::Killed, Some("the log stops before the start finished, without \"Terminating\""), false)
            }
            ContainerState::NotKnown => at(AttemptEnd::NotKnown, Some("the log stops before the start finished"), false),
        },
    }
}

/// A later piece of a log tells nothing of a start.
fn begins(seen: &startup_log::Attempt) -> bool {
    use LogEventKind::*;
    let of_a_start = |kind| {
        matches!(kind, LogLevel | Starting | DatastoreCheck | DatastoreSkipped | DatastoreRetry | ConflictCheck | NodeName | TunnelAddress)
    };
    seen.log.marks.iter().any(|mark| of_a_start(mark.kind))
}

fn last(seen: &startup_log::Attempt) -> Option<LastWords> {
    let phase = phases::current_phase(seen);
    let said = seen.details.last.as_ref().map(|last| (last.at, last.text.clone()));
    let (at, text) = said.or_else(|| seen.log.marks.last().map(|mark| (mark.at, mark.text.clone())))?;
    Some(LastWords { phase, at, text })
}

fn requests(seen: &startup_log::Attempt) -> Option<RequestCounts> {
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
    let nodes = (check.reads > 0).then(|| NodeReadCounts {
        listed: Some(check.listed.count() as u64).filter(|count| *count > 0),
        read: check.finished() as u64,
        reads_per_node: check.each().map(tenth),
        reads_per_second: rate(check.reads, span(check.began, check.last)),
        last_node: check.node.as_deref().map(|node| crate::text::bounded::clean(node, 253)),
    });
    Some(RequestCounts { reads: asked.reads, writes: asked.writes, per_second: rate(asked.count(), span(asked.first, asked.last)), nodes })
}

fn detection(seen: &startup_log::Attempt) -> DetectionRow {
    let mut chosen: Vec<ChosenAddress> = Vec::new();
    for found in seen.log.marks.iter().filter_map(startup_log::detection) {
        let made = found.interface.as_deref().and_then(|name| virtual_interfaces::describe(name, None)).map(made);
        let one = ChosenAddress { address: found.cidr(), interface: found.interface, made };
        if !chosen.contains(&one) {
            chosen.push(one);
        }
    }
    let looked = seen.details.interfaces.iter();
    let interfaces = looked.map(|one| InterfaceRow { name: one.name.clone(), addresses: one.addresses.clone() }).collect::<Vec<_>>();
    DetectionRow {
        chosen,
        kept_old: seen.log.marks.iter().any(|mark| mark.kind == LogEventKind::AutodetectKept),
        interfaces: (!interfaces.is_empty()).then_some(interfaces),
    }
}
