//! Who has a BGP session with whom, joined at both ends: the data of the picture.
//!
//! A node of the mesh has a health; a link joins two nodes and has the worse state of both ends.
//! `groups` merges nodes that have equal links, so that a large mesh can be drawn.
//! `render/html/mesh` draws it. Nothing is drawn here.

mod groups;

use std::collections::HashMap;
use std::net::IpAddr;

pub use crate::mesh::groups::Group;

use crate::calico::session::PeerKind;
use crate::diagnosis::Scope;
use crate::finding::Report;
use crate::finding::health::{Health, NodeHealths};
use crate::model::{self, ClusterModel, NodeBgp, NodeModel, Peering};
use crate::snapshot::family::Family;

/// What is known of the session between two points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// None is configured, as far as was seen.
    #[default]
    None,
    /// There ought to be one, and neither end could be asked.
    Unknown,
    /// Established, by the word of at least one end, and no end says otherwise.
    Up,
    /// At least one end says that it is not established.
    Down,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Node,
    /// A peer that is no node of this cluster.
    Outside,
    /// A peer of the mesh whose address no node has.
    Orphan,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The node's name, or the peer's address.
    pub name: String,
    pub kind: Kind,
    pub health: Health,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mesh {
    pub family: Family,
    /// Nodes as in the report, then other nodes that those have sessions with, then peers outside.
    pub points: Vec<Point>,
    /// Of each pair once: the row of the later point, as far as itself.
    states: Vec<State>,
}

/// Of each family that has sessions; IPv4 where none was seen and some should be.
pub fn build(view: &ClusterModel, scope: &Scope, report: &Report) -> Vec<Mesh> {
    if view.install.runs_bird() == Some(false) {
        return Vec::new();
    }
    let meshes: Vec<Mesh> = Family::ALL.into_iter().filter_map(|family| build_family(view, family, scope, report)).collect();
    meshes.into_iter().filter(|mesh| mesh.family == Family::V4 || mesh.count(State::Up) + mesh.count(State::Down) > 0).collect()
}

fn build_family(view: &ClusterModel, family: Family, scope: &Scope, report: &Report) -> Option<Mesh> {
    let chosen = |name: &str| scope.nodes.as_ref().is_none_or(|nodes| nodes.contains(name));
    let mut points = Points::default();
    let healths = NodeHealths::from_report(report);
    for row in &report.nodes {
        points.place(&row.name, Kind::Node, healths.health(row));
    }
    let mut ends: Vec<(usize, usize, bool)> = Vec::new();
    let mut asked = vec![false; points.all.len()];
    let mut meshed = false;
    for (from, node) in view.nodes.iter().filter(|node| chosen(node.name)).enumerate() {
        let Some((_, peerings)) = model::peerings(node, family) else { continue };
        asked[from] = true;
        // A speaker on the node itself is no other point.
        let leaves = |peering: &Peering| peering.kind != PeerKind::LocalWorkload && !peering.address.is_loopback();
        for peering in peerings.into_iter().filter(leaves) {
            meshed |= peering.kind == PeerKind::Mesh;
            for to in points.of_address(view, node, peering.address, peering.kind) {
                ends.push((from, to, peering.established));
            }
        }
    }
    let all = points.all;
    asked.resize(all.len(), false);
    let mut mesh = Mesh { family, states: vec![State::None; all.len() * all.len().saturating_sub(1) / 2], points: all };
    for (from, to, established) in ends {
        let state = mesh.state_mut(from, to)?;
        *state = (*state).max(if established { State::Up } else { State::Down });
    }
    mesh.presume(&asked, meshed, |point| view.node(point).is_some_and(|node| matches!(node.bgp(family), NodeBgp::Unknown)));
    Some(mesh)
}

#[derive(Default)]
struct Points {
    all: Vec<Point>,
    at: HashMap<String, usize>,
}

impl Points {
    fn place(&mut self, name: &str, kind: Kind, health: Health) -> usize {
        if let Some(at) = self.at.get(name) {
            return *at;
        }
        self.all.push(Point { name: name.to_owned(), kind, health });
        self.at.insert(name.to_owned(), self.all.len() - 1);
        self.all.len() - 1
    }

    /// An address that several nodes have leads to none of them for sure: each is as the session is.
    fn of_address(&mut self, view: &ClusterModel, from: &NodeModel, address: IpAddr, kind: PeerKind) -> Vec<usize> {
        let holders = view.holders(address).filter(|node| node.name != from.name);
        let mut names: Vec<&str> = holders.map(|node| node.name).collect();
        if names.is_empty() {
            names.extend(view.peer(address).map(|node| node.name).filter(|name| *name != from.name));
        }
        if !names.is_empty() {
            return names.into_iter().map(|name| self.place(name, Kind::Node, Health::Unknown)).collect();
        }
        if let Some(node) = view.unmanaged(address) {
            return vec![self.place(&node.metadata.name, Kind::Outside, Health::Unknown)];
        }
        let orphan = kind == PeerKind::Mesh && view.snapshot.nodes.seen().is_some();
        vec![self.place(&address.to_string(), if orphan { Kind::Orphan } else { Kind::Outside }, Health::Unknown)]
    }
}

impl Mesh {
    fn index(a: usize, b: usize) -> Option<usize> {
        let (low, high) = (a.min(b), a.max(b));
        (low != high).then(|| high * (high - 1) / 2 + low)
    }

    fn state_mut(&mut self, a: usize, b: usize) -> Option<&mut State> {
        self.states.get_mut(Self::index(a, b)?)
    }

    pub fn state(&self, a: usize, b: usize) -> State {
        Self::index(a, b).and_then(|at| self.states.get(at)).copied().unwrap_or_default()
    }

    pub fn count(&self, wanted: State) -> usize {
        self.states.iter().filter(|state| **state == wanted).count()
    }

    /// The other points, with what is known of the session with each.
    pub fn around(&self, point: usize) -> impl Iterator<Item = (usize, State)> {
        (0..self.points.len()).filter(move |other| *other != point).map(move |other| (other, self.state(point, other)))
    }

    /// The one point at which all sessions of this state end.
    pub fn common(&self, wanted: State) -> Option<usize> {
        let all = self.count(wanted);
        let ends_all = |point: &usize| self.around(*point).filter(|(_, state)| *state == wanted).count() == all;
        let mut found = (0..self.points.len()).filter(ends_all);
        let (first, second) = (found.next()?, found.next());
        // Of a single session the end that a finding names.
        let worst = |second: usize| if self.points[second].health < self.points[first].health { second } else { first };
        (all > 0).then(|| second.map_or(first, worst))
    }

    /// Points that are alike in all their sessions, together.
    pub fn groups(&self) -> Vec<Group> {
        groups::groups(self)
    }

    /// In a full mesh a pair of which neither was asked has a session that is not known.
    fn presume(&mut self, asked: &[bool], meshed: bool, unknown: impl Fn(&str) -> bool) {
        let silent: Vec<usize> = (0..self.points.len())
            .filter(|point| !asked[*point] && self.points[*point].kind == Kind::Node && unknown(&self.points[*point].name))
            .collect();
        for (at, a) in silent.iter().enumerate().filter(|_| meshed) {
            for b in &silent[..at] {
                if let Some(state) = self.state_mut(*a, *b).filter(|state| **state == State::None) {
                    *state = State::Unknown;
                }
            }
        }
    }
}
