use calico_fix::autodetect::AutodetectOptions;
use calico_fix::finding::Source;
use calico_fix::finding::verdict::Verdict;
use calico_fix::reports::autodetect::{AutodetectResult, evaluate};
use calico_fix::reports::autodetect_document::{OtherFamilyRow, Report as Document};
use calico_fix::snapshot::family::Family;

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

/// What Calico says of IPv6, as it does of IPv4.
fn no_ipv6() -> String {
    let lines = NO_ADDRESS.map(|line| line.replace("IPv4", "IPv6"));
    let all =
        ["Early log level set to info", "Datastore connection verified"].into_iter().chain(lines.iter().map(String::as_str)).chain(END);
    log(&all.collect::<Vec<_>>())
}

fn without_ipv6(hosts: &[&str]) -> World {
    let mut world = cluster().env("IP6", "autodetect").crash_loop("node-2", 4).previous("node-2", &no_ipv6());
    world.hosts[1].inside = None;
    for (number, host) in (1..).zip(&mut world.hosts).filter(|(_, host)| hosts.contains(&host.name.as_str())) {
        host.internal.push(format!("fd00::{number}"));
        host.stored6 = Some(format!("fd00::{number}/64"));
        host.interfaces[1].2.push(format!("fd00::{number}/64"));
    }
    world
}

fn autodetect(world: &World, family: Family) -> AutodetectResult {
    evaluate(&world.snapshot(), &AutodetectOptions::new(family))
}

/// No host has IPv6: its detection is switched off. Where others have it, the host lacks an address and no command helps.
#[test]
fn no_ipv6_address_found() {
    let none = judge(&without_ipv6(&[]));
    let finding = none.of("startup-exited");
    assert!(
        finding.message.contains("could not detect an IPv6 address and has none stored; the nodes have only IPv4"),
        "{}",
        finding.message
    );
    let command = finding.fix.as_ref().map(by_hand).unwrap_or_default();
    assert!(command.ends_with("-c calico-node IP6=none"), "{command}");
    let some = judge(&without_ipv6(&["node-1", "node-3"]));
    let finding = some.of("startup-exited");
    assert!(finding.message.contains("its interfaces have none, those of other nodes do"), "{}", finding.message);
    assert!(finding.fix.as_ref().is_none_or(|fix| !by_hand(fix).contains("IP6=none")), "{:?}", finding.fix);
    let operator = judge(&without_ipv6(&[]).operator());
    let command = operator.of("startup-exited").fix.as_ref().map(by_hand).unwrap_or_default().to_owned();
    assert!(command.contains("nodeAddressAutodetectionV6"), "{command}");
}

/// `autodetect` answers for its own family and points to the other.
#[test]
fn autodetect_answers_for_ipv6() {
    for (hosts, switches_off) in [(&[][..], true), (&["node-1", "node-3"], false)] {
        let world = without_ipv6(hosts);
        let four = autodetect(&world, Family::V4);
        assert_eq!((four.elsewhere.as_slice(), &four.other_family), (&[][..], &Some((Family::V6, vec!["node-2".to_owned()]))));
        assert_eq!(four.verdict(None), Verdict::Sick);
        let six = autodetect(&world, Family::V6);
        assert_eq!((six.elsewhere.as_slice(), &six.other_family), (&[][..], &None));
        assert_eq!(six.verdict(None), Verdict::Sick);
        assert_eq!(six.hosts_without, ["node-2"]);
        assert_eq!(six.switch_off.as_ref().is_some_and(|fix| fix.command.ends_with("IP6=none")), switches_off, "{:?}", six.switch_off);
        // What the page says, the JSON says.
        let (four, document) = (Document::new(&four, None), Document::new(&six, None));
        assert_eq!(four.other_family, Some(OtherFamilyRow { family: 6, nodes: vec!["node-2".to_owned()] }));
        assert_eq!((document.verdict, &document.hosts_without_address), (Verdict::Sick, &six.hosts_without));
        assert_eq!(document.recommendation.switch_off, six.switch_off);
    }
    let sound = autodetect(&cluster(), Family::V4);
    let document = Document::new(&sound, None);
    assert!(document.other_family.is_none() && document.recommendation.switch_off.is_none() && document.hosts_without_address.is_empty());
    assert!(sound.elsewhere.is_empty() && sound.other_family.is_none() && sound.switch_off.is_none() && sound.hosts_without.is_empty());
}
