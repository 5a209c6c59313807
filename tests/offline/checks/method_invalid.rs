use calico_fix::finding::Source;
use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;

use super::build::*;
use super::judge::*;

const INVALID: &str = include_str!("../../fixtures/logs/invalid-method.txt");

#[test]
fn a_word_that_is_no_method() {
    let world = cluster()
        .env("IP_AUTODETECTION_METHOD", "eth0")
        .crash_loop("node-1", 5)
        .log("node-1", INVALID)
        .bird("node-2", "10.0.0.3 Established | 10.0.0.1 Passive")
        .bird("node-3", "10.0.0.2 Established | 10.0.0.1 Passive");
    let case = finds(&world, &["error method-invalid node-1"]);
    shows(case.only(), Source::Log, "node-1", "Invalid IP autodetection method: eth0");
    shows(case.only(), Source::DaemonSet, "", "IP_AUTODETECTION_METHOD=eth0");
    shows(case.only(), Source::Pod, "node-1", "5 restarts, last exit code 1, now CrashLoopBackOff");
    assert!(case.command().is_some_and(|command| command.ends_with("IP_AUTODETECTION_METHOD=kubernetes-internal-ip")));
}

#[test]
fn before_any_node_restarts_it_is_a_warning() {
    let case = finds(&cluster().env("IP_AUTODETECTION_METHOD", "eth0"), &["warning method-invalid"]);
    assert!(case.only().message.contains("every node that restarts will exit"), "{}", case.only().message);
    finds(&cluster().version("v3.21.5").env("IP_AUTODETECTION_METHOD", "kubernetes-internal-ip"), &["warning method-invalid"]);
    finds(&cluster().version("v3.15.5").env("IP_AUTODETECTION_METHOD", "cidr=10.0.0.0/24"), &["warning method-invalid"]);
}

/// Where the DaemonSet was not seen its pods tell.
#[test]
fn the_evidence_names_where_the_setting_was_read() {
    let unseen = |snapshot: &mut Snapshot| snapshot.daemon_set = Observed::NotAsked;
    let case = finds(&cluster().env("IP_AUTODETECTION_METHOD", "eth0").edit(unseen), &["warning method-invalid"]);
    shows(case.only(), Source::Pod, "", "IP_AUTODETECTION_METHOD=eth0");
}

#[test]
fn methods_that_a_release_knows_are_silent() {
    for method in
        ["", "first-found", "interface=eth.*", "skip-interface=br-.*", "can-reach=10.0.0.1", "cidr=10.0.0.0/24", "kubernetes-internal-ip"]
    {
        healthy(&cluster().env("IP_AUTODETECTION_METHOD", method));
    }
}

/// Nothing is detected, so the word is not even read.
#[test]
fn an_invalid_word_that_nobody_reads() {
    healthy(&cluster().version("v3.27.0").without_bgp("none").env("IP_AUTODETECTION_METHOD", "eth0"));
}
