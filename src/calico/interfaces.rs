//! Interfaces and their addresses as `ip addr` lists them, JSON or text, iproute2 or busybox.
//!
//! The kernel's order is kept and nothing is sorted: Calico's detection goes by it (`autodetection/interfaces.go`).

use std::net::IpAddr;

use serde::Deserialize;

use crate::snapshot::inspection::{Interface, InterfaceAddress};
use crate::text::bounded::clean;

const MAX_INTERFACES: usize = 20_000;
const MAX_ADDRESSES: usize = 200_000;
const MAX_NAME: usize = 64;

/// Words that begin the `ip -d` line of a link of that kind.
const KINDS: [&str; 24] = [
    "bond",
    "bridge",
    "can",
    "dummy",
    "geneve",
    "gre",
    "gretap",
    "ifb",
    "ip6gre",
    "ip6tnl",
    "ipip",
    "ipvlan",
    "macvlan",
    "macvtap",
    "netkit",
    "nlmon",
    "sit",
    "team",
    "tun",
    "veth",
    "vlan",
    "vrf",
    "vxlan",
    "wireguard",
];

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IpError {
    #[error("text of an unknown format from ip: {line:?}")]
    Unrecognised { line: String },
    #[error("ip lists more than can be held")]
    TooLong,
}

pub(super) fn unrecognised(line: &str) -> IpError {
    IpError::Unrecognised { line: clean(line.trim(), 120) }
}

/// Reads `ip [-o] [-d] [-j] addr`.
pub fn parse(text: &str) -> Result<Vec<Interface>, IpError> {
    let interfaces = if text.trim_start().starts_with('[') { from_json(text)? } else { from_text(text)? };
    // Every network namespace has `lo`: nothing at all is no answer.
    if interfaces.is_empty() { Err(unrecognised(text)) } else { Ok(interfaces) }
}

/// iproute2 prints `{}` for what its filters leave out, so any field may be missing.
#[derive(Deserialize)]
struct JsonLink {
    ifindex: Option<u32>,
    ifname: Option<String>,
    #[serde(default)]
    flags: Vec<String>,
    linkinfo: Option<JsonLinkInfo>,
    #[serde(default)]
    addr_info: Vec<JsonAddress>,
}

#[derive(Deserialize)]
struct JsonLinkInfo {
    info_kind: Option<String>,
}

#[derive(Deserialize)]
struct JsonAddress {
    local: Option<IpAddr>,
    /// The peer's, on a point-to-point link.
    address: Option<IpAddr>,
    prefixlen: Option<u8>,
}

fn from_json(text: &str) -> Result<Vec<Interface>, IpError> {
    let links: Vec<JsonLink> = serde_json::from_str(text.trim()).map_err(|_| unrecognised(text))?;
    if links.len() > MAX_INTERFACES {
        return Err(IpError::TooLong);
    }
    let mut interfaces = Vec::new();
    for link in links {
        let (Some(index), Some(name)) = (link.ifindex, link.ifname) else { continue };
        let addresses = link.addr_info.into_iter().filter_map(|entry| {
            let (address, prefix_length) = (entry.local?, entry.prefixlen?);
            fits(address, prefix_length).then_some(InterfaceAddress { address, prefix_length, peer: entry.address })
        });
        interfaces.push(Interface {
            index,
            name: clean(&name, MAX_NAME),
            flags: link.flags.iter().take(32).map(|flag| clean(flag, MAX_NAME)).collect(),
            kind: link.linkinfo.and_then(|info| info.info_kind).map(|kind| clean(&kind, MAX_NAME)),
            addresses: addresses.take(MAX_ADDRESSES).collect(),
        });
    }
    Ok(interfaces)
}

fn fits(address: IpAddr, prefix_length: u8) -> bool {
    prefix_length <= if address.is_ipv4() { 32 } else { 128 }
}

fn from_text(text: &str) -> Result<Vec<Interface>, IpError> {
    let mut interfaces: Vec<Interface> = Vec::new();
    let mut addresses = 0;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let mut rest = line;
        if !line.starts_with([' ', '\t']) && !is_below_header(line) {
            let (index, name, after) = header(line).ok_or_else(|| unrecognised(line))?;
            // `ip -o` repeats the header before each address.
            if interfaces.last().is_none_or(|last| last.index != index) {
                interfaces.push(Interface { index, name: clean(name, MAX_NAME), ..Interface::default() });
            }
            rest = after;
        }
        let Some(interface) = interfaces.last_mut() else { return Err(unrecognised(line)) };
        // `ip -o` joins the lines of one entry with a backslash.
        for part in rest.split('\\') {
            read_part(part, interface).ok_or_else(|| unrecognised(line))?;
        }
        addresses += 1;
        if interfaces.len() > MAX_INTERFACES || addresses > MAX_ADDRESSES {
            return Err(IpError::TooLong);
        }
    }
    Ok(interfaces)
}

/// A line of an entry whose indentation was lost on the way.
pub fn is_below_header(line: &str) -> bool {
    ["link/", "inet ", "inet6 ", "valid_lft "].iter().any(|start| line.starts_with(start))
}

/// `14: br-3a10a9384428: <…>`, `3: eth0@if4: <…>`, and `ip -o`'s `2: eth0    inet …`.
fn header(line: &str) -> Option<(u32, &str, &str)> {
    let (index, rest) = line.split_once(": ")?;
    let (name, after) = rest.trim_start().split_once(char::is_whitespace)?;
    let name = name.trim_end_matches(':');
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    let known = after.trim_start().starts_with('<') || after.trim_start().starts_with("inet");
    (known && !name.is_empty()).then_some((index.parse().ok()?, name, after))
}

/// `None` when an address cannot be read; lines that say other things are passed over.
fn read_part(part: &str, interface: &mut Interface) -> Option<()> {
    let mut words = part.split_whitespace();
    match words.next() {
        Some("inet" | "inet6") => interface.addresses.push(address(words)?),
        Some(flags) if flags.starts_with('<') => {
            interface.flags = flags.trim_matches(['<', '>']).split(',').take(32).map(|flag| clean(flag, MAX_NAME)).collect();
        }
        Some(word) if interface.kind.is_none() && KINDS.contains(&word) => interface.kind = Some(word.to_owned()),
        _ => {}
    }
    Some(())
}

/// `10.0.0.2/24 brd …`, `10.8.0.1 peer 10.8.0.2/32 …`, and an address alone for a host's.
fn address<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<InterfaceAddress> {
    let first = words.next()?;
    let (own, mut length) = split_prefix(first);
    let mut peer = None;
    if let (Some("peer"), Some(other)) = (words.next(), words.next()) {
        let (address, prefix) = split_prefix(other);
        peer = Some(address.parse().ok()?);
        length = prefix.or(length);
    }
    let address: IpAddr = own.parse().ok()?;
    let whole = if address.is_ipv4() { 32 } else { 128 };
    let prefix_length = length.map_or(Some(whole), |length| length.parse().ok())?;
    fits(address, prefix_length).then_some(InterfaceAddress { address, prefix_length, peer })
}

fn split_prefix(text: &str) -> (&str, Option<&str>) {
    text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)))
}

#[cfg(test)]
mod tests;
