//! The kernel's choice of a source address, told from the main routing table; only where nothing else can have a say.
//!
//! IPv4: net/ipv4/fib_semantics.c (`fib_info_update_nhc_saddr`) and devinet.c (`inet_select_addr`). IPv6 chooses by rules that ask
//! more than is seen (RFC 6724), so it is told only where there is no choice.

use std::net::IpAddr;

use super::host::{Host, Interfaces};
use crate::calico::address::{self, Cidr};
use crate::snapshot::family::Family;
use crate::snapshot::inspection::{Interface, InterfaceAddress, Route};

type Told = Result<Option<IpAddr>, String>;

pub(super) fn is_loopback_up(host: &Host) -> bool {
    match &host.interfaces {
        Interfaces::Kernel(interfaces) => interfaces.iter().any(|interface| interface.name == "lo" && is_up(interface)),
        _ => false,
    }
}

/// `lo` was seen, and it is not up.
pub(super) fn is_loopback_down(host: &Host) -> bool {
    match &host.interfaces {
        Interfaces::Kernel(interfaces) => interfaces.iter().any(|interface| interface.name == "lo" && !is_up(interface)),
        _ => false,
    }
}

fn is_up(interface: &Interface) -> bool {
    interface.flags.iter().any(|flag| flag == "UP")
}

/// `Ok(None)`: no way there. `Err` says what was not seen.
pub(super) fn source(target: IpAddr, host: &Host) -> Told {
    let Interfaces::Kernel(interfaces) = host.interfaces else {
        return Err(format!("the route to {target} was not read there"));
    };
    let Some(routing) = host.routing else {
        // The table local is asked before every other, so its own address needs no route.
        if let Some(own) = own(target, interfaces) {
            return Ok(Some(own));
        }
        return Err(format!("neither the kernel's answer for {target} nor the node's routes were seen"));
    };
    if !routing.main_table_only {
        return Err(format!("the kernel's answer for {target} was not seen, and more than the main routing table may decide"));
    }
    if interfaces.iter().any(|interface| interface.flags.is_empty()) {
        return Err("which interfaces are up was not seen".into());
    }
    if let Some(local) = local(target, interfaces) {
        return Ok(Some(local));
    }
    if target.is_ipv6() && interfaces.iter().flat_map(|interface| &interface.addresses).any(|held| held.address == target) {
        return Err(format!("{target} is the node's own on an interface that is down, and the kernel's answer was not seen"));
    }
    let family = Family::from_address(target);
    let Some(route) = best(target, family, routing.routes)? else { return Ok(None) };
    if let Some(kind) = route.kind.as_deref() {
        return match kind {
            "unreachable" | "prohibit" | "blackhole" => Ok(None),
            // On to the table default, which is empty.
            "throw" => Ok(None),
            kind => Err(format!("{target} is reached by a route of the kind {kind}")),
        };
    }
    if let Some(source) = &route.source {
        return source.parse().map(Some).map_err(|_| format!("the route's source {source:?} is no address"));
    }
    let device = route.device.as_deref().and_then(|name| interfaces.iter().find(|interface| interface.name == name));
    let Some(device) = device else { return Err(format!("the interface towards {target} was not seen")) };
    match family {
        Family::V4 => of_device(device, route.gateway.as_deref().and_then(|gateway| gateway.parse().ok())),
        Family::V6 => only_one(device, interfaces),
    }
    .map(Some)
    .ok_or_else(|| format!("several addresses may serve towards {target}, and the kernel's answer was not seen"))
}

/// The node's own addresses, and the broadcast addresses of its networks.
fn local(target: IpAddr, interfaces: &[Interface]) -> Option<IpAddr> {
    let up = || interfaces.iter().filter(|interface| is_up(interface)).flat_map(|interface| &interface.addresses);
    if let Some(own) = own(target, interfaces) {
        return Some(own);
    }
    let own = up().find(|held| held.address == target);
    let broadcast = |cidr: Cidr| match cidr {
        Cidr::V4(v4) => v4.prefix_len() < 31 && [v4.broadcast(), v4.network()].map(IpAddr::V4).contains(&target),
        Cidr::V6(_) => false,
    };
    let of_network = || up().find(|held| held.peer.is_none() && Cidr::new(held.address, held.prefix_length).is_ok_and(broadcast));
    own.or_else(of_network).map(|held| held.address)
}

/// IPv4 has its own addresses in the table local while the device is down, too.
fn own(target: IpAddr, interfaces: &[Interface]) -> Option<IpAddr> {
    let holder = interfaces.iter().find(|one| one.addresses.iter().any(|held| held.address == target && held.address.is_ipv4()))?;
    Some(primary(holder, target))
}

/// The preferred source of an address's entry in the table local: the first address of the same network on that interface.
/// Later ones are secondary (net/ipv4/fib_frontend.c, `fib_add_ifaddr`).
fn primary(holder: &Interface, address: IpAddr) -> IpAddr {
    let network = |held: &InterfaceAddress| Cidr::new(held.peer.unwrap_or(held.address), held.prefix_length).ok().map(|cidr| cidr.trunc());
    let Some(own) = holder.addresses.iter().find(|held| held.address == address) else { return address };
    holder.addresses.iter().find(|held| network(held) == network(own)).map_or(address, |first| first.address)
}

/// The longest prefix, then the least metric. Of equals the first is taken but for the default, where the kernel looks at neighbours too.
fn best(target: IpAddr, family: Family, routes: &[Route]) -> Result<Option<&Route>, String> {
    let mut best: Option<(&Route, u8, u32)> = None;
    let mut tie = false;
    for route in routes {
        let Some(network) = network(&route.destination, family) else { continue };
        if !network.contains(&target) {
            continue;
        }
        let (length, metric) = (network.prefix_len(), route.metric.unwrap_or(0));
        match best {
            Some((_, longest, least)) if (length, std::cmp::Reverse(metric)) < (longest, std::cmp::Reverse(least)) => {}
            Some((_, longest, least)) if (length, metric) == (longest, least) => tie = true,
            _ => (best, tie) = (Some((route, length, metric)), false),
        }
    }
    match best {
        Some((route, length, _)) if tie && (length == 0 || family == Family::V6) => {
            Err(format!("several routes to {} are equal, and the kernel's answer for {target} was not seen", route.destination))
        }
        Some((route, ..)) if route.several_hops => Err(format!("{} has several next hops", route.destination)),
        best => Ok(best.map(|(route, ..)| route)),
    }
}

fn network(destination: &str, family: Family) -> Option<Cidr> {
    let network = match (destination, family) {
        ("default", Family::V4) => "0.0.0.0/0",
        (destination, _) => destination,
    };
    address::parse(network).filter(|network| Family::from_address(network.addr()) == family)
}

/// The first of the device's primary addresses in the gateway's network, else the first of them. One that follows another of the same network is secondary.
fn of_device(device: &Interface, gateway: Option<IpAddr>) -> Option<IpAddr> {
    let cidr =
        |at: usize| Cidr::new(device.addresses[at].peer.unwrap_or(device.addresses[at].address), device.addresses[at].prefix_length).ok();
    let mut primary = Vec::new();
    for at in (0..device.addresses.len()).filter(|at| device.addresses[*at].address.is_ipv4()) {
        let network = cidr(at)?.trunc();
        if primary.iter().all(|(_, known)| *known != network) {
            primary.push((device.addresses[at].address, network));
        }
    }
    // Which of them have scope link or host was not seen: an odd one makes it unsure.
    if primary.iter().any(|(address, _)| !address::is_global_unicast(*address)) && primary.len() > 1 {
        return None;
    }
    let near = gateway.and_then(|gateway| primary.iter().find(|(_, network)| network.contains(&gateway)));
    near.or_else(|| primary.first()).map(|(address, _)| *address)
}

/// The only address beyond the link that the host has.
fn only_one(device: &Interface, interfaces: &[Interface]) -> Option<IpAddr> {
    let global = |interface: &Interface| -> Vec<IpAddr> {
        let addresses = interface.addresses.iter().map(|held| held.address);
        addresses.filter(|address| address.is_ipv6() && address::is_global_unicast(*address)).collect()
    };
    match (global(device).as_slice(), interfaces.iter().map(|interface| global(interface).len()).sum()) {
        ([one], 1usize) => Some(*one),
        _ => None,
    }
}
