//! IPv6, and what `IP` and `IP6` make of detection.

use super::build::*;
use super::*;

fn dual() -> World {
    let mut world = cluster();
    for number in 1..=3 {
        let node = format!("node-{number}");
        let host = &mut world.hosts[number - 1];
        host.internal.push(format!("fd00::{number}"));
        host.interfaces[1].2.extend([format!("fe80::{number}/64"), format!("fd00::{number}/64")]);
        world = world.stored6(&node, &format!("fd00::{number}/64"));
    }
    world.env("IP6", "autodetect")
}

fn six(world: &World) -> Judged {
    judge(&world.snapshot(), &AutodetectOptions { methods: vec!["interface=eth.*".into()], ..AutodetectOptions::new(Family::V6) })
}

#[test]
fn of_an_interface_the_first_address_beyond_the_link() {
    let judged = six(&dual());
    assert_eq!(judged.methods(), ["kubernetes-internal-ip", "cidr=fd00::/64", "interface=^eth0$", "interface=eth.*"]);
    for method in ["first-found", "kubernetes-internal-ip", "cidr=fd00::/64", "interface=eth.*"] {
        assert_eq!(judged.verdicts(method), "right right right", "{method}");
    }
}

#[test]
fn an_lxd_bridge_has_ipv6_too() {
    let judged = six(&dual().interface("node-3", "lxdbr0", "fd42:4ed4:9ae::1/64").stored6("node-3", "fd42:4ed4:9ae::1/64"));
    assert_eq!(judged.verdicts("first-found"), "right right wrong");
    assert_eq!(judged.recommended(), Some("kubernetes-internal-ip"));
}

#[test]
fn ipv6_is_detected_only_when_asked_for() {
    let judged = six(&dual().env("IP6", ""));
    assert_eq!(judged.matrix.columns[0].count(Verdict::Unchanged), 3);
    assert!(judged.recommendation.keep);
    let choice = judged.matrix.choice(judged.matrix.column("kubernetes-internal-ip").expect("a column"));
    assert!(choice.needs_gate);
}

#[test]
fn what_ip_makes_of_detection() {
    let wrong = || cluster().interface("node-3", BRIDGE, "172.18.0.1/16").stored("node-3", "172.18.0.1/16");
    for (value, shown, expected) in [
        ("none", "none, stored addresses are kept", "unchanged unchanged unchanged"),
        ("", "first-found", "unchanged unchanged unchanged"),
        ("autodetect", "first-found", "right right wrong"),
        ("Autodetect", "IP=\"Autodetect\"", "exits exits exits"),
        ("10.0.0.1", "IP=10.0.0.1", "right wrong wrong"),
    ] {
        let judged = of(&wrong().env("IP", value));
        assert_eq!(judged.verdicts(shown), expected, "IP={value:?}");
        assert!(!judged.matrix.columns[0].is_right_everywhere(), "IP={value:?}");
        // Whoever sets a method has it used.
        assert_eq!(judged.verdicts("kubernetes-internal-ip"), "right right right", "IP={value:?}");
        assert_eq!(judged.recommended(), Some("kubernetes-internal-ip"), "IP={value:?}");
    }
    let judged = of(&cluster().env("IP", ""));
    assert!(judged.recommendation.keep);
    let judged = of(&cluster().stored("node-2", "").env("IP", ""));
    assert_eq!(judged.verdicts("first-found"), "unchanged right unchanged");
}

#[test]
fn nothing_is_detected_where_calico_configures_no_address() {
    let judged = of(&cluster().version("v3.27.0").without_bgp("none"));
    assert!(judged.matrix.is_off());
    // These releases detect whatever the backend is.
    assert!(!of(&cluster().version("v3.24.5").without_bgp("none")).matrix.is_off());
}

#[test]
fn a_method_that_differs_by_pod() {
    use calico_fix::snapshot::objects::{EnvSource, EnvVar, FieldRef};
    let mut world = cluster();
    let node_ip = EnvVar {
        name: "NODEIP".into(),
        value: None,
        value_from: Some(EnvSource { field_ref: Some(FieldRef { field_path: "status.hostIP".into() }), ..EnvSource::default() }),
    };
    world.container().env.push(node_ip);
    let mut snapshot = world.env("IP_AUTODETECTION_METHOD", "can-reach=$(NODEIP)").snapshot();
    for (node, inside) in &mut snapshot.inside {
        let own = format!("10.0.0.{}", node.trim_start_matches("node-"));
        let Observed::Seen(inside) = inside else { panic!("seen") };
        inside.route_lookups =
            BTreeMap::from([(own.clone(), Observed::Seen(RouteLookup { source: own.parse().ok(), ..RouteLookup::default() }))]);
    }
    let judged = judge(&snapshot, &ask(&[]));
    assert_eq!(judged.matrix.columns[0].count(Verdict::Right), 3, "{:?}", judged.matrix.columns[0]);
}
