//! The nodes put together from the objects of a snapshot.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use super::{NodeEvent, NodeModel, is_linux};
use crate::calico::cni_failure::is_cni_failure;
use crate::calico::events;
use crate::calico::node_annotations;
use crate::calico::session::Session;
use crate::calico::tunnel_addresses::read_tunnels;
use crate::input_source::STANDS_FOR_NODE;
use crate::model::bgp::NodeBgp;
use crate::model::install::Install;
use crate::model::stored_address;
use crate::model::{natural, pod_state};
use crate::observed::Observed;
use crate::parallel;
use crate::snapshot::Snapshot;
use crate::snapshot::family::Family;
use crate::snapshot::objects::{Custom, Event, Node, Pod};

/// The objects of a snapshot by the names that lead to them.
pub(in crate::model) struct Index<'a> {
    nodes: HashMap<&'a str, &'a Node>,
    /// By the node that each runs on, or is to run on.
    pods: HashMap<&'a str, &'a Pod>,
    /// By the object that each is about.
    events: HashMap<&'a str, Vec<&'a Event>>,
    /// By node.
    statuses: HashMap<&'a str, &'a Custom>,
}

impl<'a> Index<'a> {
    pub(in crate::model) fn new(snapshot: &'a Snapshot) -> Self {
        let listed_pods = snapshot.pods.seen().map_or(&[][..], Vec::as_slice);
        let mut pods: HashMap<&str, &Pod> = HashMap::with_capacity(listed_pods.len());
        for pod in listed_pods {
            let Some(node) = pod.target_node() else { continue };
            // While a rollout replaces a pod both are listed; the one that stays counts.
            // An evicted pod stays in the list beside its successor.
            let keeps = |kept: &Pod| match (kept.has_ended(), pod.has_ended()) {
                (true, false) => false,
                (false, true) => true,
                _ => kept.metadata.deletion_timestamp.is_none() && kept.metadata.creation_timestamp >= pod.metadata.creation_timestamp,
            };
            let kept = pods.entry(node).or_insert(pod);
            if !keeps(kept) {
                *kept = pod;
            }
        }
        let mut events: HashMap<&str, Vec<&Event>> = HashMap::new();
        for event in snapshot.events.seen().into_iter().flatten() {
            events.entry(event.involved_object.name.as_str()).or_default().push(event);
        }
        let nodes = snapshot.nodes.seen().map_or(&[][..], Vec::as_slice);
        let statuses = snapshot.resources.node_statuses.seen().into_iter().flatten();
        Self {
            nodes: nodes.iter().map(|node| (node.metadata.name.as_str(), node)).collect(),
            pods,
            events,
            statuses: statuses.filter_map(|status| Some((status.spec.get("node")?.as_str()?, status))).collect(),
        }
    }
}

/// Every Linux node: those of the cluster, or, where nodes could not be listed, those that pods run on.
pub(in crate::model) fn build_all<'a>(snapshot: &'a Snapshot, install: &Install<'a>, index: &Index<'a>) -> Vec<NodeModel<'a>> {
    let Index { nodes, pods, events, statuses } = index;
    let peers = if snapshot.nodes.seen().is_none() { peer_addresses(snapshot) } else { HashSet::new() };
    let annotated = nodes
        .values()
        .any(|node| Family::ALL.iter().any(|family| node.metadata.annotations.contains_key(node_annotations::address(*family))));
    // The API server lists nodes by name, so that most are in order.
    let linux = snapshot.nodes.seen().into_iter().flatten().filter(|node| is_linux(node));
    let mut names: Vec<&str> = linux.map(|node| node.metadata.name.as_str()).collect();
    names.sort();
    names.dedup();
    // The DaemonSet does not want every node: one without a pod is not Calico's.
    if snapshot.pods.seen().is_some() && !install.wants(names.len()) {
        names.retain(|name| pods.contains_key(name));
    }
    names.extend(pods.keys().copied().filter(|name| !nodes.contains_key(name)));
    if snapshot.nodes.seen().is_none() {
        // pasted texts may be all that is known of a host
        names.extend(snapshot.inside.keys().chain(snapshot.logs.keys()).map(String::as_str));
        let failures = snapshot.events.seen().into_iter().flatten().filter(|event| is_cni_failure(event));
        names.extend(failures.filter_map(|event| event.source.host.as_deref()));
    } else {
        // one of the nodes that are listed, but not known which
        let texts = snapshot.inside.keys().chain(snapshot.logs.keys()).map(String::as_str);
        names.extend(texts.filter(|name| name.starts_with(STANDS_FOR_NODE)));
    }
    names.sort();
    names.dedup();
    names.sort_by(|a, b| natural(a, b));
    // A damaged file can hold one; nothing can be said about it.
    names.retain(|name| !name.is_empty());
    let runs_bird = install.runs_bird();
    parallel::map(&names, |index, name| {
        let pod = pods.get(name).copied();
        let inside = snapshot.inside.get(*name);
        let bgp = Family::ALL.map(|family| match runs_bird {
            Some(false) => NodeBgp::NotUsed,
            _ => NodeBgp::from_inspection(inside, statuses.get(name).copied(), family),
        });
        let node = nodes.get(name).copied();
        let mut view = NodeModel {
            index,
            name,
            node,
            pod,
            container: pod.and_then(Pod::calico_node_status),
            says_ready: pod.and_then(Pod::is_ready),
            not_running: pod.and_then(pod_state::not_running),
            ready_condition: node.and_then(|node| node.condition("Ready")),
            tunnels: node.filter(|node| !node.metadata.tabular).map_or([None; _], |node| read_tunnels(&node.metadata.annotations)),
            stored: [None, None],
            internal_ips: internal_ips(node, pod),
            inside,
            status: statuses.get(name).copied(),
            logs: snapshot.logs.get(*name),
            events: pod_events(pod, events),
            bgp,
        };
        // what the Nodes tell of it is told there
        if annotated && view.stands_for_another(snapshot) {
            return view;
        }
        view.stored = Family::ALL.map(|family| stored_address::read_stored(&view, family, annotated, &peers));
        view
    })
}

/// Addresses that any BIRD has a session with.
fn peer_addresses(snapshot: &Snapshot) -> HashSet<IpAddr> {
    let inside = || snapshot.inside.values().filter_map(Observed::seen);
    let of_family = |family: Family| {
        let rows = inside().filter_map(move |inside| inside.bird(family).seen()).flat_map(|bird| &bird.protocols);
        rows.filter_map(move |row| Session::from_protocol(row, family)).map(|session| session.address)
    };
    Family::ALL.into_iter().flat_map(of_family).collect()
}

/// calico-node is on the host's network: where Nodes could not be read, its pod has the InternalIP too.
fn internal_ips(node: Option<&Node>, pod: Option<&Pod>) -> Vec<IpAddr> {
    match (node, pod) {
        (Some(node), _) => node.addresses("InternalIP").filter_map(|ip| ip.parse().ok()).collect(),
        (None, Some(pod)) => pod.status.host_ip.as_deref().and_then(|ip| ip.parse().ok()).into_iter().collect(),
        (None, None) => Vec::new(),
    }
}

fn pod_events<'a>(pod: Option<&'a Pod>, events: &HashMap<&str, Vec<&'a Event>>) -> Vec<NodeEvent<'a>> {
    let Some(pod) = pod else { return Vec::new() };
    let mut told: Vec<NodeEvent> = events
        .get(pod.metadata.name.as_str())
        .into_iter()
        .flatten()
        .filter(|event| event.involved_object.uid.is_none() || pod.metadata.uid.is_none() || event.involved_object.uid == pod.metadata.uid)
        .map(|event| NodeEvent { event, kind: events::parse(&event.reason, &event.message).kind })
        .collect();
    told.sort_by_key(|told| told.event.last_seen());
    told
}
