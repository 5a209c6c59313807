use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

/// Five hosts with two cards; detection took the other card on one, and so did the kubelet.
fn two_cards() -> World {
    nodes(&["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", "10.0.0.4/24", "10.9.0.5/24"]).interface("node-5", "eth1", "10.0.0.5/24")
}

#[test]
fn one_node_took_the_other_card() {
    let case = finds(&two_cards(), &["warning addresses-in-several-subnets node-5"]);
    assert!(case.only().message.contains("outside 10.0.0.0/24"), "{}", case.only().message);
    shows(case.only(), Source::Interfaces, "node-5", "eth1 has 10.0.0.5");
}

/// kubernetes-internal-ip would find the very address that is wrong here.
#[test]
fn the_fix_leads_into_the_common_network() {
    let case = finds(&two_cards(), &["warning addresses-in-several-subnets node-5"]);
    assert_eq!(
        case.command(),
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
