//! Causes that no larger start-up budget cures, of a calico-node that is past its start: each names itself, and none gets a delay proposed.

use calico_fix::finding::Source;
use serde_json::json;

use super::build::*;
use super::judge::*;

const TAKEN: &str = "[ERROR][81] felix/health.go 1: Health endpoint failed, trying to restart it... error=listen tcp 127.0.0.1:9099: bind: address already in use";
const NO_LOCALHOST: &str = "[ERROR][81] felix/health.go 1: Health endpoint failed, trying to restart it... error=listen tcp: lookup localhost on 10.96.0.10:53: no such host";
const IPTABLES: &str = "[WARNING][128] felix/table.go 765: iptables-nft-save command failed error=iptables-save failed because there are incompatible nft rules in the table ipVersion=0x4 stderr=\"\" table=\"filter\"";
const WATCHDOG: &str = "[WARNING][81] felix/health.go 211: Report timed out name=\"int_dataplane\"";
const USAGE: &str = "[INFO][81] felix/usagerep.go 94: Failed to report usage/get deprecation warnings. error=context deadline exceeded";
const LOOSE: &str =
    "[FATAL][81] felix/int_dataplane.go 1035: Kernel's RPF check is set to 'loose'.  This would allow endpoints to spoof their IP address.";
const FELIX_503: &str = "Liveness probe failed: calico/node is not ready: Felix is not live: liveness probe reporting 503\n";
const REFUSED: &str = "Readiness probe failed: calico/node is not ready: felix is not ready: Get \"http://localhost:9099/readiness\": dial tcp 127.0.0.1:9099: connect: connection refused\n";
const LATE: &str = "Liveness probe failed: calico/node is not ready: Felix is not live: Get \"http://localhost:9099/liveness\": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)\n";

/// node-2's container was killed two hours after its start, and the one that runs now is not Ready.
fn killed_while_running() -> World {
    cluster().not_ready("node-2").restarted("node-2", 2, 137, 7200, 400).event("node-2", "Killing", KILLED, 2, 401)
}

fn cpu(mut world: World, request: Option<&str>, limit: Option<&str>) -> World {
    let resources = &mut world.container().resources;
    let of = |value: Option<&str>| value.map(|value| ("cpu".to_owned(), value.to_owned())).into_iter().collect();
    (resources.requests, resources.limits) = (of(request), of(limit));
    world
}

/// No finding proposes to wait longer.
fn no_delay(case: &Case) {
    let commands = case.report.findings.iter().filter_map(|finding| finding.fix.as_ref()).map(by_hand);
    for command in commands {
        assert!(!["startupProbe", "initialDelaySeconds", "failureThreshold"].iter().any(|field| command.contains(field)), "{command}");
    }
}

#[test]
fn what_a_line_in_the_log_names() {
    for (line, code, phrase) in [
        (TAKEN, "health-port-taken", "another program holds port 9099"),
        (NO_LOCALHOST, "health-address-missing", "at localhost"),
        (IPTABLES, "iptables-backend-mismatch", "its backend does not suit the node's"),
    ] {
        // Felix does not answer, so the liveness probe kills it over and over: no slow start.
        let world = cluster()
            .not_ready("node-2")
            .restarted("node-2", 4, 137, 70, 100)
            .killed("node-2", 4)
            .unhealthy("node-2", REFUSED, 20)
            .log("node-2", &started(&[line]))
            .previous("node-2", &started(&[line]));
        let case = finds(&world, &[&format!("error {code} node-2")]);
        assert!(case.only().message.contains(phrase), "{}", case.only().message);
        shows(case.only(), Source::Log, "node-2", line.split(": ").nth(1).expect("a message"));
        no_delay(&case);
        // The twin: the same line long ago, and Ready now.
        healthy(&cluster().log("node-2", &started(&[line])));
    }
}

#[test]
fn the_watchdog_by_its_log_and_by_its_answer() {
    let logged = killed_while_running().previous("node-2", &started(&[WATCHDOG, USAGE])).log("node-2", &started(&[]));
    let case = finds(&cpu(logged, Some("250m"), None), &["error felix-not-live node-2"]);
    shows(case.only(), Source::Log, "node-2", "Report timed out");
    shows(case.only(), Source::Log, "node-2", "Failed to report usage");
    assert!(case.only().message.contains("its probe kills it"), "{}", case.only().message);
    no_delay(&case);
    let told = finds(&killed_while_running().unhealthy("node-2", FELIX_503, 12), &["error felix-not-live node-2"]);
    shows(told.only(), Source::Event, "node-2", "liveness probe reporting 503 (12×)");
    no_delay(&told);
    // The twin: it hung once, nobody was killed, and it is Ready.
    healthy(&cluster().log("node-2", &started(&[WATCHDOG])));
}

#[test]
fn the_watchdog_of_a_throttled_felix() {
    let world = killed_while_running().unhealthy("node-2", FELIX_503, 12);
    let case = finds(&cpu(world, Some("150m"), Some("300m")), &["error felix-not-live node-2"]);
    assert!(case.only().message.contains("a CPU limit of 300m"), "{}", case.only().message);
    shows(case.only(), Source::DaemonSet, "", "CPU request 150m, limit 300m");
}

#[test]
fn cpu_starvation() {
    let slow = || killed_while_running().unhealthy("node-2", LATE, 9);
    let limited = finds(&cpu(slow(), Some("150m"), Some("300m")), &["error cpu-starved node-2"]);
    shows(limited.only(), Source::Event, "node-2", "Client.Timeout exceeded");
    shows(limited.only(), Source::DaemonSet, "", "CPU request 150m, limit 300m");
    assert_eq!(limited.command(), None, "a limit is its owner's");
    let unasked = finds(&cpu(slow(), None, None), &["error cpu-starved node-2"]);
    assert_eq!(unasked.command(), Some("kubectl set resources daemonset/calico-node -n kube-system -c calico-node --requests=cpu=250m"));
    no_delay(&unasked);
    // The twin: with the request of the manifests something else makes it late, and nobody claims to know what.
    let case = finds(&cpu(slow(), Some("250m"), None), &["error killed-while-running node-2"]);
    no_delay(&case);
    // Nor is a limit alone a fault.
    healthy(&cpu(cluster(), None, Some("300m")));
}

#[test]
fn killed_long_after_the_start() {
    let case = finds(&killed_while_running().previous("node-2", &started(&[USAGE])), &["error killed-while-running node-2"]);
    assert!(case.only().message.contains("(2×, after 7200 s): more time to start does not help"), "{}", case.only().message);
    shows(case.only(), Source::Log, "node-2", "Failed to report usage");
    assert_eq!(case.command(), Some("kubectl logs calico-node-ccccc -n kube-system -c calico-node --previous"));
    let again = cluster().restarted("node-2", 2, 137, 7200, 400).event("node-2", "Killing", KILLED, 2, 401);
    finds(&again, &["warning killed-while-running node-2"]);
    // The twin: a restart that no probe asked for.
    healthy(&cluster().restarted("node-2", 2, 0, 7200, 400));
}

#[test]
fn a_part_of_it_ends_by_itself() {
    let world = cluster().not_ready("node-2").unhealthy("node-2", REFUSED, 20).log("node-2", &started(&[LOOSE]));
    let case = finds(&world, &["error exited-after-start node-2"]);
    assert!(case.only().message.contains("rp_filter is loose"), "{}", case.only().message);
    shows(case.only(), Source::Log, "node-2", "Kernel's RPF check");
    healthy(&cluster().log("node-2", &started(&[LOOSE])));
}

#[test]
fn out_of_memory() {
    let world = |since: i64| {
        let mut world = cluster().restarted("node-2", 3, 137, 300, since);
        let host = world.hosts.iter_mut().find(|host| host.name == "node-2").expect("node-2");
        host.container.last_state.terminated.as_mut().expect("ended").reason = Some("OOMKilled".into());
        let resources = &mut world.container().resources;
        resources.limits = [("memory".to_owned(), "64Mi".to_owned())].into();
        world
    };
    let case = finds(&world(50).not_ready("node-2"), &["error out-of-memory node-2"]);
    assert!(case.only().message.contains("memory limit is 64Mi"), "{}", case.only().message);
    shows(case.only(), Source::Pod, "node-2", "OOMKilled");
    no_delay(&case);
    finds(&world(900), &["warning out-of-memory node-2"]);
    healthy(&world(90_000));
}

#[test]
fn a_start_that_nearly_was_killed() {
    let log = |seconds: u32| {
        let begin = "2026-11-23T16:00:11.000Z 2026-11-23 16:00:11.000 [INFO][9] startup/startup.go 427: Early log level set to info\n";
        format!("{begin}2026-11-23T16:01:{:02}.000Z Calico node started successfully\n", seconds - 50)
    };
    let world = |seconds: u32| cluster().age("node-2", 3590).log("node-2", &log(seconds));
    let case = finds(&world(65), &["warning start-near-budget node-2"]);
    assert!(case.only().message.contains("node-2 took 65 of 70 s"), "{}", case.only().message);
    assert!(case.command().is_some_and(|command| command.contains("startupProbe")));
    healthy(&world(52));
    // With more time allowed the same start is none to worry about.
    let probe = json!({"exec": {"command": ["/bin/calico-node", "-felix-live"]}, "initialDelaySeconds": 60, "failureThreshold": 10,
        "timeoutSeconds": 10});
    healthy(&world(65).liveness(probe));
}

/// Nothing on the host reaches localhost: probes fail whatever Felix does.
#[test]
fn a_loopback_interface_that_is_down() {
    let text = "Liveness probe failed: calico/node is not ready: Felix is not live: Get \"http://localhost:9099/liveness\": dial tcp 127.0.0.1:9099: connect: network is unreachable\n";
    let world = cluster().restarted("node-2", 31, 137, 70, 20).not_ready("node-2").event("node-2", "Killing", KILLED, 31, 20);
    let case = finds(&world.unhealthy("node-2", text, 180), &["error killed-while-running node-2"]);
    assert!(case.only().message.contains("the interface lo is down"), "{}", case.only().message);
    assert_eq!(case.command(), Some("kubectl exec calico-node-ccccc -n kube-system -c calico-node -- ip link set lo up"));
    no_delay(&case);
}

#[test]
fn a_program_that_the_image_lacks() {
    let text = "Liveness probe failed: calico/node is not ready: bird is not live: fork/exec /bin/birdcl: no such file or directory\n";
    let world = cluster().restarted("node-2", 12, 137, 70, 20).event("node-2", "Killing", KILLED, 12, 20).unhealthy("node-2", text, 72);
    let case = judge(&world);
    assert_eq!(case.lines(), ["warning killed-while-running node-2"], "{:#?}", case.report.findings);
    assert!(case.only().message.contains("/bin/birdcl, which the image lacks"), "{}", case.only().message);
    no_delay(&case);
}
