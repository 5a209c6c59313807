//! JSON merge patch (RFC 7386).

use serde_json::{Map, Value};

pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn null_takes_away_and_lists_are_replaced() {
        let mut object = json!({"a": {"b": 1, "c": [1, 2]}, "d": 4});
        merge(&mut object, &json!({"a": {"b": null, "c": [3], "e": {"f": null, "g": 1}}, "x": null}));
        assert_eq!(object, json!({"a": {"c": [3], "e": {"g": 1}}, "d": 4}));
    }
}
