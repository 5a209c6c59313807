//! Other installations: where a check must hold its peace, and where a change lasts.

use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::objects::{Container, ContainerStatus};
use serde_json::json;

use super::build::*;
use super::judge::*;

/// Incident 1.
pub(super) fn bridge() -> World {
    cluster()
        .interface("node-3", BRIDGE, "172.18.0.1/16")
        .stored("node-3", "172.18.0.1/16")
        .not_ready("node-3")
        .bird("node-1", "10.0.0.2 Established | 172.18.0.1 Passive")
        .bird("node-2", "10.0.0.1 Established | 172.18.0.1 Passive")
        .bird("node-3", "10.0.0.1 Connect | 10.0.0.2 Connect")
}

const BRIDGE_FOUND: &[&str] = &["error address-on-virtual-interface node-3"];

/// The DaemonSet is the operator's: it would be put back within a second, and kill a pod all the same.
#[test]
fn the_operator_is_told_through_its_installation() {
    let case = finds(&bridge().operator(), BRIDGE_FOUND);
    assert_eq!(
        case.command(),
        Some(concat!(
            r#"kubectl patch installation default --type merge -p '{"spec":{"calicoNetwork":{"nodeAddressAutodetectionV4":"#,
            r#"{"canReach":null,"cidrs":null,"firstFound":null,"interface":null,"kubernetes":"NodeInternalIP","skipInterface":null}}}}'"#
        ))
    );
}

/// No finding of an operator's cluster proposes an edit of the DaemonSet.
#[test]
fn nothing_edits_the_operators_daemon_set() {
    let short = |mut world: World| {
        let probe = world.container().readiness_probe.as_mut().expect("a probe");
        probe.timeout_seconds = None;
        world
    };
    for world in [
        bridge(),
        short(cluster()),
        cluster()
            .not_ready("node-2")
            .restarted("node-2", 3, 137, 70, 40)
            .no_bird("node-2")
            .killed("node-2", 3)
            .bird("node-1", "10.0.0.2 Passive"),
        cluster().env("IP_AUTODETECTION_METHOD", "eth0"),
        nodes(&["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", "10.0.0.4/24", "10.9.0.5/24"])
            .interface("node-5", "eth1", "10.0.0.5/24")
            .without_bgp("vxlan"),
        cluster().stored("node-2", "10.0.0.3/24"),
    ] {
        let case = judge(&world.operator());
        assert!(!case.report.findings.is_empty());
        for fix in case.report.findings.iter().filter_map(|finding| finding.fix.as_ref()) {
            let edits = ["daemonset", "set env"].iter().any(|word| by_hand(fix).contains(word));
            assert!(!edits, "{}", by_hand(fix));
        }
    }
}

/// kubernetes-internal-ip is broken or missing in some releases.
#[test]
fn the_method_suits_the_release() {
    for (version, method) in [
        ("v3.21.5", "cidr=10.0.0.0/24"),
        ("v3.22.3", "cidr=10.0.0.0/24"),
        ("v3.22.4", "kubernetes-internal-ip"),
        ("v3.23.1", "cidr=10.0.0.0/24"),
        ("v3.23.2", "kubernetes-internal-ip"),
    ] {
        let case = finds(&bridge().version(version), BRIDGE_FOUND);
        let command = case.command().expect("a command");
        assert!(command.ends_with(&format!("IP_AUTODETECTION_METHOD={method}")), "{version}: {command}");
    }
    // This release leaves the bridge out: a new start finds the right address.
    let case = finds(&bridge().version("v3.31.0"), BRIDGE_FOUND);
    assert_eq!(case.command(), Some("kubectl delete pod calico-node-ddddd -n kube-system"));
    // Where no host could be looked into, the way to a sound node.
    let case = judge(&bridge().exec_forbidden().version("v3.21.5"));
    let command = case.report.findings.iter().filter_map(|finding| finding.fix.as_ref()).map(by_hand).next();
    assert!(command.is_some_and(|command| command.ends_with("IP_AUTODETECTION_METHOD=can-reach=10.0.0.1")), "{command:?}");
}

/// The method alone does nothing beside an IP that is not detected.
#[test]
fn the_gate_is_opened_with_the_method() {
    let case = finds(&bridge().env("IP", "none"), BRIDGE_FOUND);
    assert!(case.command().is_some_and(|command| command.contains(" -c calico-node IP=autodetect IP_AUTODETECTION_METHOD=")));
}

#[test]
fn who_reverts_an_edit_is_named() {
    let case = finds(
        &bridge().set(|set| {
            _ = set
                .metadata
                .annotations
                .insert("argocd.argoproj.io/tracking-id".into(), "calico:apps/DaemonSet:kube-system/calico-node".into())
        }),
        BRIDGE_FOUND,
    );
    let why = &case.only().fix.as_ref().expect("a fix").why;
    assert!(why.contains("Argo CD") && why.contains("set it there too"), "{why}");
}

fn canal() -> World {
    cluster().without_bgp("none").env("IP", "").set(|set| {
        set.metadata.name = "canal".into();
        set.spec.template.spec.containers.push(Container { name: "kube-flannel".into(), ..Container::default() }.into());
    })
}

/// flannel makes the way between nodes: no BIRD, no address of Calico's.
#[test]
fn canal_is_silent_on_bgp_and_addresses() {
    let bare = |world: World| world.stored("node-1", "").stored("node-2", "").stored("node-3", "");
    healthy(&bare(canal()).no_bird("node-1").no_bird("node-2").no_bird("node-3"));
    healthy(&canal().stored("node-3", "172.18.0.1/16").interface("node-3", BRIDGE, "172.18.0.1/16").stored("node-2", "172.18.0.1/16"));
    // Its pods can be sick like any other.
    finds(&canal().not_ready("node-2"), &["error pod-not-ready node-2"]);
}

#[test]
fn policy_only_is_silent_on_bgp_and_addresses() {
    healthy(&cluster().without_bgp("none").bird("node-1", "10.0.0.2 Connect").exec_forbidden());
}

#[test]
fn vxlan_is_silent_on_bgp() {
    healthy(&cluster().without_bgp("vxlan").bird("node-1", "10.0.0.2 Connect | 10.0.0.3 Passive"));
}

/// What a healthy cluster says of itself after a rollout, calico.md §3.
#[test]
fn normal_noise_is_silent() {
    let noisy = started(&[
        "bird: Unable to open configuration file /etc/calico/confd/config/bird.cfg: No such file or directory",
        "[ERROR][93] confd/resource.go 306: Error from checkcmd \"bird -p -c /etc/calico/confd/config/.bird.cfg123\": exit status 1",
        "[INFO][9] startup/startup.go 818: Selected default IP pool is '172.16.0.0/16'",
        "[WARNING][81] felix/daemon.go 1: Health endpoint not yet up",
    ]);
    let world = cluster()
        .age("node-2", 120)
        .log("node-2", &noisy)
        .event("node-2", "Unhealthy", BIRD_REFUSES, 2, 115)
        .event("node-2", "Unhealthy", "Readiness probe failed: calico/node is not ready: felix is not ready: Get \"http://localhost:9099/readiness\": dial tcp 127.0.0.1:9099: connect: connection refused\n", 2, 114)
        .event("node-2", "Unhealthy", "Liveness probe failed: calico/node is not ready: bird/confd is not live: exit status 1\n", 1, 110)
        .event("node-2", "Unhealthy", &not_established("10.0.0.1,10.0.0.3"), 2, 100)
        .event("node-2", "Killing", "Stopping container calico-node", 1, 125)
        .event("node-2", "FailedPreStopHook", "PreStopHook failed", 1, 124);
    healthy(&world);
}

/// Gardener's DaemonSet has network-unavailable-condition-ensurer and others in front of calico-node, with the same image and variables
/// (gardener-extension-networking-calico charts/internal/calico/templates/node/daemonset-calico-node.yaml).
#[test]
fn a_container_in_front_of_calico_node_is_not_taken_for_it() {
    fn put_in_front(snapshot: &mut Snapshot) {
        let beside: Container = serde_json::from_value(json!({
            "name": "network-unavailable-condition-ensurer", "image": "docker.io/calico/node:v3.11.0",
            "env": [{"name": "IP_AUTODETECTION_METHOD", "value": "interface=none-of-them"}, {"name": "CALICO_NETWORKING_BACKEND", "value": "none"}],
        }))
        .expect("a container");
        let status: ContainerStatus = serde_json::from_value(json!({
            "name": "network-unavailable-condition-ensurer", "ready": true, "restartCount": 40,
            "state": {"running": {"startedAt": ago(30)}}, "lastState": {"terminated": {"exitCode": 1, "finishedAt": ago(31)}},
        }))
        .expect("a status");
        if let Observed::Seen(set) = &mut snapshot.daemon_set {
            set.spec.template.spec.containers.insert(0, beside.clone().into());
        }
        let Observed::Seen(pods) = &mut snapshot.pods else { return };
        for pod in pods {
            pod.spec.containers.insert(0, beside.clone().into());
            pod.status.container_statuses.insert(0, status.clone());
        }
    }
    healthy(&cluster().edit(put_in_front));
    let back_off = "Back-off restarting failed container network-unavailable-condition-ensurer in pod calico-node-node-2_kube-system(1)";
    healthy(&cluster().event("node-2", "BackOff", back_off, 40, 30).edit(put_in_front));
    let case = judge(&cluster().edit(put_in_front));
    assert_eq!(case.report.cluster.calico_version.as_deref(), Some("v3.24.5"));
    assert_eq!(case.report.cluster.backend.as_deref(), Some("bird"));
    assert!(case.report.nodes.iter().all(|row| row.restarts == Some(0)), "{:?}", case.report.nodes);
}
