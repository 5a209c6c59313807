//! Where the time went.

use jiff::Timestamp;

use super::report::{Phase, PhaseRow};
use crate::calico::startup_log::{self, Attempt};
use crate::snapshot::inspection::LogEventKind;

pub fn of(kind: LogEventKind) -> Option<Phase> {
    use startup_log::Phase as Step;
    Some(match startup_log::phase(kind)? {
        Step::Begun => Phase::Beginning,
        Step::ConnectingToDatastore => Phase::ConnectingToDatastore,
        Step::DetectingAddress => Phase::DetectingAddress,
        Step::CheckingConflicts => Phase::CheckingConflicts,
        Step::StoringAddress => Phase::StoringAddress,
        Step::AllocatingTunnelAddress => Phase::AllocatingTunnelAddress,
        Step::Started => Phase::ComingUp,
    })
}

pub fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    // Milliseconds are what Calico writes.
    (to.duration_since(from).as_secs_f64().max(0.0) * 1000.0).round() / 1000.0
}

/// Each phase once, in order, with the time until the next. Without times there are none.
pub fn all(attempt: &Attempt, ended: Option<Timestamp>) -> Vec<PhaseRow> {
    let Some(first) = attempt.log.first else { return Vec::new() };
    let mut begun: Vec<(Phase, Timestamp)> = Vec::new();
    for mark in &attempt.log.marks {
        let (Some(phase), Some(at)) = (of(mark.kind), mark.at) else { continue };
        // What the later programs say belongs to no phase of the start.
        if begun.last().is_none_or(|(last, _)| phase > *last) {
            begun.push((phase, at));
        }
    }
    let up = attempt.details.came_up.felix.max(attempt.details.came_up.bird);
    let last = begun.len().saturating_sub(1);
    let end_of = |index: usize, (phase, at): (Phase, Timestamp)| match begun.get(index + 1) {
        Some((_, next)) => *next,
        None if phase == Phase::ComingUp => up.unwrap_or(at),
        None => ended.or(attempt.details.last.as_ref().and_then(|last| last.at)).or(attempt.log.last).unwrap_or(at),
    };
    let rows = begun.iter().enumerate().map(|(index, &(phase, at))| PhaseRow {
        phase,
        begins_seconds: seconds(first, at),
        seconds: seconds(at, end_of(index, (phase, at))),
        unfinished: index == last && phase != Phase::ComingUp,
    });
    // A step that took no time at all was not taken, or tells nothing.
    rows.filter(|row| row.seconds > 0.0 || row.unfinished || row.phase == Phase::ComingUp).collect()
}

/// What it was at when it said its last.
pub fn current(attempt: &Attempt) -> Option<Phase> {
    attempt.log.marks.iter().filter_map(|mark| of(mark.kind)).filter(|phase| *phase != Phase::ComingUp).max()
}
