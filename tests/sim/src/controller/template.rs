//! The pod a DaemonSet makes for one node.

use serde_json::{Value, json};

use super::revision::{HASH, owner};
use super::text;

const GENERATION: &str = "deprecated.daemonset.template.generation";

/// Added to every daemon's tolerations, in this order.
const TOLERATED: &[(&str, &str)] = &[
    ("not-ready", "NoExecute"),
    ("unreachable", "NoExecute"),
    ("disk-pressure", "NoSchedule"),
    ("memory-pressure", "NoSchedule"),
    ("pid-pressure", "NoSchedule"),
    ("unschedulable", "NoSchedule"),
];

pub(super) fn pod(daemonset: &Value, hash: &str, node: &str) -> Value {
    let template = &daemonset["spec"]["template"];
    let mut metadata = json!({
        "generateName": format!("{}-", text(daemonset, "name")),
        "namespace": text(daemonset, "namespace"),
        "labels": template["metadata"]["labels"],
        "ownerReferences": [owner(daemonset)],
    });
    metadata["labels"][HASH] = hash.into();
    if let Some(generation) = daemonset["metadata"]["annotations"][GENERATION].as_str() {
        metadata["labels"]["pod-template-generation"] = generation.into();
    }
    if template["metadata"]["annotations"].is_object() {
        metadata["annotations"] = template["metadata"]["annotations"].clone();
    }
    let mut spec = template["spec"].clone();
    let term = json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]});
    spec["affinity"] = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}});
    let network = (spec["hostNetwork"] == true).then_some(("network-unavailable", "NoSchedule"));
    let mut tolerations = spec["tolerations"].as_array().cloned().unwrap_or_default();
    for (key, effect) in TOLERATED.iter().copied().chain(network) {
        tolerations.push(json!({"key": format!("node.kubernetes.io/{key}"), "operator": "Exists", "effect": effect}));
    }
    spec["tolerations"] = tolerations.into();
    json!({"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": spec, "status": {"phase": "Pending", "qosClass": "Burstable"}})
}

/// The node a daemon's pod is meant for, bound or not.
pub(super) fn node_of(pod: &Value) -> Option<&str> {
    let terms = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/matchFields/0/values/0";
    pod["spec"]["nodeName"].as_str().or_else(|| pod.pointer(terms)?.as_str())
}
