use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

const KEY: &str = "projectcalico.org/WireguardPublicKey";
const ADDRESS: &str = "projectcalico.org/IPv4WireguardInterfaceAddr";

fn encrypted() -> World {
    let mut world = cluster().without_bgp("vxlan");
    for number in 1..=3 {
        let node = format!("node-{number}");
        world = world.annotation(&node, KEY, "AAAA=").annotation(&node, ADDRESS, &format!("10.233.6{number}.1"));
    }
    world
}

#[test]
fn a_key_without_an_address() {
    let mut world = encrypted();
    world.hosts[2].annotations.remove(ADDRESS);
    let case = finds(&world, &["error wireguard-address-missing node-3"]);
    shows(case.only(), Source::Annotation, "node-3", "projectcalico.org/IPv4WireguardInterfaceAddr: none");
    assert_eq!(case.command(), Some("kubectl delete pod calico-node-ddddd -n kube-system"));
}

#[test]
fn ipv6_too() {
    let mut world = encrypted();
    for number in 1..=3 {
        let node = format!("node-{number}");
        world = world.annotation(&node, "projectcalico.org/WireguardPublicKeyV6", "AAAA=");
        if number != 2 {
            world = world.annotation(&node, "projectcalico.org/IPv6WireguardInterfaceAddr", &format!("fd00:6{number}::1"));
        }
    }
    let case = finds(&world, &["error wireguard-address-missing node-2"]);
    assert!(case.only().message.contains("wg-v6.cali has no IPv6 address"), "{}", case.only().message);
}

/// Complete everywhere; without encryption; and with another plugin's IPAM, where no node has such an address.
#[test]
fn silent_without_a_difference() {
    healthy(&encrypted());
    healthy(&cluster());
    let mut world = encrypted();
    world.hosts.iter_mut().for_each(|host| _ = host.annotations.remove(ADDRESS));
    healthy(&world);
}
