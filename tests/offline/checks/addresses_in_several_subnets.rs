use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

/// Five hosts with two cards; detection took the other card on one, and so did the kubelet.
fn routed() -> World {
    let mut world =
        nodes(&["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", "10.0.0.4/24", "10.9.0.5/24"]).interface("node-5", "eth1", "10.0.0.5/24");
    // The wrong card is listed last.
    world.hosts[4].interfaces.swap(1, 2);
    world
}

/// No route joins the two networks.
fn two_cards() -> World {
    let mut world = routed();
    for number in 1..=4 {
        let others = (1..=4).filter(|other| *other != number).map(|other| format!("10.0.0.{other} Established"));
        world = world.bird(&format!("node-{number}"), &(others.collect::<Vec<_>>().join("|") + "|10.9.0.5 Connect"));
    }
    world.bird("node-5", "10.0.0.1 Passive | 10.0.0.2 Passive | 10.0.0.3 Passive | 10.0.0.4 Passive")
}

const BOTH: &[&str] = &["error bgp-session-down node-5", "warning addresses-in-several-subnets node-5"];

/// Every session is established: nothing is broken, and no change is proposed.
#[test]
fn networks_that_are_joined_are_silent() {
    healthy(&routed());
}

#[test]
fn without_bgp_it_is_a_warning() {
    finds(&routed().without_bgp("vxlan"), &["warning addresses-in-several-subnets node-5"]);
}

#[test]
fn one_node_took_the_other_card() {
    let case = finds(&two_cards(), BOTH);
    assert!(
        case.of("addresses-in-several-subnets").message.contains("outside 10.0.0.0/24"),
        "{}",
        case.of("addresses-in-several-subnets").message
    );
    shows(case.of("addresses-in-several-subnets"), Source::Interfaces, "node-5", "eth1 has 10.0.0.5");
}

/// kubernetes-internal-ip would find the very address that is wrong here.
#[test]
fn the_fix_leads_into_the_common_network() {
    let case = finds(&two_cards(), BOTH);
    assert_eq!(
        case.of("addresses-in-several-subnets").fix.as_ref().map(by_hand),
        Some("kubectl set env daemonset/calico-node -n kube-system -c calico-node IP_AUTODETECTION_METHOD=cidr=10.0.0.0/24")
    );
}

/// Racks and zones have their own subnets.
#[test]
fn racks_are_silent() {
    healthy(&nodes(&["10.0.0.1/24", "10.0.0.2/24", "10.0.1.3/24", "10.0.1.4/24", "10.0.2.5/24"]));
    healthy(&nodes(&["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", "10.0.0.4/24", "10.9.0.5/24"]));
    healthy(&nodes(&["10.0.0.1/32", "10.0.0.2/32", "10.0.1.3/32"]));
}

/// A bridge that has such an address is no way into the network.
#[test]
fn virtual_interfaces_do_not_count() {
    healthy(&nodes(&["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", "10.0.0.4/24", "10.9.0.5/24"]).interface(
        "node-5",
        "virbr0",
        "10.0.0.5/24",
    ));
}
