//! Addresses with their prefix length, as Calico stores them and as Go reads them.

use std::net::{IpAddr, Ipv4Addr};

/// An address *and* its prefix length (`10.0.0.11/24`): host bits are kept.
pub use ipnet::IpNet as Cidr;

use crate::snapshot::family::Family;

/// As Go's `net.ParseCIDR`: the prefix length is required, `/08` is taken, a zone is not, and IPv4 written as IPv6 is IPv4.
pub fn parse_cidr(text: &str) -> Option<Cidr> {
    let (address, prefix) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    if prefix.is_empty() || prefix.len() > 9 || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let prefix = u8::try_from(prefix.parse::<u32>().ok()?).ok()?;
    match address {
        IpAddr::V6(v6) if prefix >= 96 => match v6.to_ipv4_mapped() {
            Some(v4) => Cidr::new(v4.into(), prefix.checked_sub(96)?).ok(),
            None => Cidr::new(address, prefix).ok(),
        },
        _ => Cidr::new(address, prefix).ok(),
    }
}

/// With or without a prefix length, as the node annotations and `IP=` have it; without one it is a single host.
pub fn parse(text: &str) -> Option<Cidr> {
    parse_cidr(text).or_else(|| text.parse::<IpAddr>().ok().map(Cidr::from))
}

pub fn family(address: IpAddr) -> Family {
    match address {
        IpAddr::V4(_) => Family::V4,
        IpAddr::V6(_) => Family::V6,
    }
}

/// Each lies in the network that the other names: `10.0.0.1/24` and `10.0.0.2/16` do, `10.0.0.1/32` and `10.0.0.2/24` do not.
pub fn same_network(one: &Cidr, other: &Cidr) -> bool {
    one.contains(&other.addr()) && other.contains(&one.addr())
}

/// The first address of a network of Docker's default pool (172.17–31.0.1): what a bridge of Docker's has on every host alike.
/// It is a hint and no proof: real networks use 172.16/12 too.
pub fn is_docker_default(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if matches!(v4.octets(), [172, 17..=31, 0, 1]))
}

/// 100.64.0.0/10: carrier-grade NAT, where Tailscale and some VPNs live.
pub fn is_shared_space(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if matches!(v4.octets(), [100, 64..=127, _, _]))
}

/// What VirtualBox's NAT gives to every machine.
pub const VIRTUALBOX_NAT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 2, 15));

pub fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// As Go's `IsGlobalUnicast`, which detection asks for: private ranges count, only these do not.
pub fn is_global_unicast(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    !(broadcast || address.is_unspecified() || address.is_loopback() || address.is_multicast() || is_link_local(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cidrs_as_go_reads_them() {
        for (text, expected) in [
            ("10.0.0.11/24", Some("10.0.0.11/24")),
            ("10.0.0.0/08", Some("10.0.0.0/8")),
            ("0.0.0.0/0", Some("0.0.0.0/0")),
            ("FD80:56C2::/88", Some("fd80:56c2::/88")),
            ("::ffff:10.0.0.0/104", Some("10.0.0.0/8")),
            ("::ffff:0:0/96", Some("0.0.0.0/0")),
            ("::10.0.0.0/104", Some("::a00:0/104")),
            ("10.0.0.0", None),
            ("10.0.0/8", None),
            ("10.0.0.0/", None),
            ("/24", None),
            ("", None),
            ("10.0.0.0/33", None),
            ("10.0.0.0/-1", None),
            ("10.0.0.0/+8", None),
            ("10.0.0.0/ 8", None),
            (" 10.0.0.0/8", None),
            ("10.0.0.0/255.0.0.0", None),
            ("10.0.0.0/99999999999999999999", None),
            ("fd00::/129", None),
            ("::ffff:10.0.0.0/255", None),
            ("fe80::1%eth0/64", None),
            ("abc", None),
        ] {
            assert_eq!(parse_cidr(text).map(|cidr| cidr.to_string()).as_deref(), expected, "{text:?}");
        }
        assert_eq!(parse("10.0.0.1").map(|cidr| cidr.to_string()).as_deref(), Some("10.0.0.1/32"));
        assert_eq!(parse("fd00::1").map(|cidr| cidr.to_string()).as_deref(), Some("fd00::1/128"));
        assert_eq!(parse("node-1"), None);
    }

    #[test]
    fn kinds_of_address() {
        for (text, docker, shared, link_local, global) in [
            ("172.17.0.1", true, false, false, true),
            ("172.31.0.1", true, false, false, true),
            ("172.16.0.1", false, false, false, true),
            ("172.18.0.2", false, false, false, true),
            ("100.92.24.103", false, true, false, true),
            ("169.254.20.10", false, false, true, false),
            ("fe80::1", false, false, true, false),
            ("10.0.0.1", false, false, false, true),
            ("127.0.0.1", false, false, false, false),
            ("255.255.255.255", false, false, false, false),
            ("224.0.0.1", false, false, false, false),
            ("::", false, false, false, false),
            ("fd00::1", false, false, false, true),
        ] {
            let address: IpAddr = text.parse().expect("an address");
            let kinds = (is_docker_default(address), is_shared_space(address), is_link_local(address), is_global_unicast(address));
            assert_eq!(kinds, (docker, shared, link_local, global), "{text}");
        }
    }

    #[test]
    fn networks_are_the_same_when_both_say_so() {
        let same = |one, other| same_network(&parse(one).expect("one"), &parse(other).expect("other"));
        assert!(same("10.0.0.1/24", "10.0.0.2/24") && same("10.0.0.1/16", "10.0.0.2/24"));
        assert!(!same("10.0.0.1/32", "10.0.0.2/24") && !same("10.0.0.1/24", "172.18.0.1/16") && !same("10.0.0.1/24", "fd00::1/64"));
    }
}
