//! Logs without a cluster: files, and what a snapshot has kept.

use std::path::PathBuf;

use crate::calico::startup_log::{Attempt, Attempts, Details};
use crate::exit::Failure;
use crate::import;
use crate::import::log::LogError;
use crate::observed::Observed;
use crate::snapshot::Snapshot;
use crate::snapshot::inspection::{NodeLogs, StartupLog};
use crate::startup::container_state::{ContainerStates, container_states};
use crate::startup::log_source::{ContainerLog, ContainerState, LogGap, LogSource};

use super::Logs;
use super::save::Place;
use crate::commands::node_selection::NodeSelection;
use crate::commands::source;

pub(super) fn read(files: &[PathBuf], place: &Place) -> Result<Logs, Failure> {
    place.suits(files.len())?;
    let mut subjects = Vec::new();
    for path in files {
        let name = if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() };
        let mut saving = place.begin(&path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default())?;
        let read = import::log::read(path, &mut std::io::stdin().lock(), &mut |chunk| saving.push(chunk));
        place.end(saving, read.is_ok())?;
        for log in read? {
            let whose = log.pod.or(log.host).map_or_else(|| name.clone(), |whose| format!("{name}: {whose}"));
            subjects.push(LogSource::from_file(whose, log.attempts));
        }
    }
    Ok(Logs { subjects, snapshot: None })
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        Self::ReadFailed { message: format!("error: {error}"), hint: Some(error.hint().to_owned()) }
    }
}

/// A snapshot holds the known lines of each container's last attempt.
pub(super) fn from_snapshot(files: &[PathBuf], selection: &NodeSelection) -> Result<Logs, Failure> {
    let snapshot = source::load(files, selection.only())?;
    let wanted = selection.resolve(&snapshot)?.unwrap_or_default();
    let named = wanted.iter().filter(|_| matches!(selection, NodeSelection::Names(_)));
    if let Some(missing) = named.into_iter().find(|node| !snapshot.logs.contains_key(*node)) {
        let message = format!("error: no log of a node {missing:?} is in it");
        let known: Vec<&String> = snapshot.logs.keys().collect();
        return Err(Failure::ReadFailed { message, hint: Some(format!("It has logs of: {}", crate::text::list(&known, 10))) });
    }
    if snapshot.logs.is_empty() {
        let hint = "Only logs of nodes in trouble are kept: kubectl calico-fix status --logs --save FILE keeps all.".to_owned();
        return Err(Failure::ReadFailed { message: "error: no logs are in it".to_owned(), hint: Some(hint) });
    }
    let kept = snapshot.logs.iter().filter(|(node, _)| wanted.is_empty() || wanted.contains(*node));
    let subjects = kept.map(|(node, logs)| kept_of(&snapshot, node, logs)).collect();
    Ok(Logs { subjects, snapshot: Some(snapshot) })
}

fn kept_of(snapshot: &Snapshot, node: &str, logs: &NodeLogs) -> LogSource {
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
