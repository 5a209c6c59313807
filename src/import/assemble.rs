//! From the objects of a whole cluster to what is kept: Calico's DaemonSet, its pods, their events.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::facts::{Facts, Text};
use super::objects::Objects;
use super::{ImportError, event_pods, join, other_pods, resolve};
use crate::calico::flavour;
use crate::observed::Observed;
use crate::snapshot::objects::{ConfigMap, Container, DaemonSet, Event, Meta, Node, Pod};
use crate::snapshot::{Origin, ProgramPod, Resources, Snapshot, trim};

/// Adds what texts told to the objects that were read whole; those count where both are there.
pub(super) fn merge(facts: Facts, default: Option<&str>) -> Result<(Objects, Vec<Text>), ImportError> {
    let Facts { mut objects, nodes, mut pods, event_pods, daemon_sets, mut events, texts, probes, .. } = facts;
    merge_nodes(&mut objects, nodes);
    if objects.daemon_sets.as_ref().is_none_or(Vec::is_empty) && !daemon_sets.is_empty() {
        objects.daemon_sets = Some(daemon_sets);
    }
    let known: Vec<&Pod> = objects.pods.iter().flatten().chain(&pods).collect();
    let mut by_events = event_pods::adopt(event_pods, &mut events, &known, default);
    // events outlive their pods
    let is_known = |pod: &Pod| known.iter().any(|other| other.metadata.name == pod.metadata.name);
    let has_another = |node: &str| known.iter().any(|other| other.spec.node_name.as_deref() == Some(node));
    by_events.retain(|pod| known.is_empty() || is_known(pod) || pod.spec.node_name.as_deref().is_some_and(|node| !has_another(node)));
    pods.extend(by_events);
    let empty = objects.pods.is_some().then(Vec::new);
    merge_pods(&mut objects, pods);
    if objects.daemon_sets.as_ref().is_none_or(Vec::is_empty) {
        let mut pods = objects.pods.take().unwrap_or_default();
        probes.spread(&mut pods, &texts);
        objects.pods = Some(pods).filter(|pods| !pods.is_empty()).or(empty);
    }
    join::place_by_logs(objects.pods.as_deref_mut().unwrap_or_default(), &texts);
    for pod in objects.pods.iter_mut().flatten() {
        // on some node it is, unless the scheduler has not found one
        let unscheduled = pod.status.phase == "Pending" && pod.status.reason.as_deref() == Some("Pending");
        if pod.spec.node_name.is_none() && pod.metadata.tabular && !unscheduled {
            pod.spec.node_name = Some(resolve::node_of_pod(&pod.metadata.name));
        }
    }
    // descriptions of older releases do not show the namespace
    let namespace = objects.pods.iter().flatten().find_map(|pod| pod.metadata.namespace.clone());
    for set in objects.daemon_sets.iter_mut().flatten().filter(|set| set.metadata.namespace.is_none()) {
        set.metadata.namespace.clone_from(&namespace);
    }
    if !events.is_empty() {
        objects.events.get_or_insert_default().extend(events);
    }
    Ok((objects, texts))
}

/// Calico's own Nodes lend their annotations to those of Kubernetes.
fn merge_nodes(objects: &mut Objects, mut told: Vec<Node>) {
    told.sort_by_key(|node| node.metadata.tabular);
    let recognised_lines = std::mem::take(&mut objects.calico_nodes);
    if told.is_empty() && recognised_lines.is_empty() {
        return;
    }
    let nodes = objects.nodes.get_or_insert_default();
    let mut places: BTreeMap<String, usize> = nodes.iter().enumerate().map(|(at, node)| (node.metadata.name.clone(), at)).collect();
    for node in told.into_iter().chain(recognised_lines) {
        let known = places.get(&node.metadata.name).and_then(|at| nodes.get_mut(*at));
        let Some(known) = known else {
            places.insert(node.metadata.name.clone(), nodes.len());
            nodes.push(node);
            continue;
        };
        for (key, value) in node.metadata.annotations {
            known.metadata.annotations.entry(key).or_insert(value);
        }
        known.metadata.tabular &= node.metadata.tabular;
        if known.status.addresses.is_empty() {
            known.status.addresses = node.status.addresses;
        }
        if known.status.conditions.is_empty() {
            known.status.conditions = node.status.conditions;
        }
    }
}

fn merge_pods(objects: &mut Objects, mut told: Vec<Pod>) {
    // a pod that only events name has no state
    told.sort_by_key(|pod| (pod.metadata.tabular, pod.status.phase.is_empty()));
    if told.is_empty() {
        return;
    }
    let pods = objects.pods.get_or_insert_default();
    let mut places: BTreeMap<String, usize> = pods.iter().enumerate().map(|(at, pod)| (pod.metadata.name.clone(), at)).collect();
    for pod in told {
        match places.get(&pod.metadata.name).and_then(|at| pods.get_mut(*at)) {
            Some(known) => {
                let Pod { metadata, spec, .. } = pod;
                known.spec.node_name = known.spec.node_name.take().or(spec.node_name);
                known.metadata.namespace = known.metadata.namespace.take().or(metadata.namespace);
            }
            None => {
                places.insert(pod.metadata.name.clone(), pods.len());
                pods.push(pod);
            }
        }
    }
}

pub(super) fn snapshot(mut objects: Objects, origin: Origin) -> Result<Snapshot, ImportError> {
    let nodes = objects.nodes.take().map(unique_nodes).transpose()?;
    let daemon_set = match objects.daemon_sets.take() {
        Some(sets) => choose(sets)?,
        None => Observed::NotAsked,
    };
    let mut pods = objects.pods.take().map(newest_pods);
    let mut events = objects.events.take();
    let mut revisions = objects.controller_revisions.take();
    if let Some(set) = daemon_set.seen() {
        pods.iter_mut().for_each(|pods| pods.retain(|pod| selects(set, pod)));
        revisions.iter_mut().for_each(|list| list.retain(|one| is_owned(&one.metadata, set)));
    }
    events.iter_mut().for_each(|events| events.retain(|event| concerns(event, daemon_set.seen(), pods.as_deref().unwrap_or_default())));
    events.iter_mut().for_each(|events| objects.other_pods.sort_out(events));
    let mut config_maps = BTreeMap::new();
    if let (Some(set), Some(maps)) = (daemon_set.seen(), objects.config_maps.take()) {
        config_maps = referred(set, maps);
    }
    let mut snapshot = Snapshot::empty(origin, Timestamp::UNIX_EPOCH);
    snapshot.daemon_set = daemon_set;
    snapshot.nodes = nodes.map_or(Observed::NotAsked, Observed::Seen);
    snapshot.pods = pods.map_or(Observed::NotAsked, Observed::Seen);
    snapshot.events = events.map_or(Observed::NotAsked, Observed::Seen);
    snapshot.programs = programs(std::mem::take(&mut objects.programs));
    snapshot.controller_revisions = revisions.map_or(Observed::NotAsked, Observed::Seen);
    snapshot.config_maps = config_maps;
    snapshot.resources = Resources {
        installations: objects.observed("Installation"),
        installation_probes: objects.installation_probes.take().map_or(Observed::NotAsked, Observed::Seen),
        tigera_statuses: objects.observed("TigeraStatus"),
        ip_pools: objects.observed("IPPool"),
        bgp_configurations: objects.observed("BGPConfiguration"),
        bgp_peers: objects.observed("BGPPeer"),
        cluster_informations: objects.observed("ClusterInformation"),
        node_statuses: objects.observed("CalicoNodeStatus"),
    };
    Ok(snapshot)
}

/// Each pod once, as the last block that shows it has it.
fn programs(pods: Vec<Pod>) -> Vec<ProgramPod> {
    let by_name: BTreeMap<String, Pod> = pods.into_iter().map(|pod| (pod.metadata.name.clone(), pod)).collect();
    by_name.into_values().map(|pod| ProgramPod { pod, newest_error: None }).collect()
}

/// The newest time that anything in the snapshot tells; the clock of the reader plays no part.
pub(super) fn newest_time(snapshot: &Snapshot) -> Timestamp {
    let nodes = snapshot.nodes.seen().into_iter().flatten().flat_map(|node| {
        let conditions = node.status.conditions.iter();
        let times = conditions.flat_map(|condition| [condition.last_transition_time, condition.last_heartbeat_time]);
        times.flatten().chain(node.metadata.creation_timestamp)
    });
    let pods = snapshot.pods.seen().into_iter().flatten().flat_map(|pod| {
        let statuses = pod.status.container_statuses.iter().chain(&pod.status.init_container_statuses);
        let states = statuses.flat_map(|status| [&status.state, &status.last_state]).flat_map(|state| {
            [state.running.as_ref().and_then(|running| running.started_at), state.terminated.as_ref().and_then(|ended| ended.finished_at)]
        });
        let conditions = pod.status.conditions.iter().map(|condition| condition.last_transition_time);
        conditions.chain(states).chain([pod.metadata.creation_timestamp]).flatten()
    });
    let events = snapshot.events.seen().into_iter().flatten().filter_map(Event::last_seen);
    let logs = snapshot.logs.values().flat_map(|logs| [&logs.current, &logs.previous]).filter_map(|log| log.seen()?.last);
    let set = snapshot.daemon_set.seen().and_then(|set| set.metadata.creation_timestamp);
    nodes.chain(pods).chain(events).chain(logs).chain(set).max().unwrap_or(Timestamp::UNIX_EPOCH)
}

pub(super) fn unique_nodes(nodes: Vec<Node>) -> Result<Vec<Node>, ImportError> {
    let mut unique: Vec<Node> = Vec::with_capacity(nodes.len());
    let mut places = BTreeMap::new();
    for node in nodes {
        match places.get(&node.metadata.name).and_then(|place: &usize| unique.get(*place)) {
            Some(known) if *known == node => {}
            Some(known) => return Err(ImportError::Contradiction { file: "the files".into(), node: known.metadata.name.clone() }),
            None => {
                places.insert(node.metadata.name.clone(), unique.len());
                unique.push(node);
            }
        }
    }
    Ok(unique)
}

/// A pod may be in a list and in a file of its own; the later state of the two counts.
fn newest_pods(pods: Vec<Pod>) -> Vec<Pod> {
    let mut newest: BTreeMap<(Option<String>, String), Pod> = BTreeMap::new();
    let version = |pod: &Pod| pod.metadata.resource_version.as_deref().and_then(|version| version.parse::<u64>().ok());
    for pod in pods {
        let key = (pod.metadata.namespace.clone(), pod.metadata.name.clone());
        if newest.get(&key).is_none_or(|known| version(known) < version(&pod)) {
            newest.insert(key, pod);
        }
    }
    newest.into_values().collect()
}

/// The same choice as from a cluster. A set that stands in several files counts once.
fn choose(sets: Vec<DaemonSet>) -> Result<Observed<DaemonSet>, ImportError> {
    let mut candidates: BTreeMap<String, DaemonSet> = BTreeMap::new();
    for set in flavour::candidates(&sets).into_iter().cloned() {
        candidates.insert(format!("{}/{}", set.metadata.namespace.as_deref().unwrap_or_default(), set.metadata.name), set);
    }
    if candidates.len() > 1 {
        return Err(ImportError::Ambiguous { names: candidates.into_keys().collect() });
    }
    Ok(candidates.into_values().next().map_or(Observed::Absent, Observed::Seen))
}

fn selects(set: &DaemonSet, pod: &Pod) -> bool {
    let wanted = &set.spec.selector.match_labels;
    if pod.metadata.tabular {
        let same_namespace = pod.metadata.namespace.is_none() || pod.metadata.namespace == set.metadata.namespace;
        return same_namespace
            && pod.metadata.name.strip_prefix(&set.metadata.name).is_some_and(|rest| rest.len() == 6 && rest.starts_with('-'));
    }
    pod.metadata.namespace == set.metadata.namespace
        && wanted.iter().all(|(key, value)| pod.metadata.labels.get(key) == Some(value))
        && (!wanted.is_empty() || is_owned(&pod.metadata, set))
}

fn is_owned(meta: &Meta, set: &DaemonSet) -> bool {
    meta.namespace == set.metadata.namespace
        && meta.owner_references.iter().any(|owner| owner.kind == "DaemonSet" && owner.name == set.metadata.name)
}

/// Of other pods only the failures of Calico's network plugin.
/// Pods that are gone have events too, and those often tell the most: their names begin with the DaemonSet's.
fn concerns(event: &Event, set: Option<&DaemonSet>, pods: &[Pod]) -> bool {
    if other_pods::is_of_other_pod(event) {
        return true;
    }
    let object = &event.involved_object;
    let namespace = |meta: &Meta| object.namespace.is_none() || object.namespace == meta.namespace;
    let is_pod_of = |name: &str| object.name.strip_prefix(name).is_some_and(|rest| rest.len() == 6 && rest.starts_with('-'));
    match (object.kind.as_str(), set) {
        ("DaemonSet", Some(set)) => object.name == set.metadata.name && namespace(&set.metadata),
        ("Pod", Some(set)) => {
            namespace(&set.metadata) && (is_pod_of(&set.metadata.name) || pods.iter().any(|pod| pod.metadata.name == object.name))
        }
        ("DaemonSet", None) => flavour::NAMES.contains(&object.name.as_str()),
        ("Pod", None) => flavour::NAMES.iter().any(|name| is_pod_of(name)) || pods.iter().any(|pod| pod.metadata.name == object.name),
        _ => false,
    }
}

/// The ConfigMaps that the container's environment names, with only the keys it names.
fn referred(set: &DaemonSet, mut maps: BTreeMap<(String, String), ConfigMap>) -> BTreeMap<String, Observed<ConfigMap>> {
    let Some(container) = set.spec.template.spec.calico_node() else { return BTreeMap::new() };
    let namespace = set.metadata.namespace.clone().unwrap_or_default();
    let whole: BTreeSet<&str> = container.env_from.iter().filter_map(|from| Some(from.config_map_ref.as_ref()?.name.as_str())).collect();
    let keyed = keyed(container);
    whole
        .iter()
        .chain(&keyed)
        .map(|name| {
            let found = maps.remove(&(namespace.clone(), (*name).to_string())).map(|mut map| {
                trim::config_map(&mut map, Some(container));
                map
            });
            ((*name).to_string(), found.map_or(Observed::Absent, Observed::Seen))
        })
        .collect()
}

fn keyed(container: &Container) -> BTreeSet<&str> {
    let references = container.env.iter().filter_map(|variable| variable.value_from.as_ref()?.config_map_key_ref.as_ref());
    references.map(|reference| reference.name.as_str()).collect()
}
