//! A copy of calico-node's start-up program as a pod of its own, at DEBUG: for where the level cannot be raised in the DaemonSet.

use serde_json::{Map, Value, json};

use crate::calico::log_level::{DEBUG, LEVEL};
use crate::calico::version::Version;
use crate::snapshot::objects::CALICO_NODE;

/// `activeDeadlineSeconds`, so that a forgotten copy ends automatically.
const SECONDS: u64 = 600;
/// Before it there was no `calico-node -startup` (projectcalico/node pull request 26; run by filesystem/etc/rc.local).
const FIRST: (u16, u16, u16) = (3, 3, 0);
/// Fields of the container that a start needs; no probes.
const CONTAINER: [&str; 6] = ["image", "imagePullPolicy", "envFrom", "securityContext", "volumeMounts", "resources"];
const POD: [&str; 7] =
    ["nodeName", "hostNetwork", "dnsPolicy", "serviceAccountName", "priorityClassName", "imagePullSecrets", "securityContext"];
/// Each pod is given one of its own.
const TOKEN: &str = "kube-api-access-";

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCopied {
    #[error("the pod has no container {CALICO_NODE}")]
    NoContainer,
    #[error("calico-node there is Ready: a second start next to it would overwrite its settings; its own log tells how it started")]
    Ready,
    #[error("calico-node before v3.3 has no start-up program that runs alone, and this one is {0}")]
    TooOld(String),
}

/// `pod` is calico-node's own on that node, whole.
pub fn of(pod: &Value) -> Result<Value, NotCopied> {
    let spec = pod.get("spec").unwrap_or(&Value::Null);
    let text = |path| pod.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let list = |path| pod.pointer(path).and_then(Value::as_array).into_iter().flatten();
    let container = list("/spec/containers").find(|one| is_named(one, CALICO_NODE)).ok_or(NotCopied::NoContainer)?;
    let mut statuses = list("/status/containerStatuses").filter(|one| is_named(one, CALICO_NODE));
    if statuses.any(|status| status.get("ready").and_then(Value::as_bool) == Some(true)) {
        return Err(NotCopied::Ready);
    }
    let tag = container.get("image").and_then(Value::as_str).and_then(|image| image.rsplit(['/', ':']).next()).unwrap_or_default();
    let version = Version::parse(tag).filter(|version| !version.at_least(FIRST.0, FIRST.1, FIRST.2));
    if let Some(old) = version {
        return Err(NotCopied::TooOld(old.to_string()));
    }
    let mut copy = picked(container, &CONTAINER);
    let variables = container.get("env").and_then(Value::as_array).into_iter().flatten();
    let mut env: Vec<Value> = variables.filter(|variable| !is_named(variable, LEVEL)).cloned().collect();
    env.push(json!({"name": LEVEL, "value": DEBUG}));
    copy.insert("name".into(), CALICO_NODE.into());
    copy.insert("command".into(), json!(["calico-node", "-startup"]));
    copy.insert("env".into(), env.into());
    let used = without_token(&mut copy, "volumeMounts");
    let mut own = picked(spec, &POD);
    own.insert("restartPolicy".into(), "Never".into());
    own.insert("activeDeadlineSeconds".into(), SECONDS.into());
    own.insert("tolerations".into(), json!([{"operator": "Exists"}]));
    own.insert("containers".into(), json!([copy]));
    let volumes = list("/spec/volumes").filter(|volume| volume.get("name").is_some_and(|name| used.contains(name))).cloned();
    own.insert("volumes".into(), volumes.collect());
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name(text("/spec/nodeName")),
            "namespace": text("/metadata/namespace"),
            // Never calico-node's own: the DaemonSet would take it for one of its pods.
            "labels": {"app.kubernetes.io/name": "calico-fix-startup", "app.kubernetes.io/managed-by": "kubectl-calico-fix"},
        },
        "spec": own,
    }))
}

fn is_named(object: &Value, name: &str) -> bool {
    object.get("name").and_then(Value::as_str) == Some(name)
}

/// The same name for a node each time: never more than one copy.
pub fn name(node: &str) -> String {
    let plain: String = node.chars().take(200).map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' }).collect();
    // of a name without a letter nothing is left
    format!("calico-fix-startup-{}", plain.trim_matches('-')).trim_end_matches('-').to_owned()
}

fn picked(from: &Value, fields: &[&str]) -> Map<String, Value> {
    let field = |name: &&str| from.get(*name).map(|value| ((*name).to_owned(), value.clone()));
    fields.iter().filter_map(field).collect()
}

/// The names of the volumes that are left.
fn without_token(container: &mut Map<String, Value>, field: &str) -> Vec<Value> {
    let Some(mounts) = container.get_mut(field).and_then(Value::as_array_mut) else { return Vec::new() };
    mounts.retain(|mount| !mount["name"].as_str().is_some_and(|name| name.starts_with(TOKEN)));
    mounts.iter().map(|mount| mount["name"].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(image: &str, ready: bool) -> Value {
        json!({
            "metadata": {"name": "calico-node-x", "namespace": "calico-system", "labels": {"k8s-app": "calico-node"}, "ownerReferences": [{}]},
            "spec": {
                "nodeName": "node-3.example", "hostNetwork": true, "serviceAccountName": "calico-node", "restartPolicy": "Always",
                "terminationGracePeriodSeconds": 0, "initContainers": [{"name": "install-cni"}],
                "volumes": [{"name": "var-lib-calico", "hostPath": {}}, {"name": "cni-bin-dir"}, {"name": "kube-api-access-x"}],
                "containers": [{"name": "kube-flannel"}, {
                    "name": "calico-node", "image": image, "livenessProbe": {}, "lifecycle": {}, "securityContext": {"privileged": true},
                    "env": [{"name": "IP", "value": "autodetect"}, {"name": LEVEL, "value": "error"}],
                    "volumeMounts": [{"name": "var-lib-calico", "mountPath": "/var/lib/calico"}, {"name": "kube-api-access-x"}],
                }],
            },
            "status": {"containerStatuses": [{"name": "calico-node", "ready": ready}]},
        })
    }

    #[test]
    fn what_a_start_needs_is_copied_and_nothing_else() {
        let copy = of(&pod("quay.io/calico/node:v3.24.5", false)).expect("a copy");
        let expected = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": "calico-fix-startup-node-3-example", "namespace": "calico-system",
                "labels": {"app.kubernetes.io/name": "calico-fix-startup", "app.kubernetes.io/managed-by": "kubectl-calico-fix"},
            },
            "spec": {
                "nodeName": "node-3.example", "hostNetwork": true, "serviceAccountName": "calico-node", "restartPolicy": "Never",
                "activeDeadlineSeconds": 600, "tolerations": [{"operator": "Exists"}],
                "volumes": [{"name": "var-lib-calico", "hostPath": {}}],
                "containers": [{
                    "name": "calico-node", "image": "quay.io/calico/node:v3.24.5", "command": ["calico-node", "-startup"],
                    "securityContext": {"privileged": true},
                    "env": [{"name": "IP", "value": "autodetect"}, {"name": LEVEL, "value": "DEBUG"}],
                    "volumeMounts": [{"name": "var-lib-calico", "mountPath": "/var/lib/calico"}],
                }],
            },
        });
        assert_eq!(copy, expected);
    }

    #[test]
    fn where_it_would_do_harm_or_nothing_there_is_none() {
        assert_eq!(of(&pod("quay.io/calico/node:v3.24.5", true)), Err(NotCopied::Ready));
        assert_eq!(of(&pod("quay.io/calico/node:v3.1.3", false)), Err(NotCopied::TooOld("v3.1.3".into())));
        assert!(of(&pod("registry.example/node@sha256:0123", false)).is_ok(), "a version that is not told is not taken for an old one");
        assert_eq!(of(&json!({"spec": {"containers": []}})), Err(NotCopied::NoContainer));
    }
}
