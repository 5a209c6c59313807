//! Cuts objects down to what judging needs, bounds what is left and masks secrets.
//! Live gathering and reading files both go through here, so that the same cluster gives the same snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

mod bounds;
mod containers;

pub use bounds::{bound, bounded};
use bounds::{bound_tree, keep_first, message, word, words};
use containers::{container_status, keep_needed_variables, pod_spec, variable};

use super::objects::{CALICO_NODE, Condition, ConfigMap, Container, ControllerRevision, Custom, DaemonSet, Event, Meta, Node, Pod};
use super::secrets::{is_read_variable, mask_environments, mask_text, mask_tree, mask_unread, without_userinfo};
use crate::observed::Observed;
use crate::snapshot::Resources;
use crate::snapshot::inspection::{NodeInspection, Protocol};

/// An event message or a condition message; the API server allows 1 KiB and 32 KiB.
pub const MAX_MESSAGE: usize = 4 << 10;
/// An annotation: `projectcalico.org/Interfaces` lists every interface of a node.
pub const MAX_ANNOTATION: usize = 16 << 10;
/// A name, label, address, image or variable.
pub const MAX_WORD: usize = 1 << 10;
/// Labels, conditions, addresses, taints, variables: of one object, of one sort.
pub const MAX_ITEMS: usize = 512;
/// Members of one list or mapping in a custom resource.
const MAX_TREE_ITEMS: usize = 2_000;
const MAX_TREE_DEPTH: usize = 24;

/// Annotations that tell something: Calico's own, and the marks of those who own an object.
const ANNOTATIONS: [&str; 21] = [
    "projectcalico.org/",
    "kubectl-calico-fix/",
    "unsupported.operator.tigera.io/",
    "operator.tigera.io/",
    "meta.helm.sh/",
    "helm.sh/",
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "objectset.rio.cattle.io/",
    "rke.cattle.io/",
    "resources.gardener.cloud/",
    "config.k8s.io/owning-inventory",
    "cluster.x-k8s.io/",
    "addon.kops.k8s.io/",
    "addonmanager.kubernetes.io/",
    "app.kubernetes.io/",
    "flannel.alpha.coreos.com/public-ip",
    "alpha.kubernetes.io/provided-node-ip",
    "kubectl.kubernetes.io/restartedAt",
    "deprecated.daemonset.template.generation",
];

/// Fields of `spec` that are read; the texts in all others are masked.
const READ_FIELDS: [(&str, &[&str]); 2] = [
    (
        "Installation",
        &[
            "calicoNetwork",
            "calicoNodeDaemonSet",
            "cni",
            "componentResources",
            "controlPlaneReplicas",
            "kubernetesProvider",
            "nodeUpdateStrategy",
            "registry",
            "imagePath",
            "imagePrefix",
            "variant",
        ],
    ),
    ("BGPPeer", &["asNumber", "node", "nodeSelector", "peerIP", "peerSelector", "reachableBy", "sourceAddress"]),
];

/// These carry the whole object once more.
const COPIES: [&str; 2] = ["kubectl.kubernetes.io/last-applied-configuration", "objectset.rio.cattle.io/applied"];

pub fn node(node: &mut Node) {
    meta(&mut node.metadata);
    node.spec.taints.truncate(MAX_ITEMS);
    for taint in &mut node.spec.taints {
        word(&mut taint.key);
        taint.value.iter_mut().for_each(word);
        word(&mut taint.effect);
    }
    node.status.addresses.truncate(MAX_ITEMS);
    node.status.addresses.shrink_to_fit();
    for address in &mut node.status.addresses {
        word(&mut address.r#type);
        word(&mut address.address);
    }
    node.status.conditions.retain(|condition| tells_of_node(&condition.r#type, &condition.status));
    conditions(&mut node.status.conditions);
    node.metadata.resource_version = None;
    let info = &mut node.status.node_info;
    for text in [&mut info.kubelet_version, &mut info.operating_system, &mut info.architecture, &mut info.kernel_version] {
        word(text);
    }
}

/// Of a node's conditions those that are kept: it has four others that say that nothing is short.
pub(super) fn tells_of_node(kind: &str, status: &str) -> bool {
    matches!(kind, "Ready" | "NetworkUnavailable") || status != "False"
}

pub(super) fn tells_of_pod(kind: &str, status: &str) -> bool {
    kind == "Ready" || status != "True"
}

/// Of init containers that ended, those that are kept.
pub(super) fn has_failed(exit_code: i32) -> bool {
    exit_code != 0
}

/// Keeps the container calico-node alone, and of it what can differ from the DaemonSet: thousands of pods repeat the rest.
pub fn pod(pod: &mut Pod) {
    meta(&mut pod.metadata);
    if pod.spec.node_name.is_some() {
        pod.spec.affinity = Default::default();
    }
    pod.spec.volumes.clear();
    for container in pod.spec.containers.iter_mut().map(Arc::make_mut) {
        keep_needed_variables(&mut container.env);
        container.env.shrink_to_fit();
        container.env_from.clear();
        container.resources = Default::default();
    }
    pod_spec(&mut pod.spec);
    pod.metadata.resource_version = None;
    pod.status.conditions.retain(|condition| tells_of_pod(&condition.r#type, &condition.status));
    pod.status.init_container_statuses.retain(|status| status.state.terminated.as_ref().is_none_or(|ended| has_failed(ended.exit_code)));
    word(&mut pod.status.phase);
    pod.status.reason.iter_mut().for_each(word);
    pod.status.message.iter_mut().for_each(message);
    pod.status.host_ip.iter_mut().for_each(word);
    conditions(&mut pod.status.conditions);
    pod.status.container_statuses.retain(|status| status.name == CALICO_NODE || !status.ready);
    pod.status.container_statuses.shrink_to_fit();
    for statuses in [&mut pod.status.container_statuses, &mut pod.status.init_container_statuses] {
        statuses.truncate(MAX_ITEMS);
        statuses.iter_mut().for_each(container_status);
    }
}

pub fn daemon_set(set: &mut DaemonSet) {
    meta(&mut set.metadata);
    meta(&mut set.spec.template.metadata);
    pod_spec(&mut set.spec.template.spec);
    let volumes = &mut set.spec.template.spec.volumes;
    volumes.retain(|volume| volume.host_path.is_some());
    volumes.truncate(MAX_ITEMS);
    for volume in volumes {
        word(&mut volume.name);
        volume.host_path.iter_mut().for_each(|host| word(&mut host.path));
    }
    word(&mut set.spec.update_strategy.r#type);
    words(&mut set.spec.selector.match_labels);
}

/// Keeps the keys that the container's environment refers to; of a ConfigMap that is taken whole (`envFrom`) all of them.
/// Values that no check reads are masked.
pub fn config_map(map: &mut ConfigMap, container: Option<&Container>) {
    meta(&mut map.metadata);
    let name = &map.metadata.name;
    let env_from = container.map_or(&[][..], |container| &container.env_from);
    let whole = container.is_none() || env_from.iter().any(|from| from.config_map_ref.as_ref().is_some_and(|one| one.name == *name));
    let referred = |key: &str| {
        let variables = container.map_or(&[][..], |container| &container.env).iter();
        let mut names = variables.filter_map(|variable| {
            let reference = variable.value_from.as_ref()?.config_map_key_ref.as_ref()?;
            (reference.name == *name && reference.key == key).then_some(variable.name.as_str())
        });
        names.clone().next().map(|_| names.any(is_read_variable))
    };
    let kept: BTreeMap<String, bool> = map
        .data
        .keys()
        .filter_map(|key| Some((key.clone(), referred(key).or(whole.then_some(false))? || (whole && is_read_variable(key)))))
        .collect();
    map.data.retain(|key, _| kept.contains_key(key));
    keep_first(&mut map.data, MAX_ITEMS);
    for (key, value) in &mut map.data {
        variable(kept.get(key) == Some(&true), value);
    }
}

pub fn event(event: &mut Event) {
    meta(&mut event.metadata);
    message(&mut event.message);
    for text in [&mut event.r#type, &mut event.reason, &mut event.involved_object.kind, &mut event.involved_object.name] {
        word(text);
    }
    let optional =
        [&mut event.involved_object.namespace, &mut event.involved_object.uid, &mut event.source.component, &mut event.source.host];
    optional.into_iter().flatten().for_each(word);
}

pub fn controller_revision(revision: &mut ControllerRevision) {
    meta(&mut revision.metadata);
}

/// `kind` as in the API: of a `CalicoNodeStatus` the routes go (thousands a node), of the rest what could be secret.
pub fn custom(custom: &mut Custom, kind: &str) {
    meta(&mut custom.metadata);
    if kind == "CalicoNodeStatus"
        && let Value::Object(status) = &mut custom.status
    {
        status.remove("routes");
    }
    if let Some((_, read)) = READ_FIELDS.iter().find(|(of, _)| *of == kind) {
        mask_unread(&mut custom.spec, read);
    }
    for tree in [&mut custom.spec, &mut custom.status] {
        mask_environments(tree);
        mask_tree(tree);
        bound_tree(tree, MAX_TREE_DEPTH);
    }
}

/// Of BIRD's rows those of sessions: every node has four others that are alike.
pub fn inside(inside: &mut NodeInspection) {
    for bird in [&mut inside.bird4, &mut inside.bird6] {
        if let Observed::Seen(bird) = bird {
            bird.protocols.retain(Protocol::is_session);
        }
    }
    if let Observed::Seen(rules) = &mut inside.rules {
        rules.truncate(MAX_ITEMS);
        rules.iter_mut().for_each(word);
    }
    keep_first(&mut inside.route_lookups, MAX_ITEMS);
    for reach in inside.route_lookups.values_mut() {
        match reach {
            Observed::Seen(reach) => [&mut reach.device, &mut reach.unreachable].into_iter().flatten().for_each(word),
            Observed::Forbidden(why) | Observed::Failed(why) => word(why),
            Observed::Absent | Observed::NotAsked => {}
        }
    }
}

/// All of a snapshot that was read from a file, by the same rules.
pub fn snapshot(snapshot: &mut super::Snapshot) {
    fn each<T>(list: &mut Observed<Vec<T>>, trim: impl FnMut(&mut T)) {
        if let Observed::Seen(list) = list {
            list.iter_mut().for_each(trim);
        }
    }
    each(&mut snapshot.nodes, node);
    each(&mut snapshot.pods, pod);
    each(&mut snapshot.events, event);
    each(&mut snapshot.controller_revisions, controller_revision);
    if let Observed::Seen(set) = &mut snapshot.daemon_set {
        daemon_set(set);
    }
    let container = snapshot.daemon_set.seen().and_then(|set| set.spec.template.spec.calico_node());
    for map in snapshot.config_maps.values_mut() {
        if let Observed::Seen(map) = map {
            config_map(map, container);
        }
    }
    snapshot.cluster.server = snapshot.cluster.server.take().map(|server| without_userinfo(&server));
    for told in snapshot.inside.values_mut() {
        if let Observed::Seen(told) = told {
            inside(told);
        }
    }
    for logs in snapshot.logs.values_mut() {
        keep_first(&mut logs.init, MAX_ITEMS);
    }
    // Whole, so that no list is forgotten.
    let Resources {
        installations,
        installation_probes: _,
        tigera_statuses,
        ip_pools,
        bgp_configurations,
        bgp_peers,
        cluster_informations,
        node_statuses,
    } = &mut snapshot.resources;
    for (list, kind) in [
        (installations, "Installation"),
        (tigera_statuses, "TigeraStatus"),
        (ip_pools, "IPPool"),
        (bgp_configurations, "BGPConfiguration"),
        (bgp_peers, "BGPPeer"),
        (cluster_informations, "ClusterInformation"),
        (node_statuses, "CalicoNodeStatus"),
    ] {
        each(list, |one| custom(one, kind));
    }
}

/// Heartbeats tell when a file was made; they are not saved.
pub fn forget_heartbeats(snapshot: &mut super::Snapshot) {
    if let Observed::Seen(nodes) = &mut snapshot.nodes {
        nodes.iter_mut().flat_map(|node| &mut node.status.conditions).for_each(|condition| condition.last_heartbeat_time = None);
    }
}

fn meta(meta: &mut Meta) {
    word(&mut meta.name);
    [&mut meta.namespace, &mut meta.uid, &mut meta.resource_version].into_iter().flatten().for_each(word);
    words(&mut meta.labels);
    meta.annotations.retain(|name, _| is_kept(name));
    keep_first(&mut meta.annotations, MAX_ITEMS);
    for value in meta.annotations.values_mut() {
        bound(value, MAX_ANNOTATION);
        // `projectcalico.org/WireguardPublicKey` is public, so names are not judged here.
        mask_text(value);
    }
    meta.owner_references.truncate(MAX_ITEMS);
    for owner in &mut meta.owner_references {
        word(&mut owner.kind);
        word(&mut owner.name);
    }
}

fn is_kept(annotation: &str) -> bool {
    ANNOTATIONS.iter().any(|prefix| annotation.starts_with(prefix)) && !COPIES.contains(&annotation)
}

fn conditions(conditions: &mut Vec<Condition>) {
    conditions.truncate(MAX_ITEMS);
    conditions.shrink_to_fit();
    for condition in conditions {
        word(&mut condition.r#type);
        word(&mut condition.status);
        condition.reason.iter_mut().for_each(word);
        condition.message.iter_mut().for_each(message);
    }
}
