use serde_json::json;

use super::*;
use crate::snapshot::Origin;

fn target() -> Target {
    Target::DaemonSet { namespace: "kube-system".into(), name: "calico-node".into() }
}

fn spec(method: &str) -> Value {
    json!({"containers": [{"name": "calico-node", "env": [{"name": "IP_AUTODETECTION_METHOD", "value": method}]}]})
}

fn daemon_set(method: &str) -> Value {
    json!({"metadata": {"name": "calico-node", "namespace": "kube-system"}, "spec": {"template": {"spec": spec(method)}}})
}

/// A pod for each method and revision.
fn snapshot(pods: &[(&str, &str)]) -> Snapshot {
    let pod = |(number, (method, revision)): (usize, &(&str, &str))| {
        let mut pod =
            json!({"metadata": {"name": format!("p{number}"), "labels": {"controller-revision-hash": revision}}, "spec": spec(method)});
        pod["spec"]["nodeName"] = format!("node-{number}").into();
        pod
    };
    let nodes = (0..pods.len()).map(|number| json!({"metadata": {"name": format!("node-{number}")}}));
    let revision = |(number, hash): (usize, &str)| json!({"metadata": {"name": hash, "labels": {"controller-revision-hash": hash}}, "revision": number});
    let mut snapshot = Snapshot::empty(Origin::Live, jiff::Timestamp::UNIX_EPOCH);
    let seen = |value: Value| serde_json::from_value(value).expect("slim objects");
    snapshot.pods = Observed::Seen(serde_json::from_value(pods.iter().enumerate().map(pod).collect()).expect("pods"));
    snapshot.nodes = Observed::Seen(serde_json::from_value(nodes.collect()).expect("nodes"));
    snapshot.controller_revisions =
        Observed::Seen(serde_json::from_value(["old", "new"].into_iter().enumerate().map(revision).collect()).expect("revisions"));
    snapshot.daemon_set = Observed::Seen(seen(daemon_set("cidr=10.0.0.0/8")));
    snapshot
}

#[test]
fn pods_that_have_the_restored_template_do_not_restart() {
    let installation = Target::Installation { name: "default".into() };
    for (pods, restarts) in [
        (&[("first-found", "old"), ("cidr=10.0.0.0/8", "new"), ("first-found", "old")][..], 1),
        (&[("cidr=10.0.0.0/8", "new"), ("cidr=10.0.0.0/8", "new")], 2),
        (&[("first-found", "old")], 0),
        (&[], 0),
    ] {
        let snapshot = snapshot(pods);
        assert_eq!(restarting(&snapshot, &target(), &daemon_set("first-found")), restarts, "{pods:?}");
        // The operator may restart every pod.
        assert_eq!(restarting(&snapshot, &installation, &json!({"spec": {}})), pods.len(), "{pods:?}");
    }
}

#[test]
fn the_operators_form_of_a_method_is_read_back() {
    for (field, expected) in [
        (json!({"firstFound": true}), Some("first-found")),
        (Value::Null, Some("first-found")),
        (json!({"kubernetes": "NodeInternalIP"}), Some("kubernetes-internal-ip")),
        (json!({"interface": "eth.*"}), Some("interface=eth.*")),
        (json!({"skipInterface": "br-.*"}), Some("skip-interface=br-.*")),
        (json!({"canReach": "10.0.0.1"}), Some("can-reach=10.0.0.1")),
        (json!({"cidrs": ["10.0.0.0/24", "10.1.0.0/24"]}), Some("cidr=10.0.0.0/24,10.1.0.0/24")),
        (json!({"interface": "eth.*", "firstFound": true}), None),
        (json!({"interface": 5}), None),
        (json!({"other": "x"}), None),
    ] {
        assert_eq!(method_text(&field).as_deref(), expected, "{field}");
    }
}

/// What cannot be foreseen is no fault, and nothing more is asked of such a node than to stay Ready.
#[test]
fn nodes_without_a_prediction_keep_a_goal_without_an_address() {
    let snapshot = snapshot(&[("cidr=10.0.0.0/8", "new"), ("cidr=10.0.0.0/8", "new")]);
    let forecast = forecast(&snapshot, &target(), &daemon_set("first-found"));
    assert_eq!(forecast.returning, []);
    assert_eq!(
        forecast.goals.iter().map(|goal| (goal.name.as_str(), goal.addresses.len())).collect::<Vec<_>>(),
        [("node-0", 0), ("node-1", 0)]
    );
}
