//! What addresses are judged by: which InternalIPs can be trusted, who holds what, and what BGP has proven.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::calico::address::{self, Cidr};
use crate::calico::virtual_interfaces::{self, VirtualInterface};
use crate::model::{ClusterModel, NodeModel, phrases};
use crate::snapshot::family::Family;

pub struct AddressFacts<'v, 'a> {
    pub view: &'v ClusterModel<'a>,
    pub family: Family,
    /// In the nodes' order: the InternalIP, or why it is none to go by.
    pub internal: Vec<Result<IpAddr, String>>,
    /// How many nodes have an address on some interface; a bridge's is on many.
    holders: HashMap<IpAddr, Vec<usize>>,
}

impl<'v, 'a> AddressFacts<'v, 'a> {
    pub fn new(view: &'v ClusterModel<'a>, family: Family) -> Self {
        let mut holders: HashMap<IpAddr, Vec<usize>> = HashMap::new();
        for (index, node) in view.nodes.iter().enumerate() {
            for held in node.interfaces().into_iter().flatten().flat_map(|interface| &interface.addresses) {
                let nodes = holders.entry(held.address).or_default();
                if nodes.last() != Some(&index) {
                    nodes.push(index);
                }
            }
        }
        let mut claims: HashMap<IpAddr, Vec<&str>> = HashMap::new();
        for node in &view.nodes {
            if let Some(ip) = node.internal_ip(family) {
                claims.entry(ip).or_default().push(node.name);
            }
        }
        let internal = view.nodes.iter().map(|node| trusted(node, family, &claims)).collect();
        Self { view, family, internal, holders }
    }

    /// Why not every node's InternalIP can be gone by.
    pub fn internal_ips_unreliable(&self) -> Option<&str> {
        self.internal.iter().find_map(|internal| internal.as_ref().err()).map(String::as_str)
    }

    /// Another node that has this address on an interface.
    pub fn also_held_by(&self, node: usize, address: IpAddr) -> Option<&'a str> {
        let other = self.holders.get(&address)?.iter().find(|other| **other != node)?;
        Some(self.view.nodes[*other].name)
    }

    /// The kind of interface, where it is one that others cannot reach.
    pub fn kind_of(&self, node: usize, address: IpAddr, interface: Option<&str>) -> Option<VirtualInterface> {
        kind(&self.view.nodes[node], address, interface)
    }

    /// The node advertises this address, and every session there is of it is established.
    pub fn is_proven(&self, node: usize, address: IpAddr) -> bool {
        let node = &self.view.nodes[node];
        let advertised = node.stored(self.family).is_some_and(|stored| stored.address() == address);
        let well = node.bgp(self.family).seen().is_some_and(|sessions| sessions.total > 0 && sessions.established == sessions.total);
        advertised && well && self.view.down_towards(address).next().is_none()
    }

    pub fn is_internal(&self, address: IpAddr) -> bool {
        self.internal.iter().any(|internal| internal.as_ref() == Ok(&address))
    }

    /// Any node's InternalIP that can be gone by lies in it.
    pub fn has_internal_in(&self, network: &Cidr) -> bool {
        self.internal.iter().flatten().any(|ip| network.contains(ip))
    }
}

fn kind(node: &NodeModel, address: IpAddr, interface: Option<&str>) -> Option<VirtualInterface> {
    let mut seen = node.interfaces().into_iter().flatten();
    let holder = seen.find(|one| match interface {
        Some(name) => one.name == name,
        None => one.addresses.iter().any(|held| held.address == address),
    });
    match (holder, interface) {
        (Some(one), _) => virtual_interfaces::describe(&one.name, one.kind.as_deref()),
        (None, Some(name)) => virtual_interfaces::describe(name, None),
        (None, None) => None,
    }
}

fn trusted(node: &NodeModel, family: Family, claims: &HashMap<IpAddr, Vec<&str>>) -> Result<IpAddr, String> {
    let Some(ip) = node.internal_ip(family) else { return Err(format!("{} has no {family} InternalIP", node.name)) };
    let claimants = claims.get(&ip).map_or(&[][..], Vec::as_slice);
    if let Some(other) = claimants.iter().find(|other| **other != node.name) {
        let from = if ip == address::VIRTUALBOX_NAT { ", which VirtualBox's NAT gives to every machine" } else { "" };
        return Err(format!("{} and {other} have the same InternalIP {ip}{from}", node.name));
    }
    if let Some(interfaces) = node.interfaces() {
        let Some(holder) = interfaces.iter().find(|one| one.addresses.iter().any(|held| held.address == ip)) else {
            return Err(format!("{}'s InternalIP {ip} is on none of its interfaces", node.name));
        };
        // A VPN may well be what the nodes are joined by.
        let kind = virtual_interfaces::describe(&holder.name, holder.kind.as_deref()).filter(|kind| !kind.what.starts_with("VPN"));
        if let Some(kind) = kind
            && address::is_docker_default(ip)
        {
            return Err(format!("{}'s InternalIP {ip} is on {}, {}", node.name, holder.name, phrases::made(kind)));
        }
    }
    Ok(ip)
}
