//! Each reason for which a session is down, told from its two ends.

use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

/// node-1 and node-2 and what each sees of the other; node-3 is well.
fn between(one: &str, two: &str) -> World {
    cluster()
        .bird("node-1", &format!("10.0.0.2 {one} | 10.0.0.3 Established"))
        .bird("node-2", &format!("10.0.0.1 {two} | 10.0.0.3 Established"))
}

#[test]
fn every_reason() {
    for (one, two, nodes, phrase) in [
        // node-2 dials: its address is the greater one.
        ("Passive", "Active        Socket: Connection refused", "node-1", "refused on port 179"),
        ("Passive", "Active        Socket: Host is unreachable", "node-1,node-2", "cannot be reached"),
        ("Passive", "Active        Socket: Network is unreachable", "node-1,node-2", "cannot be reached"),
        ("Passive", "Connect", "node-1,node-2", "no answer: TCP port 179"),
        ("Idle BGP Error: Bad peer AS", "Idle Received: Bad peer AS", "node-1,node-2", "different AS numbers"),
        ("Active        Received: Hold timer expired", "Idle BGP Error: Hold timer expired", "node-1,node-2", "hold timer expired"),
        ("-", "Active        Socket: Connection reset by peer", "node-1", "administratively down"),
        ("Idle          Received: Administrative shutdown", "-", "node-2", "administratively down"),
        ("down 09:57:18 Error: No listening socket", "Active        Socket: Connection refused", "node-1", "another daemon holds port 179"),
        ("Active        Socket: Address not available", "Connect", "node-1", "no longer has the address"),
        ("OpenSent", "OpenSent", "node-1,node-2", "handshake does not finish"),
        ("OpenConfirm", "Passive", "node-1,node-2", "handshake does not finish"),
        // A down row with an error is not an administrator's doing.
        ("down 09:57:18 Error: Kernel MD5 auth failed", "Connect", "node-1", "Kernel MD5 auth failed"),
        ("down 09:57:18 Error: Link down", "Connect", "node-1", "the interface to the peer is down"),
        ("down 09:57:18 Error: BFD session down", "Passive", "node-1,node-2", "BFD saw the path to the peer fail"),
        ("down 09:57:18 Automatic shutdown: Route limit exceeded", "Connect", "node-1", "more routes than the limit"),
        // Texts that prove that the peer answered.
        ("Idle Received: Cease", "Passive", "node-1,node-2", "BIRD on node-1 says \"Received: Cease\""),
        ("Passive", "Idle BGP Error: Unacceptable hold time", "node-1,node-2", "hold times of the two ends do not fit"),
        ("Active Received: Connection rejected", "Passive", "node-1,node-2", "its configuration refuses this session"),
        ("Active Received: Authentication failure", "Passive", "node-1,node-2", "passwords of the two ends differ"),
        ("Active Received: Maximum number of prefixes reached", "Passive", "node-1,node-2", "more routes were announced"),
        ("Idle Received: Unknown error 9.3", "Passive", "node-1,node-2", "Unknown error 9.3"),
    ] {
        let case = finds(&between(one, two), &[&format!("error bgp-session-down {nodes}")]);
        let finding = case.only();
        assert!(finding.message.contains(phrase), "{one} / {two}: {}", finding.message);
        assert!(finding.message.contains("node-1") && finding.message.contains("node-2"), "{}", finding.message);
        assert_eq!(finding.fix, None, "none is known to be right");
        shows(finding, Source::Birdcl, "node-1", "Mesh_10_0_0_2 BGP master");
        shows(finding, Source::Birdcl, "node-2", "Mesh_10_0_0_1 BGP master");
    }
}

/// One node lost its AS number: it is named, with both numbers.
#[test]
fn an_as_number_that_differs() {
    let own = |world: World, name: &str| world.annotation(name, "projectcalico.org/ASNumber", "65010");
    let world = between("Idle BGP Error: Bad peer AS", "Idle Received: Bad peer AS").edit(|snapshot| {
        snapshot.resources.bgp_configurations = calico_fix::observed::Observed::Seen(Vec::new());
    });
    let case = finds(&own(own(world, "node-1"), "node-3"), &["error bgp-session-down node-2"]);
    let message = &case.only().message;
    assert!(message.contains("node-1 has AS 65010") && message.contains("node-2 has AS 64512 (the default"), "{message}");
    assert_eq!(case.command(), Some("kubectl annotate node node-2 projectcalico.org/ASNumber=65010"));
}

/// No firewall lies between a node and itself.
#[test]
fn a_peer_on_the_node_itself() {
    let world = |info: &str| cluster().bird("node-3", &format!("10.0.0.1 Established | 10.0.0.2 Established | Global_127_0_0_1 {info}"));
    healthy(&world("Established"));
    for info in ["Active Socket: Connection refused", "Connect", "Active Socket: Network is unreachable"] {
        let case = finds(&world(info), &["error bgp-session-down node-3"]);
        let message = &case.only().message;
        assert!(message.contains("127.0.0.1 (a BGP speaker on the node itself)"), "{message}");
        assert!(!message.contains("firewall") && !message.contains("179"), "{message}");
    }
}

/// The other end could not be asked: a blocked port is only one of many reasons.
#[test]
fn one_end_alone_proves_no_blocked_port() {
    let world = cluster()
        .bird("node-1", "10.0.0.2 Connect | 10.0.0.3 Established")
        .inside("node-2", calico_fix::observed::Observed::Failed("dial tcp: i/o timeout".into()));
    let case = finds(&world, &["error bgp-session-down node-1,node-2"]);
    assert!(case.only().message.contains("could not be asked") && !case.only().message.contains("179"), "{}", case.only().message);
}

/// A pod that does not run explains its sessions.
#[test]
fn a_pod_that_does_not_run_comes_before_its_silence() {
    let world = cluster()
        .crash_loop("node-3", 8)
        .bird("node-1", "10.0.0.2 Established | 10.0.0.3 Passive")
        .bird("node-2", "10.0.0.1 Established | 10.0.0.3 Connect");
    let case = judge(&world);
    assert!(case.report.findings.iter().all(|finding| !finding.message.contains("179")), "{:#?}", case.report.findings);
    assert!(case.report.findings.iter().all(|finding| finding.nodes == ["node-3"]), "{:#?}", case.report.findings);
}

/// For as long as the evidence allows, and no longer.
#[test]
fn a_restart_is_no_outage() {
    use calico_fix::finding::verdict::Verdict;
    let world = between("Passive", "Connect");
    for young in ["node-1", "node-2"] {
        let case = finds(&world.clone().age(young, 15), &[]);
        assert_eq!(case.report.verdict, Verdict::Unknown, "{young}");
        assert!(
            case.report.unseen.iter().any(|gap| gap.what == "BGP sessions in progress" && gap.nodes == [young]),
            "{:?}",
            case.report.unseen
        );
        finds(&world.clone().age(young, 61), &["error bgp-session-down node-1,node-2"]);
    }
    // Everything is up already: a young pod alone is no doubt.
    healthy(&cluster().age("node-2", 15));
    // A clock that is behind says nothing of an age.
    finds(&world.age("node-1", -500), &["error bgp-session-down node-1,node-2"]);
}

/// A restarted BIRD waits for a node that is dead: the dead one is named, with the time left.
#[test]
fn a_restart_beside_a_dead_node() {
    let world = cluster()
        .node_not_ready("node-3")
        .age("node-2", 30)
        .restarting("node-2")
        .bird("node-1", "10.0.0.2 Established | 10.0.0.3 Connect Socket: Host is unreachable")
        .bird("node-2", "10.0.0.1 Established | 10.0.0.3 Connect Socket: Host is unreachable");
    let case = finds(&world, &["error bgp-session-down node-3"]);
    shows(case.only(), Source::Birdcl, "node-2", "107s left of 240s");
}

/// Its Node still has Calico's address, and no calico-node.
#[test]
fn the_node_behind_an_address_is_named() {
    let world = cluster()
        .no_pod("node-3")
        .set(|set| set.status.desired_number_scheduled = 2)
        .set(|set| set.status.current_number_scheduled = 2)
        .bird("node-1", "10.0.0.2 Established | 10.0.0.3 Active Socket: Host is unreachable")
        .bird("node-2", "10.0.0.1 Established | 10.0.0.3 Active Socket: Host is unreachable");
    let case = finds(&world, &["error bgp-session-down node-1,node-2"]);
    assert!(case.only().message.contains("10.0.0.3 is node-3: it has no calico-node pod"), "{}", case.only().message);
    let dead = finds(&world.with_silent_kubelet("node-3"), &["error bgp-session-down node-1,node-2"]);
    assert!(dead.only().message.contains("its kubelet does not report"), "{}", dead.only().message);
}

/// BIRD keeps the last error of a session that is up again.
#[test]
fn an_old_error_of_an_established_session_is_past() {
    healthy(&between("Established", "Established   Socket: Connection refused"));
}

/// The address at the other end is wrong: that is the finding, the session its evidence.
#[test]
fn a_wrong_address_at_the_other_end() {
    let world = cluster()
        .stored("node-2", "172.18.0.1/16")
        .interface("node-2", BRIDGE, "172.18.0.1/16")
        .bird("node-1", "172.18.0.1 Active Socket: Network is unreachable | 10.0.0.3 Established")
        .bird("node-2", "10.0.0.1 Passive | 10.0.0.3 Established");
    let case = finds(&world, &["error address-on-virtual-interface node-2"]);
    shows(case.only(), Source::Birdcl, "node-1", "Mesh_172_18_0_1 BGP master start 09:57:45 Active Socket: Network is unreachable");
}

/// Port 179 is closed on node-1: one finding about it, not one a peer.
#[test]
fn one_node_in_common_is_blamed_once() {
    let world = nodes(&["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", "10.0.0.4/24"])
        .bird("node-1", "10.0.0.2 Passive | 10.0.0.3 Passive | 10.0.0.4 Passive")
        .bird("node-2", "10.0.0.1 Connect | 10.0.0.3 Established | 10.0.0.4 Established")
        .bird("node-3", "10.0.0.1 Connect | 10.0.0.2 Established | 10.0.0.4 Established")
        .bird("node-4", "10.0.0.1 Connect | 10.0.0.2 Established | 10.0.0.3 Established")
        .not_ready("node-1");
    let case = finds(&world, &["error bgp-session-down node-1"]);
    assert!(case.only().message.contains("node-2, node-3 and node-4"), "{}", case.only().message);
}

#[test]
fn a_graceful_restart_is_a_warning() {
    let world = between("Passive", "Connect").restarting("node-2").unhealthy(
        "node-2",
        "Readiness probe failed: calico/node is not ready: BIRD is not ready: graceful restart in progress\n",
        3,
    );
    let case = finds(&world, &["warning bgp-session-down node-2"]);
    assert!(case.only().message.contains("graceful restart"), "{}", case.only().message);
}

#[test]
fn the_log_says_who_holds_the_port() {
    let world = between("Passive", "Active        Socket: Connection refused")
        .log("node-1", &started(&["bird: Socket error: bind: Address in use"]));
    let case = finds(&world, &["error bgp-session-down node-1"]);
    assert!(case.only().message.contains("another daemon holds port 179"), "{}", case.only().message);
    shows(case.only(), Source::Log, "node-1", "bind: Address in use");
}

#[test]
fn the_log_says_that_the_address_is_gone() {
    let world = between("Connect", "Passive").log("node-1", &started(&["bird: Mesh_10_0_0_2: Socket error: bind: Address not available"]));
    let case = finds(&world, &["error bgp-session-down node-1"]);
    assert!(case.only().message.contains("no longer has the address"), "{}", case.only().message);
    shows(case.only(), Source::Log, "node-1", "bind: Address not available");
}

#[test]
fn addresses_that_no_node_has() {
    let one = cluster().bird("node-1", "10.0.0.2 Established | 10.0.0.3 Established | 10.0.0.9 Active Socket: Host is unreachable");
    let case = finds(&one, &["error bgp-session-down node-1"]);
    assert!(case.only().message.contains("10.0.0.9: no node has that address"), "{}", case.only().message);
    let many = one.bird("node-2", "10.0.0.1 Established | 10.0.0.3 Established | 10.0.0.8 Connect | 10.0.0.9 Connect");
    let case = finds(&many, &["error bgp-session-down node-1,node-2"]);
    assert!(case.only().message.contains("2 addresses (10.0.0.8 to 10.0.0.9) that no node has"), "{}", case.only().message);
}

/// The machine is off: its pod still says what it said last, and its peers miss it.
#[test]
fn a_node_that_is_not_ready() {
    let world = cluster()
        .node_not_ready("node-3")
        .bird("node-1", "10.0.0.2 Established | 10.0.0.3 Active Socket: Host is unreachable")
        .bird("node-2", "10.0.0.1 Established | 10.0.0.3 Active Socket: Host is unreachable");
    let case = finds(&world, &["error bgp-session-down node-3"]);
    assert!(case.only().message.contains("the kubelet does not report"), "{}", case.only().message);
    shows(case.only(), Source::Birdcl, "node-1", "Mesh_10_0_0_3");
}

#[test]
fn an_outside_peer() {
    let tor = |info: &str| {
        let rows = |other: [&str; 2]| format!("{} Established | {} Established | Global_10_0_0_254 {info}", other[0], other[1]);
        cluster().bird("node-1", &rows(["10.0.0.2", "10.0.0.3"])).bird("node-2", &rows(["10.0.0.1", "10.0.0.3"]))
    };
    healthy(&tor("Established"));
    for (info, phrase) in [
        ("Idle BGP Error: Bad peer AS", "different AS numbers"),
        ("Active Socket: Connection refused", "refused"),
        ("Connect", "no answer"),
    ] {
        let case = finds(&tor(info), &["error bgp-session-down node-1,node-2"]);
        assert!(
            case.only().message.contains("node-1 and node-2 and 10.0.0.254") && case.only().message.contains(phrase),
            "{}",
            case.only().message
        );
        shows(case.only(), Source::Birdcl, "node-2", "Global_10_0_0_254");
    }
}

/// A workload that speaks BGP comes and goes with its pod.
#[test]
fn a_local_workload_may_be_away() {
    healthy(&cluster().bird("node-1", "10.0.0.2 Established | 10.0.0.3 Established | Local_Workload_10_65_0_7 Passive"));
}

/// A port taken in the container before this one was freed since.
#[test]
fn the_log_of_the_container_before_is_past() {
    let taken = started(&["bird: Socket error: bind: Address in use"]);
    let world = between("Passive", "Active        Socket: Connection refused").previous("node-1", &taken).log("node-1", &started(&[]));
    let case = finds(&world, &["error bgp-session-down node-1"]);
    assert!(case.only().message.contains("refused on port 179"), "{}", case.only().message);
}

#[test]
fn ipv6_and_ports() {
    let six = |one: &str| {
        let mut world = cluster();
        for name in ["node-1", "node-2", "node-3"] {
            world = world.stored6(name, &format!("fd00:10::{}/64", &name[5..]));
        }
        world.bird6("node-1", &format!("Mesh_fd00_10__2 {one} | Mesh_fd00_10__3 Established"))
    };
    healthy(&six("Established"));
    let case = finds(&six("Active Socket: Connection refused"), &["error bgp-session-down node-2"]);
    shows(case.only(), Source::Birdcl, "node-1", "Mesh_fd00_10__2");
    let port = cluster().bird("node-1", "10.0.0.2 Established | 10.0.0.3 Established | Node_10_0_0_254_port_1790 Connect");
    let case = finds(&port, &["error bgp-session-down node-1"]);
    assert!(case.only().message.contains("10.0.0.254"), "{}", case.only().message);
}

/// With exec forbidden the readiness event names the peers.
#[test]
fn events_tell_it_without_exec() {
    let world = cluster().exec_forbidden().not_ready("node-1").unhealthy("node-1", &not_established("10.0.0.2,10.0.0.3"), 6);
    let case = finds(&world, &["error bgp-session-down node-1"]);
    shows(case.only(), Source::Event, "node-1", "BGP not established with 10.0.0.2,10.0.0.3 (6×)");
}

/// One that is Ready again: the events are of the past.
#[test]
fn old_events_of_a_ready_node_are_past() {
    let case = finds(&cluster().exec_forbidden().unhealthy("node-1", &not_established("10.0.0.2,10.0.0.3"), 6), &[]);
    assert_eq!(case.report.verdict, calico_fix::finding::verdict::Verdict::Unknown);
}

/// A VPN gateway with NAT between two sites: the port is open, and BIRD refuses the address it sees.
#[test]
fn something_in_between_rewrites_the_source_address() {
    let refuses = |address: &str| {
        cluster()
            .not_ready("node-3")
            .bird("node-1", "10.0.0.2 Established | 10.0.0.3 Active Socket: Connection reset by peer")
            .bird("node-2", "10.0.0.1 Established | 10.0.0.3 Active Socket: Connection reset by peer")
            .bird("node-3", "10.0.0.1 Connect Socket: Connection reset by peer | 10.0.0.2 Connect Socket: Connection reset by peer")
            .log("node-1", &started(&[&format!("bird: BGP: Unexpected connect from unknown address {address} (port 38004)")]))
    };
    let case = finds(&refuses("10.9.0.1"), &["error bgp-session-down node-3"]);
    assert!(case.only().message.contains("refuses connections from 10.9.0.1, which no node has"), "{}", case.only().message);
    assert_eq!(case.command(), None);
    // an address of the node's own: nothing rewrites it
    let own = refuses("10.0.7.3").interface("node-3", "eth1", "10.0.7.3/24").env("IP_AUTODETECTION_METHOD", "interface=eth0");
    let case = finds(&own, &["error bgp-session-down node-3"]);
    assert!(!case.only().message.contains("rewrites"), "{}", case.only().message);
}
