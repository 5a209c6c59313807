use calico_fix::calico::version::Version;
use calico_fix::diagnosis::{Scope, diagnose_for_release};
use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

fn bridge() -> World {
    cluster().interface("node-3", BRIDGE, "172.18.0.1/16")
}

#[test]
fn a_bridge_that_the_next_start_would_take() {
    let case = finds(&bridge(), &["warning restart-would-change-address node-3"]);
    let message = &case.only().message;
    assert!(message.starts_with("node-3 would use 172.18.0.1/16 (br-3f2a1b4c5d6e, a bridge made by Docker"), "{message}");
    assert!(message.contains("expected 10.0.0.3/24; do not restart calico-node there before"), "{message}");
    shows(case.only(), Source::Interfaces, "node-3", "first-found would use 172.18.0.1/16");
    assert_eq!(case.only().fix.as_ref().map(|fix| fix.command.as_str()), Some("kubectl calico-fix autodetect"));
}

#[test]
fn silent_where_the_pick_is_right() {
    healthy(&bridge().version("v3.25.0"));
    healthy(&bridge().env("IP_AUTODETECTION_METHOD", "kubernetes-internal-ip"));
    healthy(&bridge().env("IP_AUTODETECTION_METHOD", "interface=eth.*"));
    healthy(&bridge().env("IP", "none"));
}

/// What it finds there is not known without the interfaces.
#[test]
fn silent_where_nothing_was_seen() {
    let case = judge(&bridge().exec_forbidden());
    assert_eq!(case.lines(), [""; 0]);
}

fn after_upgrade(world: &World, release: &str) -> Vec<String> {
    let report = diagnose_for_release(&world.snapshot(), &Scope::default(), Version::parse(release));
    report.findings.iter().map(|finding| format!("{} {}: {}", finding.code, finding.nodes.join(","), finding.message)).collect()
}

/// OpenStack's bridge has the host's own address, and releases from 3.25.0 leave it out.
#[test]
fn an_upgrade_that_hides_the_hosts_own_card() {
    let mut world = cluster().interface("node-2", "eth9", "192.168.7.2/24");
    world.hosts[1].interfaces[1].0 = "br-ex".into();
    world.hosts[1].interfaces.swap(1, 2);
    healthy(&world);
    assert_eq!(after_upgrade(&world, "v3.24.6"), [""; 0]);
    let found = after_upgrade(&world, "v3.31.0");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("restart-would-change-address node-2: node-2 would use 192.168.7.2/24 (eth9) after an upgrade to v3.31.0"),
        "{found:?}"
    );
}

#[test]
fn a_release_that_does_not_know_the_method() {
    let world = cluster().env("IP_AUTODETECTION_METHOD", "kubernetes-internal-ip");
    let found = after_upgrade(&world, "v3.21.6");
    assert!(found.iter().any(|line| line.contains("would exit")), "{found:?}");
    assert_eq!(after_upgrade(&world, "v3.31.0"), [""; 0]);
}
