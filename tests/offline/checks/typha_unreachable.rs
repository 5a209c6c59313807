use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;
use super::starts::*;

const TYPHA: &str = "[ERROR][78] felix/daemon.go 324: Failed to connect to Typha error=dial tcp 10.96.7.7:5473: i/o timeout";

#[test]
fn typha() {
    let world = node_2_is_down().restarted("node-2", 2, 1, 40, 50).log("node-2", &started(&[TYPHA]));
    let case = finds(&world, &["error typha-unreachable node-2"]);
    shows(case.only(), Source::Log, "node-2", "Failed to connect to Typha");
    assert_eq!(case.command(), None);
    healthy(&cluster().log("node-2", &started(&[TYPHA])));
}

/// Felix connected at its second try; what keeps this pod from being Ready is that nothing reaches port 179.
#[test]
fn typha_was_late_once_and_bgp_is_the_trouble() {
    let world = cluster()
        .not_ready("node-2")
        .log("node-2", &started(&[TYPHA]))
        .unhealthy("node-2", &not_established("10.0.0.1,10.0.0.3"), 6)
        .bird("node-1", "10.0.0.2 Passive | 10.0.0.3 Established")
        .bird("node-3", "10.0.0.2 Active Socket: Host is unreachable | 10.0.0.1 Established")
        .bird("node-2", "10.0.0.1 Connect | 10.0.0.3 Passive");
    let codes: Vec<&str> = judge(&world).report.findings.iter().map(|finding| finding.code.name()).collect();
    assert_eq!(codes, ["bgp-session-down", "bgp-session-down"]);
}
