use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

fn without() -> World {
    cluster().stored("node-2", "").bird("node-1", "10.0.0.3 Established").bird("node-3", "10.0.0.1 Established").bird("node-2", "")
}

#[test]
fn one_node_of_three_has_none() {
    let case = finds(&without(), &["error address-missing node-2"]);
    shows(case.only(), Source::Annotation, "node-2", "projectcalico.org/IPv4Address: none");
    // The configured method finds it at the next start.
    assert_eq!(case.command(), Some("kubectl delete pod calico-node-ccccc -n kube-system"));
    let case = finds(&without().interface("node-2", BRIDGE, "172.18.0.1/16"), &["error address-missing node-2"]);
    assert!(case.command().is_some_and(|command| command.ends_with("IP_AUTODETECTION_METHOD=kubernetes-internal-ip")));
    // Setting the configured method again would change nothing.
    let case =
        finds(&without().exec_forbidden().env("IP_AUTODETECTION_METHOD", "kubernetes-internal-ip"), &["error address-missing node-2"]);
    assert!(case.command().is_none_or(|command| !command.contains("kubernetes-internal-ip")), "{:?}", case.command());
}

/// One node of a dual-stack cluster lacks its IPv6 address.
#[test]
fn an_ipv6_address_is_missed_where_most_have_one() {
    let mut world = cluster();
    for number in 1..=3 {
        let host = &mut world.hosts[number - 1];
        host.internal.push(format!("fd00::{number}"));
        host.interfaces[1].2.push(format!("fd00::{number}/64"));
        host.stored6 = Some(format!("fd00::{number}/64"));
        host.sessions6 = Some(String::new());
    }
    world.hosts[2].stored6 = None;
    let case = judge(&world.clone().env("IP6", "autodetect"));
    let finding = case.of("address-missing");
    assert_eq!(finding.nodes, ["node-3"]);
    assert!(finding.message.contains("no Calico IPv6 address"), "{}", finding.message);
    // Without detection of IPv6 nothing says that each node has one.
    let case = judge(&world);
    assert!(case.report.findings.iter().all(|finding| finding.code.name() != "address-missing"), "{:?}", case.lines());
}

#[test]
fn no_twin_misses_it() {
    healthy(&cluster());
}

/// etcd keeps no annotations: BIRD's router id is each node's address.
#[test]
fn etcd_keeps_none() {
    healthy(&cluster().etcd());
}

/// canal and policy-only configure no address; what is left of another time does not count.
#[test]
fn silent_where_nothing_is_detected() {
    healthy(&without().without_bgp("none"));
}

/// Its calico-node does not run: that is another finding's business.
#[test]
fn silent_where_calico_does_not_run() {
    let world = without().crash_loop("node-2", 3);
    finds(&world, &["error pod-not-ready node-2"]);
}

#[test]
fn a_pod_that_has_just_started_has_none_yet() {
    let case = finds(&without().age("node-2", 10).not_ready("node-2"), &[]);
    assert_eq!(case.report.verdict, calico_fix::finding::verdict::Verdict::Unknown);
}
