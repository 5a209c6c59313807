//! Annotations in which Calico keeps the addresses of its own tunnels (libcalico-go/lib/backend/k8s/resources/node.go).

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

use super::address::{self, Cidr};
use super::label_selector::LabelSelector;
use crate::snapshot::family::Family;
use crate::snapshot::objects::Custom;

/// The annotation and the interface that has its address. Such an address is from the pod network and never a node's own.
pub const TUNNELS: [(&str, &str); 5] = [
    ("projectcalico.org/IPv4IPIPTunnelAddr", "tunl0"),
    ("projectcalico.org/IPv4VXLANTunnelAddr", "vxlan.calico"),
    ("projectcalico.org/IPv6VXLANTunnelAddr", "vxlan-v6.calico"),
    (wireguard_address(Family::V4), "wireguard.cali"),
    (wireguard_address(Family::V6), "wg-v6.cali"),
];

/// A node that has one of these sends its pods' traffic through VXLAN, which needs no BGP session.
pub const VXLAN_ADDRESSES: [&str; 2] = [TUNNELS[1].0, TUNNELS[2].0];

/// A tunnel whose address the pools of one mode give (node/pkg/allocateip/allocateip.go, `determineEnabledPoolCIDRs`, 3.20 to 3.33).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolTunnel {
    pub annotation: &'static str,
    pub interface: &'static str,
    pub family: Family,
    /// What people call it.
    pub name: &'static str,
    /// The field of the pool's spec: Always or CrossSubnet.
    mode: &'static str,
}

pub const POOL_TUNNELS: [PoolTunnel; 3] = [
    PoolTunnel { annotation: TUNNELS[0].0, interface: TUNNELS[0].1, family: Family::V4, name: "IP-in-IP", mode: "ipipMode" },
    PoolTunnel { annotation: TUNNELS[1].0, interface: TUNNELS[1].1, family: Family::V4, name: "VXLAN", mode: "vxlanMode" },
    PoolTunnel { annotation: TUNNELS[2].0, interface: TUNNELS[2].1, family: Family::V6, name: "IPv6 VXLAN", mode: "vxlanMode" },
];

impl PoolTunnel {
    /// A node with these labels takes an address of this tunnel from the pool. A selector that cannot be read selects nobody.
    pub fn is_fed_by(&self, pool: &Custom, labels: &BTreeMap<String, String>) -> bool {
        let text = |field: &str| pool.spec.get(field).and_then(Value::as_str).unwrap_or_default();
        let uses = pool.spec.get("allowedUses").and_then(Value::as_array).filter(|uses| !uses.is_empty());
        let family = address::parse(text("cidr")).map(|cidr| Family::from_address(cidr.addr()));
        ["Always", "CrossSubnet"].contains(&text(self.mode))
            && family == Some(self.family)
            && is_enabled(pool)
            && uses.is_none_or(|uses| uses.iter().any(|one| one == "Tunnel"))
            && LabelSelector::parse(text("nodeSelector")).is_ok_and(|selector| selector.matches(labels))
    }
}

/// New addresses are taken from it.
pub fn is_enabled(pool: &Custom) -> bool {
    pool.spec.get("disabled").and_then(Value::as_bool) != Some(true) && pool.metadata.deletion_timestamp.is_none()
}

/// The block that a node takes addresses from, by one of them; from another node's block none is borrowed here.
/// `blockSize` of the pool, else what libcalico-go/lib/ipam takes: 26 and 122.
pub fn block_of(pool: &Custom, address: IpAddr) -> Option<Cidr> {
    let default = if address.is_ipv4() { 26 } else { 122 };
    let length = pool.spec.get("blockSize").and_then(Value::as_u64).filter(|size| *size > 0);
    let length = length.map_or(Some(default), |size| u8::try_from(size).ok())?;
    Cidr::new(address, length).ok().map(|block| block.trunc())
}

/// The public key that a node announces to its peers, by family (from 3.14; IPv6 from 3.24).
pub const fn wireguard_key(family: Family) -> &'static str {
    match family {
        Family::V4 => "projectcalico.org/WireguardPublicKey",
        Family::V6 => "projectcalico.org/WireguardPublicKeyV6",
    }
}

/// The address of the node's WireGuard interface.
pub const fn wireguard_address(family: Family) -> &'static str {
    match family {
        Family::V4 => "projectcalico.org/IPv4WireguardInterfaceAddr",
        Family::V6 => "projectcalico.org/IPv6WireguardInterfaceAddr",
    }
}

/// The interface of the WireGuard tunnel of a family.
pub const fn wireguard_interface(family: Family) -> &'static str {
    match family {
        Family::V4 => "wireguard.cali",
        Family::V6 => "wg-v6.cali",
    }
}

/// The address of each of `TUNNELS` that a node's annotations name.
pub fn read_tunnels(annotations: &BTreeMap<String, String>) -> [Option<IpAddr>; TUNNELS.len()] {
    TUNNELS.map(|(name, _)| address::parse(annotations.get(name)?).map(|cidr| cidr.addr()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_pools_give_a_node_its_tunnel_address() {
        let [ipip, vxlan, vxlan6] = POOL_TUNNELS;
        let labels = BTreeMap::from([("zone".to_owned(), "a".to_owned())]);
        for (spec, tunnel, fed) in [
            (serde_json::json!({"cidr": "10.244.0.0/16", "ipipMode": "Always"}), ipip, true),
            (serde_json::json!({"cidr": "10.244.0.0/16", "ipipMode": "CrossSubnet", "nodeSelector": "all()"}), ipip, true),
            (serde_json::json!({"cidr": "10.244.0.0/16", "ipipMode": "Never", "vxlanMode": "Always"}), ipip, false),
            (serde_json::json!({"cidr": "10.244.0.0/16", "vxlanMode": "Always"}), vxlan, true),
            (serde_json::json!({"cidr": "fd00::/48", "vxlanMode": "Always"}), vxlan, false),
            (serde_json::json!({"cidr": "fd00::/48", "vxlanMode": "Always"}), vxlan6, true),
            (serde_json::json!({"cidr": "10.244.0.0/16", "vxlanMode": "Always", "disabled": true}), vxlan, false),
            (serde_json::json!({"cidr": "10.244.0.0/16", "vxlanMode": "Always", "nodeSelector": "zone == 'b'"}), vxlan, false),
            (serde_json::json!({"cidr": "10.244.0.0/16", "vxlanMode": "Always", "nodeSelector": "zone =="}), vxlan, false),
            (serde_json::json!({"cidr": "10.244.0.0/16", "vxlanMode": "Always", "allowedUses": ["Workload"]}), vxlan, false),
        ] {
            let pool = Custom { spec: spec.clone(), ..Custom::default() };
            assert_eq!(tunnel.is_fed_by(&pool, &labels), fed, "{spec}");
        }
    }

    #[test]
    fn tunnels_are_known_by_their_annotations() {
        let annotations = BTreeMap::from([
            ("projectcalico.org/IPv4Address".to_owned(), "10.0.0.1/24".to_owned()),
            ("projectcalico.org/IPv4VXLANTunnelAddr".to_owned(), "10.1.69.0".to_owned()),
            ("projectcalico.org/IPv6WireguardInterfaceAddr".to_owned(), "fd00:1::9".to_owned()),
        ]);
        let read = read_tunnels(&annotations);
        let told: Vec<_> =
            TUNNELS.iter().zip(read).filter_map(|((_, interface), address)| Some((*interface, address?.to_string()))).collect();
        assert_eq!(told, [("vxlan.calico", "10.1.69.0".to_owned()), ("wg-v6.cali", "fd00:1::9".to_owned())]);
    }
}
