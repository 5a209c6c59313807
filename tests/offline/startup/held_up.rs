//! A rollout that waits for a start which is too slow, and one that waits for anything else.

use calico_fix::plan::NodeGoal;
use calico_fix::plan::stuck_rollout::by_slow_starts;

use super::build::*;

/// The newest template has reached node-2, and is killed there while it starts.
fn held_up() -> World {
    let world = cluster().revision("node-2", "two").set(|set| set.status.updated_number_scheduled = 1);
    world.not_ready("node-2").restarted("node-2", 3, 137, 70, 40).killed("node-2", 3)
}

fn goals(seconds: Option<u32>) -> Vec<NodeGoal> {
    let goal = |name: &str| NodeGoal { name: name.to_owned(), started_within_seconds: seconds, ..NodeGoal::default() };
    ["node-1", "node-2", "node-3"].map(goal).into()
}

#[test]
fn only_slow_starts_may_hold_it_up() {
    let late = "Liveness probe failed: command timed out";
    for (case, world, seconds, expected) in [
        ("killed while it starts", held_up(), Some(160), Some("node-2")),
        ("no larger budget", held_up(), Some(70), None),
        ("a change of something else", held_up(), None, None),
        ("nothing is killed: it is just under way", cluster().revision("node-2", "two"), Some(160), None),
        ("another node is not Ready", held_up().not_ready("node-3"), Some(160), None),
        ("its kubelet is gone, which is another matter", held_up().not_ready("node-3").node_not_ready("node-3"), Some(160), Some("node-2")),
        (
            "not Ready for another reason",
            cluster().revision("node-2", "two").not_ready("node-2").unhealthy("node-2", late, 3),
            Some(160),
            None,
        ),
        ("killed long after it had started", held_up().restarted("node-2", 3, 137, 7200, 40), Some(160), None),
        ("the killed one is older than the rollout", held_up().revision("node-2", "one").revision("node-1", "two"), Some(160), None),
        (
            "revisions were not seen",
            held_up().edit(|seen| seen.controller_revisions = calico_fix::observed::Observed::NotAsked),
            Some(160),
            None,
        ),
    ] {
        let found = by_slow_starts(&world.snapshot(), &goals(seconds));
        assert_eq!(found.map(|nodes| nodes.join(" ")).as_deref(), expected, "{case}");
    }
}
