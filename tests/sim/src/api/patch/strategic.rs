//! Strategic merge patch: lists merge by key, and end in the order apimachinery's `strategicpatch/patch.go` gives them.

use serde_json::{Map, Value};

use crate::api::status::Failure;
use crate::schema::{MergeList, merge_list};

const PATCH: &str = "$patch";
const RETAIN: &str = "$retainKeys";
const ORDER: &str = "$setElementOrder/";
const DELETE: &str = "$deleteFromPrimitiveList/";

type Object = Map<String, Value>;

pub(super) fn apply(object: Value, patch: &Value) -> Result<Value, Failure> {
    match (object, patch) {
        (Value::Object(object), Value::Object(patch)) => merge_map(object, patch.clone()).map(Value::Object),
        _ => Err(Failure::bad_request("the patch is no JSON object")),
    }
}

fn merge_map(mut original: Object, mut patch: Object) -> Result<Object, Failure> {
    match patch.remove(PATCH).as_ref().map(|directive| directive.as_str().unwrap_or_default()) {
        Some("replace") => return Ok(patch),
        Some("delete") => return Ok(Object::new()),
        Some("merge") | None => {}
        Some(other) => return Err(Failure::bad_request(format!("unknown patch type: {other}"))),
    }
    if let Some(retained) = patch.remove(RETAIN) {
        let retained = retained.as_array().cloned().unwrap_or_default();
        original.retain(|key, _| retained.iter().any(|kept| kept == key));
    }
    let orders: Vec<String> = patch.keys().filter_map(|key| key.strip_prefix(ORDER)).map(Into::into).collect();
    for field in orders {
        let order = list(patch.remove(&format!("{ORDER}{field}")));
        let before = list(original.get(&field).cloned());
        if let Some(gone) = patch.remove(&format!("{DELETE}{field}")) {
            remove_all(&mut original, &field, &gone);
        }
        if let Some(update) = patch.remove(&field) {
            merge_value(&mut original, &field, update)?;
        }
        if let Some(Value::Array(merged)) = original.get_mut(&field) {
            let MergeList::By(key) = merge_list(&field, &before) else { continue };
            *merged = arrange(std::mem::take(merged), &order, &before, key);
        }
    }
    for (key, value) in patch {
        match key.strip_prefix(DELETE) {
            Some(field) => remove_all(&mut original, field, &value),
            None => merge_value(&mut original, &key, value)?,
        }
    }
    Ok(original)
}

fn merge_value(original: &mut Object, key: &str, value: Value) -> Result<(), Failure> {
    let merged = match (original.remove(key), value) {
        (_, Value::Null) => return Ok(()),
        (Some(Value::Object(old)), Value::Object(new)) => merge_map(old, new)?.into(),
        (_, Value::Object(new)) => merge_map(Object::new(), new)?.into(),
        (old, Value::Array(new)) => {
            let old = list(old);
            match merge_list(key, if old.is_empty() { &new } else { &old }) {
                MergeList::By(field) => merge_items(old, new, field)?.into(),
                MergeList::Set => {
                    let merged: Vec<Value> = old.iter().chain(&new).cloned().fold(Vec::new(), |mut seen, item| {
                        if !seen.contains(&item) {
                            seen.push(item);
                        }
                        seen
                    });
                    merged.into()
                }
                MergeList::Atomic => new.into(),
            }
        }
        (_, value) => value,
    };
    original.insert(key.to_string(), merged);
    Ok(())
}

fn merge_items(original: Vec<Value>, patch: Vec<Value>, key: &str) -> Result<Vec<Value>, Failure> {
    let (mut merged, mut updates, mut replaces) = (original.clone(), Vec::new(), false);
    for item in patch {
        match item[PATCH].as_str() {
            Some("delete") => merged.retain(|old| old[key] != item[key]),
            Some("replace") => replaces = true,
            _ => updates.push(item),
        }
    }
    if replaces {
        return Ok(updates);
    }
    for update in &updates {
        let Value::Object(new) = update else { return Err(Failure::bad_request("a list item of the patch is no object")) };
        if new.get(key).is_none() {
            return Err(Failure::internal(format!("map: {update} does not contain declared merge key: {key}")));
        }
        let found = merged.iter_mut().find(|old| old[key] == update[key]);
        match found {
            Some(Value::Object(old)) => *old = merge_map(std::mem::take(old), new.clone())?,
            _ => merged.push(merge_map(Object::new(), new.clone())?.into()),
        }
    }
    Ok(arrange(merged, &updates, &original, key))
}

/// `normalizeElementOrder`: the patch's items in its order, the server's own in theirs, merged.
fn arrange(items: Vec<Value>, order: &[Value], server: &[Value], key: &str) -> Vec<Value> {
    let place = |list: &[Value], item: &Value| list.iter().position(|other| same(other, item, key));
    let (mut patched, mut own): (Vec<Value>, Vec<Value>) = items.into_iter().partition(|item| place(order, item).is_some());
    patched.sort_by_key(|item| place(order, item));
    own.sort_by_key(|item| place(server, item));
    let (mut left, mut right) = (own.into_iter().peekable(), patched.into_iter().peekable());
    let mut out = Vec::new();
    loop {
        let own_first = match (left.peek(), right.peek()) {
            (Some(own), Some(patched)) => {
                matches!((place(server, own), place(server, patched)), (Some(own), Some(patched)) if own < patched)
            }
            (own, _) => own.is_some(),
        };
        match if own_first { left.next() } else { right.next() } {
            Some(item) => out.push(item),
            None => return out,
        }
    }
}

fn same(one: &Value, other: &Value, key: &str) -> bool {
    if one.is_object() { one[key] == other[key] } else { one == other }
}

fn remove_all(original: &mut Object, field: &str, gone: &Value) {
    if let Some(Value::Array(items)) = original.get_mut(field) {
        items.retain(|item| !gone.as_array().is_some_and(|gone| gone.contains(item)));
    }
}

fn list(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(object: Value, patch: Value) -> Value {
        apply(object, &patch).expect("applies")
    }

    #[test]
    fn lists_merge_by_their_key_and_new_items_come_first() {
        let object =
            json!({"containers": [{"name": "a", "image": "i", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]}]});
        let patch = json!({"containers": [{"name": "a", "env": [{"name": "Z", "value": "3"}, {"name": "Y", "value": "4"}]}]});
        let merged = patched(object, patch);
        assert_eq!(merged["containers"][0]["image"], "i");
        // What a real server answered for one new variable: before all others.
        let one = patched(json!({"env": [{"name": "X", "value": "1"}]}), json!({"env": [{"name": "Z", "value": "3"}]}));
        assert_eq!(one["env"][0]["name"], "Z");
        let names: Vec<&Value> = merged["containers"][0]["env"].as_array().expect("a list").iter().map(|item| &item["name"]).collect();
        assert_eq!(names, ["Z", "X", "Y"]);
    }

    #[test]
    fn order_is_as_the_patch_asks() {
        let object = json!({"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]});
        let patch = json!({
            "$setElementOrder/env": [{"name": "A"}, {"name": "B"}, {"name": "C"}],
            "env": [{"name": "C", "value": "3"}],
        });
        let names: Vec<Value> = patched(object, patch)["env"].as_array().expect("a list").iter().map(|item| item["name"].clone()).collect();
        assert_eq!(names, ["A", "B", "C"]);
    }

    #[test]
    fn directives_delete_replace_and_retain() {
        let env = json!({"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]});
        assert_eq!(
            patched(env.clone(), json!({"env": [{"name": "A", "$patch": "delete"}]})),
            json!({"env": [{"name": "B", "value": "2"}]})
        );
        assert_eq!(patched(env, json!({"env": [{"name": "Q"}, {"$patch": "replace"}]})), json!({"env": [{"name": "Q"}]}));
        let template = json!({"template": {"metadata": {"labels": {"a": "b"}}, "spec": {"x": 1}}});
        assert_eq!(
            patched(template, json!({"template": {"$patch": "replace", "spec": {"y": 2}}})),
            json!({"template": {"spec": {"y": 2}}})
        );
        let strategy = json!({"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}});
        let retained = json!({"updateStrategy": {"$retainKeys": ["type"], "type": "OnDelete"}});
        assert_eq!(patched(strategy, retained), json!({"updateStrategy": {"type": "OnDelete"}}));
        let probe = json!({"livenessProbe": {"httpGet": {"port": 1}, "periodSeconds": 10}});
        assert_eq!(
            patched(probe, json!({"livenessProbe": {"httpGet": null, "exec": {"command": ["x"]}}})),
            json!({"livenessProbe": {"exec": {"command": ["x"]}, "periodSeconds": 10}})
        );
    }

    #[test]
    fn atomic_lists_are_replaced_and_sets_grow() {
        let object = json!({"tolerations": [{"key": "a"}], "finalizers": ["a"], "command": ["x"]});
        let patch = json!({"tolerations": [{"key": "b"}], "finalizers": ["b", "a"], "command": ["y", "z"]});
        assert_eq!(patched(object, patch), json!({"tolerations": [{"key": "b"}], "finalizers": ["a", "b"], "command": ["y", "z"]}));
        assert_eq!(
            patched(json!({"finalizers": ["a", "b"]}), json!({"$deleteFromPrimitiveList/finalizers": ["a"]})),
            json!({"finalizers": ["b"]})
        );
    }
}
