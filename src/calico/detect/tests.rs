use std::collections::BTreeMap;

use super::*;
use crate::observed::Observed;
use crate::snapshot::inspection::{Interface, InterfaceAddress, Route, RouteLookup};

/// `eth0 10.0.0.2/24 fd00::2/64`, in the kernel's order; `a>b/len` is a point-to-point address.
fn interfaces(lines: &[&str]) -> Vec<Interface> {
    let read = |(index, line): (usize, &&str)| {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap_or_default().to_owned();
        let address = |word: &str| {
            let (address, length) = word.split_once('/').expect("a length");
            let (address, peer) = address.split_once('>').map_or((address, None), |(own, peer)| (own, Some(peer)));
            InterfaceAddress {
                address: address.parse().expect("an address"),
                prefix_length: length.parse().expect("a length"),
                peer: peer.map(|peer| peer.parse().expect("a peer")),
            }
        };
        Interface { index: index as u32 + 1, name, flags: vec!["UP".into()], kind: None, addresses: words.map(address).collect() }
    };
    lines.iter().enumerate().map(read).collect()
}

fn host(interfaces: &[Interface]) -> Host<'_> {
    Host {
        interfaces: Interfaces::Kernel(interfaces),
        logged: Vec::new(),
        route_lookups: None,
        routing: None,
        internal_ips: None,
        has_kubernetes_node: None,
    }
}

/// `eth0 10.0.0.2/24`, `none`, `exits`, `unknown`.
fn told(outcome: &DetectionResult) -> String {
    match outcome {
        DetectionResult::Address(found) => format!("{} {found}", found.interface.as_deref().unwrap_or("?")),
        DetectionResult::None { .. } => "none".into(),
        DetectionResult::Exits { .. } => "exits".into(),
        DetectionResult::Unknown { .. } => "unknown".into(),
    }
}

fn version(text: &str) -> Version {
    Version::parse(text).expect("a version")
}

#[test]
fn the_seed_host_in_every_era() {
    let seen = interfaces(&["lo 127.0.0.1/8", "eth0 10.0.0.3/24", "docker0 172.17.0.1/16", "br-3f2a1b4c5d6e 172.18.0.1/16"]);
    let internal = ["10.0.0.3".parse().expect("an address")];
    let host = Host { internal_ips: Some(&internal), ..host(&seen) };
    for (release, method, expected) in [
        ("v3.24.5", "first-found", "br-3f2a1b4c5d6e 172.18.0.1/16"),
        ("v3.24.5", "", "br-3f2a1b4c5d6e 172.18.0.1/16"),
        ("v3.25.0", "first-found", "eth0 10.0.0.3/24"),
        ("v3.21.0", "kubernetes-internal-ip", "exits"),
        ("v3.22.3", "kubernetes-internal-ip", "eth0 10.0.0.0/24"),
        ("v3.23.1", "kubernetes-internal-ip", "eth0 10.0.0.0/24"),
        ("v3.22.4", "kubernetes-internal-ip", "eth0 10.0.0.3/24"),
        ("v3.24.5", "kubernetes-internal-ip", "eth0 10.0.0.3/24"),
        ("v3.15.0", "cidr=10.0.0.0/24", "exits"),
        ("v3.16.0", "cidr=10.0.0.77/24", "eth0 10.0.0.3/24"),
        ("v3.24.5", "cidr=10.0.0.0/24,nonsense", "none"),
        ("v3.24.5", "interface=eth.*", "eth0 10.0.0.3/24"),
        ("v3.24.5", "interface=", "br-3f2a1b4c5d6e 172.18.0.1/16"),
        ("v3.24.5", "interface=foo.*", "none"),
        ("v3.24.5", "interface=eth{1,2}", "none"),
        ("v3.24.5", "interface=eth\\0", "unknown"),
        ("v3.24.5", "interface=*", "none"),
        ("v3.24.5", "skip-interface=br-.*", "eth0 10.0.0.3/24"),
        ("v3.24.5", "skip-interface=", "none"),
        ("v3.24.5", "eth0", "exits"),
        ("v3.24.5", "can-reach=127.0.0.1", "lo 127.0.0.1/8"),
        ("v3.24.5", "can-reach=10.0.0.100", "unknown"),
        ("v3.24.5", "can-reach=fd00::1", "none"),
    ] {
        assert_eq!(told(&detect(&Method::parse(method), Family::V4, version(release), &host)), expected, "{method} in {release}");
    }
}

#[test]
fn the_kernels_order_is_kept_and_an_interface_without_an_address_is_passed_over() {
    let seen = interfaces(&["eth1 10.1.0.2/24", "eth0 10.0.0.2/24", "eth9", "eth8 169.254.1.1/16 10.8.0.2/24", "eth7 169.254.1.2/16"]);
    let found = |method| told(&detect(&Method::parse(method), Family::V4, version("v3.30.0"), &host(&seen)));
    assert_eq!(found("first-found"), "eth8 10.8.0.2/24");
    assert_eq!(found("skip-interface=eth8"), "eth0 10.0.0.2/24");
    assert_eq!(told(&detect(&Method::FirstFound, Family::V6, version("v3.30.0"), &host(&seen))), "none");
}

#[test]
fn a_point_to_point_address_is_a_single_hosts_from_3_32() {
    let seen = interfaces(&["tun9 10.8.0.6>10.8.0.5/24"]);
    for (release, expected) in [("v3.31.9", "tun9 10.8.0.6/24"), ("v3.32.0", "tun9 10.8.0.6/32")] {
        assert_eq!(told(&detect(&Method::FirstFound, Family::V4, version(release), &host(&seen))), expected);
    }
}

#[test]
fn can_reach_follows_the_kernel() {
    let seen = interfaces(&["lo 127.0.0.1/8", "eth0 10.0.0.2/24", "eth1 192.168.56.2/24"]);
    let reach = |source: Option<&str>| {
        Observed::Seen(RouteLookup { source: source.map(|ip| ip.parse().expect("an address")), device: None, unreachable: None })
    };
    let reaches = BTreeMap::from([
        ("8.8.8.8".to_owned(), reach(Some("192.168.56.2"))),
        ("9.9.9.9".to_owned(), reach(None)),
        ("1.1.1.1".to_owned(), reach(Some("10.9.9.9"))),
        ("api.lan".to_owned(), Observed::Failed("not in /etc/hosts".into())),
        ("gone.lan".to_owned(), Observed::Absent),
        ("six.lan".to_owned(), reach(Some("fd00::1"))),
    ]);
    let host = Host { route_lookups: Some(&reaches), ..host(&seen) };
    for (destination, expected) in [
        ("8.8.8.8", "eth1 192.168.56.2/24"),
        ("9.9.9.9", "none"),
        ("1.1.1.1", "none"),
        ("api.lan", "unknown"),
        ("gone.lan", "none"),
        ("six.lan", "unknown"),
        ("other.lan", "unknown"),
    ] {
        let method = Method::CanReach { destination: destination.to_owned() };
        assert_eq!(told(&detect(&method, Family::V4, version("v3.30.0"), &host)), expected, "{destination}");
    }
}

fn route(destination: &str, rest: Route) -> Route {
    Route { destination: destination.into(), ..rest }
}

#[test]
fn the_main_table_answers_only_where_it_is_sure() {
    let seen = interfaces(&["lo 127.0.0.1/8", "eth0 10.0.0.2/24 10.0.0.9/24", "eth1 10.1.0.2/24"]);
    let via =
        |device: &str, gateway: Option<&str>| Route { device: Some(device.into()), gateway: gateway.map(Into::into), ..Route::default() };
    let from = |source: &str, rest: Route| Route { source: Some(source.into()), ..rest };
    let metric = |metric, rest: Route| Route { metric: Some(metric), ..rest };
    let connected = [route("10.0.0.0/24", from("10.0.0.2", via("eth0", None))), route("10.1.0.0/24", from("10.1.0.2", via("eth1", None)))];
    let with = |more: Vec<Route>| more.into_iter().chain(connected.clone()).collect::<Vec<_>>();
    let gateway = || via("eth0", Some("10.0.0.1"));
    for (routes, destination, expected) in [
        (with(vec![route("default", gateway())]), "8.8.8.8", "eth0 10.0.0.2/24"),
        (with(vec![route("default", gateway())]), "10.1.0.7", "eth1 10.1.0.2/24"),
        (with(vec![route("default", gateway())]), "10.0.0.9", "eth0 10.0.0.2/24"),
        (with(vec![route("default", from("10.1.0.2", gateway()))]), "8.8.8.8", "eth1 10.1.0.2/24"),
        (with(vec![]), "8.8.8.8", "none"),
        (with(vec![route("8.0.0.0/8", Route { kind: Some("unreachable".into()), ..Route::default() })]), "8.8.8.8", "none"),
        (
            with(vec![route("default", metric(200, gateway())), route("default", metric(100, via("eth1", Some("10.1.0.1"))))]),
            "8.8.8.8",
            "eth1 10.1.0.2/24",
        ),
        // Both defaults are as good: the kernel looks at neighbours.
        (with(vec![route("default", gateway()), route("default", via("eth1", Some("10.1.0.1")))]), "8.8.8.8", "unknown"),
        (with(vec![route("default", Route { several_hops: true, ..gateway() })]), "8.8.8.8", "unknown"),
        (with(vec![route("default", via("gone0", None))]), "8.8.8.8", "unknown"),
    ] {
        let routing = Routing { routes: &routes, main_table_only: true };
        let method = Method::CanReach { destination: destination.to_owned() };
        let host = Host { routing: Some(routing), ..host(&seen) };
        assert_eq!(told(&detect(&method, Family::V4, version("v3.30.0"), &host)), expected, "{destination} {routes:?}");
        let ruled = Host { routing: Some(Routing { main_table_only: false, ..routing }), ..host };
        assert_eq!(told(&detect(&method, Family::V4, version("v3.30.0"), &ruled)), "unknown", "{destination}");
    }
}

#[test]
fn the_annotation_answers_some_methods_only() {
    let annotated =
        Annotated::parse(r#"[{"name":"eth0","addresses":["10.0.0.5"]},{"name":"lxdbr0","addresses":["10.155.0.1"]}]"#).expect("reads");
    let internal = ["10.0.0.5".parse().expect("an address")];
    let host = Host { interfaces: Interfaces::Annotated(annotated), internal_ips: Some(&internal), ..host(&[]) };
    for (method, expected) in [
        ("first-found", "lxdbr0 10.155.0.1"),
        ("skip-interface=lxdbr.*", "eth0 10.0.0.5"),
        ("skip-interface=.*", "none"),
        ("kubernetes-internal-ip", "eth0 10.0.0.5"),
        ("interface=eth.*", "unknown"),
        ("cidr=10.0.0.0/24", "unknown"),
        ("can-reach=10.0.0.1", "unknown"),
        ("eth0", "exits"),
    ] {
        assert_eq!(told(&detect(&Method::parse(method), Family::V4, version("v3.31.2"), &host)), expected, "{method}");
    }
    let elsewhere = ["10.9.9.9".parse().expect("an address")];
    let host = Host { internal_ips: Some(&elsewhere), ..host };
    assert_eq!(told(&detect(&Method::KubernetesInternalIp, Family::V4, version("v3.31.2"), &host)), "unknown");
}

#[test]
fn a_log_answers_for_its_own_method() {
    let found = Found { address: "10.0.0.5".parse().expect("an address"), prefix_length: Some(24), interface: Some("eth0".into()) };
    let line = Logged { method: Method::FirstFound, family: Family::V4, found };
    let unseen = Interfaces::Unseen { why: "no exec".into() };
    let host = Host { interfaces: unseen, logged: vec![line], ..host(&[]) };
    let found = |method, family| told(&detect(&Method::parse(method), family, version("v3.24.5"), &host));
    assert_eq!(found("", Family::V4), "eth0 10.0.0.5/24");
    assert_eq!(found("", Family::V6), "unknown");
    assert_eq!(found("interface=eth0", Family::V4), "unknown");
}

#[test]
fn without_a_release_all_releases_must_agree() {
    let seen = interfaces(&["eth0 10.0.0.3/24", "br-3f2a1b4c5d6e 172.18.0.1/16"]);
    let any = |method| told(&detect_in_any_release(&Method::parse(method), Family::V4, &host(&seen)));
    assert_eq!(any("first-found"), "unknown");
    assert_eq!(any("interface=eth0"), "eth0 10.0.0.3/24");
    assert_eq!(any("nonsense"), "exits");
}

mod effects {
    use super::*;
    use crate::calico::method::AddressSource;

    fn found() -> Found {
        Found { address: "10.0.0.3".parse().expect("an address"), prefix_length: Some(24), interface: Some("eth0".into()) }
    }

    fn shown(effect: &AfterRestart) -> String {
        match effect {
            AfterRestart::Stores(found) => format!("stores {found}"),
            AfterRestart::Keeps { .. } => "keeps".into(),
            AfterRestart::NoAddress { .. } => "no address".into(),
            AfterRestart::Exits { .. } => "exits".into(),
            AfterRestart::Off => "off".into(),
            AfterRestart::Unknown { .. } => "unknown".into(),
        }
    }

    #[test]
    fn of_a_restart() {
        let outcome = |kind: &str| match kind {
            "address" => DetectionResult::Address(found()),
            "none" => DetectionResult::none("no interface"),
            "exits" => DetectionResult::Exits { why: "no method".into() },
            _ => DetectionResult::unknown("unseen"),
        };
        let literal = || AddressSource::Literal { address: "10.0.0.3".into() };
        for (gate, kind, stored, expected) in [
            (AddressSource::Detected, "address", Some(true), "stores 10.0.0.3/24"),
            (AddressSource::Detected, "address", None, "stores 10.0.0.3/24"),
            (AddressSource::Detected, "none", Some(true), "keeps"),
            (AddressSource::Detected, "none", Some(false), "no address"),
            (AddressSource::Detected, "none", None, "unknown"),
            (AddressSource::Detected, "exits", Some(true), "exits"),
            (AddressSource::Detected, "unknown", Some(true), "unknown"),
            (AddressSource::DetectedWhenMissing, "address", Some(true), "keeps"),
            (AddressSource::DetectedWhenMissing, "address", Some(false), "stores 10.0.0.3/24"),
            (AddressSource::DetectedWhenMissing, "address", None, "unknown"),
            (AddressSource::Kept, "address", Some(true), "keeps"),
            (AddressSource::Off, "address", Some(true), "off"),
            (AddressSource::Exits { value: "Autodetect".into() }, "address", Some(true), "exits"),
            (literal(), "address", Some(true), "stores 10.0.0.3/24"),
            (literal(), "unknown", Some(true), "unknown"),
        ] {
            let effect = after_restart(&gate, &outcome(kind), stored, Family::V4);
            assert_eq!(shown(&effect), expected, "{gate:?} {kind} {stored:?}");
        }
    }

    #[test]
    fn of_an_address_that_is_given() {
        let seen = interfaces(&["eth0 10.0.0.3/24"]);
        let of = |text: &str, release: &str| told(&given(text, Version::parse(release), &host(&seen)));
        assert_eq!(of("10.0.0.3", "v3.18.0"), "eth0 10.0.0.3/24");
        assert_eq!(of("10.0.0.3", "v3.17.9"), "eth0 10.0.0.3/32");
        assert_eq!(of("10.0.0.3/16", "v3.18.0"), "eth0 10.0.0.3/16");
        assert_eq!(of("10.0.0.4", "v3.18.0"), "? 10.0.0.4/32");
        assert_eq!(of("10.0.0.3", "latest"), "eth0 10.0.0.3");
        assert_eq!(of("node-3", "v3.18.0"), "exits");
    }
}

/// What Calico's own code answered on such hosts.
#[test]
fn destinations_that_are_the_nodes_own_or_unspecified() {
    let down = |lines: &[&str], name: &str| {
        let mut seen = interfaces(lines);
        seen.iter_mut().filter(|interface| interface.name == name).for_each(|interface| interface.flags = vec!["BROADCAST".into()]);
        seen
    };
    let secondary = interfaces(&["lo 127.0.0.1/8 ::1/128", "ens192 198.51.100.162/25 198.51.100.220/25 198.51.100.9/32"]);
    let own6 = down(&["lo 127.0.0.1/8 ::1/128", "lan0 2001:db8::33e7/128"], "lan0");
    let no_lo = down(&["lo", "wlan0 192.168.65.61/31"], "lo");
    let default = [Route { destination: "default".into(), device: Some("wlan0".into()), ..Route::default() }];
    for (seen, family, method, expected) in [
        (&secondary, Family::V4, "can-reach=198.51.100.220", "ens192 198.51.100.162/25"),
        (&secondary, Family::V4, "can-reach=198.51.100.162", "ens192 198.51.100.162/25"),
        // Of another length: a network of its own, so it is primary too.
        (&secondary, Family::V4, "can-reach=198.51.100.9", "ens192 198.51.100.9/32"),
        (&secondary, Family::V6, "can-reach=0.0.0.0", "none"),
        (&secondary, Family::V6, "can-reach=::", "lo ::1/128"),
        (&secondary, Family::V4, "can-reach=::", "lo 127.0.0.1/8"),
        (&own6, Family::V6, "can-reach=2001:db8::33e7", "unknown"),
        (&no_lo, Family::V4, "can-reach=::", "none"),
        (&no_lo, Family::V6, "can-reach=::", "none"),
    ] {
        let host = Host { routing: Some(Routing { routes: &default, main_table_only: true }), ..host(seen) };
        let outcome = detect(&Method::parse(method), family, version("v3.24.5"), &host);
        assert_eq!(told(&outcome), expected, "{family} {method}");
        // Its own IPv4 addresses need no route, any other destination does.
        let method = if expected.starts_with("ens192") { method } else { "can-reach=198.51.100.3" };
        let expected = if expected.starts_with("ens192") { expected } else { "unknown" };
        let unrouted = Host { routing: None, ..host };
        assert_eq!(told(&detect(&Method::parse(method), Family::V4, version("v3.24.5"), &unrouted)), expected, "{method} without routes");
    }
}
