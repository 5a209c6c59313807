//! The DaemonSet controller against the recorded rollouts.

use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sim::controller::settle;
use sim::{Change, Deletion, Store, What, Writer};

const NAMESPACE: &str = "kube-system";
const HASH: &str = "controller-revision-hash";

/// Nodes with a Ready pod each, and a DaemonSet whose status says so.
fn cluster(nodes: usize, strategy: Value) -> Store {
    let store = Store::default();
    for node in 1..=nodes {
        let labels = json!({"kubernetes.io/os": "linux"});
        store.add(json!({"kind": "Node", "apiVersion": "v1", "metadata": {"name": format!("node-{node}"), "labels": labels}}));
    }
    let daemonset = json!({
        "kind": "DaemonSet",
        "apiVersion": "apps/v1",
        "metadata": {"name": "calico-node", "namespace": NAMESPACE, "labels": {"k8s-app": "calico-node"}},
        "spec": {
            "selector": {"matchLabels": {"k8s-app": "calico-node"}},
            "updateStrategy": strategy,
            "template": {
                "metadata": {"labels": {"k8s-app": "calico-node"}},
                "spec": {
                    "nodeSelector": {"kubernetes.io/os": "linux"},
                    "hostNetwork": true,
                    "terminationGracePeriodSeconds": 0,
                    "containers": [{"name": "calico-node", "env": []}],
                },
            },
        },
    });
    store.create(daemonset, Writer::new("kubectl")).expect("created");
    settle(&store);
    for node in 1..=nodes {
        ready(&store, node, true);
    }
    settle(&store);
    store
}

fn rolling(max: Value) -> Value {
    json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": max, "maxSurge": 0}})
}

fn pod(store: &Store, node: usize) -> Value {
    let name = format!("node-{node}");
    store.objects("Pod").into_iter().find(|pod| pod["spec"]["nodeName"] == name.as_str()).unwrap_or_else(|| panic!("no pod on {name}"))
}

fn ready(store: &Store, node: usize, ready: bool) {
    let pod = pod(store, node);
    let status = if ready { "True" } else { "False" };
    let edit = |pod: &mut Value| {
        pod["status"] =
            json!({"phase": "Running", "conditions": [{"type": "Ready", "status": status, "lastTransitionTime": "1970-01-01T00:00:00Z"}]});
    };
    store.edit("Pod", NAMESPACE, pod["metadata"]["name"].as_str().expect("a name"), edit).expect("edited");
}

fn set_env(store: &Store, value: &str) {
    let edit = |object: &mut Value| object["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "X", "value": value}]);
    store.edit_as(Writer::new("kubectl-set"), "DaemonSet", NAMESPACE, "calico-node", edit).expect("edited");
}

fn daemonset(store: &Store) -> Value {
    store.object("DaemonSet", NAMESPACE, "calico-node").expect("it is there")
}

fn uids(store: &Store, nodes: usize) -> Vec<String> {
    (1..=nodes).map(|node| pod(store, node)["metadata"]["uid"].to_string()).collect()
}

/// The nodes whose pod is another one now.
fn replaced(before: &[String], store: &Store) -> Vec<usize> {
    let now = uids(store, before.len());
    (0..before.len()).filter(|at| before[*at] != now[*at]).map(|at| at + 1).collect()
}

fn seen(change: &Change) -> Option<Value> {
    let object = change.value();
    let what = match change.what {
        What::Added => "ADDED",
        What::Modified => "MODIFIED",
        What::Deleted => "DELETED",
    };
    match object["kind"].as_str()? {
        "DaemonSet" => {
            Some(json!({"type": what, "kind": "DaemonSet", "generation": object["metadata"]["generation"], "status": object["status"]}))
        }
        "Pod" => {
            let deleting = what == "DELETED" || object["metadata"]["deletionTimestamp"].is_string();
            Some(json!({"type": what, "kind": "Pod", "node": object["spec"]["nodeName"], "deleting": deleting}))
        }
        _ => None,
    }
}

/// A rollout that begins with the one pod that is not Ready, and goes no further.
#[test]
fn the_stalled_rollout_is_told_as_it_was_recorded() {
    let store = cluster(3, rolling(json!(1)));
    for value in ["a", "b"] {
        set_env(&store, value);
        for _ in 0..3 {
            settle(&store);
            (1..=3).for_each(|node| ready(&store, node, true));
        }
        settle(&store);
    }
    // As there: the fifth generation is about to come, and node-3 is not Ready.
    store
        .edit_as(Writer::new("kubectl"), "DaemonSet", NAMESPACE, "calico-node", |object| object["spec"]["minReadySeconds"] = 0.into())
        .expect("edited");
    ready(&store, 3, false);
    settle(&store);
    let mut feed = store.subscribe(store.resource_version()).expect("from now on");
    set_env(&store, "c");
    settle(&store);
    let ours: Vec<Value> = feed.ready().expect("kept").iter().filter_map(seen).collect();
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rollout/stalled.jsonl")).expect("readable");
    let recorded: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(ours, recorded);
    settle(&store);
    assert!(feed.ready().expect("kept").is_empty(), "it stalls");
}

/// `method-can-reach`: the faulty node first, then one after the other as each becomes Ready.
#[test]
fn one_at_a_time_once_the_bad_one_is_done() {
    let store = cluster(3, rolling(json!(1)));
    ready(&store, 3, false);
    settle(&store);
    let before = uids(&store, 3);
    set_env(&store, "a");
    settle(&store);
    let mut steps = vec![replaced(&before, &store)];
    for _ in 0..3 {
        let fresh = (1..=3).find(|node| pod(&store, *node)["status"]["phase"] == "Pending");
        if let Some(node) = fresh {
            ready(&store, node, true);
        }
        settle(&store);
        steps.push(replaced(&before, &store));
    }
    assert_eq!(steps, [vec![3], vec![1, 3], vec![1, 2, 3], vec![1, 2, 3]]);
    let status = daemonset(&store)["status"].clone();
    assert_eq!((&status["updatedNumberScheduled"], &status["numberUnavailable"]), (&json!(3), &Value::Null));
}

#[test]
fn all_that_are_unavailable_go_at_once() {
    let store = cluster(3, rolling(json!(1)));
    (1..=3).for_each(|node| ready(&store, node, false));
    settle(&store);
    let before = uids(&store, 3);
    set_env(&store, "a");
    settle(&store);
    assert_eq!(replaced(&before, &store), [1, 2, 3]);
}

#[test]
fn a_share_of_the_nodes_is_rounded_up() {
    for (asked, expected) in [(json!(2), 2), (json!("20%"), 2), (json!("50%"), 4), (json!(0), 1)] {
        let store = cluster(7, rolling(asked.clone()));
        let before = uids(&store, 7);
        set_env(&store, "a");
        settle(&store);
        assert_eq!(replaced(&before, &store).len(), expected, "{asked}");
    }
}

/// `debug-one-pod`: under OnDelete nothing moves until a pod is deleted; back under RollingUpdate only that one is replaced,
/// and the old revision is the newest again.
#[test]
fn one_pod_alone_by_on_delete() {
    let store = cluster(3, rolling(json!(1)));
    let before = uids(&store, 3);
    let strategy = |kind: Value| {
        let edit = |object: &mut Value| object["spec"]["updateStrategy"] = kind;
        store.edit_as(Writer::new("kubectl-patch"), "DaemonSet", NAMESPACE, "calico-node", edit).expect("edited");
    };
    strategy(json!({"type": "OnDelete"}));
    set_env(&store, "debug");
    settle(&store);
    assert_eq!(replaced(&before, &store), [0; 0]);
    assert_eq!(daemonset(&store)["status"]["updatedNumberScheduled"], Value::Null);
    let name = pod(&store, 3)["metadata"]["name"].as_str().expect("a name").to_string();
    store.delete("Pod", NAMESPACE, &name, &Deletion::default()).expect("deleted");
    settle(&store);
    ready(&store, 3, true);
    settle(&store);
    assert_eq!(replaced(&before, &store), [3]);
    let debug = uids(&store, 3);
    let edit = |object: &mut Value| object["spec"]["template"]["spec"]["containers"][0]["env"] = json!([]);
    store.edit_as(Writer::new("kubectl-patch"), "DaemonSet", NAMESPACE, "calico-node", edit).expect("edited");
    settle(&store);
    assert_eq!(replaced(&debug, &store), [0; 0]);
    strategy(rolling(json!(1)));
    settle(&store);
    assert_eq!(replaced(&debug, &store), [3]);
    let mut revisions: Vec<_> = store.objects("ControllerRevision").iter().map(|revision| revision["revision"].as_i64()).collect();
    revisions.sort();
    assert_eq!(revisions, [Some(2), Some(3)]);
    assert_eq!(pod(&store, 3)["metadata"]["labels"][HASH], pod(&store, 1)["metadata"]["labels"][HASH]);
}

#[test]
fn pods_follow_the_nodes_and_tell_where_they_belong() {
    let store = cluster(2, rolling(json!(1)));
    let pod = pod(&store, 2);
    assert_eq!(pod["metadata"]["labels"]["pod-template-generation"], "1");
    assert_eq!(pod["spec"]["tolerations"].as_array().map(Vec::len), Some(7));
    assert_eq!(pod["metadata"]["ownerReferences"][0]["uid"], daemonset(&store)["metadata"]["uid"]);
    let labels = json!({"kubernetes.io/os": "linux"});
    for (name, labels) in [("node-3", labels), ("windows", json!({"kubernetes.io/os": "windows"}))] {
        store
            .create(json!({"kind": "Node", "apiVersion": "v1", "metadata": {"name": name, "labels": labels}}), Writer::new("kubelet"))
            .expect("created");
    }
    store.delete("Node", "", "node-1", &Deletion::now()).expect("deleted");
    settle(&store);
    let mut nodes: Vec<_> =
        store.objects("Pod").iter().map(|pod| pod["spec"]["nodeName"].as_str().unwrap_or_default().to_string()).collect();
    nodes.sort();
    assert_eq!(nodes, ["node-2", "node-3"]);
}

#[test]
fn old_revisions_are_cleared_and_min_ready_seconds_are_waited_for() {
    let store = cluster(1, rolling(json!(1)));
    let limit = |object: &mut Value| {
        object["spec"]["revisionHistoryLimit"] = 2.into();
        object["spec"]["minReadySeconds"] = 30.into();
    };
    store.edit_as(Writer::new("kubectl"), "DaemonSet", NAMESPACE, "calico-node", limit).expect("edited");
    for value in ["a", "b", "c", "d"] {
        set_env(&store, value);
        settle(&store);
        ready(&store, 1, true);
    }
    settle(&store);
    assert_eq!(store.objects("ControllerRevision").len(), 3);
    assert_eq!(daemonset(&store)["status"]["numberAvailable"], Value::Null);
    store.set_clock(|| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(30));
    settle(&store);
    assert_eq!(daemonset(&store)["status"]["numberAvailable"], 1);
}

fn surging(most: Value) -> Value {
    json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": most}})
}

/// Names by node, oldest first, of the pods on it.
fn crowd(store: &Store, node: usize) -> Vec<Value> {
    let name = format!("node-{node}");
    let mut here: Vec<Value> = store.objects("Pod").into_iter().filter(|pod| pod["spec"]["nodeName"] == name.as_str()).collect();
    here.sort_by_key(|pod| pod["metadata"]["resourceVersion"].as_str().and_then(|version| version.parse::<u64>().ok()));
    here
}

fn make_ready(store: &Store, pod: &Value) {
    let edit = |pod: &mut Value| {
        pod["status"] =
            json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "1970-01-01T00:00:00Z"}]});
    };
    store.edit("Pod", NAMESPACE, pod["metadata"]["name"].as_str().expect("a name"), edit).expect("edited");
    settle(store);
}

/// A new pod beside the old one, which goes when the new one is Ready; no more new ones at a time than `maxSurge`.
#[test]
fn with_max_surge_the_old_pod_stays_until_the_new_one_is_ready() {
    for (most, at_once) in [(json!(1), 1), (json!("50%"), 2)] {
        let store = cluster(4, surging(most));
        let before = uids(&store, 4);
        set_env(&store, "1");
        settle(&store);
        for done in (0..4).step_by(at_once) {
            let doubled: Vec<usize> = (1..=4).filter(|node| crowd(&store, *node).len() == 2).collect();
            assert_eq!(doubled.len(), at_once, "{done} are done: {doubled:?}");
            for node in doubled {
                let new = crowd(&store, node).into_iter().find(|pod| !before.contains(&pod["metadata"]["uid"].to_string()));
                make_ready(&store, &new.expect("a new pod"));
                assert_eq!(crowd(&store, node).len(), 1, "the old one is gone");
            }
        }
        let status = &daemonset(&store)["status"];
        assert_eq!((&status["updatedNumberScheduled"], &status["numberAvailable"]), (&4.into(), &4.into()));
    }
}

/// An old pod that is not available needs no room: its new one comes at once, and the old one goes.
#[test]
fn with_max_surge_a_pod_that_is_not_ready_is_replaced_at_once() {
    let store = cluster(3, surging(json!(1)));
    ready(&store, 2, false);
    let sick = pod(&store, 2)["metadata"]["uid"].clone();
    set_env(&store, "1");
    settle(&store);
    let here = crowd(&store, 2);
    assert!(here.len() == 1 && here[0]["metadata"]["uid"] != sick, "{here:?}");
    assert_eq!([1, 3].map(|node| crowd(&store, node).len()).iter().sum::<usize>(), 3, "one of the others has two");
}

/// What a DaemonSet owned goes after it, and nothing of one that was created again under its name.
#[test]
fn pods_and_revisions_of_a_deleted_daemon_set_go_too() {
    let store = cluster(3, rolling(json!(1)));
    let mut object = daemonset(&store);
    let mut cache = sim::controller::Controllers::new(&store);
    cache.settle();
    store.delete("DaemonSet", NAMESPACE, "calico-node", &Deletion::default()).expect("deleted");
    cache.settle();
    let left = || (store.objects("Pod").len(), store.objects("ControllerRevision").len());
    assert_eq!(left(), (0, 0));
    for field in ["uid", "resourceVersion", "creationTimestamp", "generation"] {
        object["metadata"].as_object_mut().expect("metadata").remove(field);
    }
    store.create(object, Writer::new("kubectl")).expect("created");
    cache.settle();
    assert_eq!(left(), (3, 1));
}
