//! Which address calico-node would pick on a host (node/pkg/lifecycle/startup/autodetection).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::go_regex::{Reading, read};
use super::network::{Address, Device, Family, Network, Prefix};
use super::release::{self, Release};
use super::route;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detected {
    /// What would be stored, and how the log says it.
    Found { device: String, prefix: Prefix, log: String },
    /// The node keeps what it has, or exits when it has nothing.
    Nothing { log: String },
    /// The process ends, whatever is stored.
    Exits { log: String },
    /// A pattern that Go may read otherwise than we can.
    Unknown,
}

use Detected::{Exits, Found, Nothing, Unknown};

/// Which interfaces a method looks at.
struct Names {
    include: Vec<String>,
    exclude: Vec<String>,
}

enum Match<'a> {
    One(&'a Device, &'a Address),
    NoInterface,
    NoAddress,
    BadPattern,
    Unsure,
}

/// `method` is the value of IP_AUTODETECTION_METHOD (IP6_… for family 6), word for word.
pub fn detect(release: Release, method: &str, family: Family, network: &Network) -> Detected {
    let number = family.number();
    let exclude = release::default_exclusions(release);
    let search = |names: Names, cidrs: &[Prefix], how: &str, found: &dyn Fn(&str, Prefix) -> String| {
        let failed = |why: &str| Nothing { log: format!("Unable to auto-detect an IPv{number} address{how}: {why}") };
        match find(network, family, &names, cidrs) {
            Match::One(device, address) => {
                let prefix = stored(release, address);
                Found { device: device.name.clone(), prefix, log: found(&device.name, prefix) }
            }
            Match::NoInterface => failed("no valid host interfaces found"),
            Match::NoAddress => failed(&format!("no valid IPv{number} addresses found on the host interfaces")),
            Match::BadPattern => failed("error parsing regexp"),
            Match::Unsure => Unknown,
        }
    };
    let used = format!("Using autodetected IPv{number} address");
    if method.is_empty() || method == "first-found" {
        return search(Names { include: vec![], exclude }, &[], "", &|device, prefix| format!("{used} on interface {device}: {prefix}"));
    }
    if let Some(list) = method.strip_prefix("interface=") {
        let include = pieces(list);
        let how = format!(" using interface regexes [{}]", include.join(" "));
        let found = |device: &str, prefix: Prefix| format!("{used} {prefix} on matching interface {device}");
        return search(Names { include, exclude: vec![] }, &[], &how, &found);
    }
    if let Some(list) = method.strip_prefix("skip-interface=") {
        let skipped = pieces(list);
        let how = format!(" while excluding [{}]", skipped.join(" "));
        let found = |device: &str, prefix: Prefix| format!("{used} on interface {device}: {prefix} while skipping matching interfaces");
        return search(Names { include: vec![], exclude: [exclude, skipped].concat() }, &[], &how, &found);
    }
    if let Some(list) = method.strip_prefix("cidr=").filter(|_| release::knows_cidr(release)) {
        let mut cidrs = Vec::new();
        for piece in pieces(list) {
            let Some(cidr) = go_cidr(&piece) else {
                return Nothing { log: format!("Invalid CIDR {piece:?} for IP autodetection method: {method}") };
            };
            cidrs.push(cidr);
        }
        let shown = cidrs.iter().map(Prefix::to_string).collect::<Vec<_>>().join(" ");
        let how = format!(" using interface cidr [{shown}]");
        let found = |device: &str, prefix: Prefix| format!("{used} {prefix} on interface {device} matching cidrs [{shown}]");
        return search(Names { include: vec![], exclude: vec![] }, &cidrs, &how, &found);
    }
    if let Some(destination) = method.strip_prefix("can-reach=") {
        return can_reach(release, destination, family, network);
    }
    if method.starts_with("kubernetes-internal-ip") && release::knows_internal_ip(release) {
        return internal_ip(release, family, network);
    }
    Exits { log: format!("Invalid IP autodetection method: {method}") }
}

/// Split on a comma with blanks around it; the ends keep theirs.
fn pieces(list: &str) -> Vec<String> {
    let blank = |letter: char| matches!(letter, ' ' | '\t' | '\n' | '\r' | '\x0c');
    let parts: Vec<&str> = list.split(',').collect();
    let last = parts.len() - 1;
    let trim = |(at, part): (usize, &&str)| {
        let part = if at > 0 { part.trim_start_matches(blank) } else { part };
        (if at < last { part.trim_end_matches(blank) } else { part }).to_string()
    };
    parts.iter().enumerate().map(trim).collect()
}

/// The interfaces that first-found looks at, in its order, each with the addresses that it could take.
pub fn looked_at(release: Release, family: Family, network: &Network) -> Vec<(&Device, Vec<Prefix>)> {
    let exclude = release::default_exclusions(release).iter().map(|one| format!("({one})")).collect::<Vec<_>>().join("|");
    let Reading::Compiled(exclude) = read(&exclude) else { return Vec::new() };
    let devices = network.devices.iter().rev().filter(|device| !exclude.is_match(&device.name));
    let prefixes = |device: &Device| device.addresses.iter().map(|address| address.prefix).collect::<Vec<_>>();
    let fits = |prefix: &Prefix| Family::of(prefix.address) == family && global_unicast(prefix.address);
    devices.map(|device| (device, prefixes(device).into_iter().filter(fits).collect())).collect()
}

/// The last listed interface first; the first address that fits.
fn find<'a>(network: &'a Network, family: Family, names: &Names, cidrs: &[Prefix]) -> Match<'a> {
    let joined = |list: &[String]| list.iter().map(|one| format!("({one})")).collect::<Vec<_>>().join("|");
    let mut patterns = Vec::new();
    for (list, wanted) in [(&names.include, true), (&names.exclude, false)] {
        match read(&joined(list)) {
            _ if list.is_empty() => {}
            Reading::Compiled(pattern) => patterns.push((pattern, wanted)),
            Reading::Refused => return Match::BadPattern,
            Reading::Unknown => return Match::Unsure,
        }
    }
    let named = |device: &&Device| patterns.iter().all(|(pattern, wanted)| pattern.is_match(&device.name) == *wanted);
    let devices: Vec<_> = network.devices.iter().rev().filter(named).collect();
    if devices.is_empty() {
        return Match::NoInterface;
    }
    let fits = |address: &&Address| {
        let ip = address.prefix.address;
        Family::of(ip) == family && global_unicast(ip) && (cidrs.is_empty() || cidrs.iter().any(|cidr| cidr.contains(ip)))
    };
    let mut hits = devices.into_iter().filter_map(|device| Some((device, device.addresses.iter().find(fits)?)));
    hits.next().map_or(Match::NoAddress, |(device, address)| Match::One(device, address))
}

/// Go's `IsGlobalUnicast`: private and reserved ranges count.
fn global_unicast(address: IpAddr) -> bool {
    let link_local = match address {
        IpAddr::V4(ip) => ip.is_link_local() || ip.is_broadcast(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    !(link_local || address.is_loopback() || address.is_multicast() || address.is_unspecified())
}

fn stored(release: Release, address: &Address) -> Prefix {
    if address.point_to_point && release::narrows_point_to_point(release) { Prefix::host(address.prefix.address) } else { address.prefix }
}

/// Go's `ParseCIDR`, masked: no sign, no zone; a mapped IPv4 network is an IPv4 network.
fn go_cidr(text: &str) -> Option<Prefix> {
    let (address, length) = text.split_once('/')?;
    let digits = length.chars().all(|letter| letter.is_ascii_digit());
    let address: IpAddr = address.parse().ok()?;
    let length: u8 = length.parse().ok().filter(|length| digits && *length <= Prefix::host(address).length)?;
    let network = Prefix { address, length }.network();
    match network.address {
        IpAddr::V6(ip) if length >= 96 => match ip.to_ipv4_mapped() {
            Some(mapped) => Some(Prefix { address: mapped.into(), length: length - 96 }),
            None => Some(network),
        },
        _ => Some(network),
    }
}

fn can_reach(release: Release, destination: &str, family: Family, network: &Network) -> Detected {
    let number = family.number();
    let failed = |why: String| Nothing { log: format!("Unable to auto-detect IPv{number} address by connecting to {destination}: {why}") };
    let bare = destination.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host = match bare {
        Some(inside) if !inside.contains(':') && release::takes_brackets(release) => inside,
        Some(_) => return failed(format!("dial udp{number}: address [{destination}]:80: missing port in address")),
        None => destination,
    };
    let (text, zone) = host.split_once('%').map_or((host, None), |(text, zone)| (text, Some(zone)));
    let (local, any): (IpAddr, IpAddr) = match family {
        Family::V4 => (Ipv4Addr::LOCALHOST.into(), Ipv4Addr::UNSPECIFIED.into()),
        Family::V6 => (Ipv6Addr::LOCALHOST.into(), Ipv6Addr::UNSPECIFIED.into()),
    };
    let known = || network.names.get(host)?.iter().copied().find(|address| Family::of(*address) == family);
    let target = match text.parse::<IpAddr>() {
        Ok(address) if address.is_unspecified() && (address.is_ipv6() || family == Family::V4) => any,
        Ok(address) => address.to_canonical(),
        Err(_) if host.is_empty() => any,
        Err(_) if host == "localhost" => local,
        Err(_) => match known() {
            Some(address) => address,
            None => return failed(format!("dial udp{number}: lookup {host}")),
        },
    };
    if Family::of(target) != family {
        return failed(format!("dial udp{number}: address {host}: no suitable address found"));
    }
    match route::source(network, target, zone) {
        Ok(source) => match network.addresses().find(|(_, address)| address.prefix.address == source) {
            Some((device, address)) => {
                let prefix = stored(release, address);
                let log = format!("Using autodetected IPv{number} address {prefix}, detected by connecting to {destination}");
                Found { device: device.name.clone(), prefix, log }
            }
            None => failed(format!("no interface has {source}")),
        },
        Err(why) => {
            let shown = if target.is_ipv6() { format!("[{host}]") } else { target.to_string() };
            failed(format!("dial udp{number} {shown}:80: connect: {}", why.text()))
        }
    }
}

fn internal_ip(release: Release, family: Family, network: &Network) -> Detected {
    let Some(listed) = &network.node else {
        return Nothing { log: "Cannot use method 'kubernetes-internal-ip' when not running on a Kubernetes cluster".into() };
    };
    let internal = listed.iter().filter(|(kind, _)| kind == "InternalIP").filter_map(|(_, text)| text.parse::<IpAddr>().ok());
    let first = internal.into_iter().find(|address| Family::of(*address) == family);
    let shown = first.map(|address| address.to_string()).unwrap_or_default();
    // Interfaces are asked last listed first, as everywhere.
    let devices = network.devices.iter().rev().flat_map(|device| device.addresses.iter().map(move |address| (device, address)));
    match devices.into_iter().find(|(_, address)| Some(address.prefix.address) == first) {
        Some((device, address)) => {
            let prefix = stored(release, address);
            let prefix = if release::stores_network_of_internal_ip(release) { prefix.network() } else { prefix };
            Found { device: device.name.clone(), prefix, log: format!("Including CIDR information from host interface. CIDR=\"{prefix}\"") }
        }
        None => Nothing { log: format!("Unable to parse CIDR {shown} : invalid CIDR address: {shown}") },
    }
}
