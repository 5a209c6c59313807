//! Whether a start that was given more time came further, judged from one look at its node.

use crate::calico::startup_log::{self, ExitReason, StartPhase};
use crate::diagnosis::{Scope, diagnose};
use crate::finding::Severity;
use crate::model::ClusterModel;
use crate::snapshot::Snapshot;
use crate::startup::container_run::{ContainerRun, RunEnd, length};
use crate::startup::measure::measure;

/// How far a start came before it was cut off.
#[derive(Clone, Debug, PartialEq)]
pub struct StartProgress {
    pub phase: Option<StartPhase>,
    /// From the first line of its log to the last.
    pub seconds: f64,
    /// Last known log line.
    pub last: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum RetryOutcome {
    /// Killed, and further than it had come in less time: more time is what it lacks.
    GotFurther(StartProgress),
    /// Killed, and no further than before.
    Stuck(StartProgress),
    /// It exited because another writer changed the Node object meanwhile: the next attempt may succeed.
    LostUpdate,
    /// Killed, and no log shows how far it came.
    Gap,
    /// The reason is not visible yet: events and logs come later than the pod's status.
    NotYetKnown,
    /// Another cause has shown, as a clause.
    Other(String),
}

/// The furthest that a node's attempts to start have come.
pub fn best_progress(snapshot: &Snapshot, node: &str) -> Option<StartProgress> {
    let view = ClusterModel::new(snapshot);
    let measured = measure(&view, view.node(node)?);
    let reached = measured.runs.iter().filter_map(reach);
    reached.max_by(|a, b| (a.phase, a.seconds).partial_cmp(&(b.phase, b.seconds)).unwrap_or(std::cmp::Ordering::Equal))
}

/// `earlier` is how far it came with less time.
pub fn retry_outcome(seen: &Snapshot, node: &str, earlier: Option<&StartProgress>) -> RetryOutcome {
    let view = ClusterModel::new(seen);
    let Some(found) = view.node(node) else { return RetryOutcome::Other("its pod is gone".to_owned()) };
    let measured = measure(&view, found);
    let ended = measured.runs.iter().find(|attempt| !matches!(attempt.end, RunEnd::Starting | RunEnd::Runs | RunEnd::Unknown));
    match ended {
        Some(attempt) if attempt.exit == Some(ExitReason::UpdateConflict) => RetryOutcome::LostUpdate,
        Some(attempt) if attempt.end == RunEnd::KilledWhileStarting => match (other_cause(seen, node), reach(attempt)) {
            (Some(cause), _) => RetryOutcome::Other(cause),
            (None, None) => RetryOutcome::Gap,
            (None, Some(reach)) if got_further(&reach, attempt, earlier) => RetryOutcome::GotFurther(reach),
            (None, Some(reach)) => RetryOutcome::Stuck(reach),
        },
        Some(attempt) => {
            let fate = match attempt.end {
                RunEnd::KilledWhileRunning => "it was killed after it had started",
                RunEnd::OutOfMemory => "it ran out of memory",
                RunEnd::Exited | RunEnd::ExitedAfterStart => "it exited",
                _ => "why it ended is unknown",
            };
            RetryOutcome::Other(other_cause(seen, node).unwrap_or_else(|| fate.to_owned()))
        }
        None => other_cause(seen, node).map_or(RetryOutcome::NotYetKnown, RetryOutcome::Other),
    }
}

fn reach(attempt: &ContainerRun) -> Option<StartProgress> {
    let log = attempt.log?;
    let seconds = length(log)?.as_secs_f64();
    Some(StartProgress { phase: startup_log::last_phase(log), seconds, last: attempt.last_words()?.text.clone() })
}

/// A later phase, another last line, or still at work when it had been cut off before; without an earlier attempt: in the second half of its life.
/// The conflict check reads node after node and says nothing meanwhile.
fn got_further(reach: &StartProgress, attempt: &ContainerRun, earlier: Option<&StartProgress>) -> bool {
    let silent = reach.phase == Some(StartPhase::CheckingConflicts);
    silent
        || match earlier {
            Some(earlier) => {
                let another = reach.last != earlier.last && reach.seconds > earlier.seconds;
                reach.phase > earlier.phase || another || reach.seconds > earlier.seconds * FURTHER
            }
            None => attempt.lived.is_some_and(|lived| reach.seconds > lived.as_secs_f64() / 2.0),
        }
}

/// Start times vary: only 20 % more counts as further.
const FURTHER: f64 = 1.2;

/// Found on the node by a check that a larger budget does not satisfy, and that rules out a slow start.
fn other_cause(seen: &Snapshot, node: &str) -> Option<String> {
    let scope = Scope { nodes: Some([node.to_owned()].into()), ..Scope::default() };
    let findings = diagnose(seen, &scope).findings;
    let concerning = || findings.iter().filter(|finding| finding.nodes.iter().any(|name| name == node) && finding.code.affects_startup());
    if concerning().any(|finding| finding.code.needs_larger_budget()) {
        return None;
    }
    concerning().find(|finding| finding.severity == Severity::Error).map(|finding| finding.message.clone())
}
