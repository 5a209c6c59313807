//! Nodes and pods as long lists have them. What `trim` would drop is passed over in the text, and what thousands of pods repeat is parsed
//! once. The result is the same as parsing the whole object and cutting it down with `trim`.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error};
use serde_json::value::RawValue;

use super::objects::{
    Affinity, CALICO_NODE, Condition, Container, ContainerStatus, Meta, Node, NodeAddress, NodeInfo, NodeSpec, NodeStatus, Pod, PodSpec,
    PodStatus,
};
use super::trim;

pub fn node<'de, D: Deserializer<'de>>(object: D) -> Result<Node, D::Error> {
    let ListedNode { metadata, spec, status } = ListedNode::deserialize(object)?;
    let status = status.unwrap_or_default();
    let mut node = Node {
        metadata: metadata.unwrap_or_default(),
        spec: spec.unwrap_or_default(),
        status: NodeStatus {
            addresses: status.addresses.unwrap_or_default(),
            conditions: conditions(status.conditions, trim::tells_of_node).map_err(D::Error::custom)?,
            node_info: status.node_info.unwrap_or_default(),
        },
    };
    trim::node(&mut node);
    Ok(node)
}

/// Reads the pods of one list, one after another.
#[derive(Clone, Default)]
pub struct PodReader {
    /// The newest last.
    containers: Vec<ReadContainer>,
}

/// While a rollout goes on, a DaemonSet has pods of two templates.
const MOST_TEMPLATES: usize = 2;

#[derive(Clone)]
struct ReadContainer {
    text: [String; 5],
    container: Arc<Container>,
}

impl PodReader {
    /// `None` for a pod that is not wanted.
    pub fn read<'de, D: Deserializer<'de>>(&mut self, object: D, is_wanted: impl Fn(&Meta) -> bool) -> Result<Option<Pod>, D::Error> {
        let ListedPod { metadata, spec, status } = ListedPod::deserialize(object)?;
        let metadata = metadata.unwrap_or_default();
        if is_wanted(&metadata) {
            self.pod(metadata, spec.unwrap_or_default(), status.unwrap_or_default()).map(Some).map_err(D::Error::custom)
        } else {
            Ok(None)
        }
    }

    fn pod(&mut self, metadata: Meta, spec: ListedPodSpec, status: ListedPodStatus) -> Result<Pod, serde_json::Error> {
        let mut pod = Pod {
            metadata,
            spec: PodSpec {
                // It only says where a pod is to go.
                affinity: if spec.node_name.is_none() { parsed(spec.affinity)? } else { Affinity::default() },
                node_name: spec.node_name,
                service_account_name: spec.service_account_name,
                host_network: spec.host_network,
                containers: Vec::new(),
                volumes: Vec::new(),
            },
            status: PodStatus {
                phase: status.phase.unwrap_or_default(),
                reason: status.reason,
                message: status.message,
                host_ip: status.host_ip,
                start_time: status.start_time,
                conditions: conditions(status.conditions, trim::tells_of_pod)?,
                container_statuses: status.container_statuses.unwrap_or_default(),
                init_container_statuses: init_container_statuses(status.init_container_statuses)?,
            },
        };
        trim::pod(&mut pod);
        let calico_node = spec
            .containers
            .unwrap_or_default()
            .into_iter()
            .find(|container| container.name.as_ref().is_some_and(|name| name.0 == CALICO_NODE));
        pod.spec.containers = calico_node.map(|container| self.container(container)).transpose()?.into_iter().collect();
        Ok(pod)
    }

    fn container(&mut self, listed: ListedContainer) -> Result<Arc<Container>, serde_json::Error> {
        let ListedContainer { name: _, image, env, liveness_probe, readiness_probe, startup_probe } = listed;
        let text = [image, env, liveness_probe, readiness_probe, startup_probe].map(|part| part.map_or("", RawValue::get));
        if let Some(read) = self.containers.iter().rev().find(|read| read.text == text) {
            return Ok(read.container.clone());
        }
        let container = Container {
            name: CALICO_NODE.to_owned(),
            image: parsed(image)?,
            env: parsed(env)?,
            liveness_probe: parsed(liveness_probe)?,
            readiness_probe: parsed(readiness_probe)?,
            startup_probe: parsed(startup_probe)?,
            ..Container::default()
        };
        let mut pod = Pod { spec: PodSpec { containers: vec![Arc::new(container)], ..PodSpec::default() }, ..Pod::default() };
        trim::pod(&mut pod);
        let container = pod.spec.containers.pop().unwrap_or_default();
        if self.containers.len() == MOST_TEMPLATES {
            self.containers.remove(0);
        }
        self.containers.push(ReadContainer { text: text.map(str::to_owned), container: container.clone() });
        Ok(container)
    }
}

/// A value of which the text was kept; `null` and what is not there are the default.
fn parsed<T: DeserializeOwned + Default>(text: Option<&RawValue>) -> Result<T, serde_json::Error> {
    let value: Option<T> = text.map_or(Ok(None), |text| serde_json::from_str(text.get()))?;
    Ok(value.unwrap_or_default())
}

fn conditions(listed: Option<Vec<ListedCondition>>, is_kept: impl Fn(&str, &str) -> bool) -> Result<Vec<Condition>, serde_json::Error> {
    let mut kept = Vec::new();
    for condition in listed.into_iter().flatten() {
        let (kind, status) = (condition.r#type.unwrap_or_default().0, condition.status.unwrap_or_default().0);
        if is_kept(&kind, &status) {
            kept.push(Condition {
                r#type: kind.into_owned(),
                status: status.into_owned(),
                reason: parsed(condition.reason)?,
                message: parsed(condition.message)?,
                last_transition_time: parsed(condition.last_transition_time)?,
                last_heartbeat_time: parsed(condition.last_heartbeat_time)?,
                observed_generation: condition.observed_generation,
            });
        }
    }
    Ok(kept)
}

fn init_container_statuses(listed: Option<Vec<&RawValue>>) -> Result<Vec<ContainerStatus>, serde_json::Error> {
    let mut kept = Vec::new();
    for status in listed.into_iter().flatten() {
        let ListedStatus { state } = serde_json::from_str(status.get())?;
        let ended = state.unwrap_or_default().terminated;
        if ended.is_none_or(|ended| trim::has_failed(ended.exit_code.unwrap_or_default())) {
            kept.push(serde_json::from_str(status.get())?);
        }
    }
    Ok(kept)
}

/// Borrowed from the list, unless a letter of it is escaped.
#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Declares what is read of an object at first. All of it may be missing or `null`.
macro_rules! listed {
    ($($name:ident { $($(#[$inner:meta])* $field:ident: $type:ty),* $(,)? })*) => {$(
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct $name<'a> { $($(#[$inner])* $field: Option<$type>,)* }
    )*};
}

listed! {
    ListedNode { metadata: Meta, spec: NodeSpec, #[serde(borrow)] status: ListedNodeStatus<'a> }
    ListedNodeStatus { addresses: Vec<NodeAddress>, #[serde(borrow)] conditions: Vec<ListedCondition<'a>>, node_info: NodeInfo }
    ListedCondition {
        #[serde(borrow)]
        r#type: Text<'a>,
        #[serde(borrow)]
        status: Text<'a>,
        #[serde(borrow)]
        reason: &'a RawValue,
        #[serde(borrow)]
        message: &'a RawValue,
        #[serde(borrow)]
        last_transition_time: &'a RawValue,
        #[serde(borrow)]
        last_heartbeat_time: &'a RawValue,
        observed_generation: i64,
    }
    ListedPod { metadata: Meta, #[serde(borrow)] spec: ListedPodSpec<'a>, #[serde(borrow)] status: ListedPodStatus<'a> }
    ListedPodSpec {
        node_name: String,
        service_account_name: String,
        host_network: bool,
        #[serde(borrow)]
        affinity: &'a RawValue,
        #[serde(borrow)]
        containers: Vec<ListedContainer<'a>>,
    }
    ListedContainer {
        #[serde(borrow)]
        name: Text<'a>,
        #[serde(borrow)]
        image: &'a RawValue,
        #[serde(borrow)]
        env: &'a RawValue,
        #[serde(borrow)]
        liveness_probe: &'a RawValue,
        #[serde(borrow)]
        readiness_probe: &'a RawValue,
        #[serde(borrow)]
        startup_probe: &'a RawValue,
    }
    ListedPodStatus {
        phase: String,
        reason: String,
        message: String,
        #[serde(rename = "hostIP")]
        host_ip: String,
        start_time: Timestamp,
        #[serde(borrow)]
        conditions: Vec<ListedCondition<'a>>,
        container_statuses: Vec<ContainerStatus>,
        #[serde(borrow)]
        init_container_statuses: Vec<&'a RawValue>,
    }
}

#[derive(Default, Deserialize)]
struct ListedStatus {
    state: Option<ListedState>,
}

#[derive(Default, Deserialize)]
struct ListedState {
    terminated: Option<ListedEnd>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedEnd {
    exit_code: Option<i32>,
}

#[cfg(test)]
mod tests;
