//! What a snapshot holds, whole and in part.

use std::collections::BTreeSet;

use calico_fix::cluster::{LogSelection, NodeFilter};
use calico_fix::observed::Observed;
use serde_json::json;
use sim::{Effect, Fault, Rule, User};

use super::*;

#[tokio::test]
async fn an_incident_is_seen_whole() {
    let server = start(sim::scenario::bridge_address(5)).await;
    let snapshot = gathered(&server, "").await;
    assert_eq!(snapshot.nodes.seen().map(Vec::len), Some(5));
    assert_eq!(snapshot.pods.seen().map(Vec::len), Some(5));
    assert!(snapshot.events.seen().is_some_and(|events| events.iter().any(|event| event.message.contains("BGP not established"))));
    assert!(snapshot.controller_revisions.seen().is_some_and(|revisions| !revisions.is_empty()));
    let backend = snapshot.config_maps.get("calico-config").and_then(Observed::seen).expect("the ConfigMap");
    assert_eq!(backend.data.keys().collect::<Vec<_>>(), ["calico_backend", "veth_mtu"]);
    assert_eq!(snapshot.resources.ip_pools.seen().map(Vec::len), Some(1));
    assert_eq!(snapshot.resources.installations, Observed::Absent);
    assert_eq!(snapshot.inside.len(), 5);
    for (node, inside) in &snapshot.inside {
        let inside = inside.seen().unwrap_or_else(|| panic!("{node}: {:?}", inside.why_not()));
        let bird = inside.bird4.seen().expect("BIRD");
        assert_eq!(bird.protocols.iter().filter(|row| row.proto == "BGP").count(), 4, "{node}");
        assert!(inside.interfaces.seen().is_some_and(|all| !all.is_empty()) && inside.routes.seen().is_some(), "{node}");
    }
    // Only the victim is not Ready.
    assert_eq!(snapshot.logs.len(), 1);
    let logs = snapshot.logs.values().next().expect("the victim's");
    assert!(logs.current.seen().is_some_and(|log| log.complete && !log.marks.is_empty()));
    assert_eq!(logs.previous, Observed::NotAsked);
}

/// Typha and kube-controllers share calico-node's namespace; other pods there are none of Calico's.
#[tokio::test]
async fn calico_s_other_programs_are_read_where_calico_node_is() {
    let pod = |name: &str, app: &str, ready: bool| {
        let state = if ready { json!({"running": {}}) } else { json!({"waiting": {"reason": "CrashLoopBackOff"}}) };
        let status = json!({"name": app, "ready": ready, "restartCount": 7, "image": "i", "imageID": "", "state": state});
        json!({
            "kind": "Pod",
            "apiVersion": "v1",
            "metadata": {
                "name": name, "namespace": "kube-system", "uid": name, "labels": {"k8s-app": app}, "creationTimestamp": "2020-01-01T00:00:00Z",
            },
            "spec": {"containers": [{"name": app}]},
            "status": {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
                "containerStatuses": [status],
            },
        })
    };
    let with = |typha_runs: bool| {
        let world = sim::scenario::healthy(3);
        world.store.add(pod("calico-typha-5d4f9c8b7-x2x2x", "calico-typha", typha_runs));
        world.store.add(pod("calico-kube-controllers-6c5d8f9b4-k8k8k", "calico-kube-controllers", true));
        world.store.add(pod("coredns-5dd5756b68-c8c8c", "kube-dns", false));
        world
    };
    for (runs, expected) in [(true, &[][..]), (false, &["program-not-running"])] {
        let server = start(with(runs)).await;
        let snapshot = gathered(&server, "").await;
        let names: Vec<&str> = snapshot.programs.iter().map(|one| one.pod.metadata.name.as_str()).collect();
        assert_eq!(names, ["calico-kube-controllers-6c5d8f9b4-k8k8k", "calico-typha-5d4f9c8b7-x2x2x"]);
        let report = calico_fix::diagnosis::diagnose(&snapshot, &calico_fix::diagnosis::Scope::default());
        let codes: Vec<&str> = report.findings.iter().map(|finding| finding.code.name()).collect();
        assert_eq!(codes, expected, "{:#?}", report.findings);
    }
}

#[tokio::test]
async fn a_pod_that_restarts_has_its_previous_log_read() {
    let server = start(sim::scenario::slow_start(5)).await;
    let snapshot = gathered(&server, "").await;
    let far = "amz-iad12-opsrespool-13-33";
    assert!(
        matches!(snapshot.inside.get(far), Some(Observed::Failed(why)) if why == "container is not running: CrashLoopBackOff"),
        "{:?}",
        snapshot.inside.get(far)
    );
    let logs = snapshot.logs.get(far).expect("its logs");
    assert!(logs.previous.seen().is_some_and(|log| !log.marks.is_empty()), "{logs:?}");
    assert!(!server.requests().iter().any(|request| request.path.contains("/exec") && request.path.contains("13-33")));
}

/// The right to read logs is enough: the log is asked for by the container's name.
#[tokio::test]
async fn a_failing_init_container_has_its_log_read() {
    let server = start(sim::scenario::bridge_address(3)).await;
    let before = gathered(&server, "").await;
    let pod = before.pods.seen().and_then(|pods| pods.iter().find(|pod| pod.is_ready() == Some(false))).expect("the victim").clone();
    let (namespace, name) = (pod.metadata.namespace.as_deref().expect("a namespace"), pod.metadata.name.as_str());
    let fails = |pod: &mut serde_json::Value| {
        pod["spec"]["initContainers"] = json!([{"name": "install-cni", "image": "calico/cni:v3.24.5"}]);
        pod["status"]["initContainerStatuses"] = json!([{
            "name": "install-cni", "ready": false, "restartCount": 6,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}},
        }]);
    };
    server.cluster().store.edit("Pod", namespace, name, fails).expect("edits");
    let line = "2026-11-20 08:27:30.004 [FATAL][1] cni-installer/<nil> <nil>: Unable to create token error=Unauthorized\n";
    server.cluster().set_logs(namespace, name, "install-cni", sim::Logs::fixed(Some(line), None));
    let snapshot = gathered(&server, "").await;
    let node = pod.spec.node_name.as_deref().expect("a node");
    let log = snapshot.logs.get(node).and_then(|logs| logs.init.get("install-cni")).and_then(Observed::seen).expect("its log");
    assert!(log.complete && log.marks.iter().any(|mark| mark.text.contains("Unauthorized")), "{log:?}");
    // An init container that has succeeded is not asked for.
    assert!(before.logs.values().all(|logs| logs.init.is_empty()), "{:?}", before.logs);
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let server = start(sim::scenario::healthy(1203)).await;
    let wanted = ReadOptions { exec: false, ..brief() };
    let snapshot = read_cluster(&server, "", &wanted).await.expect("gathers");
    assert_eq!((snapshot.nodes.seen().map(Vec::len), snapshot.pods.seen().map(Vec::len)), (Some(1203), Some(1203)));
    assert!(snapshot.cluster.exec_skipped && snapshot.inside.is_empty());
    let requests = server.requests();
    let pages: Vec<_> = requests.iter().filter(|request| request.path == "/api/v1/nodes").collect();
    assert_eq!(pages.len(), 3);
    assert!(pages.iter().all(|page| page.query.contains("limit=500")) && pages.iter().skip(1).all(|page| page.query.contains("continue=")));
}

#[tokio::test]
async fn a_list_that_expires_midway_begins_again() {
    for times in [1, 2] {
        let world = sim::scenario::healthy(1100);
        let server = start(Scenario { faults: vec![Fault::times("/api/v1/nodes*continue=", times, Effect::Status(410))], ..world }).await;
        let snapshot = read_cluster(&server, "", &ReadOptions { exec: false, ..brief() }).await.expect("gathers");
        let names: BTreeSet<&str> = snapshot.nodes.seen().expect("nodes").iter().map(|node| node.metadata.name.as_str()).collect();
        assert_eq!((names.len(), snapshot.nodes.seen().map(Vec::len)), (1100, Some(1100)), "none twice after {times}");
    }
}

#[tokio::test]
async fn each_right_that_is_missing_is_named_where_it_is_missed() {
    let server = start(sim::scenario::bridge_address(5)).await;
    let snapshot = gathered(&server, "--context viewer").await;
    assert_eq!(snapshot.nodes, Observed::Forbidden("cannot list nodes at the cluster scope".into()));
    assert_eq!(snapshot.resources.ip_pools, Observed::Forbidden("cannot list ippools.crd.projectcalico.org at the cluster scope".into()));
    assert_eq!(snapshot.pods.seen().map(Vec::len), Some(5));
    assert!(snapshot.events.seen().is_some() && snapshot.logs.len() == 1);
    assert_eq!(snapshot.inside.len(), 5);
    for inside in snapshot.inside.values() {
        assert!(
            matches!(inside, Observed::Forbidden(why) if why.contains("pods/exec") && why.ends_with("in the namespace kube-system")),
            "{inside:?}"
        );
    }
}

/// May read in kube-system alone, as far as the simulated RBAC tells namespaces apart: nothing at the cluster scope.
const NO_LOGS: &[Rule] = &[
    Rule { verbs: &["get", "list"], groups: &["", "apps"], resources: &["nodes", "pods", "daemonsets"], ..Rule::ANYWHERE },
    Rule { verbs: &["*"], groups: &[""], resources: &["pods/exec"], ..Rule::ANYWHERE },
];

#[tokio::test]
async fn logs_events_and_config_maps_can_be_refused_alone() {
    let mut world = sim::scenario::bridge_address(5);
    if let Some(user) = world.users.iter_mut().find(|user| user.name == "viewer") {
        *user = User { rules: NO_LOGS, ..user.clone() };
    }
    let server = start(world).await;
    let snapshot = gathered(&server, "--context viewer").await;
    assert_eq!(snapshot.events, Observed::Forbidden("cannot list events in the namespace kube-system".into()));
    assert_eq!(
        snapshot.controller_revisions,
        Observed::Forbidden("cannot list controllerrevisions.apps in the namespace kube-system".into())
    );
    assert!(
        matches!(snapshot.config_maps.get("calico-config"), Some(Observed::Forbidden(why)) if why.contains("get configmaps calico-config"))
    );
    let logs = snapshot.logs.values().next().expect("asked for");
    assert!(matches!(&logs.current, Observed::Forbidden(why) if why.contains("get pods/log")), "{logs:?}");
    assert!(snapshot.inside.values().all(|inside| inside.seen().is_some()));
}

#[tokio::test]
async fn where_the_cluster_may_not_be_listed_the_known_namespaces_are() {
    let server = start(Scenario { faults: vec![], ..sim::scenario::operator(3) }).await;
    let all = gathered(&server, "").await;
    assert_eq!(all.daemon_set.seen().and_then(|set| set.metadata.namespace.as_deref()), Some("calico-system"));
    assert!(all.resources.installations.seen().is_some_and(|all| all.len() == 1) && all.resources.tigera_statuses.seen().is_some());
    let server =
        start(Scenario { faults: vec![Fault::always("/apis/apps/v1/daemonsets", Effect::Status(403))], ..sim::scenario::operator(3) })
            .await;
    let snapshot = gathered(&server, "").await;
    assert_eq!(snapshot.daemon_set, all.daemon_set);
    let server =
        start(Scenario { faults: vec![Fault::always("/apis/apps/v1/daemonsets", Effect::Status(403))], ..sim::scenario::no_calico() })
            .await;
    let error = refused(&server, "").await;
    assert!(error.to_string().contains("no DaemonSet of Calico's is in kube-system, calico-system"), "{error}");
}

#[tokio::test]
async fn chosen_nodes_are_looked_into_and_all_are_listed() {
    let world = sim::scenario::healthy(5);
    let name = "amz-sin8-opsrespool-33-12";
    world.store.bend("Node", name, |node| node["metadata"]["labels"]["zone"] = json!("z"));
    let server = start(world).await;
    for filter in [NodeFilter::Names(BTreeSet::from([name.to_owned()])), NodeFilter::Selector("zone in (z)".into())] {
        let wanted = ReadOptions { nodes: Some(filter.clone()), logs: LogSelection::All, ..brief() };
        let snapshot = read_cluster(&server, "", &wanted).await.expect("gathers");
        assert_eq!(snapshot.nodes.seen().map(Vec::len), Some(5));
        assert_eq!(snapshot.inside.keys().collect::<Vec<_>>(), [name], "{filter:?}");
        assert_eq!(snapshot.logs.keys().collect::<Vec<_>>(), [name]);
    }
    let snapshot = read_cluster(&server, "", &ReadOptions { logs: LogSelection::All, ..brief() }).await.expect("gathers");
    assert_eq!(snapshot.logs.len(), 5);
}

#[tokio::test]
async fn the_same_cluster_gives_the_same_snapshot() {
    let server = start(sim::scenario::bridge_address(5)).await;
    let (mut first, second) = (gathered(&server, "").await, gathered(&server, "").await);
    first.taken_at = second.taken_at;
    assert_eq!(first, second);
    let text = serde_json::to_string(&first).expect("writes");
    assert_eq!(serde_json::from_str::<Snapshot>(&text).expect("reads"), first);
}
