use serde_json::json;

use super::*;

fn resolve(container: serde_json::Value, maps: &[(&str, Observed<serde_json::Value>)]) -> Environment {
    let container: Container = serde_json::from_value(container).expect("a container");
    let map = |data| serde_json::from_value(json!({ "data": data })).expect("a ConfigMap");
    let maps = maps.iter().map(|(name, seen)| (name.to_string(), seen.clone().map(map))).collect();
    Environment::resolve(&container, &maps, "kube-system")
}

fn backend_from_map(seen: Observed<serde_json::Value>) -> Backend {
    let reference = json!({"configMapKeyRef": {"name": "calico-config", "key": "calico_backend"}});
    resolve(json!({"env": [{"name": "CALICO_NETWORKING_BACKEND", "valueFrom": reference}]}), &[("calico-config", seen)]).backend()
}

#[test]
fn the_backend_through_its_config_map() {
    assert_eq!(backend_from_map(Observed::Seen(json!({"calico_backend": "vxlan"}))), Backend::Vxlan);
    assert_eq!(backend_from_map(Observed::Seen(json!({"calico_backend": "bird"}))), Backend::Bird);
    let why = |seen| match backend_from_map(seen) {
        Backend::Unknown { why } => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(why(Observed::Seen(json!({}))), "ConfigMap kube-system/calico-config has no key calico_backend");
    assert_eq!(why(Observed::Absent), "ConfigMap kube-system/calico-config does not exist");
    assert_eq!(why(Observed::Forbidden("cannot get".into())), "ConfigMap kube-system/calico-config: cannot get");
    assert_eq!(why(Observed::NotAsked), "ConfigMap kube-system/calico-config: not asked");
    assert_eq!(resolve(json!({}), &[]).backend(), Backend::Bird);
}

#[test]
fn explicit_wins_over_env_from_and_the_last_env_from_wins() {
    let from =
        json!([{"configMapRef": {"name": "one"}}, {"prefix": "P_", "configMapRef": {"name": "two"}}, {"configMapRef": {"name": "three"}}]);
    let maps = [
        ("one", Observed::Seen(json!({"A": "1", "B": "1", "C": "1"}))),
        ("two", Observed::Seen(json!({"A": "2"}))),
        ("three", Observed::Seen(json!({"B": "3"}))),
    ];
    let environment = resolve(json!({"envFrom": from, "env": [{"name": "C", "value": "own"}]}), &maps);
    for (name, expected) in [("A", "1"), ("P_A", "2"), ("B", "3"), ("C", "own")] {
        assert_eq!(environment.get(name).literal(), Some(expected), "{name}");
    }
    assert_eq!(environment.get("D"), Value::Unset);
}

#[test]
fn what_could_not_be_read_is_not_unset() {
    let from = |name: &str, optional: bool| json!({"envFrom": [{"configMapRef": {"name": name, "optional": optional}}]});
    let unknown = |environment: Environment| matches!(environment.get("IP"), Value::Unknown { .. });
    assert!(unknown(resolve(from("settings", true), &[])));
    assert!(unknown(resolve(from("settings", false), &[("settings", Observed::Absent)])));
    assert!(!unknown(resolve(from("settings", true), &[("settings", Observed::Absent)])));
    let endpoint = resolve(from(ENDPOINT_CONFIG_MAP, true), &[]);
    assert!(matches!(endpoint.get("KUBERNETES_SERVICE_HOST"), Value::Unknown { .. }));
    assert!(!unknown(endpoint));
}

#[test]
fn expansion_as_the_kubelet_does_it() {
    let environment = resolve(
        json!({"env": [
            {"name": "EARLY", "value": "$(LATE)"},
            {"name": "NODEIP", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}},
            {"name": "LATE", "value": "x"},
            {"name": "IP_AUTODETECTION_METHOD", "value": "can-reach=$(NODEIP)"},
            {"name": "IP", "value": "$(NODEIP)"},
            {"name": "BOTH", "value": "a$(LATE)b$$(LATE)$(NONE)$"},
            {"name": "OPEN", "value": "$(LATE"},
            {"name": "SERVICE", "value": "can-reach=$(KUBERNETES_SERVICE_HOST)"},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            {"name": "HIDDEN", "value": "$(TOKEN)"},
        ]}),
        &[],
    );
    assert_eq!(environment.get("EARLY").literal(), Some("$(LATE)"));
    assert_eq!(environment.get("BOTH").literal(), Some("axb$(LATE)$(NONE)$"));
    assert_eq!(environment.get("OPEN").literal(), Some("$(LATE"));
    assert_eq!(environment.ip(Family::V4), Value::Field("status.hostIP".into()));
    assert_eq!(environment.get("TOKEN"), Value::Secret);
    assert!(matches!(environment.get("SERVICE"), Value::Unknown { .. }) && matches!(environment.get("HIDDEN"), Value::Unknown { .. }));
    let MethodSetting::PerNode(value) = environment.method(Family::V4) else { panic!("depends on the pod") };
    assert_eq!(value.at(|path| (path == "status.hostIP").then(|| "10.0.0.3".into())).as_deref(), Some("can-reach=10.0.0.3"));
    assert_eq!(value.at(|_| None), None);
}

#[test]
fn datastore_health_and_methods() {
    let with = |env: &[(&str, &str)]| {
        let env: Vec<_> = env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        resolve(json!({ "env": env }), &[])
    };
    assert_eq!(with(&[("DATASTORE_TYPE", "kubernetes"), ("ETCD_ENDPOINTS", "")]).datastore(), Datastore::Kubernetes);
    assert_eq!(with(&[("ETCD_ENDPOINTS", "https://10.0.0.1:2379")]).datastore(), Datastore::Etcd);
    assert_eq!(with(&[("DATASTORE_TYPE", "etcdv3")]).datastore(), Datastore::Etcd);
    assert!(matches!(with(&[]).datastore(), Datastore::Unknown { .. }));
    assert_eq!(with(&[]).health(), Health { host: Some("localhost".into()), port: Some(9099) });
    let odd = with(&[("FELIX_HEALTHPORT", "9199"), ("FELIX_HEALTHHOST", "0.0.0.0")]).health();
    assert_eq!(odd, Health { host: Some("0.0.0.0".into()), port: Some(9199) });
    assert_eq!(with(&[("FELIX_HEALTHPORT", "x")]).health().port, None);
    assert_eq!(with(&[]).method(Family::V6), MethodSetting::Known(Method::FirstFound));
    let known = with(&[("IP6_AUTODETECTION_METHOD", "kubernetes-internal-ip")]).method(Family::V6);
    assert_eq!(known, MethodSetting::Known(Method::KubernetesInternalIp));
}

#[test]
fn what_has_to_be_fetched() {
    let container: Container = serde_json::from_value(json!({
        "env": [{"name": "B", "valueFrom": {"configMapKeyRef": {"name": "calico-config", "key": "calico_backend"}}}, {"name": "C", "value": "x"}],
        "envFrom": [{"configMapRef": {"name": ENDPOINT_CONFIG_MAP}}, {"secretRef": {"name": "s"}}],
    }))
    .expect("a container");
    let expected = [
        ConfigMapRef { name: ENDPOINT_CONFIG_MAP.into(), keys: Keys::All },
        ConfigMapRef { name: "calico-config".into(), keys: Keys::Key("calico_backend".into()) },
    ];
    assert_eq!(references(&container), expected);
}
