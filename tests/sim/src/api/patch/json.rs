//! JSON patch (RFC 6902). Whatever cannot be applied is one and the same 422, as the real server has it.

use serde_json::Value;

use crate::api::status::Failure;

pub(super) fn apply(mut object: Value, patch: &Value) -> Result<Value, Failure> {
    let steps = patch.as_array().ok_or_else(|| Failure::bad_request("the patch is no JSON list"))?;
    for step in steps {
        apply_one(&mut object, step).ok_or_else(Failure::unprocessable)?;
    }
    Ok(object)
}

fn apply_one(object: &mut Value, step: &Value) -> Option<()> {
    let path = step["path"].as_str()?;
    let value = step.get("value").cloned();
    match step["op"].as_str()? {
        "add" => add(object, path, value?),
        "remove" => remove(object, path).map(drop),
        "replace" => {
            *object.pointer_mut(path)? = value?;
            Some(())
        }
        "test" => (object.pointer(path).cloned().unwrap_or(Value::Null) == value.unwrap_or(Value::Null)).then_some(()),
        "move" => {
            let moved = remove(object, step["from"].as_str()?)?;
            add(object, path, moved)
        }
        "copy" => {
            let copied = object.pointer(step["from"].as_str()?)?.clone();
            add(object, path, copied)
        }
        _ => None,
    }
}

fn parent<'a>(object: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    Some((object.pointer_mut(parent)?, last.replace("~1", "/").replace("~0", "~")))
}

fn add(object: &mut Value, path: &str, value: Value) -> Option<()> {
    if path.is_empty() {
        *object = value;
        return Some(());
    }
    match parent(object, path)? {
        (Value::Object(map), key) => {
            map.insert(key, value);
        }
        (Value::Array(list), key) if key == "-" => list.push(value),
        (Value::Array(list), key) => {
            let at = key.parse().ok().filter(|at| *at <= list.len())?;
            list.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(object: &mut Value, path: &str) -> Option<Value> {
    match parent(object, path)? {
        (Value::Object(map), key) => map.remove(&key),
        (Value::Array(list), key) => key.parse().ok().filter(|at| *at < list.len()).map(|at| list.remove(at)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_operation_does_what_the_standard_says() {
        let patch = json!([
            {"op": "test", "path": "/a/0", "value": 1},
            {"op": "add", "path": "/a/-", "value": 3},
            {"op": "add", "path": "/a/0", "value": 0},
            {"op": "replace", "path": "/b~1c", "value": "new"},
            {"op": "copy", "from": "/a/1", "path": "/d"},
            {"op": "move", "from": "/d", "path": "/e"},
            {"op": "remove", "path": "/a/1"},
        ]);
        let object = apply(json!({"a": [1], "b/c": "old"}), &patch).expect("applies");
        assert_eq!(object, json!({"a": [0, 3], "b/c": "new", "e": 1}));
    }

    #[test]
    fn what_cannot_be_applied_is_unprocessable() {
        for patch in [
            json!([{"op": "test", "path": "/a", "value": 2}]),
            json!([{"op": "remove", "path": "/nope"}]),
            json!([{"op": "replace", "path": "/nope", "value": 1}]),
            json!([{"op": "add", "path": "/nope/deep", "value": 1}]),
            json!([{"op": "jump", "path": "/a"}]),
        ] {
            assert_eq!(apply(json!({"a": 1}), &patch).expect_err("refused").code(), 422, "{patch}");
        }
        assert_eq!(apply(json!({}), &json!({})).expect_err("no list").code(), 400);
    }
}
