//! What was not seen is not known; what is known without it is said.

use super::build::*;
use super::*;

fn bridge() -> World {
    cluster().interface("node-3", BRIDGE, "172.18.0.1/16").stored("node-3", "172.18.0.1/16")
}

#[test]
fn without_exec_nothing_is_guessed() {
    let judged = of(&bridge().exec_forbidden());
    for method in ["first-found", "kubernetes-internal-ip"] {
        assert_eq!(judged.verdicts(method), "unknown unknown unknown", "{method}");
    }
    assert!(judged.reason("first-found", 1).contains("pods/exec"), "{}", judged.reason("first-found", 1));
    assert_eq!(judged.recommended(), None);
    // What is stored is judged all the same.
    assert_eq!(judged.stored(), "right right wrong");
}

/// The node whose calico-node does not run cannot be looked into; the others speak for the method.
#[test]
fn one_crash_loop_does_not_hide_the_way_out() {
    let judged = of(&bridge().stored("node-2", "").crash_loop("node-2", 8));
    assert_eq!(judged.verdicts("kubernetes-internal-ip"), "right unknown right");
    assert_eq!(judged.recommended(), Some("kubernetes-internal-ip"));
    assert_eq!(judged.recommendation.unsure, ["node-2"]);
    assert!(judged.recommendation.why.contains("Not known on node-2"), "{}", judged.recommendation.why);
}

#[test]
fn its_log_tells_what_its_own_method_found() {
    let log = started(&[])
        .replace("Datastore connection verified", "Using autodetected IPv4 address on interface br-3f2a1b4c5d6e: 172.18.0.1/16");
    let judged = of(&bridge().stored("node-2", "").crash_loop("node-2", 8).log("node-2", &log));
    assert_eq!(judged.verdicts("first-found"), "right wrong wrong");
    assert!(judged.reason("first-found", 2).contains("node-3 has 172.18.0.1 too"));
    assert_eq!(judged.verdicts("kubernetes-internal-ip"), "right unknown right");
}

#[test]
fn the_annotation_stands_in_for_exec() {
    let mut world = bridge().exec_forbidden().version("v3.31.2");
    for number in 1..=3 {
        let listed = format!(r#"[{{"name":"eth0","addresses":["10.0.0.{number}"]}}]"#);
        world = world.annotation(&format!("node-{number}"), "projectcalico.org/Interfaces", &listed);
    }
    let judged = of(&world);
    assert_eq!(judged.verdicts("first-found"), "right right right");
    assert_eq!(judged.verdicts("kubernetes-internal-ip"), "right right right");
}

#[test]
fn can_reach_without_the_kernels_answer_is_unknown() {
    let mut snapshot = cluster().snapshot();
    snapshot.cluster.api_addresses = Observed::Seen(vec!["10.0.0.100".parse().expect("an address")]);
    let judged = judge(&snapshot, &ask(&["can-reach=api.example"]));
    assert_eq!(judged.verdicts("can-reach=10.0.0.100"), "unknown unknown unknown");
    assert_eq!(judged.verdicts("can-reach=api.example"), "unknown unknown unknown");
    reaching(&mut snapshot, "10.0.0.100", &["10.0.0.1", "10.0.0.2", ""]);
    let judged = judge(&snapshot, &ask(&[]));
    assert_eq!(judged.verdicts("can-reach=10.0.0.100"), "right right unchanged");
}

#[test]
fn an_empty_cluster_and_one_without_nodes() {
    let judged = of(&nodes(&[]));
    assert_eq!(judged.recommended(), None);
    assert!(!judged.matrix.columns[0].is_right_everywhere());
    let alone = of(&nodes(&["10.0.0.1/24"]));
    assert_eq!(alone.verdicts("first-found"), "right");
}
