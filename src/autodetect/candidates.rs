//! Which methods are looked at: the usual ones, made of what was seen of this very cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::autodetect::address_facts::AddressFacts;
use crate::calico::address::Cidr;
use crate::calico::method::{self, Method, Problem};
use crate::calico::version::Version;
use crate::calico::virtual_interfaces;
use crate::model::NodeModel;
use crate::observed::Observed;
use crate::snapshot::family::Family;

/// Longer lists nobody would set.
const MOST_NETWORKS: usize = 6;
const MOST_NAMES: usize = 3;

/// As they would be set.
pub(super) fn default_candidates(standing: &AddressFacts) -> Vec<String> {
    let network = network(standing);
    let mut methods = vec!["kubernetes-internal-ip".to_owned()];
    methods.extend(api_server(standing).map(|address| format!("can-reach={address}")));
    methods.extend(cidrs(standing, network));
    methods.extend(interface(standing, network));
    methods
}

/// Why a method is nothing for this release, on whatever host.
pub(super) fn refused(method: &Method, version: Option<Version>) -> Option<String> {
    let version = version?;
    match method::problem(method, version)? {
        Problem::Invalid { value } => Some(format!("{value:?} is not a valid method")),
        Problem::UnknownToRelease { since } => Some(format!("Calico knows it only from {since}; this is {version}")),
        Problem::StoresNetworkAddress => {
            Some(format!("in {version} it stores the network's address, not the node's (fixed in v3.22.4 and v3.23.2)"))
        }
        Problem::BadPattern { why } => Some(format!("Calico refuses its regular expression: {why}")),
        Problem::BadCidr { text } => Some(method::bad_network(&text)),
        Problem::MatchesEverything => Some("an empty piece lets in every interface".to_owned()),
        Problem::ExcludesEverything => Some("an empty piece leaves out every interface".to_owned()),
        Problem::ReachesLoopback { .. } => Some("every node reaches that destination through its loopback address".to_owned()),
        Problem::UnreadablePattern { .. } => None,
    }
}

/// Where the API server listens, else a control-plane node; of several the first that every node was asked about.
fn api_server(standing: &AddressFacts) -> Option<IpAddr> {
    let view = standing.view;
    let listed = view.snapshot.cluster.api_addresses.seen().filter(|addresses| !addresses.is_empty());
    let control_plane = |node: &&NodeModel| {
        let labels = node.node.map(|node| &node.metadata.labels);
        let roles = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];
        labels.is_some_and(|labels| roles.iter().any(|role| labels.contains_key(*role)))
    };
    let candidates: BTreeSet<IpAddr> = match listed {
        Some(addresses) => addresses.iter().copied().collect(),
        None => view.nodes.iter().filter(control_plane).flat_map(|node| node.internal_ips.iter().copied()).collect(),
    };
    let of_family = || candidates.iter().copied().filter(|address| Family::from_address(*address) == standing.family);
    let is_asked = |address: &IpAddr| {
        let key = address.to_string();
        let mut seen = view.nodes.iter().filter_map(|node| node.inside?.seen());
        seen.all(|inside| inside.route_lookups.get(&key).is_some_and(Observed::is_answered))
    };
    of_family().find(is_asked).or_else(|| of_family().next())
}

/// Where InternalIPs do not tell: a network in which every node that was seen has an address of its own, on a real interface;
/// of several the one that most stored addresses are in.
fn network(standing: &AddressFacts) -> Option<Cidr> {
    standing.internal_ips_unreliable()?;
    let mut members: BTreeMap<Cidr, BTreeMap<IpAddr, &str>> = BTreeMap::new();
    let mut shared: BTreeSet<IpAddr> = BTreeSet::new();
    let mut seen = 0;
    for node in &standing.view.nodes {
        let Some(interfaces) = node.interfaces() else { continue };
        seen += 1;
        for interface in interfaces.iter().filter(|one| virtual_interfaces::describe(&one.name, one.kind.as_deref()).is_none()) {
            for held in interface.addresses.iter().filter(|held| Family::from_address(held.address) == standing.family) {
                let Some(network) = wider(held.address, held.prefix_length) else { continue };
                let other = members.entry(network).or_default().insert(held.address, node.name);
                if other.is_some_and(|other| other != node.name) {
                    shared.insert(held.address);
                }
            }
        }
    }
    let common = members.into_iter().filter(|(_, members)| {
        let nodes: BTreeSet<&str> = members.values().copied().collect();
        nodes.len() == seen && seen > 0 && members.keys().all(|address| !shared.contains(address))
    });
    let stored = |network: &Cidr| {
        let stored = standing.view.nodes.iter().filter_map(|node| node.stored(standing.family));
        stored.filter(|stored| network.contains(&stored.address())).count()
    };
    common.map(|(network, _)| network).max_by_key(|network| stored(network))
}

fn wider(address: IpAddr, prefix_length: u8) -> Option<Cidr> {
    let whole = if address.is_ipv4() { 32 } else { 128 };
    let usable = prefix_length < whole && crate::calico::address::is_global_unicast(address);
    Cidr::new(address, prefix_length).ok().filter(|_| usable).map(|cidr| cidr.trunc())
}

/// The networks of the InternalIPs, as the interfaces that have them say.
fn cidrs(standing: &AddressFacts, network: Option<Cidr>) -> Option<String> {
    let networks: Vec<Cidr> = match (network, standing.internal_ips_unreliable()) {
        (Some(network), _) => vec![network],
        (None, Some(_)) => return None,
        (None, None) => {
            let of_node = |(node, internal): (&NodeModel, &Result<IpAddr, String>)| {
                let internal = *internal.as_ref().ok()?;
                let held = node.interfaces().into_iter().flatten().flat_map(|one| &one.addresses).find(|held| held.address == internal);
                let stored = node.stored(standing.family).filter(|stored| stored.address() == internal).and_then(|stored| stored.cidr);
                let length = held.map(|held| held.prefix_length).or(stored.map(|cidr| cidr.prefix_len()))?;
                Some(wider(internal, length))
            };
            let known = standing.view.nodes.iter().zip(&standing.internal).filter_map(of_node);
            let known: Vec<Option<Cidr>> = known.collect();
            // Routing to the host: every InternalIP is a single host's, and no interface names a network.
            if !known.is_empty() && known.iter().all(Option::is_none) {
                return around(standing).map(|network| format!("cidr={network}"));
            }
            // One node whose InternalIP is a single host's is in no network.
            Cidr::aggregate(&known.into_iter().collect::<Option<Vec<_>>>()?)
        }
    };
    let fits = (1..=MOST_NETWORKS).contains(&networks.len());
    fits.then(|| format!("cidr={}", networks.iter().map(Cidr::to_string).collect::<Vec<_>>().join(",")))
}

/// The smallest network around all InternalIPs, with room for more nodes.
fn around(standing: &AddressFacts) -> Option<Cidr> {
    // Prefix lengths: longer ones leave no room, shorter ones say nothing of where nodes are.
    let (longest, shortest) = match standing.family {
        Family::V4 => (24, 16),
        Family::V6 => (64, 48),
    };
    let internal: Vec<IpAddr> = standing.internal.iter().map(|internal| internal.as_ref().ok().copied()).collect::<Option<_>>()?;
    let first = *internal.first()?;
    let holds_all = |network: &Cidr| internal.iter().all(|address| network.contains(address));
    (shortest..=longest).rev().filter_map(|length| Cidr::new(first, length).ok()).map(|network| network.trunc()).find(holds_all)
}

/// The names of the interfaces that hold the InternalIPs (or the addresses in the network that stands in for them), each whole:
/// `eth0` alone would find `eth0.100` and `veth0` too.
fn interface(standing: &AddressFacts, network: Option<Cidr>) -> Option<String> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for (node, internal) in standing.view.nodes.iter().zip(&standing.internal) {
        let Some(interfaces) = node.interfaces() else { continue };
        let wanted = |address: &IpAddr| match network {
            Some(network) => network.contains(address),
            None => internal.as_ref() == Ok(address),
        };
        let real = |name: &str, kind: Option<&str>| network.is_none() || virtual_interfaces::describe(name, kind).is_none();
        let holder =
            interfaces.iter().find(|one| real(&one.name, one.kind.as_deref()) && one.addresses.iter().any(|held| wanted(&held.address)))?;
        names.insert(&holder.name);
    }
    let whole = |name: &&str| format!("^{}$", regex_lite::escape(name));
    let fits = (1..=MOST_NAMES).contains(&names.len()) && !names.iter().any(|name| name.contains(','));
    fits.then(|| format!("interface={}", names.iter().map(whole).collect::<Vec<_>>().join(",")))
}
