use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::objects::{Custom, Meta};
use serde_json::{Value, json};

use super::build::*;
use super::judge::*;

const IPIP: &str = "projectcalico.org/IPv4IPIPTunnelAddr";

fn pool(snapshot: &mut Snapshot, spec: Value) {
    let metadata = Meta { name: "default-ipv4-ippool".into(), ..Meta::default() };
    snapshot.resources.ip_pools = Observed::Seen(vec![Custom { metadata, spec, status: Value::Null }]);
}

fn default_pool(snapshot: &mut Snapshot) {
    pool(snapshot, json!({"cidr": "192.168.0.0/16", "ipipMode": "Always", "natOutgoing": true}));
}

/// Nodes in a home network, and these tunnel addresses.
fn at_home(tunnels: [&str; 3]) -> World {
    let world = nodes(&["192.168.50.10/24", "192.168.50.11/24", "192.168.50.12/24"]);
    (1..=3).zip(tunnels).fold(world, |world, (number, tunnel)| world.annotation(&format!("node-{number}"), IPIP, tunnel))
}

#[test]
fn the_default_pool_in_a_home_network() {
    let apart = ["192.168.84.128", "192.168.119.64", "192.168.247.0"];
    let case = finds(&at_home(apart).edit(default_pool), &["warning pool-overlaps-nodes node-1,node-2,node-3"]);
    assert!(case.only().message.contains("default-ipv4-ippool (192.168.0.0/16) contains the addresses"), "{}", case.only().message);
    assert_eq!(case.command(), None);
    // node-2 has the block that the other nodes' addresses are in
    let captured = ["192.168.84.128", "192.168.50.1", "192.168.247.0"];
    let case = finds(&at_home(captured).edit(default_pool), &["error pool-overlaps-nodes node-1,node-2,node-3"]);
    assert!(case.only().message.contains("node-2 has the block 192.168.50.0/26"), "{}", case.only().message);
}

/// A network of its own, a pool that is off, one that another IPAM leaves alone, and pools that were not read.
#[test]
fn silent_where_nothing_overlaps() {
    let apart = ["10.244.1.0", "10.244.2.0", "10.244.3.0"];
    healthy(&at_home(apart).edit(|snapshot| pool(snapshot, json!({"cidr": "10.244.0.0/16", "ipipMode": "Always"}))));
    let home = ["192.168.84.128", "192.168.119.64", "192.168.247.0"];
    healthy(&at_home(home).edit(|snapshot| pool(snapshot, json!({"cidr": "192.168.0.0/16", "ipipMode": "Always", "disabled": true}))));
    healthy(&nodes(&["192.168.50.10/24", "192.168.50.11/24"]).edit(default_pool));
    healthy(&at_home(home).edit(|snapshot| snapshot.resources.ip_pools = Observed::NotAsked));
}
