//! Hosts as people have them: bridges, virtual IPs, VPNs, Vagrant's NAT, several cards; each with its healthy twin.

use super::build::*;
use super::*;

#[test]
fn a_healthy_cluster_keeps_what_it_has() {
    let judged = of(&cluster());
    assert_eq!(judged.stored(), "right right right");
    assert_eq!(judged.methods(), ["kubernetes-internal-ip", "cidr=10.0.0.0/24", "interface=^eth0$"]);
    for method in ["first-found", "kubernetes-internal-ip", "cidr=10.0.0.0/24", "interface=^eth0$"] {
        assert_eq!(judged.verdicts(method), "right right right", "{method}");
    }
    assert!(judged.recommendation.keep);
    assert_eq!(judged.recommended(), Some("first-found"));
    assert!(
        judged.recommendation.why.contains("kubernetes-internal-ip finds the same addresses and is more robust"),
        "{}",
        judged.recommendation.why
    );
}

#[test]
fn a_compose_bridge_on_one_node() {
    let judged = of(&cluster().interface("node-3", BRIDGE, "172.18.0.1/16").stored("node-3", "172.18.0.1/16"));
    assert_eq!(judged.verdicts("first-found"), "right right wrong");
    assert_eq!(judged.stored(), "right right wrong");
    assert!(judged.reason("first-found", 3).contains("a bridge made by Docker"), "{}", judged.reason("first-found", 3));
    assert_eq!(judged.recommended(), Some("kubernetes-internal-ip"));
    assert!(!judged.recommendation.keep);
    assert!(judged.why_not("first-found").starts_with("wrong on node-3: "), "{}", judged.why_not("first-found"));
}

/// The bridge is there, but a release that leaves it out runs.
#[test]
fn the_same_bridge_and_a_release_that_passes_it_over() {
    let judged = of(&cluster().interface("node-3", BRIDGE, "172.18.0.1/16").version("v3.25.0"));
    assert_eq!(judged.verdicts("first-found"), "right right right");
    assert!(judged.recommendation.keep);
}

#[test]
fn the_same_bridge_on_every_node_is_a_conflict() {
    let world = cluster().interface("node-2", BRIDGE, "172.18.0.1/16").interface("node-3", BRIDGE, "172.18.0.1/16");
    let judged = of(&world.stored("node-3", "172.18.0.1/16"));
    assert_eq!(judged.verdicts("first-found"), "right wrong wrong");
    assert!(judged.reason("first-found", 2).contains("node-3 has 172.18.0.1 too"), "{}", judged.reason("first-found", 2));
    assert_eq!(judged.recommended(), Some("kubernetes-internal-ip"));
}

#[test]
fn a_virtual_ip_on_the_same_card() {
    let mut snapshot = cluster().interface("node-1", "eth0:vip", "10.0.0.100/32").stored("node-1", "10.0.0.100/32").snapshot();
    reaching(&mut snapshot, "10.0.0.100", &["10.0.0.100", "10.0.0.2", "10.0.0.3"]);
    let judged = judge(&snapshot, &ask(&["interface=eth.*"]));
    assert_eq!(judged.verdicts("first-found"), "wrong right right");
    // Neither network nor name tells a virtual IP from the node's own address, nor does the way to it.
    for method in ["cidr=10.0.0.0/24", "interface=eth.*", "can-reach=10.0.0.100"] {
        assert_eq!(judged.verdicts(method), "wrong right right", "{method}");
    }
    assert!(judged.reason("first-found", 1).contains("a single host's address"), "{}", judged.reason("first-found", 1));
    assert_eq!(judged.recommended(), Some("kubernetes-internal-ip"));
}

#[test]
fn a_virtual_ip_with_the_networks_own_length() {
    let judged = of(&cluster().interface("node-1", "eth0:vip", "10.0.0.100/24").stored("node-1", "10.0.0.100/24"));
    assert_eq!(judged.verdicts("first-found"), "wrong right right");
    assert_eq!(judged.recommended(), Some("kubernetes-internal-ip"));
}

#[test]
fn a_vpn_on_one_node_and_a_cluster_that_is_joined_by_one() {
    let judged = of(&cluster().interface("node-2", "tailscale0", "100.92.24.103/32").stored("node-2", "100.92.24.103/32"));
    assert_eq!(judged.verdicts("first-found"), "right wrong right");
    assert!(judged.reason("first-found", 2).contains("a VPN made by Tailscale"));

    let mut joined = cluster();
    for (number, vpn) in [(1, "100.64.0.1"), (2, "100.64.0.2"), (3, "100.64.0.3")] {
        let (node, cidr) = (format!("node-{number}"), format!("{vpn}/32"));
        joined = joined.internal(&node, &[vpn]).interface(&node, "tailscale0", &cidr).stored(&node, &cidr);
    }
    let judged = of(&joined);
    assert_eq!(judged.verdicts("first-found"), "right right right");
    assert!(judged.recommendation.keep);
}

fn vagrant(stored: fn(usize) -> String) -> World {
    let mut world = cluster();
    for number in 1..=3 {
        let host = &mut world.hosts[number - 1];
        host.internal = vec!["10.0.2.15".into()];
        host.interfaces = vec![
            ("lo".into(), None, vec!["127.0.0.1/8".into()]),
            ("eth1".into(), None, vec![format!("192.168.56.1{number}/24")]),
            ("eth0".into(), None, vec!["10.0.2.15/24".into()]),
        ];
        host.stored = Some(stored(number));
    }
    world
}

#[test]
fn vagrants_nat_is_the_same_on_every_node() {
    let mut snapshot = vagrant(|_| "10.0.2.15/24".into()).all_not_ready().snapshot();
    reaching(&mut snapshot, "192.168.56.11", &["192.168.56.11", "192.168.56.12", "192.168.56.13"]);
    let judged = judge(&snapshot, &ask(&[]));
    assert!(
        judged.matrix.internal_ips_unreliable.as_deref().is_some_and(|why| why.contains("VirtualBox's NAT")),
        "{:?}",
        judged.matrix.internal_ips_unreliable
    );
    assert_eq!(judged.methods(), ["kubernetes-internal-ip", "can-reach=192.168.56.11", "cidr=192.168.56.0/24", "interface=^eth1$"]);
    for (method, expected) in [
        ("first-found", "wrong wrong wrong"),
        ("kubernetes-internal-ip", "wrong wrong wrong"),
        ("can-reach=192.168.56.11", "right right right"),
        ("cidr=192.168.56.0/24", "right right right"),
        ("interface=^eth1$", "right right right"),
    ] {
        assert_eq!(judged.verdicts(method), expected, "{method}");
    }
    assert_eq!(judged.recommended(), Some("can-reach=192.168.56.11"));
}

#[test]
fn vagrant_set_up_as_it_should_be() {
    let judged = of(&vagrant(|number| format!("192.168.56.1{number}/24")).env("IP_AUTODETECTION_METHOD", "interface=eth1"));
    assert_eq!(judged.verdicts("interface=eth1"), "right right right");
    assert_eq!(judged.stored(), "right right right");
    assert!(judged.recommendation.keep);
}

fn two_cards(network: &str) -> World {
    let mut world = cluster();
    for number in 1..=3 {
        let cidr = format!("{network}.{number}/24");
        world = world.interface(&format!("node-{number}"), "eth1", &cidr);
    }
    world
}

#[test]
fn several_cards_and_some_nodes_on_the_wrong_one() {
    let mut world = two_cards("10.3.0");
    // On node-2 the management card is listed last.
    world.hosts[1].interfaces.swap(1, 2);
    let world = world.stored("node-1", "10.3.0.1/24").stored("node-3", "10.3.0.3/24");
    // Sessions between the two networks: nothing is broken, so nothing is proposed.
    assert!(of(&world).recommendation.keep);
    let judged = of(&world
        .bird("node-1", "10.0.0.2 Connect | 10.3.0.3 Established")
        .bird("node-2", "10.3.0.1 Passive | 10.3.0.3 Passive")
        .bird("node-3", "10.3.0.1 Established | 10.0.0.2 Connect"));
    assert_eq!(judged.verdicts("kubernetes-internal-ip"), "right right right");
    assert_eq!(judged.verdicts("first-found"), "right wrong right");
    assert!(judged.reason("first-found", 2).contains("outside 10.3.0.0/24, where most nodes would be"));
    assert_eq!(judged.recommended(), Some("kubernetes-internal-ip"));
}

#[test]
fn a_network_of_its_own_on_purpose_is_right() {
    let mut world = two_cards("10.3.0").env("IP_AUTODETECTION_METHOD", "interface=eth1");
    for number in 1..=3 {
        world = world.stored(&format!("node-{number}"), &format!("10.3.0.{number}/24"));
    }
    let judged = of(&world);
    assert_eq!(judged.verdicts("interface=eth1"), "right right right");
    assert!(judged.recommendation.keep, "{:?}", judged.recommendation);
}

#[test]
fn public_internal_ips_and_ones_behind_nat() {
    let public = nodes(&["203.0.113.1/24", "203.0.113.2/24", "203.0.113.3/24"]);
    assert_eq!(of(&public).verdicts("kubernetes-internal-ip"), "right right right");

    let mut behind = cluster();
    for number in 1..=3 {
        behind = behind.internal(&format!("node-{number}"), &[&format!("198.51.100.{number}")]);
    }
    let judged = of(&behind);
    assert_eq!(judged.verdicts("kubernetes-internal-ip"), "unchanged unchanged unchanged");
    assert_eq!(judged.verdicts("first-found"), "right right right");
    assert!(judged.matrix.internal_ips_unreliable.as_deref().is_some_and(|why| why.contains("on none of its interfaces")));
    assert!(judged.recommendation.keep);
}

#[test]
fn racks_in_networks_of_their_own() {
    let judged = of(&nodes(&["10.1.0.1/24", "10.1.0.2/24", "10.2.0.1/24"]));
    assert_eq!(judged.verdicts("first-found"), "right right right");
    assert!(judged.methods().contains(&"cidr=10.1.0.0/24,10.2.0.0/24"), "{:?}", judged.methods());
}

#[test]
fn names_that_differ_are_all_listed() {
    let mut world = cluster();
    world.hosts[2].interfaces[1].0 = "ens192.7".into();
    let judged = of(&world);
    assert_eq!(judged.methods().last(), Some(&"interface=^ens192\\.7$,^eth0$"));
    assert_eq!(judged.verdicts("interface=^ens192\\.7$,^eth0$"), "right right right");
}

#[test]
fn a_method_that_fits_no_node_keeps_what_is_there_and_stops_a_node_that_has_nothing() {
    let judged = judge(&cluster().stored("node-3", "").snapshot(), &ask(&["interface=foo.*", "eth0", "interface=*"]));
    assert_eq!(judged.verdicts("interface=foo.*"), "unchanged unchanged none");
    assert!(judged.reason("interface=foo.*", 1).contains("it keeps 10.0.0.1/24, which is right"));
    assert!(judged.reason("interface=foo.*", 3).ends_with("and none is stored: calico-node exits"));
    assert_eq!(judged.verdicts("eth0"), "exits exits exits");
    assert_eq!(judged.verdicts("interface=*"), "unchanged unchanged none");
    assert!(judged.why_not("eth0").contains("is not a valid method"));
}

#[test]
fn where_no_method_is_right_everywhere_none_is_proposed() {
    let mut world = vagrant(|_| "10.0.2.15/24".into()).all_not_ready();
    // No other card on node-3.
    world.hosts[2].interfaces.remove(1);
    let judged = of(&world);
    assert_eq!(judged.recommended(), None);
    assert!(judged.recommendation.why.contains("No method is right on every node"), "{}", judged.recommendation.why);
}

/// While node-2 has node-1's address stored, node-1 would clear its own and exit.
#[test]
fn a_prediction_names_who_holds_the_address_now() {
    let judged = of(&cluster().stored("node-2", "10.0.0.1/24").stored("node-1", "10.0.0.2/24"));
    let choice = judged.matrix.choice(judged.matrix.column("kubernetes-internal-ip").expect("a column"));
    let held: Vec<Option<&str>> = choice.predictions.iter().map(|one| one.held_now_by.as_deref()).collect();
    assert_eq!(held, [Some("node-2"), Some("node-1"), None]);
    assert!(choice.does_no_harm());
    let harmful = judge(&cluster().interface("node-3", BRIDGE, "172.18.0.1/16").snapshot(), &ask(&["interface=^br-.*"]));
    assert!(!harmful.matrix.choice(harmful.matrix.column("interface=^br-.*").expect("a column")).does_no_harm());
}

#[test]
fn a_chosen_method_comes_with_a_prediction_for_each_node() {
    let judged = of(&cluster().interface("node-3", BRIDGE, "172.18.0.1/16").stored("node-3", "172.18.0.1/16"));
    let column = judged.matrix.column("kubernetes-internal-ip").expect("a column");
    let choice = judged.matrix.choice(column);
    assert_eq!((choice.method.as_str(), choice.needs_gate), ("kubernetes-internal-ip", false));
    let told: Vec<_> = choice
        .predictions
        .iter()
        .map(|one| (one.node.as_str(), one.stored_now.as_deref(), one.will_store.as_deref(), one.changes(), one.is_wrong_now))
        .collect();
    assert_eq!(
        told,
        [
            ("node-1", Some("10.0.0.1/24"), Some("10.0.0.1/24"), Some(false), false),
            ("node-2", Some("10.0.0.2/24"), Some("10.0.0.2/24"), Some(false), false),
            ("node-3", Some("172.18.0.1/16"), Some("10.0.0.3/24"), Some(true), true),
        ]
    );
}
