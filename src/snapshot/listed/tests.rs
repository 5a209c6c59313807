use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn whole<T: DeserializeOwned>(object: &Value, trim: impl Fn(&mut T)) -> T {
    let mut object: T = serde_json::from_value(object.clone()).expect("an object");
    trim(&mut object);
    object
}

fn listed_node(object: &Value) -> Result<Node, serde_json::Error> {
    node(&mut serde_json::Deserializer::from_str(&object.to_string()))
}

fn listed_pod(reader: &mut PodReader, object: &Value) -> Result<Option<Pod>, serde_json::Error> {
    reader.read(&mut serde_json::Deserializer::from_str(&object.to_string()), |_| true)
}

/// One of these, or nothing at all.
fn one_of(values: impl IntoIterator<Item = Value>) -> impl Strategy<Value = Option<Value>> {
    let values: Vec<Value> = values.into_iter().chain([Value::Null]).collect();
    prop::option::weighted(0.9, prop::sample::select(values))
}

/// A mapping of those fields that are there.
fn object<const N: usize>(fields: [(&'static str, BoxedStrategy<Option<Value>>); N]) -> BoxedStrategy<Option<Value>> {
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let object = values.prop_map(move |values| {
        let present = names.iter().zip(values).filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
        Some(Value::Object(present.collect()))
    });
    prop_oneof![9 => object, 1 => Just(Some(Value::Null)), 1 => Just(None)].boxed()
}

fn list(item: BoxedStrategy<Option<Value>>) -> BoxedStrategy<Option<Value>> {
    // Neither way reads a list in which `null` stands for an object.
    let items = prop::collection::vec(item, 0..4);
    items.prop_map(|items| Some(items.into_iter().flatten().filter(|item| !item.is_null()).collect())).boxed()
}

const TIME: &str = "2026-01-02T03:04:05Z";

fn metadata() -> BoxedStrategy<Option<Value>> {
    object([
        ("name", one_of([json!("a"), json!("b \"quoted\" é")]).boxed()),
        ("creationTimestamp", one_of([json!(TIME)]).boxed()),
        ("labels", one_of([json!({"k8s-app": "calico-node"})]).boxed()),
        ("annotations", one_of([json!({"projectcalico.org/IPv4Address": "10.0.0.1/24", "unread": "x"})]).boxed()),
        ("managedFields", one_of([json!([{"fieldsV1": {"f:spec": {}}}])]).boxed()),
    ])
}

fn conditions() -> BoxedStrategy<Option<Value>> {
    list(object([
        ("type", one_of(["Ready", "NetworkUnavailable", "MemoryPressure", "PodScheduled"].map(Value::from)).boxed()),
        ("status", one_of(["True", "False", "Unknown"].map(Value::from)).boxed()),
        ("reason", one_of([json!("Why")]).boxed()),
        ("message", one_of([json!("with \"letters\"\nthat are escaped, and token=planted")]).boxed()),
        ("lastTransitionTime", one_of([json!(TIME)]).boxed()),
        ("lastHeartbeatTime", one_of([json!(TIME)]).boxed()),
        ("observedGeneration", one_of([json!(3)]).boxed()),
    ]))
}

fn listed_nodes() -> BoxedStrategy<Option<Value>> {
    let status = object([
        ("addresses", one_of([json!([{"type": "InternalIP", "address": "10.0.0.1"}])]).boxed()),
        ("conditions", conditions()),
        ("nodeInfo", one_of([json!({"kubeletVersion": "v1.34.0", "operatingSystem": "linux", "bootID": "x"})]).boxed()),
        ("images", one_of([json!([{"names": ["x]\"[{"], "sizeBytes": 1}])]).boxed()),
    ]);
    let spec = one_of([json!({"taints": [{"key": "a", "effect": "NoSchedule"}], "podCIDR": "10.1.0.0/24"})]);
    object([("metadata", metadata()), ("spec", spec.boxed()), ("status", status)])
}

fn container_states() -> BoxedStrategy<Option<Value>> {
    let end = |code: Value| json!({"terminated": {"exitCode": code, "reason": "Error", "startedAt": TIME, "finishedAt": TIME}});
    one_of([
        end(json!(0)),
        end(json!(1)),
        end(Value::Null),
        json!({"terminated": {}}),
        json!({"running": {"startedAt": TIME}}),
        json!({"waiting": {}}),
    ])
    .boxed()
}

fn statuses() -> BoxedStrategy<Option<Value>> {
    list(object([
        ("name", one_of(["calico-node", "install-cni"].map(Value::from)).boxed()),
        ("ready", one_of([json!(true), json!(false)]).boxed()),
        ("restartCount", one_of([json!(2)]).boxed()),
        ("state", container_states()),
        ("lastState", container_states()),
    ]))
}

fn listed_pods() -> BoxedStrategy<Option<Value>> {
    let probe =
        |seconds: i32| json!({"exec": {"command": ["calico-node", "-felix-live", "--password", "planted"]}, "periodSeconds": seconds});
    let env = [
        json!([{"name": "IP", "value": "autodetect"}, {"name": "GREETING", "value": "planted"}]),
        json!([{"name": "IP", "value": "$(HERE)"}, {"name": "HERE", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}]),
        json!([]),
    ];
    let container = object([
        ("name", one_of(["calico-node", "calico-node", "other"].map(Value::from)).boxed()),
        ("image", one_of(["a:1", "a:2"].map(Value::from)).boxed()),
        ("env", one_of(env).boxed()),
        ("envFrom", one_of([json!([{"configMapRef": {"name": "x"}}])]).boxed()),
        ("livenessProbe", one_of([probe(10), probe(20)]).boxed()),
        ("readinessProbe", one_of([probe(10)]).boxed()),
        ("startupProbe", one_of([probe(10)]).boxed()),
        ("resources", one_of([json!({"requests": {"cpu": "250m"}})]).boxed()),
        ("volumeMounts", one_of([json!([{"name": "kube-api-access-7xk2p"}])]).boxed()),
    ]);
    let field = json!({"key": "metadata.name", "operator": "In", "values": ["b"]});
    let affinity =
        json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchFields": [field]}]}}});
    let spec = object([
        ("nodeName", one_of([json!("b")]).boxed()),
        ("serviceAccountName", one_of([json!("calico-node")]).boxed()),
        ("hostNetwork", one_of([json!(true)]).boxed()),
        ("affinity", one_of([affinity]).boxed()),
        ("containers", list(container)),
        ("volumes", one_of([json!([{"name": "v", "hostPath": {"path": "/var/lib/calico"}}])]).boxed()),
    ]);
    let status = object([
        ("phase", one_of([json!("Running")]).boxed()),
        ("reason", one_of([json!("Evicted")]).boxed()),
        ("message", one_of([json!("why")]).boxed()),
        ("hostIP", one_of([json!("10.0.0.1")]).boxed()),
        ("startTime", one_of([json!(TIME)]).boxed()),
        ("conditions", conditions()),
        ("containerStatuses", statuses()),
        ("initContainerStatuses", statuses()),
    ]);
    object([("metadata", metadata()), ("spec", spec), ("status", status)])
}

proptest! {
    #[test]
    fn a_listed_node_is_the_whole_node_cut_down(object in listed_nodes()) {
        let object = object.filter(Value::is_object).unwrap_or_else(|| json!({}));
        prop_assert_eq!(listed_node(&object).expect("a node"), whole(&object, trim::node));
    }

    #[test]
    fn listed_pods_are_the_whole_pods_cut_down(objects in prop::collection::vec(listed_pods(), 1..6)) {
        let mut reader = PodReader::default();
        for object in objects.into_iter().flatten().filter(Value::is_object) {
            prop_assert_eq!(listed_pod(&mut reader, &object).expect("a pod"), Some(whole(&object, trim::pod)), "{}", object);
        }
    }
}

/// By whichever letters its name is written.
#[test]
fn the_container_is_found_under_an_escaped_name() {
    let pod = r#"{"spec":{"containers":[{"name":"x"},{"name":"calico\u002dnode","image":"a"}]}}"#;
    let pod = PodReader::default().read(&mut serde_json::Deserializer::from_str(pod), |_| true).expect("a pod").expect("wanted");
    assert_eq!(pod.spec.calico_node().map(|container| container.image.as_str()), Some("a"));
}

#[test]
fn a_container_is_parsed_again_only_where_it_differs() {
    let pod = |image: &str, mount: &str| json!({"spec": {"containers": [{"name": "calico-node", "image": image, "env": [], "volumeMounts": [{"name": mount}]}]}});
    let mut reader = PodReader::default();
    for (image, mount, known) in [("a", "x", 1), ("a", "y", 1), ("b", "x", 2), ("a", "z", 2), ("c", "x", 2), ("a", "x", 2)] {
        let read = listed_pod(&mut reader, &pod(image, mount)).expect("a pod").expect("wanted");
        assert_eq!((read.spec.containers[0].image.as_str(), reader.containers.len()), (image, known));
    }
}

#[test]
fn a_pod_that_is_not_wanted_is_passed_over() {
    let pod = json!({"metadata": {"name": "x"}, "status": {"conditions": [{"type": "Ready", "lastTransitionTime": "never"}]}});
    let read =
        |wanted: &str| PodReader::default().read(&mut serde_json::Deserializer::from_str(&pod.to_string()), |meta| meta.name == wanted);
    assert_eq!(read("y").expect("passed over"), None);
    // What is not wanted is not judged either.
    assert!(read("x").is_err());
}

#[test]
fn what_is_no_node_or_pod_is_an_error() {
    for object in
        [json!([]), json!("x"), json!({"metadata": 7}), json!({"status": {"conditions": [null]}}), json!({"status": {"conditions": {}}})]
    {
        assert!(listed_node(&object).is_err(), "{object}");
        assert!(listed_pod(&mut PodReader::default(), &object).is_err(), "{object}");
    }
    for object in [json!({"spec": {"containers": [{"name": "calico-node", "env": 7}]}}), json!({"status": {"initContainerStatuses": [7]}})]
    {
        assert!(listed_pod(&mut PodReader::default(), &object).is_err(), "{object}");
    }
}
