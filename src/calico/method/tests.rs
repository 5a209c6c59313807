use super::*;

fn list(pieces: &[&str]) -> Vec<String> {
    pieces.iter().map(|piece| piece.to_string()).collect()
}

#[test]
fn values_as_calico_reads_them() {
    let interface = |pieces: &[&str]| Method::Interface { regexes: list(pieces) };
    let skip = |pieces: &[&str]| Method::SkipInterface { regexes: list(pieces) };
    for (value, expected) in [
        ("", Method::FirstFound),
        ("first-found", Method::FirstFound),
        ("interface=eth.*", interface(&["eth.*"])),
        ("interface=eth0 ,\ten1", interface(&["eth0", "en1"])),
        ("interface= eth0 ", interface(&[" eth0 "])),
        ("interface=eth{1,2}", interface(&["eth{1", "2}"])),
        ("interface=", interface(&[""])),
        ("interface=eth0,", interface(&["eth0", ""])),
        ("interface=interface=eth0", interface(&["interface=eth0"])),
        ("skip-interface=^br-.*,^lxdbr.*", skip(&["^br-.*", "^lxdbr.*"])),
        ("can-reach=", Method::CanReach { destination: String::new() }),
        ("can-reach= 8.8.8.8", Method::CanReach { destination: " 8.8.8.8".into() }),
        ("kubernetes-internal-ip", Method::KubernetesInternalIp),
        ("kubernetes-internal-ip=x", Method::KubernetesInternalIp),
        ("kubernetes-internal-ips", Method::KubernetesInternalIp),
    ] {
        assert_eq!(Method::parse(value), expected, "{value:?}");
    }
    for value in [
        "first-found ",
        " first-found",
        "First-Found",
        "first_found",
        "eth0",
        "can-reach",
        "can-reach 8.8.8.8",
        "interface:eth0",
        "CIDR=10.0.0.0/8",
        "cidrs=10.0.0.0/8",
        "skip-interfaces=eth1",
        " kubernetes-internal-ip",
        "autodetect",
        "=",
    ] {
        assert_eq!(Method::parse(value), Method::Invalid { value: value.into() }, "{value:?}");
    }
}

#[test]
fn cidrs() {
    for (value, good, bad) in [
        ("cidr=10.0.0.0/24 , 10.1.0.0/24", 2, None),
        ("cidr=10.0.0.11/24", 1, None),
        ("cidr=", 0, Some("")),
        ("cidr= 10.0.0.0/8", 0, Some(" 10.0.0.0/8")),
        ("cidr=10.0.0.0/24,abc", 1, Some("abc")),
        ("cidr=10.0.0.0/8;192.168.0.0/16", 0, Some("10.0.0.0/8;192.168.0.0/16")),
    ] {
        let Method::Cidr { cidrs, bad: found } = Method::parse(value) else { panic!("{value}") };
        assert_eq!((cidrs.len(), found.as_deref()), (good, bad), "{value}");
    }
}

#[test]
fn problems_by_release() {
    for (value, release, expected) in [
        ("first-found", "v3.24.5", None),
        ("eth0", "v3.24.5", Some(Problem::Invalid { value: "eth0".into() })),
        ("cidr=10.0.0.0/8", "v3.15.5", Some(Problem::UnknownToRelease { since: Version::new(3, 16, 0) })),
        ("cidr=10.0.0.0/8", "v3.16.0", None),
        ("kubernetes-internal-ip", "v3.21.6", Some(Problem::UnknownToRelease { since: Version::new(3, 22, 0) })),
        ("kubernetes-internal-ip", "v3.22.0", Some(Problem::StoresNetworkAddress)),
        ("kubernetes-internal-ip", "v3.22.3", Some(Problem::StoresNetworkAddress)),
        ("kubernetes-internal-ip", "v3.22.4", None),
        ("kubernetes-internal-ip", "v3.23.1", Some(Problem::StoresNetworkAddress)),
        ("kubernetes-internal-ip", "v3.23.2", None),
        ("kubernetes-internal-ip", "v3.24.0", None),
        ("interface=eth0,", "v3.24.5", Some(Problem::MatchesEverything)),
        ("skip-interface=", "v3.24.5", Some(Problem::ExcludesEverything)),
        ("skip-interface=^br-.*", "v3.24.5", None),
        ("interface=*eth", "v3.24.5", Some(Problem::BadPattern { why: "missing argument to repetition operator" })),
        ("interface=eth{1,2}", "v3.24.5", None),
        ("interface=eth\\0", "v3.24.5", Some(Problem::UnreadablePattern { why: "octal escapes are Go's alone" })),
        ("cidr=10.0.0.0", "v3.24.5", Some(Problem::BadCidr { text: "10.0.0.0".into() })),
        ("can-reach=", "v3.24.5", Some(Problem::ReachesLoopback { destination: String::new() })),
        ("can-reach=127.0.0.1", "v3.24.5", Some(Problem::ReachesLoopback { destination: "127.0.0.1".into() })),
        ("can-reach=8.8.8.8", "v3.24.5", None),
    ] {
        let version = Version::parse(release).expect("a version");
        assert_eq!(problem(&Method::parse(value), version), expected, "{value} in {release}");
    }
}

#[test]
fn when_detection_runs() {
    let literal = |text: &str| Value::Literal(text.into());
    let (bird, none) = (Backend::Bird, Backend::None);
    for (family, value, backend, expected) in [
        (Family::V4, literal("autodetect"), &bird, AddressSource::Detected),
        (Family::V4, literal("autodetect"), &Backend::Vxlan, AddressSource::Detected),
        (Family::V4, literal("autodetect"), &none, AddressSource::Off),
        (Family::V4, Value::Unset, &bird, AddressSource::DetectedWhenMissing),
        (Family::V4, literal(""), &bird, AddressSource::DetectedWhenMissing),
        (Family::V6, Value::Unset, &bird, AddressSource::Kept),
        (Family::V6, literal(""), &bird, AddressSource::Kept),
        (Family::V4, literal("none"), &bird, AddressSource::Kept),
        (Family::V4, literal("10.0.0.1"), &bird, AddressSource::Literal { address: "10.0.0.1".into() }),
        (Family::V4, literal("10.0.0.1/24"), &bird, AddressSource::Literal { address: "10.0.0.1/24".into() }),
        (Family::V4, literal("fd00::1"), &bird, AddressSource::Exits { value: "fd00::1".into() }),
        (Family::V6, literal("fd00::1"), &bird, AddressSource::Literal { address: "fd00::1".into() }),
        (Family::V4, literal("Autodetect"), &bird, AddressSource::Exits { value: "Autodetect".into() }),
        (Family::V4, literal("autodetect "), &bird, AddressSource::Exits { value: "autodetect ".into() }),
        (Family::V4, Value::Field("status.hostIP".into()), &bird, AddressSource::FromField { path: "status.hostIP".into() }),
        (Family::V4, Value::Unknown { why: "w".into() }, &bird, AddressSource::Unknown { why: "w".into() }),
        (Family::V4, literal("autodetect"), &Backend::Unknown { why: "b".into() }, AddressSource::Unknown { why: "b".into() }),
    ] {
        assert_eq!(gate(family, &value, backend), expected, "{family} {value:?} {backend:?}");
    }
}

/// Every recorded method, in every recorded release, against what Calico's own code said.
#[test]
fn recordings_agree() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sim/fixtures/autodetect/answers.jsonl");
    let text = std::fs::read_to_string(path).expect("reads");
    let mut seen = 0;
    for line in text.lines() {
        let row: serde_json::Value = serde_json::from_str(line).expect("a row");
        let value = row["method"].as_str().expect("a method");
        let method = Method::parse(value);
        for answer in row["answers"].as_array().expect("answers") {
            let log = answer["log"].as_str().unwrap_or_default();
            let exits = answer["exits"] == true;
            for release in answer["releases"].as_array().expect("releases") {
                let version = Version::parse(release.as_str().expect("text")).unwrap_or(Version::new(3, 34, 0));
                let found = problem(&method, version);
                let fatal = matches!(found, Some(Problem::Invalid { .. } | Problem::UnknownToRelease { .. }));
                assert_eq!(fatal, exits, "{value:?} in {version}: {found:?}, {log}");
                match found {
                    Some(Problem::BadPattern { .. }) => assert!(log.contains("error parsing regexp"), "{value:?} in {version}: {log}"),
                    Some(Problem::BadCidr { .. }) => assert!(answer["none"] == true, "{value:?} in {version}: {answer}"),
                    Some(Problem::UnreadablePattern { .. }) => {}
                    _ => {
                        let bad_cidr = matches!(method, Method::Cidr { .. }) && log.contains("invalid CIDR");
                        assert!(!log.contains("error parsing regexp") && !bad_cidr, "{value:?} in {version}: {log}");
                    }
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 1000);
}

/// The backend none stops detection before 3.16.0 and from 3.26.2 on.
#[test]
fn releases_that_detect_without_networking() {
    for (release, expected) in
        [("v3.15.5", false), ("v3.16.0", true), ("v3.16.10", true), ("v3.26.1", true), ("v3.26.2", false), ("v3.31.0", false)]
    {
        assert_eq!(detects_without_networking(Version::parse(release).expect("a release")), expected, "{release}");
    }
}
