//! The fields that this program may change, and the check of every patch that this process did not make itself.
//!
//! A patch is judged by its effect: the object before and after must be equal once the owned fields are removed from both.
//! So no directive, list or path of a forged record can reach another field.

use serde_json::{Map, Value};

use super::target::Target;
use super::undo_record::ANNOTATION;
use crate::calico::log_level::IGNORE;
use crate::snapshot::objects::CALICO_NODE;
use crate::text;

/// Detection (`IP`, `IP6`, their methods) and the level of the startup log.
const VARIABLES: [&str; 5] = ["IP", "IP6", "IP_AUTODETECTION_METHOD", "IP6_AUTODETECTION_METHOD", "CALICO_STARTUP_LOGLEVEL"];
const PROBES: [&str; 3] = ["startupProbe", "livenessProbe", "readinessProbe"];
const TIMING: [&str; 6] =
    ["initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold", "terminationGracePeriodSeconds"];
/// Of an Installation's `calicoNetwork`.
const METHOD_FIELDS: [&str; 2] = ["nodeAddressAutodetectionV4", "nodeAddressAutodetectionV6"];
/// operator/v1 `NodeAddressAutodetection`.
const METHODS: [&str; 6] = ["firstFound", "kubernetes", "interface", "skipInterface", "canReach", "cidrs"];
/// Flags of `calico-node` in the probes of Calico's own manifests.
const HEALTH_FLAGS: [&str; 6] = ["-felix-live", "-bird-live", "-bird6-live", "-felix-ready", "-bird-ready", "-bird6-ready"];

/// The patch changes something that this program never changes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it would change {0}, which this plugin never changes")]
pub struct NotOwned(pub String);

/// Refuses a patch that changes anything but owned fields, or gives one of them a value of another kind.
pub fn check(target: &Target, object: &Value, patch: &Value) -> Result<(), NotOwned> {
    directives("", patch)?;
    let mut after = object.clone();
    target.patch_kind().apply(&mut after, patch);
    match difference("", &without_owned(target, object), &without_owned(target, &after)) {
        Some(path) => Err(NotOwned(text::truncate(&text::clean(path.trim_start_matches('.')), 120).into_owned())),
        None => values(target, object, &after),
    }
}

/// Directives of a strategic patch that this program does not send; the only one sent deletes a variable.
fn directives(field: &str, patch: &Value) -> Result<(), NotOwned> {
    match patch {
        Value::Object(fields) => fields.iter().try_for_each(|(key, value)| {
            let deletes_variable = field == "env" && key == "$patch" && value == "delete";
            if key.starts_with('$') && !deletes_variable { Err(NotOwned(key.clone())) } else { directives(key, value) }
        }),
        Value::Array(items) => items.iter().try_for_each(|item| directives(field, item)),
        _ => Ok(()),
    }
}

fn without_owned(target: &Target, object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.retain(|key, _| key != ANNOTATION && key != IGNORE);
    }
    match target {
        Target::DaemonSet { .. } => {
            if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
                spec.remove("updateStrategy");
            }
            if let Some(container) = calico_node(object.pointer_mut("/spec/template/spec/containers")) {
                container.retain(|key, _| !PROBES.contains(&key.as_str()));
                if let Some(env) = container.get_mut("env").and_then(Value::as_array_mut) {
                    env.retain(|variable| !variable["name"].as_str().is_some_and(|name| VARIABLES.contains(&name)));
                }
            }
        }
        Target::Installation { .. } => {
            if let Some(network) = object.pointer_mut("/spec/calicoNetwork").and_then(Value::as_object_mut) {
                network.retain(|key, _| !METHOD_FIELDS.contains(&key.as_str()));
            }
            if let Some(container) = calico_node(object.pointer_mut("/spec/calicoNodeDaemonSet/spec/template/spec/containers")) {
                container.retain(|key, _| !PROBES.contains(&key.as_str()) && key != "name");
            }
        }
    }
    prune(&mut object);
    object
}

fn calico_node(containers: Option<&mut Value>) -> Option<&mut Map<String, Value>> {
    let found = containers?.as_array_mut()?.iter_mut().find(|container| container["name"] == CALICO_NODE);
    found.and_then(Value::as_object_mut)
}

/// Parents that were made for an owned field alone count for nothing.
fn prune(value: &mut Value) {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(prune);
            fields.retain(|_, value| !is_empty(value));
        }
        Value::Array(items) => {
            items.iter_mut().for_each(prune);
            items.retain(|item| !is_empty(item));
        }
        _ => {}
    }
}

/// The path of the first difference.
fn difference(path: &str, before: &Value, after: &Value) -> Option<String> {
    match (before, after) {
        (before, after) if before == after => None,
        (Value::Object(before), Value::Object(after)) => {
            let mut keys = before.keys().chain(after.keys());
            keys.find_map(|key| difference(&format!("{path}.{key}"), before.get(key)?, after.get(key)?)).or_else(|| {
                let odd = before.keys().chain(after.keys()).find(|key| before.contains_key(*key) != after.contains_key(*key));
                Some(odd.map_or_else(|| path.to_owned(), |key| format!("{path}.{key}")))
            })
        }
        _ => Some(path.to_owned()),
    }
}

/// Owned values that the patch changes are of the kinds that this program sets.
fn values(target: &Target, before: &Value, after: &Value) -> Result<(), NotOwned> {
    match target {
        Target::DaemonSet { .. } => {
            let strategy = "/spec/updateStrategy";
            if before.pointer(strategy) != after.pointer(strategy) && !after.pointer(strategy).is_none_or(is_strategy) {
                return Err(NotOwned("the update strategy to an unknown form".to_owned()));
            }
            container_values(container(before, "/spec/template/spec/containers"), container(after, "/spec/template/spec/containers"))
        }
        Target::Installation { .. } => {
            for field in METHOD_FIELDS {
                let value = |object: &Value| object.pointer("/spec/calicoNetwork").and_then(|network| network.get(field)).cloned();
                let (old, new) = (value(before), value(after));
                if old != new && !new.as_ref().is_none_or(|new| keys_in(new, &METHODS)) {
                    return Err(NotOwned(format!("{field} to an unknown form")));
                }
            }
            let path = "/spec/calicoNodeDaemonSet/spec/template/spec/containers";
            container_values(container(before, path), container(after, path))
        }
    }
}

fn container<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    object.pointer(path)?.as_array()?.iter().find(|container| container["name"] == CALICO_NODE)
}

fn container_values(before: Option<&Value>, after: Option<&Value>) -> Result<(), NotOwned> {
    let Some(after) = after else { return Ok(()) };
    let old = |key: &str| before.and_then(|before| before.get(key));
    for key in PROBES {
        let Some(probe) = after.get(key).filter(|probe| old(key) != Some(*probe)) else { continue };
        let handlers: Vec<&Value> = PROBES.iter().filter_map(|key| old(key)).collect();
        if !is_probe(probe, &handlers) {
            return Err(NotOwned(format!("{key} to an unknown form")));
        }
    }
    let variables = after.get("env").and_then(Value::as_array).into_iter().flatten();
    let known = |variable: &Value| old("env").and_then(Value::as_array).is_some_and(|env| env.contains(variable));
    for variable in variables.filter(|variable| !known(variable)) {
        if !is_variable(variable) {
            return Err(NotOwned(format!("the variable {} to an unknown form", variable["name"])));
        }
    }
    Ok(())
}

fn keys_in(value: &Value, known: &[&str]) -> bool {
    value.as_object().is_some_and(|fields| fields.keys().all(|key| known.contains(&key.as_str())))
}

fn is_strategy(value: &Value) -> bool {
    let rolling = value.get("rollingUpdate").is_none_or(|rolling| rolling.is_null() || keys_in(rolling, &["maxUnavailable", "maxSurge"]));
    keys_in(value, &["type", "rollingUpdate"]) && ["RollingUpdate", "OnDelete"].iter().any(|name| value["type"] == *name) && rolling
}

/// A literal, or a reference to a field of the pod or a ConfigMap; never to a Secret.
fn is_variable(value: &Value) -> bool {
    let from = value.get("valueFrom").is_none_or(|from| from.is_null() || keys_in(from, &["fieldRef", "configMapKeyRef"]));
    keys_in(value, &["name", "value", "valueFrom"]) && value.get("value").is_none_or(|value| value.is_string() || value.is_null()) && from
}

/// Timing, and a handler that one of the container's probes has already or that Calico's manifests use.
fn is_probe(probe: &Value, existing: &[&Value]) -> bool {
    let Some(fields) = probe.as_object() else { return false };
    fields.iter().all(|(key, value)| match key.as_str() {
        "exec" | "httpGet" => existing.iter().any(|other| other.get(key) == Some(value)) || is_known_handler(key, value),
        key => TIMING.contains(&key) && (value.is_u64() || value.is_null()),
    })
}

fn is_known_handler(kind: &str, handler: &Value) -> bool {
    if kind == "httpGet" {
        let local = handler.get("host").is_none_or(|host| host == "localhost" || host == "127.0.0.1");
        let path = handler["path"] == "/liveness" || handler["path"] == "/readiness";
        return keys_in(handler, &["host", "path", "port", "scheme"]) && local && path && handler["port"].is_u64();
    }
    let words: Option<Vec<&str>> = handler["command"].as_array().map(|words| words.iter().filter_map(Value::as_str).collect());
    let calico_node = |words: &[&str]| match words {
        ["/bin/calico-node" | "/usr/bin/calico-node" | "calico-node", flags @ ..] => flags.iter().all(|flag| HEALTH_FLAGS.contains(flag)),
        _ => false,
    };
    keys_in(handler, &["command"]) && words.is_some_and(|words| calico_node(&words))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn target() -> Target {
        Target::DaemonSet { namespace: "kube-system".into(), name: "calico-node".into() }
    }

    fn daemon_set() -> Value {
        json!({
            "metadata": {"name": "calico-node", "uid": "u", "annotations": {"theirs": "1"}},
            "spec": {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}, "template": {"spec": {
                "hostNetwork": true, "volumes": [{"name": "run", "hostPath": {"path": "/var/run"}}],
                "containers": [
                    {"name": "calico-node", "image": "calico/node:v3.24.5", "env": [{"name": "CLUSTER_TYPE", "value": "k8s"}, {"name": "IP", "value": "autodetect"}],
                        "livenessProbe": {"exec": {"command": ["/bin/calico-node", "-felix-live"]}, "periodSeconds": 10}},
                    {"name": "other", "image": "x"},
                ],
            }}},
        })
    }

    fn node(fields: &Value) -> Value {
        let named = super::super::patch::join(json!({"name": "calico-node"}), fields);
        json!({"spec": {"template": {"spec": {"containers": [named]}}}})
    }

    #[test]
    fn what_this_program_changes_passes() {
        for patch in [
            json!({}),
            node(&json!({"env": [{"name": "IP_AUTODETECTION_METHOD", "value": "first-found"}]})),
            node(&json!({"env": [{"$patch": "delete", "name": "IP"}]})),
            node(&json!({"env": [{"name": "IP", "value": null, "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}]})),
            node(&json!({"startupProbe": {"exec": {"command": ["/bin/calico-node", "-felix-live"]}, "failureThreshold": 16}})),
            node(&json!({"livenessProbe": {"failureThreshold": 6, "initialDelaySeconds": null}, "startupProbe": null})),
            json!({"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": null}}}),
            json!({"metadata": {"annotations": {IGNORE: "true", ANNOTATION: null}}}),
        ] {
            assert_eq!(check(&target(), &daemon_set(), &patch), Ok(()), "{patch}");
        }
    }

    #[test]
    fn every_other_change_is_refused() {
        for (patch, names) in [
            (node(&json!({"image": "evil"})), "containers"),
            (node(&json!({"command": ["sh"]})), "containers"),
            (node(&json!({"env": [{"name": "CLUSTER_TYPE", "value": "x"}]})), "containers"),
            (node(&json!({"env": [{"name": "IP", "value": "x"}, {"$patch": "replace"}]})), "$patch"),
            (node(&json!({"env": [{"name": "IP", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]})), "IP"),
            (node(&json!({"livenessProbe": {"exec": {"command": ["sh", "-c", "evil"]}}})), "livenessProbe"),
            (node(&json!({"startupProbe": {"httpGet": {"path": "/liveness", "port": 9099, "host": "evil"}}})), "startupProbe"),
            (node(&json!({"startupProbe": {"tcpSocket": {"port": 1}}})), "startupProbe"),
            (json!({"spec": {"template": {"spec": {"hostPID": true}}}}), "hostPID"),
            (json!({"spec": {"template": {"spec": {"serviceAccountName": "admin"}}}}), "serviceAccountName"),
            (json!({"spec": {"template": {"spec": {"containers": [{"name": "more", "image": "evil"}]}}}}), "containers"),
            (json!({"spec": {"template": {"spec": {"containers": [{"$patch": "delete", "name": "other"}]}}}}), "$patch"),
            (json!({"spec": {"template": {"spec": {"$setElementOrder/containers": []}}}}), "$setElementOrder/containers"),
            (json!({"metadata": {"ownerReferences": [{"uid": "x"}]}}), "ownerReferences"),
            (json!({"metadata": {"finalizers": ["x"]}}), "finalizers"),
            (json!({"metadata": {"annotations": {"theirs": "2"}}}), "theirs"),
            (json!({"spec": {"updateStrategy": {"type": "Recreate"}}}), "update strategy"),
            (json!({"spec": null}), "spec"),
        ] {
            let refused = check(&target(), &daemon_set(), &patch).expect_err(&patch.to_string());
            assert!(refused.0.contains(names), "{patch}: {refused}");
        }
    }

    #[test]
    fn of_an_installation_only_methods_and_probes() {
        let target = Target::Installation { name: "default".into() };
        let containers = |list: Value| json!({"calicoNodeDaemonSet": {"spec": {"template": {"spec": {"containers": list}}}}});
        let theirs = json!({"name": "calico-node", "resources": {"limits": {"cpu": "1"}}});
        let object = json!({"metadata": {"name": "default"}, "spec": super::super::patch::join(containers(json!([theirs])), &json!({"registry": "r"}))});
        let with =
            |probe: Value| json!({"spec": containers(json!([super::super::patch::join(theirs.clone(), &json!({"startupProbe": probe}))]))});
        for patch in [
            json!({"spec": {"calicoNetwork": {"nodeAddressAutodetectionV4": {"firstFound": null, "kubernetes": "NodeInternalIP"}}}}),
            with(json!({"failureThreshold": 30})),
        ] {
            assert_eq!(check(&target, &object, &patch), Ok(()), "{patch}");
        }
        for patch in [
            json!({"spec": {"registry": "evil"}}),
            json!({"spec": {"calicoNetwork": {"bgp": "Disabled"}}}),
            json!({"spec": {"calicoNetwork": {"nodeAddressAutodetectionV4": {"shell": "x"}}}}),
            json!({"spec": containers(json!([{"name": "calico-node", "resources": {"limits": {"cpu": "9"}}}]))}),
            with(json!({"exec": {"command": ["sh"]}})),
        ] {
            assert!(check(&target, &object, &patch).is_err(), "{patch}");
        }
        assert!(
            check(&target, &json!({"metadata": {}}), &with(json!({"failureThreshold": 3}))).is_err(),
            "somebody's resources are not ours to add"
        );
    }
}
