//! Which fields of a change still hold its values, which hold the old ones, and who wrote the others.
//!
//! A rollback restores a field only while that field holds the value that the change set. Everything else stays as it is.

use serde_json::{Value, json};

use super::patch::{PatchKind, join};

/// The fields of one change as one object has them now.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// Restores every field that holds the change's value.
    pub restore: Value,
    /// Fields that hold another value than the new and the old one: somebody else has written them.
    pub foreign: Vec<FieldPath>,
    /// Fields that hold the old value again although the change set another.
    pub reverted: Vec<FieldPath>,
}

/// The way to one field through mappings and lists that are merged by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldPath(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Key(String),
    Named(String),
}

impl Drift {
    /// Compares `object` with what a change has `set` and what its `restore` patch would restore.
    pub fn between(kind: PatchKind, object: &Value, set: &Value, restore: &Value) -> Self {
        let mut fields = Vec::new();
        split(kind, &FieldPath::default(), Some(set), restore, &mut fields);
        let mut drift = Self { restore: json!({}), foreign: Vec::new(), reverted: Vec::new() };
        for (path, set, restore) in fields {
            let back = path.patch(&restore);
            if set.is_some_and(|set| kind.holds(object, &path.patch(&set))) {
                drift.restore = merged(drift.restore, &back);
            } else if kind.holds(object, &back) {
                drift.reverted.push(path);
            } else {
                drift.foreign.push(path);
            }
        }
        drift
    }

    /// Every field holds the change's value.
    pub fn is_none(&self) -> bool {
        self.foreign.is_empty() && self.reverted.is_empty()
    }

    /// The only differences are old values that have come back.
    pub fn is_revert(&self) -> bool {
        self.foreign.is_empty() && !self.reverted.is_empty()
    }

    /// Field managers, other than `ours`, that wrote these fields last.
    pub fn writers(&self, object: &Value, ours: &str) -> Vec<String> {
        let mut writers: Vec<String> = self.foreign.iter().chain(&self.reverted).filter_map(|path| path.writer(object, ours)).collect();
        writers.sort();
        writers.dedup();
        writers
    }

    /// The fields, separated by commas.
    pub fn fields(&self) -> String {
        self.foreign.iter().chain(&self.reverted).map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    /// `IP_AUTODETECTION_METHOD (set by argocd-controller)`; `ours` is this program's own field manager.
    pub fn describe(&self, object: &Value, ours: &str) -> String {
        let name = |path: &FieldPath| match path.writer(object, ours) {
            Some(manager) => format!("{path} (written by {manager})"),
            None => path.to_string(),
        };
        self.foreign.iter().chain(&self.reverted).map(name).collect::<Vec<_>>().join(", ")
    }
}

/// `restore` decides which fields there are; a field that `set` does not name is nobody's.
fn split(kind: PatchKind, path: &FieldPath, set: Option<&Value>, restore: &Value, out: &mut Vec<(FieldPath, Option<Value>, Value)>) {
    if !path.is_atomic() {
        match (set, restore) {
            (Some(Value::Object(set)), Value::Object(fields)) => {
                for (key, value) in fields.iter().filter(|(key, _)| !(path.is_named() && *key == "name")) {
                    split(kind, &path.with(Part::Key(key.clone())), set.get(key), value, out);
                }
                return;
            }
            (Some(Value::Array(set)), Value::Array(items)) if kind == PatchKind::Strategic && items.iter().all(has_name) => {
                for item in items {
                    let same = set.iter().find(|other| other["name"] == item["name"]);
                    let name = item["name"].as_str().unwrap_or_default().to_owned();
                    split(kind, &path.with(Part::Named(name)), same, item, out);
                }
                return;
            }
            _ => {}
        }
    }
    out.push((path.clone(), set.cloned(), restore.clone()));
}

fn has_name(item: &Value) -> bool {
    item["name"].is_string()
}

/// Patches of different fields of the same objects and named items.
fn merged(one: Value, other: &Value) -> Value {
    match (one, other) {
        (Value::Object(mut fields), Value::Object(more)) => {
            for (key, value) in more {
                let old = fields.remove(key);
                fields.insert(key.clone(), old.map_or_else(|| value.clone(), |old| merged(old, value)));
            }
            Value::Object(fields)
        }
        (Value::Array(mut items), Value::Array(more)) => {
            for item in more {
                match items.iter().position(|old| has_name(old) && old["name"] == item["name"]) {
                    Some(at) => {
                        let old = items.remove(at);
                        items.insert(at, merged(old, item));
                    }
                    None => items.push(item.clone()),
                }
            }
            Value::Array(items)
        }
        (_, other) => other.clone(),
    }
}

impl FieldPath {
    fn with(&self, part: Part) -> Self {
        Self(self.0.iter().cloned().chain([part]).collect())
    }

    fn is_named(&self) -> bool {
        matches!(self.0.last(), Some(Part::Named(_)))
    }

    /// A variable has one source, and an autodetection method one field: half of either is invalid.
    fn is_atomic(&self) -> bool {
        match self.0.as_slice() {
            [.., Part::Key(list), Part::Named(_)] => list == "env",
            [.., Part::Key(key)] => key.starts_with("nodeAddressAutodetection"),
            _ => false,
        }
    }

    /// A patch of this field alone.
    fn patch(&self, value: &Value) -> Value {
        self.0.iter().rev().fold(value.clone(), |inner, part| match part {
            Part::Key(key) => json!({key.as_str(): inner}),
            Part::Named(name) => json!([join(json!({"name": name}), &inner)]),
        })
    }

    /// The field manager that wrote this field last, other than `ours`; who wrote last of all where nobody owns the field.
    fn writer(&self, object: &Value, ours: &str) -> Option<String> {
        let entries = object.pointer("/metadata/managedFields")?.as_array()?;
        let others = || {
            let of_spec = |entry: &&Value| entry.get("subresource").and_then(Value::as_str).is_none_or(str::is_empty);
            entries.iter().filter(of_spec).filter(|entry| entry["manager"].as_str().is_some_and(|manager| manager != ours))
        };
        let owners = others().filter(|entry| self.is_in(&entry["fieldsV1"]));
        let newest = owners.max_by_key(|entry| entry["time"].as_str()).or_else(|| others().max_by_key(|entry| entry["time"].as_str()));
        newest?["manager"].as_str().map(|manager| crate::text::truncate(&crate::text::clean(manager), 80).into_owned())
    }

    /// structured-merge-diff's form of a set of fields: `f:NAME`, and `k:{"name":"X"}` in lists.
    fn is_in(&self, fields: &Value) -> bool {
        let key = |part: &Part| match part {
            Part::Key(key) => format!("f:{key}"),
            Part::Named(name) => format!("k:{}", json!({"name": name})),
        };
        self.0.iter().try_fold(fields, |fields, part| fields.get(key(part))).is_some()
    }
}

/// `IP_AUTODETECTION_METHOD`, `livenessProbe.failureThreshold`, `spec.updateStrategy`.
impl std::fmt::Display for FieldPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let last = self.0.iter().rposition(|part| matches!(part, Part::Named(_)));
        let env = self.is_atomic() && self.is_named();
        let shown = self.0.iter().skip(last.map_or(0, |at| if env { at } else { at + 1 }));
        let words: Vec<&str> = shown
            .map(|part| match part {
                Part::Key(name) | Part::Named(name) => name.as_str(),
            })
            .collect();
        f.write_str(&crate::text::clean(&words.join(".")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(container: &Value) -> Value {
        let named = join(json!({"name": "calico-node"}), container);
        json!({"spec": {"template": {"spec": {"containers": [named]}}}})
    }

    fn method(value: &str) -> Value {
        container(&json!({"env": [{"name": "IP_AUTODETECTION_METHOD", "value": value}]}))
    }

    fn deleted() -> Value {
        container(&json!({"env": [{"$patch": "delete", "name": "IP_AUTODETECTION_METHOD"}]}))
    }

    fn names(paths: &[FieldPath]) -> Vec<String> {
        paths.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_fields_that_still_hold_the_changes_value_are_restored() {
        let probes = |failures: u32| json!({"livenessProbe": {"failureThreshold": failures}});
        let both = |value: &str, failures: u32| container(&join(method_env(value), &probes(failures)));
        let (set, restore) = (both("kubernetes-internal-ip", 60), both("first-found", 6));
        let drift = |object: &Value| Drift::between(PatchKind::Strategic, object, &set, &restore);
        assert_eq!(drift(&both("kubernetes-internal-ip", 60)), Drift { restore: restore.clone(), foreign: vec![], reverted: vec![] });
        let theirs = drift(&both("cidr=10.0.0.0/24", 60));
        assert_eq!((theirs.restore, names(&theirs.foreign)), (container(&probes(6)), vec!["IP_AUTODETECTION_METHOD".to_owned()]));
        let back = drift(&both("first-found", 12));
        assert_eq!(back.restore, json!({}));
        assert_eq!(
            (names(&back.reverted), names(&back.foreign)),
            (vec!["IP_AUTODETECTION_METHOD".into()], vec!["livenessProbe.failureThreshold".into()])
        );
    }

    fn method_env(value: &str) -> Value {
        json!({"env": [{"name": "IP_AUTODETECTION_METHOD", "value": value}]})
    }

    #[test]
    fn a_variable_that_was_added_is_removed_only_while_it_is_ours() {
        let set = method("can-reach=10.0.0.1");
        let drift = |object: &Value| Drift::between(PatchKind::Strategic, object, &set, &deleted());
        assert_eq!(drift(&method("can-reach=10.0.0.1")).restore, deleted());
        assert_eq!(names(&drift(&method("first-found")).foreign), ["IP_AUTODETECTION_METHOD"]);
        assert_eq!(names(&drift(&container(&json!({"env": []}))).reverted), ["IP_AUTODETECTION_METHOD"]);
    }

    /// A record that names nothing as set has nothing to restore.
    #[test]
    fn what_a_forged_record_does_not_name_as_set_is_foreign() {
        for forged in [json!({}), json!({"spec": null})] {
            let drift = Drift::between(PatchKind::Strategic, &method("x"), &forged, &method("y"));
            assert_eq!((drift.restore, drift.foreign.len()), (json!({}), 1), "{forged}");
        }
    }

    #[test]
    fn an_installations_method_is_restored_as_a_whole() {
        let network = |method: Value| json!({"spec": {"calicoNetwork": {"nodeAddressAutodetectionV4": method}}});
        let set = network(json!({"firstFound": null, "interface": "eth0"}));
        let restore = network(json!({"firstFound": true, "interface": null}));
        let drift = |object: &Value| Drift::between(PatchKind::Merge, object, &set, &restore);
        assert_eq!(drift(&network(json!({"interface": "eth0"}))).restore, restore);
        assert_eq!(names(&drift(&network(json!({"cidrs": ["10.0.0.0/24"]}))).foreign), ["spec.calicoNetwork.nodeAddressAutodetectionV4"]);
    }

    #[test]
    fn who_wrote_the_field_is_named() {
        let owned = json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"calico-node\"}": {
            "f:env": {"k:{\"name\":\"IP_AUTODETECTION_METHOD\"}": {"f:value": {}}}}}}}}});
        let mut object = method("first-found");
        object["metadata"]["managedFields"] = json!([
            {"manager": "kubectl-calico-fix", "time": "2026-01-01T00:00:05Z", "fieldsV1": owned},
            {"manager": "argocd-controller", "time": "2026-01-01T00:00:02Z", "fieldsV1": owned},
            {"manager": "helm", "time": "2026-01-01T00:00:03Z", "fieldsV1": {"f:spec": {}}},
            {"manager": "kube-controller-manager", "subresource": "status", "time": "2026-01-01T00:00:09Z", "fieldsV1": owned},
        ]);
        let drift = Drift::between(PatchKind::Strategic, &object, &method("x"), &method("y"));
        assert_eq!(drift.describe(&object, "kubectl-calico-fix"), "IP_AUTODETECTION_METHOD (written by argocd-controller)");
        assert_eq!((drift.writers(&object, "kubectl-calico-fix"), drift.is_revert()), (vec!["argocd-controller".to_owned()], false));
        assert!(Drift::between(PatchKind::Strategic, &object, &method("x"), &method("first-found")).is_revert());
    }
}
