//! datastore-unreachable, typha-unreachable, forbidden-to-calico and startup-exited: causes for which no probe is right.

use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

const API: &str = include_str!("../../fixtures/logs/api-unreachable.txt");
const CONFLICT: &str = include_str!("../../fixtures/logs/update-conflict.timestamps.txt");
const FORBIDDEN: &str = "[ERROR][9] startup/startup.go 3: Unable to list nodes error=nodes is forbidden: User \"system:serviceaccount:kube-system:calico-node\" cannot list resource \"nodes\" in API group \"\" at the cluster scope";
const TYPHA: &str = "[ERROR][78] felix/daemon.go 324: Failed to connect to Typha error=dial tcp 10.96.7.7:5473: i/o timeout";
const NO_ADDRESS: [&str; 3] = [
    "[WARNING][9] startup/autodetection_methods.go 98: Unable to auto-detect an IPv4 address: no valid IPv4 addresses found on the host interfaces",
    "[WARNING][9] startup/startup.go 507: Couldn't autodetect an IPv4 address. If auto-detecting, choose a different autodetection method. Otherwise provide an explicit address.",
    "[INFO][9] startup/startup.go 391: Clearing out-of-date IPv4 address from this node IP=\"\"",
];
const END: [&str; 2] = ["[WARNING][9] startup/utils.go 49: Terminating", "Calico node failed to start"];

/// node-2 does not come up; its peers miss it.
fn node_2_is_down() -> World {
    cluster()
        .no_bird("node-2")
        .not_ready("node-2")
        .bird("node-1", "10.0.0.2 Passive | 10.0.0.3 Established")
        .bird("node-3", "10.0.0.2 Active Socket: Connection refused | 10.0.0.1 Established")
}

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

#[test]
fn typha() {
    let world = node_2_is_down().restarted("node-2", 2, 1, 40, 50).log("node-2", &started(&[TYPHA]));
    let case = finds(&world, &["error typha-unreachable node-2"]);
    shows(case.only(), Source::Log, "node-2", "Failed to connect to Typha");
    assert_eq!(case.command(), None);
    healthy(&cluster().log("node-2", &started(&[TYPHA])));
}

/// Felix connected at its second try; what keeps this pod from being Ready is that nothing reaches port 179.
#[test]
fn typha_was_late_once_and_bgp_is_the_trouble() {
    let world = cluster()
        .not_ready("node-2")
        .log("node-2", &started(&[TYPHA]))
        .unhealthy("node-2", &not_established("10.0.0.1,10.0.0.3"), 6)
        .bird("node-1", "10.0.0.2 Passive | 10.0.0.3 Established")
        .bird("node-3", "10.0.0.2 Active Socket: Host is unreachable | 10.0.0.1 Established")
        .bird("node-2", "10.0.0.1 Connect | 10.0.0.3 Passive");
    let codes: Vec<&str> = judge(&world).report.findings.iter().map(|finding| finding.code.name()).collect();
    assert_eq!(codes, ["bgp-session-down", "bgp-session-down"]);
}

#[test]
fn forbidden() {
    let text = log(&["Early log level set to info", FORBIDDEN, END[0], END[1]]);
    let case = finds(&node_2_is_down().crash_loop("node-2", 4).previous("node-2", &text), &["error forbidden-to-calico node-2"]);
    shows(case.only(), Source::Log, "node-2", "cannot list resource");
    assert_eq!(case.command(), None);
    healthy(&cluster().log("node-2", &started(&[FORBIDDEN])));
}

#[test]
fn no_address_found_and_none_stored() {
    let lines = ["Early log level set to info", "Datastore connection verified"];
    let text = log(&lines.iter().chain(&NO_ADDRESS).chain(&END).copied().collect::<Vec<_>>());
    let world = cluster()
        .stored("node-2", "")
        .crash_loop("node-2", 4)
        .previous("node-2", &text)
        .bird("node-1", "10.0.0.3 Established")
        .bird("node-3", "10.0.0.1 Established");
    let case = finds(&world, &["error startup-exited node-2"]);
    assert!(case.only().message.contains("could not detect an IPv4 address"), "{}", case.only().message);
    shows(case.only(), Source::Log, "node-2", "Terminating");
    assert!(case.command().is_some_and(|command| command.contains("IP_AUTODETECTION_METHOD=")));
    healthy(&cluster().restarted("node-2", 1, 1, 1, 3000).previous("node-2", &text).log("node-2", &started(&[])));
}

#[test]
fn an_update_conflict_tries_again_by_itself() {
    let world = node_2_is_down().crash_loop("node-2", 2).previous("node-2", CONFLICT);
    let case = finds(&world, &["error startup-exited node-2"]);
    assert!(case.only().message.contains("it tries again"), "{}", case.only().message);
    assert_eq!(case.command(), None);
}

#[test]
fn any_other_last_words() {
    let text = log(&[
        "Early log level set to info",
        "[ERROR][9] startup/startup.go 3: Unable to read the ConfigMap error=context deadline exceeded",
        END[0],
        END[1],
    ]);
    let case = finds(&node_2_is_down().crash_loop("node-2", 2).previous("node-2", &text), &["error startup-exited node-2"]);
    assert!(case.only().message.contains("Unable to read the ConfigMap"), "{}", case.only().message);
}
