use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

fn edited() -> World {
    cluster()
        .stored("node-3", "10.0.0.77/24")
        .bird("node-1", "10.0.0.2 Established | 10.0.0.77 Passive")
        .bird("node-2", "10.0.0.1 Established | 10.0.0.77 Passive")
        .bird("node-3", "10.0.0.1 Connect | 10.0.0.2 Connect")
}

#[test]
fn an_edited_address_needs_that_pod_restarted() {
    let case = finds(&edited(), &["error address-not-on-node node-3"]);
    assert_eq!(case.only().message, "node-3 uses 10.0.0.77/24, which is on none of its interfaces, expected 10.0.0.3");
    shows(case.only(), Source::Interfaces, "node-3", "none has 10.0.0.77");
    assert_eq!(case.command(), Some("kubectl delete pod calico-node-ddddd -n kube-system"));
}

/// The configured method finds nothing right there, so a restart alone would not help.
#[test]
fn where_the_method_is_wrong_too_the_method_is_changed() {
    let case = finds(&edited().interface("node-3", BRIDGE, "172.18.0.1/16"), &["error address-not-on-node node-3"]);
    assert!(case.command().is_some_and(|command| command.ends_with("IP_AUTODETECTION_METHOD=kubernetes-internal-ip")));
}

#[test]
fn ipv6_too() {
    let mut world = cluster().env("IP6", "autodetect");
    for number in 1..=3 {
        let host = &mut world.hosts[number - 1];
        host.internal.push(format!("fd00::{number}"));
        host.interfaces[1].2.push(format!("fd00::{number}/64"));
        host.stored6 = Some(format!("fd00::{number}/64"));
        host.sessions6 =
            Some((1..=3).filter(|other| *other != number).map(|other| format!("fd00__{other} Established")).collect::<Vec<_>>().join("|"));
    }
    healthy(&world);
    let edited = world.stored6("node-2", "fd00::77/64").bird6("node-2", "fd00__1 Connect | fd00__3 Connect");
    let case = judge(&edited);
    let finding = case.of("address-not-on-node");
    assert_eq!(finding.fix.as_ref().map(|fix| fix.command.as_str()), Some("kubectl delete pod calico-node-ccccc -n kube-system"));
}

/// Sessions over it: a translated address that somebody stored on purpose.
#[test]
fn an_address_that_works_is_silent() {
    let case = judge(&cluster().stored("node-3", "10.0.0.77/24"));
    assert!(case.report.findings.iter().all(|finding| finding.code.name() != "address-not-on-node"), "{:?}", case.lines());
    let kept = edited().env("IP", "none");
    let case = judge(&kept);
    assert!(case.report.findings.iter().all(|finding| finding.code.name() != "address-not-on-node"), "{:?}", case.lines());
}
