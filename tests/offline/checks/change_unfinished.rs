use calico_fix::diagnosis::unfinished_change::EndedChanges;
use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::edit::undo_record::{ANNOTATION, RolloutPhase, UndoRecord};
use calico_fix::finding::Source;
use calico_fix::finding::code::Code;
use calico_fix::verb::Verb;

use super::build::*;
use super::judge::*;

const UID: &str = "701a04d9-b813-4a2e-8900-46f3c9a04d4b";

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
    assert!(message.contains("2 nodes still have the old settings, and the update strategy OnDelete holds them back"), "{message}");
    shows(case.only(), Source::DaemonSet, "", "autodetect 0123456789ab");
    assert_eq!(case.command(), Some("kubectl calico-fix apply --resume"));
}

#[test]
fn its_rollout_is_no_finding_of_its_own() {
    let halfway = annotated(record(RolloutPhase::Rolling)).revision("node-1", "two").set(|set| set.status.updated_number_scheduled = 1);
    let case = finds(&halfway, &["warning change-unfinished"]);
    assert!(case.only().message.contains("2 nodes still have the old settings"), "{}", case.only().message);
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

/// The annotation may be gone, or another machine may have ended the change: pods that it left behind decide.
#[test]
fn the_copy_on_this_machine_speaks_where_the_annotation_was_removed() {
    let left = |world: World| world.revision("node-3", "two").set(|set| set.spec.update_strategy.r#type = "OnDelete".into());
    let known = |phase| EndedChanges::from([(UID.to_owned(), undo_record(Verb::Autodetect, phase))]);
    let with_uid = |world: World| world.set(|set| set.metadata.uid = Some(UID.into()));
    let found = |world: &World, ended_changes: EndedChanges| {
        let report = diagnose(&world.snapshot(), &Scope { ended_changes, ..Scope::default() });
        report.findings.into_iter().find(|finding| finding.code == Code::ChangeUnfinished)
    };
    let halfway = with_uid(left(cluster()));
    for (phase, says) in
        [(RolloutPhase::Canary, "2 nodes still have the old settings"), (RolloutPhase::Restoring, "it was being rolled back")]
    {
        let finding = found(&halfway, known(phase)).expect("is told");
        assert!(
            finding.message.contains("ended before it was finished, and its record was removed from the cluster"),
            "{}",
            finding.message
        );
        assert!(finding.message.contains(says), "{}", finding.message);
        assert_eq!(finding.fix.map(|fix| fix.command).as_deref(), Some("kubectl calico-fix undo"));
    }
    for (world, ended) in [
        (&with_uid(cluster()), known(RolloutPhase::Canary)),
        (&with_uid(cluster()), known(RolloutPhase::Restoring)),
        (&halfway, known(RolloutPhase::Done)),
        // A later rollout, which nothing holds back.
        (&with_uid(cluster().revision("node-3", "two")), known(RolloutPhase::Canary)),
        (&halfway, EndedChanges::new()),
        // Of another object.
        (&left(cluster()), known(RolloutPhase::Canary)),
    ] {
        assert_eq!(found(world, ended.clone()), None, "{ended:?}");
    }
}
