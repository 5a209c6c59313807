//! What was seen of a host, as far as detection looks at it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::annotated::Annotated;
use super::{DetectionResult, Found, stored_length};
use crate::calico::method::Method;
use crate::calico::version::Version;
use crate::observed::Observed;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::{Interface, Route, RouteLookup};

#[derive(Clone, Debug)]
pub struct Host<'a> {
    pub interfaces: Interfaces<'a>,
    /// What calico-node said that it found, newest first; each line answers for its own method alone, where nothing better does.
    pub logged: Vec<Logged>,
    /// The kernel's own answers, by the destination as `can-reach=` has it.
    pub route_lookups: Option<&'a BTreeMap<String, Observed<RouteLookup>>>,
    pub routing: Option<Routing<'a>>,
    /// Of `status.addresses`, in order, what is an address; `None` where it was not seen or there is none.
    pub internal_ips: Option<&'a [IpAddr]>,
    /// With the etcd datastore there may be no Kubernetes Node.
    pub has_kubernetes_node: Option<bool>,
}

/// The main table, and that no rule leads to another one.
#[derive(Clone, Copy, Debug)]
pub struct Routing<'a> {
    pub routes: &'a [Route],
    pub main_table_only: bool,
}

/// Where the interfaces were read, best first.
#[derive(Clone, Debug)]
pub enum Interfaces<'a> {
    /// `ip addr`, in the kernel's order.
    Kernel(&'a [Interface]),
    /// `projectcalico.org/Interfaces`: without those that the default exclusions hide.
    Annotated(Vec<Annotated>),
    /// What DEBUG lists when a calico-node starts: those that its own method lets in.
    Listed(Listed),
    Unseen {
        why: String,
    },
}

#[derive(Clone, Debug)]
pub struct Listed {
    /// In the kernel's order.
    pub interfaces: Vec<Interface>,
    /// Nothing is left out, as with `cidr=`; else those that the default exclusions hide.
    pub whole: bool,
    /// Addresses of these alone are listed.
    pub families: Vec<Family>,
}

#[derive(Clone, Debug)]
pub struct Logged {
    pub method: Method,
    pub family: Family,
    pub found: Found,
}

impl Host<'_> {
    /// The newest line that this method left in the log.
    pub(super) fn told(&self, method: &Method, family: Family) -> Option<DetectionResult> {
        let line = self.logged.iter().find(|line| line.family == family && line.method == *method)?;
        Some(DetectionResult::Address(line.found.clone()))
    }

    /// The interface that has an address: detection goes through them last listed first, with no exclusions.
    pub(super) fn holding(&self, address: IpAddr, version: Version) -> DetectionResult {
        match &self.interfaces {
            Interfaces::Kernel(interfaces) => among(interfaces, address, version)
                .map_or_else(|| DetectionResult::none(format!("no interface has {address}")), DetectionResult::Address),
            Interfaces::Listed(listed) => match among(&listed.interfaces, address, version) {
                Some(found) => DetectionResult::Address(found),
                None if listed.whole && listed.families.contains(&Family::from_address(address)) => {
                    DetectionResult::none(format!("no interface has {address}"))
                }
                None => not_seen(address),
            },
            // One that is not listed may be on an interface that the default exclusions hide.
            Interfaces::Annotated(interfaces) => interfaces
                .iter()
                .rev()
                .find(|interface| interface.addresses.contains(&address))
                .map(|interface| Found { address, prefix_length: None, interface: Some(interface.name.clone()) })
                .map_or_else(|| not_seen(address), DetectionResult::Address),
            Interfaces::Unseen { why } => DetectionResult::unknown(why.clone()),
        }
    }
}

fn among(interfaces: &[Interface], address: IpAddr, version: Version) -> Option<Found> {
    let held_by = |interface: &&Interface| interface.addresses.iter().any(|held| held.address == address);
    let interface = interfaces.iter().rev().find(held_by)?;
    let held = interface.addresses.iter().find(|held| held.address == address)?;
    let prefix_length = Some(stored_length(held.prefix_length, address, held.peer.is_some(), version));
    Some(Found { address, prefix_length, interface: Some(interface.name.clone()) })
}

fn not_seen(address: IpAddr) -> DetectionResult {
    DetectionResult::unknown(format!("whether an interface has {address} was not seen"))
}
