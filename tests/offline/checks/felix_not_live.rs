use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;
use super::starts::*;

const WATCHDOG: &str = "[WARNING][81] felix/health.go 211: Report timed out name=\"int_dataplane\"";
const FELIX_503: &str = "Liveness probe failed: calico/node is not ready: Felix is not live: liveness probe reporting 503\n";

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
