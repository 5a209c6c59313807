//! `managedFields`: which manager owns which field, after structured-merge-diff's Update.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::write::{Writer, stamp};
use crate::kinds::Kind;
use crate::schema::{MergeList, item_keys, merge_list};

/// Path elements as FieldsV1 writes them (`f:spec`, `k:{"name":"x"}`, `v:"y"`, `.`).
type Path = Vec<String>;
type Paths = BTreeSet<Path>;

/// Not owned by anybody: what the server itself sets.
const STRIPPED: &[&str] = &[
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "managedFields",
];
/// Fields that k8s.io/api writes even when empty: they are never "added" and carry no `.`.
const ALWAYS: &[&str] = &["containers", "metadata", "spec", "status", "strategy", "template", "updateStrategy"];
/// Objects of built-in kinds that are owned as one.
const ATOMIC: &[&str] = &["configMapKeyRef", "fieldRef", "nodeSelector", "ownerReferences", "resourceFieldRef", "secretKeyRef", "selector"];

struct Shape<'a> {
    kind: &'a Kind,
}

impl Shape<'_> {
    /// Custom resources are typed in their metadata only.
    fn typed(&self, inside_metadata: bool) -> bool {
        !self.kind.custom || inside_metadata
    }

    fn atomic(&self, field: &str, value: &Map<String, Value>, inside_metadata: bool) -> bool {
        let of_revision = self.kind.kind == "ControllerRevision" && field == "data";
        value.is_empty() || of_revision || (self.typed(inside_metadata) && ATOMIC.contains(&field))
    }

    fn keys(&self, field: &str, items: &[Value], inside_metadata: bool) -> Option<&'static [&'static str]> {
        item_keys(field, items).filter(|_| self.typed(inside_metadata))
    }

    fn always(&self, field: &str, depth: usize) -> bool {
        if self.kind.custom { depth == 1 && field == "metadata" } else { ALWAYS.contains(&field) }
    }
}

/// Collects the paths of what is in `new` and not, or otherwise, in `old`.
fn changed(shape: &Shape, field: &str, at: &Path, old: Option<&Value>, new: &Value, out: &mut Paths) {
    if old == Some(new) {
        return;
    }
    let inside_metadata = at.first().is_some_and(|first| first == "f:metadata");
    let with = |element: String| -> Path { at.iter().cloned().chain([element]).collect() };
    match new {
        Value::Object(map) if !shape.atomic(field, map, inside_metadata) => {
            let before = old.and_then(Value::as_object);
            if before.is_none() && !shape.always(field, at.len()) {
                out.insert(with(".".into()));
            }
            for (key, value) in map {
                if at.len() == 1 && at[0] == "f:metadata" && STRIPPED.contains(&key.as_str()) {
                    continue;
                }
                changed(shape, key, &with(format!("f:{key}")), before.and_then(|before| before.get(key)), value, out);
            }
        }
        Value::Array(items) if inside_metadata && merge_list(field, items) == MergeList::Set => {
            let before: &[Value] = old.and_then(Value::as_array).map_or(&[], Vec::as_slice);
            if before.is_empty() {
                out.insert(with(".".into()));
            }
            for item in items.iter().filter(|item| !before.contains(item)) {
                out.insert(with(format!("v:{item}")));
            }
        }
        Value::Array(items) => {
            let Some(keys) = shape.keys(field, items, inside_metadata).filter(|_| !items.is_empty()) else {
                out.insert(at.clone());
                return;
            };
            let before: &[Value] = old.and_then(Value::as_array).map_or(&[], Vec::as_slice);
            let name =
                |item: &Value| -> Value { keys.iter().map(|key| ((*key).to_string(), item[*key].clone())).collect::<Map<_, _>>().into() };
            if before.is_empty() && !shape.always(field, at.len()) {
                out.insert(with(".".into()));
            }
            for item in items {
                let old = before.iter().find(|old| name(old) == name(item));
                // Items of an atomic kind are named by their list.
                let field = if ATOMIC.contains(&field) { field } else { "" };
                changed(shape, field, &with(format!("k:{}", name(item))), old, item, out);
            }
        }
        _ => {
            out.insert(at.clone());
        }
    }
}

fn flatten(tree: &Value, at: &mut Path, out: &mut Paths) {
    let Some(map) = tree.as_object() else { return };
    if map.is_empty() && !at.is_empty() {
        out.insert(at.clone());
    }
    for (key, value) in map {
        at.push(key.clone());
        flatten(value, at, out);
        at.pop();
    }
}

fn tree(paths: &Paths) -> Value {
    let mut root = json!({});
    for path in paths {
        let mut at = &mut root;
        for element in path {
            if !at[element].is_object() {
                at[element] = json!({});
            }
            at = &mut at[element];
        }
    }
    root
}

/// Everything that a config names.
fn named(kind: &Kind, config: &Value) -> Paths {
    let mut paths = Paths::new();
    for (key, value) in config.as_object().into_iter().flatten().filter(|(key, _)| *key != "kind" && *key != "apiVersion") {
        changed(&Shape { kind }, key, &vec![format!("f:{key}")], None, value, &mut paths);
    }
    paths
}

/// What the applier has named before and does not name any more goes, unless somebody else owns it too.
pub(crate) fn give_up(kind: &Kind, object: &mut Value, manager: &str, config: &Value) {
    let (mut mine, mut others) = (Paths::new(), Paths::new());
    for entry in object["metadata"]["managedFields"].as_array().into_iter().flatten() {
        let own = entry["manager"] == manager && entry["operation"] == "Apply";
        flatten(&entry["fieldsV1"], &mut Vec::new(), if own { &mut mine } else { &mut others });
    }
    let kept = named(kind, config);
    // An item goes only as a whole: as long as others own a part of it, it stays.
    let shared = |path: &Path| path.strip_suffix(&[".".to_string()]).is_some_and(|item| others.iter().any(|other| other.starts_with(item)));
    mine.iter().filter(|path| !kept.contains(*path) && !others.contains(*path) && !shared(path)).for_each(|path| remove(object, path));
}

/// A field, or an item of a list; a map stays, empty as it may be.
fn remove(object: &mut Value, path: &Path) {
    let place = path.strip_suffix(&[".".to_string()]).unwrap_or(path);
    let Some((last, parents)) = place.split_last() else { return };
    let of_item = |item: &Value, keys: &str| {
        let keys: Value = serde_json::from_str(keys).unwrap_or_default();
        keys.as_object().is_some_and(|keys| keys.iter().all(|(key, value)| item[key] == *value))
    };
    let mut at = object;
    for element in parents {
        let next = match element.split_once(':') {
            Some(("f", field)) => at.get_mut(field),
            Some(("k", keys)) => at.as_array_mut().and_then(|items| items.iter_mut().find(|item| of_item(item, keys))),
            _ => None,
        };
        let Some(next) = next else { return };
        at = next;
    }
    match last.split_once(':') {
        // The names of an item stay with it.
        Some(("f", field)) if place.len() == path.len() && field != "name" => drop(at.as_object_mut().and_then(|map| map.remove(field))),
        Some(("k", keys)) => {
            at.as_array_mut().into_iter().for_each(|items| items.retain(|item| !of_item(item, keys)));
        }
        _ => {}
    }
}

/// Credits `writer` with what differs between `old` and `object`, and takes it from the others.
pub(super) fn credit(kind: &Kind, old: Option<&Value>, object: &mut Value, writer: Writer, now: Timestamp) {
    let shape = Shape { kind };
    let (mut gained, mut lost) = (Paths::new(), Paths::new());
    let nothing = Value::Null;
    for (key, value) in object.as_object().into_iter().flatten().filter(|(key, _)| *key != "kind" && *key != "apiVersion") {
        let before = old.and_then(|old| old.get(key));
        changed(&shape, key, &vec![format!("f:{key}")], before, value, &mut gained);
    }
    for (key, value) in old.unwrap_or(&nothing).as_object().into_iter().flatten() {
        let after = object.get(key);
        changed(&shape, key, &vec![format!("f:{key}")], after, value, &mut lost);
    }
    let operation = if writer.applied.is_some() { "Apply" } else { "Update" };
    let subresource = writer.subresource.filter(|subresource| *subresource != "*");
    let entries = object["metadata"].get_mut("managedFields").map_or(Value::Null, Value::take);
    let mut entries = match entries {
        Value::Array(entries) => entries,
        _ => Vec::new(),
    };
    let is_mine = |entry: &Value| {
        entry["manager"] == writer.manager && entry["operation"] == operation && entry["subresource"].as_str() == subresource
    };
    let mut mine = Paths::new();
    entries.retain_mut(|entry| {
        let mut paths = Paths::new();
        flatten(&entry["fieldsV1"], &mut Vec::new(), &mut paths);
        if is_mine(entry) {
            mine = paths;
            return false;
        }
        let before = paths.len();
        paths.retain(|path| !lost.contains(path) && (!gained.contains(path) || path.last().is_some_and(|last| last == ".")));
        if paths.len() < before {
            entry["fieldsV1"] = tree(&paths);
        }
        !paths.is_empty()
    });
    mine.retain(|path| !lost.contains(path));
    mine.extend(gained);
    mine.extend(writer.applied.map(|config| named(kind, config)).unwrap_or_default());
    if !mine.is_empty() {
        let mut entry = json!({
            "manager": writer.manager,
            "operation": operation,
            "apiVersion": kind.api_version(),
            "time": stamp(now),
            "fieldsType": "FieldsV1",
            "fieldsV1": tree(&mine),
        });
        if let Some(subresource) = subresource {
            entry["subresource"] = subresource.into();
        }
        entries.push(entry);
    }
    if entries.is_empty() {
        object["metadata"].as_object_mut().map(|metadata| metadata.remove("managedFields"));
    } else {
        object["metadata"]["managedFields"] = entries.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credited(kind: &str, old: Option<Value>, mut new: Value, manager: &str) -> Value {
        let kind = Kind::named(kind).expect("known");
        credit(kind, old.as_ref(), &mut new, Writer::new(manager), Timestamp::UNIX_EPOCH);
        new
    }

    #[test]
    fn a_variable_is_owned_by_who_set_it_and_then_by_who_changed_it() {
        let with = |env: Value| {
            let spec = json!({"containers": [{"name": "calico-node", "image": "i", "env": env}]});
            json!({"metadata": {"name": "calico-node"}, "spec": {"template": {"spec": spec}}})
        };
        let old = with(json!([{"name": "A", "value": "1"}]));
        let new = credited("DaemonSet", Some(old), with(json!([{"name": "B", "value": "2"}, {"name": "A", "value": "1"}])), "first");
        let env = |object: &Value, entry: usize| {
            let fields = &object["metadata"]["managedFields"][entry]["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"];
            fields["k:{\"name\":\"calico-node\"}"].clone()
        };
        // As recorded: `kubectl set env` of one variable.
        let owned = json!({"f:env": {"k:{\"name\":\"B\"}": {".": {}, "f:name": {}, "f:value": {}}}});
        assert_eq!(env(&new, 0), owned);
        let mut changed = new.clone();
        changed["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] = "3".into();
        let newest = credited("DaemonSet", Some(new), changed, "second");
        assert_eq!(env(&newest, 0), json!({"f:env": {"k:{\"name\":\"B\"}": {".": {}, "f:name": {}}}}));
        assert_eq!(env(&newest, 1), json!({"f:env": {"k:{\"name\":\"B\"}": {"f:value": {}}}}));
        let mut gone = newest.clone();
        gone["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().expect("a list").remove(0);
        let last = credited("DaemonSet", Some(newest), gone, "third");
        assert!(last["metadata"]["managedFields"].is_null(), "{last}");
    }

    #[test]
    fn a_custom_resource_is_owned_field_by_field_and_list_by_list() {
        let new = json!({
            "metadata": {"name": "default", "finalizers": ["tigera.io/operator-cleanup"]},
            "spec": {"calicoNetwork": {"ipPools": [{"cidr": "10.0.0.0/8"}]}},
        });
        let new = credited("Installation", None, new, "kubectl-create");
        // As recorded at the installation of an operator.
        let owned = json!({".": {}, "f:calicoNetwork": {".": {}, "f:ipPools": {}}});
        let fields = &new["metadata"]["managedFields"][0]["fieldsV1"];
        assert_eq!(fields["f:spec"], owned);
        assert_eq!(fields["f:metadata"], json!({"f:finalizers": {".": {}, "v:\"tigera.io/operator-cleanup\"": {}}}));
    }
}
