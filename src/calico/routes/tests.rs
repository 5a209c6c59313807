use super::*;

fn shown(text: &str, family: Family) -> Vec<String> {
    let or_dash = |word: &Option<String>| word.clone().unwrap_or_else(|| "-".into());
    let routes = parse(text, family).expect("parses");
    routes.iter().map(|r| format!("{} {} {} {}", r.destination, or_dash(&r.gateway), or_dash(&r.device), or_dash(&r.source))).collect()
}

#[test]
fn json() {
    let text = r#"[{"dst":"default","gateway":"192.0.2.1","dev":"eth0","flags":[]},
        {"type":"blackhole","dst":"192.168.247.0/26","protocol":"bird","flags":[]},
        {"dst":"192.0.2.0/24","dev":"eth0","prefsrc":"192.0.2.2"},
        {"dst":"10.1.0.0/16","flags":[],"nexthops":[{"gateway":"10.0.0.1","dev":"eth1","weight":1},{"gateway":"10.0.0.2","dev":"eth2"}]},
        {"dst":"10.2.0.0/16","via":{"family":"inet6","host":"fe80::1"},"dev":"eth0"}]"#;
    assert_eq!(
        shown(text, Family::V4),
        [
            "default 192.0.2.1 eth0 -",
            "192.168.247.0/26 - - -",
            "192.0.2.0/24 - eth0 192.0.2.2",
            "10.1.0.0/16 10.0.0.1 eth1 -",
            "10.2.0.0/16 fe80::1 eth0 -"
        ]
    );
}

#[test]
fn text() {
    let text = "default via 10.0.0.254 dev eth0 proto dhcp src 10.0.0.2 metric 100 \n\
                blackhole 192.168.247.0/26 proto bird \n\
                10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2 linkdown \n\
                192.168.139.64/26 via 10.0.0.3 dev tunl0 proto bird onlink \n\
                10.1.0.0/16 proto static \n\tnexthop via 10.0.0.1 dev eth1 weight 1 \n\tnexthop via 10.0.0.9 dev eth2 weight 1 \n\
                10.2.0.0/16 via inet6 fe80::1 dev eth0 \n";
    assert_eq!(
        shown(text, Family::V4),
        [
            "default 10.0.0.254 eth0 10.0.0.2",
            "192.168.247.0/26 - - -",
            "10.0.0.0/24 - eth0 10.0.0.2",
            "192.168.139.64/26 10.0.0.3 tunl0 -",
            "10.1.0.0/16 10.0.0.1 eth1 -",
            "10.2.0.0/16 fe80::1 eth0 -",
        ]
    );
}

#[test]
fn the_default_of_ipv6_is_told_from_that_of_ipv4() {
    assert_eq!(shown("default via fd00::1 dev eth0 metric 1024 pref medium\n", Family::V6), ["::/0 fd00::1 eth0 -"]);
    assert_eq!(shown(r#"[{"dst":"default","gateway":"fd00::1","dev":"eth0"}]"#, Family::V6), ["::/0 fd00::1 eth0 -"]);
}

#[test]
fn no_routes_is_an_answer_but_unknown_text_is_not() {
    assert_eq!(parse("", Family::V4), Ok(vec![]));
    assert_eq!(parse("[ ]", Family::V4), Ok(vec![]));
    for text in ["RTNETLINK answers: Operation not supported", "nexthop via 10.0.0.1 dev eth1", "[{", "unreachable"] {
        assert!(matches!(parse(text, Family::V4), Err(IpError::Unrecognised { .. })), "{text:?}");
    }
}
