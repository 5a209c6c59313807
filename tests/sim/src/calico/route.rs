//! The source address that Linux takes for a destination.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::network::{Address, Family, Network, Prefix, Route};

/// Why `connect` fails on a UDP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    NetworkUnreachable,
    NoRouteToHost,
    InvalidArgument,
}

impl Failure {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::NetworkUnreachable => "network is unreachable",
            Self::NoRouteToHost => "no route to host",
            Self::InvalidArgument => "invalid argument",
        }
    }
}

pub(super) fn source(network: &Network, to: IpAddr, zone: Option<&str>) -> Result<IpAddr, Failure> {
    let loopback = network.addresses().any(|(_, address)| address.prefix.address.is_loopback() && address.prefix.contains(to));
    if to.is_unspecified() || (loopback && to.is_loopback()) {
        return Ok(if to.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    if link_local(to) && to.is_ipv6() && zone.is_none() {
        return Err(Failure::InvalidArgument);
    }
    // The first address of a network on an interface is primary, and the source of the others (fib_add_ifaddr).
    if let Some((holder, own)) = network.addresses().find(|(_, address)| address.prefix.address == to) {
        let same = |other: &&Address| to.is_ipv4() && other.prefix.network() == own.prefix.network();
        return Ok(holder.addresses.iter().find(same).map_or(to, |first| first.prefix.address));
    }
    let route = best(network, to, zone).ok_or(Failure::NetworkUnreachable)?;
    let device = route.device.as_deref().ok_or(Failure::NoRouteToHost)?;
    if let Some(source) = route.source {
        return Ok(source);
    }
    let of_family = |address: &&Address| Family::of(address.prefix.address) == Family::of(to);
    let on = |here: bool| network.addresses().filter(move |(one, _)| (one.name == device) == here).map(|(_, address)| address);
    // An interface without an address of its own borrows one.
    let own: Vec<_> = on(true).filter(of_family).collect();
    let usable = if own.is_empty() { on(false).filter(of_family).filter(|one| !one.prefix.address.is_loopback()).collect() } else { own };
    let chosen = match to {
        IpAddr::V4(_) => near(&usable, route.gateway.unwrap_or(to)),
        IpAddr::V6(to) => fittest(&usable, to),
    };
    chosen.ok_or(Failure::NetworkUnreachable)
}

/// Longest prefix, then smallest metric, then first listed.
fn best<'a>(network: &'a Network, to: IpAddr, zone: Option<&str>) -> Option<&'a Route> {
    let mut fitting: Vec<_> = network.routes.iter().filter(|route| route.to.contains(to)).collect();
    fitting.retain(|route| zone.is_none() || route.device.as_deref() == zone);
    fitting.sort_by_key(|route| (std::cmp::Reverse(route.to.length), route.metric));
    fitting.first().copied()
}

/// IPv4: the first address whose network has the next hop, else the first (inet_select_addr).
fn near(usable: &[&Address], hop: IpAddr) -> Option<IpAddr> {
    let first = usable.iter().find(|address| address.prefix.contains(hop)).or(usable.first())?;
    Some(first.prefix.address)
}

/// IPv6: RFC 6724 as Linux does it: scope, deprecated, label, privacy address, common prefix; then the kernel's order.
fn fittest(usable: &[&Address], to: Ipv6Addr) -> Option<IpAddr> {
    let rank = |address: &&&Address| {
        let IpAddr::V6(from) = address.prefix.address else { return (false, false, false, false, 0) };
        let common = (from.to_bits() ^ to.to_bits()).leading_zeros();
        (link_local(from.into()) == link_local(to.into()), !address.deprecated, label(from) == label(to), address.temporary, common)
    };
    let best = usable.iter().map(|address| rank(&address)).max()?;
    usable.iter().find(|address| rank(address) == best).map(|address| address.prefix.address)
}

fn link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// Unique local addresses go with their own kind.
fn label(address: Ipv6Addr) -> bool {
    Prefix { address: Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0).into(), length: 7 }.contains(address.into())
}
