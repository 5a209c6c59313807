//! Right or wrong, a whole column at once: an address is judged beside those that the other nodes would have.

use std::collections::HashMap;
use std::net::IpAddr;

use super::Verdict;
use crate::autodetect::address_facts::AddressFacts;
use crate::calico::address::{self, Cidr};
use crate::calico::virtual_interfaces::VirtualInterface;
use crate::model::phrases;

/// What a node ends up with.
#[derive(Clone, Debug)]
pub struct NodeAddress {
    pub address: IpAddr,
    pub prefix_length: Option<u8>,
    pub interface: Option<String>,
}

impl NodeAddress {
    fn network(&self) -> Option<Cidr> {
        let length = self.prefix_length.filter(|length| *length < if self.address.is_ipv4() { 32 } else { 128 })?;
        Cidr::new(self.address, length).ok().map(|cidr| cidr.trunc())
    }
}

/// The addresses of one column.
pub struct Judge<'s, 'v, 'a> {
    standing: &'s AddressFacts<'v, 'a>,
    held: &'s [Option<NodeAddress>],
    by_address: HashMap<IpAddr, Vec<usize>>,
    /// The network that more than half of the addresses are in.
    most: Option<Cidr>,
    /// That network is none that InternalIPs are in, and nothing speaks against it: a storage or data network, chosen on purpose.
    dedicated_network: bool,
}

impl<'s, 'v, 'a> Judge<'s, 'v, 'a> {
    pub fn new(standing: &'s AddressFacts<'v, 'a>, held: &'s [Option<NodeAddress>]) -> Self {
        let mut by_address: HashMap<IpAddr, Vec<usize>> = HashMap::new();
        let mut networks: HashMap<Cidr, usize> = HashMap::new();
        for (index, held) in held.iter().enumerate().filter_map(|(index, held)| Some((index, held.as_ref()?))) {
            by_address.entry(held.address).or_default().push(index);
            if let Some(network) = held.network() {
                *networks.entry(network).or_default() += 1;
            }
        }
        let known = held.iter().flatten().count();
        let most = networks.into_iter().find(|(_, nodes)| *nodes * 2 > known).map(|(network, _)| network);
        let mut judge = Self { standing, held, by_address, most, dedicated_network: false };
        judge.dedicated_network = judge.is_apart();
        judge
    }

    fn is_apart(&self) -> bool {
        let Some(network) = self.most.filter(|network| !self.standing.has_internal_in(network)) else { return false };
        let inside = || {
            self.held
                .iter()
                .enumerate()
                .filter_map(|(node, held)| Some((node, held.as_ref()?)))
                .filter(|(_, held)| network.contains(&held.address))
        };
        let sound = |(node, held): (usize, &NodeAddress)| {
            let alone = self.by_address.get(&held.address).is_some_and(|nodes| nodes.len() == 1);
            let real = self.standing.kind_of(node, held.address, held.interface.as_deref()).is_none();
            alone && (real || self.standing.is_proven(node, held.address))
        };
        inside().count() > 1 && inside().all(sound)
    }

    pub fn judge_address(&self, node: usize, held: &NodeAddress) -> (Verdict, String) {
        let address = held.address;
        if !address::is_global_unicast(address) {
            return (Verdict::Wrong, format!("{address} means this host or this link alone"));
        }
        if let Some(other) = self.by_address.get(&address).and_then(|nodes| nodes.iter().find(|other| **other != node)) {
            let other = self.standing.view.nodes[*other].name;
            return (Verdict::Wrong, format!("{other} has {address} too; whoever starts second clears its own address and exits"));
        }
        match &self.standing.internal[node] {
            _ if self.dedicated_network => self.beside_the_others(node, held),
            Ok(internal) if *internal == address || self.standing.view.nodes[node].internal_ips.contains(&address) => {
                (Verdict::Right, "the node's InternalIP".to_owned())
            }
            Ok(internal) => (Verdict::Wrong, format!("{}, and the node's InternalIP is {internal}", self.what(node, held))),
            Err(_) => self.beside_the_others(node, held),
        }
    }

    /// Where InternalIPs do not decide: distinct, real, and in one network with the others.
    fn beside_the_others(&self, node: usize, held: &NodeAddress) -> (Verdict, String) {
        let address = held.address;
        let proven = self.standing.is_proven(node, address);
        if let Some(kind) = self.standing.kind_of(node, address, held.interface.as_deref()).filter(|_| !proven) {
            return (Verdict::Wrong, format!("{address} is on {}", on(held, kind)));
        }
        if let Some(other) = self.standing.also_held_by(node, address) {
            return (Verdict::Wrong, format!("{other} has {address} on an interface too"));
        }
        let purpose = if self.dedicated_network { ", a network dedicated_network from the InternalIPs" } else { "" };
        match self.most {
            Some(network) if network.contains(&address) && self.held.iter().flatten().count() > 1 => {
                (Verdict::Right, format!("no other node has it, and most are in {network}{purpose}"))
            }
            Some(network) if self.dedicated_network && !network.contains(&address) => {
                (Verdict::Wrong, format!("{address} is outside {network}, where most nodes would be"))
            }
            _ if proven => (Verdict::Right, "its BGP sessions are established with it".to_owned()),
            Some(network) if network.contains(&address) => match self.standing.view.nodes.len() {
                1 => (Verdict::Right, "the only node's".to_owned()),
                _ => (Verdict::Unknown, "what the other nodes would have is not known".to_owned()),
            },
            Some(network) => (Verdict::Wrong, format!("{address} is outside {network}, where most nodes would be")),
            None => (Verdict::Unknown, "the nodes would be in several networks, and whether these are joined is not known".to_owned()),
        }
    }

    fn what(&self, node: usize, held: &NodeAddress) -> String {
        let NodeAddress { address, .. } = held;
        if let Some(kind) = self.standing.kind_of(node, *address, held.interface.as_deref()) {
            return format!("{address} is on {}", on(held, kind));
        }
        if self.standing.is_internal(*address) {
            return format!("{address} is another node's InternalIP");
        }
        if held.prefix_length == Some(if address.is_ipv4() { 32 } else { 128 }) {
            return format!("{address} is a single host's address, as virtual IPs and VPNs have them");
        }
        let interface = held.interface.as_deref().map(|name| format!(" on {name}")).unwrap_or_default();
        format!("{address} is another address{interface}")
    }
}

fn on(held: &NodeAddress, kind: VirtualInterface) -> String {
    let made = phrases::made(kind);
    held.interface.as_deref().map_or_else(|| made.clone(), |name| format!("{name}, {made}"))
}
