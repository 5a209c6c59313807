//! The objects that are read, each cut down page by page: a whole list of nodes is never held.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use futures::future::join_all;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::error::RequestError;
use super::observe::observe;
use super::pages::Keep;
use super::request::{Api, Query};
use crate::calico::cni_failure::is_cni_failure;
use crate::calico::startup_log::is_watched;
use crate::calico::{environment, installation_probe_fields};
use crate::observed::Observed;
use crate::permissions::request::{
    ApiRequest, BGP_CONFIGURATIONS, BGP_PEERS, CLUSTER_INFORMATIONS, CONFIG_MAPS, CONTROLLER_REVISIONS, DEFINITIONS, ENDPOINT_SLICES,
    EVENTS, INSTALLATIONS, IP_POOLS, NODE_STATUSES, NODES, PODS, Resource, TIGERA_STATUSES,
};
use crate::snapshot::listed::{self, PodReader};
use crate::snapshot::objects::{ConfigMap, ControllerRevision, Custom, DaemonSet, Event, Meta, Node, Pod, ProbeOverrides};
use crate::snapshot::{ProgramPod, Resources, trim};

/// Of events in one namespace no more pages than this are read: a storm must not hold up the rest.
const MAX_EVENT_PAGES: u32 = 40;
/// Each node is asked the way to each of them.
const MAX_API_ADDRESSES: usize = 5;

pub(super) struct WholeCluster {
    pub version: Observed<String>,
    pub nodes: Observed<Vec<Node>>,
    pub resources: Resources,
}

pub(super) async fn whole_cluster(api: &Api) -> WholeCluster {
    let (
        version,
        nodes,
        (installations, installation_probes),
        tigera_statuses,
        ip_pools,
        bgp_configurations,
        bgp_peers,
        cluster_informations,
        node_statuses,
    ) = futures::join!(
        version(api),
        nodes(api),
        installations(api),
        custom(api, &TIGERA_STATUSES, "TigeraStatus"),
        custom(api, &IP_POOLS, "IPPool"),
        custom(api, &BGP_CONFIGURATIONS, "BGPConfiguration"),
        custom(api, &BGP_PEERS, "BGPPeer"),
        custom(api, &CLUSTER_INFORMATIONS, "ClusterInformation"),
        custom(api, &NODE_STATUSES, "CalicoNodeStatus"),
    );
    let resources = Resources {
        installations,
        installation_probes,
        tigera_statuses,
        ip_pools,
        bgp_configurations,
        bgp_peers,
        cluster_informations,
        node_statuses,
    };
    WholeCluster { version, nodes, resources }
}

async fn version(api: &Api) -> Observed<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        git_version: String,
    }
    let asked = ApiRequest { verb: "get".into(), resource: "/version".into(), namespace: None, name: None };
    observe(api.get::<Version>("/version", &asked).await).map(|version| version.git_version.chars().take(100).collect())
}

async fn nodes(api: &Api) -> Observed<Vec<Node>> {
    observe(api.list_by(&NODES, &Query::default(), ListedNodes).await)
}

#[derive(Clone)]
struct ListedNodes;

impl Keep for ListedNodes {
    type Kept = Node;

    fn keep<'de, D: Deserializer<'de>>(&mut self, object: D) -> Result<Option<Node>, D::Error> {
        listed::node(object).map(Some)
    }
}

/// Where the API server itself listens: the endpoints of the Service `kubernetes`, never its ClusterIP, which IPVS gives to every host.
pub(super) async fn api_addresses(api: &Api) -> Observed<Vec<IpAddr>> {
    #[derive(Deserialize)]
    struct Slice {
        #[serde(default)]
        endpoints: Vec<Endpoint>,
    }
    #[derive(Deserialize)]
    struct Endpoint {
        #[serde(default)]
        addresses: Vec<String>,
    }
    const NAMESPACE: Option<&str> = Some("default");
    const SERVICE: &str = "kubernetes";
    let path = ENDPOINT_SLICES.path(NAMESPACE, Some(SERVICE));
    let slice = observe(api.get::<Slice>(&path, &ENDPOINT_SLICES.get(NAMESPACE, SERVICE)).await);
    slice.map(|slice| {
        let addresses = slice.endpoints.iter().flat_map(|endpoint| &endpoint.addresses);
        let addresses: BTreeSet<IpAddr> = addresses.filter_map(|address| address.parse().ok()).collect();
        addresses.into_iter().take(MAX_API_ADDRESSES).collect()
    })
}

/// Stands in where those cannot be read.
pub(super) async fn control_plane(api: &Api) -> Vec<IpAddr> {
    // The second until Kubernetes 1.24.
    for label in ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"] {
        let query = Query { label_selector: Some(label), ..Query::default() };
        let internal = |node: Node| Some(node.addresses("InternalIP").filter_map(|ip| ip.parse().ok()).collect::<Vec<IpAddr>>());
        let nodes = api.list(&NODES, &query, internal).await.unwrap_or_default();
        let addresses: BTreeSet<IpAddr> = nodes.into_iter().flatten().collect();
        if !addresses.is_empty() {
            return addresses.into_iter().take(MAX_API_ADDRESSES).collect();
        }
    }
    Vec::new()
}

async fn custom(api: &Api, resource: &Resource, kind: &'static str) -> Observed<Vec<Custom>> {
    observe(api.list(resource, &Query::default(), move |object| Some(trimmed(object, |object| trim::custom(object, kind)))).await)
}

/// And what this cluster's definition of them knows of probes.
async fn installations(api: &Api) -> (Observed<Vec<Custom>>, Observed<ProbeOverrides>) {
    let installations = custom(api, &INSTALLATIONS, "Installation").await;
    if installations.seen().is_none_or(Vec::is_empty) {
        return (installations, Observed::NotAsked);
    }
    let path = DEFINITIONS.path(None, Some(installation_probe_fields::DEFINITION));
    let asked = DEFINITIONS.get(None, installation_probe_fields::DEFINITION);
    let probes = match observe(api.get::<Value>(&path, &asked).await) {
        Observed::Seen(definition) => installation_probe_fields::of_definition(&definition)
            .map_or_else(|| Observed::Failed("it has no schema".to_owned()), Observed::Seen),
        other => other.map(|_| ProbeOverrides::default()),
    };
    (installations, probes)
}

fn trimmed<T>(mut object: T, trim: impl FnOnce(&mut T)) -> T {
    trim(&mut object);
    object
}

/// The DaemonSet's own pods: its labels may be on others as well.
pub(super) async fn pods(api: &Api, set: &DaemonSet) -> Observed<Vec<Pod>> {
    observe(list_pods(api, set, None).await)
}

pub(super) async fn list_pods(api: &Api, set: &DaemonSet, node: Option<&str>) -> Result<Vec<Pod>, RequestError> {
    let selector = selector(set);
    let on_node = node.map(|node| format!("spec.nodeName={node}"));
    let query = Query {
        namespace: set.metadata.namespace.as_deref(),
        label_selector: Some(&selector),
        field_selector: on_node.as_deref(),
        ..Query::default()
    };
    api.list_by(&PODS, &query, ListedPods { owner: Owner::new(set), reader: PodReader::default() }).await
}

#[derive(Clone)]
struct ListedPods {
    owner: Owner,
    reader: PodReader,
}

impl Keep for ListedPods {
    type Kept = Pod;

    fn keep<'de, D: Deserializer<'de>>(&mut self, object: D) -> Result<Option<Pod>, D::Error> {
        self.reader.read(object, |meta| self.owner.owns(meta))
    }
}

/// Of Calico's other programs those that share calico-node's namespace. Not every installation has them, and without the right the gap is
/// told of calico-node's own pods.
pub(super) async fn programs(api: &Api, set: &DaemonSet) -> Vec<ProgramPod> {
    const SELECTOR: &str = "k8s-app in (calico-typha,calico-kube-controllers)";
    let query = Query { namespace: set.metadata.namespace.as_deref(), label_selector: Some(SELECTOR), ..Query::default() };
    let keep = |pod: Pod| is_watched(&pod.metadata.name).then(|| ProgramPod { pod: trimmed(pod, trim::pod), newest_error: None });
    api.list(&PODS, &query, keep).await.unwrap_or_default()
}

pub(super) async fn controller_revisions(api: &Api, set: &DaemonSet) -> Observed<Vec<ControllerRevision>> {
    let selector = selector(set);
    let query = Query { namespace: set.metadata.namespace.as_deref(), label_selector: Some(&selector), ..Query::default() };
    let owner = Owner::new(set);
    let keep = move |revision: ControllerRevision| owner.owns(&revision.metadata).then(|| trimmed(revision, trim::controller_revision));
    observe(api.list(&CONTROLLER_REVISIONS, &query, keep).await)
}

fn selector(set: &DaemonSet) -> String {
    let pairs = set.spec.selector.match_labels.iter().map(|(key, value)| format!("{key}={value}"));
    pairs.collect::<Vec<_>>().join(",")
}

/// A DaemonSet as the owner of others.
#[derive(Clone)]
struct Owner {
    name: String,
    selects_labels: bool,
}

impl Owner {
    fn new(set: &DaemonSet) -> Self {
        Self { name: set.metadata.name.clone(), selects_labels: !set.spec.selector.match_labels.is_empty() }
    }

    /// Owned by it, or by nobody while its labels match.
    fn owns(&self, meta: &Meta) -> bool {
        match meta.owner_references.as_slice() {
            [] => self.selects_labels,
            owners => owners.iter().any(|owner| owner.kind == "DaemonSet" && owner.name == self.name),
        }
    }
}

/// During a rollout a node can have two pods: the one that stays, and of those the newest. The nodes are in the order of the list.
pub(super) fn one_a_node(pods: &[Pod]) -> Vec<&Pod> {
    let mut places: HashMap<&str, usize> = HashMap::with_capacity(pods.len());
    let mut chosen: Vec<&Pod> = Vec::with_capacity(pods.len());
    let rank = |pod: &Pod| (pod.metadata.deletion_timestamp.is_none(), pod.metadata.creation_timestamp);
    for pod in pods {
        let Some(node) = pod.spec.node_name.as_deref() else { continue };
        let place = *places.entry(node).or_insert(chosen.len());
        match chosen.get_mut(place) {
            Some(best) if rank(pod) > rank(best) => *best = pod,
            Some(_) => {}
            None => chosen.push(pod),
        }
    }
    chosen
}

/// About pods named as the DaemonSet names them, about itself, and of the other pods of its namespace those that tell that Calico's network
/// plugin failed; asked for before the pods are known.
pub(super) async fn events(api: &Api, set: &DaemonSet) -> Observed<Vec<Event>> {
    let own = format!("involvedObject.kind=DaemonSet,involvedObject.name={}", set.metadata.name);
    let begin = format!("{}-", set.metadata.name);
    let list = |selector: String| {
        let begin = begin.clone();
        async move {
            let query = Query {
                namespace: set.metadata.namespace.as_deref(),
                field_selector: Some(&selector),
                most_pages: Some(MAX_EVENT_PAGES),
                ..Query::default()
            };
            let keep = move |event: Event| {
                let object = &event.involved_object;
                (object.kind != "Pod" || object.name.starts_with(&begin) || is_cni_failure(&event)).then(|| trimmed(event, trim::event))
            };
            api.list(&EVENTS, &query, keep).await
        }
    };
    let (of_pods, of_set) = futures::join!(list("involvedObject.kind=Pod".to_owned()), list(own));
    observe(of_pods.and_then(|mut events| {
        events.extend(of_set?);
        Ok(events)
    }))
}

pub(super) async fn events_of(api: &Api, pod: &Pod) -> Result<Vec<Event>, RequestError> {
    let selector = format!("involvedObject.kind=Pod,involvedObject.name={}", pod.metadata.name);
    let query = Query {
        namespace: pod.metadata.namespace.as_deref(),
        field_selector: Some(&selector),
        most_pages: Some(MAX_EVENT_PAGES),
        ..Query::default()
    };
    api.list(&EVENTS, &query, |event: Event| Some(trimmed(event, trim::event))).await
}

/// Of those events what is about the DaemonSet and, where they could be seen, its present pods, and failures of the network plugin.
pub(super) fn about(mut events: Vec<Event>, set: &DaemonSet, pods: Option<&Vec<Pod>>) -> Vec<Event> {
    let names: Option<BTreeSet<&str>> = pods.map(|pods| pods.iter().map(|pod| pod.metadata.name.as_str()).collect());
    events.retain(|event| match event.involved_object.kind.as_str() {
        "Pod" => names.as_ref().is_none_or(|names| names.contains(event.involved_object.name.as_str())) || is_other_pods(event, set),
        kind => kind == "DaemonSet" && event.involved_object.name == set.metadata.name,
    });
    events
}

/// A failure of the network plugin, which is never one of the DaemonSet's own pods.
fn is_other_pods(event: &Event, set: &DaemonSet) -> bool {
    let is_own = event.involved_object.name.strip_prefix(&set.metadata.name).is_some_and(|rest| rest.starts_with('-'));
    !is_own && is_cni_failure(event)
}

/// By name: those that the container's environment refers to, with the keys it refers to.
pub(super) async fn config_maps(api: &Api, set: &DaemonSet) -> BTreeMap<String, Observed<ConfigMap>> {
    let container = set.spec.template.spec.calico_node();
    let wanted: BTreeSet<String> = container.map(environment::references).unwrap_or_default().into_iter().map(|one| one.name).collect();
    let namespace = set.metadata.namespace.as_deref();
    let reads = wanted.into_iter().map(|name| async move {
        let path = CONFIG_MAPS.path(namespace, Some(&name));
        let answer = api.get::<ConfigMap>(&path, &CONFIG_MAPS.get(namespace, &name)).await;
        let map = observe(answer).map(|map| trimmed(map, |map| trim::config_map(map, container)));
        (name, map)
    });
    join_all(reads).await.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str, node: &str, created: &str, deleted: bool) -> Pod {
        serde_json::from_value(serde_json::json!({
            "metadata": {"name": name, "creationTimestamp": created, "deletionTimestamp": deleted.then_some(created)},
            "spec": {"nodeName": node},
        }))
        .expect("a pod")
    }

    #[test]
    fn of_two_pods_on_a_node_the_one_that_stays_is_looked_into() {
        let pods = [
            pod("going", "a", "2026-01-01T00:00:09Z", true),
            pod("coming", "a", "2026-01-01T00:00:05Z", false),
            pod("old", "b", "2026-01-01T00:00:00Z", false),
            pod("new", "b", "2026-01-01T00:00:01Z", false),
        ];
        let names: Vec<&str> = one_a_node(&pods).iter().map(|pod| pod.metadata.name.as_str()).collect();
        assert_eq!(names, ["coming", "new"]);
    }

    /// Of the other pods in the namespace only what Calico's network plugin says; of the DaemonSet's own only what is about those that are there.
    #[test]
    fn events_of_other_pods_are_kept_where_the_network_plugin_failed() {
        let set: DaemonSet = serde_json::from_value(serde_json::json!({"metadata": {"name": "calico-node"}})).expect("a DaemonSet");
        let failed =
            "Failed to create pod sandbox: failed to setup network for sandbox \"ab\": plugin type=\"calico\" failed (add): Unauthorized";
        let event = |pod: &str, reason: &str, message: &str| -> Event {
            serde_json::from_value(
                serde_json::json!({"involvedObject": {"kind": "Pod", "name": pod}, "reason": reason, "message": message}),
            )
            .expect("an event")
        };
        let events = vec![
            event("coredns-1", "FailedCreatePodSandBox", failed),
            event("coredns-1", "FailedCreatePodSandBox", &failed.replace("\"calico\"", "\"cilium-cni\"")),
            event("coredns-1", "Unhealthy", "Readiness probe failed: x"),
            event("calico-node-gone1", "FailedCreatePodSandBox", failed),
            event("calico-node-here1", "Unhealthy", "Readiness probe failed: x"),
        ];
        let pods = vec![pod("calico-node-here1", "a", "2026-01-01T00:00:00Z", false)];
        let kept: Vec<String> = about(events, &set, Some(&pods)).into_iter().map(|event| event.involved_object.name).collect();
        assert_eq!(kept, ["coredns-1", "calico-node-here1"]);
    }

    #[test]
    fn a_pod_of_another_owner_with_the_same_labels_is_left_out() {
        let set: DaemonSet = serde_json::from_value(serde_json::json!({
            "metadata": {"name": "calico-node"}, "spec": {"selector": {"matchLabels": {"k8s-app": "calico-node"}}},
        }))
        .expect("a DaemonSet");
        for (owners, expected) in [
            (serde_json::json!([]), true),
            (serde_json::json!([{"kind": "DaemonSet", "name": "calico-node"}]), true),
            (serde_json::json!([{"kind": "DaemonSet", "name": "other"}]), false),
            (serde_json::json!([{"kind": "Job", "name": "calico-node"}]), false),
        ] {
            let meta: Meta = serde_json::from_value(serde_json::json!({"ownerReferences": owners})).expect("metadata");
            assert_eq!(Owner::new(&set).owns(&meta), expected, "{owners}");
        }
    }
}
