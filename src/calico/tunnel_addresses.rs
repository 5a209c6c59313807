//! Annotations in which Calico keeps the addresses of its own tunnels (libcalico-go/lib/backend/k8s/resources/node.go).

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::address;
use crate::snapshot::family::Family;

/// The annotation and the interface that has its address. Such an address is from the pod network and never a node's own.
const TUNNELS: [(&str, &str); 5] = [
    ("projectcalico.org/IPv4IPIPTunnelAddr", "tunl0"),
    ("projectcalico.org/IPv4VXLANTunnelAddr", "vxlan.calico"),
    ("projectcalico.org/IPv6VXLANTunnelAddr", "vxlan-v6.calico"),
    (wireguard_address(Family::V4), "wireguard.cali"),
    (wireguard_address(Family::V6), "wg-v6.cali"),
];

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

/// The annotation that says that this address is a tunnel's, and the tunnel.
pub fn tunnel_with(annotations: &BTreeMap<String, String>, wanted: IpAddr) -> Option<(&'static str, &'static str)> {
    let holds = |name: &str| annotations.get(name).and_then(|text| address::parse(text)).is_some_and(|cidr| cidr.addr() == wanted);
    TUNNELS.into_iter().find(|(name, _)| holds(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tunnels_are_known_by_their_annotations() {
        let annotations = BTreeMap::from([
            ("projectcalico.org/IPv4Address".to_owned(), "10.0.0.1/24".to_owned()),
            ("projectcalico.org/IPv4VXLANTunnelAddr".to_owned(), "10.1.69.0".to_owned()),
            ("projectcalico.org/IPv6WireguardInterfaceAddr".to_owned(), "fd00:1::9".to_owned()),
        ]);
        let told = |text: &str| tunnel_with(&annotations, text.parse().expect("an address")).map(|(_, interface)| interface);
        assert_eq!(told("10.1.69.0"), Some("vxlan.calico"));
        assert_eq!(told("fd00:1::9"), Some("wg-v6.cali"));
        assert_eq!(told("10.0.0.1"), None);
    }
}
