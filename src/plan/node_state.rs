//! The state of each node as a rollout judges it: readiness, stored addresses, BGP sessions. Read from the model.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{GoalAddress, NodeGoal};
use crate::finding::Source;
use crate::model::{ClusterModel, NodeModel, peerings};
use crate::snapshot::Snapshot;
use crate::snapshot::family::Family;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterState {
    /// The backend is BIRD, or some node's BIRD has answered.
    pub runs_bird: bool,
    pub nodes: Vec<NodeState>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeState {
    pub name: String,
    /// The condition of its calico-node pod.
    pub ready: Option<bool>,
    /// The addresses that Calico has stored.
    pub addresses: Vec<GoalAddress>,
    /// BIRD's own answer. Sessions that Calico did not configure are not among them.
    pub sessions: Vec<PeerSession>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerSession {
    /// The peer's node; `None` for a peer outside the cluster.
    pub peer: Option<String>,
    pub address: IpAddr,
    pub established: bool,
}

impl ClusterState {
    pub fn new(snapshot: &Snapshot) -> Self {
        let model = ClusterModel::new(snapshot);
        let nodes: Vec<NodeState> = model.nodes.iter().map(|node| NodeState::new(&model, node)).collect();
        Self { runs_bird: model.install.runs_bird() == Some(true), nodes }
    }

    pub fn node(&self, name: &str) -> Option<&NodeState> {
        self.nodes.iter().find(|node| node.name == name)
    }

    pub fn by_name(&self) -> BTreeMap<&str, &NodeState> {
        self.nodes.iter().map(|node| (node.name.as_str(), node)).collect()
    }

    /// The goals whose nodes do not have the address that they will have.
    pub fn moves<'a>(&self, goals: &'a [NodeGoal]) -> Vec<&'a NodeGoal> {
        let nodes = self.by_name();
        let has_all = |goal: &NodeGoal| nodes.get(goal.name.as_str()).is_some_and(|node| node.has_all(&goal.addresses));
        goals.iter().filter(|goal| !goal.addresses.is_empty() && !has_all(goal)).collect()
    }
}

impl NodeState {
    fn new(model: &ClusterModel, node: &NodeModel) -> Self {
        let stored = |family| Some(GoalAddress { family, address: node.stored(family)?.address() });
        let peering = |family| peerings(node, family).filter(|(source, _)| *source == Source::Birdcl).map(|(_, sessions)| sessions);
        let sessions = Family::ALL.into_iter().filter_map(peering).flatten();
        Self {
            name: node.name.to_owned(),
            ready: node.ready(),
            addresses: Family::ALL.into_iter().filter_map(stored).collect(),
            sessions: sessions
                .map(|session| PeerSession {
                    peer: model.peer(session.address).map(|peer| peer.name.to_owned()),
                    address: session.address,
                    established: session.established,
                })
                .collect(),
        }
    }

    pub fn is_ready(&self) -> bool {
        self.ready == Some(true)
    }

    pub fn has_all(&self, addresses: &[GoalAddress]) -> bool {
        addresses.iter().all(|address| self.addresses.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::observed::Observed;
    use crate::snapshot::Origin;
    use crate::snapshot::inspection::{Bird, NodeInspection, Protocol};

    fn protocol(name: &str, state: &str, info: &str) -> Protocol {
        Protocol { name: name.into(), proto: "BGP".into(), state: state.into(), info: info.into(), ..Protocol::default() }
    }

    fn node(name: &str, address: &str) -> Value {
        json!({"metadata": {"name": name, "annotations": {"projectcalico.org/IPv4Address": address}}})
    }

    fn pod(node: &str, ready: &str) -> Value {
        json!({
            "metadata": {"name": format!("calico-node-{node}"), "labels": {"k8s-app": "calico-node"}},
            "spec": {"nodeName": node, "containers": [{"name": "calico-node", "env": [{"name": "CALICO_NETWORKING_BACKEND", "value": "bird"}]}]},
            "status": {"conditions": [{"type": "Ready", "status": ready}]},
        })
    }

    fn state(protocols: Vec<Protocol>) -> ClusterState {
        let mut snapshot = Snapshot::empty(Origin::Live, jiff::Timestamp::UNIX_EPOCH);
        let nodes = json!([node("a", "10.0.0.1/24"), node("b", "172.18.0.1/16")]);
        snapshot.nodes = Observed::Seen(serde_json::from_value(nodes).expect("nodes"));
        snapshot.pods = Observed::Seen(serde_json::from_value(json!([pod("a", "True"), pod("b", "False")])).expect("pods"));
        let bird4 = Observed::Seen(Bird { protocols, ..Bird::default() });
        snapshot.inside.insert("a".into(), Observed::Seen(NodeInspection { bird4, ..NodeInspection::default() }));
        ClusterState::new(&snapshot)
    }

    #[test]
    fn readiness_addresses_and_sessions_come_from_the_model() {
        let state = state(vec![
            protocol("Mesh_172_18_0_1", "start", "Active        Socket: Connection refused"),
            protocol("Global_10_9_9_9", "up", "Established"),
        ]);
        let [a, b] = &state.nodes[..] else { panic!("two nodes") };
        assert_eq!((a.is_ready(), b.is_ready(), b.sessions.len()), (true, false, 0));
        let address: IpAddr = "10.0.0.1".parse().expect("an address");
        assert_eq!(a.addresses, [GoalAddress { family: Family::V4, address }]);
        let sessions: Vec<_> = a.sessions.iter().map(|session| (session.peer.as_deref(), session.established)).collect();
        assert_eq!(sessions, [(Some("b"), false), (None, true)]);
    }

    /// Its name tells no address, so that nobody could see whether it is met.
    #[test]
    fn a_session_that_calico_did_not_configure_is_not_expected() {
        let state = state(vec![protocol("uplink1", "up", "Established")]);
        assert_eq!(state.nodes[0].sessions, []);
        let aims = super::super::expectation::after_rollback(&state, &std::collections::BTreeSet::new());
        assert_eq!(aims["a"].sessions, []);
    }

    #[test]
    fn only_nodes_that_get_another_address_move() {
        let goal = |name: &str, address: &str| {
            let address = GoalAddress { family: Family::V4, address: address.parse().expect("an address") };
            NodeGoal { name: name.into(), addresses: vec![address], ..NodeGoal::default() }
        };
        let goals =
            [goal("a", "10.0.0.1"), goal("b", "10.0.0.2"), goal("new", "10.0.0.3"), NodeGoal { name: "b".into(), ..NodeGoal::default() }];
        let state = state(vec![]);
        let moves: Vec<&str> = state.moves(&goals).iter().map(|goal| goal.name.as_str()).collect();
        assert_eq!(moves, ["b", "new"]);
    }
}
