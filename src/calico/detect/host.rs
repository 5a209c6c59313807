//! What was seen of a host, as far as detection looks at it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::annotated::Annotated;
use super::{Found, Outcome, stored_length};
use crate::calico::family::Family;
use crate::calico::method::Method;
use crate::calico::version::Version;
use crate::observed::Observed;
use crate::snapshot::inside::{Interface, Reach, Route};

#[derive(Clone, Debug)]
pub struct Host<'a> {
    pub interfaces: Interfaces<'a>,
    /// What calico-node said that it found, newest first; each line answers for its own method alone, where nothing better does.
    pub logged: Vec<Logged>,
    /// The kernel's own answers, by the destination as `can-reach=` has it.
    pub reaches: Option<&'a BTreeMap<String, Observed<Reach>>>,
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
    Unseen {
        why: String,
    },
}

#[derive(Clone, Debug)]
pub struct Logged {
    pub method: Method,
    pub family: Family,
    pub found: Found,
}

impl Host<'_> {
    /// The newest line that this method left in the log.
    pub(super) fn told(&self, method: &Method, family: Family) -> Option<Outcome> {
        let line = self.logged.iter().find(|line| line.family == family && line.method == *method)?;
        Some(Outcome::Address(line.found.clone()))
    }

    /// The interface that has an address: detection goes through them last listed first, with no exclusions.
    pub(super) fn holding(&self, address: IpAddr, version: Version) -> Outcome {
        match &self.interfaces {
            Interfaces::Kernel(interfaces) => interfaces
                .iter()
                .rev()
                .find_map(|interface| Some((interface, interface.addresses.iter().find(|held| held.address == address)?)))
                .map_or_else(
                    || Outcome::none(format!("no interface has {address}")),
                    |(interface, held)| {
                        Outcome::Address(Found {
                            address,
                            prefix_length: Some(stored_length(held.prefix_length, address, held.peer.is_some(), version)),
                            interface: Some(interface.name.clone()),
                        })
                    },
                ),
            // One that is not listed may be on an interface that the default exclusions hide.
            Interfaces::Annotated(interfaces) => interfaces
                .iter()
                .rev()
                .find(|interface| interface.addresses.contains(&address))
                .map(|interface| Found { address, prefix_length: None, interface: Some(interface.name.clone()) })
                .map_or_else(|| Outcome::unknown(format!("whether an interface has {address} was not seen")), Outcome::Address),
            Interfaces::Unseen { why } => Outcome::unknown(why.clone()),
        }
    }
}
