use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

const KEPT: &str = include_str!("../../fixtures/logs/no-match-kept.txt");

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
    // without a log the interfaces show it
    let typed = finds(&cluster().env("IP_AUTODETECTION_METHOD", "interface=ens.*"), &["warning method-ineffective node-1,node-2,node-3"]);
    shows(typed.only(), Source::DaemonSet, "", "IP_AUTODETECTION_METHOD=interface=ens.*");
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

/// As kops writes the family that is off.
#[test]
fn the_default_or_none_beside_a_family_that_is_off() {
    for method in ["none", "first-found"] {
        healthy(&cluster().env("IP6", "none").env("IP6_AUTODETECTION_METHOD", method));
    }
    finds(&cluster().env("IP6", "none").env("IP6_AUTODETECTION_METHOD", "interface=eth.*"), &["warning method-ineffective"]);
    finds(&cluster().env("IP6", "autodetect").env("IP6_AUTODETECTION_METHOD", "none"), &["warning method-invalid"]);
}
