//! What addresses are judged by: which InternalIPs are credible, who holds what, and what BGP has proven.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::calico::address::{self, Cidr};
use crate::calico::virtual_interfaces::{self, VirtualInterface};
use crate::finding::Source;
use crate::model::{ClusterModel, NodeModel, phrases};
use crate::parallel;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::Interface;

pub(crate) struct AddressFacts<'v, 'a> {
    pub view: &'v ClusterModel<'a>,
    pub family: Family,
    /// In the nodes' order: the InternalIP, or why it does not count.
    pub internal: Vec<Result<IpAddr, String>>,
    /// More than half of the InternalIPs that were seen on an interface are on a VPN, a tunnel or `lo`: that joins the nodes here.
    pub joined_by_choice: bool,
    /// How many nodes have an address on some interface; a bridge's is on many.
    holders: HashMap<IpAddr, Vec<usize>>,
}

impl<'v, 'a> AddressFacts<'v, 'a> {
    pub(crate) fn new(view: &'v ClusterModel<'a>, family: Family) -> Self {
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
        for node in view.nodes.iter().filter(|node| !node.kubelet_is_silent()) {
            if let Some(ip) = node.internal_ip(family) {
                claims.entry(ip).or_default().push(node.name);
            }
        }
        let joined_by_choice = is_joined_by_choice(view, family);
        let internal = parallel::map(&view.nodes, |_, node| credible(view, node, family, &claims, joined_by_choice));
        Self { view, family, internal, joined_by_choice, holders }
    }

    /// Why not every node's InternalIP is credible.
    pub(crate) fn internal_ips_unreliable(&self) -> Option<&str> {
        self.internal.iter().find_map(|internal| internal.as_ref().err()).map(String::as_str)
    }

    /// Another node that has this address on an interface.
    pub(crate) fn also_held_by(&self, node: usize, address: IpAddr) -> Option<&'a str> {
        let other = self.holders.get(&address)?.iter().find(|other| **other != node)?;
        Some(self.view.nodes[*other].name)
    }

    /// The kind of interface, where it is one that others cannot reach.
    pub(crate) fn kind_of(&self, node: usize, address: IpAddr, interface: Option<&str>) -> Option<VirtualInterface> {
        kind(&self.view.nodes[node], address, interface)
    }

    /// The node has this address stored now.
    pub(crate) fn is_stored(&self, node: usize, address: IpAddr) -> bool {
        self.view.nodes[node].stored(self.family).is_some_and(|stored| stored.address() == address)
    }

    /// The node's interfaces were seen, and none has this address. BIRD's router id need not be on any.
    pub(crate) fn is_absent(&self, node: usize, address: IpAddr) -> bool {
        let node = &self.view.nodes[node];
        let router_id = node.stored(self.family).is_some_and(|stored| stored.address() == address && stored.source == Source::Birdcl);
        !router_id && node.interfaces().is_some_and(|interfaces| holder_of(interfaces, address).is_none())
    }

    /// The node uses this address alone, and most of its sessions are established; the others may be down for their own reasons.
    pub(crate) fn is_established(&self, node: usize, address: IpAddr) -> bool {
        let view = &self.view.nodes[node];
        // A session with an address that two nodes have may be either's.
        if self.view.holders(address).any(|other| other.name != view.name && !other.kubelet_is_silent()) {
            return false;
        }
        let Some(sessions) = view.bgp(self.family).seen().filter(|_| self.is_stored(node, address)) else { return false };
        let ready = |other: &&NodeModel| other.name != view.name && other.ready() != Some(false) && other.kubelet_ready() != Some(false);
        let down_here = sessions.down.iter().filter(|down| self.view.peer(down.session.address).as_ref().is_none_or(&ready));
        let down_there = self.view.down_towards(address).filter(|(other, _)| ready(other));
        let down = u32::try_from(down_here.count().max(down_there.count())).unwrap_or(u32::MAX);
        sessions.established > 0 && sessions.established >= down
    }

    /// Its sessions were seen, and none is established.
    pub(crate) fn has_no_session(&self, node: usize) -> bool {
        self.view.nodes[node].bgp(self.family).seen().is_some_and(|sessions| sessions.total > 0 && sessions.established == 0)
    }

    /// BIRD was seen on two nodes or more that run longer than a restart of BIRD takes, and no session is established anywhere.
    pub(crate) fn nothing_is_established(&self) -> bool {
        /// Seconds; a graceful restart may take 240.
        const RESTARTED: f64 = 300.0;
        let now = self.view.snapshot.taken_at;
        let seen = || self.view.nodes.iter().filter_map(|node| Some((node, node.bgp(self.family).seen()?)));
        let lacks = seen().filter(|(node, sessions)| sessions.total > 0 && node.age(now).is_some_and(|age| age > RESTARTED));
        lacks.count() > 1 && seen().all(|(_, sessions)| sessions.established == 0)
    }

    /// A session with this address is established, as the other end says.
    pub(crate) fn is_reached(&self, address: IpAddr) -> bool {
        let sessions = self.view.nodes.iter().filter_map(|node| node.bgp(self.family).seen());
        let mut with_it = sessions.filter(|sessions| sessions.addresses.contains(&address));
        with_it.any(|sessions| sessions.down.iter().all(|down| down.session.address != address))
    }

    pub(crate) fn is_internal(&self, address: IpAddr) -> bool {
        self.internal.iter().any(|internal| internal.as_ref() == Ok(&address))
    }

    /// Any node's InternalIP that is credible lies in it.
    pub(crate) fn has_internal_in(&self, network: &Cidr) -> bool {
        self.internal.iter().flatten().any(|ip| network.contains(ip))
    }

    /// An address of the node's own in a network, on an interface that others can reach.
    pub(crate) fn real_address_in(&self, node: usize, network: &Cidr) -> Option<IpAddr> {
        let interfaces = self.view.nodes[node].interfaces().into_iter().flatten();
        let real = interfaces.filter(|one| virtual_interfaces::describe(&one.name, one.kind.as_deref()).is_none());
        real.flat_map(|one| &one.addresses).map(|held| held.address).find(|address| network.contains(address))
    }

    /// Both addresses are on one interface of the node, in one network: the one may be a virtual IP beside the other.
    pub(crate) fn are_side_by_side(&self, node: usize, address: IpAddr, internal: IpAddr) -> bool {
        let Some(interfaces) = self.view.nodes[node].interfaces() else { return false };
        let Some(card) = holder_of(interfaces, internal) else { return false };
        let network = card.addresses.iter().find(|held| held.address == internal);
        let network = network.and_then(|held| Cidr::new(held.address, held.prefix_length).ok());
        let beside = holder_of(interfaces, address).is_some_and(|other| base(&other.name) == base(&card.name));
        beside && network.is_some_and(|network| network.contains(&address))
    }

    /// Of two nodes that have one address stored, this one's record is wrong: the address is on none of its interfaces, its kubelet is
    /// silent, or the address is the other's InternalIP and not its own.
    pub(crate) fn loses_claim(&self, node: usize, other: usize, address: IpAddr) -> bool {
        let (here, there) = (&self.view.nodes[node], &self.view.nodes[other]);
        let is_other_s = there.internal_ips.contains(&address) && !here.internal_ips.is_empty() && !here.internal_ips.contains(&address);
        (self.is_absent(node, address) && !self.is_absent(other, address))
            || (here.kubelet_is_silent() && !there.kubelet_is_silent())
            || is_other_s
    }
}

/// `eth0` of `eth0:vip`.
fn base(name: &str) -> &str {
    name.split_once(':').map_or(name, |(base, _)| base)
}

fn holder_of(interfaces: &[Interface], address: IpAddr) -> Option<&Interface> {
    interfaces.iter().find(|one| one.addresses.iter().any(|held| held.address == address))
}

fn kind(node: &NodeModel, address: IpAddr, interface: Option<&str>) -> Option<VirtualInterface> {
    let mut seen = node.seen_interfaces();
    let holder = seen.find(|one| match interface {
        Some(name) => one.name == name,
        None => one.addresses.iter().any(|held| held.address == address),
    });
    let found = match (holder, interface) {
        (Some(one), _) => virtual_interfaces::describe(&one.name, one.kind.as_deref()),
        (None, Some(name)) => virtual_interfaces::describe(name, None),
        (None, None) => None,
    };
    let annotated = || {
        let (_, tunnel) = node.tunnel_with(address)?;
        virtual_interfaces::describe(tunnel, None)
    };
    found.or_else(annotated)
}

fn is_joined_by_choice(view: &ClusterModel, family: Family) -> bool {
    let kinds = view.nodes.iter().filter_map(|node| {
        let holder = holder_of(node.interfaces()?, node.internal_ip(family)?)?;
        Some(virtual_interfaces::describe(&holder.name, holder.kind.as_deref()).is_some_and(VirtualInterface::may_be_chosen))
    });
    let (mut seen, mut chosen) = (0, 0);
    for by_choice in kinds {
        seen += 1;
        chosen += usize::from(by_choice);
    }
    chosen * 2 > seen
}

/// The InternalIP as a witness: the kubelet or a cloud may have registered a tunnel's, a bridge's or another node's address.
fn credible(
    view: &ClusterModel,
    node: &NodeModel,
    family: Family,
    claims: &HashMap<IpAddr, Vec<&str>>,
    joined: bool,
) -> Result<IpAddr, String> {
    let Some(ip) = node.internal_ip(family) else { return Err(format!("{} has no {family} InternalIP", node.name)) };
    if !address::is_global_unicast(ip) {
        return Err(format!("{}'s InternalIP {ip} is valid on its own host or link only", node.name));
    }
    let claimants = claims.get(&ip).map_or(&[][..], Vec::as_slice);
    if let Some(other) = claimants.iter().find(|other| **other != node.name) {
        return Err(format!("{} and {other} have the same InternalIP {ip}{}", node.name, phrases::given_by(ip)));
    }
    if let Some((annotation, tunnel)) = node.tunnel_with(ip) {
        return Err(format!("{}'s InternalIP {ip} is the address of its tunnel {tunnel}, by {annotation}", node.name));
    }
    let Some(interfaces) = node.interfaces() else {
        return match looks_like_a_bridge_or_vpn(view, ip) {
            true => Err(format!(
                "{}'s InternalIP {ip} looks like the address of a bridge or a VPN, and its interfaces were not read",
                node.name
            )),
            false => Ok(ip),
        };
    };
    let Some(holder) = holder_of(interfaces, ip) else {
        return Err(format!("{}'s InternalIP {ip} is on none of its interfaces", node.name));
    };
    match virtual_interfaces::describe(&holder.name, holder.kind.as_deref()) {
        Some(kind) if kind.may_be_chosen() && joined => Ok(ip),
        Some(kind) if !kind.may_be_chosen() && joins_others(view, node, holder, ip) => Ok(ip),
        Some(kind) => Err(format!("{}'s InternalIP {ip} is on {}, {}", node.name, holder.name, phrases::made(kind))),
        None => Ok(ip),
    }
}

/// By the address alone, and only where the other nodes' InternalIPs are not of that kind.
fn looks_like_a_bridge_or_vpn(view: &ClusterModel, ip: IpAddr) -> bool {
    let internal = || view.nodes.iter().filter_map(|node| node.internal_ip(Family::from_address(ip)));
    let alike = |kind: fn(IpAddr) -> bool| kind(ip) && internal().filter(|other| kind(*other)).count() * 2 <= internal().count();
    alike(address::is_docker_default) || alike(address::is_shared_space)
}

/// A host's own card may be a port of a bridge that software made, so that the bridge has the host's address: other nodes' InternalIPs
/// are in its network then.
fn joins_others(view: &ClusterModel, node: &NodeModel, holder: &Interface, ip: IpAddr) -> bool {
    let held = holder.addresses.iter().find(|held| held.address == ip);
    let network = held.and_then(|held| Cidr::new(held.address, held.prefix_length).ok());
    let others =
        || view.nodes.iter().filter(|other| other.name != node.name).filter_map(|other| other.internal_ip(Family::from_address(ip)));
    !address::is_docker_default(ip) && network.is_some_and(|network| others().any(|other| network.contains(&other)))
}
