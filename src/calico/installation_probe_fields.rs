//! What the served CustomResourceDefinition `installations.operator.tigera.io` lets one set of calico-node's probes.
//!
//! The operator's release does not tell: patches were taken over into older branches, and the definition may be older than the operator.

use serde_json::Value;

use crate::snapshot::objects::{CALICO_NODE, ProbeOverrides};

pub const DEFINITION: &str = "installations.operator.tigera.io";

/// Below the schema of the whole object (operator api/v1/calico_node_types.go).
const CONTAINER: &str = "/properties/spec/properties/calicoNodeDaemonSet/properties/spec/properties/template/properties/spec/properties/containers/items/properties";

/// Of the version that is served and stored; a definition without a schema says nothing.
pub fn of_definition(definition: &Value) -> Option<ProbeOverrides> {
    let versions = definition.pointer("/spec/versions")?.as_array()?;
    let is = |version: &Value, field: &str| version[field].as_bool() == Some(true);
    let served = versions
        .iter()
        .find(|version| is(version, "served") && is(version, "storage"))
        .or_else(|| versions.iter().find(|version| is(version, "served")))?;
    let schema = served.pointer("/schema/openAPIV3Schema")?;
    let container = schema.pointer(CONTAINER).filter(|container| takes_calico_node(container));
    let has =
        |probe: &str| container.is_some_and(|container| container.pointer(&format!("/{probe}/properties/failureThreshold")).is_some());
    Some(ProbeOverrides {
        liveness_probe: has("livenessProbe"),
        readiness_probe: has("readinessProbe"),
        startup_probe: has("startupProbe"),
    })
}

fn takes_calico_node(container: &Value) -> bool {
    container.pointer("/name/enum").and_then(Value::as_array).is_none_or(|names| names.iter().any(|name| name == CALICO_NODE))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition(container: Value) -> Value {
        let mut schema = json!({"items": {"properties": container}});
        for part in ["containers", "spec", "template", "spec", "calicoNodeDaemonSet", "spec"] {
            schema = json!({"properties": {part: schema}});
        }
        let old = json!({"name": "v1beta1", "served": false, "storage": false});
        json!({"spec": {"versions": [old, {"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]}})
    }

    #[test]
    fn each_release_has_its_own_fields() {
        let probe = json!({"properties": {"failureThreshold": {}, "periodSeconds": {}}});
        let name = json!({"enum": ["calico-node"]});
        for (container, expected) in [
            // 1.28: resources alone.
            (json!({"name": name, "resources": {}}), (false, false, false)),
            (json!({"name": name, "livenessProbe": probe, "readinessProbe": probe}), (true, true, false)),
            (json!({"name": name, "livenessProbe": probe, "readinessProbe": probe, "startupProbe": probe}), (true, true, true)),
            (json!({"name": {"enum": ["other"]}, "livenessProbe": probe}), (false, false, false)),
        ] {
            let found = of_definition(&definition(container)).expect("a definition");
            assert_eq!((found.liveness_probe, found.readiness_probe, found.startup_probe), expected);
        }
        for nothing in [json!({}), json!({"spec": {"versions": []}}), json!({"spec": {"versions": [{"served": true}]}}), json!(3)] {
            assert_eq!(of_definition(&nothing), None, "{nothing}");
        }
    }
}
