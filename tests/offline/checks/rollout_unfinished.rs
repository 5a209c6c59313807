use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

fn halfway() -> World {
    cluster().revision("node-1", "two").set(|set| set.status.updated_number_scheduled = 1)
}

#[test]
fn one_of_three() {
    let case = finds(&halfway(), &["warning rollout-unfinished node-2,node-3"]);
    assert!(case.only().message.contains("1 of 3 pods are up to date"), "{}", case.only().message);
    shows(case.only(), Source::Pod, "node-2", "has revision one");
    assert_eq!(case.command(), Some("kubectl rollout status daemonset/calico-node -n kube-system"));
}

#[test]
fn finished() {
    healthy(&cluster().revision("node-1", "two").revision("node-2", "two").revision("node-3", "two"));
}

#[test]
fn on_delete_waits_for_ever() {
    let case =
        finds(&halfway().set(|set| set.spec.update_strategy.r#type = "OnDelete".into()), &["warning rollout-unfinished node-2,node-3"]);
    assert!(case.only().message.contains("OnDelete"), "{}", case.only().message);
    assert_eq!(case.command(), None);
}

#[test]
fn a_change_that_nobody_took_up_yet() {
    let case = finds(&cluster().set(|set| set.metadata.generation = Some(2)), &["warning rollout-unfinished"]);
    assert!(case.only().message.contains("has not observed the latest change"), "{}", case.only().message);
}
