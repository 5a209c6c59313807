use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;
use super::starts::*;

const LOOSE: &str =
    "[FATAL][81] felix/int_dataplane.go 1035: Kernel's RPF check is set to 'loose'.  This would allow endpoints to spoof their IP address.";

#[test]
fn a_part_of_it_ends_by_itself() {
    let world = cluster().not_ready("node-2").unhealthy("node-2", REFUSED, 20).log("node-2", &started(&[LOOSE]));
    let case = finds(&world, &["error exited-after-start node-2"]);
    assert!(case.only().message.contains("rp_filter is loose"), "{}", case.only().message);
    shows(case.only(), Source::Log, "node-2", "Kernel's RPF check");
    healthy(&cluster().log("node-2", &started(&[LOOSE])));
}
