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

const GET_NODE: &str = "Get \"https://10.96.0.1:443/api/v1/nodes/node-2\": dial tcp 10.96.0.1:443: ";

/// The datastore had answered the first request, and the start ends at a later one.
#[test]
fn a_start_that_ends_at_a_request_without_an_answer() {
    for (line, says) in [
        (format!("[ERROR][9] startup/startup.go 201: Unable to set node resource configuration error={GET_NODE}i/o timeout"), "gets no answer"),
        (format!("[INFO][9] startup/startup.go 465: Unable to query node configuration Name=\"node-2\" error={GET_NODE}connect: connection refused"), "gets no answer"),
        (format!("[ERROR][9] startup/startup.go 158: failed to query kubeadm's config map error={GET_NODE}connect: no route to host"), "gets no answer"),
        ("[ERROR][9] startup/startup.go 210: Unable to set global default configuration error=etcdserver: request timed out".to_owned(), "gets no answer"),
        ("[ERROR][9] startup/startup.go 787: Unable to fetch IP pool list error=connection is unauthorized: Unauthorized".to_owned(), "is refused"),
        ("[ERROR][9] startup/startup.go 787: Unable to fetch IP pool list error=Get \"https://10.96.0.1:443/apis/crd.projectcalico.org/v1/ippools\": x509: certificate signed by unknown authority".to_owned(), "does not trust"),
    ] {
        let text = log(&["Early log level set to info", "Checking datastore connection", "Datastore connection verified", &line, END[0], END[1]]);
        let case = finds(&node_2_is_down().crash_loop("node-2", 4).previous("node-2", &text), &["error datastore-unreachable node-2"]);
        assert!(case.only().message.contains(says), "{}", case.only().message);
        shows(case.only(), Source::Log, "node-2", line.split_once(": ").map_or("", |(_, message)| &message[..30]));
    }
}

/// Of two errors the last is the reason; and what the datastore answers is not silence.
#[test]
fn a_start_that_ends_for_another_reason() {
    let timeout = format!("[ERROR][9] startup/startup.go 201: Unable to query x error={GET_NODE}i/o timeout");
    let invalid = "[ERROR][9] startup/startup.go 822: Invalid CIDR specified in CALICO_IPV4POOL_CIDR '10.0.0.0'";
    let full =
        "[ERROR][9] startup/startup.go 210: Unable to set global default configuration error=etcdserver: mvcc: database space exceeded";
    for lines in [vec![timeout.as_str(), invalid], vec![full]] {
        let mut all = vec!["Early log level set to info", "Checking datastore connection", "Datastore connection verified"];
        all.extend(lines);
        all.extend(END);
        finds(&node_2_is_down().crash_loop("node-2", 4).previous("node-2", &log(&all)), &["error startup-exited node-2"]);
    }
    healthy(&cluster().previous("node-2", &log(&["Early log level set to info", &timeout, END[0], END[1]])));
}
