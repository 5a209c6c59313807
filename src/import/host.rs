//! What a host's own tools print of its network: ip, ifconfig.

use std::net::IpAddr;

use super::facts::Summary;
use super::formats::Format;
use super::page::Block;
use super::prompt::Heading;
use super::texts::TextKind;
use crate::calico::{interfaces, route_get, routes};
use crate::snapshot::inspection::{Interface, InterfaceAddress};

pub(super) const ADDRESSES: Format = Format {
    name: "ip addr",
    better: "ip -d addr",
    starts: |lines, _| lines.first().is_some_and(|line| is_link(line)) || is_json_of(lines, "\"ifindex\""),
    // pasted text may have lost its indentation
    goes_on: |line| line.starts_with([' ', '\t', '{', '}', ']', '"']) || is_link(line) || interfaces::is_below_header(line),
    interrupts: true,
    restarts: false,
    read: |block, facts| {
        // a part of the list begins where somebody cut it
        let found = interfaces::parse(&block.text).map_err(|error| error.to_string())?;
        // every host has 127.0.0.1
        if found.iter().all(|interface| interface.addresses.is_empty()) && !asks_for_addresses(block) {
            return Ok(Summary {
                ignored: Some("it lists links without their addresses, as ip link does".to_owned()),
                ..Summary::default()
            });
        }
        facts.text(TextKind::Interfaces, block.line, block.text.clone(), block.heading.clone(), None);
        Ok(Summary::new(crate::text::count(found.len(), "interface")))
    },
};

pub(super) const IFCONFIG: Format = Format {
    name: "ifconfig",
    better: "ip -d addr",
    starts: |lines, _| lines.first().is_some_and(|line| ifconfig_name(line).is_some()),
    goes_on: |line| line.trim().is_empty() || line.starts_with([' ', '\t']) || ifconfig_name(line).is_some(),
    interrupts: true,
    restarts: false,
    read: |block, facts| {
        let found = parse_ifconfig(&block.text)?;
        facts.text(TextKind::Ifconfig, block.line, block.text.clone(), block.heading.clone(), None);
        Ok(Summary::new(crate::text::count(found.len(), "interface")))
    },
};

pub(super) const BRIEF: Format = Format {
    name: "ip -br addr",
    better: "ip -d addr",
    starts: |lines, _| lines.first().is_some_and(|line| brief(line).is_some_and(|(_, _, addresses)| !addresses.is_empty())),
    goes_on: |line| brief(line).is_some(),
    interrupts: true,
    restarts: false,
    read: |block, facts| {
        let found = parse_brief(&block.text)?;
        facts.text(TextKind::Brief, block.line, block.text.clone(), block.heading.clone(), None);
        Ok(Summary::new(crate::text::count(found.len(), "interface")))
    },
};

pub(super) const ROUTE_GET: Format = Format {
    name: "ip route get",
    better: "ip route get",
    starts: |lines, heading| {
        lines.first().is_some_and(|line| is_route_get(line))
            || (heading.command.contains("route get") && is_json(lines))
            || (is_json_of(lines, "\"dst\"") && is_json_of(lines, "\"uid\""))
    },
    goes_on: |line| line.trim() == "cache" || line.trim().is_empty() || line.starts_with([' ', '{', '}', ']', '"']),
    interrupts: false,
    restarts: true,
    read: |block, facts| {
        let found = route_get::parse(&block.text).map_err(|error| error.to_string())?;
        facts.text(TextKind::RouteGet, block.line, block.text.clone(), block.heading.clone(), None);
        Ok(Summary::new(found.source.map_or_else(|| "no source address".to_owned(), |source| format!("source {source}"))))
    },
};

pub(super) const ROUTES: Format = Format {
    name: "ip route",
    better: "ip route",
    starts: |lines, heading| {
        lines.first().is_some_and(|line| is_route(line))
            || (heading.command.contains("ip -j route") && is_json(lines))
            || (is_json_of(lines, "\"dst\"") && is_json_of(lines, "\"dev\""))
    },
    goes_on: |line| is_route(line) || line.trim_start().starts_with("nexthop") || line.trim_start().starts_with(['{', '}', ']', '"']),
    interrupts: false,
    restarts: false,
    read: |block, facts| {
        let found = routes::parse(&block.text, crate::snapshot::family::Family::V4).map_err(|error| error.to_string())?;
        facts.text(TextKind::Routes, block.line, block.text.clone(), block.heading.clone(), None);
        Ok(Summary::new(crate::text::count(found.len(), "route")))
    },
};

fn is_json(lines: &[&str]) -> bool {
    lines.first().is_some_and(|line| line.trim_start().starts_with('['))
}

/// JSON that has this key near its beginning; all that `ip -j` prints is a list.
fn is_json_of(lines: &[&str], key: &str) -> bool {
    const HEAD: usize = 4_096;
    let head = |line: &&str| line.get(..HEAD).unwrap_or(line).contains(key);
    is_json(lines) && lines.iter().any(head)
}

/// `ip addr show wireguard.cali`: that it lists none is the answer. `ip link` has a column `mode`.
fn asks_for_addresses(block: &Block) -> bool {
    let mut words = block.heading.command.split_whitespace().skip_while(|word| *word != "ip").skip(1);
    let object = words.find(|word| !word.starts_with('-'));
    match object {
        Some(object) => "address".starts_with(object),
        None => block.text.lines().any(is_link) && !block.text.contains(" mode "),
    }
}

/// One interface that somebody asked for, and whatever else that is not all of a host's: each has `lo`.
pub(super) fn are_some(found: &[Interface], heading: &Heading) -> bool {
    if found.iter().any(|interface| interface.name == "lo") {
        return false;
    }
    let asked = || heading.command.split_whitespace().any(|word| found.iter().any(|interface| interface.name == word));
    found.len() == 1 || asked()
}

/// `eth0   UP   10.0.0.3/24 fe80::1/64` (`ip -br addr`)
fn brief(line: &str) -> Option<(&str, &str, Vec<InterfaceAddress>)> {
    const STATES: [&str; 6] = ["UP", "DOWN", "UNKNOWN", "LOWERLAYERDOWN", "DORMANT", "TESTING"];
    let mut words = line.split_whitespace();
    let name = words.next().filter(|name| name.len() < 64)?;
    let state = words.next().filter(|state| STATES.contains(state))?;
    let rest: Vec<&str> = words.take(2_000).filter(|word| *word != "metric" && !word.bytes().all(|byte| byte.is_ascii_digit())).collect();
    // `10.8.0.1 peer 10.8.0.2/32`
    let own =
        rest.iter().enumerate().filter(|(at, word)| **word != "peer" && at.checked_sub(1).and_then(|at| rest.get(at)) != Some(&"peer"));
    let addresses = own.map(|(at, word)| {
        let peer = rest.get(at + 1).filter(|next| **next == "peer").and_then(|_| rest.get(at + 2)).copied();
        let (address, length) = word.split_once('/').map_or((*word, None), |(address, length)| (address, Some(length)));
        let length = peer.and_then(|peer| peer.split_once('/')).map(|(_, length)| length).or(length);
        let address: IpAddr = address.parse().ok()?;
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let prefix_length = length.map_or(Some(whole), |length| length.parse().ok()).filter(|length| *length <= whole)?;
        let peer = peer.and_then(|peer| peer.split('/').next()?.parse().ok());
        Some(InterfaceAddress { address, prefix_length, peer })
    });
    Some((name, state, addresses.collect::<Option<Vec<_>>>()?))
}

/// The kernel's order is kept; its indices are not shown.
pub(super) fn parse_brief(text: &str) -> Result<Vec<Interface>, String> {
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (name, state, addresses) = brief(line).ok_or("a line that ip -br does not print")?;
        if found.len() == MAX_INTERFACES {
            return Err(format!("more than {MAX_INTERFACES} interfaces"));
        }
        let name = name.split_once('@').map_or(name, |(name, _)| name);
        let flags = if state == "DOWN" { Vec::new() } else { vec!["UP".to_owned()] };
        found.push(Interface { name: crate::text::bounded::clean(name, 64), flags, addresses, ..Interface::default() });
    }
    Ok(found)
}

/// `14: br-3a10a9384428: <BROADCAST,…>`, and `ip -o`'s `2: eth0    inet …`.
fn is_link(line: &str) -> bool {
    let Some((index, rest)) = line.split_once(": ") else { return false };
    let number = !index.is_empty() && index.len() <= 6 && index.bytes().all(|byte| byte.is_ascii_digit());
    let Some((name, after)) = rest.split_once(char::is_whitespace).filter(|_| number) else { return false };
    let after = after.trim_start();
    (name.ends_with(':') && after.starts_with('<')) || after.starts_with("inet ") || after.starts_with("inet6 ")
}

fn is_address(word: &str) -> bool {
    word.split_once('/').map_or(word, |(address, _)| address).parse::<IpAddr>().is_ok()
}

fn is_route(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let first = words.next().unwrap_or_default();
    let first = if ["unreachable", "blackhole", "prohibit", "local", "broadcast"].contains(&first) {
        words.next().unwrap_or_default()
    } else {
        first
    };
    let follows = words.next().unwrap_or_default();
    !line.starts_with(' ') && (first == "default" || is_address(first)) && ["via", "dev", "proto", "nhid", "metric"].contains(&follows)
}

/// `10.0.0.2 via 10.0.0.1 dev eth0 src 10.0.0.5 uid 0`; a route of the table has no source user and mostly a prefix length.
fn is_route_get(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    let first = if first == "local" { line.split_whitespace().nth(1).unwrap_or_default() } else { first };
    first.parse::<IpAddr>().is_ok()
        && line.contains(" dev ")
        && line.contains(" src ")
        && (line.contains(" uid ") || line.contains("cache"))
}

/// `eth0: flags=4163<UP,…>  mtu 1500` (net-tools 2), `eth0      Link encap:Ethernet` (net-tools 1, busybox).
fn ifconfig_name(line: &str) -> Option<&str> {
    if line.starts_with([' ', '\t']) {
        return None;
    }
    let (name, rest) = line.split_once(char::is_whitespace)?;
    let known = rest.trim_start().starts_with("flags=") || rest.trim_start().starts_with("Link encap:");
    known.then(|| name.trim_end_matches(':'))
}

/// Interfaces of one text; a host has fewer.
const MAX_INTERFACES: usize = 20_000;

/// ifconfig sorts by name, so the kernel's order is not known from it: the index stays 0.
pub(super) fn parse_ifconfig(text: &str) -> Result<Vec<Interface>, String> {
    let mut found: Vec<Interface> = Vec::new();
    for line in text.lines() {
        if let Some(name) = ifconfig_name(line) {
            if found.len() == MAX_INTERFACES {
                return Err(format!("more than {MAX_INTERFACES} interfaces"));
            }
            let flags = line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(flags, _)| flags);
            let flags =
                flags.split(',').filter(|flag| !flag.is_empty()).take(32).map(|flag| crate::text::bounded::clean(flag, 64)).collect();
            found.push(Interface { name: crate::text::bounded::clean(name, 64), flags, ..Interface::default() });
            continue;
        }
        let Some(interface) = found.last_mut() else { continue };
        let words: Vec<&str> = line.split_whitespace().take(40).collect();
        match words.as_slice() {
            ["inet" | "inet6", ..] => interface.addresses.extend(ifconfig_address(&words)),
            // `UP BROADCAST RUNNING MULTICAST  MTU:1500` of net-tools 1
            ["UP", ..] if interface.flags.is_empty() => {
                interface.flags =
                    words.iter().take_while(|word| !word.starts_with("MTU")).map(|word| crate::text::bounded::clean(word, 64)).collect();
            }
            _ => {}
        }
    }
    if found.is_empty() { Err("no interface".to_owned()) } else { Ok(found) }
}

/// `inet 10.0.2.15  netmask 255.255.255.0 …`, `inet addr:10.0.2.15  Bcast:…  Mask:…`, `inet6 fe80::1  prefixlen 64 …`, `inet6 addr: fe80::1/64 …`.
fn ifconfig_address(words: &[&str]) -> Option<InterfaceAddress> {
    let value = |name: &str| {
        words.iter().enumerate().find_map(|(at, word)| match word.strip_prefix(name)? {
            "" => words.get(at + 1).copied(),
            rest => Some(rest),
        })
    };
    let own = value("addr:").or_else(|| words.get(1).copied())?;
    let (own, prefix) = own.split_once('/').map_or((own, None), |(own, prefix)| (own, Some(prefix)));
    let address: IpAddr = own.parse().ok()?;
    let mask = value("netmask").or_else(|| value("Mask:")).and_then(|mask| mask.parse::<std::net::Ipv4Addr>().ok());
    let whole = if address.is_ipv4() { 32 } else { 128 };
    let prefix_length = prefix
        .or_else(|| value("prefixlen"))
        .and_then(|length| length.parse().ok())
        .or_else(|| mask.map(|mask| u32::from(mask).leading_ones() as u8))
        .unwrap_or(whole);
    (prefix_length <= whole).then_some(InterfaceAddress { address, prefix_length, peer: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ifconfig_of_two_eras() {
        let new = "eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500\n        inet 10.0.2.15  netmask 255.255.255.0  broadcast 10.0.2.255\n        \
            inet6 fe80::1  prefixlen 64  scopeid 0x20<link>\n        RX packets 1\n\nlo: flags=73<UP,LOOPBACK,RUNNING>  mtu 65536\n        inet 127.0.0.1  netmask 255.0.0.0\n";
        let old = "eth0      Link encap:Ethernet  HWaddr 52:54:00:00:00:02\n          inet addr:10.0.2.15  Bcast:10.0.2.255  Mask:255.255.255.0\n          \
            inet6 addr: fe80::1/64 Scope:Link\n          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1\n\nlo        Link encap:Local Loopback\n          inet addr:127.0.0.1  Mask:255.0.0.0\n";
        for text in [new, old] {
            let found = parse_ifconfig(text).expect("reads");
            let shown: Vec<String> = found
                .iter()
                .map(|one| {
                    let addresses: Vec<String> =
                        one.addresses.iter().map(|held| format!("{}/{}", held.address, held.prefix_length)).collect();
                    format!("{} {}", one.name, addresses.join(" "))
                })
                .collect();
            assert_eq!(shown, ["eth0 10.0.2.15/24 fe80::1/64", "lo 127.0.0.1/8"], "{text}");
        }
    }

    #[test]
    fn the_brief_list() {
        let text = "lo               UNKNOWN        127.0.0.1/8 ::1/128 \neth0@if4         UP             10.0.0.3/24 metric 100 fe80::1/64 \ntun0  UNKNOWN  10.8.0.1 peer 10.8.0.2/32\nens4             DOWN           \n";
        let found = parse_brief(text).expect("reads");
        let shown: Vec<(&str, usize)> = found.iter().map(|one| (one.name.as_str(), one.addresses.len())).collect();
        assert_eq!(shown, [("lo", 2), ("eth0", 2), ("tun0", 1), ("ens4", 0)]);
        assert!(brief("node-3   Ready   <none>").is_none() && brief("eth0 UP and running").is_none());
    }

    #[test]
    fn beginnings() {
        for (line, link, route, get) in [
            ("14: br-3a10a9384428: <BROADCAST,MULTICAST,UP> mtu 1500", true, false, false),
            ("2: eth0    inet 10.0.0.1/24 brd 10.0.0.255 scope global eth0", true, false, false),
            ("default via 10.0.0.1 dev eth0 proto dhcp metric 100", false, true, false),
            ("10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.5", false, true, false),
            ("8.8.8.8 via 10.0.0.1 dev eth0 src 10.0.0.5 uid 0", false, true, true),
            ("1: the first step is to look", false, false, false),
            ("default settings are fine", false, false, false),
        ] {
            assert_eq!((is_link(line), is_route(line), is_route_get(line)), (link, route, get), "{line}");
        }
    }
}
