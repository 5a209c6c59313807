use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

fn logged(times: u32, apart: u32, reason: &str) -> String {
    let line = |at: u32| {
        let (minute, second) = (50 + at * apart / 60, at * apart % 60);
        format!(
            "2026-11-23 16:{minute:02}:{second:02}.393 [WARNING][{at}] felix/daemon.go 719: Felix is shutting down reason=\"{reason}\"\n"
        )
    };
    started(&[]) + &(1..=times).map(line).collect::<String>()
}

fn world(log: &str) -> World {
    let refused = "Readiness probe failed: calico/node is not ready: felix is not ready: Get \"http://localhost:9099/readiness\": dial tcp 127.0.0.1:9099: connect: connection refused\n";
    cluster().not_ready("node-2").unhealthy("node-2", refused, 20).log("node-2", log)
}

#[test]
fn a_configuration_that_two_writers_change() {
    let case = finds(&world(&logged(5, 2, "config changed")), &["error felix-restarts node-2"]);
    assert!(case.only().message.contains("5 times in 8s: its configuration changes again and again"), "{}", case.only().message);
    shows(case.only(), Source::Log, "node-2", "config changed");
}

#[test]
fn kube_proxy_s_mode() {
    let changed =
        "2026-11-23 16:50:03.393 [INFO][7] felix/int_dataplane.go 719: kube-proxy mode changed. Restart felix. ipvsIfaceState=\"up\"\n";
    let log = logged(4, 5, "config changed") + changed;
    let case = finds(&world(&log), &["error felix-restarts node-2"]);
    assert!(case.only().message.contains("kube-proxy change its mode"), "{}", case.only().message);
}

/// A change now and then, and the end of the pod, are no loop.
#[test]
fn a_few_restarts_are_none() {
    for log in [logged(2, 2, "config changed"), logged(3, 150, "config changed"), logged(5, 1, "Received OS signal terminated")] {
        healthy(&cluster().log("node-2", &log));
        let lines = judge(&world(&log)).lines();
        assert_eq!(lines, ["error pod-not-ready node-2"]);
    }
}
