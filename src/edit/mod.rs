//! Changing one object: typed edits, patches, the target, and the undo record. Pure.
//!
//! `Edit`s are made on a copy of the `target`; `patch` is the difference there and back; `undo_record` stores the way back in
//! the object. Nothing here knows why an edit is made.

pub mod drift;
pub mod owned;
pub mod patch;
pub mod target;
pub mod undo_record;

use serde_json::{Map, Value, json};

use self::patch::PatchKind;
use crate::calico::probe::ProbeKind;
use crate::snapshot::objects::CALICO_NODE;

#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// A variable of the container calico-node; `None` takes it away.
    Variable { name: String, value: Option<String> },
    /// Fields of a probe of the container calico-node; the others stay. `null` takes a field away.
    Probe { kind: ProbeKind, fields: Value },
    /// A field of a custom resource, replaced whole.
    Field { path: Vec<String>, value: Value },
    /// Fields of the item of that name in a list of a custom resource; other items and other fields stay.
    Item { path: Vec<String>, name: String, fields: Value },
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("the object has no container {CALICO_NODE}")]
    NoContainer,
    #[error("{} has another shape in the object", path.join("."))]
    NotAMapping { path: Vec<String> },
}

impl Edit {
    pub fn variable(name: &str, value: impl Into<String>) -> Self {
        Self::Variable { name: name.to_owned(), value: Some(value.into()) }
    }

    pub fn field(path: &[&str], value: Value) -> Self {
        Self::Field { path: path.iter().map(|part| (*part).to_owned()).collect(), value }
    }

    fn make(&self, object: &mut Value) -> Result<(), EditError> {
        match self {
            Self::Variable { name, value } => set_variable(container(object)?, name, value.as_deref()),
            Self::Probe { kind, fields } => {
                let probe = container(object)?.entry(kind.field()).or_insert_with(|| json!({}));
                PatchKind::Merge.apply(probe, fields);
            }
            Self::Field { path, value } => *at(object, path)? = value.clone(),
            Self::Item { path, name, fields } => merge_item(at(object, path)?, path, name, fields)?,
        }
        Ok(())
    }
}

/// The object with all edits made.
pub fn make(edits: &[Edit], object: &Value) -> Result<Value, EditError> {
    let mut edited = object.clone();
    for edit in edits {
        edit.make(&mut edited)?;
    }
    Ok(edited)
}

fn container(object: &mut Value) -> Result<&mut Map<String, Value>, EditError> {
    let containers = object.pointer_mut("/spec/template/spec/containers").and_then(Value::as_array_mut);
    let found = containers.into_iter().flatten().find(|container| container["name"] == CALICO_NODE);
    found.and_then(Value::as_object_mut).ok_or(EditError::NoContainer)
}

fn set_variable(container: &mut Map<String, Value>, name: &str, value: Option<&str>) {
    let env = container.entry("env").or_insert_with(|| json!([]));
    let Some(list) = env.as_array_mut() else { return };
    let set = |value: &str| json!({"name": name, "value": value});
    // Of a name that is there twice the last one counts, and a patch by name can only mean one.
    let last = list.iter_mut().rfind(|variable| variable["name"] == name);
    match (last, value) {
        (Some(last), Some(value)) => *last = set(value),
        (None, Some(value)) => list.push(set(value)),
        (_, None) => list.retain(|variable| variable["name"] != name),
    }
}

fn merge_item(list: &mut Value, path: &[String], name: &str, fields: &Value) -> Result<(), EditError> {
    if list.is_null() {
        *list = json!([]);
    }
    let items = list.as_array_mut().ok_or_else(|| EditError::NotAMapping { path: path.to_vec() })?;
    if !items.iter().any(|item| item["name"] == name) {
        items.push(json!({"name": name}));
    }
    if let Some(item) = items.iter_mut().find(|item| item["name"] == name) {
        PatchKind::Merge.apply(item, fields);
    }
    Ok(())
}

/// Parents that are missing are made.
fn at<'a>(object: &'a mut Value, path: &[String]) -> Result<&'a mut Value, EditError> {
    let mut at = object;
    for part in path {
        let not_a_mapping = || EditError::NotAMapping { path: path.to_vec() };
        if at.is_null() {
            *at = json!({});
        }
        at = at.as_object_mut().ok_or_else(not_a_mapping)?.entry(part.as_str()).or_insert(Value::Null);
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn daemon_set(env: &Value) -> Value {
        json!({"spec": {"template": {"spec": {"containers": [{"name": "kube-flannel"}, {"name": "calico-node", "env": env}]}}}})
    }

    #[test]
    fn a_variable_is_set_where_it_stands_and_in_calico_node_alone() {
        let from_field = json!({"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}});
        let other = json!({"name": "CLUSTER_TYPE", "value": "k8s,bgp"});
        let set = json!({"name": "IP", "value": "autodetect"});
        for (before, after) in [
            (json!([from_field, other]), json!([set, other])),
            (json!([other]), json!([other, set])),
            (json!([{"name": "IP", "value": ""}]), json!([set])),
        ] {
            let edited = make(&[Edit::variable("IP", "autodetect")], &daemon_set(&before)).expect("has the container");
            assert_eq!(edited, daemon_set(&after));
        }
        let gone = make(&[Edit::Variable { name: "IP".into(), value: None }], &daemon_set(&json!([other, set])));
        assert_eq!(gone, Ok(daemon_set(&json!([other]))));
        assert_eq!(make(&[Edit::variable("IP", "x")], &json!({"spec": {}})), Err(EditError::NoContainer));
    }

    #[test]
    fn a_probe_keeps_what_is_not_named() {
        let mut before = daemon_set(&json!([]));
        before["spec"]["template"]["spec"]["containers"][1]["livenessProbe"] = json!({"periodSeconds": 10, "initialDelaySeconds": 10});
        let fields = json!({"failureThreshold": 10, "initialDelaySeconds": null});
        let edits = [
            Edit::Probe { kind: ProbeKind::Liveness, fields },
            Edit::Probe { kind: ProbeKind::Startup, fields: json!({"periodSeconds": 2}) },
        ];
        let edited = make(&edits, &before).expect("has the container");
        let container = &edited["spec"]["template"]["spec"]["containers"][1];
        assert_eq!(container["livenessProbe"], json!({"periodSeconds": 10, "failureThreshold": 10}));
        assert_eq!(container["startupProbe"], json!({"periodSeconds": 2}));
    }

    #[test]
    fn of_a_list_only_the_item_named_is_touched() {
        let path: Vec<String> = ["spec", "containers"].map(str::to_owned).into();
        let edit = Edit::Item { path, name: "calico-node".into(), fields: json!({"startupProbe": {"failureThreshold": 90}}) };
        let ours = json!({"name": "calico-node", "resources": {"a": 1}, "startupProbe": {"periodSeconds": 2, "failureThreshold": 90}});
        for (before, after) in [
            (json!({}), json!([{"name": "calico-node", "startupProbe": {"failureThreshold": 90}}])),
            (
                json!({"spec": {"containers": [{"name": "x"}, {"name": "calico-node", "resources": {"a": 1}, "startupProbe": {"periodSeconds": 2}}]}}),
                json!([{"name": "x"}, ours]),
            ),
        ] {
            assert_eq!(make(std::slice::from_ref(&edit), &before), Ok(json!({"spec": {"containers": after}})));
        }
        assert!(make(&[edit], &json!({"spec": {"containers": "x"}})).is_err());
    }

    #[test]
    fn a_field_is_replaced_whole_and_its_parents_are_made() {
        let path = ["spec", "calicoNetwork", "nodeAddressAutodetectionV4"];
        let edit = Edit::field(&path, json!({"kubernetes": "NodeInternalIP"}));
        let expected = json!({"spec": {"calicoNetwork": {"nodeAddressAutodetectionV4": {"kubernetes": "NodeInternalIP"}}}});
        for before in [
            json!({"spec": {"calicoNetwork": {"nodeAddressAutodetectionV4": {"firstFound": true}}}}),
            json!({"spec": {}}),
            json!({"spec": null}),
        ] {
            assert_eq!(make(std::slice::from_ref(&edit), &before), Ok(expected.clone()));
        }
        assert!(matches!(make(&[edit], &json!({"spec": "x"})), Err(EditError::NotAMapping { .. })));
    }
}
