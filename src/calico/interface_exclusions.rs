//! Interfaces that detection leaves out by itself, by release.

use super::version::Version;

const UNTIL_3_14: &[&str] =
    &["docker.*", "cbr.*", "dummy.*", "virbr.*", "lxcbr.*", "veth.*", "lo", "cali.*", "tunl.*", "flannel.*", "kube-ipvs.*"];
const FROM_3_15: &[&str] =
    &["docker.*", "cbr.*", "dummy.*", "virbr.*", "lxcbr.*", "veth.*", "lo", "cali.*", "tunl.*", "flannel.*", "kube-ipvs.*", "cni.*"];
/// The list as it stands today; the older anchored ones are its beginnings.
const ANCHORED: &[&str] = &[
    "^docker.*",
    "^cbr.*",
    "^dummy.*",
    "^virbr.*",
    "^lxcbr.*",
    "^veth.*",
    "^lo",
    "^cali.*",
    "^tunl.*",
    "^flannel.*",
    "^kube-ipvs.*",
    "^cni.*",
    "^vxlan\\.calico.*",
    "^vxlan-v6\\.calico.*",
    "^wireguard\\.cali.*",
    "^wg-v6\\.cali.*",
    "^nodelocaldns.*",
    "^podman.*",
    "^br-.*",
];

type Row = ((u16, u16, u16), &'static [&'static str]);

/// By patch release, newest first: 3.24.1 is older behaviour than 3.23.5.
const BY_RELEASE: &[Row] = &[
    ((3, 25, 0), ANCHORED),
    ((3, 24, 6), ANCHORED.split_at(17).0),
    ((3, 24, 4), ANCHORED.split_at(16).0),
    ((3, 24, 3), ANCHORED.split_at(12).0),
    ((3, 24, 0), FROM_3_15),
    ((3, 23, 5), ANCHORED.split_at(16).0),
    ((3, 23, 4), ANCHORED.split_at(12).0),
    ((3, 15, 0), FROM_3_15),
    ((0, 0, 0), UNTIL_3_14),
];

/// DEFAULT_INTERFACES_TO_EXCLUDE of node/pkg/lifecycle/startup/autodetection; the order is this table's, the set is Calico's.
pub fn for_version(version: Version) -> &'static [&'static str] {
    BY_RELEASE.iter().find(|(from, _)| version.numbers() >= *from).map_or(UNTIL_3_14, |(_, list)| list)
}

/// Without `^` a pattern matches anywhere in the name: `lo` hid `wlo1` and `nodelocaldns`.
pub fn is_excluded(name: &str, version: Version) -> bool {
    excluded_by(name, version).is_some()
}

/// The pattern that hides an interface.
pub fn excluded_by(name: &str, version: Version) -> Option<&'static str> {
    for_version(version).iter().find(|pattern| matches(pattern, name)).copied()
}

/// All patterns of the table are plain text, `^` before and `.*` behind at most; a test holds this against real regexes.
fn matches(pattern: &str, name: &str) -> bool {
    let (anchored, text) = pattern.strip_prefix('^').map_or((false, pattern), |text| (true, text));
    let text = text.strip_suffix(".*").unwrap_or(text);
    let (before, after) = text.split_once("\\.").unwrap_or((text, ""));
    let dotted = before.len() < text.len();
    let here = |name: &str| match name.strip_prefix(before) {
        Some(rest) if dotted => rest.strip_prefix('.').is_some_and(|rest| rest.starts_with(after)),
        Some(_) => true,
        None => false,
    };
    here(name) || (!anchored && name.char_indices().any(|(at, _)| here(&name[at..])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calico::go_regex::{Pattern, join};

    fn version(text: &str) -> Version {
        Version::parse(text).expect("a version")
    }

    #[test]
    fn lists_by_release() {
        for (release, length, last) in [
            ("v2.6.2", 11, "kube-ipvs.*"),
            ("v3.14.2", 11, "kube-ipvs.*"),
            ("v3.15.0", 12, "cni.*"),
            ("v3.23.3", 12, "cni.*"),
            ("v3.23.4", 12, "^cni.*"),
            ("v3.23.5", 16, "^wg-v6\\.cali.*"),
            ("v3.24.0", 12, "cni.*"),
            ("v3.24.2", 12, "cni.*"),
            ("v3.24.3", 12, "^cni.*"),
            ("v3.24.4", 16, "^wg-v6\\.cali.*"),
            ("v3.24.5", 16, "^wg-v6\\.cali.*"),
            ("v3.24.6", 17, "^nodelocaldns.*"),
            ("v3.25.0", 19, "^br-.*"),
            ("v3.34.0-0.dev-1", 19, "^br-.*"),
        ] {
            let list = for_version(version(release));
            assert_eq!((list.len(), list.last().copied()), (length, Some(last)), "{release}");
        }
    }

    #[test]
    fn names_by_release() {
        for (name, release, expected) in [
            ("br-3f2a1b4c5d6e", "v3.24.5", None),
            ("br-3f2a1b4c5d6e", "v3.25.0", Some("^br-.*")),
            ("br-ex", "v3.25.0", Some("^br-.*")),
            ("br0", "v3.31.0", None),
            ("lxdbr0", "v3.31.0", None),
            ("tailscale0", "v3.31.0", None),
            ("wlo1", "v3.24.2", Some("lo")),
            ("wlo1", "v3.24.3", None),
            ("ibmveth0", "v3.23.3", Some("veth.*")),
            ("ibmveth0", "v3.23.4", None),
            ("local0", "v3.31.0", Some("^lo")),
            ("nodelocaldns", "v3.24.2", Some("lo")),
            ("nodelocaldns", "v3.24.5", None),
            ("nodelocaldns", "v3.24.6", Some("^nodelocaldns.*")),
            ("vxlan.calico", "v3.23.3", Some("cali.*")),
            ("vxlan.calico", "v3.23.4", None),
            ("vxlan.calico", "v3.23.5", Some("^vxlan\\.calico.*")),
            ("vxlanxcalico", "v3.23.5", None),
            ("cni0", "v3.14.2", None),
            ("docker0", "v3.9.0", Some("docker.*")),
            ("eth0", "v3.31.0", None),
        ] {
            assert_eq!(excluded_by(name, version(release)), expected, "{name} in {release}");
        }
    }

    #[test]
    fn the_short_cut_agrees_with_the_patterns() {
        let names = [
            "docker0",
            "xdocker0",
            "cbr0",
            "dummy0",
            "virbr0-nic",
            "lxcbr0",
            "veth1a2b",
            "ibmveth0",
            "lo",
            "wlo1",
            "local0",
            "cali0123",
            "tunl0",
            "flannel.1",
            "kube-ipvs0",
            "cni0",
            "vxlan.calico",
            "vxlan-v6.calico",
            "wireguard.cali",
            "wg-v6.cali",
            "wg-v6xcali",
            "nodelocaldns",
            "podman1",
            "br-ex",
            "br0",
            "abr-1",
            "eth0",
            "",
            "é",
        ];
        for (from, list) in BY_RELEASE {
            let Pattern::Matches(regex) = join(list.iter().copied()) else { panic!("{from:?} is not readable") };
            for name in names {
                assert_eq!(list.iter().any(|pattern| matches(pattern, name)), regex.is_match(name), "{name} in {from:?}");
            }
        }
    }
}
