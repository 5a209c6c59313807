use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

const CONFLICT: &str = include_str!("../../fixtures/logs/address-conflict.txt");

/// node-3 advertises the bridge's address; node-2 finds the same, loses its own and exits.
fn two_bridges() -> World {
    cluster()
        .interface("node-3", BRIDGE, "172.18.0.1/16")
        .stored("node-3", "172.18.0.1/16")
        .stored("node-2", "")
        .not_ready("node-3")
        .crash_loop("node-2", 8)
        .log("node-2", CONFLICT)
        .previous("node-2", CONFLICT)
        .event("node-2", "BackOff", "Back-off restarting failed container calico-node in pod calico-node-ccccc_kube-system(uid)", 12, 10)
        .bird("node-1", "172.18.0.1 Passive")
        .bird("node-3", "10.0.0.1 Connect")
}

#[test]
fn both_claimants_are_named_once() {
    let case = finds(&two_bridges(), &["error address-conflict node-2,node-3"]);
    let finding = case.only();
    assert!(finding.message.contains("IPv4 address 172.18.0.1, from br-3f2a1b4c5d6e"), "{}", finding.message);
    shows(finding, Source::Log, "node-2", "Calico node 'node-3' is already using the IPv4 address 172.18.0.1.");
    shows(finding, Source::Log, "node-2", "Clearing out-of-date IPv4 address");
    shows(finding, Source::Annotation, "node-3", "172.18.0.1/16");
    assert!(case.command().is_some_and(|command| command.ends_with("IP_AUTODETECTION_METHOD=kubernetes-internal-ip")));
}

#[test]
fn an_old_conflict_of_a_node_that_is_ready_is_past() {
    healthy(&cluster().restarted("node-2", 1, 1, 1, 3000).previous("node-2", CONFLICT).log("node-2", &started(&[])));
}

#[test]
fn annotations_alone_tell() {
    let world = cluster().stored("node-2", "10.0.2.15/24").stored("node-3", "10.0.2.15/24");
    let case = finds(&world, &["error address-conflict node-2,node-3"]);
    assert!(case.only().message.contains("node-2 and node-3 claim the same IPv4 address 10.0.2.15"), "{}", case.only().message);
    shows(case.only(), Source::Annotation, "node-2", "10.0.2.15/24");
}

/// Vagrant: every InternalIP is the NAT's, so kubernetes-internal-ip would only repeat the fault.
#[test]
fn equal_internal_ips_are_not_offered() {
    let mut world = cluster().all_not_ready();
    for name in ["node-1", "node-2", "node-3"] {
        world = world.internal(name, &["10.0.2.15"]).stored(name, "10.0.2.15/24").bird(name, "");
    }
    world.hosts.iter_mut().for_each(|host| host.interfaces[1].2 = vec!["10.0.2.15/24".into()]);
    let case = finds(&world, &["error address-conflict node-1,node-2,node-3"]);
    assert_eq!(case.command(), None);
}

#[test]
fn ipv6_too() {
    let six = |name: &str| format!("fd00:10::{}/64", &name[5..]);
    let good = cluster().stored6("node-1", &six("node-1")).stored6("node-2", &six("node-2"));
    healthy(&good);
    let case = finds(&good.stored6("node-2", &six("node-1")), &["error address-conflict node-1,node-2"]);
    assert!(case.only().message.contains("the same IPv6 address fd00:10::1"));
    assert_eq!(case.only().fix.as_ref().map(|fix| fix.command.contains("IP6_AUTODETECTION_METHOD=")), None, "no IPv6 InternalIP is known");
}

/// Somebody edited node-3's record: node-1 has the address and its InternalIP, so node-3 alone is at fault and starts again.
#[test]
fn another_nodes_address_in_one_record() {
    let world = cluster()
        .stored("node-3", "10.0.0.1/24")
        .bird("node-1", "10.0.0.2 Established")
        .bird("node-2", "10.0.0.1 Established")
        .bird("node-3", "10.0.0.2 Passive");
    let case = finds(&world, &["error address-conflict node-3"]);
    assert!(case.only().message.starts_with("node-3 uses the IPv4 address 10.0.0.1, which is node-1's"), "{}", case.only().message);
    assert!(case.only().message.ends_with("expected 10.0.0.3"), "{}", case.only().message);
    assert_eq!(case.command(), Some("kubectl delete pod calico-node-ddddd -n kube-system"));
}

/// The other node is not in this cluster any more.
#[test]
fn a_node_that_is_gone_still_holds_it() {
    let log = CONFLICT.replace("'node-3'", "'node-9'").replace("172.18.0.1", "10.0.0.2").replace("br-3f2a1b4c5d6e", "eth0");
    let world = cluster()
        .stored("node-2", "")
        .crash_loop("node-2", 8)
        .log("node-2", &log)
        .bird("node-1", "10.0.0.3 Established")
        .bird("node-3", "10.0.0.1 Established");
    let case = finds(&world, &["error address-conflict node-2"]);
    assert!(case.only().message.contains("node-9"), "{}", case.only().message);
    assert_eq!(case.command(), None, "no method helps");
}

/// The attempt after it started: what keeps the pod from being Ready now is something else.
#[test]
fn a_conflict_before_a_start_is_past() {
    let world = cluster().not_ready("node-2").restarted("node-2", 1, 1, 1, 300).previous("node-2", CONFLICT).log("node-2", &started(&[]));
    finds(&world, &["error pod-not-ready node-2"]);
}

/// A cloned host brings /var/lib/calico/nodename of its original; the name is only taken from there where NODENAME is not set.
#[test]
fn a_clone_under_its_originals_name() {
    let log = |name: &str| {
        log(&[
            "Early log level set to info",
            "Using stored node name from /var/lib/calico/nodename",
            &format!("Determined node name: {name}"),
            &format!("Using node name: {name}"),
            "Calico node started successfully",
        ])
    };
    let unnamed = |mut world: World| {
        world.container().env.retain(|variable| variable.name != "NODENAME");
        world
    };
    let clone = || cluster().log("node-1", &log("node-1")).log("node-2", &log("node-1"));
    let case = finds(&unnamed(clone()), &["error address-conflict node-2"]);
    assert!(case.only().message.contains("runs under the name node-1"), "{}", case.only().message);
    shows(case.only(), Source::Log, "node-2", "Using node name: node-1");
    healthy(&clone());
    // Calico's names may differ from Kubernetes'
    healthy(&unnamed(cluster().log("node-2", &log("ip-10-0-0-2"))));
}
