//! Kubernetes objects cut down to what is looked at: a real Node is 10–20 KB, mostly images.
//! Field names are Kubernetes' own, so the same types read API answers, `kubectl get -o yaml` and snapshots.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What was read can give back memory that it does not fill. A list grows to four items at once, and most have one or two.
trait Shrink {
    fn shrink(&mut self) {}
}

impl<T> Shrink for Vec<T> {
    fn shrink(&mut self) {
        self.shrink_to_fit();
    }
}

impl<T> Shrink for Option<T> {}
impl<K, V> Shrink for BTreeMap<K, V> {}
impl Shrink for String {}
impl Shrink for Value {}
impl Shrink for bool {}
impl Shrink for i32 {}
impl Shrink for i64 {}

/// Kubernetes writes `null` where nothing is; that reads as the default.
fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de> + Shrink,
{
    let mut value = Option::<T>::deserialize(deserializer)?.unwrap_or_default();
    value.shrink();
    Ok(value)
}

/// Declares slim structs whose every field may be missing and is left out when it is.
macro_rules! slim {
    ($($(#[$outer:meta])* $name:ident { $($(#[$inner:meta])* $field:ident: $type:ty),* $(,)? })*) => {$(
        $(#[$outer])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $($(#[$inner])* #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "is_default")] pub $field: $type,)*
        }

        impl Shrink for $name {}
    )*};
}

slim! {
    Meta {
        name: String,
        namespace: Option<String>,
        uid: Option<String>,
        generation: Option<i64>,
        resource_version: Option<String>,
        #[schemars(with = "Option<String>")]
        creation_timestamp: Option<Timestamp>,
        #[schemars(with = "Option<String>")]
        deletion_timestamp: Option<Timestamp>,
        labels: BTreeMap<String, String>,
        annotations: BTreeMap<String, String>,
        owner_references: Vec<OwnerReference>,
        /// Read from a table: labels and annotations are not known, and most of the rest.
        tabular: bool,
    }
    OwnerReference { kind: String, name: String, controller: Option<bool> }

    Node { metadata: Meta, spec: NodeSpec, status: NodeStatus }
    NodeSpec { taints: Vec<Taint>, unschedulable: bool }
    Taint { key: String, value: Option<String>, effect: String }
    NodeStatus { addresses: Vec<NodeAddress>, conditions: Vec<Condition>, node_info: NodeInfo }
    NodeAddress { r#type: String, address: String }
    NodeInfo { kubelet_version: String, operating_system: String, architecture: String, kernel_version: String }
    Condition {
        r#type: String,
        status: String,
        reason: Option<String>,
        message: Option<String>,
        #[schemars(with = "Option<String>")]
        last_transition_time: Option<Timestamp>,
        /// Of a Node; only for the time at which a file was written.
        #[serde(skip_serializing)]
        #[schemars(skip)]
        last_heartbeat_time: Option<Timestamp>,
        observed_generation: Option<i64>,
    }

    DaemonSet { metadata: Meta, spec: DaemonSetSpec, status: DaemonSetStatus }
    DaemonSetSpec { selector: LabelSelector, template: PodTemplate, update_strategy: UpdateStrategy }
    LabelSelector { match_labels: BTreeMap<String, String> }
    PodTemplate { metadata: Meta, spec: PodSpec }
    UpdateStrategy { r#type: String, rolling_update: Option<RollingUpdate> }
    RollingUpdate { max_unavailable: Option<IntOrString>, max_surge: Option<IntOrString> }
    DaemonSetStatus {
        observed_generation: Option<i64>,
        desired_number_scheduled: i32,
        current_number_scheduled: i32,
        updated_number_scheduled: i32,
        number_ready: i32,
        number_available: i32,
        number_unavailable: i32,
        number_misscheduled: i32,
    }

    Pod { metadata: Meta, spec: PodSpec, status: PodStatus }
    PodSpec {
        node_name: Option<String>,
        service_account_name: Option<String>,
        host_network: Option<bool>,
        affinity: Affinity,
        // Shared: pods of one template have the same.
        containers: Vec<Arc<Container>>,
        volumes: Vec<Volume>,
    }
    Affinity { node_affinity: NodeAffinity }
    NodeAffinity { required_during_scheduling_ignored_during_execution: NodeSelector }
    NodeSelector { node_selector_terms: Vec<NodeSelectorTerm> }
    /// Of a pod: the field `metadata.name`, which is how a DaemonSet's controller chooses the node.
    NodeSelectorTerm { match_fields: Vec<NodeSelectorRequirement> }
    NodeSelectorRequirement { key: String, operator: String, values: Vec<String> }
    /// Of those that mount a folder of the host: an installer's own folders are its mark.
    Volume { name: String, host_path: Option<HostPath> }
    HostPath { path: String }
    Container {
        name: String,
        image: String,
        env: Vec<EnvVar>,
        env_from: Vec<EnvFrom>,
        liveness_probe: Option<Probe>,
        readiness_probe: Option<Probe>,
        startup_probe: Option<Probe>,
        resources: Resources,
    }
    EnvVar { name: String, value: Option<String>, value_from: Option<EnvSource> }
    EnvSource { field_ref: Option<FieldRef>, config_map_key_ref: Option<KeyRef>, secret_key_ref: Option<KeyRef> }
    FieldRef { field_path: String }
    KeyRef { name: String, key: String, optional: Option<bool> }
    EnvFrom { prefix: Option<String>, config_map_ref: Option<NameRef>, secret_ref: Option<NameRef> }
    NameRef { name: String, optional: Option<bool> }
    Resources { requests: BTreeMap<String, String>, limits: BTreeMap<String, String> }
    Probe {
        exec: Option<ExecAction>,
        http_get: Option<HttpGet>,
        initial_delay_seconds: Option<i32>,
        period_seconds: Option<i32>,
        timeout_seconds: Option<i32>,
        failure_threshold: Option<i32>,
        success_threshold: Option<i32>,
    }
    ExecAction { command: Vec<String> }
    HttpGet { host: Option<String>, path: Option<String>, port: Option<IntOrString>, scheme: Option<String> }
    PodStatus {
        phase: String,
        reason: Option<String>,
        message: Option<String>,
        #[serde(rename = "hostIP")]
        host_ip: Option<String>,
        #[schemars(with = "Option<String>")]
        start_time: Option<Timestamp>,
        conditions: Vec<Condition>,
        container_statuses: Vec<ContainerStatus>,
        init_container_statuses: Vec<ContainerStatus>,
    }
    ContainerStatus {
        name: String,
        ready: bool,
        started: Option<bool>,
        restart_count: i32,
        state: ContainerState,
        last_state: ContainerState,
    }
    ContainerState { waiting: Option<Waiting>, running: Option<Running>, terminated: Option<Terminated> }
    Waiting { reason: Option<String>, message: Option<String> }
    Running {
        #[schemars(with = "Option<String>")]
        started_at: Option<Timestamp>,
    }
    Terminated {
        exit_code: i32,
        signal: Option<i32>,
        reason: Option<String>,
        message: Option<String>,
        #[schemars(with = "Option<String>")]
        started_at: Option<Timestamp>,
        #[schemars(with = "Option<String>")]
        finished_at: Option<Timestamp>,
    }

    Event {
        metadata: Meta,
        involved_object: ObjectReference,
        r#type: String,
        reason: String,
        message: String,
        count: Option<i32>,
        #[schemars(with = "Option<String>")]
        first_timestamp: Option<Timestamp>,
        #[schemars(with = "Option<String>")]
        last_timestamp: Option<Timestamp>,
        #[schemars(with = "Option<String>")]
        event_time: Option<Timestamp>,
        series: Option<EventSeries>,
        source: EventSource,
    }
    EventSeries {
        count: i32,
        #[schemars(with = "Option<String>")]
        last_observed_time: Option<Timestamp>,
    }
    EventSource { component: Option<String>, host: Option<String> }
    ObjectReference { kind: String, name: String, namespace: Option<String>, uid: Option<String> }

    ControllerRevision { metadata: Meta, revision: i64 }
    ConfigMap { metadata: Meta, data: BTreeMap<String, String> }

    /// Which probes of calico-node the cluster's own CustomResourceDefinition lets an Installation set.
    ProbeOverrides { liveness_probe: bool, readiness_probe: bool, startup_probe: bool }

    /// A custom resource of Calico or its operator; its shape differs by release, so it stays a tree.
    Custom {
        metadata: Meta,
        spec: Value,
        status: Value,
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum IntOrString {
    Int(i64),
    String(String),
}

impl std::fmt::Display for IntOrString {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int(number) => number.fmt(f),
            Self::String(text) => text.fmt(f),
        }
    }
}

/// The container that is Calico's own, in every flavour.
pub const CALICO_NODE: &str = "calico-node";

/// An init container that a table or an event tells of without its name.
pub const UNNAMED_INIT: &str = "(unnamed)";

impl PodSpec {
    pub fn calico_node(&self) -> Option<&Container> {
        self.containers.iter().find(|container| container.name == CALICO_NODE).map(Arc::as_ref)
    }

    pub fn calico_node_mut(&mut self) -> Option<&mut Container> {
        self.containers.iter_mut().find(|container| container.name == CALICO_NODE).map(Arc::make_mut)
    }
}

impl Pod {
    pub fn calico_node_status(&self) -> Option<&ContainerStatus> {
        self.status.container_statuses.iter().find(|status| status.name == CALICO_NODE)
    }

    /// What the kubelet puts where an environment refers to the pod; calico-node is on the host's network.
    pub fn field(&self, path: &str) -> Option<String> {
        match path {
            "status.hostIP" | "status.podIP" => self.status.host_ip.clone(),
            "spec.nodeName" => self.spec.node_name.clone(),
            "metadata.name" => Some(self.metadata.name.clone()),
            "metadata.namespace" => self.metadata.namespace.clone(),
            _ => None,
        }
    }

    /// All its containers have ended, and none is started again.
    pub fn has_ended(&self) -> bool {
        matches!(self.status.phase.as_str(), "Failed" | "Succeeded")
    }

    /// By the condition Ready, else by the containers; `None` where the pod has neither.
    pub fn is_ready(&self) -> Option<bool> {
        // the kubelet that ends a pod (Evicted, NodeShutdown) leaves no conditions
        if self.has_ended() {
            return Some(false);
        }
        let condition = self.status.conditions.iter().find(|condition| condition.r#type == "Ready");
        let by_containers = || {
            let statuses = &self.status.container_statuses;
            (!statuses.is_empty()).then(|| statuses.iter().all(|status| status.ready))
        };
        condition.map(|condition| condition.status == "True").or_else(by_containers)
    }

    /// The node that runs the pod, or, before it is scheduled, the one that the DaemonSet's controller wants it on.
    pub fn target_node(&self) -> Option<&str> {
        self.spec.node_name.as_deref().or_else(|| {
            let terms = &self.spec.affinity.node_affinity.required_during_scheduling_ignored_during_execution.node_selector_terms;
            let mut fields = terms.iter().flat_map(|term| &term.match_fields);
            fields.find(|field| field.key == "metadata.name" && field.operator == "In")?.values.first().map(String::as_str)
        })
    }
}

impl DaemonSet {
    /// Its controller has seen this generation.
    pub fn has_observed(&self, generation: i64) -> bool {
        self.status.observed_generation.is_some_and(|observed| observed >= generation)
    }
}

impl Node {
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.status.conditions.iter().find(|condition| condition.r#type == kind)
    }

    pub fn addresses(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.status.addresses.iter().filter(move |address| address.r#type == kind).map(|address| address.address.as_str())
    }
}

impl Event {
    pub fn times(&self) -> i32 {
        self.series.as_ref().map(|series| series.count).or(self.count).unwrap_or(1)
    }

    pub fn last_seen(&self) -> Option<Timestamp> {
        self.series
            .as_ref()
            .and_then(|series| series.last_observed_time)
            .or(self.last_timestamp)
            .or(self.event_time)
            .or(self.first_timestamp)
    }
}
