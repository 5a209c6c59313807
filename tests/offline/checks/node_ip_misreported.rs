use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

/// node-3's kubelet registered the address of Calico's own tunnel.
fn tunnel() -> World {
    cluster()
        .version("v3.25.2")
        .without_bgp("vxlan")
        .annotation("node-3", "projectcalico.org/IPv4VXLANTunnelAddr", "10.244.3.0")
        .internal("node-3", &["10.244.3.0"])
}

#[test]
fn a_tunnels_address_is_no_change_of_calico() {
    for world in [tunnel().interface_of("node-3", "vxlan.calico", "vxlan", "10.244.3.0/32"), tunnel().exec_forbidden()] {
        let case = finds(&world, &["warning node-ip-misreported node-3"]);
        assert!(case.only().message.contains("expected 10.0.0.3 (set the kubelet's --node-ip)"), "{}", case.only().message);
        shows(case.only(), Source::Node, "node-3", "InternalIP: 10.244.3.0");
        assert_eq!(case.command(), None);
    }
}

/// Sessions are established over Calico's address, which is with the others'; the cloud gave the node another InternalIP.
#[test]
fn an_internal_ip_in_another_network() {
    let world = cluster().interface("node-2", "eth9", "192.168.7.2/24").internal("node-2", &["192.168.7.2"]).version("v3.25.2");
    let world = world.env("IP_AUTODETECTION_METHOD", "interface=eth0");
    finds(&world, &["warning node-ip-misreported node-2"]);
    healthy(&world.internal("node-2", &["192.168.7.2", "10.0.0.2"]));
}

#[test]
fn a_network_of_its_own_is_silent() {
    let mut world = cluster();
    for number in 1..=3 {
        let cidr = format!("10.200.0.{number}/24");
        world = world.interface(&format!("node-{number}"), "eth1", &cidr).stored(&format!("node-{number}"), &cidr);
    }
    healthy(&world);
}
