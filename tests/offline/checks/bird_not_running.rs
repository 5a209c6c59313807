use calico_fix::finding::Source;
use calico_fix::observed::Observed;

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

/// In a dual-stack cluster BIRD for IPv6 counts as much.
#[test]
fn bird6_is_looked_at_where_nodes_have_ipv6() {
    let six = || (1..=3).fold(cluster(), |world, number| world.stored6(&format!("node-{number}"), &format!("fd00:10::{number}/64")));
    healthy(&six());
    let refuses = six().edit(|snapshot| {
        if let Some(calico_fix::observed::Observed::Seen(inside)) = snapshot.inside.get_mut("node-2") {
            inside.bird6 = calico_fix::observed::Observed::Absent;
        }
    });
    let case = finds(&refuses, &["error bird-not-running node-2"]);
    assert_eq!(case.only().message, "BIRD6 does not run on node-2: it announces and learns no IPv6 routes");
    let failed = six().edit(|snapshot| {
        for inside in snapshot.inside.values_mut() {
            if let calico_fix::observed::Observed::Seen(inside) = inside {
                inside.bird6 = calico_fix::observed::Observed::Failed("birdcl: no answer in time".into());
            }
        }
    });
    let report = finds(&failed, &[]).report;
    assert_eq!(report.verdict, calico_fix::finding::verdict::Verdict::Unknown);
    assert!(report.unseen.iter().any(|gap| gap.what.contains("IPv6") && gap.nodes.len() == 3), "{:?}", report.unseen);
    // Without an IPv6 address BIRD6 is nobody's concern.
    healthy(&cluster());
}

/// BIRD needs some seconds after "started successfully".
#[test]
fn bird_may_come_up_after_the_start() {
    let world = cluster()
        .no_bird("node-2")
        .log("node-2", &started(&[]))
        .bird("node-1", "10.0.0.2 Passive | 10.0.0.3 Established")
        .bird("node-3", "10.0.0.2 Active Socket: Connection refused | 10.0.0.1 Established");
    let case = finds(&world.clone().age("node-2", 10), &[]);
    assert_eq!(case.report.verdict, calico_fix::finding::verdict::Verdict::Unknown);
    finds(&world.age("node-2", 300), &["error bird-not-running node-2"]);
}

/// A backend without BIRD runs none.
#[test]
fn no_bird_where_none_is_wanted() {
    let world = cluster().without_bgp("vxlan").no_bird("node-1").no_bird("node-2").no_bird("node-3");
    healthy(&world);
}

/// What another BIRD holds is no matter of this container's start.
#[test]
fn another_bird_holds_the_socket() {
    let line = "bird: I found another BIRD running.";
    let world = cluster()
        .not_ready("node-2")
        .no_bird("node-2")
        .unhealthy("node-2", BIRD_REFUSES, 40)
        .log("node-2", &started(&[line, line, line]))
        .bird("node-1", "10.0.0.2 Passive | 10.0.0.3 Established")
        .bird("node-3", "10.0.0.2 Passive | 10.0.0.1 Established");
    let case = finds(&world, &["error bird-not-running node-2"]);
    assert!(case.only().message.contains("because another BIRD"), "{}", case.only().message);
    shows(case.only(), Source::Log, "node-2", "I found another BIRD running");
    assert_eq!(case.command(), None);
    // the twin: it went on, and every session is up
    healthy(&cluster().log("node-2", &started(&[line])));
}

/// BIRD runs, and its socket's queue is full: a restart of that pod helps.
#[test]
fn bird_hangs() {
    let full = "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: \
                dial unix /var/run/calico/bird.ctl: connect: resource temporarily unavailable";
    let world = |times: i32| {
        cluster()
            .inside("node-2", Observed::Failed("command timed out".into()))
            .unhealthy("node-2", full, times)
            .bird("node-1", "10.0.0.2 Passive | 10.0.0.3 Established")
            .bird("node-3", "10.0.0.2 Passive | 10.0.0.1 Established")
    };
    let case = finds(&world(40).not_ready("node-2"), &["error bird-not-running node-2"]);
    assert!(case.only().message.starts_with("BIRD on node-2 hangs"), "{}", case.only().message);
    assert!(case.command().is_some_and(|command| command.starts_with("kubectl delete pod ")), "{:?}", case.command());
    // the twins: it was busy for a moment, or it is Ready by now
    assert!(judge(&world(1).not_ready("node-2")).lines().iter().all(|line| !line.contains("bird-not-running")));
    assert!(judge(&world(40)).lines().iter().all(|line| !line.contains("bird-not-running")));
}

/// The other BIRD, of a calico-node that nobody ended, answers the probes and birdcl.
#[test]
fn the_bird_of_a_second_calico_node_answers() {
    let lines = [
        "[ERROR][89] health.go 193: Health endpoint failed, trying to restart it... error=listen tcp :9099: bind: address already in use",
        "bird: I found another BIRD running.",
        "[ERROR][89] health.go 193: Health endpoint failed, trying to restart it... error=listen tcp :9099: bind: address already in use",
        "bird: I found another BIRD running.",
        "bird: I found another BIRD running.",
    ];
    let world = |lines: &[&str]| {
        cluster()
            .inside("node-2", Observed::Forbidden("exec is forbidden".into()))
            .unhealthy("node-2", &not_established("10.0.0.1,10.0.0.3"), 44)
            .bird("node-1", "10.0.0.2 Connect Socket: Connection refused | 10.0.0.3 Established")
            .bird("node-3", "10.0.0.2 Connect Socket: Connection refused | 10.0.0.1 Established")
            .log("node-2", &started(lines))
    };
    let case = finds(&world(&lines).not_ready("node-2"), &["error bird-not-running node-2"]);
    assert!(case.only().message.contains("because another BIRD"), "{}", case.only().message);
    shows(case.only(), Source::Log, "node-2", "address already in use");
    // the twins: said once while the old container ended, or BIRD runs since
    let ran = [lines[1], lines[3], lines[4], "bird: Reconfigured"];
    for lines in [&lines[..2], &ran[..]] {
        let twin = judge(&world(lines).not_ready("node-2"));
        assert!(twin.lines().iter().all(|line| !line.contains("bird-not-running")), "{:?}", twin.lines());
    }
}

/// A directory stands where the socket belongs.
#[test]
fn the_socket_cannot_be_created() {
    let line = "bird: Cannot create control socket /var/run/calico/bird.ctl: Address in use";
    let case = finds(&socket_refuses().log("node-2", &started(&[line, line, line])), &["error bird-not-running node-2"]);
    assert!(case.only().message.ends_with("because it cannot create its control socket"), "{}", case.only().message);
    shows(case.only(), Source::Log, "node-2", "Address in use");
    healthy(&cluster().log("node-2", &started(&[line])));
}

/// BIRD waits for confd in its first seconds; where it goes on, confd's own lines say why.
#[test]
fn confd_does_not_write_its_configuration() {
    let line = "bird: Unable to open configuration file /etc/calico/confd/config/bird.cfg: No such file or directory";
    let case = finds(&socket_refuses().log("node-2", &started(&[line; 9])), &["error bird-not-running node-2"]);
    assert!(case.only().message.ends_with("because confd does not write its configuration"), "{}", case.only().message);
    shows(case.only(), Source::Log, "node-2", "Unable to open configuration file");
    assert!(case.command().is_some_and(|command| command.starts_with("kubectl logs ")), "{:?}", case.command());
    healthy(&cluster().log("node-2", &started(&[line; 9])));
}
