//! What each node must look like after the rollout: planned addresses, readiness, BGP sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use super::node_state::{ClusterState, NodeState, PeerSession};
use super::{BudgetStep, GoalAddress, NodeGoal};
use crate::snapshot::family::Family;

/// What one node must look like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeExpectation {
    pub node: String,
    pub addresses: Vec<GoalAddress>,
    pub steady_seconds: Option<u32>,
    /// Seconds that its probes allow a start.
    pub started_within_seconds: Option<u32>,
    /// calico-node must be Ready: it was before, or its sessions will make it so.
    pub ready: bool,
    /// Sessions that must be established, each with any of its addresses: a peer may change its own.
    pub sessions: Vec<ExpectedPeer>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedPeer {
    /// The peer's node; `None` for a peer outside the cluster.
    pub peer: Option<String>,
    pub addresses: BTreeSet<IpAddr>,
}

impl NodeExpectation {
    pub fn is_empty(&self) -> bool {
        !self.ready && self.addresses.is_empty() && self.sessions.is_empty() && self.steady_seconds.is_none()
    }

    /// The longest time from the start to the end of the verification.
    pub fn max_duration(&self) -> Duration {
        let seconds = [self.started_within_seconds, self.steady_seconds].into_iter().flatten();
        seconds.map(|seconds| Duration::from_secs(u64::from(seconds))).sum()
    }

    /// The same expectation with another budget; keeps `steady_seconds` empty where it was empty.
    #[must_use]
    pub fn with_step(&self, step: &BudgetStep) -> Self {
        let steady_seconds = self.steady_seconds.and(step.steady_seconds);
        Self { started_within_seconds: self.started_within_seconds.and(Some(step.started_within_seconds)), steady_seconds, ..self.clone() }
    }
}

/// Each node meets its goal and keeps what it had. Nodes in `absent` take no part, and no session with them is expected.
pub fn after_rollout(before: &ClusterState, goals: &[NodeGoal], absent: &BTreeSet<String>) -> BTreeMap<String, NodeExpectation> {
    let wanted: BTreeMap<&str, &NodeGoal> = goals.iter().map(|goal| (goal.name.as_str(), goal)).collect();
    let nodes = before.by_name();
    let aim = |node: &NodeState| {
        let goal = wanted.get(node.name.as_str());
        let sessions: Vec<ExpectedPeer> = node
            .sessions
            .iter()
            .filter(|session| is_required(session, &nodes, &wanted, absent))
            .map(|session| peer(session, &wanted))
            .collect();
        NodeExpectation {
            node: node.name.clone(),
            addresses: goal.map(|goal| goal.addresses.clone()).unwrap_or_default(),
            steady_seconds: goal.and_then(|goal| goal.steady_seconds),
            started_within_seconds: goal.and_then(|goal| goal.started_within_seconds),
            ready: !sessions.is_empty()
                || (node.is_ready() && !may_lose_peers(before, node, &wanted))
                || (node.sessions.is_empty() && has_peer(before, node, &wanted, absent)),
            sessions,
        }
    };
    let taking_part = before.nodes.iter().filter(|node| !absent.contains(&node.name));
    taking_part.map(|node| (node.name.clone(), aim(node))).collect()
}

/// Nodes that were Ready before must be Ready again; nothing is expected of the others.
pub fn after_rollback(before: &ClusterState, absent: &BTreeSet<String>) -> BTreeMap<String, NodeExpectation> {
    let none = BTreeMap::new();
    let aim = |node: &NodeState| {
        let sound = node.is_ready();
        let kept = node.sessions.iter().filter(|session| sound && session.established && !is_absent(session, absent));
        NodeExpectation {
            node: node.name.clone(),
            addresses: if sound { node.addresses.clone() } else { Vec::new() },
            steady_seconds: None,
            started_within_seconds: None,
            ready: sound,
            sessions: kept.map(|session| peer(session, &none)).collect(),
        }
    };
    let taking_part = before.nodes.iter().filter(|node| !absent.contains(&node.name));
    taking_part.map(|node| (node.name.clone(), aim(node))).collect()
}

/// Nodes that are sound and have a goal stay so, with the addresses of their goals. Of the others it is enough that their pods are replaced:
/// they were sick before, or the restored settings make them so.
pub fn after_undo(before: &ClusterState, goals: &[NodeGoal], absent: &BTreeSet<String>) -> BTreeMap<String, NodeExpectation> {
    let wanted: BTreeMap<&str, &NodeGoal> = goals.iter().map(|goal| (goal.name.as_str(), goal)).collect();
    let sound: BTreeSet<&str> = before.nodes.iter().filter(|node| node.is_ready()).map(|node| node.name.as_str()).collect();
    let stays = |name: &str| wanted.contains_key(name) && sound.contains(name);
    let aim = |node: &NodeState| {
        let Some(goal) = wanted.get(node.name.as_str()).filter(|_| stays(&node.name)) else {
            return NodeExpectation { node: node.name.clone(), ..NodeExpectation::default() };
        };
        let kept = node.sessions.iter().filter(|session| session.established && !is_absent(session, absent));
        let kept = kept.filter(|session| session.peer.as_deref().is_none_or(stays));
        let sessions = kept.map(|session| peer(session, &wanted)).collect();
        NodeExpectation { node: node.name.clone(), addresses: goal.addresses.clone(), ready: true, sessions, ..NodeExpectation::default() }
    };
    let taking_part = before.nodes.iter().filter(|node| !absent.contains(&node.name));
    taking_part.map(|node| (node.name.clone(), aim(node))).collect()
}

/// After the last node: a node whose address was changed has peers by then, and must be Ready too. If every node has its predicted address,
/// no wrong one costs a node its peers any more, and those that were Ready before must be Ready again.
pub fn after_the_last_node(expectations: &BTreeMap<String, NodeExpectation>, before: &ClusterState) -> BTreeMap<String, NodeExpectation> {
    let nodes = before.by_name();
    let is_predicted = |node: &NodeState| expectations.get(&node.name).is_some_and(|expectation| !expectation.addresses.is_empty());
    let all_predicted = before.nodes.iter().all(is_predicted);
    let is_due = |expectation: &NodeExpectation| {
        let node = nodes.get(expectation.node.as_str());
        node.is_some_and(|node| !node.has_all(&expectation.addresses) || (all_predicted && node.is_ready()))
    };
    let last = |expectation: &NodeExpectation| NodeExpectation { ready: expectation.ready || is_due(expectation), ..expectation.clone() };
    expectations.iter().map(|(node, expectation)| (node.clone(), last(expectation))).collect()
}

/// BIRD is not seen on this node. calico-node becomes Ready there once a peer is established: one that is Ready and keeps its address.
/// Without BIRD, or without any other node, nothing is waited for.
fn has_peer(before: &ClusterState, node: &NodeState, wanted: &BTreeMap<&str, &NodeGoal>, absent: &BTreeSet<String>) -> bool {
    let others = || before.nodes.iter().filter(|other| other.name != node.name);
    !before.runs_bird
        || others().next().is_none()
        || others().any(|other| other.is_ready() && !absent.contains(&other.name) && keeps_address(other, wanted))
}

/// Another node may still register a wrong address. BIRD then has a peer that it cannot reach, and calico-node is Ready no longer, however
/// right its own address is.
fn may_lose_peers(before: &ClusterState, node: &NodeState, wanted: &BTreeMap<&str, &NodeGoal>) -> bool {
    before.runs_bird && before.nodes.iter().any(|other| other.name != node.name && !keeps_address(other, wanted))
}

fn keeps_address(node: &NodeState, wanted: &BTreeMap<&str, &NodeGoal>) -> bool {
    let goal = wanted.get(node.name.as_str());
    goal.is_none_or(|goal| !goal.address_may_change && node.has_all(&goal.addresses))
}

/// The session was up, or only the node's own fault kept it down: its peer is Ready and keeps its address.
fn is_required(
    session: &PeerSession,
    nodes: &BTreeMap<&str, &NodeState>,
    wanted: &BTreeMap<&str, &NodeGoal>,
    absent: &BTreeSet<String>,
) -> bool {
    if is_absent(session, absent) {
        return false;
    }
    // With a peer that may take another address at any moment no session can be counted upon.
    if session.peer.as_deref().and_then(|name| wanted.get(name)).is_some_and(|goal| goal.address_may_change) {
        return false;
    }
    if session.established {
        return true;
    }
    let Some(peer) = session.peer.as_deref().and_then(|name| nodes.get(name)) else { return false };
    let stays = wanted.get(peer.name.as_str()).is_none_or(|goal| peer.has_all(&goal.addresses));
    peer.is_ready() && stays
}

fn is_absent(session: &PeerSession, absent: &BTreeSet<String>) -> bool {
    session.peer.as_ref().is_some_and(|peer| absent.contains(peer))
}

fn peer(session: &PeerSession, wanted: &BTreeMap<&str, &NodeGoal>) -> ExpectedPeer {
    let goal = session.peer.as_deref().and_then(|name| wanted.get(name));
    let family = Family::from_address(session.address);
    let then = goal.into_iter().flat_map(|goal| &goal.addresses).filter(|goal| goal.family == family);
    ExpectedPeer { peer: session.peer.clone(), addresses: then.map(|goal| goal.address).chain([session.address]).collect() }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn session(peer: &str, address: &str, established: bool) -> PeerSession {
        let peer = Some(peer.to_owned()).filter(|peer| !peer.is_empty());
        PeerSession { peer, address: address.parse().expect("an address"), established }
    }

    pub(crate) fn state(name: &str, address: &str, ready: bool, sessions: Vec<PeerSession>) -> NodeState {
        NodeState { name: name.into(), addresses: goal(name, address).addresses, ready: Some(ready), sessions }
    }

    fn cluster(nodes: Vec<NodeState>) -> ClusterState {
        ClusterState { runs_bird: false, nodes }
    }

    pub(crate) fn goal(name: &str, address: &str) -> NodeGoal {
        let address = GoalAddress { family: Family::V4, address: address.parse().expect("an address") };
        NodeGoal { name: name.into(), addresses: vec![address], ..NodeGoal::default() }
    }

    /// Node c has a bridge's address; a and b are sound.
    fn one_wrong() -> ClusterState {
        cluster(vec![
            state("a", "10.0.0.1", true, vec![session("b", "10.0.0.2", true), session("c", "172.18.0.1", false)]),
            state("b", "10.0.0.2", true, vec![session("a", "10.0.0.1", true), session("c", "172.18.0.1", false)]),
            state("c", "172.18.0.1", false, vec![session("a", "10.0.0.1", false), session("b", "10.0.0.2", false)]),
        ])
    }

    fn goals() -> Vec<NodeGoal> {
        vec![goal("a", "10.0.0.1"), goal("b", "10.0.0.2"), goal("c", "10.0.0.3")]
    }

    fn peers(aim: &NodeExpectation) -> Vec<&str> {
        aim.sessions.iter().filter_map(|peer| peer.peer.as_deref()).collect()
    }

    #[test]
    fn the_faulty_node_must_reach_every_sound_peer() {
        let aims = after_rollout(&one_wrong(), &goals(), &BTreeSet::new());
        assert_eq!((peers(&aims["c"]), aims["c"].ready), (vec!["a", "b"], true));
        assert_eq!(peers(&aims["a"]), ["b"], "its session to c cannot be up before c is changed");
        assert_eq!(aims["c"].addresses, goal("c", "10.0.0.3").addresses);
    }

    #[test]
    fn nothing_is_asked_of_peers_that_are_as_wrong() {
        let wrong = |name, other| state(name, "172.18.0.1", false, vec![session(other, "172.18.0.1", false)]);
        let goals = [goal("a", "10.0.0.1"), goal("b", "10.0.0.2")];
        let aims = after_rollout(&cluster(vec![wrong("a", "b"), wrong("b", "a")]), &goals, &BTreeSet::new());
        assert_eq!((aims["a"].sessions.len(), aims["a"].ready), (0, false), "with no session up calico-node is not Ready");
        // Each calico-node has exited, because no address is its own: BIRD is seen nowhere.
        let unseen = |name: &str, ready| state(name, "172.18.0.1", ready, vec![]);
        for (other_goal, expected) in [("10.0.0.2", false), ("172.18.0.1", true)] {
            let before = ClusterState { runs_bird: true, nodes: vec![unseen("a", false), unseen("b", true)] };
            let aims = after_rollout(&before, &[goal("a", "10.0.0.1"), goal("b", other_goal)], &BTreeSet::new());
            assert_eq!(aims["a"].ready, expected, "a peer that changes its address cannot be met yet");
        }
        let vxlan = after_rollout(&cluster(vec![state("a", "172.18.0.1", true, vec![])]), &goals, &BTreeSet::new());
        assert!(vxlan["a"].ready);
    }

    /// Every host has the bridge: a peer that is sound now may be gone in a minute, until it is changed too.
    #[test]
    fn no_session_is_asked_for_with_a_peer_whose_address_may_change() {
        let goals: Vec<NodeGoal> = goals().into_iter().map(|goal| NodeGoal { address_may_change: goal.name == "b", ..goal }).collect();
        let aims = after_rollout(&one_wrong(), &goals, &BTreeSet::new());
        assert_eq!((peers(&aims["a"]).len(), peers(&aims["c"])), (0, vec!["a"]));
    }

    /// A node that has no peer is Ready. It is so no longer once another node registers the bridge's address.
    #[test]
    fn readiness_is_not_asked_for_where_every_peer_may_get_a_wrong_address() {
        let alone = |other: NodeState| ClusterState { runs_bird: true, nodes: vec![state("a", "172.18.0.1", true, vec![]), other] };
        let without_address = || NodeState { name: "b".into(), ready: Some(false), ..NodeState::default() };
        let sound = || state("b", "10.0.0.2", false, vec![]);
        for (other, may_change, expected) in [(without_address(), false, false), (sound(), true, false), (sound(), false, true)] {
            let peer = NodeGoal { address_may_change: may_change, ..goal("b", "10.0.0.2") };
            let aims = after_rollout(&alone(other.clone()), &[goal("a", "10.0.0.1"), peer], &BTreeSet::new());
            assert_eq!(aims["a"].ready, expected, "{other:?}, may change: {may_change}");
        }
        let probes = [NodeGoal { name: "a".into(), ..NodeGoal::default() }, NodeGoal { name: "b".into(), ..NodeGoal::default() }];
        assert!(after_rollout(&alone(without_address()), &probes, &BTreeSet::new())["a"].ready, "no address changes");
    }

    /// While the rollout goes on, c may cost a and b their peers; at its end it does not.
    #[test]
    fn what_was_ready_is_ready_again_when_the_last_node_is_changed() {
        let before = ClusterState { runs_bird: true, ..one_wrong() };
        let ready = |goals: &[NodeGoal], absent: &[&str]| {
            let absent = absent.iter().map(|name| (*name).to_owned()).collect();
            let during = after_rollout(&before, goals, &absent);
            let end = after_the_last_node(&during, &before);
            (during["a"].ready, end["a"].ready, end["c"].ready)
        };
        let alone = |goals: Vec<NodeGoal>| goals.into_iter().map(|goal| NodeGoal { address_may_change: true, ..goal }).collect::<Vec<_>>();
        assert_eq!(ready(&alone(goals()), &[]), (false, true, true));
        let unpredicted =
            [alone(goals())[0].clone(), NodeGoal { name: "b".into(), address_may_change: true, ..NodeGoal::default() }, goals()[2].clone()];
        assert!(!ready(&unpredicted, &[]).1, "b may keep a wrong address");
        assert!(!ready(&alone(goals()), &["b"]).1, "b takes no part");
    }

    #[test]
    fn a_dead_node_takes_no_part_and_is_not_missed() {
        let aims = after_rollout(&one_wrong(), &goals(), &BTreeSet::from(["b".to_owned()]));
        assert!(!aims.contains_key("b") && aims["a"].sessions.is_empty());
        assert_eq!(peers(&aims["c"]), ["a"]);
    }

    #[test]
    fn a_peer_that_changes_may_be_met_at_either_address() {
        let mut before = one_wrong();
        before.nodes[0].sessions[1] = session("c", "172.18.0.1", true);
        let aims = after_rollout(&before, &goals(), &BTreeSet::new());
        let addresses: Vec<String> = aims["a"].sessions[1].addresses.iter().map(ToString::to_string).collect();
        assert_eq!(addresses, ["10.0.0.3", "172.18.0.1"]);
    }

    /// Node c was cured, and gets the bridge's address again.
    #[test]
    fn an_undo_asks_of_sound_nodes_all_that_the_restored_settings_allow() {
        let sessions = |names: &[(&str, &str)]| names.iter().map(|(name, address)| session(name, address, true)).collect::<Vec<_>>();
        let before = cluster(vec![
            state("a", "10.0.0.1", true, sessions(&[("b", "10.0.0.2"), ("c", "10.0.0.3")])),
            state("b", "10.0.0.2", true, sessions(&[("a", "10.0.0.1"), ("c", "10.0.0.3")])),
            state("c", "10.0.0.3", true, sessions(&[("a", "10.0.0.1"), ("b", "10.0.0.2")])),
            state("d", "10.0.0.4", false, sessions(&[("a", "10.0.0.1")])),
        ]);
        let goals = [goal("a", "10.0.0.1"), goal("b", "10.0.0.2"), goal("d", "10.0.0.4")];
        let aims = after_undo(&before, &goals, &BTreeSet::new());
        assert_eq!((peers(&aims["a"]), aims["a"].ready, aims["a"].addresses.clone()), (vec!["b"], true, goals[0].addresses.clone()));
        for other in ["c", "d"] {
            assert!(aims[other].is_empty(), "{other}: the fault comes back, or was there before");
        }
        let dead = after_undo(&before, &goals, &BTreeSet::from(["b".to_owned()]));
        assert!(!dead.contains_key("b") && peers(&dead["a"]).is_empty());
    }

    #[test]
    fn going_back_asks_only_for_what_was_sound() {
        let aims = after_rollback(&one_wrong(), &BTreeSet::new());
        assert_eq!((peers(&aims["a"]), aims["a"].ready, aims["a"].addresses.clone()), (vec!["b"], true, goal("a", "10.0.0.1").addresses));
        assert_eq!(aims["c"], NodeExpectation { node: "c".into(), ..NodeExpectation::default() });
    }
}
