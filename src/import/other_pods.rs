//! Pods of other programs: which node each is on, for events about it that do not say, and whether it has its network.

use std::collections::{BTreeMap, BTreeSet};

use crate::calico::cni_failure;
use crate::snapshot::objects::{Event, ObjectReference, Pod};

/// Events about other pods that are kept, the newest first.
const MAX_KEPT: usize = 2_000;

type Name = (Option<String>, String);

#[derive(Default)]
pub(super) struct OtherPods {
    /// Of pods that are not ready.
    nodes: BTreeMap<Name, String>,
    ready: BTreeSet<Name>,
}

impl OtherPods {
    pub(super) fn take(&mut self, pod: &Pod) {
        let is_ready = pod.is_ready() == Some(true);
        self.tell(pod.metadata.namespace.as_deref(), &pod.metadata.name, is_ready, pod.spec.node_name.as_deref());
    }

    pub(super) fn tell(&mut self, namespace: Option<&str>, name: &str, is_ready: bool, node: Option<&str>) {
        let name = (namespace.map(str::to_owned), name.to_owned());
        if is_ready {
            self.ready.insert(name);
        } else if let Some(node) = node {
            self.nodes.insert(name, node.to_owned());
        }
    }

    pub(super) fn extend(&mut self, more: Self) {
        self.nodes.extend(more.nodes);
        self.ready.extend(more.ready);
    }

    /// Of failures of the network plugin those that no ready pod has outlived, with their nodes.
    pub(super) fn sort_out(&self, events: &mut Vec<Event>) {
        let mut failures: Vec<Event> = events.extract_if(.., |event| is_of_other_pod(event)).collect();
        failures.retain(|event| !self.ready.contains(&name_of(&event.involved_object)));
        for event in failures.iter_mut().filter(|event| event.source.host.as_deref().is_none_or(str::is_empty)) {
            event.source.host = self.nodes.get(&name_of(&event.involved_object)).cloned();
        }
        failures.sort_by_key(|event| std::cmp::Reverse(event.last_seen()));
        failures.truncate(MAX_KEPT);
        events.extend(failures);
    }
}

fn name_of(object: &ObjectReference) -> Name {
    (object.namespace.clone(), object.name.clone())
}

/// The network plugin failed for a pod that is not a calico-node.
pub(super) fn is_of_other_pod(event: &Event) -> bool {
    !cni_failure::is_calico_node(&event.involved_object.name) && cni_failure::is_cni_failure(event)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(pod: &str, host: Option<&str>) -> Event {
        let message = "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox \"ab\": plugin \
                       type=\"calico\" failed (add): Unauthorized";
        serde_json::from_value(json!({"involvedObject": {"kind": "Pod", "namespace": "shop", "name": pod},
            "reason": "FailedCreatePodSandBox", "message": message, "source": {"host": host}}))
        .expect("an event")
    }

    fn pod(name: &str, ready: &str) -> Pod {
        serde_json::from_value(json!({"metadata": {"namespace": "shop", "name": name}, "spec": {"nodeName": "node-2"},
            "status": {"conditions": [{"type": "Ready", "status": ready}]}}))
        .expect("a pod")
    }

    #[test]
    fn a_ready_pod_has_outlived_its_failures_and_a_waiting_one_names_the_node() {
        let mut pods = OtherPods::default();
        pods.take(&pod("web-1", "True"));
        pods.take(&pod("web-2", "False"));
        let mut events = vec![event("web-1", None), event("web-2", None), event("web-3", Some("node-3")), event("web-4", None)];
        pods.sort_out(&mut events);
        let left: Vec<_> = events.iter().map(|event| (event.involved_object.name.as_str(), event.source.host.as_deref())).collect();
        assert_eq!(left, [("web-2", Some("node-2")), ("web-3", Some("node-3")), ("web-4", None)]);
    }
}
