use calico_fix::finding::Source;
use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
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
