use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

const CONFLICT: &str = include_str!("../../fixtures/logs/address-conflict.txt");

/// The host of node-3 was renamed to node-4: both Nodes have its address, and node-4's calico-node exits.
fn renamed() -> World {
    let log = CONFLICT.replace("172.18.0.1/16", "10.0.0.3/24").replace("172.18.0.1", "10.0.0.3").replace("br-3f2a1b4c5d6e", "eth0");
    nodes(&["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", "10.0.0.3/24"])
        .stored("node-4", "")
        .node_not_ready("node-3")
        .no_pod("node-3")
        .crash_loop("node-4", 8)
        .log("node-4", &log)
        .previous("node-4", &log)
        .bird("node-1", "10.0.0.2 Established | 10.0.0.3 Passive")
        .bird("node-2", "10.0.0.1 Established | 10.0.0.3 Passive")
}

#[test]
fn the_silent_node_is_the_one_to_delete() {
    let case = finds(&renamed(), &["error stale-node node-3"]);
    assert!(case.only().message.starts_with("node-3 no longer reports but still holds the IPv4 address 10.0.0.3 of node-4"));
    shows(case.only(), Source::Log, "node-4", "Calico node 'node-3' is already using the IPv4 address 10.0.0.3.");
    assert_eq!(case.command(), Some("kubectl delete node node-3"));
}

/// Both kubelets report: a conflict, and nothing is to be deleted.
#[test]
fn two_live_nodes_are_a_conflict() {
    let case = judge(&nodes(&["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24"]).stored("node-2", "10.0.0.1/24"));
    assert_eq!(case.of("address-conflict").nodes, ["node-2"]);
    assert!(case.report.findings.iter().all(|finding| finding.fix.as_ref().is_none_or(|fix| !fix.command.contains("delete node"))));
}

/// A dead node with an address of its own is not stale.
#[test]
fn a_dead_node_is_not_stale() {
    let case = judge(&cluster().node_not_ready("node-3"));
    assert!(case.report.findings.iter().all(|finding| finding.code.name() != "stale-node"), "{:?}", case.lines());
}
