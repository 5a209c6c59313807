use calico_fix::finding::Source;
use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::inspection::Interface;
use calico_fix::snapshot::objects::{Custom, Meta};
use serde_json::{Value, json};

use super::build::*;
use super::judge::*;

const VXLAN: &str = "projectcalico.org/IPv4VXLANTunnelAddr";
const IPIP: &str = "projectcalico.org/IPv4IPIPTunnelAddr";

fn tunnelled(annotation: &str) -> World {
    (1..=3).fold(cluster(), |world, number| world.annotation(&format!("node-{number}"), annotation, &format!("10.244.{number}.0")))
}

fn pool(snapshot: &mut Snapshot, spec: Value) {
    let metadata = Meta { name: "default".into(), ..Meta::default() };
    snapshot.resources.ip_pools = Observed::Seen(vec![Custom { metadata, spec, status: Value::Null }]);
}

fn vxlan(snapshot: &mut Snapshot) {
    pool(snapshot, json!({"cidr": "10.244.0.0/16", "vxlanMode": "Always", "nodeSelector": "all()"}));
}

fn ipip(snapshot: &mut Snapshot) {
    pool(snapshot, json!({"cidr": "10.244.0.0/16", "ipipMode": "CrossSubnet"}));
}

fn without(annotation: &str) -> World {
    let mut world = tunnelled(annotation);
    world.hosts[1].annotations.remove(annotation);
    world
}

#[test]
fn a_node_that_a_pool_selects_has_none() {
    type Edit = fn(&mut Snapshot);
    for (annotation, pools, name) in [(VXLAN, vxlan as Edit, "VXLAN"), (IPIP, ipip, "IP-in-IP")] {
        let case = finds(&without(annotation).edit(pools), &["error tunnel-address-wrong node-2"]);
        assert!(case.only().message.contains(&format!("no {name} tunnel address")), "{}", case.only().message);
        shows(case.only(), Source::Annotation, "node-2", "TunnelAddr: none");
        assert_eq!(case.command(), Some("kubectl delete pod calico-node-ccccc -n kube-system"));
        healthy(&tunnelled(annotation).edit(pools));
    }
}

#[test]
fn two_nodes_have_one() {
    let world = tunnelled(VXLAN).annotation("node-3", VXLAN, "10.244.1.0");
    let case = finds(&world, &["error tunnel-address-wrong node-1,node-3"]);
    assert!(case.only().message.contains("10.244.1.0"), "{}", case.only().message);
    healthy(&tunnelled(VXLAN));
}

/// Pools that do not want the node, pools that were not read, another mode, and another plugin's IPAM.
#[test]
fn silent_where_none_is_needed_or_known() {
    let pools: [fn(&mut Snapshot); 5] = [
        |snapshot| pool(snapshot, json!({"cidr": "10.244.0.0/16", "vxlanMode": "Never"})),
        ipip,
        |snapshot| pool(snapshot, json!({"cidr": "10.244.0.0/16", "vxlanMode": "Always", "disabled": true})),
        |snapshot| pool(snapshot, json!({"cidr": "10.244.0.0/16", "vxlanMode": "Always", "nodeSelector": "has(zone)"})),
        |snapshot| pool(snapshot, json!({"cidr": "10.244.0.0/16", "vxlanMode": "Always", "allowedUses": ["Workload"]})),
    ];
    for pools in pools {
        healthy(&without(VXLAN).edit(pools));
    }
    healthy(&without(VXLAN));
    healthy(&cluster().edit(vxlan));
}

/// node-2's interface of that name.
fn interface<'a>(snapshot: &'a mut Snapshot, name: &str) -> &'a mut Interface {
    let Some(Observed::Seen(inside)) = snapshot.inside.get_mut("node-2") else { panic!("node-2 was not inspected") };
    let Observed::Seen(interfaces) = &mut inside.interfaces else { panic!("no interfaces") };
    interfaces.iter_mut().find(|one| one.name == name).expect("the interface")
}

fn with_device() -> World {
    (1..=3).fold(tunnelled(VXLAN), |world, number| {
        world.interface_of(&format!("node-{number}"), "vxlan.calico", "vxlan", &format!("10.244.{number}.0/32"))
    })
}

fn is_up(snapshot: &mut Snapshot) {
    interface(snapshot, "vxlan.calico").flags = ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"].map(String::from).to_vec();
}

fn is_down(snapshot: &mut Snapshot) {
    interface(snapshot, "vxlan.calico").flags = ["BROADCAST", "MULTICAST"].map(String::from).to_vec();
}

fn is_bare(snapshot: &mut Snapshot) {
    is_up(snapshot);
    interface(snapshot, "vxlan.calico").addresses.clear();
}

fn has_an_old_address(snapshot: &mut Snapshot) {
    is_up(snapshot);
    interface(snapshot, "vxlan.calico").addresses[0].address = "10.244.77.0".parse().expect("an address");
}

/// NetworkManager and the like set it down or take its address, and every pod stays Ready.
#[test]
fn a_tunnel_interface_that_carries_nothing() {
    type Edit = fn(&mut Snapshot);
    for (fault, says) in [
        (is_down as Edit, "vxlan.calico is down on node-2"),
        (is_bare, "vxlan.calico has no IPv4 address, expected 10.244.2.0 on node-2"),
        (has_an_old_address, "vxlan.calico does not have 10.244.2.0 on node-2"),
    ] {
        let case = finds(&with_device().edit(vxlan).edit(fault), &["error tunnel-address-wrong node-2"]);
        assert!(case.only().message.contains(says), "{}", case.only().message);
        shows(case.only(), Source::Interfaces, "node-2", "vxlan.calico");
        assert_eq!(case.command(), None, "another start changes nothing");
        let unread: Edit = |snapshot| snapshot.resources.ip_pools = Observed::NotAsked;
        finds(&with_device().edit(unread).edit(fault), &["error tunnel-address-wrong node-2"]);
        // no pool wants this tunnel any more
        healthy(&with_device().edit(ipip).edit(fault));
    }
    for world in [with_device().edit(vxlan).edit(is_up), with_device().edit(vxlan)] {
        healthy(&world);
    }
}

/// WireGuard's too, while its key is announced; and a list of IPv4 addresses shows no IPv6 tunnel's.
#[test]
fn other_tunnels() {
    let key = "projectcalico.org/WireguardPublicKey";
    let address = "projectcalico.org/IPv4WireguardInterfaceAddr";
    let bare: fn(&mut Snapshot) = |snapshot| interface(snapshot, "wireguard.cali").addresses.clear();
    let encrypted = |keyed: bool| {
        (1..=3).fold(cluster(), |world, number| {
            let node = format!("node-{number}");
            let world = world.annotation(&node, address, &format!("10.244.{number}.9"));
            let world = if keyed { world.annotation(&node, key, "AAAA=") } else { world };
            world.interface_of(&node, "wireguard.cali", "wireguard", &format!("10.244.{number}.9/32"))
        })
    };
    let case = finds(&encrypted(true).edit(bare), &["error tunnel-address-wrong node-2"]);
    assert!(case.only().message.contains("wireguard.cali has no IPv4 address"), "{}", case.only().message);
    healthy(&encrypted(true));
    healthy(&encrypted(false).edit(bare));

    let v6 = "projectcalico.org/IPv6VXLANTunnelAddr";
    let unseen: fn(&mut Snapshot) = |snapshot| interface(snapshot, "vxlan-v6.calico").addresses.clear();
    let dual = (1..=3).fold(cluster(), |world, number| {
        let node = format!("node-{number}");
        world.annotation(&node, v6, &format!("fd20::{number}")).interface_of(
            &node,
            "vxlan-v6.calico",
            "vxlan",
            &format!("fd20::{number}/128"),
        )
    });
    healthy(&dual.edit(unseen));
}
