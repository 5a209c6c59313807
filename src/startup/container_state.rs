//! What became of a container, by its pod's status and events.

use std::time::Duration;

use super::log_source::{ContainerState, EndCause};
use crate::calico::event_text::{self, EventKind};
use crate::snapshot::objects::{CALICO_NODE, Event, Pod, Terminated};

/// Of the container that `kubectl logs` shows, and of the one that `--previous` shows.
pub struct ContainerStates {
    pub current: ContainerState,
    pub previous: ContainerState,
    /// It waits to be started again: both are the log of the container before.
    pub same_log: bool,
}

pub fn container_states(pod: &Pod, events: &[Event]) -> ContainerStates {
    let by_probe = killer(pod, events);
    let ended = |state: Option<&Terminated>| {
        state.map_or(ContainerState::NotKnown, |state| {
            let lived = state.finished_at.zip(state.started_at).and_then(|(end, start)| Duration::try_from(end.duration_since(start)).ok());
            let by = if state.reason.as_deref() == Some("OOMKilled") { EndCause::OutOfMemory } else { by_probe };
            ContainerState::Ended { lived, by }
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

fn killer(pod: &Pod, events: &[Event]) -> EndCause {
    let own = events.iter().filter(|event| event.involved_object.name == pod.metadata.name);
    let mut found = EndCause::Other;
    for event in own {
        match event_text::parse(&event.reason, &event.message).kind {
            EventKind::KilledByStartup { container } if is_own(container.as_deref()) => return EndCause::Startup,
            EventKind::KilledByLiveness { container } if is_own(container.as_deref()) => found = EndCause::Liveness,
            _ => {}
        }
    }
    found
}

fn is_own(container: Option<&str>) -> bool {
    container.is_none_or(|name| name == CALICO_NODE)
}
