use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;
use super::starts::*;

const LATE: &str = "Liveness probe failed: calico/node is not ready: Felix is not live: Get \"http://localhost:9099/liveness\": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)\n";

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
