//! Pod templates: the defaults the API server fills in and the checks it makes, for the fields the plugin and kubectl touch.

use serde_json::{Value, json};

use super::status::Failure;
use crate::kinds::Kind;

/// Field, reason and message of one complaint.
pub(super) type Cause = (String, &'static str, String);

const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];
const PROBE_NUMBERS: [&str; 5] = ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];

/// Where a kind has its pod spec.
fn pod_spec(kind: &Kind) -> Option<&'static str> {
    match kind.kind {
        "Pod" => Some("/spec"),
        "DaemonSet" | "Deployment" | "ReplicaSet" => Some("/spec/template/spec"),
        _ => None,
    }
}

fn fill(object: &mut Value, key: &str, value: Value) {
    if let Some(map) = object.as_object_mut()
        && map.get(key).is_none_or(Value::is_null)
    {
        map.insert(key.into(), value);
    }
}

fn each<'a>(spec: &'a mut Value, list: &str) -> impl Iterator<Item = &'a mut Value> + use<'a> {
    spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten()
}

pub(super) fn set_defaults(kind: &Kind, object: &mut Value) {
    if kind.kind == "DaemonSet" {
        fill(object, "spec", json!({}));
        let spec = &mut object["spec"];
        fill(spec, "revisionHistoryLimit", 10.into());
        fill(spec, "updateStrategy", json!({}));
        let strategy = &mut spec["updateStrategy"];
        fill(strategy, "type", "RollingUpdate".into());
        if strategy["type"] == "RollingUpdate" {
            fill(strategy, "rollingUpdate", json!({}));
            fill(&mut strategy["rollingUpdate"], "maxSurge", 0.into());
            fill(&mut strategy["rollingUpdate"], "maxUnavailable", 1.into());
        }
    }
    let Some(spec) = pod_spec(kind).and_then(|path| object.pointer_mut(path)) else { return };
    for (key, value) in [
        ("restartPolicy", json!("Always")),
        ("terminationGracePeriodSeconds", json!(30)),
        ("dnsPolicy", json!("ClusterFirst")),
        ("securityContext", json!({})),
        ("schedulerName", json!("default-scheduler")),
    ] {
        fill(spec, key, value);
    }
    for list in ["containers", "initContainers"] {
        each(spec, list).for_each(default_container);
    }
}

fn default_container(container: &mut Value) {
    let latest = container["image"].as_str().is_some_and(|image| image.ends_with(":latest") || !image.contains(':'));
    fill(container, "terminationMessagePath", "/dev/termination-log".into());
    fill(container, "terminationMessagePolicy", "File".into());
    fill(container, "imagePullPolicy", if latest { "Always" } else { "IfNotPresent" }.into());
    fill(container, "resources", json!({}));
    for variable in each(container, "env") {
        if let Some(field) = variable.pointer_mut("/valueFrom/fieldRef") {
            fill(field, "apiVersion", "v1".into());
        }
    }
    for port in each(container, "ports") {
        fill(port, "protocol", "TCP".into());
    }
    for probe in PROBES {
        let Some(probe) = container.get_mut(probe).filter(|probe| probe.is_object()) else { continue };
        for (key, value) in [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)] {
            // Zero is "not set" to the API's defaults.
            if probe[key] == 0 {
                probe[key] = Value::Null;
            }
            fill(probe, key, value.into());
        }
        if let Some(get) = probe.get_mut("httpGet").filter(|get| get.is_object()) {
            fill(get, "scheme", "HTTP".into());
        }
    }
}

/// What the decoder says of a number that is text, or the other way round, in the fields that people patch.
pub(super) fn mistyped(kind: &Kind, object: &Value) -> Option<&'static str> {
    let spec = object.pointer(pod_spec(kind)?)?;
    let containers = ["containers", "initContainers"].iter().flat_map(|list| spec[*list].as_array().into_iter().flatten());
    for container in containers {
        let variables = container["env"].as_array().into_iter().flatten().flat_map(|variable| [&variable["name"], &variable["value"]]);
        if variables.chain([&container["image"]]).any(|text| !text.is_string() && !text.is_null()) {
            return Some("unrecognized type: string");
        }
        let numbers = PROBES.iter().flat_map(|probe| PROBE_NUMBERS.iter().map(move |key| &container[*probe][*key]));
        if numbers.into_iter().any(|number| !number.is_i64() && !number.is_null()) {
            return Some("unrecognized type: int32");
        }
    }
    None
}

/// `old` is `None` on creation.
pub(super) fn validate(kind: &Kind, old: Option<&Value>, object: &Value) -> Result<(), Failure> {
    let Some(path) = pod_spec(kind) else { return Ok(()) };
    let mut causes = Vec::new();
    if let Some(spec) = object.pointer(path) {
        check_pod_spec(&path[1..].replace('/', "."), spec, &mut causes);
    }
    if kind.kind == "DaemonSet" {
        check_daemon_set(old, object, &mut causes);
    }
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    if causes.is_empty() { Ok(()) } else { Err(Failure::invalid(kind, name, &causes)) }
}

fn check_pod_spec(at: &str, spec: &Value, causes: &mut Vec<Cause>) {
    if spec["containers"].as_array().is_none_or(Vec::is_empty) {
        causes.push((format!("{at}.containers"), "FieldValueRequired", "Required value".into()));
    }
    for list in ["initContainers", "containers"] {
        let mut names = Vec::new();
        for (number, container) in spec[list].as_array().into_iter().flatten().enumerate() {
            let at = format!("{at}.{list}[{number}]");
            for key in ["name", "image"] {
                if container[key].as_str().is_none_or(str::is_empty) {
                    causes.push((format!("{at}.{key}"), "FieldValueRequired", "Required value".into()));
                }
            }
            if names.contains(&&container["name"]) {
                causes.push((format!("{at}.name"), "FieldValueDuplicate", format!("Duplicate value: {}", container["name"])));
            }
            names.push(&container["name"]);
            check_env(&at, container, causes);
            PROBES.iter().for_each(|probe| check_probe(&format!("{at}.{probe}"), probe, &container[*probe], causes));
        }
    }
}

fn check_env(at: &str, container: &Value, causes: &mut Vec<Cause>) {
    for (number, variable) in container["env"].as_array().into_iter().flatten().enumerate() {
        let at = format!("{at}.env[{number}]");
        if variable["name"].as_str().is_none_or(str::is_empty) {
            causes.push((format!("{at}.name"), "FieldValueRequired", "Required value".into()));
        }
        if variable["valueFrom"].is_object() && variable["value"].as_str().is_some_and(|value| !value.is_empty()) {
            let message = "Invalid value: \"\": may not be specified when `value` is not empty";
            causes.push((format!("{at}.valueFrom"), "FieldValueInvalid", message.into()));
        }
    }
}

fn check_probe(at: &str, which: &str, probe: &Value, causes: &mut Vec<Cause>) {
    if !probe.is_object() {
        return;
    }
    let handlers = ["exec", "httpGet", "tcpSocket", "grpc"].iter().filter(|handler| probe[**handler].is_object()).count();
    if handlers == 0 {
        causes.push((at.to_string(), "FieldValueRequired", "Required value: must specify a handler type".into()));
    }
    for key in PROBE_NUMBERS {
        if let Some(number) = probe[key].as_i64().filter(|number| *number < 0) {
            causes.push((
                format!("{at}.{key}"),
                "FieldValueInvalid",
                format!("Invalid value: {number}: must be greater than or equal to 0"),
            ));
        }
    }
    if let Some(number) = probe["successThreshold"].as_i64().filter(|number| which != "readinessProbe" && *number > 1) {
        causes.push((format!("{at}.successThreshold"), "FieldValueInvalid", format!("Invalid value: {number}: must be 1")));
    }
}

fn check_daemon_set(old: Option<&Value>, object: &Value, causes: &mut Vec<Cause>) {
    let spec = &object["spec"];
    let labels = &spec["template"]["metadata"]["labels"];
    let selected = spec["selector"]["matchLabels"].as_object().into_iter().flatten().all(|(key, value)| labels[key] == *value);
    if !selected {
        let message = format!("Invalid value: {labels}: `selector` does not match template `labels`");
        causes.push(("spec.template.metadata.labels".into(), "FieldValueInvalid", message));
    }
    if old.is_some_and(|old| old["spec"]["selector"] != spec["selector"]) {
        let message = format!("Invalid value: {}: field is immutable", spec["selector"]);
        causes.push(("spec.selector".into(), "FieldValueInvalid", message));
    }
    let strategy = &spec["updateStrategy"];
    match strategy["type"].as_str() {
        Some("OnDelete") => {}
        Some("RollingUpdate") => {
            let rolling = &strategy["rollingUpdate"];
            let zero = |value: &Value| matches!(value, Value::Null) || *value == 0 || *value == "0%";
            if zero(&rolling["maxUnavailable"]) && zero(&rolling["maxSurge"]) {
                let message = format!("Invalid value: {}: cannot be 0 when maxSurge is 0", rolling["maxUnavailable"]);
                causes.push(("spec.updateStrategy.rollingUpdate.maxUnavailable".into(), "FieldValueInvalid", message));
            }
        }
        other => {
            let message = format!("Unsupported value: {:?}: supported values: \"OnDelete\", \"RollingUpdate\"", other.unwrap_or_default());
            causes.push(("spec.updateStrategy.type".into(), "FieldValueNotSupported", message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn daemon_set(probe: Value) -> Value {
        let container = json!({"name": "calico-node", "image": "i:v1", "livenessProbe": probe});
        let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}});
        json!({"metadata": {"name": "calico-node"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}})
    }

    fn complaint(mut object: Value) -> Option<String> {
        let kind = Kind::named("DaemonSet").expect("known");
        set_defaults(kind, &mut object);
        validate(kind, None, &object).err().map(|failure| failure.message().to_string())
    }

    #[test]
    fn probes_are_checked_as_recorded() {
        let good = json!({"exec": {"command": ["x"]}, "periodSeconds": 0});
        assert_eq!(complaint(daemon_set(good)), None);
        let recorded = "DaemonSet.apps \"calico-node\" is invalid: spec.template.spec.containers[0].livenessProbe.initialDelaySeconds: \
                        Invalid value: -5: must be greater than or equal to 0";
        assert_eq!(complaint(daemon_set(json!({"exec": {}, "initialDelaySeconds": -5}))).as_deref(), Some(recorded));
        let two = complaint(daemon_set(json!({"successThreshold": 2}))).expect("refused");
        assert!(
            two.contains("is invalid: [spec.") && two.contains("must specify a handler type, ") && two.ends_with(": must be 1]"),
            "{two}"
        );
    }

    #[test]
    fn an_update_strategy_is_checked_and_filled_in() {
        let mut object = daemon_set(json!({"exec": {}}));
        object["spec"]["updateStrategy"] = json!({"type": "Sometimes"});
        let why = complaint(object.clone()).expect("refused");
        assert!(
            why.ends_with("updateStrategy.type: Unsupported value: \"Sometimes\": supported values: \"OnDelete\", \"RollingUpdate\""),
            "{why}"
        );
        object["spec"]["updateStrategy"] = json!({"rollingUpdate": {"maxUnavailable": 0}});
        assert!(complaint(object.clone()).expect("refused").ends_with("cannot be 0 when maxSurge is 0"));
        object["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
        assert_eq!(complaint(object), None);
    }
}
