//! What became of a container, by its pod's status and events.

use std::time::Duration;

use super::container_run::is_kill_of;
use super::log_source::{ContainerState, EndCause};
use crate::calico::events::{self, EventKind};
use crate::snapshot::objects::{CALICO_NODE, Event, Pod, Terminated};

/// Of the container that `kubectl logs` shows, and of the one that `--previous` shows.
pub struct ContainerStates {
    pub current: ContainerState,
    pub previous: ContainerState,
    /// The container waits for its next start: both logs are of the run before.
    pub same_log: bool,
}

pub fn container_states(pod: &Pod, events: &[Event]) -> ContainerStates {
    let ended = |state: Option<&Terminated>| {
        state.map_or(ContainerState::NotKnown, |run| {
            let lived = run.finished_at.zip(run.started_at).and_then(|(end, start)| Duration::try_from(end.duration_since(start)).ok());
            ContainerState::Ended { lived, by: end_cause(pod, events, run) }
        })
    };
    let Some(status) = pod.calico_node_status() else {
        return ContainerStates { current: ContainerState::NotKnown, previous: ContainerState::NotKnown, same_log: false };
    };
    let previous = ended(status.last_state.terminated.as_ref());
    let current = match (&status.state.running, &status.state.terminated) {
        (Some(_), _) => ContainerState::Running,
        (None, Some(terminated)) => ended(Some(terminated)),
        (None, None) => previous.clone(),
    };
    let same_log = status.state.running.is_none() && status.state.terminated.is_none();
    ContainerStates { current, previous, same_log }
}

/// Exit codes of a container that was told to end: runit ends with 0, the signals TERM and KILL with 143 and 137.
const TOLD_TO_END: [i32; 3] = [0, 137, 143];

fn end_cause(pod: &Pod, events: &[Event], run: &Terminated) -> EndCause {
    if run.reason.as_deref() == Some("OOMKilled") {
        return EndCause::OutOfMemory;
    }
    let own = events.iter().filter(|event| event.involved_object.name == pod.metadata.name);
    let mut cause = None;
    for event in own.filter(|event| is_kill_of(event.last_seen(), Some(run))) {
        match events::parse(&event.reason, &event.message).kind {
            EventKind::KilledByStartup { container } if is_own(container.as_deref()) => return EndCause::Startup,
            EventKind::KilledByLiveness { container } if is_own(container.as_deref()) => cause = Some(EndCause::Liveness),
            _ => {}
        }
    }
    cause.unwrap_or(if TOLD_TO_END.contains(&run.exit_code) { EndCause::Unknown } else { EndCause::Exited { code: run.exit_code } })
}

fn is_own(container: Option<&str>) -> bool {
    container.is_none_or(|name| name == CALICO_NODE)
}
