use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;
use super::pods::*;

const MISSING: &str = "2026-11-23 16:50:11.501 [FATAL][68] confd/startsyncerclient.go 47: Typha discovery enabled but discovery failed. error=endpoints \"cni-endpoints\" not found";
const REFUSED: &str = "2026-11-23 16:50:11.501 [ERROR][68] felix/daemon.go 324: Failed to connect to Typha error=dial tcp 10.96.7.7:5473: connect: connection refused";

fn logged(line: &str) -> World {
    let text = format!("{}{line}\n", started(&[]));
    missed_by_its_peers().no_bird("node-2").restarted("node-2", 3, 1, 10, 90).not_ready("node-2").log("node-2", &text)
}

#[test]
fn a_service_that_does_not_exist() {
    let case = finds(&logged(MISSING), &["error typha-not-found node-2"]);
    assert!(case.only().message.contains("Service cni-endpoints does not exist"), "{}", case.only().message);
    shows(case.only(), Source::Log, "node-2", "not found");
}

#[test]
fn one_that_does_not_answer_is_unreachable() {
    finds(&logged(REFUSED), &["error typha-unreachable node-2"]);
    healthy(&cluster().log("node-2", &format!("{}{REFUSED}\n", started(&[]))));
}
