//! Explains logs of starts: what calico-node did with its time while it started, and why it did not finish.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::startup_log_findings;
use crate::diagnosis::API_VERSION;
use crate::finding::verdict::Verdict;
use crate::finding::{Finding, Gap};
use crate::input_source::InputSource;
use crate::snapshot::Snapshot;
use crate::startup::attempt;
use crate::startup::log_source::{ContainerState, LogSource};
use crate::startup::timeline::{AttemptEnd, AttemptRow, Timeline};

pub const KIND: &str = "StartupTimeline";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartupLogReport {
    /// `calico-fix/v1`
    pub api_version: String,
    /// `StartupTimeline`
    pub kind: String,
    pub verdict: Verdict,
    /// One for each file, or for each node asked about.
    pub logs: Vec<Timeline>,
    /// Worst first.
    pub findings: Vec<Finding>,
    pub unseen: Vec<Gap>,
    /// What a log at DEBUG would add, where it would add anything.
    pub debug_would_add: Option<String>,
    /// The files and pasted texts that this is judged from; empty for a cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<InputSource>,
}

/// Explains logs; the cluster they come from, where it was seen, adds its findings and the right place for a change.
pub fn explain_logs(sources: &[LogSource], snapshot: Option<&Snapshot>) -> StartupLogReport {
    let logs: Vec<Timeline> = sources.iter().map(timeline).collect();
    let findings = startup_log_findings::findings(sources, &logs, snapshot);
    let mut unseen: Vec<Gap> = sources.iter().flat_map(gaps).collect();
    let told = |log: &Timeline| findings.iter().any(|finding| log.node.as_ref().is_some_and(|node| finding.nodes.contains(node)));
    let own = sources.iter().zip(&logs).filter(|(source, _)| source.runs().next().is_some() || source.init_logs().next().is_none());
    unseen.extend(own.map(|(_, log)| log).filter(|log| !told(log)).filter_map(unknown_end));
    unseen.extend(sources.iter().filter_map(other_container));
    let verdict = Verdict::judge(!findings.is_empty(), &unseen);
    let debug_would_add = hint_debug(&logs, verdict);
    let read_from = snapshot.map(|snapshot| snapshot.sources.clone()).unwrap_or_default();
    StartupLogReport {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        verdict,
        logs,
        findings,
        unseen,
        debug_would_add,
        sources: read_from,
    }
}

/// The newest attempt in a log that still grows.
pub fn newest_attempt(source: &LogSource) -> Option<AttemptRow> {
    timeline(source).attempts.pop()
}

fn timeline(source: &LogSource) -> Timeline {
    let mut row = Timeline {
        from: source.from.clone(),
        node: source.node.clone(),
        start_budget_seconds: source.budget.map(|budget| budget.as_secs().try_into().unwrap_or(u32::MAX)),
        ..Timeline::default()
    };
    let mut before = 0;
    row.lines += source.init_logs().map(|(_, log)| log.lines).sum::<u64>();
    for log in source.runs() {
        let found = &log.attempts;
        row.lines += found.lines;
        row.attempts_left_out += found.left_out;
        before += found.left_out;
        for (index, seen) in found.attempts.iter().enumerate() {
            before += 1;
            let newest = index + 1 == found.attempts.len();
            let state = if newest { &log.state } else { &ContainerState::NotKnown };
            row.attempts.push(attempt::attempt_row(seen, before, state, !newest, source.has_tunnel));
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
    row.node = source.node.clone().or(row.node);
    row
}

fn gaps(source: &LogSource) -> impl Iterator<Item = Gap> + '_ {
    source.gaps.iter().map(|gaps| Gap {
        what: gaps.what.clone(),
        nodes: source.node.iter().cloned().collect(),
        why: gaps.why.clone(),
        blocks_healthy: gaps.blocks_healthy,
        passing: false,
    })
}

/// The log of an init container does not tell how calico-node itself starts.
fn other_container(source: &LogSource) -> Option<Gap> {
    let (container, _) = source.init_logs().next().filter(|_| source.runs().next().is_none())?;
    let why = format!("{} is the log of the init container {container}, which runs before calico-node", source.from);
    Some(Gap {
        what: "the log of calico-node".to_owned(),
        nodes: source.node.iter().cloned().collect(),
        why,
        blocks_healthy: true,
        passing: false,
    })
}

/// A log that does not say how the start ended is no healthy one.
fn unknown_end(log: &Timeline) -> Option<Gap> {
    let why = match log.attempts.last() {
        None => "the log shows no attempt to start".to_owned(),
        Some(AttemptRow { end, .. }) => match end.how {
            AttemptEnd::Started | AttemptEnd::Exited | AttemptEnd::Killed | AttemptEnd::OutOfMemory => return None,
            AttemptEnd::Running => "it is still starting".to_owned(),
            AttemptEnd::NotKnown => "the log ends before the start does".to_owned(),
        },
    };
    let nodes = log.node.iter().cloned().collect();
    Some(Gap { what: format!("the end of the start in {}", log.from), nodes, why, blocks_healthy: true, passing: false })
}

/// `None` where the log is at DEBUG already, or nothing is left to explain.
fn hint_debug(logs: &[Timeline], verdict: Verdict) -> Option<String> {
    let terse = |log: &&Timeline| log.level.as_deref() != Some("debug") && log.attempts.iter().any(|attempt| attempt.requests.is_none());
    let needy = logs.iter().filter(terse).filter(|log| log.attempts.iter().any(|attempt| attempt.end.how != AttemptEnd::Started));
    let levels: Vec<&str> = needy.map(|log| log.level.as_deref().unwrap_or("unknown")).collect();
    let level = *levels.first()?;
    Some(match verdict {
        Verdict::Sick if level == "info" => {
            "The log at INFO explains the problem. DEBUG adds each request to the datastore and the interfaces that \
             detection checked."
                .to_owned()
        }
        Verdict::Healthy => return None,
        _ => "A log at DEBUG shows each request to the datastore, and so what calico-node was doing when its start ended.".to_owned(),
    })
}
