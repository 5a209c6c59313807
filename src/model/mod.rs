//! The snapshot joined once: installation, nodes with their pods, addresses and sessions. Holds no decision.
//!
//! `ClusterModel` borrows the snapshot and indexes it by name, address and session; every room above reads it.
//! `Install` is how Calico was installed. `NodeModel` is one node with its `PodState`, `Stored` addresses and `NodeBgp`; `node/build.rs`
//! puts the nodes together.
//! `topology` says which sessions a node should have; `effective_installation` what the operator works from.
//! `phrases` and `summary` word what several rooms say.

mod bgp;
pub mod effective_installation;
mod install;
mod node;
pub mod phrases;
mod pod_state;
mod probes;
pub mod stored_address;
pub mod summary;
mod topology;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::OnceLock;

pub use crate::model::bgp::{DownSession, Foreign, NodeBgp, Peering, peerings};
pub use crate::model::effective_installation::effective_installation;
pub use crate::model::install::Install;
pub use crate::model::node::{NodeEvent, NodeModel, is_linux};
pub use crate::model::pod_state::{NotRunning, PodState, waits_for_image};
pub use crate::model::probes::ProbeObstacle;
pub use crate::model::stored_address::Stored;

use crate::calico::version::Version;
use crate::model::node::build;
use crate::parallel;
use crate::snapshot::Snapshot;
use crate::snapshot::family::Family;
use crate::snapshot::objects::Node;

pub struct ClusterModel<'a> {
    pub snapshot: &'a Snapshot,
    pub install: Install<'a>,
    /// Linux nodes, by name in natural order.
    pub nodes: Vec<NodeModel<'a>>,
    by_name: HashMap<&'a str, usize>,
    by_address: HashMap<IpAddr, Vec<usize>>,
    by_internal_ip: HashMap<IpAddr, usize>,
    /// Sessions that are down, by the address they lead to: the node, and its place in the node's list.
    down: HashMap<IpAddr, Vec<(usize, usize)>>,
    by_interface: OnceLock<HashMap<IpAddr, Option<usize>>>,
    /// Nodes of the cluster that are not among `nodes`: of Windows, and those that the DaemonSet does not choose.
    pub left_out: Vec<&'a Node>,
    /// Nodes by AS number, counted once.
    as_shares: OnceLock<HashMap<Option<u32>, usize>>,
}

impl<'a> ClusterModel<'a> {
    pub fn new(snapshot: &'a Snapshot) -> Self {
        Self::for_release(snapshot, None)
    }

    /// With addresses and probes judged by the rules of the release of a planned upgrade.
    pub fn for_release(snapshot: &'a Snapshot, upgrade: Option<Version>) -> Self {
        let count = snapshot.nodes.seen().map_or(0, Vec::len);
        let (mut install, index) = parallel::both(count, || Install::new(snapshot), || build::Index::new(snapshot));
        install.plan_upgrade(upgrade);
        let mut nodes = build::build_all(snapshot, &install, &index);
        Family::ALL.into_iter().for_each(|family| stored_address::infer_from_mesh(&mut nodes, family));
        Family::ALL.into_iter().for_each(|family| stored_address::tell_once(&mut nodes, family, snapshot));
        let by_name: HashMap<&str, usize> = nodes.iter().map(|node| (node.name, node.index)).collect();
        let listed = snapshot.nodes.seen().into_iter().flatten();
        let left_out = listed.filter(|node| !by_name.contains_key(node.metadata.name.as_str())).collect();
        let mut by_address: HashMap<IpAddr, Vec<usize>> = HashMap::new();
        let mut by_internal_ip = HashMap::new();
        let mut down: HashMap<IpAddr, Vec<(usize, usize)>> = HashMap::new();
        for (index, node) in nodes.iter().enumerate() {
            for stored in node.stored.iter().flatten() {
                by_address.entry(stored.address()).or_default().push(index);
            }
            for ip in &node.internal_ips {
                by_internal_ip.entry(*ip).or_insert(index);
            }
            for family in Family::ALL {
                for (at, lost) in node.bgp(family).down().iter().enumerate() {
                    down.entry(lost.session.address).or_default().push((index, at));
                }
            }
        }
        Self {
            snapshot,
            install,
            nodes,
            by_name,
            by_address,
            by_internal_ip,
            down,
            by_interface: OnceLock::new(),
            left_out,
            as_shares: OnceLock::new(),
        }
    }

    /// The only node that has this address on an interface.
    fn only_holder(&self, address: IpAddr) -> Option<&NodeModel<'a>> {
        let holders = self.by_interface.get_or_init(|| {
            let mut holders: HashMap<IpAddr, Option<usize>> = HashMap::new();
            for (index, node) in self.nodes.iter().enumerate() {
                for held in node.seen_interfaces().flat_map(|interface| &interface.addresses) {
                    let holder = holders.entry(held.address).or_insert(Some(index));
                    *holder = holder.filter(|known| *known == index);
                }
            }
            holders
        });
        self.nodes.get((*holders.get(&address)?)?)
    }

    /// The hash of the DaemonSet's newest template, where its revisions were seen.
    pub fn newest_revision(&self) -> Option<&'a str> {
        let newest = self.snapshot.controller_revisions.seen()?.iter().max_by_key(|revision| revision.revision)?;
        Some(newest.metadata.labels.get(node::REVISION)?.as_str())
    }

    pub fn node(&self, name: &str) -> Option<&NodeModel<'a>> {
        self.nodes.get(*self.by_name.get(name)?)
    }

    /// The nodes that have this address stored; more than one is a conflict.
    pub fn holders(&self, address: IpAddr) -> impl Iterator<Item = &NodeModel<'a>> {
        self.by_address.get(&address).into_iter().flatten().filter_map(|index| self.nodes.get(*index))
    }

    /// The node that a peer's address belongs to: the stored one, else an InternalIP, else one that stands on an interface of one node alone.
    pub fn peer(&self, address: IpAddr) -> Option<&NodeModel<'a>> {
        let stored = self.holders(address).next();
        stored.or_else(|| self.by_internal_ip.get(&address).and_then(|index| self.nodes.get(*index))).or_else(|| self.only_holder(address))
    }

    /// Sessions that are down and lead to this address, with the node that reports each.
    pub fn down_towards(&self, address: IpAddr) -> impl Iterator<Item = (&NodeModel<'a>, &DownSession<'a>)> {
        let family = Family::from_address(address);
        self.down.get(&address).into_iter().flatten().filter_map(move |(index, at)| {
            let node = self.nodes.get(*index)?;
            Some((node, node.bgp(family).down().get(*at)?))
        })
    }
}

/// `node-2` before `node-10`. Bytes of UTF-8 are in the order of their characters.
pub fn natural(a: &str, b: &str) -> Ordering {
    // Names of one cluster begin alike. A number in which they differ counts from its first digit.
    let same = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    let common = a.as_bytes().split_at(same).0;
    let start = common.iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |last| last + 1);
    let (mut left, mut right) = (a.as_bytes().split_at(start).1, b.as_bytes().split_at(start).1);
    loop {
        match (number(left), number(right)) {
            (Some((x, behind_x)), Some((y, behind_y))) => {
                let order = x.len().cmp(&y.len()).then_with(|| x.cmp(y));
                if order.is_ne() {
                    return order;
                }
                (left, right) = (behind_x, behind_y);
            }
            _ => match (left.split_first(), right.split_first()) {
                (Some((x, behind_x)), Some((y, behind_y))) if x == y => (left, right) = (behind_x, behind_y),
                (None, None) => return a.cmp(b),
                (x, y) => return x.cmp(&y),
            },
        }
    }
}

/// The number at the beginning, without its leading zeros, and what stands behind it.
fn number(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, behind) = text.split_at(length);
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    (length > 0).then(|| (digits.split_at(zeros).1, behind))
}

#[cfg(test)]
mod tests {
    use super::{ClusterModel, natural};
    use crate::observed::Observed;
    use crate::snapshot::{Origin, Snapshot};

    #[test]
    fn each_node_knows_its_place_and_those_of_windows_are_left_out() {
        let nodes = ["node-10", "node-2", "windows", "node-1"].map(|name| {
            let os = if name == "windows" { "windows" } else { "linux" };
            serde_json::json!({"metadata": {"name": name, "labels": {"kubernetes.io/os": os}}})
        });
        let snapshot = Snapshot {
            nodes: Observed::Seen(serde_json::from_value(nodes.to_vec().into()).expect("nodes")),
            ..Snapshot::empty(Origin::Files, jiff::Timestamp::UNIX_EPOCH)
        };
        let model = ClusterModel::new(&snapshot);
        let places: Vec<(usize, &str)> = model.nodes.iter().map(|node| (node.index, node.name)).collect();
        assert_eq!(places, [(0, "node-1"), (1, "node-2"), (2, "node-10")]);
        let left_out: Vec<&str> = model.left_out.iter().map(|node| node.metadata.name.as_str()).collect();
        assert_eq!(left_out, ["windows"]);
    }

    #[test]
    fn numbers_in_names_count_as_numbers() {
        let mut names = vec!["node-10", "node-2", "a", "node-02", "node-2b", "node"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["a", "node", "node-02", "node-2", "node-2b", "node-10"]);
    }

    /// Each stands before those that follow it.
    #[test]
    fn names_are_ordered_whatever_their_beginnings_share() {
        let names = [
            "", "0", "1", "1a", "01x2", "1x03", "1x3", "1x10", "9", "09a1", "10", "a", "a1-9", "a1-10", "a01-11", "a10", "ax", "é1", "é2",
            "é10", "ü",
        ];
        for (at, name) in names.iter().enumerate() {
            for (other, after) in names.iter().enumerate() {
                assert_eq!(natural(name, after), at.cmp(&other), "{name:?} and {after:?}");
            }
        }
    }
}
