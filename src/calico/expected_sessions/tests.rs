use serde_json::json;

use super::*;
use crate::snapshot::objects::Meta;

/// node-1 to node-N at 10.0.0.N; `r` is a reflector, `6` has fd00::N too, `x` only that.
fn nodes(kinds: &str) -> Vec<BgpNode<'static>> {
    const NAMES: [&str; 6] = ["node-1", "node-2", "node-3", "node-4", "node-5", "node-6"];
    let node = |(index, kind): (usize, char)| {
        let four = format!("10.0.0.{}", index + 1).parse().ok().filter(|_| kind != 'x');
        let six = format!("fd00::{}", index + 1).parse().ok().filter(|_| matches!(kind, '6' | 'x'));
        let mut labels = BTreeMap::from([("rack".to_owned(), format!("r{}", index % 2))]);
        if kind == 'r' {
            labels.insert("rr".into(), String::new());
        }
        BgpNode { name: NAMES[index], labels, addresses: [four, six], as_number: 64512, is_reflector: kind == 'r' }
    };
    kinds.chars().enumerate().map(node).collect()
}

fn peer(spec: Value) -> Custom {
    Custom { metadata: Meta { name: "peer".into(), ..Meta::default() }, spec, status: Value::Null }
}

/// `1: 2 3 | 2: 1 3`, addresses by their last part, IPv6 with a `6` before it.
fn outline(topology: &Topology) -> String {
    let short = |address: &IpAddr| {
        let text = address.to_string();
        match address {
            IpAddr::V4(_) => text.rsplit('.').next().unwrap_or_default().to_owned(),
            IpAddr::V6(_) => format!("6:{}", text.rsplit(':').next().unwrap_or_default()),
        }
    };
    let row = |index: usize| {
        let peers: Vec<String> = topology.expected(index).keys().map(short).collect();
        format!("{}: {}", index + 1, peers.join(" ")).trim_end().to_owned()
    };
    (0..topology.nodes().len()).map(row).collect::<Vec<_>>().join(" | ")
}

#[test]
fn each_topology() {
    let reflected = || vec![peer(json!({"nodeSelector": "!has(rr)", "peerSelector": "has(rr)"}))];
    for (kinds, mesh, peers, expected) in [
        ("nnn", true, vec![], "1: 2 3 | 2: 1 3 | 3: 1 2"),
        ("n", true, vec![], "1:"),
        ("nnn", false, vec![], "1: | 2: | 3:"),
        ("666", true, vec![], "1: 2 3 6:2 6:3 | 2: 1 3 6:1 6:3 | 3: 1 2 6:1 6:2"),
        ("xxx", true, vec![], "1: 6:2 6:3 | 2: 6:1 6:3 | 3: 6:1 6:2"),
        // A node without IPv6 in a dual-stack mesh.
        ("66n", true, vec![], "1: 2 3 6:2 | 2: 1 3 6:1 | 3: 1 2"),
        // The mesh leaves reflectors out.
        ("nnr", true, vec![], "1: 2 | 2: 1 | 3:"),
        ("rnn", false, reflected(), "1: 2 3 | 2: 1 | 3: 1"),
        ("rnn", true, reflected(), "1: 2 3 | 2: 1 3 | 3: 1 2"),
        (
            "rrnn",
            false,
            vec![reflected().remove(0), peer(json!({"nodeSelector": "has(rr)", "peerSelector": "has(rr)"}))],
            "1: 2 3 4 | 2: 1 3 4 | 3: 1 2 | 4: 1 2",
        ),
        // One direction only, on purpose.
        (
            "rnn",
            false,
            vec![peer(json!({"nodeSelector": "!has(rr)", "peerSelector": "has(rr)", "reversePeering": "Manual"}))],
            "1: | 2: 1 | 3: 1",
        ),
        // Outside peers: global, of one node, of some nodes, with a port.
        ("nn", false, vec![peer(json!({"peerIP": "10.9.9.254", "asNumber": 65000}))], "1: 254 | 2: 254"),
        ("nn", false, vec![peer(json!({"node": "node-2", "peerIP": "10.9.9.254:1790", "asNumber": 65000}))], "1: | 2: 254"),
        ("nnn", false, vec![peer(json!({"nodeSelector": "rack == 'r0'", "peerIP": "10.9.9.254", "asNumber": 1}))], "1: 254 | 2: | 3: 254"),
        ("nn", true, vec![peer(json!({"peerIP": "127.0.0.1", "asNumber": 64512}))], "1: 2 1 | 2: 1 1"),
        // An IPv6 peer is configured only where the node has an IPv6 address.
        ("6n", false, vec![peer(json!({"peerIP": "fd00::99", "asNumber": 65000}))], "1: 6:99 | 2:"),
        // The address of a node: reversed, unless its AS number differs.
        ("nnn", false, vec![peer(json!({"peerIP": "10.0.0.1", "asNumber": 64512}))], "1: 2 3 | 2: 1 | 3: 1"),
        ("nnn", false, vec![peer(json!({"peerIP": "10.0.0.1", "asNumber": 65000}))], "1: | 2: 1 | 3: 1"),
        // What cannot be read, or comes and goes.
        (
            "nn",
            false,
            vec![
                peer(json!({"peerIP": "tor-1"})),
                peer(json!({"peerSelector": "has("})),
                peer(json!({"node": "gone", "peerIP": "10.9.9.9"})),
            ],
            "1: | 2:",
        ),
        ("nn", false, vec![peer(json!({"localWorkloadSelector": "app == 'bgp'", "asNumber": 65000}))], "1: | 2:"),
    ] {
        let topology = Topology::new(nodes(kinds), mesh, 64512, &peers);
        assert_eq!(outline(&topology), expected, "{kinds} mesh {mesh} {peers:?}");
    }
}

#[test]
fn two_nodes_with_one_address_have_no_session() {
    let mut both = nodes("nn");
    both[1].addresses = both[0].addresses;
    assert_eq!(outline(&Topology::new(both, true, 64512, &[])), "1: | 2:");
}

#[test]
fn the_reason_is_told() {
    let topology = Topology::new(nodes("nn"), true, 64512, &[peer(json!({"peerIP": "10.9.9.254", "asNumber": 65000}))]);
    let expected = topology.expected(0);
    let reasons: Vec<&SessionOrigin> = expected.values().collect();
    assert_eq!(reasons, [&SessionOrigin::Mesh, &SessionOrigin::BgpPeer("peer".into())]);
}

#[test]
fn as_numbers() {
    for (value, expected) in [
        (json!(64512), Some(64512)),
        (json!("65010"), Some(65010)),
        (json!("1.10"), Some(65546)),
        (json!("x"), None),
        (json!(-1), None),
        (json!(null), None),
    ] {
        assert_eq!(as_number(&value), expected, "{value}");
    }
}
