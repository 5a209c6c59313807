use calico_fix::edit::undo_record::{ANNOTATION, RolloutPhase, UndoRecord};
use calico_fix::finding::Source;
use calico_fix::verb::Verb;

use super::build::*;
use super::judge::*;

fn record(phase: RolloutPhase) -> String {
    let record = UndoRecord { canary: Some("node-3".into()), ..undo_record(Verb::Autodetect, phase) };
    serde_json::to_string(&record).expect("writes")
}

fn annotated(text: String) -> World {
    cluster().set(move |set| drop(set.metadata.annotations.insert(ANNOTATION.into(), text)))
}

#[test]
fn killed_while_one_node_was_tried() {
    let halfway =
        annotated(record(RolloutPhase::Canary)).revision("node-3", "two").set(|set| set.spec.update_strategy.r#type = "OnDelete".into());
    let case = finds(&halfway, &["warning change-unfinished node-3"]);
    let message = &case.only().message;
    assert!(
        message.contains("2 nodes do not run with the new settings yet, and the update strategy OnDelete holds them back"),
        "{message}"
    );
    shows(case.only(), Source::DaemonSet, "", "autodetect 0123456789ab");
    assert_eq!(case.command(), Some("kubectl calico-fix apply --resume"));
}

#[test]
fn its_rollout_is_no_finding_of_its_own() {
    let halfway = annotated(record(RolloutPhase::Rolling)).revision("node-1", "two").set(|set| set.status.updated_number_scheduled = 1);
    let case = finds(&halfway, &["warning change-unfinished"]);
    assert!(case.only().message.contains("2 nodes do not run with the new settings yet"), "{}", case.only().message);
}

#[test]
fn killed_while_it_was_rolled_back() {
    let case = finds(&annotated(record(RolloutPhase::Restoring)), &["warning change-unfinished"]);
    assert!(case.only().message.contains("it was being rolled back"), "{}", case.only().message);
    assert_eq!(case.command(), Some("kubectl calico-fix undo"));
}

#[test]
fn a_record_that_cannot_be_read_is_not_taken_for_none() {
    let case = finds(&annotated("{".into()), &["warning change-unfinished"]);
    assert!(case.only().message.contains("cannot be read"), "{}", case.only().message);
}

#[test]
fn a_verified_change_is_finished() {
    healthy(&annotated(record(RolloutPhase::Done)));
}
