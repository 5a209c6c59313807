//! Blocks of one page that tell of one node by different names: a pod without its node, a log that names the node, sessions of a host.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::facts::Text;
use super::resolve;
use crate::calico::events::{self, EventKind};
use crate::calico::session::State;
use crate::input_source::STANDS_FOR_NODE;
use crate::observed::Observed;
use crate::snapshot::Snapshot;
use crate::snapshot::inspection::NodeInspection;
use crate::snapshot::objects::Pod;

/// A log names its node: that of the pod whose log it is, or of the only pod that it can be of.
pub(super) fn place_by_logs(pods: &mut [Pod], texts: &[Text]) {
    let logs = || texts.iter().filter(|text| text.log.is_some()).filter_map(|text| Some((&text.heading.pod, text.names_node.as_ref()?)));
    for pod in pods.iter_mut().filter(|pod| pod.spec.node_name.is_none()) {
        let own = logs().find(|(of, _)| of.as_ref() == Some(&pod.metadata.name));
        pod.spec.node_name = own.map(|(_, node)| node.clone());
    }
    let taken: BTreeSet<String> = pods.iter().filter_map(|pod| pod.spec.node_name.clone()).collect();
    let nodes: BTreeSet<&String> = logs().filter(|(of, node)| of.is_none() && !taken.contains(*node)).map(|(_, node)| node).collect();
    let alone = pods.len() == 1;
    let mut open = pods.iter_mut().filter(|pod| pod.spec.node_name.is_none() && (alone || pod.is_ready() == Some(false)));
    if let (Some(pod), None, Some(node), 1) = (open.next(), open.next(), nodes.first(), nodes.len()) {
        pod.spec.node_name = Some((*node).clone());
    }
}

/// Events without a name tell which peers a node misses, and the sessions of one host are down towards just those.
pub(super) fn place_by_peers(snapshot: &mut Snapshot) {
    let Observed::Seen(pods) = &mut snapshot.pods else { return };
    let mut missed: BTreeMap<&str, BTreeSet<IpAddr>> = BTreeMap::new();
    for event in snapshot.events.seen().into_iter().flatten() {
        if let EventKind::NotEstablished { peers, .. } = events::parse(&event.reason, &event.message).kind {
            missed.entry(event.involved_object.name.as_str()).or_default().extend(peers);
        }
    }
    let taken: BTreeSet<String> = pods.iter().filter_map(|pod| pod.spec.node_name.clone()).collect();
    let stands_in = |pod: &&mut Pod| pod.spec.node_name.as_deref().is_some_and(|node| node.starts_with(STANDS_FOR_NODE));
    for pod in pods.iter_mut().filter(stands_in) {
        let Some(missed) = missed.get(pod.metadata.name.as_str()).filter(|peers| !peers.is_empty()) else { continue };
        let inside = snapshot.inside.iter().filter_map(|(node, inside)| Some((node, inside.seen()?)));
        let mut hosts = inside.filter(|(node, inside)| !taken.contains(*node) && down(inside) == *missed).map(|(node, _)| node);
        if let (Some(host), None) = (hosts.next(), hosts.next()) {
            pod.spec.node_name = Some(host.clone());
        }
    }
}

/// Peers of sessions that are not up.
fn down(inside: &NodeInspection) -> BTreeSet<IpAddr> {
    resolve::peers(inside, |session| session.state != State::Up).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::snapshot::Origin;

    fn missing(pod: &str, node: &str, peer: &str, inside: &[(&str, &str)]) -> Option<String> {
        let mut snapshot = Snapshot::empty(Origin::Files, Timestamp::UNIX_EPOCH);
        let pods = json!([{"metadata": {"name": pod}, "spec": {"nodeName": node}}]);
        snapshot.pods = Observed::Seen(serde_json::from_value(pods).expect("pods"));
        let message = format!("Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with {peer}");
        let events = json!([{"involvedObject": {"kind": "Pod", "name": pod}, "reason": "Unhealthy", "message": message}]);
        snapshot.events = Observed::Seen(serde_json::from_value(events).expect("events"));
        for (host, down) in inside {
            let name = format!("Mesh_{}", down.replace('.', "_"));
            let rows = json!([{"name": name, "proto": "BGP", "table": "master", "state": "start", "since": "08:12:00", "info": "Connect"}]);
            let bird4 = Observed::Seen(serde_json::from_value(json!({"protocols": rows})).expect("sessions"));
            let inspected = NodeInspection { bird4, ..NodeInspection::default() };
            snapshot.inside.insert((*host).to_owned(), Observed::Seen(inspected));
        }
        place_by_peers(&mut snapshot);
        snapshot.pods.seen()?.first()?.spec.node_name.clone()
    }

    #[test]
    fn events_go_to_the_only_host_that_misses_the_same_peers() {
        let unnamed = "(node at page.md:3)";
        for (node, peer, inside, expected) in [
            (unnamed, "10.0.0.3", vec![("node-2", "10.0.0.3")], "node-2"),
            (unnamed, "10.0.0.3", vec![("node-2", "10.0.0.3"), ("node-1", "10.0.0.4")], "node-2"),
            (unnamed, "10.0.0.3", vec![("node-2", "10.0.0.3"), ("node-1", "10.0.0.3")], unnamed),
            (unnamed, "10.0.0.3", vec![("node-2", "10.0.0.4")], unnamed),
            ("node-1", "10.0.0.3", vec![("node-2", "10.0.0.3")], "node-1"),
        ] {
            assert_eq!(missing("calico-node-abcde", node, peer, &inside).as_deref(), Some(expected), "{inside:?}");
        }
    }
}
