//! Everything read of a cluster at one moment, as plain data: the format of `--save`, `--from` and the fixtures.
//!
//! `objects` are Kubernetes objects cut to the fields that are used. `trim` cuts them, and `listed` reads those of long lists cut already.
//! `inspection` is what one exec printed.
//! Every field that may not have been read is an `Observed`.
//! `secrets` masks secrets, `redact` replaces names and addresses; `save` writes the file, `schema` describes it.
//! `selector` matches labels as kubectl does.

pub mod family;
mod from_tree;
pub mod inspection;
pub mod listed;
pub mod objects;
pub mod redact;
pub mod save;
pub mod schema;
pub mod secrets;
pub mod selector;
pub mod trim;

use std::collections::BTreeMap;

pub(crate) use from_tree::{from_tree, without_place};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::input_source::InputSource;
use crate::observed::Observed;
use crate::snapshot::inspection::{NodeInspection, NodeLogs};
use objects::{ConfigMap, ControllerRevision, Custom, DaemonSet, Event, Node, Pod, ProbeOverrides};

pub const API_VERSION: &str = "calico-fix/v1";
pub const KIND: &str = "Snapshot";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    pub api_version: String,
    pub kind: String,
    #[schemars(with = "String")]
    pub taken_at: Timestamp,
    /// `live`, or what the snapshot was put together from.
    pub origin: Origin,
    #[serde(default)]
    pub cluster: Cluster,
    /// The DaemonSet that runs calico-node on Linux nodes.
    #[serde(default)]
    pub daemon_set: Observed<DaemonSet>,
    #[serde(default)]
    pub nodes: Observed<Vec<Node>>,
    /// The DaemonSet's pods.
    #[serde(default)]
    pub pods: Observed<Vec<Pod>>,
    /// Pods of Calico's other programs, as far as they were shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<ProgramPod>,
    /// Events about those pods and the DaemonSet, and about other pods for which Calico's network plugin failed.
    #[serde(default)]
    pub events: Observed<Vec<Event>>,
    #[serde(default)]
    pub controller_revisions: Observed<Vec<ControllerRevision>>,
    /// ConfigMaps that the container's environment refers to, with only the keys it refers to, by name.
    #[serde(default)]
    pub config_maps: BTreeMap<String, Observed<ConfigMap>>,
    #[serde(default)]
    pub resources: Resources,
    /// By node name: what an exec into its calico-node said.
    #[serde(default)]
    pub inside: BTreeMap<String, Observed<NodeInspection>>,
    /// By node name: digests of its calico-node's logs.
    #[serde(default)]
    pub logs: BTreeMap<String, NodeLogs>,
    /// The files and pasted texts that this was read from, block by block.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<InputSource>,
}

/// A pod of Typha, kube-controllers, Calico's API server or the Tigera operator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ProgramPod {
    pub pod: Pod,
    /// The newest line of its log that reports a fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest_error: Option<String>,
}

/// Where a snapshot comes from decides how what it lacks is worded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    #[default]
    Live,
    /// `kubectl get` output and other files.
    Files,
    /// A `calicoctl cluster diags` archive.
    Diags,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Cluster {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    pub version: Observed<String>,
    /// Where the API server listens: the endpoints of the Service `kubernetes`.
    #[serde(skip_serializing_if = "Observed::is_not_asked")]
    #[schemars(with = "Observed<Vec<String>>")]
    pub api_addresses: Observed<Vec<std::net::IpAddr>>,
    /// `--no-exec` was given: what exec would have told was left out on purpose.
    #[serde(rename = "execLeftOut", skip_serializing_if = "std::ops::Not::not")]
    pub exec_skipped: bool,
    /// `--exec-sample` was given: of the nodes that are not in trouble only this many were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec_sample: Option<usize>,
}

/// Calico's and its operator's own resources.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Resources {
    pub installations: Observed<Vec<Custom>>,
    /// Asked only where there is an Installation.
    #[serde(skip_serializing_if = "Observed::is_not_asked")]
    pub installation_probes: Observed<ProbeOverrides>,
    pub tigera_statuses: Observed<Vec<Custom>>,
    pub ip_pools: Observed<Vec<Custom>>,
    pub bgp_configurations: Observed<Vec<Custom>>,
    pub bgp_peers: Observed<Vec<Custom>>,
    pub cluster_informations: Observed<Vec<Custom>>,
    pub node_statuses: Observed<Vec<Custom>>,
}

impl Snapshot {
    /// One in which nothing has been asked yet.
    pub fn empty(origin: Origin, taken_at: Timestamp) -> Self {
        Self {
            api_version: API_VERSION.into(),
            kind: KIND.into(),
            taken_at,
            origin,
            cluster: Cluster::default(),
            daemon_set: Observed::NotAsked,
            nodes: Observed::NotAsked,
            pods: Observed::NotAsked,
            programs: Vec::new(),
            events: Observed::NotAsked,
            controller_revisions: Observed::NotAsked,
            config_maps: BTreeMap::new(),
            resources: Resources::default(),
            inside: BTreeMap::new(),
            logs: BTreeMap::new(),
            sources: Vec::new(),
        }
    }
}
