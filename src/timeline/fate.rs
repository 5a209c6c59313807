//! What became of a container, by its pod's status and events.

use std::time::Duration;

use super::subject::{Ender, Fate};
use crate::calico::events::{self, EventKind};
use crate::snapshot::objects::{CALICO_NODE, Event, Pod, Terminated};

/// Of the container that `kubectl logs` shows, and of the one that `--previous` shows.
pub struct Fates {
    pub current: Fate,
    pub previous: Fate,
    /// It waits to be started again: both are the log of the container before.
    pub same_log: bool,
}

pub fn of(pod: &Pod, events: &[Event]) -> Fates {
    let by_probe = killer(pod, events);
    let ended = |state: Option<&Terminated>| {
        state.map_or(Fate::NotKnown, |state| {
            let lived = state.finished_at.zip(state.started_at).and_then(|(end, start)| Duration::try_from(end.duration_since(start)).ok());
            let by = if state.reason.as_deref() == Some("OOMKilled") { Ender::OutOfMemory } else { by_probe };
            Fate::Ended { lived, by }
        })
    };
    let Some(status) = pod.calico_node_status() else {
        return Fates { current: Fate::NotKnown, previous: Fate::NotKnown, same_log: false };
    };
    let previous = ended(status.last_state.terminated.as_ref());
    let current = match (&status.state.running, &status.state.terminated) {
        (Some(_), _) => Fate::Running,
        (None, Some(terminated)) => ended(Some(terminated)),
        (None, None) => previous.clone(),
    };
    let same_log = status.state.running.is_none() && status.state.terminated.is_none();
    Fates { current, previous, same_log }
}

fn killer(pod: &Pod, events: &[Event]) -> Ender {
    let own = events.iter().filter(|event| event.involved_object.name == pod.metadata.name);
    let mut found = Ender::Other;
    for event in own {
        match events::parse(&event.reason, &event.message).kind {
            EventKind::KilledByStartup { container } if is_own(container.as_deref()) => return Ender::Startup,
            EventKind::KilledByLiveness { container } if is_own(container.as_deref()) => found = Ender::Liveness,
            _ => {}
        }
    }
    found
}

fn is_own(container: Option<&str>) -> bool {
    container.is_none_or(|name| name == CALICO_NODE)
}
