//! The main routing table as `ip route` lists it, JSON or text, iproute2 or busybox; the kernel's order is kept.

use serde::Deserialize;

use super::interfaces::{IpError, unrecognised};
use crate::snapshot::family::Family;
use crate::snapshot::inspection::Route;
use crate::text::bounded::clean;

const MAX_ROUTES: usize = 200_000;
const MAX_WORD: usize = 64;

/// Kinds of route that `ip` puts before the destination.
const KINDS: [&str; 10] = ["unicast", "local", "broadcast", "multicast", "anycast", "blackhole", "unreachable", "prohibit", "throw", "nat"];

/// Reads `ip -4 route` or `ip -6 route`. An IPv6 default is written `::/0`, to be told from IPv4's `default`.
pub fn parse(text: &str, family: Family) -> Result<Vec<Route>, IpError> {
    let mut routes = if text.trim_start().starts_with('[') { from_json(text)? } else { from_text(text)? };
    if family == Family::V6 {
        for route in routes.iter_mut().filter(|route| route.destination == "default") {
            route.destination = "::/0".into();
        }
    }
    Ok(routes)
}

#[derive(Deserialize)]
struct JsonRoute {
    dst: Option<String>,
    gateway: Option<String>,
    via: Option<JsonVia>,
    dev: Option<String>,
    prefsrc: Option<String>,
    metric: Option<u32>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    nexthops: Vec<JsonHop>,
}

/// A next hop of the other family.
#[derive(Deserialize)]
struct JsonVia {
    host: Option<String>,
}

#[derive(Deserialize)]
struct JsonHop {
    gateway: Option<String>,
    via: Option<JsonVia>,
    dev: Option<String>,
}

fn from_json(text: &str) -> Result<Vec<Route>, IpError> {
    let entries: Vec<JsonRoute> = serde_json::from_str(text.trim()).map_err(|_| unrecognised(text))?;
    if entries.len() > MAX_ROUTES {
        return Err(IpError::TooLong);
    }
    let short = |word: Option<String>| word.map(|word| clean(&word, MAX_WORD));
    let mut routes = Vec::new();
    for entry in entries {
        let Some(destination) = entry.dst else { continue };
        let several_hops = entry.nexthops.len() > 1;
        let hop = entry.nexthops.into_iter().next().unwrap_or(JsonHop { gateway: None, via: None, dev: None });
        let gateway = entry.gateway.or(entry.via.and_then(|via| via.host)).or(hop.gateway).or(hop.via.and_then(|via| via.host));
        routes.push(Route {
            destination: clean(&destination, MAX_WORD),
            gateway: short(gateway),
            device: short(entry.dev.or(hop.dev)),
            source: short(entry.prefsrc),
            metric: entry.metric,
            kind: short(entry.kind).filter(|kind| kind != "unicast"),
            several_hops,
        });
    }
    Ok(routes)
}

fn from_text(text: &str) -> Result<Vec<Route>, IpError> {
    let mut routes: Vec<Route> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if routes.len() == MAX_ROUTES {
            return Err(IpError::TooLong);
        }
        let mut words = line.split_whitespace().peekable();
        if words.next_if(|word| *word == "nexthop").is_some() {
            let Some(route) = routes.last_mut() else { return Err(unrecognised(line)) };
            // Of several next hops the first stands for all.
            if route.gateway.is_none() && route.device.is_none() {
                read_attributes(words, route);
            } else {
                route.several_hops = true;
            }
            continue;
        }
        let mut kind = None;
        while let Some(word) = words.next_if(|word| KINDS.contains(word)) {
            kind = Some(word.to_owned()).filter(|kind| kind != "unicast");
        }
        let destination = words.next().filter(|word| is_destination(word)).ok_or_else(|| unrecognised(line))?;
        let mut route = Route { destination: clean(destination, MAX_WORD), kind, ..Route::default() };
        read_attributes(words, &mut route);
        routes.push(route);
    }
    Ok(routes)
}

fn is_destination(word: &str) -> bool {
    let address = word.split_once('/').map_or(word, |(address, _)| address);
    word == "default" || address.parse::<std::net::IpAddr>().is_ok()
}

fn read_attributes<'a>(mut words: impl Iterator<Item = &'a str>, route: &mut Route) {
    while let Some(word) = words.next() {
        let field = match word {
            "via" => &mut route.gateway,
            "dev" => &mut route.device,
            "src" => &mut route.source,
            "metric" => {
                route.metric = words.next().and_then(|metric| metric.parse().ok()).or(route.metric);
                continue;
            }
            _ => continue,
        };
        // `via inet6 fe80::1`: the family of a next hop of the other family.
        let value = match words.next() {
            Some("inet" | "inet6") => words.next(),
            other => other,
        };
        if field.is_none() {
            *field = value.map(|value| clean(value, MAX_WORD));
        }
    }
}

#[cfg(test)]
mod tests;
