use proptest::prelude::*;

use super::*;

fn there_and_back(kind: PatchKind, before: &Value, after: &Value) {
    for (one, other) in [(before, after), (after, before)] {
        let mut object = one.clone();
        if let Some(patch) = kind.diff(one, other) {
            assert!(!kind.holds(one, &patch), "{patch}");
            kind.apply(&mut object, &patch);
            assert!(kind.holds(&object, &patch), "{patch}");
        }
        assert_eq!(sorted(&object), sorted(other));
    }
}

/// The order of variables is not what a patch can give back.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(sorted).collect();
            items.sort_by_key(|item| name(item).map(str::to_owned));
            Value::Array(items)
        }
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), sorted(value))).collect(),
        other => other.clone(),
    }
}

fn container(env: &Value, probe: &Value) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [
        {"name": "calico-node", "image": "calico/node:v3.24.5", "env": env, "livenessProbe": probe},
        {"name": "kube-flannel", "env": [{"name": "IP", "value": "other"}]},
    ]}}}})
}

#[test]
fn only_what_differs_is_named() {
    let before =
        container(&json!([{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}]), &json!({"periodSeconds": 10}));
    let after = container(
        &json!([{"name": "IP", "value": "autodetect"}, {"name": "IP_AUTODETECTION_METHOD", "value": "can-reach=10.0.0.1"}]),
        &json!({"periodSeconds": 10, "failureThreshold": 10}),
    );
    let patch = |container: Value| json!({"spec": {"template": {"spec": {"containers": [container]}}}});
    assert_eq!(
        PatchKind::Strategic.diff(&before, &after),
        Some(patch(json!({
            "name": "calico-node",
            "env": [{"name": "IP", "value": "autodetect", "valueFrom": null}, {"name": "IP_AUTODETECTION_METHOD", "value": "can-reach=10.0.0.1"}],
            "livenessProbe": {"failureThreshold": 10},
        })))
    );
    assert_eq!(
        PatchKind::Strategic.diff(&after, &before),
        Some(patch(json!({
            "name": "calico-node",
            "env": [
                {"name": "IP", "value": null, "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}},
                {"name": "IP_AUTODETECTION_METHOD", "$patch": "delete"},
            ],
            "livenessProbe": {"failureThreshold": null},
        })))
    );
    there_and_back(PatchKind::Strategic, &before, &after);
    assert_eq!(PatchKind::Strategic.diff(&before, &before), None);
}

#[test]
fn a_custom_resource_has_no_merge_keys() {
    let before = json!({"spec": {"calicoNetwork": {"nodeAddressAutodetectionV4": {"firstFound": true}}, "containers": [{"name": "a"}]}});
    let after =
        json!({"spec": {"calicoNetwork": {"nodeAddressAutodetectionV4": {"kubernetes": "NodeInternalIP"}}, "containers": [{"name": "b"}]}});
    let expected = json!({"spec": {
        "calicoNetwork": {"nodeAddressAutodetectionV4": {"firstFound": null, "kubernetes": "NodeInternalIP"}},
        "containers": [{"name": "b"}],
    }});
    assert_eq!(PatchKind::Merge.diff(&before, &after), Some(expected));
    there_and_back(PatchKind::Merge, &before, &after);
}

#[test]
fn patches_are_joined_field_by_field() {
    let one = json!({"metadata": {"resourceVersion": "7"}, "spec": {"template": 1}});
    let other = json!({"metadata": {"annotations": {"a": "b"}}, "spec": {"updateStrategy": 2}});
    let both = json!({"metadata": {"resourceVersion": "7", "annotations": {"a": "b"}}, "spec": {"template": 1, "updateStrategy": 2}});
    assert_eq!(join(one, &other), both);
}

fn variables() -> impl Strategy<Value = Value> {
    let variable = ("[A-E]", "[a-c]{0,2}", any::<bool>()).prop_map(|(name, value, literal)| match literal {
        true => json!({"name": name, "value": value}),
        false => json!({"name": name, "valueFrom": {"fieldRef": {"fieldPath": value}}}),
    });
    proptest::collection::vec(variable, 0..5).prop_map(|mut list| {
        list.sort_by_key(|item| item["name"].to_string());
        list.dedup_by_key(|item| item["name"].to_string());
        Value::Array(list)
    })
}

fn probes() -> impl Strategy<Value = Value> {
    proptest::collection::btree_map("(period|timeout|delay)", 1..4_i64, 0..3).prop_map(|fields| json!(fields))
}

proptest! {
    #[test]
    fn every_difference_leads_there_and_back(one in (variables(), probes()), other in (variables(), probes())) {
        let (before, after) = (container(&one.0, &one.1), container(&other.0, &other.1));
        there_and_back(PatchKind::Strategic, &before, &after);
        there_and_back(PatchKind::Merge, &before["spec"], &after["spec"]);
    }
}
