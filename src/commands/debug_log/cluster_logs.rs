//! Reads the logs of a cluster as streams: of chosen nodes, or of those in trouble.

use std::cmp::Reverse;

use crate::calico::startup_log::{Reader, is_gone};
use crate::cli::connection::ConnectionFlags;
use crate::cli::debug_log::DebugLogArgs;
use crate::cluster::log_stream::{self, Which};
use crate::cluster::{Connection, LogSelection, Progress, ReadOptions, TerminalProgress, connect, read_cluster};
use crate::exit::Failure;
use crate::import::log::ATTEMPTS;
use crate::observed::Observed;
use crate::snapshot::Snapshot;
use crate::snapshot::inspection::NodeLogs;
use crate::snapshot::objects::Pod;
use crate::startup::container_state::container_states;
use crate::startup::log_source::{ContainerLog, ContainerState, LogGap, LogSource};

use super::save::Place;
use crate::commands::node_selection::NodeSelection;
use crate::commands::source::ClusterHandle;
use crate::verb::Verb;

/// Enough to recognise the kubelet's own sentence.
const HEAD: usize = 64;

/// Named in audit logs.
pub(super) const VERB: Verb = Verb::DebugLog;

/// The logs of a cluster, and the connection to it.
pub(super) struct Live {
    pub subjects: Vec<LogSource>,
    pub snapshot: Snapshot,
    pub way: ClusterHandle,
    /// Why they were not saved: one file takes one log.
    pub unsaved: Option<Failure>,
}

/// `may_go_on`: these may not be the last logs, nor those that are to be saved.
pub(super) async fn read(flags: &ConnectionFlags, arguments: &DebugLogArgs, place: &Place, may_go_on: bool) -> Result<Live, Failure> {
    let connection = connect(flags, VERB).await?;
    let selection = super::selection(arguments)?;
    let asked = asked(flags, arguments, &selection);
    let bar = TerminalProgress::stderr();
    let mut snapshot = read_cluster(&connection, &asked, &bar).await?;
    let pods = chosen(&snapshot, &selection)?;
    let logs = pods.iter().map(|pod| if has_previous(pod) { 2 } else { 1 }).sum();
    let nowhere = Place::nowhere();
    let (place, unsaved) = match place.suits(logs) {
        Ok(()) => (place, None),
        Err(failure) if may_go_on => (&nowhere, Some(failure)),
        Err(failure) => return Err(failure),
    };
    bar.begin("Reading logs", Some(logs as u64));
    let mut subjects = Vec::new();
    for pod in &pods {
        let read = of_pod(&connection, &snapshot, pod, place, &bar).await?;
        subjects.push(read);
    }
    bar.finish();
    remember(&mut snapshot, &subjects);
    let way = ClusterHandle { connection, wanted: asked };
    Ok(Live { subjects, snapshot, way, unsaved })
}

/// Everything but the logs, which are streamed; no exec.
pub(super) fn asked(flags: &ConnectionFlags, arguments: &DebugLogArgs, selection: &NodeSelection) -> ReadOptions {
    ReadOptions {
        namespace: flags.namespace.clone(),
        daemon_set: arguments.daemonset.clone(),
        exec: false,
        nodes: selection.filter(),
        logs: LogSelection::None,
        ..ReadOptions::default()
    }
}

/// Puts the logs into the snapshot.
pub(super) fn remember(snapshot: &mut Snapshot, subjects: &[LogSource]) {
    for subject in subjects {
        if let Some(node) = &subject.node {
            snapshot.logs.insert(node.clone(), digests(subject));
        }
    }
}

/// The pods of the nodes that were named, else of those in trouble, the sickest first.
pub(super) fn chosen(snapshot: &Snapshot, selection: &NodeSelection) -> Result<Vec<Pod>, Failure> {
    let wanted = selection.resolve(snapshot)?;
    let not_inspected = |message: String| Failure::ReadFailed { message, hint: None };
    let Some(pods) = snapshot.pods.seen() else {
        return Err(not_inspected(format!("error: the pods could not be listed: {}", snapshot.pods.why_not().unwrap_or_default())));
    };
    let node_of = |pod: &Pod| pod.spec.node_name.clone().unwrap_or_default();
    if let NodeSelection::Names(names) = selection
        && let Some(name) = names.iter().find(|name| !pods.iter().any(|pod| node_of(pod) == **name))
    {
        return Err(not_inspected(format!("error: no calico-node pod is on {name}")));
    }
    let mut pods: Vec<Pod> = pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()).cloned().collect();
    pods.retain(|pod| wanted.as_ref().map_or_else(|| is_troubled(pod), |wanted| wanted.contains(&node_of(pod))));
    pods.sort_by_key(|pod| (pod.is_ready() == Some(true), Reverse(restarts(pod)), node_of(pod)));
    Ok(pods)
}

fn is_troubled(pod: &Pod) -> bool {
    pod.is_ready() != Some(true) || restarts(pod) > 0
}

fn restarts(pod: &Pod) -> i32 {
    pod.calico_node_status().map_or(0, |status| status.restart_count)
}

/// While it waits to be started again, its log is that of the container before.
fn has_previous(pod: &Pod) -> bool {
    restarts(pod) > 0 && pod.calico_node_status().is_some_and(|status| status.state.running.is_some() || status.state.terminated.is_some())
}

async fn of_pod(connection: &Connection, snapshot: &Snapshot, pod: &Pod, place: &Place, bar: &dyn Progress) -> Result<LogSource, Failure> {
    let node = pod.spec.node_name.clone().unwrap_or_default();
    let states = container_states(pod, snapshot.events.seen().map_or(&[], Vec::as_slice));
    let mut subject = LogSource { from: pod.metadata.name.clone(), ..LogSource::for_node(snapshot, &node) };
    let previous = has_previous(pod).then_some((true, states.previous));
    for (previous, state) in previous.into_iter().chain([(false, states.current)]) {
        let name = if previous { format!("{node}.previous") } else { node.clone() };
        let what = if previous { "the previous log" } else { "the log" };
        let log = one(connection, pod, previous, state, place, &name).await?;
        subject.logs.extend(log.recording);
        let matters = !(previous && log.gone);
        subject.gaps.extend(log.missing.map(|why| LogGap { what: what.to_owned(), why, blocks_healthy: matters }));
        bar.advance();
    }
    Ok(subject)
}

/// The log of one container as far as it could be read, and why it ends there.
struct Log {
    recording: Option<ContainerLog>,
    missing: Option<String>,
    /// The kubelet no longer keeps it.
    gone: bool,
}

/// A log that cannot be read does not stop the others.
async fn one(connection: &Connection, pod: &Pod, previous: bool, state: ContainerState, place: &Place, name: &str) -> Result<Log, Failure> {
    let mut parser = Reader::new(ATTEMPTS);
    let mut saving = place.begin(name)?;
    let mut head = Vec::new();
    let mut saved = Ok(());
    let which = if previous { Which::Previous } else { Which::Current };
    let read = log_stream::log(connection, pod, which, &mut |chunk| {
        head.extend(chunk.iter().take(HEAD.saturating_sub(head.len())));
        parser.push(chunk);
        if saved.is_ok() {
            saved = saving.push(chunk);
        }
    })
    .await;
    place.end(saving, !head.is_empty())?;
    saved?;
    let (complete, state, missing) = match read {
        Ok(log_stream::Read::Whole) => (true, state, None),
        Ok(log_stream::Read::Cut) => (false, ContainerState::NotKnown, Some("it is longer than the plugin reads".to_owned())),
        Ok(log_stream::Read::Absent) => (true, state, None),
        // The part that arrived before the stream broke is worth reading.
        Err(error) => (false, ContainerState::NotKnown, Some(error.to_string())),
    };
    let any = !head.is_empty() && !is_gone(&String::from_utf8_lossy(&head));
    let gone = !any && missing.is_none();
    let missing = missing.or_else(|| gone.then(|| "the log no longer exists".to_owned()));
    Ok(Log { recording: any.then(|| ContainerLog { attempts: parser.finish(complete), state }), missing, gone })
}

/// As `status` keeps them.
fn digests(subject: &LogSource) -> NodeLogs {
    let digest = |recording: Option<&ContainerLog>| {
        let last = recording.and_then(|recording| recording.attempts.attempts.last());
        last.map_or(Observed::Absent, |attempt| Observed::Seen(attempt.log.clone()))
    };
    match subject.logs.as_slice() {
        [.., previous, current] => NodeLogs { previous: digest(Some(previous)), current: digest(Some(current)), ..NodeLogs::default() },
        [current] => NodeLogs { current: digest(Some(current)), ..NodeLogs::default() },
        _ => NodeLogs::default(),
    }
}
