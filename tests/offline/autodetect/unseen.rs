//! What was not seen is not known; what is known without it is said.

use calico_fix::calico::version::Version;

use super::build::*;
use super::*;

fn bridge() -> World {
    cluster().interface("node-3", BRIDGE, "172.18.0.1/16").stored("node-3", "172.18.0.1/16")
}

#[test]
fn without_exec_nothing_is_guessed() {
    let judged = of(&bridge().exec_forbidden());
    assert_eq!(judged.verdicts("kubernetes-internal-ip"), "unknown unknown unknown");
    assert!(judged.reason("kubernetes-internal-ip", 1).contains("pods/exec"), "{}", judged.reason("kubernetes-internal-ip", 1));
    // InternalIPs of their own are known without; on an older release nothing else is.
    assert_eq!(judged.recommended(), Some("kubernetes-internal-ip"));
    assert_eq!(judged.recommendation.unsure.len(), 3);
    let older = of(&bridge().exec_forbidden().version("v3.21.5"));
    assert_eq!(older.recommended(), None);
    assert!(older.recommendation.why.contains("pods/exec"), "{}", older.recommendation.why);
    // A calico-node that runs stores what it finds or keeps.
    assert_eq!(judged.verdicts("first-found"), "right right wrong");
    assert_eq!(judged.stored(), "right right wrong");
}

/// Before 3.22.0 every calico-node that restarts with kubernetes-internal-ip exits.
#[test]
fn neither_the_release_nor_the_hosts_are_known() {
    let judged = of(&bridge().exec_forbidden().version("latest"));
    assert_eq!(judged.recommended(), None);
    assert!(judged.recommendation.why.ends_with("compare with --calico-version."), "{}", judged.recommendation.why);
    let named = AutodetectOptions { version: Version::parse("v3.24.5"), ..ask(&[]) };
    assert_eq!(judge(&bridge().exec_forbidden().version("latest").snapshot(), &named).recommended(), Some("kubernetes-internal-ip"));
    // The twin: nothing is wrong, and nothing is changed.
    assert!(of(&cluster().exec_forbidden().version("latest")).recommendation.keep);
}

/// What is stored speaks for the method only where it was found by it.
#[test]
fn a_pod_of_another_revision_does_not_speak_for_the_method() {
    let snapshot = |world: World| {
        let mut snapshot = world.snapshot();
        let older = |pod: &mut calico_fix::snapshot::objects::Pod| {
            pod.spec
                .calico_node_mut()
                .expect("the container calico-node")
                .env
                .retain(|variable| variable.name != "IP_AUTODETECTION_METHOD");
        };
        if let Observed::Seen(pods) = &mut snapshot.pods {
            older(&mut pods[1]);
        }
        snapshot
    };
    let world = || cluster().exec_forbidden().env("IP_AUTODETECTION_METHOD", "interface=eth.*");
    assert_eq!(judge(&snapshot(world()), &ask(&[])).verdicts("interface=eth.*"), "right unknown right");
    assert_eq!(of(&world()).verdicts("interface=eth.*"), "right right right");
    // 3.15.0 looks only once, at the start; the container of node-2 does not run.
    assert_eq!(of(&world().version("v3.15.0")).verdicts("interface=eth.*"), "unknown unknown unknown");
    assert_eq!(of(&world().crash_loop("node-2", 3)).verdicts("interface=eth.*"), "right unknown right");
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
