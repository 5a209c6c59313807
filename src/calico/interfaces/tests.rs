use super::*;

const JSON: &str = include_str!("../../../tests/fixtures/ip/bridge.addr.json");
const TEXT: &str = include_str!("../../../tests/fixtures/ip/bridge.addr.txt");

fn shown(interfaces: &[Interface]) -> Vec<String> {
    let entry = |entry: &InterfaceAddress| match entry.peer {
        Some(peer) => format!("{}/{} peer {peer}", entry.address, entry.prefix_length),
        None => format!("{}/{}", entry.address, entry.prefix_length),
    };
    interfaces.iter().map(|i| format!("{} {} {}", i.index, i.name, i.addresses.iter().map(entry).collect::<Vec<_>>().join(" "))).collect()
}

#[test]
fn json_keeps_the_kernels_order() {
    let names: Vec<_> = parse(JSON).expect("parses").into_iter().map(|interface| interface.name).collect();
    assert_eq!(names, ["lo", "eth0", "tunl0", "br-3f2a1b4c5d6e"]);
}

#[test]
fn json_of_a_point_to_point_link_and_of_filtered_entries() {
    let text = r#"[{},{"ifindex":7,"ifname":"tun0","flags":["UP"],"linkinfo":{"info_kind":"tun"},
        "addr_info":[{},{"family":"inet","local":"10.8.0.1","address":"10.8.0.2","prefixlen":32},{"local":"10.8.0.1","prefixlen":99}]}]"#;
    let interfaces = parse(text).expect("parses");
    assert_eq!(shown(&interfaces), ["7 tun0 10.8.0.1/32 peer 10.8.0.2"]);
    assert_eq!((interfaces[0].kind.as_deref(), interfaces[0].flags.as_slice()), (Some("tun"), &["UP".to_owned()][..]));
}

#[test]
fn full_text() {
    let interfaces = parse(TEXT).expect("parses");
    assert_eq!(
        shown(&interfaces),
        [
            "1 lo 127.0.0.1/8 ::1/128",
            "2 eth0 10.0.0.3/24",
            "14 br-3a10a9384428 172.18.0.1/16 fe80::42:3aff:fef3:4518/64",
            "20 tun0 10.8.0.1/32 peer 10.8.0.2",
        ]
    );
    assert_eq!(interfaces[2].kind.as_deref(), Some("bridge"));
    assert_eq!(interfaces[1].kind, None);
    assert_eq!(interfaces[2].flags, ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"]);
}

#[test]
fn one_line_text() {
    let text = "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever\n\
                2: eth0    inet 10.0.0.2/24 brd 10.0.0.255 scope global eth0\\       valid_lft forever preferred_lft forever\n\
                2: eth0    inet6 fe80::1/64 scope link \\       valid_lft forever preferred_lft forever\n";
    assert_eq!(shown(&parse(text).expect("parses")), ["1 lo 127.0.0.1/8", "2 eth0 10.0.0.2/24 fe80::1/64"]);
}

#[test]
fn busybox_text() {
    let text = "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000\n    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n    \
                inet 127.0.0.1/8 scope host lo\n       valid_lft forever preferred_lft forever\n\
                4: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1400 qdisc pfifo_fast qlen 1000\n    inet 192.0.2.2/24 brd 192.0.2.255 scope global eth0\n";
    assert_eq!(shown(&parse(text).expect("parses")), ["1 lo 127.0.0.1/8", "4 eth0 192.0.2.2/24"]);
}

#[test]
fn unknown_text_is_an_error_never_an_empty_list() {
    for text in [
        "",
        "[]",
        "[{}]",
        "[{",
        "{}",
        "Option \"-j\" is unknown, try \"ip -help\".",
        "BusyBox v1.30 multi-call binary",
        "    inet 10.0.0.2/24 scope global eth0",
        "2: eth0: <UP>\n    inet 10.0.0.300/24 scope global eth0",
        "2: eth0: <UP>\n    inet 10.0.0.3/33 scope global eth0",
        "x: eth0: <UP>",
    ] {
        assert!(matches!(parse(text), Err(IpError::Unrecognised { .. })), "{text:?}");
    }
}
