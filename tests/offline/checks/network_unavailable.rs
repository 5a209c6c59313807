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
