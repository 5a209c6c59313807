//! An unfinished rollout that waits for nodes whose fault the change cures.

use std::collections::BTreeSet;

use super::NodeGoal;
use super::preflight::absent;
use super::verify::address_faults;
use crate::diagnosis::{Scope, diagnose};
use crate::model::{ClusterModel, NodeModel};
use crate::snapshot::Snapshot;
use crate::startup::measure::{BudgetStatus, measure};

/// The nodes whose slow start the rollout waits for. `None` where it waits for anything else, or where that cannot be told.
pub fn by_slow_starts(snapshot: &Snapshot, goals: &[NodeGoal]) -> Option<Vec<String>> {
    let view = ClusterModel::new(snapshot);
    let cured = |node: &&NodeModel| {
        let measured = measure(&view, node);
        let allowed = measured.budget().map_or(u64::MAX, |allowed| allowed.as_secs());
        let then = goals.iter().find(|goal| goal.name == node.name).and_then(|goal| goal.started_within_seconds);
        measured.budget_status() == BudgetStatus::Killed && then.is_some_and(|then| u64::from(then) > allowed)
    };
    waits_only_for(snapshot, &view, &cured)
}

/// The nodes without their right address that the rollout waits for; each has another address in `goals`, or an address fault.
pub fn by_wrong_addresses(snapshot: &Snapshot, goals: &[NodeGoal]) -> Option<Vec<String>> {
    let view = ClusterModel::new(snapshot);
    let report = diagnose(snapshot, &Scope::default());
    let at_fault: BTreeSet<&str> = address_faults(&report).map(|(node, _)| node).collect();
    let cured = |node: &&NodeModel| {
        let addresses = goals.iter().find(|goal| goal.name == node.name).map(|goal| goal.addresses.as_slice()).unwrap_or_default();
        let moves = addresses.iter().any(|goal| node.stored(goal.family).is_none_or(|stored| stored.address() != goal.address));
        !addresses.is_empty() && (moves || at_fault.contains(node.name))
    };
    waits_only_for(snapshot, &view, &cured)
}

/// Every node that is not Ready is cured, and the newest template has reached one of them.
fn waits_only_for(snapshot: &Snapshot, view: &ClusterModel, cured: &dyn Fn(&&NodeModel) -> bool) -> Option<Vec<String>> {
    let newest = view.newest_revision()?;
    let absent = absent(snapshot);
    let unready: Vec<&NodeModel> = view.nodes.iter().filter(|node| node.is_not_ready() && !absent.contains(node.name)).collect();
    let of_it = unready.iter().any(|node| node.revision() == Some(newest));
    (of_it && unready.iter().all(cured)).then(|| unready.iter().map(|node| node.name.to_owned()).collect())
}
