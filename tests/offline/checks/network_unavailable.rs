use calico_fix::finding::Source;
use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::objects::Condition;

use super::build::*;
use super::judge::*;

fn condition(snapshot: &mut Snapshot, status: &str) {
    let Observed::Seen(nodes) = &mut snapshot.nodes else { return };
    nodes[1].status.conditions.push(Condition {
        r#type: "NetworkUnavailable".into(),
        status: status.into(),
        reason: Some("CalicoIsDown".into()),
        message: Some("Calico is shutting down on this node".into()),
        ..Condition::default()
    });
}

#[test]
fn a_condition_that_keeps_pods_away() {
    let case = finds(&cluster().edit(|snapshot| condition(snapshot, "True")), &["error network-unavailable node-2"]);
    assert!(case.only().message.contains("CalicoIsDown"), "{}", case.only().message);
    shows(case.only(), Source::Node, "node-2", "Calico is shutting down");
}

#[test]
fn one_that_says_that_all_is_well_or_belongs_to_a_pod_that_starts() {
    healthy(&cluster().edit(|snapshot| condition(snapshot, "False")));
    let starting = cluster().age("node-2", 10).not_ready("node-2").edit(|snapshot| condition(snapshot, "True"));
    finds(&starting, &[]);
}

fn lacks_plugin(snapshot: &mut Snapshot) {
    let Observed::Seen(nodes) = &mut snapshot.nodes else { return };
    let (kind, status) = ("Ready".to_owned(), "False".to_owned());
    let message = Some("container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized".to_owned());
    nodes[1].status.conditions = vec![Condition { r#type: kind, status, message, ..Condition::default() }];
}

/// calico-node has done its part: the container runtime does not see the plugin.
#[test]
fn a_runtime_that_finds_no_plugin() {
    let case = finds(&cluster().age("node-2", 600).edit(lacks_plugin), &["error network-unavailable node-2"]);
    assert!(case.only().message.contains("container runtime finds no network plugin"), "{}", case.only().message);
    shows(case.only(), Source::Node, "node-2", "cni plugin not initialized");
    assert_eq!(case.command(), None);
}

/// The kubelet has not asked the runtime again since calico-node came up, or what keeps calico-node down explains it.
#[test]
fn a_plugin_that_was_installed_a_moment_ago_or_never() {
    finds(&cluster().age("node-2", 100).edit(lacks_plugin), &[]);
    finds(&cluster().crash_loop("node-2", 8).edit(lacks_plugin), &["error pod-not-ready node-2"]);
}
