use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

const WORDS: [(&str, &str); 3] = [
    ("bird: Netlink: Network is down", "as tunl0"),
    ("bird: Netlink: File exists", "in the way"),
    ("bird: Netlink: Network is unreachable", "on no network of the node"),
];

/// Every session is up and every pod Ready.
#[test]
fn routes_that_the_kernel_refuses() {
    for (line, phrase) in WORDS {
        let case = finds(&cluster().log("node-2", &started(&[line; 20])), &["warning routes-not-installed node-2"]);
        assert!(case.only().message.contains(phrase), "{}", case.only().message);
        shows(case.only(), Source::Log, "node-2", line);
        assert_eq!(case.command(), None);
    }
}

#[test]
fn a_few_at_the_start_or_with_wireguard_are_none() {
    for (line, _) in WORDS {
        healthy(&cluster().log("node-2", &started(&[line; 3])));
        let over = started(&[line; 20])
            + "2026-11-23 17:50:00.000 [INFO][75] felix/summary.go 100: Summarising 9 dataplane reconciliation loops\n";
        healthy(&cluster().log("node-2", &over));
    }
    let mut world = cluster().log("node-2", &started(&[WORDS[2].0; 20]));
    for name in ["node-1", "node-2", "node-3"] {
        world = world.annotation(name, "projectcalico.org/WireguardPublicKey", "key").annotation(
            name,
            "projectcalico.org/IPv4WireguardInterfaceAddr",
            &format!("192.168.{}.1", &name[5..]),
        );
    }
    healthy(&world);
}
