//! The logs that a snapshot has kept: the known lines of each container's last attempt.

use super::container_state::{ContainerStates, container_states};
use super::log_source::{ContainerLog, ContainerState, LogGap, LogSource};
use crate::calico::startup_log::{Attempt, Attempts, Details};
use crate::observed::Observed;
use crate::snapshot::Snapshot;
use crate::snapshot::inspection::{NodeLogs, StartupLog};

/// By the node's name; without those that `is_wanted` leaves out.
pub fn saved_logs(snapshot: &Snapshot, is_wanted: impl Fn(&str) -> bool) -> Vec<LogSource> {
    snapshot.logs.iter().filter(|(node, _)| is_wanted(node)).map(|(node, logs)| saved_log(snapshot, node, logs)).collect()
}

fn saved_log(snapshot: &Snapshot, node: &str, logs: &NodeLogs) -> LogSource {
    let pod = snapshot.pods.seen().into_iter().flatten().find(|pod| pod.spec.node_name.as_deref() == Some(node));
    let told = pod.map(|pod| container_states(pod, snapshot.events.seen().map_or(&[], Vec::as_slice)));
    let states = told.unwrap_or(ContainerStates { current: ContainerState::NotKnown, previous: ContainerState::NotKnown, same_log: false });
    let mut subject = LogSource::for_node(snapshot, node);
    subject.from = pod.map_or_else(|| node.to_owned(), |pod| pod.metadata.name.clone());
    for (log, state, what) in [(&logs.previous, states.previous, "the previous log"), (&logs.current, states.current, "the log")] {
        match log {
            // In back-off both are the same.
            Observed::Seen(_) if states.same_log && what == "the log" && logs.previous.seen() == log.seen() => {}
            Observed::Seen(log) => subject.logs.push(ContainerLog { attempts: of_digest(log), state }),
            Observed::Absent | Observed::NotAsked => {}
            other => {
                let why = other.why_not().unwrap_or_default().to_owned();
                subject.gaps.push(LogGap { what: what.to_owned(), why, blocks_healthy: true });
            }
        }
    }
    for (container, log) in &logs.init {
        match log {
            Observed::Seen(log) => {
                let attempts = Attempts {
                    init: Some((container.clone(), log.clone())),
                    lines: log.lines,
                    recognised_lines: log.lines,
                    ..Attempts::default()
                };
                subject.logs.push(ContainerLog { attempts, state: ContainerState::NotKnown });
            }
            Observed::Absent | Observed::NotAsked => {}
            other => {
                let why = other.why_not().unwrap_or_default().to_owned();
                subject.gaps.push(LogGap { what: format!("the log of {container}"), why, blocks_healthy: true });
            }
        }
    }
    subject
}

fn of_digest(log: &StartupLog) -> Attempts {
    let attempt = Attempt { log: log.clone(), details: Details::of_marks(log) };
    Attempts { attempts: vec![attempt], lines: log.lines, recognised_lines: log.lines, ..Attempts::default() }
}
