use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;
use super::starts::*;

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

/// On a busy node each probe runs out of its second and the kubelet kills what had started at once: no slow start.
#[test]
fn killed_by_probes_that_run_out_of_time() {
    let busy = || {
        cluster()
            .liveness(exec(&["-felix-live", "-bird-live"], Some(1)))
            .not_ready("node-2")
            .restarted("node-2", 9, 0, 70, 40)
            .event("node-2", "Killing", KILLED, 9, 20)
            .unhealthy("node-2", "Liveness probe failed: ", 60)
    };
    for world in [busy().log("node-2", &started(&[])), busy()] {
        let case = finds(&world, &["error probe-timeout-too-short node-2"]);
        assert!(case.command().is_some_and(|command| command.contains("timeoutSeconds") && !command.contains("startupProbe")));
    }
    // the twin: with ten seconds to answer, nothing tells that the start was over, unless its own log does
    let patient = |world: World| world.liveness(exec(&["-felix-live", "-bird-live"], Some(10)));
    finds(&patient(busy()), &["error killed-while-starting node-2"]);
    finds(&patient(busy().log("node-2", &started(&[]))), &["error cpu-starved node-2"]);
    // and nobody listened: it was starting
    finds(&busy().unhealthy("node-2", FELIX_NOT_LIVE, 50), &["error killed-while-starting node-2", "warning probe-timeout-too-short"]);
}
