//! A host's routes: what `ip route` prints, and what `ip route get` is answered from.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::{Value, json};

use crate::calico::network::{Family, Prefix};
use crate::host::{Host, Interface};

/// One line of `ip route`.
pub(crate) struct Line<'a> {
    pub to: Prefix,
    pub device: &'a str,
    pub gateway: Option<IpAddr>,
    pub source: IpAddr,
}

impl Line<'_> {
    fn is_default(&self) -> bool {
        self.to.length == 0
    }

    fn destination(&self) -> String {
        if self.is_default() { "default".into() } else { self.to.to_string() }
    }

    fn metric(&self) -> Option<u32> {
        self.source.is_ipv6().then_some(if self.gateway.is_some() { 1024 } else { 256 })
    }

    fn json(&self) -> Value {
        let mut line = json!({"dst": self.destination(), "dev": self.device, "flags": []});
        if let Some(gateway) = self.gateway {
            line["gateway"] = gateway.to_string().into();
        }
        match (self.is_default(), self.metric()) {
            (true, None) => line["protocol"] = "dhcp".into(),
            (false, None) => (line["protocol"], line["scope"]) = ("kernel".into(), "link".into()),
            (is_default, Some(metric)) => {
                (line["metric"], line["pref"]) = (metric.into(), "medium".into());
                if !is_default {
                    line["protocol"] = "kernel".into();
                }
                return line;
            }
        }
        line["prefsrc"] = self.source.to_string().into();
        line
    }

    fn text(&self) -> String {
        let Self { device, source, .. } = self;
        let to = self.destination();
        let via = self.gateway.map(|gateway| format!(" via {gateway}")).unwrap_or_default();
        match (self.is_default(), self.metric()) {
            (true, None) => format!("{to}{via} dev {device} proto dhcp src {source} \n"),
            (false, None) => format!("{to} dev {device} proto kernel scope link src {source} \n"),
            (true, Some(metric)) => format!("{to}{via} dev {device} metric {metric} pref medium\n"),
            (false, Some(metric)) => format!("{to} dev {device} proto kernel metric {metric} pref medium\n"),
        }
    }

    /// What `ip route get` says of a destination there; `@` stands for it, `~` for an end of line.
    fn answer(&self) -> (String, Value) {
        let Self { device, source, .. } = self;
        let via = self.gateway.map(|gateway| format!("via {gateway} ")).unwrap_or_default();
        let mut json = json!({"dst": "@", "dev": device, "prefsrc": source, "flags": []});
        if let Some(gateway) = self.gateway {
            json["gateway"] = gateway.to_string().into();
        }
        let Some(metric) = self.metric() else {
            (json["uid"], json["cache"]) = (0.into(), json!([]));
            return (format!("@ {via}dev {device} src {source} uid 0 ~    cache ~"), json);
        };
        (json["from"], json["metric"], json["pref"]) = ("::".into(), metric.into(), "medium".into());
        let kernel = if self.is_default() { "" } else { "proto kernel " };
        if !self.is_default() {
            json["protocol"] = "kernel".into();
        }
        (format!("@ from :: {via}dev {device} {kernel}src {source} metric {metric} pref medium~"), json)
    }
}

impl Host {
    /// The default route first for IPv4, last for IPv6, as the kernel lists them; one for each address besides.
    pub(crate) fn routes(&self, family: Family) -> Vec<Line<'_>> {
        let addresses = |interface: &'_ Interface| {
            let of_family = interface.addresses.iter().filter(move |(address, _)| Family::of(*address) == family);
            of_family.map(|(address, length)| Prefix { address: *address, length: *length }).collect::<Vec<_>>()
        };
        let devices = || self.interfaces.iter().filter(|interface| interface.name != "lo");
        let connected = devices().flat_map(|interface| {
            let line = move |own: Prefix| Line { to: own.network(), device: &interface.name, gateway: None, source: own.address };
            addresses(interface).into_iter().filter(|own| *own != Prefix::host(own.address)).map(line)
        });
        let mut routes: Vec<_> = connected.collect();
        let (gateway, anywhere) = match family {
            Family::V4 => (self.gateway.map(IpAddr::V4), Ipv4Addr::UNSPECIFIED.into()),
            Family::V6 => (self.gateway6.map(IpAddr::V6), std::net::Ipv6Addr::UNSPECIFIED.into()),
        };
        // The gateway is reached through the interface with the node's own address, or one whose network it is in.
        let uplink = gateway.and_then(|gateway| {
            let every = || devices().flat_map(|interface| addresses(interface).into_iter().map(move |own| (interface, own.address, own)));
            let found =
                every().find(|(_, address, _)| *address == self.internal).or_else(|| every().find(|(.., own)| own.contains(gateway)));
            found.map(|(interface, source, _)| (interface, source, gateway))
        });
        if let Some((interface, source, gateway)) = uplink {
            let line = Line { to: Prefix { address: anywhere, length: 0 }, device: &interface.name, gateway: Some(gateway), source };
            let at = if family == Family::V4 { 0 } else { routes.len() };
            routes.insert(at, line);
        }
        routes
    }

    pub(crate) fn routes_json(&self, family: Family) -> String {
        let routes: Vec<_> = self.routes(family).iter().map(Line::json).collect();
        if routes.is_empty() { "[ ]\n".into() } else { format!("{}\n", Value::from(routes)) }
    }

    pub(crate) fn routes_text(&self, family: Family) -> String {
        self.routes(family).iter().map(Line::text).collect()
    }

    /// A table for the fake `ip`: the destination's bits, the answer as text and as JSON; the first line that fits is it.
    pub(crate) fn answers(&self, family: Family) -> String {
        let own = self.interfaces.iter().flat_map(|interface| &interface.addresses);
        let own = own.filter(|(address, _)| Family::of(*address) == family).map(|(address, length)| (*address, *length));
        let mut rows: Vec<(Prefix, String, Value)> = own.flat_map(|(address, length)| local(address, length)).collect();
        rows.extend(self.routes(family).iter().map(|route| {
            let (text, json) = route.answer();
            (route.to, text, json)
        }));
        rows.sort_by_key(|(to, ..)| std::cmp::Reverse(to.length));
        rows.iter().map(|(to, text, json)| format!("{}\t{text}\t{}\n", bits(*to), json!([json]))).collect()
    }
}

/// What the kernel's table `local` has for an address of the host.
fn local(address: IpAddr, length: u8) -> Vec<(Prefix, String, Value)> {
    let IpAddr::V4(ip) = address else {
        let text = format!("local @ from :: dev lo table local proto kernel src {address} metric 0 pref medium~");
        let json = json!({
            "type": "local", "dst": "@", "from": "::", "dev": "lo", "table": "local", "protocol": "kernel", "prefsrc": address,
            "metric": 0, "flags": [], "pref": "medium",
        });
        return vec![(Prefix::host(address), text, json)];
    };
    let to = if ip.is_loopback() { Prefix { address, length }.network() } else { Prefix::host(address) };
    let text = format!("local @ dev lo src {ip} uid 0 ~    cache <local> ~");
    let json = json!({"type": "local", "dst": "@", "dev": "lo", "prefsrc": ip, "flags": [], "uid": 0, "cache": ["local"]});
    vec![(to, text, json)]
}

fn bits(prefix: Prefix) -> String {
    let all = match prefix.address {
        IpAddr::V4(ip) => format!("{:032b}", ip.to_bits()),
        IpAddr::V6(ip) => format!("{:0128b}", ip.to_bits()),
    };
    all[..usize::from(prefix.length)].to_string()
}
