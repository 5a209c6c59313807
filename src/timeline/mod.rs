//! `[Subject] -> Report`: what calico-node did with its time while it started, and why it did not finish.

mod attempt;
mod estimate;
mod fate;
mod findings;
mod phases;
pub mod report;
mod run;
mod subject;

pub use fate::{Fates, of as fates};
pub use run::{Stage, stage};
pub use subject::{Ender, Fate, Recording, Subject, Unread};

use crate::diagnosis::API_VERSION;
use crate::diagnosis::report::{Unseen, Verdict};
use crate::snapshot::Snapshot;
use report::{Attempt, How, KIND, Report, Timeline};

/// Explains logs; the cluster they come from, where it was seen, adds its findings and the lawful place for a change.
pub fn explain(subjects: &[Subject], snapshot: Option<&Snapshot>) -> Report {
    let logs: Vec<Timeline> = subjects.iter().map(timeline).collect();
    let findings = findings::all(subjects, &logs, snapshot);
    let mut unseen: Vec<Unseen> = subjects.iter().flat_map(unread).collect();
    let told = |log: &Timeline| findings.iter().any(|finding| log.node.as_ref().is_some_and(|node| finding.nodes.contains(node)));
    let own = subjects.iter().zip(&logs).filter(|(subject, _)| subject.runs().next().is_some() || subject.init_logs().next().is_none());
    unseen.extend(own.map(|(_, log)| log).filter(|log| !told(log)).filter_map(untold));
    unseen.extend(subjects.iter().filter_map(other_container));
    let verdict = match (findings.is_empty(), unseen.iter().any(|gap| gap.matters)) {
        (false, _) => Verdict::Sick,
        (true, true) => Verdict::Unknown,
        (true, false) => Verdict::Healthy,
    };
    let debug_would_add = debug_would_add(&logs, verdict);
    Report { api_version: API_VERSION.to_owned(), kind: KIND.to_owned(), verdict, logs, findings, unseen, debug_would_add }
}

/// The newest attempt in a log that still grows.
pub fn newest(subject: &Subject) -> Option<Attempt> {
    timeline(subject).attempts.pop()
}

fn timeline(subject: &Subject) -> Timeline {
    let mut row = Timeline {
        from: subject.from.clone(),
        node: subject.node.clone(),
        start_budget_seconds: subject.budget.map(|budget| budget.as_secs().try_into().unwrap_or(u32::MAX)),
        ..Timeline::default()
    };
    let mut before = 0;
    row.lines += subject.init_logs().map(|(_, log)| log.lines).sum::<u64>();
    for recording in subject.runs() {
        let found = &recording.attempts;
        row.lines += found.lines;
        row.attempts_left_out += found.left_out;
        before += found.left_out;
        for (index, seen) in found.attempts.iter().enumerate() {
            before += 1;
            let newest = index + 1 == found.attempts.len();
            let fate = if newest { &recording.fate } else { &Fate::NotKnown };
            row.attempts.push(attempt::of(seen, before, fate, !newest));
            let details = &seen.details;
            // The newest attempt that says it counts.
            for (to, from) in [
                (&mut row.node, &details.node),
                (&mut row.level, &details.level),
                (&mut row.calico_version, &details.version),
                (&mut row.datastore, &details.datastore),
            ] {
                if from.is_some() {
                    to.clone_from(from);
                }
            }
        }
    }
    row.node = subject.node.clone().or(row.node);
    row
}

fn unread(subject: &Subject) -> impl Iterator<Item = Unseen> + '_ {
    subject.unread.iter().map(|unread| Unseen {
        what: unread.what.clone(),
        nodes: subject.node.iter().cloned().collect(),
        why: unread.why.clone(),
        matters: unread.matters,
    })
}

/// A log of an init container alone says nothing of calico-node's own start.
fn other_container(subject: &Subject) -> Option<Unseen> {
    let (container, _) = subject.init_logs().next().filter(|_| subject.runs().next().is_none())?;
    let why = format!("{} is the log of the init container {container}, which runs before calico-node", subject.from);
    Some(Unseen { what: "the log of calico-node".to_owned(), nodes: subject.node.iter().cloned().collect(), why, matters: true })
}

/// A log that does not say how the start ended is no healthy one.
fn untold(log: &Timeline) -> Option<Unseen> {
    let why = match log.attempts.last() {
        None => "no attempt to start is in it".to_owned(),
        Some(Attempt { end, .. }) => match end.how {
            How::Started | How::Exited | How::Killed | How::OutOfMemory => return None,
            How::Running => "it is still starting".to_owned(),
            How::NotKnown => "the log ends before the start does".to_owned(),
        },
    };
    let nodes = log.node.iter().cloned().collect();
    Some(Unseen { what: format!("the end of the start in {}", log.from), nodes, why, matters: true })
}

/// `None` where the log is at DEBUG already, or nothing is left to explain.
fn debug_would_add(logs: &[Timeline], verdict: Verdict) -> Option<String> {
    let terse = |log: &&Timeline| log.level.as_deref() != Some("debug") && log.attempts.iter().any(|attempt| attempt.requests.is_none());
    let needy = logs.iter().filter(terse).filter(|log| log.attempts.iter().any(|attempt| attempt.end.how != How::Started));
    let levels: Vec<&str> = needy.map(|log| log.level.as_deref().unwrap_or("unknown")).collect();
    let level = *levels.first()?;
    Some(match verdict {
        Verdict::Sick if level == "info" => {
            "The log at INFO explains it already. DEBUG would add each request to the datastore and the interfaces \
             that detection looked at."
                .to_owned()
        }
        Verdict::Healthy => return None,
        _ => "A log at DEBUG would tell each request to the datastore, and with that what the start was at when it ended.".to_owned(),
    })
}
