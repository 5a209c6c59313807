//! Interfaces whose address belongs to this host alone, by name: an address there is no address for a node.

use super::address::{self, Cidr};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VirtualInterface {
    pub what: &'static str,
    pub made_by: &'static str,
}

/// The shape of a name.
#[derive(Clone, Copy, Debug)]
enum Name {
    Is(&'static str),
    Begins(&'static str),
    /// With a number behind.
    Numbered(&'static str),
    /// With as many hexadecimal digits behind.
    Hex(&'static str, usize),
}

use Name::{Begins, Hex, Is, Numbered};

const TABLE: &[(Name, &str, &str)] = &[
    (Begins("docker"), "bridge", "Docker"),
    (Hex("br-", 12), "bridge", "Docker (docker network, docker compose)"),
    (Begins("podman"), "bridge", "Podman"),
    (Begins("cni-podman"), "bridge", "Podman"),
    (Numbered("nerdctl"), "bridge", "nerdctl"),
    (Begins("virbr"), "bridge", "libvirt"),
    (Begins("lxdbr"), "bridge", "LXD"),
    (Begins("incusbr"), "bridge", "Incus"),
    (Begins("lxcbr"), "bridge", "LXC"),
    (Begins("mpqemubr"), "bridge", "Multipass"),
    (Begins("vmnet"), "host-only network", "VMware"),
    (Begins("vboxnet"), "host-only network", "VirtualBox"),
    (Numbered("cni"), "bridge of pods", "a CNI plugin"),
    (Numbered("cbr"), "bridge of pods", "kubenet"),
    (Is("kube-bridge"), "bridge of pods", "kube-router"),
    (Is("mynet0"), "bridge of pods", "a CNI plugin"),
    (Is("weave"), "bridge of pods", "Weave Net"),
    (Begins("vethwe"), "end of a pod's cable", "Weave Net"),
    (Begins("veth"), "end of a container's cable", "a container runtime"),
    (Begins("cali"), "end of a pod's cable", "Calico"),
    (Numbered("tunl"), "IP-in-IP tunnel", "Calico"),
    (Begins("vxlan.calico"), "VXLAN tunnel", "Calico"),
    (Begins("vxlan-v6.calico"), "VXLAN tunnel", "Calico"),
    (Begins("wireguard.cali"), "WireGuard tunnel", "Calico"),
    (Begins("wg-v6.cali"), "WireGuard tunnel", "Calico"),
    (Begins("bpfin.cali"), "eBPF device", "Calico"),
    (Begins("bpfout.cali"), "eBPF device", "Calico"),
    (Begins("flannel"), "overlay", "flannel"),
    (Begins("cilium_"), "overlay", "Cilium"),
    (Begins("lxc_health"), "end of a pod's cable", "Cilium"),
    (Begins("antrea-"), "overlay", "Antrea"),
    (Begins("ovn-k8s-mp"), "overlay", "OVN-Kubernetes"),
    (Begins("ovn0"), "overlay", "Kube-OVN"),
    (Begins("ovs-"), "switch", "Open vSwitch"),
    (Begins("ovs_"), "switch", "Open vSwitch"),
    (Numbered("ovs"), "switch", "Open vSwitch"),
    (Is("br-int"), "integration bridge", "Open vSwitch"),
    (Is("br-tun"), "tunnel bridge", "Open vSwitch"),
    (Begins("kube-ipvs"), "Service addresses", "kube-proxy"),
    (Numbered("kube-dummy-if"), "Service addresses", "kube-router"),
    (Begins("nodelocaldns"), "address of the DNS cache", "NodeLocal DNSCache"),
    (Begins("dummy"), "dummy interface", "an administrator"),
    (Begins("tailscale"), "VPN", "Tailscale"),
    (Numbered("wg"), "VPN", "WireGuard"),
    (Begins("wg-"), "VPN", "WireGuard"),
    (Hex("zt", 8), "VPN", "ZeroTier"),
    (Numbered("nebula"), "VPN", "Nebula"),
    (Numbered("wt"), "VPN", "NetBird"),
    (Numbered("tun"), "VPN", "OpenVPN or the like"),
    (Numbered("tap"), "VPN or virtual machine", "OpenVPN, QEMU or the like"),
    (Numbered("ppp"), "VPN or dial-up", "pppd"),
    (Begins("ipsec"), "VPN", "IPsec"),
    (Is("lo"), "loopback", "the kernel"),
];

/// What `ip -j -d addr` gives as `linkinfo.info_kind`, for names that say nothing. Not `bridge`, `bond`, `vlan`, `macvlan`, `openvswitch`:
/// many hosts carry their real address there. Not `veth` either: the `eth0` of a kind or LXC node is one, and cables of containers
/// have names of their own.
const BY_KIND: &[(&str, &str, &str)] = &[
    ("wireguard", "VPN", "WireGuard"),
    ("dummy", "dummy interface", "an administrator"),
    ("vxlan", "VXLAN tunnel", "an overlay network"),
    ("geneve", "Geneve tunnel", "an overlay network"),
    ("ipip", "IP-in-IP tunnel", "an overlay network"),
    ("gre", "tunnel", "an administrator"),
    ("ip6tnl", "tunnel", "an administrator"),
    ("sit", "tunnel", "an administrator"),
    ("vti", "tunnel", "an administrator"),
    ("xfrm", "tunnel", "an administrator"),
    ("tun", "VPN or virtual machine", "OpenVPN, QEMU or the like"),
];

/// What software gives to its bridge on every host alike, with its network: libvirt `src/network/default.xml.in`, Podman
/// `common/libnetwork` (`DefaultSubnet`), LXC `config/init/common/lxc-net.in`. Docker: `address::is_docker_default`.
const BY_ADDRESS: [(&str, &str); 3] = [("192.168.122.1/24", "libvirt"), ("10.88.0.1/16", "Podman"), ("10.0.3.1/24", "LXC")];
/// moby `daemon/libnetwork/ipamutils/utils.go`.
const DOCKER_NETWORK: u8 = 16;

/// Kinds of interface on which an administrator may have put the nodes' own addresses: nodes joined by a VPN, routing to the host (`lo`).
const BY_CHOICE: [&str; 6] = ["VPN", "VPN or virtual machine", "VPN or dial-up", "tunnel", "dummy interface", "loopback"];

impl VirtualInterface {
    /// Nodes may be joined by such interfaces on purpose; never by a container's bridge or a pod network's tunnel.
    pub fn may_be_chosen(self) -> bool {
        BY_CHOICE.contains(&self.what)
    }
}

/// `None` says nothing against an interface. `br0`, `bond0`, `br-ex` (OpenStack and OVN: the host's real address), `eth0.100`, `vlan10`
/// and `ens192` are such: a bridge or a VLAN by itself is an ordinary way to the network.
pub fn describe(name: &str, kind: Option<&str>) -> Option<VirtualInterface> {
    let by_name = TABLE.iter().find(|(shape, ..)| shape.fits(name)).map(|(_, what, made_by)| (what, made_by));
    let by_kind = || BY_KIND.iter().find(|(known, ..)| Some(*known) == kind).map(|(_, what, made_by)| (what, made_by));
    by_name.or_else(by_kind).map(|(what, made_by)| VirtualInterface { what, made_by })
}

/// The bridge that has this address on most hosts: a hint and no proof, for an address whose interface was not seen.
pub fn usual_bridge(address: &Cidr) -> Option<VirtualInterface> {
    let is_docker = address.prefix_len() == DOCKER_NETWORK && address::is_docker_default(address.addr());
    let known = || BY_ADDRESS.iter().find(|(known, _)| address::parse_cidr(known).as_ref() == Some(address));
    let made_by = if is_docker { "Docker" } else { known()?.1 };
    Some(VirtualInterface { what: "bridge", made_by })
}

impl Name {
    fn fits(self, name: &str) -> bool {
        let ends = |begin: &str, digits: fn(&u8) -> bool| {
            name.strip_prefix(begin).filter(|rest| !rest.is_empty() && rest.as_bytes().iter().all(digits))
        };
        match self {
            Is(text) => name == text,
            Begins(text) => name.starts_with(text),
            Numbered(text) => ends(text, u8::is_ascii_digit).is_some(),
            Hex(text, length) => ends(text, u8::is_ascii_hexdigit).is_some_and(|rest| rest.len() == length),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_addresses_of_bridges() {
        for (address, made_by) in [
            ("172.17.0.1/16", Some("Docker")),
            ("172.31.0.1/16", Some("Docker")),
            ("172.17.0.1/24", None),
            ("172.17.0.2/16", None),
            ("172.16.0.1/16", None),
            ("192.168.122.1/24", Some("libvirt")),
            ("192.168.122.2/24", None),
            ("10.88.0.1/16", Some("Podman")),
            ("10.0.3.1/24", Some("LXC")),
            ("10.0.3.1/16", None),
            ("fd00::1/64", None),
        ] {
            let address = address::parse_cidr(address).expect("an address");
            assert_eq!(usual_bridge(&address).map(|bridge| bridge.made_by), made_by, "{address}");
        }
    }

    #[test]
    fn names() {
        for (name, made_by) in [
            ("docker0", "Docker"),
            ("docker_gwbridge", "Docker"),
            ("br-3f2a1b4c5d6e", "Docker (docker network, docker compose)"),
            ("lxdbr0", "LXD"),
            ("virbr0-nic", "libvirt"),
            ("podman1", "Podman"),
            ("cni0", "a CNI plugin"),
            ("kube-bridge", "kube-router"),
            ("tailscale0", "Tailscale"),
            ("wg0", "WireGuard"),
            ("tun0", "OpenVPN or the like"),
            ("tunl0", "Calico"),
            ("vxlan.calico", "Calico"),
            ("wireguard.cali", "Calico"),
            ("cali00112233445", "Calico"),
            ("flannel.1", "flannel"),
            ("cilium_host", "Cilium"),
            ("kube-ipvs0", "kube-proxy"),
            ("nodelocaldns", "NodeLocal DNSCache"),
            ("ovs-system", "Open vSwitch"),
            ("br-int", "Open vSwitch"),
            ("veth1a2b3c4", "a container runtime"),
            ("vethwe-bridge", "Weave Net"),
        ] {
            assert_eq!(describe(name, None).map(|found| found.made_by), Some(made_by), "{name}");
        }
    }

    #[test]
    fn nothing_is_said_against_real_ones() {
        for name in [
            "eth0",
            "ens192",
            "enp3s0",
            "eno1",
            "em1",
            "wlo1",
            "ib0",
            "br0",
            "br1",
            "bridge0",
            "br-ex",
            "br-lan",
            "br-management",
            "bond0",
            "bond0.100",
            "eth0.100",
            "vlan10",
            "team0",
            "vmbr0",
            "eni0123456789a",
            "ibmveth0",
            "local0",
            "tunnel-office",
            "wan0",
            "gw",
            "",
            "cnix",
            "br-3f2a1b4c5d6",
            "é",
        ] {
            assert_eq!(describe(name, None), None, "{name}");
        }
    }

    #[test]
    fn kinds_that_may_join_nodes() {
        for (name, kind, expected) in [
            ("wg0", None, true),
            ("tailscale0", None, true),
            ("ppp0", None, true),
            ("lo", None, true),
            ("dummy0", None, true),
            ("gre-office", Some("gre"), true),
            ("docker0", Some("bridge"), false),
            ("vxlan.calico", Some("vxlan"), false),
            ("wireguard.cali", Some("wireguard"), false),
            ("tunl0", Some("ipip"), false),
            ("kube-ipvs0", Some("dummy"), false),
            ("nodelocaldns", Some("dummy"), false),
        ] {
            assert_eq!(describe(name, kind).map(VirtualInterface::may_be_chosen), Some(expected), "{name}");
        }
    }

    #[test]
    fn the_kind_tells_where_the_name_does_not() {
        assert_eq!(describe("office", Some("wireguard")).map(|found| found.what), Some("VPN"));
        assert_eq!(describe("office", Some("bridge")), None);
        assert_eq!(describe("eth0", Some("veth")), None, "a kind or LXC node's own card");
        assert_eq!(describe("veth1a2b", Some("veth")).map(|found| found.made_by), Some("a container runtime"));
        assert_eq!(describe("docker0", Some("bridge")).map(|found| found.made_by), Some("Docker"));
    }
}
