use calico_fix::finding::{Severity, Source};
use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::objects::Event;
use serde_json::json;

use super::build::*;
use super::judge::*;

const UNAUTHORIZED: &str = "error getting ClusterInformation: connection is unauthorized: Unauthorized";
const NODENAME: &str = "stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has \
                        mounted /var/lib/calico/";
const EXHAUSTED: &str =
    "failed to request IPv4 addresses: Assigned 0 out of 1 requested IPv4 addresses; No IPs available in pools: [10.244.0.0/16]";

/// A pod of another program for which the network plugin says this.
fn failure(pod: &str, host: Option<&str>, words: &str, count: i32, seconds: i64) -> Event {
    let message = format!(
        "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox \"20d3feb0\": plugin \
         type=\"calico\" failed (add): {words}"
    );
    serde_json::from_value(json!({
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": pod}, "reason": "FailedCreatePodSandBox", "message": message,
        "count": count, "lastTimestamp": ago(seconds), "source": {"host": host}, "type": "Warning",
    }))
    .expect("an event")
}

fn add(snapshot: &mut Snapshot, event: Event) {
    let Observed::Seen(events) = &mut snapshot.events else { panic!("no events") };
    events.push(event);
}

#[test]
fn the_api_server_refuses_the_plugin() {
    let world = cluster().edit(|snapshot| {
        add(snapshot, failure("web-1", Some("node-2"), UNAUTHORIZED, 14, 20));
        add(snapshot, failure("web-2", Some("node-2"), UNAUTHORIZED, 3, 90));
    });
    let case = finds(&world, &["error pod-network-failed node-2"]);
    assert_eq!(case.only().message, "pods on node-2 get no network: the API server refuses the network plugin's token");
    shows(case.only(), Source::Event, "node-2", "FailedCreatePodSandBox of shop/web-1: error getting ClusterInformation");
    shows(case.only(), Source::Event, "node-2", "2 pods on node-2, 17 times");
    assert!(case.command().is_some_and(|command| command.starts_with("kubectl delete pod ")), "{:?}", case.command());
}

/// It is over: calico-node has started since, and what waits for calico-node ends when it is ready.
#[test]
fn what_is_older_than_calico_node_is_no_fault() {
    healthy(&cluster().age("node-2", 600).edit(|snapshot| add(snapshot, failure("web-1", Some("node-2"), UNAUTHORIZED, 14, 700))));
    healthy(&cluster().edit(|snapshot| {
        add(snapshot, failure("web-1", Some("node-2"), NODENAME, 14, 3_585));
        let Observed::Seen(pods) = &mut snapshot.pods else { return };
        let ready = pods[1].status.conditions.iter_mut().find(|condition| condition.r#type == "Ready").expect("a condition");
        ready.last_transition_time = ago(3_580);
    }));
}

#[test]
fn what_is_not_repeated_is_a_warning() {
    for (count, seconds) in [(14, 1_900), (2, 30)] {
        let mut snapshot = cluster().snapshot();
        add(&mut snapshot, failure("web-1", Some("node-2"), UNAUTHORIZED, count, seconds));
        let report = calico_fix::diagnosis::diagnose(&snapshot, &calico_fix::diagnosis::Scope::default());
        assert_eq!(report.findings.len(), 1, "{:#?}", report.findings);
        assert_eq!(report.findings[0].severity, Severity::Warning);
        assert_eq!(report.findings[0].message.contains("last seen 31 min ago"), seconds > 600, "{}", report.findings[0].message);
    }
}

#[test]
fn an_event_that_names_no_node_counts() {
    let case = finds(&cluster().edit(|snapshot| add(snapshot, failure("web-1", None, EXHAUSTED, 9, 30))), &["error pod-network-failed"]);
    assert!(
        case.only().message.contains("a node that the events do not name get no network: no free IP address"),
        "{}",
        case.only().message
    );
    assert!(case.command().is_some_and(|command| command.contains("ippools")));
}

#[test]
fn words_that_nobody_knows_are_quoted() {
    let world =
        cluster().edit(|snapshot| add(snapshot, failure("web-1", Some("node-3"), "failed to set \"eth0\" up: no such device", 5, 30)));
    let case = finds(&world, &["error pod-network-failed node-3"]);
    assert!(case.only().message.contains("failed to set \"eth0\" up: no such device"), "{}", case.only().message);
}

/// The pods wait for calico-node, whose own fault is named; a full pool is another matter.
#[test]
fn it_follows_from_what_is_said_of_calico_node() {
    let down = || cluster().crash_loop("node-2", 4).killed("node-2", 4);
    let codes = |world: &World| judge(world).lines().iter().map(|line| line.contains("pod-network-failed")).collect::<Vec<_>>();
    assert!(!codes(&down().edit(|snapshot| add(snapshot, failure("web-1", Some("node-2"), NODENAME, 9, 30)))).contains(&true));
    assert!(codes(&down().edit(|snapshot| add(snapshot, failure("web-1", Some("node-2"), EXHAUSTED, 9, 30)))).contains(&true));
}

#[test]
fn other_plugins_and_other_nodes_are_not_judged() {
    healthy(&cluster().edit(|snapshot| {
        let mut event = failure("web-1", Some("node-2"), "x", 9, 30);
        event.message = event.message.replace("type=\"calico\"", "type=\"cilium-cni\"");
        add(snapshot, event);
    }));
    healthy(&cluster().edit(|snapshot| {
        let mut windows = snapshot.nodes.seen().expect("nodes")[0].clone();
        windows.metadata.name = "win-1".into();
        windows.metadata.labels.insert("kubernetes.io/os".into(), "windows".into());
        windows.metadata.annotations.clear();
        let Observed::Seen(nodes) = &mut snapshot.nodes else { return };
        nodes.push(windows);
        add(snapshot, failure("web-1", Some("win-1"), UNAUTHORIZED, 9, 30));
    }));
}
