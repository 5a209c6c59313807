//! The DaemonSet that follows from an Installation (operator pkg/render/node.go).

use serde_json::{Map, Value, json};

use crate::api::Operator as Edition;

const CONTAINER: &str = "calico-node";
const PROBES: &[&str] = &["livenessProbe", "readinessProbe", "startupProbe"];
const TIMINGS: &[&str] = &["initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold"];

/// An Installation's spec with the defaults that matter here.
pub(super) fn filled(spec: &Value) -> Value {
    let mut spec = spec.clone();
    if spec["calicoNetwork"]["nodeAddressAutodetectionV4"].is_null() {
        spec["calicoNetwork"]["nodeAddressAutodetectionV4"] = json!({"firstFound": true});
    }
    let strategy = &mut spec["nodeUpdateStrategy"];
    if strategy["type"].as_str().is_none_or(str::is_empty) {
        strategy["type"] = "RollingUpdate".into();
    }
    if strategy["rollingUpdate"]["maxUnavailable"].is_null() {
        strategy["rollingUpdate"]["maxUnavailable"] = 1.into();
    }
    spec
}

/// Each field of the overlay replaces the whole one; of `calicoNetwork` each of its own.
pub(super) fn overlaid(spec: &Value, overlay: &Value) -> Value {
    let mut whole = spec.clone();
    for (key, value) in overlay.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        match (key.as_str(), value.as_object()) {
            ("calicoNetwork" | "calicoNodeDaemonSet", Some(fields)) => {
                for (field, value) in fields {
                    whole[key][field] = value.clone();
                }
            }
            _ => whole[key] = value.clone(),
        }
    }
    whole
}

/// What the detection of one family asks for, as calico-node's variable says it.
pub(super) fn methods(detection: &Value) -> Vec<String> {
    let text = |field: &str| detection[field].as_str().filter(|text| !text.is_empty());
    let cidrs: Vec<_> = detection["cidrs"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let found = [
        (detection["firstFound"] == true).then(|| "first-found".to_string()),
        text("interface").map(|names| format!("interface={names}")),
        text("skipInterface").map(|names| format!("skip-interface={names}")),
        text("canReach").map(|target| format!("can-reach={target}")),
        (!cidrs.is_empty()).then(|| format!("cidr={}", cidrs.join(","))),
        text("kubernetes").map(|_| "kubernetes-internal-ip".to_string()),
    ];
    found.into_iter().flatten().collect()
}

/// `spec` of the DaemonSet: `base` with what the Installation decides.
pub(super) fn daemonset(base: &Value, installation: &Value, edition: Edition) -> Value {
    let mut spec = base.clone();
    let mut rolling = installation["nodeUpdateStrategy"]["rollingUpdate"].clone();
    if rolling["maxSurge"].is_null() {
        rolling["maxSurge"] = 0.into();
    }
    spec["updateStrategy"] = json!({"type": "RollingUpdate", "rollingUpdate": rolling});
    let overrides = &installation["calicoNodeDaemonSet"]["spec"];
    if let Some(wait) = overrides["minReadySeconds"].as_i64() {
        spec["minReadySeconds"] = wait.into();
    }
    let network = &installation["calicoNetwork"];
    let containers = spec["template"]["spec"]["containers"].as_array_mut();
    if let Some(container) = containers.into_iter().flatten().find(|container| container["name"] == CONTAINER) {
        if let Some(env) = container["env"].as_array_mut() {
            detection(env, "IP", "IP_AUTODETECTION_METHOD", &network["nodeAddressAutodetectionV4"]);
            let v6 = detection(env, "IP6", "IP6_AUTODETECTION_METHOD", &network["nodeAddressAutodetectionV6"]);
            set(env, "FELIX_IPV6SUPPORT", if v6 { "true" } else { "false" }, None);
        }
        let own = overrides["template"]["spec"]["containers"].as_array();
        if let Some(own) = own.into_iter().flatten().find(|own| own["name"] == CONTAINER).and_then(Value::as_object) {
            adjust(container, own, edition);
        }
    }
    spec
}

/// True when the family is detected at all.
fn detection(env: &mut Vec<Value>, address: &str, method: &str, asked: &Value) -> bool {
    let found = methods(asked).into_iter().next();
    set(env, address, if found.is_some() { "autodetect" } else { "none" }, None);
    match &found {
        Some(found) => set(env, method, found, Some(address)),
        None => env.retain(|entry| entry["name"] != method),
    }
    found.is_some()
}

fn set(env: &mut Vec<Value>, name: &str, value: &str, after: Option<&str>) {
    let variable = json!({"name": name, "value": value});
    match env.iter().position(|entry| entry["name"] == name) {
        Some(at) => env[at] = variable,
        None => {
            let at = after.and_then(|after| env.iter().position(|entry| entry["name"] == after)).map_or(env.len(), |at| at + 1);
            env.insert(at, variable);
        }
    }
}

/// An override of the container: resources, and probe timings where the operator knows them.
fn adjust(container: &mut Value, own: &Map<String, Value>, edition: Edition) {
    if let Some(resources) = own.get("resources") {
        container["resources"] = resources.clone();
    }
    let probes = PROBES.iter().filter(|_| edition == Edition::Master).filter_map(|probe| Some((probe, own.get(*probe)?)));
    for (probe, asked) in probes.filter(|(_, asked)| asked.is_object()) {
        for timing in TIMINGS.iter().filter(|timing| !asked[**timing].is_null()) {
            container[*probe][*timing] = asked[*timing].clone();
        }
    }
}
