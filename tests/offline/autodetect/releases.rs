//! The same hosts in every era.

use calico_fix::calico::version::Version;

use super::build::*;
use super::*;

fn bridges() -> World {
    let world = cluster().interface("node-2", "podman1", "10.89.0.1/24");
    world.interface("node-3", BRIDGE, "172.18.0.1/16").interface("node-1", "nodelocaldns", "10.96.0.10/32")
}

#[test]
fn what_first_found_passes_over_by_release() {
    for (release, expected) in [
        // `lo` is not anchored there, so nodelocaldns is passed over.
        ("v3.14.2", "right wrong wrong"),
        ("v3.22.5", "right wrong wrong"),
        ("v3.24.1", "right wrong wrong"),
        ("v3.23.4", "wrong wrong wrong"),
        ("v3.24.5", "wrong wrong wrong"),
        ("v3.24.6", "right wrong wrong"),
        ("v3.25.0", "right right right"),
        ("v3.32.1", "right right right"),
    ] {
        assert_eq!(of(&bridges().version(release)).verdicts("first-found"), expected, "{release}");
    }
}

#[test]
fn a_method_that_the_release_lacks_or_breaks_is_refused() {
    for (release, verdicts, refused, recommended) in [
        ("v3.21.4", "exits exits exits", Some("only from v3.22.0"), "cidr=10.0.0.0/24"),
        ("v3.22.1", "wrong wrong wrong", Some("stores the network's address"), "cidr=10.0.0.0/24"),
        ("v3.23.1", "wrong wrong wrong", Some("stores the network's address"), "cidr=10.0.0.0/24"),
        ("v3.22.4", "right right right", None, "kubernetes-internal-ip"),
        ("v3.24.5", "right right right", None, "kubernetes-internal-ip"),
    ] {
        let judged = of(&bridges().version(release));
        assert_eq!(judged.verdicts("kubernetes-internal-ip"), verdicts, "{release}");
        let why = judged.matrix.column("kubernetes-internal-ip").and_then(|column| column.refused.clone());
        assert_eq!(why.is_some(), refused.is_some(), "{release} {why:?}");
        assert!(refused.is_none_or(|text| why.is_some_and(|why| why.contains(text))), "{release}");
        assert_eq!(judged.recommended(), Some(recommended), "{release}");
    }
    let old = of(&bridges().version("v3.15.5"));
    assert_eq!(old.verdicts("cidr=10.0.0.0/24"), "exits exits exits");
    assert_eq!(old.recommended(), Some("interface=^eth0$"));
}

#[test]
fn an_upgrade_is_foreseen() {
    let snapshot = cluster().interface("node-3", BRIDGE, "172.18.0.1/16").stored("node-3", "172.18.0.1/16").snapshot();
    let to = |release: &str| judge(&snapshot, &AutodetectOptions { version: Version::parse(release), ..ask(&[]) });
    assert_eq!(to("v3.24.5").verdicts("first-found"), "right right wrong");
    let upgraded = to("v3.25.0");
    assert_eq!(upgraded.verdicts("first-found"), "right right right");
    assert_eq!(upgraded.matrix.running, Version::parse("v3.24.5"));
    assert!(upgraded.recommendation.why.contains("stored for node-3 stays wrong"), "{}", upgraded.recommendation.why);

    // And one that takes the only address away: br-ex is passed over from 3.25.
    let mut openstack = cluster();
    openstack.hosts.iter_mut().for_each(|host| host.interfaces[1].0 = "br-ex".into());
    let snapshot = openstack.snapshot();
    let to = |release: &str| judge(&snapshot, &AutodetectOptions { version: Version::parse(release), ..ask(&[]) });
    assert_eq!(to("v3.24.5").verdicts("first-found"), "right right right");
    assert_eq!(to("v3.25.0").verdicts("first-found"), "unchanged unchanged unchanged");
}

#[test]
fn a_release_that_cannot_be_told_answers_only_what_all_releases_would() {
    let judged = of(&bridges().version("latest"));
    assert_eq!(judged.verdicts("first-found"), "unknown unknown unknown");
    assert_eq!(judged.verdicts("interface=^eth0$"), "right right right");
}
