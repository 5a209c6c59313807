//! An unfinished rollout that waits for the very pods whose slow start the change cures.

use super::NodeGoal;
use super::preflight::absent;
use crate::diagnosis::view::{NodeView, View};
use crate::snapshot::Snapshot;
use crate::startup::measure::{Standing, measure};

/// The nodes that it waits for. `None` where it waits for anything else, or where that cannot be told.
pub fn by_slow_starts(snapshot: &Snapshot, goals: &[NodeGoal]) -> Option<Vec<String>> {
    let view = View::new(snapshot);
    let newest = view.newest_revision()?;
    let absent = absent(snapshot);
    let unready: Vec<&NodeView> = view.nodes.iter().filter(|node| node.is_not_ready() && !absent.contains(node.name)).collect();
    let cured = |node: &&NodeView| {
        let measured = measure(&view, node);
        let allowed = measured.allowed().map_or(u64::MAX, |allowed| allowed.as_secs());
        let then = goals.iter().find(|goal| goal.name == node.name).and_then(|goal| goal.started_within_seconds);
        measured.standing() == Standing::Killed && then.is_some_and(|then| u64::from(then) > allowed)
    };
    let of_it = unready.iter().any(|node| node.revision() == Some(newest));
    (of_it && unready.iter().all(cured)).then(|| unready.iter().map(|node| node.name.to_owned()).collect())
}
