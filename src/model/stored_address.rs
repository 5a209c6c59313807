//! The address that Calico has stored for a node, and the interface that has it.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;

use super::NodeModel;
use crate::calico::address::{self, Cidr};
use crate::calico::detect::{ANNOTATION, Annotated};
use crate::finding::Source;
use crate::snapshot::family::Family;

#[derive(Clone, Debug)]
pub struct Stored {
    /// Without a prefix length where only BIRD's router id or a log tells it.
    pub cidr: Option<Cidr>,
    address: IpAddr,
    pub source: Source,
    /// The interface that has it, where that is known.
    pub held_by: Option<InterfaceHolder>,
}

#[derive(Clone, Debug)]
pub struct InterfaceHolder {
    pub interface: String,
    /// `bridge`, `veth`, …
    pub kind: Option<String>,
    pub source: Source,
}

impl Stored {
    pub fn address(&self) -> IpAddr {
        self.address
    }
}

impl std::fmt::Display for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.cidr {
            Some(cidr) => cidr.fmt(f),
            None => self.address.fmt(f),
        }
    }
}

/// The annotation; with the etcd datastore there is none, and BIRD's router id or the log has to do, as where Nodes could not be read.
/// Where other nodes are annotated, a node that is not has none stored, whatever BIRD runs on with.
/// Of a host that only its own tools showed: the address of an interface that other nodes peer with.
pub fn read_stored(view: &NodeModel, family: Family, annotated: bool, peers: &HashSet<IpAddr>) -> Option<Stored> {
    // a table does not show them
    let annotations = view.node.filter(|node| !node.metadata.tabular).map(|node| &node.metadata.annotations);
    let found = annotations
        .and_then(|annotations| annotations.get(annotation(family)))
        .and_then(|text| address::parse(text))
        .map(|cidr| (cidr.addr(), Some(cidr), Source::Annotation))
        .or_else(|| {
            let kept =
                |annotations: &BTreeMap<_, _>| annotated || annotations.keys().any(|key: &String| key.starts_with("projectcalico.org/"));
            if annotations.is_some_and(kept) {
                return None;
            }
            let router_id = || view.bgp(family).seen().filter(|_| family == Family::V4)?.router_id?.parse().ok();
            let logged = || view.detections().find(|(_, detection)| detection.family == family);
            let logged = || logged().map(|(_, detection)| (detection.address, address::parse(&detection.cidr()), Source::Log));
            let router_id = router_id().filter(|id| address::is_global_unicast(*id));
            router_id.map(|id| (id, None, Source::Birdcl)).or_else(logged).or_else(|| peered(view, family, peers))
        });
    let (address, cidr, source) = found?;
    Some(Stored { cidr, address, source, held_by: held_by(view, address) })
}

fn peered(view: &NodeModel, family: Family, peers: &HashSet<IpAddr>) -> Option<(IpAddr, Option<Cidr>, Source)> {
    let held = view.interfaces().filter(|_| view.node.is_none())?.iter().flat_map(|interface| &interface.addresses);
    let found = held.into_iter().find(|held| Family::from_address(held.address) == family && peers.contains(&held.address))?;
    Some((found.address, address::parse(&format!("{}/{}", found.address, found.prefix_length)), Source::Interfaces))
}

pub fn annotation(family: Family) -> &'static str {
    match family {
        Family::V4 => "projectcalico.org/IPv4Address",
        Family::V6 => "projectcalico.org/IPv6Address",
    }
}

fn held_by(view: &NodeModel, address: IpAddr) -> Option<InterfaceHolder> {
    if let Some(interfaces) = view.interfaces() {
        return interfaces.iter().find(|interface| interface.addresses.iter().any(|held| held.address == address)).map(|interface| {
            InterfaceHolder { interface: interface.name.clone(), kind: interface.kind.clone(), source: Source::Interfaces }
        });
    }
    annotated_interface(view, address).or_else(|| {
        view.detections()
            .find(|(_, detection)| detection.address == address)
            .and_then(|(_, detection)| Some(InterfaceHolder { interface: detection.interface.clone()?, kind: None, source: Source::Log }))
    })
}

fn annotated_interface(view: &NodeModel, address: IpAddr) -> Option<InterfaceHolder> {
    let interfaces = Annotated::parse(view.node?.metadata.annotations.get(ANNOTATION)?)?;
    let found = interfaces.into_iter().find(|interface| interface.addresses.contains(&address))?;
    Some(InterfaceHolder { interface: found.name, kind: None, source: Source::Annotation })
}
