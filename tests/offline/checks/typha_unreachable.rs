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

/// 3.23 to 3.26 word it in another way than later releases; no word says that Typha was connected at last.
#[test]
fn an_expired_certificate_of_typha() {
    for begins in [
        "error connecting to typha endpoint (2 of 2) 10.0.0.2:5473",
        "Failed to connect to typha endpoint 10.0.0.2:5473.  Will try another if available...",
    ] {
        let line = format!(
            "[WARNING][61] confd/sync_client.go 158: {begins} connID=0x0 error=x509: certificate has expired or is not yet valid: current time 2026-11-20T08:29:05Z is after 2026-11-06T01:41:00Z type=\"bgp\""
        );
        let world = node_2_is_down().log("node-2", &started(&[&line, &line]));
        let case = finds(&world, &["error typha-unreachable node-2"]);
        assert!(case.only().message.contains("Typha's certificate has expired"), "{}", case.only().message);
        shows(case.only(), Source::Log, "node-2", "certificate has expired");
        healthy(&cluster().log("node-2", &started(&[&line])));
    }
    // the twin: a Typha that was down for a moment, while another answers
    let refused = "[WARNING][61] confd/sync_client.go 158: error connecting to typha endpoint (1 of 2) 10.0.0.2:5473 error=dial tcp 10.0.0.2:5473: connect: connection refused";
    assert!(judge(&node_2_is_down().log("node-2", &started(&[refused]))).lines().iter().all(|line| !line.contains("typha")));
}
