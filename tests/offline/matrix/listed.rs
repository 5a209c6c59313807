//! Interfaces told by a start at DEBUG, where nobody could look.

use calico_fix::autodetect::AutodetectOptions;
use calico_fix::calico::detect::DetectionResult;
use calico_fix::reports::autodetect::evaluate;
use calico_fix::snapshot::family::Family;

use super::build::*;

/// Of Calico 3.24.5: eth0 with 10.0.0.3/24, and a docker network's bridge, which it takes.
const AT_DEBUG: &str = include_str!("../../fixtures/logs/bridge-at-debug.txt");
const NODE: &str = "node-3";

fn unseen() -> World {
    cluster().exec_forbidden().stored(NODE, "172.18.0.1/16")
}

/// What each method finds on the node, as `ADDRESS/LENGTH on INTERFACE`.
fn told(world: &World, family: Family, methods: &[&str]) -> Vec<String> {
    let ask = AutodetectOptions { methods: methods.iter().map(|&method| method.to_owned()).collect(), ..AutodetectOptions::new(family) };
    let seen = evaluate(&world.snapshot(), &ask);
    let at = seen.matrix.nodes.iter().position(|node| node.name == NODE).expect("a node");
    let cell = |method: &&str| {
        let column = seen.matrix.columns.iter().find(|column| column.method == **method).expect("a column");
        match &column.cells[at].outcome {
            DetectionResult::Address(found) => format!("{found} on {}", found.interface.as_deref().unwrap_or("?")),
            DetectionResult::None { .. } => "none".to_owned(),
            DetectionResult::Exits { .. } => "exits".to_owned(),
            DetectionResult::Unknown { .. } => "unknown".to_owned(),
        }
    };
    methods.iter().map(cell).collect()
}

const METHODS: [&str; 4] = ["kubernetes-internal-ip", "skip-interface=br-.*", "interface=eth.*", "cidr=10.0.0.0/24"];

#[test]
fn a_start_at_debug_lists_what_its_own_method_lets_in() {
    let logged = || unseen().log(NODE, AT_DEBUG);
    let eth0 = "10.0.0.3/24 on eth0";
    let nothing = ["unknown"; 4];
    for (case, world, expected) in [
        ("first-found hides interfaces that other methods may find", logged(), [eth0, eth0, "unknown", "unknown"]),
        ("cidr= hides none", logged().env("IP_AUTODETECTION_METHOD", "cidr=172.18.0.0/16"), [eth0; 4]),
        ("interface= hides most", logged().env("IP_AUTODETECTION_METHOD", "interface=br-.*"), nothing),
        ("no log", unseen(), nothing),
        (
            "a log at INFO",
            unseen().log(NODE, &AT_DEBUG.lines().filter(|line| !line.contains("[DEBUG]")).collect::<Vec<_>>().join("\n")),
            nothing,
        ),
        ("the start before this one", unseen().previous(NODE, AT_DEBUG), [eth0, eth0, "unknown", "unknown"]),
        ("a log that was cut at its beginning", unseen().log(NODE, &cut()), nothing),
    ] {
        assert_eq!(told(&world, Family::V4, &METHODS), expected, "{case}");
    }
    assert_eq!(told(&logged(), Family::V6, &METHODS[..2]), ["none", "unknown"], "its addresses of that family are not listed");
}

/// From the listing of the second interface on.
fn cut() -> String {
    let from =
        AT_DEBUG.find("Querying interface addresses Interface=\"eth0\"").and_then(|at| AT_DEBUG[..at].rfind('\n')).expect("is listed");
    AT_DEBUG[from + 1..].to_owned()
}
