//! The bookkeeping of writes, and what the feed tells of them.

use serde_json::json;

use super::*;

fn store() -> Store {
    let store = Store::default();
    store.add(json!({
        "kind": "DaemonSet",
        "apiVersion": "apps/v1",
        "metadata": {"name": "calico-node", "namespace": "kube-system", "generation": 1, "uid": "u"},
        "spec": {"template": {"spec": {"containers": []}}},
        "status": {"numberReady": 0},
    }));
    store
}

fn calico_node(store: &Store) -> Value {
    store.object("DaemonSet", "kube-system", "calico-node").expect("it is there")
}

#[test]
fn a_changed_spec_counts_a_generation_and_a_status_does_not() {
    let store = store();
    let writer = Writer::new("test");
    store
        .edit_as(writer.status(), "DaemonSet", "kube-system", "calico-node", |object| {
            object["status"]["numberReady"] = 3.into();
            object["spec"] = json!({"lost": true});
        })
        .expect("written");
    let object = calico_node(&store);
    assert_eq!((&object["status"]["numberReady"], &object["metadata"]["generation"]), (&json!(3), &json!(1)));
    assert!(object["spec"]["lost"].is_null());
    store
        .edit_as(writer, "DaemonSet", "kube-system", "calico-node", |object| {
            object["spec"]["template"]["spec"]["hostNetwork"] = true.into();
            object["status"]["numberReady"] = 9.into();
        })
        .expect("written");
    let object = calico_node(&store);
    assert_eq!((&object["status"]["numberReady"], &object["metadata"]["generation"]), (&json!(3), &json!(2)));
    assert_eq!(object["metadata"]["resourceVersion"], "3");
}

#[test]
fn an_old_version_conflicts_and_an_equal_object_is_no_write() {
    let store = store();
    let old = calico_node(&store);
    assert_eq!(store.update(old.clone(), Writer::new("test")).expect("equal")["metadata"]["resourceVersion"], "1");
    store.edit("DaemonSet", "kube-system", "calico-node", |object| object["spec"]["minReadySeconds"] = 5.into()).expect("written");
    let refused = store.update(old, Writer::new("test")).expect_err("stale");
    assert_eq!(refused.code(), 409);
    assert!(refused.message().starts_with("Operation cannot be fulfilled on daemonsets.apps \"calico-node\": the object"));
}

#[test]
fn the_feed_tells_every_change_and_no_more_than_it_kept() {
    let store = store();
    let mut feed = store.subscribe(store.resource_version()).expect("from now on");
    let pod = json!({
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"generateName": "calico-node-", "namespace": "kube-system"},
        "spec": {"nodeName": "a"},
    });
    let pod = store.create(pod, Writer::new("test")).expect("created");
    let name = pod["metadata"]["name"].as_str().expect("a name");
    assert_eq!(name.len(), "calico-node-12345".len());
    let going = store.delete("Pod", "kube-system", name, &Deletion::default()).expect("going");
    assert_eq!(going["metadata"]["deletionTimestamp"], "1970-01-01T00:00:30Z");
    store.delete("Pod", "kube-system", name, &Deletion::now()).expect("gone");
    let seen: Vec<_> = feed.ready().expect("kept").iter().map(|change| (change.version, change.what)).collect();
    assert_eq!(seen, [(2, What::Added), (3, What::Modified), (4, What::Deleted)]);
    assert!(feed.ready().expect("kept").is_empty());
    let kind = named("Pod");
    let counts: Vec<_> = (1..=5).map(|version| store.snapshot_at(kind, version).map(|pods| pods.len())).collect();
    assert_eq!(counts, [Some(0), Some(1), Some(1), Some(0), None]);
    store.compact();
    assert_eq!(store.subscribe(2).err().map(|failure| failure.code()), Some(410));
    assert!(store.subscribe(4).is_ok());
}

#[test]
fn a_dry_run_keeps_nothing() {
    let store = store();
    let dry = Writer { dry_run: true, ..Writer::new("test") };
    let object = store.edit_as(dry, "DaemonSet", "kube-system", "calico-node", |object| object["spec"]["minReadySeconds"] = 5.into());
    let object = object.expect("checked");
    assert_eq!((&object["metadata"]["generation"], &object["metadata"]["resourceVersion"]), (&json!(2), &json!("1")));
    assert!(calico_node(&store)["spec"]["minReadySeconds"].is_null());
}
