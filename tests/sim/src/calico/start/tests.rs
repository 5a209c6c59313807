use super::*;
use serde_json::{Value, json};

fn prefix(text: &str) -> Prefix {
    let (address, length) = text.split_once('/').expect("a prefix");
    Prefix { address: address.parse().expect("an address"), length: length.parse().expect("a length") }
}

fn network(bridge: bool) -> Network {
    let one = |name: &str, local: &str, length: u8| json!({"ifname": name, "addr_info": [{"local": local, "prefixlen": length}]});
    let mut devices = vec![one("lo", "127.0.0.1", 8), one("eth0", "10.0.0.2", 24)];
    if bridge {
        devices.push(one("br-3f2a1b4c5d6e", "172.18.0.1", 16));
    }
    Network::from_ip(&json!(devices), &Value::Null, &Value::Null)
}

struct Case<'a> {
    method: &'a str,
    bridge: bool,
    stored: Option<&'a str>,
    nodes: usize,
    round_trip: f64,
    datastore: Datastore,
    heartbeat: Option<Heartbeat>,
    debug: bool,
}

fn run(case: &Case) -> Attempt {
    let mut others: Vec<_> = (0..case.nodes)
        .map(|at| Neighbour { name: format!("far-{at}"), stored: Some(prefix(&format!("10.1.{}.{}/24", at / 250, at % 250 + 1))) })
        .collect();
    others.push(Neighbour { name: "node-3".into(), stored: Some(prefix("172.18.0.1/16")) });
    let network = network(case.bridge);
    let start = Start {
        node: "node-2",
        release: Release(3, 24, 5),
        ip: Asked::Detect,
        method: case.method,
        network: &network,
        stored: case.stored.map(prefix),
        others: &others,
        tunnel: Ipv4Addr::new(192, 168, 247, 0),
        has_tunnel: case.stored.is_some(),
        datastore: case.datastore,
        checks_conflicts: true,
        round_trip: case.round_trip,
        heartbeat: case.heartbeat,
        six: None,
        debug: case.debug,
        at: Timestamp::UNIX_EPOCH,
    };
    start.attempt()
}

const QUIET: Case = Case {
    method: "",
    bridge: false,
    stored: None,
    nodes: 3,
    round_trip: 0.0,
    datastore: Datastore::Kubernetes,
    heartbeat: None,
    debug: false,
};

fn seconds(attempt: &Attempt, text: &str) -> f64 {
    let line = attempt.log.iter().find(|(_, line)| line.contains(text)).unwrap_or_else(|| panic!("{text:?} in {:#?}", attempt.log));
    line.0.as_millisecond() as f64 / 1000.0
}

/// Seconds until `Using node name` and until started, one timed run each; one of them retried a write.
#[test]
fn a_start_takes_as_long_as_the_timed_runs() {
    let table = [
        (3, 0.0, false, 0.1, 0.4),
        (3, 0.1, false, 1.5, 6.2),
        (3, 0.3, false, 4.4, 18.2),
        (3, 0.6, true, 8.1, 23.1),
        (3, 1.0, false, 14.5, 59.8),
        (1003, 0.0, false, 0.2, 0.8),
        (1003, 0.3, false, 5.8, 19.6),
        (1003, 0.8, true, 10.6, 30.6),
    ];
    for (nodes, round_trip, stored, named, started) in table {
        let attempt = run(&Case { nodes, round_trip, stored: stored.then_some("10.0.0.2/24"), ..QUIET });
        for (text, measured) in [("Using node name", named), ("started successfully", started)] {
            let ours = seconds(&attempt, text);
            let allowed = f64::max(0.35, measured * 0.2);
            assert!((ours - measured).abs() <= allowed, "{nodes} nodes at {round_trip}: {text} after {ours}, not {measured}");
        }
    }
}

#[test]
fn with_etcd_the_conflict_check_grows_with_the_nodes() {
    let started = |nodes, datastore| seconds(&run(&Case { nodes, round_trip: 0.1, datastore, ..QUIET }), "started successfully");
    assert!(started(1000, Datastore::Etcd) - started(10, Datastore::Etcd) > 95.0);
    assert!(started(1000, Datastore::Kubernetes) - started(10, Datastore::Kubernetes) < 1.0);
}

fn tail(attempt: &Attempt, count: usize) -> Vec<&str> {
    let words = |line: &'_ String| line.find("startup/").map_or(0, |at| at + "startup/".len());
    attempt.log[attempt.log.len() - count..].iter().map(|(_, line)| &line[words(line)..]).collect()
}

/// The last lines of the recordings `conflict-two-bridges` and `method-invalid-word`.
#[test]
fn a_conflict_clears_the_address_and_exits() {
    let attempt = run(&Case { bridge: true, stored: Some("10.0.0.2/24"), ..QUIET });
    let expected = [
        "autodetection_methods.go 103: Using autodetected IPv4 address on interface br-3f2a1b4c5d6e: 172.18.0.1/16",
        "startup.go 561: Node IPv4 changed, will check for conflicts",
        "startup.go 990: Calico node 'node-3' is already using the IPv4 address 172.18.0.1.",
        "startup.go 391: Clearing out-of-date IPv4 address from this node IP=\"172.18.0.1/16\"",
        "utils.go 49: Terminating",
        "Calico node failed to start",
    ];
    assert_eq!(tail(&attempt, 6), expected);
    assert_eq!(attempt.changes.iter().map(|(_, change)| *change).collect::<Vec<_>>(), [Change::Address(None)]);
    assert!(matches!(attempt.end, End::Exited(_)));
}

#[test]
fn an_unknown_method_exits_and_keeps_the_address() {
    let attempt = run(&Case { method: "eth0", stored: Some("10.0.0.2/24"), ..QUIET });
    let expected =
        ["autodetection_methods.go 87: Invalid IP autodetection method: eth0", "utils.go 49: Terminating", "Calico node failed to start"];
    assert_eq!(tail(&attempt, 3), expected);
    assert!(attempt.changes.is_empty() && matches!(attempt.end, End::Exited(_)));
}

#[test]
fn a_method_without_a_match_keeps_what_is_stored_and_needs_something_stored() {
    let kept = run(&Case { method: "interface=foo.*", stored: Some("172.18.0.9/16"), ..QUIET });
    seconds(&kept, "startup.go 513: Autodetection of IPv4 address failed, keeping existing value: 172.18.0.9/16");
    assert_eq!(kept.changes[0].1, Change::Address(Some(prefix("172.18.0.9/16"))));
    assert!(matches!(kept.end, End::Started(_)));
    let none = run(&Case { method: "interface=foo.*", ..QUIET });
    seconds(&none, "Couldn't autodetect an IPv4 address");
    assert!(none.changes.is_empty() && matches!(none.end, End::Exited(_)));
}

/// `incident2-info`: at 800 ms the Node changed between 4.8 and 8.2 s after the start.
#[test]
fn a_node_that_changes_meanwhile_ends_a_slow_start() {
    let beats = |first: i64| {
        Some(Heartbeat { first: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(first), every: SignedDuration::from_mins(5) })
    };
    let disturbed = run(&Case { round_trip: 0.8, stored: Some("10.0.0.2/24"), heartbeat: beats(7), ..QUIET });
    let expected = [
        "autodetection_methods.go 103: Using autodetected IPv4 address on interface eth0: 10.0.0.2/24",
        "startup.go 701: No AS number configured on node resource, using global value",
        "node.go 96: Error updating Node resource error=Operation cannot be fulfilled on nodes \"node-2\": the object has been modified; \
         please apply your changes to the latest version and try again",
        "startup.go 201: Unable to set node resource configuration error=update conflict: Node(node-2)",
        "utils.go 49: Terminating",
        "Calico node failed to start",
    ];
    assert_eq!(tail(&disturbed, 6), expected);
    assert!((seconds(&disturbed, "Terminating") - 8.2).abs() < 0.3 && disturbed.changes.is_empty());
    for (first, round_trip) in [(4, 0.8), (9, 0.8), (7, 0.0)] {
        let quiet = run(&Case { round_trip, stored: Some("10.0.0.2/24"), heartbeat: beats(first), ..QUIET });
        assert!(matches!(quiet.end, End::Started(_)), "at {first} s, {round_trip}");
    }
}

#[test]
fn a_new_bridge_takes_the_place_of_the_address() {
    let network = Case { bridge: true, stored: Some("10.0.0.2/24"), nodes: 0, ..QUIET };
    let mut attempt = run(&network);
    assert!(matches!(attempt.end, End::Exited(_)), "node-3 has that bridge too");
    attempt = run(&Case { method: "cidr=10.0.0.0/24", stored: Some("172.18.0.9/16"), ..network });
    assert_eq!(attempt.changes[0].1, Change::Address(Some(prefix("10.0.0.2/24"))));
    seconds(&attempt, "original=\"172.18.0.9\" updated=\"10.0.0.2\"");
}

/// `incident2-debug` and `incident1-debug`: the requests beside what INFO says, and the interfaces in the order they are looked at.
#[test]
fn debug_tells_the_requests_and_the_interfaces_and_changes_nothing_else() {
    let case = || Case { bridge: true, stored: Some("172.18.0.9/16"), nodes: 2, round_trip: 0.8, ..QUIET };
    let (info, debug) = (run(&case()), run(&Case { debug: true, ..case() }));
    assert_eq!((info.end, &info.changes), (debug.end, &debug.changes));
    let of_info = |line: &str| !line.contains("[DEBUG]");
    assert_eq!(info.log.len(), debug.log.iter().filter(|(_, line)| of_info(line)).count());
    assert!(debug.log[0].1.ends_with("Early log level set to debug"));
    let said = |text: &str| debug.log.iter().position(|(_, line)| line.contains(text)).unwrap_or_else(|| panic!("{text}"));
    let order = [
        "Performing 'Get' for Node(foo)",
        "Datastore connection verified",
        "Performing 'Get' for Node(node-2)",
        "Querying interface addresses Interface=\"br-3f2a1b4c5d6e\"",
        "Found valid IP address and network CIDR=172.18.0.1/16",
        "Querying interface addresses Interface=\"eth0\"",
        "Check interface Name=\"br-3f2a1b4c5d6e\"",
        "Check address CIDR=172.18.0.1/16",
        "Using autodetected IPv4 address",
    ];
    assert!(order.map(said).is_sorted(), "{:#?}", debug.log);
}
