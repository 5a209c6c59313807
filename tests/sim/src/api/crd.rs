//! Custom resources: fields that their schema does not know are pruned, the others checked.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::status::Failure;
use super::template::Cause;
use crate::kinds::Kind;

/// Which Installation the cluster's CustomResourceDefinition describes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Operator {
    /// 1.28: no probe fields, two methods are not refused.
    #[default]
    V1_28,
    /// Probe fields, and one method only.
    Master,
}

/// Structural schemas, `true` standing for "anything" (`x-kubernetes-preserve-unknown-fields`).
static CALICO: LazyLock<Value> = LazyLock::new(|| parse(include_str!("../../schemas/calico.json")));
static V1_28: LazyLock<Value> = LazyLock::new(|| parse(include_str!("../../schemas/installation-1.28.json")));
static MASTER: LazyLock<Value> = LazyLock::new(|| parse(include_str!("../../schemas/installation-master.json")));

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("a schema: {error}"))
}

/// The schema of a custom kind; kinds without one take anything.
pub(super) fn schema(kind: &Kind, operator: Operator) -> Option<&'static Value> {
    match (kind.kind, operator) {
        ("Installation", Operator::V1_28) => Some(&V1_28),
        ("Installation", Operator::Master) => Some(&MASTER),
        (name, _) => CALICO.get(name),
    }
}

/// Takes out what the schema does not know, and names it.
pub(super) fn prune(kind: &Kind, operator: Operator, object: &mut Value) -> Vec<String> {
    let mut unknown = Vec::new();
    if let Some(schema) = schema(kind, operator) {
        prune_at("", schema, object, &mut unknown);
    }
    unknown
}

fn join(at: &str, key: &str) -> String {
    if at.is_empty() { key.to_string() } else { format!("{at}.{key}") }
}

fn prune_at(at: &str, schema: &Value, value: &mut Value, unknown: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            let Some(properties) = schema["properties"].as_object() else { return };
            map.retain(|key, _| {
                let known = properties.contains_key(key);
                if !known {
                    unknown.push(join(at, key));
                }
                known
            });
            for (key, value) in map {
                prune_at(&join(at, key), &properties[key], value, unknown);
            }
        }
        Value::Array(list) => {
            for (number, item) in list.iter_mut().enumerate() {
                prune_at(&format!("{at}[{number}]"), &schema["items"], item, unknown);
            }
        }
        _ => {}
    }
}

pub(super) fn validate(kind: &Kind, operator: Operator, object: &Value) -> Result<(), Failure> {
    let Some(schema) = schema(kind, operator) else { return Ok(()) };
    let mut causes = Vec::new();
    check("", schema, object, &mut causes);
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    if causes.is_empty() { Ok(()) } else { Err(Failure::invalid(kind, name, &causes)) }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn check(at: &str, schema: &Value, value: &Value, causes: &mut Vec<Cause>) {
    let found = type_of(value);
    if let Some(wanted) = schema["type"].as_str().filter(|wanted| *wanted != found) {
        let message = format!("Invalid value: {found:?}: {at} in body must be of type {wanted}: {found:?}");
        causes.push((at.into(), "FieldValueTypeInvalid", message));
        return;
    }
    if let Some(allowed) = schema["enum"].as_array().filter(|allowed| !allowed.contains(value)) {
        let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
        let message = format!("Unsupported value: {value}: supported values: {}", allowed.join(", "));
        causes.push((at.into(), "FieldValueNotSupported", message));
    }
    for (bound, words, broken) in [
        ("minimum", "greater than or equal to", (|value, bound| value < bound) as fn(i64, i64) -> bool),
        ("maximum", "less than or equal to", |value, bound| value > bound),
    ] {
        if let (Some(limit), Some(number)) = (schema[bound].as_i64(), value.as_i64())
            && broken(number, limit)
        {
            let message = format!("Invalid value: {number}: {at} in body should be {words} {limit}");
            causes.push((at.into(), "FieldValueInvalid", message));
        }
    }
    for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(required).is_none() {
            causes.push((join(at, required), "FieldValueRequired", "Required value".into()));
        }
    }
    for (key, value) in value.as_object().into_iter().flatten() {
        check(&join(at, key), &schema["properties"][key], value, causes);
    }
    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
        check(&format!("{at}[{number}]"), &schema["items"], item, causes);
    }
    for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
        if rule["rule"] == "one-method" && value.as_object().is_some_and(|map| methods(map) > 1) {
            let message = format!("Invalid value: {}", rule["message"].as_str().unwrap_or_default());
            causes.push((at.into(), "FieldValueInvalid", message));
        }
    }
}

/// The CEL rule of the operator's `NodeAddressAutodetection`.
fn methods(map: &Map<String, Value>) -> usize {
    let set = |value: &Value| match value {
        Value::Bool(yes) => *yes,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => false,
    };
    map.values().filter(|value| set(value)).count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn installation(spec: Value) -> (&'static Kind, Value) {
        let object = json!({"kind": "Installation", "apiVersion": "operator.tigera.io/v1", "metadata": {"name": "default"}, "spec": spec});
        (Kind::named("Installation").expect("known"), object)
    }

    #[test]
    fn an_old_installation_loses_probe_fields_and_a_new_one_keeps_them() {
        let probe = json!({"failureThreshold": 10, "exec": {}});
        let spec = json!({"calicoNodeDaemonSet": {"spec": {"template": {"spec": {"containers": [{"name": "calico-node", "livenessProbe": probe}]}}}}});
        let at = "spec.calicoNodeDaemonSet.spec.template.spec.containers[0].livenessProbe";
        for (operator, unknown) in [(Operator::V1_28, at.to_string()), (Operator::Master, format!("{at}.exec"))] {
            let (kind, mut object) = installation(spec.clone());
            assert_eq!(prune(kind, operator, &mut object), [unknown]);
            assert_eq!(prune(kind, operator, &mut object), Vec::<String>::new());
            assert!(validate(kind, operator, &object).is_ok());
        }
    }

    #[test]
    fn values_are_refused_as_recorded() {
        let at = "Installation.operator.tigera.io \"default\" is invalid: spec.calicoNetwork.nodeAddressAutodetectionV4";
        let detection = |value: Value| installation(json!({"calicoNetwork": {"nodeAddressAutodetectionV4": value}}));
        let (kind, object) = detection(json!({"kubernetes": "InternalIP"}));
        let refused = validate(kind, Operator::V1_28, &object).expect_err("a bad enum");
        let expected = format!("{at}.kubernetes: Unsupported value: \"InternalIP\": supported values: \"NodeInternalIP\"");
        assert_eq!(refused.message(), expected);
        let (kind, object) = detection(json!({"kubernetes": "NodeInternalIP", "firstFound": true}));
        assert!(validate(kind, Operator::V1_28, &object).is_ok());
        let refused = validate(kind, Operator::Master, &object).expect_err("two methods");
        assert_eq!(refused.message(), format!("{at}: Invalid value: no more than one autodetection method can be specified"));
        let (kind, object) = detection(json!({"interface": 7}));
        assert!(validate(kind, Operator::Master, &object).is_err());
    }

    #[test]
    fn every_installation_of_the_scenarios_fits_both_schemas() {
        let world = crate::scenario::operator(3);
        let kind = Kind::named("Installation").expect("known");
        for operator in [Operator::V1_28, Operator::Master] {
            let mut object = world.store.object("Installation", "", "default").expect("there");
            assert_eq!(prune(kind, operator, &mut object), Vec::<String>::new());
            assert!(validate(kind, operator, &object).is_ok());
        }
    }
}
