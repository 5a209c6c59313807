use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;
use super::starts::*;

const CONFLICT: &str = include_str!("../../fixtures/logs/update-conflict.timestamps.txt");
const NO_ADDRESS: [&str; 3] = [
    "[WARNING][9] startup/autodetection_methods.go 98: Unable to auto-detect an IPv4 address: no valid IPv4 addresses found on the host interfaces",
    "[WARNING][9] startup/startup.go 507: Couldn't autodetect an IPv4 address. If auto-detecting, choose a different autodetection method. Otherwise provide an explicit address.",
    "[INFO][9] startup/startup.go 391: Clearing out-of-date IPv4 address from this node IP=\"\"",
];

#[test]
fn no_address_found_and_none_stored() {
    let lines = ["Early log level set to info", "Datastore connection verified"];
    let text = log(&lines.iter().chain(&NO_ADDRESS).chain(&END).copied().collect::<Vec<_>>());
    let world = cluster()
        .stored("node-2", "")
        .crash_loop("node-2", 4)
        .previous("node-2", &text)
        .bird("node-1", "10.0.0.3 Established")
        .bird("node-3", "10.0.0.1 Established");
    let case = finds(&world, &["error startup-exited node-2"]);
    assert!(case.only().message.contains("could not detect an IPv4 address"), "{}", case.only().message);
    shows(case.only(), Source::Log, "node-2", "Terminating");
    assert!(case.command().is_some_and(|command| command.contains("IP_AUTODETECTION_METHOD=")));
    healthy(&cluster().restarted("node-2", 1, 1, 1, 3000).previous("node-2", &text).log("node-2", &started(&[])));
}

#[test]
fn an_update_conflict_tries_again_by_itself() {
    let world = node_2_is_down().crash_loop("node-2", 2).previous("node-2", CONFLICT);
    let case = finds(&world, &["error startup-exited node-2"]);
    assert!(case.only().message.contains("it tries again"), "{}", case.only().message);
    assert_eq!(case.command(), None);
}

#[test]
fn any_other_last_words() {
    let text = log(&[
        "Early log level set to info",
        "[ERROR][9] startup/startup.go 3: Unable to read the ConfigMap error=context deadline exceeded",
        END[0],
        END[1],
    ]);
    let case = finds(&node_2_is_down().crash_loop("node-2", 2).previous("node-2", &text), &["error startup-exited node-2"]);
    assert!(case.only().message.contains("Unable to read the ConfigMap"), "{}", case.only().message);
}

/// A full pool is one reason among others for which IPAM gives no address.
#[test]
fn no_address_for_the_tunnel() {
    let exits = |line: &str| {
        let text = log(&["Early log level set to info", "Datastore connection verified", "Using node name: node-2", line, END[1]]);
        finds(&node_2_is_down().crash_loop("node-2", 2).previous("node-2", &text), &["error startup-exited node-2"]).only().message.clone()
    };
    for full in [
        "[FATAL][20] tunnel-ip-allocator/allocateip.go 233: Unable to autoassign an address - pools are likely exhausted. type=\"ipipTunnelAddress\"",
        "[FATAL][20] tunnel-ip-allocator/allocateip.go 240: Unable to autoassign an IPv4 address error=Assigned 0 out of 1 requested IPv4 addresses; No IPs available in pools: [10.244.0.0/24]",
    ] {
        assert!(exits(full).contains("the IP pools are full"), "{}", exits(full));
    }
    let other = "[FATAL][26] tunnel-ip-allocator/allocateip.go 228: Unable to autoassign an address error=resource does not exist: BlockAffinityKey(cidr=10.244.7.0/26, host=node-2)";
    let said = exits(other);
    assert!(said.contains("BlockAffinityKey") && !said.contains("full"), "{said}");
}
