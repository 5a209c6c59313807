//! What a host's kernel says of its interfaces and routes.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    pub fn number(self) -> u8 {
        match self {
            Self::V4 => 4,
            Self::V6 => 6,
        }
    }
}

/// A prefix: an address with its length, host bits kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    pub address: IpAddr,
    pub length: u8,
}

impl Prefix {
    pub fn host(address: IpAddr) -> Self {
        Self { address, length: if address.is_ipv4() { 32 } else { 128 } }
    }

    pub fn network(self) -> Self {
        let length = u32::from(self.length);
        let address = match self.address {
            IpAddr::V4(ip) => IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() & u32::MAX.checked_shl(32 - length.min(32)).unwrap_or(0))),
            IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & u128::MAX.checked_shl(128 - length.min(128)).unwrap_or(0))),
        };
        Self { address, ..self }
    }

    pub fn contains(self, address: IpAddr) -> bool {
        Family::of(self.address) == Family::of(address) && Self { address, ..self }.network() == self.network()
    }
}

impl std::fmt::Display for Prefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

#[derive(Clone, Debug)]
pub struct Address {
    pub prefix: Prefix,
    pub point_to_point: bool,
    pub temporary: bool,
    pub deprecated: bool,
}

/// An interface; the kernel's order of interfaces and addresses is kept.
#[derive(Clone, Debug)]
pub struct Device {
    pub name: String,
    pub addresses: Vec<Address>,
}

#[derive(Clone, Debug)]
pub struct Route {
    pub to: Prefix,
    /// `None`: the destination is unreachable by decree.
    pub device: Option<String>,
    pub gateway: Option<IpAddr>,
    pub source: Option<IpAddr>,
    pub metric: u64,
}

#[derive(Clone, Debug, Default)]
pub struct Network {
    pub devices: Vec<Device>,
    pub routes: Vec<Route>,
    /// What /etc/hosts has, beside localhost.
    pub names: BTreeMap<String, Vec<IpAddr>>,
    /// Type and text of `status.addresses`; `None`: there is no Kubernetes Node.
    pub node: Option<Vec<(String, String)>>,
}

impl Network {
    /// From what `ip -j addr`, `ip -j route` and `ip -6 -j route` print.
    pub fn from_ip(addresses: &Value, routes: &Value, routes6: &Value) -> Self {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let devices = list(addresses).iter().map(device).collect();
        let v4 = list(routes).iter().filter_map(|one| route(one, Ipv4Addr::UNSPECIFIED.into())).collect::<Vec<_>>();
        let v6 = list(routes6).iter().filter_map(|one| route(one, Ipv6Addr::UNSPECIFIED.into())).collect::<Vec<_>>();
        Self { devices, routes: [v4, v6].concat(), ..Self::default() }
    }

    /// Every address with the interface that has it.
    pub fn addresses(&self) -> impl Iterator<Item = (&Device, &Address)> {
        self.devices.iter().flat_map(|device| device.addresses.iter().map(move |address| (device, address)))
    }
}

fn address(value: &Value) -> Option<IpAddr> {
    value.as_str()?.parse().ok()
}

fn device(value: &Value) -> Device {
    let one = |value: &Value| {
        let flag = |name: &str| value[name] == true;
        let local = address(&value["local"])?;
        let length = u8::try_from(value["prefixlen"].as_u64()?).ok()?;
        Some(Address {
            prefix: Prefix { address: local, length },
            point_to_point: !value["address"].is_null(),
            temporary: flag("temporary"),
            deprecated: flag("deprecated"),
        })
    };
    let addresses = value["addr_info"].as_array().into_iter().flatten().filter_map(one).collect();
    Device { name: value["ifname"].as_str().unwrap_or_default().into(), addresses }
}

fn route(value: &Value, unspecified: IpAddr) -> Option<Route> {
    let to = match value["dst"].as_str()? {
        "default" => Prefix { address: unspecified, length: 0 },
        text => match text.split_once('/') {
            Some((network, length)) => Prefix { address: network.parse().ok()?, length: length.parse().ok()? },
            None => Prefix::host(text.parse().ok()?),
        },
    };
    Some(Route {
        to,
        device: value["dev"].as_str().map(String::from),
        gateway: address(&value["gateway"]),
        source: address(&value["prefsrc"]),
        metric: value["metric"].as_u64().unwrap_or(0),
    })
}
