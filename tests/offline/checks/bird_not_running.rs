use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

fn socket_refuses() -> World {
    cluster()
        .no_bird("node-2")
        .not_ready("node-2")
        .bird("node-1", "10.0.0.2 Passive | 10.0.0.3 Established")
        .bird("node-3", "10.0.0.2 Active Socket: Connection refused | 10.0.0.1 Established")
}

#[test]
fn nobody_listens() {
    let case = finds(&socket_refuses(), &["error bird-not-running node-2"]);
    shows(case.only(), Source::Birdcl, "node-2", "unable to connect to BIRD's control socket");
    assert_eq!(case.command(), Some("kubectl logs calico-node-ccccc -n kube-system -c calico-node"));
}

#[test]
fn the_first_seconds_do_not_count() {
    finds(&socket_refuses().age("node-2", 20).unhealthy("node-2", BIRD_REFUSES, 2), &[]);
}

#[test]
fn the_event_tells_it_without_exec() {
    let world = cluster().exec_forbidden().not_ready("node-2").unhealthy("node-2", BIRD_REFUSES, 40);
    let case = finds(&world, &["error bird-not-running node-2"]);
    shows(case.only(), Source::Event, "node-2", "unable to connect to BIRDv4 socket");
    // The twin: told in the first seconds, and a newer event says more.
    let later = cluster().exec_forbidden().not_ready("node-2").event("node-2", "Unhealthy", BIRD_REFUSES, 4, 300).unhealthy(
        "node-2",
        &not_established("10.0.0.1,10.0.0.3"),
        9,
    );
    let codes: Vec<&str> = judge(&later).report.findings.iter().map(|finding| finding.code.name()).collect();
    assert_eq!(codes, ["bgp-session-down"]);
}

/// A backend without BIRD runs none.
#[test]
fn no_bird_where_none_is_wanted() {
    let world = cluster().without_bgp("vxlan").no_bird("node-1").no_bird("node-2").no_bird("node-3");
    healthy(&world);
}
