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
    assert!(case.command().is_some_and(|command| command.ends_with("IP_AUTODETECTION_METHOD=kubernetes-internal-ip")));
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
    assert_eq!(case.report.verdict, calico_fix::finding::Verdict::Unknown);
}
