//! Generated hosts, answered by the simulated cluster's detection too.

use calico_fix::calico::detect::detect as ours;
use calico_fix::calico::method::Method;
use calico_fix::snapshot::family::Family;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use sim::calico::detect::{Detected, detect as theirs};
use sim::calico::network::{Family as TheirFamily, Network};
use sim::calico::release::Release;

use super::{Seen, told, version};

const NAMES: &[&str] = &[
    "lo",
    "eth0",
    "eth1",
    "ens192",
    "wlo1",
    "ibmveth0",
    "docker0",
    "br-3f2a1b4c5d6e",
    "br-ex",
    "br0",
    "lxdbr0",
    "virbr0",
    "podman1",
    "cni0",
    "cali0123",
    "tunl0",
    "vxlan.calico",
    "wireguard.cali",
    "nodelocaldns",
    "kube-ipvs0",
    "tailscale0",
    "wg0",
    "local0",
    "bond0.100",
];
const ADDRESSES: &[&str] = &[
    "127.0.0.1/8",
    "10.0.0.2/24",
    "10.0.0.9/24",
    "10.0.0.100/32",
    "10.0.2.15/24",
    "192.168.56.2/24",
    "172.18.0.1/16",
    "169.254.3.4/16",
    "100.92.24.103/32",
    "203.0.113.9/28",
    "224.0.0.5/32",
    "10.96.0.10/32",
    "fd00::2/64",
    "fe80::2/64",
    "2001:db8::2/128",
    "::1/128",
];
const METHODS: &[&str] = &[
    "",
    "first-found",
    "interface=eth.*",
    "interface=^eth0$",
    "interface=",
    "interface=eth0,ens.*",
    "interface=en|eth",
    "interface=*",
    "interface=wl",
    "skip-interface=docker.*,br-.*",
    "skip-interface=eth1",
    "skip-interface=",
    "skip-interface=[a-z]+0",
    "cidr=10.0.0.0/24",
    "cidr=10.0.0.77/8,192.168.0.0/16",
    "cidr=10.0.0.0/33",
    "cidr=fd00::/8",
    "kubernetes-internal-ip",
    "kubernetes-internal-ip=x",
    "eth0",
    "can-reach=10.0.0.7",
    "can-reach=8.8.8.8",
    "can-reach=10.0.0.2",
    "can-reach=127.0.0.1",
    "can-reach=",
    "can-reach=fd00::9",
    "can-reach=10.1",
    "can-reach=[10.0.0.7]",
    "can-reach=no.such.name",
    "interface = eth0",
    "first-found ",
];
const RELEASES: &[&str] = &[
    "v3.14.2", "v3.15.0", "v3.16.0", "v3.21.6", "v3.22.0", "v3.22.3", "v3.22.4", "v3.23.1", "v3.23.2", "v3.23.4", "v3.23.5", "v3.24.0",
    "v3.24.2", "v3.24.3", "v3.24.4", "v3.24.5", "v3.24.6", "v3.25.0", "v3.29.3", "v3.31.4", "v3.32.0", "master",
];

#[derive(Clone, Debug)]
struct Generated {
    addr: Value,
    routes: Value,
    node: Value,
}

prop_compose! {
    fn interface()(name in select(NAMES), held in proptest::collection::vec((select(ADDRESSES), any::<bool>()), 0..4)) -> Value {
        let address = |(text, peer): &(&str, bool)| {
            let (local, length) = text.split_once('/').expect("a length");
            let mut entry = json!({"local": local, "prefixlen": length.parse::<u8>().expect("a number")});
            if *peer {
                entry["address"] = local.into();
            }
            entry
        };
        json!({"ifname": name, "flags": ["UP"], "addr_info": held.iter().map(address).collect::<Vec<_>>()})
    }
}

prop_compose! {
    /// Routes as the kernel makes them of the addresses, and a default.
    fn host()(
        mut interfaces in proptest::collection::vec(interface(), 1..7),
        default in proptest::option::of(any::<prop::sample::Index>()),
        internal in proptest::collection::vec(select(ADDRESSES), 0..3),
    ) -> Generated {
        let mut names = std::collections::HashSet::new();
        interfaces.retain(|one| names.insert(one["ifname"].to_string()));
        for (index, one) in interfaces.iter_mut().enumerate() {
            one["ifindex"] = (index + 1).into();
        }
        let names: Vec<Value> = interfaces.iter().map(|one| one["ifname"].clone()).collect();
        let routes = default.map(|index| json!({"dst": "default", "gateway": "10.0.0.1", "dev": names[index.index(names.len())], "flags": []}));
        let node = internal.iter().map(|text| json!({"type": "InternalIP", "address": text.split('/').next()}));
        Generated {
            routes: routes.into_iter().collect(),
            node: node.collect(),
            addr: interfaces.into(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::cases(2_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_implementations_agree(host in host(), method in select(METHODS), release in select(RELEASES), six in any::<bool>()) {
        let (family, their_family) = if six { (Family::V6, TheirFamily::V6) } else { (Family::V4, TheirFamily::V4) };
        let mut network = Network::from_ip(&host.addr, &host.routes, &Value::Null);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        network.node = host.node.as_array().map(|listed| listed.iter().map(|one| (text(&one["type"]), text(&one["address"]))).collect());
        let expected = match theirs(Release::parse(release).expect("a release"), method, their_family, &network) {
            Detected::Found { device, prefix, .. } => Some(format!("{device} {prefix}")),
            Detected::Nothing { .. } => Some("none".to_owned()),
            Detected::Exits { .. } => Some("exits".to_owned()),
            Detected::Unknown => None,
        };
        let seen = Seen::new(&host.addr, &host.routes, &json!([]), &host.node);
        let found = told(&ours(&Method::parse(method), family, version(release), &seen.host()));
        // Of an address on two interfaces `can-reach=` may name either.
        let must_answer = !method.starts_with("can-reach=");
        let alone = |text: Option<String>| text.and_then(|text| text.rsplit(' ').next()?.split('/').next().map(str::to_owned));
        let (found, expected) = if must_answer { (found, expected) } else { (alone(found), alone(expected)) };
        prop_assert!(found == expected || (found.is_none() && (!must_answer || expected.is_none())), "{found:?} but {expected:?}");
    }
}
