//! Killed as `kill -9` does, at a request of its own: the object carries what `undo` needs.

use std::sync::{Arc, Mutex};

use serde_json::json;
use sim::{Effect, Fault, Hook, Victim};

use super::*;

/// At the n-th write or request of an apply. `false` when it came to its end before.
fn killed_and_undone(fault: impl FnOnce(Hook) -> Fault) -> bool {
    let stage = Stage::new("bridge-address", 3);
    let _live = stage.running.live(PACE);
    let before = stage.daemon_set();
    let plan = stage.plan("kubernetes-internal-ip");
    let path = stage.save(&plan);
    let victim = Victim::default();
    stage.running.cluster().add_fault(fault(victim.kill()));
    let mut command = stage.command(&["apply", path.to_str().expect("text"), "--confirm", &plan.digest]);
    let ended = victim.run(&mut command).expect("runs");
    if ended.status.code().is_some() {
        assert_eq!(code(&ended), Some(0), "{}", err(&ended));
        return false;
    }
    let halfway = stage.annotation();
    let left = halfway.as_deref().is_some_and(|text| !text.contains("\"phase\":\"done\""));
    let status = stage.run(&["status", "-o", "json"]);
    assert_eq!(out(&status).contains("change-unfinished"), left, "{halfway:?} {}", out(&status));

    let undo = stage.run(&["undo", "--yes"]);
    let told = format!("{halfway:?}\n{}{}", out(&undo), err(&undo));
    assert_eq!(code(&undo), Some(0), "{told}");
    let after = stage.daemon_set();
    assert_eq!(after["spec"]["template"], before["spec"]["template"], "{told}");
    assert_eq!(after["spec"]["updateStrategy"], before["spec"]["updateStrategy"], "{told}");
    assert_eq!(stage.annotation(), None, "{told}");
    let hash = |pod: &Value| pod["metadata"]["labels"]["controller-revision-hash"].as_str().map(str::to_owned);
    let hashes: std::collections::BTreeSet<_> = stage.running.cluster().store.objects("Pod").iter().map(hash).collect();
    assert_eq!(hashes.len(), 1, "every pod is of the old template again: {told}");
    let again = stage.run(&["undo", "--yes"]);
    assert_eq!((code(&again), err(&again).contains("nothing to undo")), (Some(0), true), "{}", err(&again));
    let document = stage.run(&["undo", "--yes", "-o", "json"]);
    assert!(out(&document).contains("\"applied\": false"), "a program gets a document: {}", out(&document));
    true
}

#[test]
fn before_each_write() {
    let killed = (1..).take_while(|number| killed_and_undone(|hook| Fault::nth_write(*number, Effect::Lost(hook)))).count();
    assert!(killed >= 4, "two patches, a deletion and the last patch at least: {killed}");
}

#[test]
fn after_each_write() {
    let killed = (1..).take_while(|number| killed_and_undone(|hook| Fault::nth_write(*number, Effect::After(hook)))).count();
    assert!(killed >= 4, "{killed}");
}

/// From one write to the next every request finds the same template, strategy and record, and undo goes by nothing else: who dies at a
/// read dies in the state after the write before it, and before the one after it, which are tried above.
#[test]
fn what_a_read_leaves_is_what_the_write_before_it_left() {
    let stage = Stage::new("bridge-address", 3);
    let _live = stage.running.live(PACE);
    let cluster = stage.running.cluster().clone();
    let seen: Arc<Mutex<Vec<(bool, Value)>>> = Arc::default();
    let notes = seen.clone();
    let hook = Hook::new(move |request| {
        let set = cluster.store.object("DaemonSet", "kube-system", "calico-node").expect("is there");
        let state = json!([set["spec"], set["metadata"]["annotations"]["kubectl-calico-fix/undo"]]);
        notes.lock().expect("not poisoned").push((request.writes(), state));
    });
    stage.running.cluster().add_fault(Fault::always("", Effect::After(hook)));
    let output = stage.apply(&stage.plan("kubernetes-internal-ip"), &[]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let seen = seen.lock().expect("not poisoned");
    let writes = seen.iter().filter(|(writes, _)| *writes).count();
    assert!(writes >= 4 && seen.len() > 5 * writes, "{writes} writes of {} requests", seen.len());
    for pair in seen.windows(2) {
        assert!(pair[1].0 || pair[0].1 == pair[1].1, "a read changed it: {pair:#?}");
    }
}

/// Reads too: every seventh, which is each of them in turn over the length of an apply.
#[test]
fn at_requests_all_along() {
    let killed = (1..).map(|step| step * 7).take_while(|number| killed_and_undone(|hook| Fault::nth(*number, Effect::Lost(hook)))).count();
    assert!(killed >= 4, "{killed}");
}
