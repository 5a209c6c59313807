use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;
use super::starts::*;

#[test]
fn killed_long_after_the_start() {
    let case = finds(&killed_while_running().previous("node-2", &started(&[USAGE])), &["error killed-while-running node-2"]);
    assert!(case.only().message.contains("(2×, after 7200s): more time to start does not help"), "{}", case.only().message);
    shows(case.only(), Source::Log, "node-2", "Failed to report usage");
    assert_eq!(case.command(), Some("kubectl logs calico-node-ccccc -n kube-system -c calico-node --previous"));
    let again = cluster().restarted("node-2", 2, 137, 7200, 400).event("node-2", "Killing", KILLED, 2, 401);
    finds(&again, &["warning killed-while-running node-2"]);
    // The twin: a restart that no probe asked for.
    healthy(&cluster().restarted("node-2", 2, 0, 7200, 400));
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

/// While calico-node starts its probe finds neither Felix nor BIRD, and mostly names Felix.
#[test]
fn a_probe_that_finds_felix_and_no_bird() {
    const BIRD: &str = "Liveness probe failed: calico/node is not ready: bird/confd is not live: exit status 1\n";
    let world = |bird: i32, felix: i32| {
        let world = cluster().restarted("node-2", 9, 137, 70, 20).not_ready("node-2").event("node-2", "Killing", KILLED, 9, 20);
        let world = world.unhealthy("node-2", BIRD, bird);
        if felix > 0 { world.unhealthy("node-2", FELIX_NOT_LIVE, felix) } else { world }
    };
    for (bird, felix) in [(54, 0), (40, 1), (48, 8)] {
        let case = finds(&world(bird, felix), &["error killed-while-running node-2"]);
        assert!(case.only().message.contains("Felix answers the probe, BIRD or confd does not run"), "{}", case.only().message);
        no_delay(&case);
    }
    for (bird, felix) in [(2, 4), (1, 7), (5, 0), (9, 45), (20, 5)] {
        finds(&world(bird, felix), &["error killed-while-starting node-2"]);
    }
}
