//! Which node can have registered an address that is no node's own.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::SessionPair;
use crate::calico::address;
use crate::diagnosis::context::Context;
use crate::model::NodeModel;
use crate::snapshot::family::Family;

/// Nodes whose record was not read and that none of these nodes has as a peer by its own address.
pub(crate) fn suspects<'v>(view: &'v Context<'_>, pairs: &[SessionPair]) -> Vec<&'v str> {
    let Some(family) = pairs.first().map(|pair| pair.family) else { return Vec::new() };
    let reporters: BTreeSet<&str> = pairs.iter().map(|pair| pair.near.node.name).collect();
    let is_peer = |node: &NodeModel| {
        let lists =
            |ip: &IpAddr| pairs.iter().any(|pair| pair.near.node.bgp(family).seen().is_some_and(|known| known.addresses.contains(ip)));
        node.internal_ips.iter().any(lists)
    };
    let may_be = |node: &&NodeModel| {
        let is_read = node.node.is_some_and(|node| !node.metadata.tabular);
        node.stored(family).is_none() && !is_read && node.node.is_some() && !reporters.contains(node.name) && !is_peer(node)
    };
    view.nodes.iter().filter(may_be).map(|node| node.name).collect()
}

/// A sentence about them; `None` where every node's record was read: then the address is left over.
pub(crate) fn who_registered(suspects: &[&str], address: Option<IpAddr>) -> Option<String> {
    let names: Vec<String> = suspects.iter().map(|name| (*name).to_owned()).collect();
    let usual = address.filter(|address| address::is_docker_default(*address)).map_or("", |_| " Docker gives its bridges this address.");
    match suspects {
        [] => None,
        [only] => Some(format!("{only} has registered it in place of its own address.{usual}").trim_end_matches('.').to_owned()),
        _ => Some(
            format!("One of {} has registered it in place of its own address.{usual}", crate::text::list(&names, 4))
                .trim_end_matches('.')
                .to_owned(),
        ),
    }
}

/// What Docker gives a bridge on every host, and not the network of this cluster's nodes.
pub(crate) fn is_container_bridge(view: &Context, peer: IpAddr) -> bool {
    let own =
        view.nodes.iter().flat_map(|node| node.internal_ips.iter().copied().chain(node.stored(Family::V4).map(|stored| stored.address())));
    let peers = view.nodes.iter().filter_map(|node| node.bgp(Family::V4).seen()).flat_map(|sessions| sessions.addresses.iter().copied());
    let near = |other: IpAddr| matches!((other, peer), (IpAddr::V4(a), IpAddr::V4(b)) if a != b && a.octets()[..2] == b.octets()[..2]);
    address::is_docker_default(peer) && !own.chain(peers).any(near)
}
