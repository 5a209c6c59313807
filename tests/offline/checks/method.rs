//! method-invalid and method-ineffective.

use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

const INVALID: &str = include_str!("../../fixtures/logs/invalid-method.txt");
const KEPT: &str = include_str!("../../fixtures/logs/no-match-kept.txt");

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

#[test]
fn a_method_that_matches_nothing_keeps_the_wrong_address() {
    let world = cluster()
        .env("IP_AUTODETECTION_METHOD", "interface=foo.*")
        .interface("node-3", BRIDGE, "172.18.0.1/16")
        .stored("node-3", "172.18.0.1/16")
        .not_ready("node-3")
        .log("node-3", KEPT)
        .bird("node-1", "10.0.0.2 Established | 172.18.0.1 Passive")
        .bird("node-2", "10.0.0.1 Established | 172.18.0.1 Passive")
        .bird("node-3", "10.0.0.1 Connect | 10.0.0.2 Connect");
    let case = finds(&world, &["error address-on-virtual-interface node-3", "error method-ineffective node-3"]);
    let finding = case.of("method-ineffective");
    assert!(finding.message.starts_with("interface=foo.* finds no IPv4 address on node-3"), "{}", finding.message);
    shows(finding, Source::Log, "node-3", "keeping existing value: 172.18.0.1/16");
    shows(finding, Source::Log, "node-3", "no valid host interfaces found");
}

#[test]
fn a_right_address_that_is_kept_is_a_warning() {
    let log = KEPT.replace("172.18.0.1/16", "10.0.0.3/24");
    finds(&cluster().env("IP_AUTODETECTION_METHOD", "interface=foo.*").log("node-3", &log), &["warning method-ineffective node-3"]);
    healthy(&cluster().env("IP_AUTODETECTION_METHOD", "interface=eth.*").log("node-3", &started(&[])));
}

/// A method beside an IP that is not detected, or one that cannot be read.
#[test]
fn settings_that_decide_nothing() {
    for (ip, method, fires) in [
        ("none", "can-reach=10.0.0.1", true),
        ("none", "", false),
        ("autodetect", "can-reach=10.0.0.1", false),
        ("", "can-reach=10.0.0.1", false),
        ("autodetect", "interface=eth(", true),
        ("autodetect", "cidr=10.0.0.0/33", true),
        ("autodetect", "skip-interface=", true),
    ] {
        let world = cluster().env("IP", ip).env("IP_AUTODETECTION_METHOD", method);
        let case = judge(&world);
        let expected: &[&str] = if fires { &["warning method-ineffective"] } else { &[] };
        assert_eq!(case.lines(), expected, "IP={ip} method={method}");
        if fires {
            shows(case.only(), Source::DaemonSet, "", &format!("IP_AUTODETECTION_METHOD={method}"));
        }
    }
}
