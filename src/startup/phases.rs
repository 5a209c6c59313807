//! Time that each step of a start took, as a log shows it.

use jiff::Timestamp;

use super::timeline::PhaseRow;
use crate::calico::startup_log::{self, Attempt, StartPhase};

pub fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    // Milliseconds are what Calico writes.
    (to.duration_since(from).as_secs_f64().max(0.0) * 1000.0).round() / 1000.0
}

/// Each phase once, in order, with the time until the next. Without times there are none.
pub fn phase_rows(attempt: &Attempt, ended: Option<Timestamp>) -> Vec<PhaseRow> {
    let Some(first) = attempt.log.first else { return Vec::new() };
    let mut begun: Vec<(StartPhase, Timestamp)> = Vec::new();
    for mark in &attempt.log.marks {
        let (Some(phase), Some(at)) = (startup_log::phase(mark.kind), mark.at) else { continue };
        // What the later programs say belongs to no phase of the start.
        if begun.last().is_none_or(|(last, _)| phase > *last) {
            begun.push((phase, at));
        }
    }
    let up = attempt.details.came_up.felix.max(attempt.details.came_up.bird);
    let last = begun.len().saturating_sub(1);
    let end_of = |index: usize, (phase, at): (StartPhase, Timestamp)| match begun.get(index + 1) {
        Some((_, next)) => *next,
        None if phase == StartPhase::Started => up.unwrap_or(at),
        None => ended.or(attempt.details.last.as_ref().and_then(|last| last.at)).or(attempt.log.last).unwrap_or(at),
    };
    let rows = begun.iter().enumerate().map(|(index, &(phase, at))| PhaseRow {
        phase,
        begins_seconds: seconds(first, at),
        seconds: seconds(at, end_of(index, (phase, at))),
        unfinished: index == last && phase != StartPhase::Started,
    });
    // A step that took no time was skipped, or tells nothing.
    rows.filter(|row| row.seconds > 0.0 || row.unfinished || row.phase == StartPhase::Started).collect()
}

/// The furthest step before the end of the log.
pub fn current_phase(attempt: &Attempt) -> Option<StartPhase> {
    attempt.log.marks.iter().filter_map(|mark| startup_log::phase(mark.kind)).filter(|phase| *phase != StartPhase::Started).max()
}
