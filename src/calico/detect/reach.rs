//! `can-reach=`: the source address that the kernel would use for UDP to the destination. No packet is sent.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::host::{Host, Interfaces};
use super::{DetectionResult, table};
use crate::calico::route_get::is_domain_name;
use crate::calico::version::Version;
use crate::observed::Observed;
use crate::snapshot::family::Family;

/// What Go's dialer makes of the text behind `can-reach=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Address(IpAddr),
    /// A link-local address on a certain interface.
    Zoned(IpAddr),
    /// Resolved on the node, `/etc/hosts` before DNS.
    Name(String),
    Never {
        why: String,
    },
}

/// autodetection/reachaddr.go and Go's `net.Dial("udp4", destination + ":80")`; `[v4]` in brackets is taken from 3.32.0.
pub fn target(destination: &str, family: Family, version: Version) -> Target {
    let never = |why: &str| Target::Never { why: why.to_owned() };
    let inner = destination.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host = match inner {
        Some(inner) if version.at_least(3, 32, 0) && !inner.contains(':') => inner,
        Some(_) => return never("an address in brackets is not taken"),
        None => destination,
    };
    let loopback = match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Family::V6 => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    let (text, zone) = host.split_once('%').map_or((host, None), |(text, zone)| (text, Some(zone)));
    match text.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(address) if address.is_unspecified() && address.is_ipv4() && family == Family::V6 => never("no suitable address found"),
        Ok(address) if address.is_unspecified() => Target::Address(loopback),
        Ok(address) if Family::from_address(address) != family => never(&format!("{host} is no {family} address")),
        Ok(IpAddr::V6(address)) if address.is_unicast_link_local() => match zone {
            Some(_) => Target::Zoned(address.into()),
            None => never("a link-local address needs an interface"),
        },
        Ok(IpAddr::V4(_)) if zone.is_some() => never("an IPv4 address has no zone"),
        Ok(address) => Target::Address(address),
        Err(_) if host.is_empty() || host == "localhost" => Target::Address(loopback),
        Err(_) if is_domain_name(host) => Target::Name(host.to_owned()),
        Err(_) => never(&format!("{host:?} is neither an address nor a name")),
    }
}

pub(super) fn detect(destination: &str, family: Family, version: Version, host: &Host) -> DetectionResult {
    let target = match target(destination, family, version) {
        Target::Never { why } => return DetectionResult::none(why),
        target => target,
    };
    let holder = |source: IpAddr| match host.holding(source, version) {
        DetectionResult::None { .. } => DetectionResult::none(format!("the kernel would use {source}, which no interface has")),
        outcome => outcome,
    };
    // The kernel itself takes the loopback address as source of an unspecified destination (net/ipv4/route.c); IPv6 needs `lo` up.
    if let (Target::Address(loopback), Interfaces::Kernel(_)) = (&target, &host.interfaces)
        && is_unspecified(destination)
    {
        return match loopback.is_ipv4() || !table::is_loopback_down(host) {
            true => holder(*loopback),
            false => DetectionResult::none("lo is down, so the unspecified address cannot be reached"),
        };
    }
    // Its own: nobody need be asked.
    if let Target::Address(address) = target
        && address.is_loopback()
        && table::is_loopback_up(host)
        && let found @ DetectionResult::Address(_) = holder(address)
    {
        return found;
    }
    match host.route_lookups.and_then(|reaches| reaches.get(destination)) {
        Some(Observed::Seen(reach)) => match (reach.source, &reach.unreachable) {
            (Some(source), _) if Family::from_address(source) == family => holder(source),
            (Some(_), _) => DetectionResult::unknown(format!("what {destination} is as an {family} address was not seen")),
            (None, why) => DetectionResult::none(why.clone().unwrap_or_else(|| format!("the kernel has no way to {destination}"))),
        },
        Some(Observed::Absent) => DetectionResult::none(format!("the node cannot resolve {destination}")),
        Some(Observed::Failed(why) | Observed::Forbidden(why)) => DetectionResult::unknown(why.clone()),
        Some(Observed::NotAsked) | None => match target {
            Target::Address(address) => match table::source(address, host) {
                Ok(Some(source)) => holder(source),
                Ok(None) => DetectionResult::none(format!("the node has no route to {address}")),
                Err(why) => DetectionResult::unknown(why),
            },
            _ => DetectionResult::unknown("a name is resolved on each node, and what it is there was not seen; give its address instead"),
        },
    }
}

/// `can-reach=0.0.0.0`, `can-reach=::` and an empty destination.
fn is_unspecified(destination: &str) -> bool {
    destination.is_empty() || destination.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_as_go_reads_them() {
        let address = |text: &str| Target::Address(text.parse().expect("an address"));
        let of = |text: &str, family, minor| target(text, family, Version::new(3, minor, 0));
        for (text, expected) in [
            ("8.8.8.8", address("8.8.8.8")),
            ("::ffff:8.8.8.8", address("8.8.8.8")),
            ("", address("127.0.0.1")),
            ("0.0.0.0", address("127.0.0.1")),
            ("::", address("127.0.0.1")),
            ("localhost", address("127.0.0.1")),
            ("api.lan", Target::Name("api.lan".into())),
            ("0x08080808", Target::Name("0x08080808".into())),
        ] {
            assert_eq!(of(text, Family::V4, 31), expected, "{text:?}");
        }
        for text in ["fd00::1", "8.8.8.8/32", "8.8.8", "10.1", " 8.8.8.8", "8.8.8.8 ", "8.8.8.8:53", "$(NODEIP)", "a..b", "-a", "[8.8.8.8]"]
        {
            assert!(matches!(of(text, Family::V4, 31), Target::Never { .. }), "{text:?}");
        }
        assert_eq!(of("[8.8.8.8]", Family::V4, 32), address("8.8.8.8"));
        assert!(matches!(of("[2001:db8::1]", Family::V6, 32), Target::Never { .. }));
        assert!(matches!(of("fe80::1", Family::V6, 31), Target::Never { .. }));
        assert!(matches!(of("0.0.0.0", Family::V6, 31), Target::Never { .. }));
        assert_eq!(of("::", Family::V6, 31), address("::1"));
        assert!(matches!(of("fe80::1%eth0", Family::V6, 31), Target::Zoned(_)));
    }
}
