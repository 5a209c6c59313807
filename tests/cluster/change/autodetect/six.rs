//! The same for IPv6: IP6, its method, its addresses and its sessions.

use super::*;

const METHOD6: &str = "IP6_AUTODETECTION_METHOD";

fn addresses6(stage: &Stage) -> Vec<String> {
    let text = |node: &Value| node["metadata"]["annotations"]["projectcalico.org/IPv6Address"].as_str().unwrap_or_default().to_owned();
    stage.nodes().iter().map(text).collect()
}

const WRONG: &str = "fd00:172:18::1/64";
const RIGHT: [&str; 3] = ["fd00:10::10/64", "fd00:10::11/64", "fd00:10::12/64"];

#[test]
fn a_bridges_ipv6_address_is_healed_and_ipv4_is_left_alone() {
    let stage = Stage::new("bridge-address6", 3);
    let before = (stage.daemon_set(), stage.addresses());
    let _live = stage.running.live(PACE);
    assert_eq!(addresses6(&stage), [RIGHT[0], RIGHT[1], WRONG]);
    let looked = stage.kubectl(&["autodetect", "--ipv6", "--dry-run=server"]);
    println!("{}", told(&looked));
    assert_eq!((code(&looked), stage.writes()), (Some(1), vec![]), "{}", told(&looked));
    assert!(
        out(&looked).lines().any(|line| line.starts_with('+') && line.ends_with("name: IP6_AUTODETECTION_METHOD")),
        "{}",
        told(&looked)
    );

    let output = stage.kubectl(&["autodetect", "--ipv6", "--yes"]);
    println!("{}", told(&output));
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    assert_eq!(variable(&stage.daemon_set(), METHOD6).as_deref(), Some("kubernetes-internal-ip"));
    assert_eq!((variable(&stage.daemon_set(), METHOD), stage.addresses()), (None, before.1));
    assert_eq!(addresses6(&stage), RIGHT);
    let status = document(&stage.kubectl(&["status", "-o", "json"]));
    for node in status["nodes"].as_array().expect("nodes") {
        assert_eq!((&node["bgp6"]["established"], &node["bgp4"]["established"]), (&2.into(), &2.into()), "{node:#}");
    }

    let undone = stage.kubectl(&["undo", "--yes"]);
    assert_eq!((code(&undone), &stage.daemon_set()["spec"], stage.annotation()), (Some(0), &before.0["spec"], None), "{}", told(&undone));
}

/// An interface that no node has: the canary keeps what it has stored, which is not what was predicted.
#[test]
fn what_does_not_come_as_predicted_is_put_back() {
    let stage = Stage::new("bridge-address6", 3);
    let before = stage.daemon_set();
    let _live = stage.running.live(PACE);
    let refused = stage.kubectl(&["autodetect", "--ipv6", "--method", "interface=foo.*", "--yes"]);
    assert_eq!((code(&refused), stage.writes()), (Some(1), vec![]), "{}", told(&refused));
    assert!(err(&refused).contains("blocked (method-finds-nothing)"), "{}", err(&refused));
    let forced = stage.kubectl(&["autodetect", "--ipv6", "--method", "interface=foo.*", "--yes", "--force", "--timeout", "15s"]);
    assert_eq!((code(&forced), &stage.daemon_set()["spec"], stage.annotation()), (Some(4), &before["spec"], None), "{}", told(&forced));
    assert_eq!(addresses6(&stage), [RIGHT[0], RIGHT[1], WRONG]);
}
