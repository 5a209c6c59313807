//! probe-timeout-too-short and probe-misfit.

use calico_fix::finding::Source;
use serde_json::{Value, json};

use super::build::*;
use super::judge::*;

fn exec(flags: &[&str], timeout: Option<i32>) -> Value {
    let mut command = vec!["/bin/calico-node"];
    command.extend(flags);
    let mut probe = json!({"exec": {"command": command}, "failureThreshold": 6});
    if let Some(timeout) = timeout {
        probe["timeoutSeconds"] = json!(timeout);
    }
    probe
}

fn http(host: &str, port: i64) -> Value {
    json!({"httpGet": {"host": host, "path": "/liveness", "port": port}, "timeoutSeconds": 1})
}

#[test]
fn one_second_is_too_short() {
    let world = cluster().liveness(exec(&["-felix-live", "-bird-live"], None)).readiness(exec(&["-felix-ready", "-bird-ready"], Some(1)));
    let case = finds(&world, &["warning probe-timeout-too-short"]);
    assert_eq!(
        case.command(),
        Some(concat!(
            r#"kubectl patch daemonset calico-node -n kube-system -p '{"spec":{"template":{"spec":{"containers":[{"livenessProbe":{"timeoutSeconds":10},"#,
            r#""name":"calico-node","readinessProbe":{"timeoutSeconds":10}}]}}}}'"#
        ))
    );
    shows(case.only(), Source::DaemonSet, "", "livenessProbe of daemonset/calico-node");
}

#[test]
fn and_where_it_happens_an_error() {
    let world = cluster().readiness(exec(&["-felix-ready", "-bird-ready"], None)).not_ready("node-2").unhealthy("node-2", TIMED_OUT, 9);
    let case = finds(&world, &["error probe-timeout-too-short node-2"]);
    shows(case.only(), Source::Event, "node-2", "(9×)");
}

#[test]
fn ten_seconds_or_http_are_enough() {
    healthy(&cluster().liveness(exec(&["-felix-live"], Some(10))));
    healthy(&cluster().liveness(http("localhost", 9099)));
}

/// A container that crashes leaves empty probe messages too.
#[test]
fn empty_messages_of_a_crash_are_no_timeouts() {
    let log = include_str!("../../fixtures/logs/invalid-method.txt");
    let world = cluster()
        .env("IP_AUTODETECTION_METHOD", "eth0")
        .readiness(exec(&["-felix-ready", "-bird-ready"], None))
        .crash_loop("node-2", 5)
        .log("node-2", log)
        .unhealthy("node-2", TIMED_OUT, 5)
        .bird("node-1", "10.0.0.3 Established | 10.0.0.2 Passive")
        .bird("node-3", "10.0.0.1 Established | 10.0.0.2 Passive");
    finds(&world, &["error method-invalid node-2", "warning probe-timeout-too-short"]);
    // Nor without the log that tells why.
    let crash = cluster().readiness(exec(&["-felix-ready"], None)).crash_loop("node-2", 5).unhealthy("node-2", TIMED_OUT, 5);
    finds(&crash, &["error pod-not-ready node-2", "warning probe-timeout-too-short"]);
}

#[test]
fn misfits() {
    for (world, phrase) in [
        (cluster().env("CALICO_NETWORKING_BACKEND", "vxlan"), "asks for BIRD, but the backend is vxlan"),
        (cluster().liveness(json!({"httpGet": {"path": "/liveness", "port": 9099}})), "has no host"),
        (cluster().liveness(http("localhost", 9099)).env("FELIX_HEALTHPORT", "9199"), "asks port 9099, but Felix answers on 9199"),
        (
            cluster()
                .liveness(json!({"exec": {"command": ["calico", "component", "node", "health", "--felix-live"]}, "timeoutSeconds": 10})),
            "which v3.24.5 does not have",
        ),
    ] {
        let case = finds(&world, &["warning probe-misfit"]);
        assert!(case.only().message.contains(phrase), "{}", case.only().message);
        assert_eq!(case.command(), None, "the handler is the release's own affair");
    }
}

#[test]
fn fits() {
    healthy(&cluster().without_bgp("vxlan"));
    healthy(&cluster().liveness(http("localhost", 9199)).env("FELIX_HEALTHPORT", "9199"));
    healthy(&cluster().liveness(json!({"httpGet": {"path": "/liveness", "port": 9099}})).env("FELIX_HEALTHHOST", "0.0.0.0"));
}

#[test]
fn a_misfit_that_keeps_pods_from_being_ready_is_an_error() {
    let world = cluster().env("CALICO_NETWORKING_BACKEND", "vxlan").not_ready("node-3").unhealthy("node-3", BIRD_REFUSES, 40);
    let case = finds(&world, &["error probe-misfit node-3"]);
    shows(case.only(), Source::Event, "node-3", "unable to connect to BIRDv4 socket");
}
