use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

const FOUND: &[&str] = &["error address-on-virtual-interface node-3"];

/// Nodes on 10.0.0.x: the others wait for node-3, and node-3 dials in vain.
fn others_wait() -> World {
    cluster()
        .interface(NODE, BRIDGE, "172.18.0.1/16")
        .stored(NODE, "172.18.0.1/16")
        .not_ready(NODE)
        .restarting(NODE)
        .bird("node-1", "10.0.0.2 Established | 172.18.0.1 Passive")
        .bird("node-2", "10.0.0.1 Established | 172.18.0.1 Passive")
        .bird(NODE, "10.0.0.1 Connect | 10.0.0.2 Connect")
        .unhealthy(NODE, &not_established("10.0.0.1,10.0.0.2"), 6)
}

const NODE: &str = "node-3";

#[test]
fn peers_wait_and_the_victim_dials() {
    let case = finds(&others_wait(), FOUND);
    let finding = case.only();
    assert!(finding.message.starts_with("node-3 uses 172.18.0.1/16 (br-3f2a1b4c5d6e, a bridge made by Docker"), "{}", finding.message);
    shows(finding, Source::Annotation, NODE, "projectcalico.org/IPv4Address: 172.18.0.1/16 (InternalIP: 10.0.0.3)");
    shows(finding, Source::Interfaces, NODE, "br-3f2a1b4c5d6e has 172.18.0.1/16");
    shows(finding, Source::Birdcl, "node-1", "Mesh_172_18_0_1 BGP master start 09:57:45 Passive");
    shows(finding, Source::Birdcl, "node-2", "Mesh_172_18_0_1 BGP master start 09:57:45 Passive");
    shows(finding, Source::Birdcl, NODE, "Mesh_10_0_0_1 BGP master start 09:57:45 Connect");
    shows(finding, Source::Birdcl, NODE, "graceful restart: waiting for 2 peers, 107s left of 240s");
    shows(finding, Source::Event, NODE, "BGP not established with 10.0.0.1,10.0.0.2 (6×)");
    assert_eq!(
        case.command(),
        Some("kubectl set env daemonset/calico-node -n kube-system -c calico-node IP_AUTODETECTION_METHOD=kubernetes-internal-ip")
    );
}

#[test]
fn the_same_bridge_is_no_fault_where_nobody_advertises_it() {
    healthy(&cluster().version("v3.25.0").interface(NODE, BRIDGE, "172.18.0.1/16"));
    finds(&cluster().interface(NODE, BRIDGE, "172.18.0.1/16"), &["warning restart-would-change-address node-3"]);
}

#[test]
fn peers_dial_and_the_victim_waits() {
    let world = nodes(&["192.168.56.11/24", "192.168.56.12/24", "192.168.56.13/24"])
        .interface(NODE, BRIDGE, "172.18.0.1/16")
        .stored(NODE, "172.18.0.1/16")
        .not_ready(NODE)
        .bird("node-1", "192.168.56.12 Established | 172.18.0.1 Active        Socket: Network is unreachable")
        .bird("node-2", "192.168.56.11 Established | 172.18.0.1 Active        Socket: Network is unreachable")
        .bird(NODE, "192.168.56.11 Passive | 192.168.56.12 Passive");
    let case = finds(&world, FOUND);
    shows(case.only(), Source::Birdcl, "node-1", "start 09:57:45 Active Socket: Network is unreachable");
    shows(case.only(), Source::Birdcl, NODE, "Mesh_192_168_56_11 BGP master start 09:57:45 Passive");
}

/// Every host has 172.18.0.1: who dials it reaches itself.
#[test]
fn every_node_has_the_bridge() {
    let mut world = nodes(&["192.168.56.11/24", "192.168.56.12/24", "192.168.56.13/24"]).stored(NODE, "172.18.0.1/16").not_ready(NODE);
    for name in ["node-1", "node-2", NODE] {
        world = world.interface(name, BRIDGE, "172.18.0.1/16");
    }
    let world = world
        .bird("node-1", "192.168.56.12 Established | 172.18.0.1 Active        Socket: Connection reset by peer")
        .bird("node-2", "192.168.56.11 Established | 172.18.0.1 OpenSent      Socket: Connection closed")
        .bird(NODE, "192.168.56.11 Passive | 192.168.56.12 Passive");
    // The other two would take theirs at their next start.
    let next = ["warning restart-would-change-address node-1", "warning restart-would-change-address node-2"];
    let case = finds(&world, &[FOUND, &next].concat());
    let finding = case.of("address-on-virtual-interface");
    assert!(finding.message.contains(", which 2 other nodes have too, expected 192.168.56.13"), "{}", finding.message);
    shows(finding, Source::Interfaces, "node-1", "br-3f2a1b4c5d6e has 172.18.0.1 too");
}

/// Nothing suffers yet: half a minute after its start one session is enough to be Ready.
#[test]
fn is_a_warning_before_anything_suffers() {
    let world = cluster().interface(NODE, "lxdbr0", "10.114.9.1/24").stored(NODE, "10.114.9.1/24");
    finds(&world, &["warning address-on-virtual-interface node-3"]);
}

/// `ip` may be missing in the container: the annotation of 3.31 or the log name the interface as well.
#[test]
fn other_sources_name_the_interface() {
    let annotated = others_wait().exec_forbidden().annotation(
        NODE,
        "projectcalico.org/Interfaces",
        r#"[{"name":"eth0","addresses":["10.0.0.3"]},{"name":"lxdbr0","addresses":["172.18.0.1"]}]"#,
    );
    shows(finds(&annotated, FOUND).only(), Source::Annotation, NODE, "lxdbr0 has 172.18.0.1/16");
    let line =
        "[INFO][9] startup/autodetection_methods.go 103: Using autodetected IPv4 address on interface br-3f2a1b4c5d6e: 172.18.0.1/16";
    let logged = others_wait()
        .exec_forbidden()
        .log(NODE, &started(&["x"]).replace("Calico node started", &format!("2026-11-23 16:50:04.000 {line}\nCalico node started")));
    shows(finds(&logged, FOUND).only(), Source::Log, NODE, "Using autodetected IPv4 address on interface br-3f2a1b4c5d6e");
}

/// A bridge that carries the host's real address is an ordinary way to the network.
#[test]
fn real_addresses_on_bridges_and_tunnels_are_silent() {
    for interface in ["br-ex", "br0", "vlan10", "docker0"] {
        let world = cluster().env("IP_AUTODETECTION_METHOD", "kubernetes-internal-ip");
        healthy(&world.interface(NODE, interface, "10.0.0.33/24").stored(NODE, "10.0.0.33/24").internal(NODE, &["10.0.0.33"]));
    }
}

#[test]
fn a_name_that_says_nothing_is_judged_by_its_kind() {
    let world = cluster().interface_of(NODE, "office", "wireguard", "10.99.0.3/24").stored(NODE, "10.99.0.3/24");
    let case = finds(&world, &["warning address-on-virtual-interface node-3"]);
    assert!(case.only().message.contains("(office, a VPN"), "{}", case.only().message);
}

/// The own card of a kind or LXC node is an end of a cable.
#[test]
fn a_card_that_is_a_veth_is_silent() {
    let mut world = cluster();
    world.hosts.iter_mut().for_each(|host| host.interfaces[1].1 = Some("veth".into()));
    healthy(&world);
}

/// Nodes joined by a VPN: the configured method names it, and the InternalIPs are the cloud's.
#[test]
fn a_vpn_that_was_chosen_is_silent() {
    let mut world = cluster().env("IP_AUTODETECTION_METHOD", "interface=wg0");
    for number in 1..=3 {
        let (node, cidr) = (format!("node-{number}"), format!("10.99.0.{number}/24"));
        world = world.interface_of(&node, "wg0", "wireguard", &cidr).stored(&node, &cidr);
    }
    healthy(&world);
    healthy(&world.env("IP_AUTODETECTION_METHOD", "cidr=10.99.0.0/24"));
}

/// Windows' own DaemonSet has addresses of its own.
#[test]
fn windows_nodes_do_not_count() {
    healthy(
        &others_wait()
            .label(NODE, "kubernetes.io/os", "windows")
            .bird("node-1", "10.0.0.2 Established")
            .bird("node-2", "10.0.0.1 Established"),
    );
}
