use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;
use super::starts::*;

const API: &str = include_str!("../../fixtures/logs/api-unreachable.txt");

#[test]
fn no_answer_from_the_api() {
    let world = node_2_is_down().restarted("node-2", 1, 137, 70, 50).killed("node-2", 1).log("node-2", API).previous("node-2", API);
    let case = finds(&world, &["error datastore-unreachable node-2"]);
    shows(case.only(), Source::Log, "node-2", "Hit error connecting to datastore - retry");
    assert_eq!(case.command(), None, "no probe is proposed");
}

#[test]
fn refused_by_the_datastore() {
    let log = log(&[
        "Early log level set to info",
        "Checking datastore connection",
        "Connection to the datastore is unauthorized error=x",
        END[0],
        END[1],
    ]);
    let case = finds(&node_2_is_down().crash_loop("node-2", 4).previous("node-2", &log), &["error datastore-unreachable node-2"]);
    assert!(case.only().message.contains("is refused by its datastore"), "{}", case.only().message);
}

/// It verified in the end, and the kill beat it: a slow start.
#[test]
fn verified_at_last_but_killed() {
    let slow = log(&[
        "Early log level set to info",
        "Checking datastore connection",
        "Hit error connecting to datastore - retry error=x",
        "Datastore connection verified",
    ]);
    let world = node_2_is_down().restarted("node-2", 3, 137, 70, 50).killed("node-2", 3).log("node-2", &slow).previous("node-2", &slow);
    finds(&world, &["error killed-while-starting node-2"]);
}

#[test]
fn a_retry_before_a_good_start_is_past() {
    let text = started(&[]).replace("] startup/startup.go 1: Datastore connection verified", "] startup/startup.go 1: Hit error connecting to datastore - retry error=x\n2026-11-23 16:50:03.100 [INFO][9] startup/startup.go 1: Datastore connection verified");
    healthy(&cluster().log("node-2", &text));
}
