use calico_fix::finding::Source;
use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::objects::*;

use super::build::*;
use super::judge::*;
use super::pods::*;

const WHY: &str = "0/3 nodes are available: 1 Insufficient pods, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].";

fn unscheduled(snapshot: &mut Snapshot) {
    snapshot.inside.remove("node-2");
    let pod = second(snapshot);
    (pod.spec.node_name, pod.status.host_ip, pod.status.phase) = (None, None, "Pending".into());
    pod.status.container_statuses.clear();
    let (kind, status) = ("PodScheduled".to_owned(), "False".to_owned());
    pod.status.conditions = vec![Condition { r#type: kind, status, message: Some(WHY.into()), ..Condition::default() }];
}

/// As the DaemonSet's controller asks for the node.
fn aimed(snapshot: &mut Snapshot) {
    unscheduled(snapshot);
    let field = NodeSelectorRequirement { key: "metadata.name".into(), operator: "In".into(), values: vec!["node-2".into()] };
    let terms = vec![NodeSelectorTerm { match_fields: vec![field] }];
    second(snapshot).spec.affinity.node_affinity.required_during_scheduling_ignored_during_execution.node_selector_terms = terms;
}

fn world() -> World {
    missed_by_its_peers().event("node-2", "FailedScheduling", WHY, 5, 30)
}

#[test]
fn with_and_without_its_node() {
    let edits: [fn(&mut Snapshot); 2] = [unscheduled, aimed];
    for edit in edits {
        let case = finds(&world().edit(edit), &["error pod-not-scheduled node-2"]);
        assert!(
            case.only().message.contains("cannot be scheduled: 0/3 nodes are available: 1 Insufficient pods"),
            "{}",
            case.only().message
        );
        assert!(case.only().evidence.iter().any(|row| row.source == Source::Event && row.text.contains("FailedScheduling")));
        assert_eq!(case.command(), Some("kubectl describe pod calico-node-ccccc -n kube-system"));
    }
}

#[test]
fn fargate_takes_no_daemon_set() {
    let world = world().label("node-2", "eks.amazonaws.com/compute-type", "fargate").edit(aimed);
    let case = finds(&world, &["warning pod-not-scheduled node-2"]);
    assert!(case.only().message.contains("Fargate"), "{}", case.only().message);
}

#[test]
fn a_pod_that_was_made_just_now() {
    assert_eq!(judge(&world().age("node-2", 5).edit(aimed)).lines(), Vec::<String>::new());
}

/// A pod of a node's own affinity that is scheduled is one like any other.
#[test]
fn a_scheduled_pod_with_that_affinity() {
    healthy(&cluster().edit(|snapshot| {
        let Observed::Seen(pods) = &mut snapshot.pods else { return };
        let field = NodeSelectorRequirement { key: "metadata.name".into(), operator: "In".into(), values: vec!["node-2".into()] };
        let terms = vec![NodeSelectorTerm { match_fields: vec![field] }];
        pods[1].spec.affinity.node_affinity.required_during_scheduling_ignored_during_execution.node_selector_terms = terms;
    }));
}
