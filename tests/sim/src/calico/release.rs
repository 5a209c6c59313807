//! Calico's releases, and what of detection changed with them.

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release(pub u32, pub u32, pub u32);

impl Release {
    pub const MASTER: Self = Self(u32::MAX, 0, 0);

    /// `v3.24.5`, `3.24.5` or `master`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "master" {
            return Some(Self::MASTER);
        }
        let numbers: Vec<u32> = text.trim_start_matches('v').split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        let [major, minor, patch] = numbers[..] else { return None };
        Some(Self(major, minor, patch))
    }
}

const FIRST: &[&str] =
    &["docker.*", "cbr.*", "dummy.*", "virbr.*", "lxcbr.*", "veth.*", "lo", "cali.*", "tunl.*", "flannel.*", "kube-ipvs.*"];

/// Added to the list, by the releases that have it: a backport counts from its own patch release on.
const LATER: &[(&[&str], &[Release])] = &[
    (&["cni.*"], &[Release(3, 15, 0)]),
    (&["vxlan\\.calico.*", "vxlan-v6\\.calico.*", "wireguard\\.cali.*", "wg-v6\\.cali.*"], &[Release(3, 23, 5), Release(3, 24, 4)]),
    (&["nodelocaldns.*"], &[Release(3, 24, 6)]),
    (&["podman.*", "br-.*"], &[Release(3, 25, 0)]),
];

/// From here on each expression is anchored.
const ANCHORED: &[Release] = &[Release(3, 23, 4), Release(3, 24, 3)];

/// True from the newest listed release on, and within the minor release of the others.
fn since(list: &[Release], release: Release) -> bool {
    let newest = list.iter().max().is_some_and(|newest| release >= *newest);
    newest || list.iter().any(|from| (from.0, from.1) == (release.0, release.1) && release.2 >= from.2)
}

/// Names that `first-found` and `skip-interface` pass over (node/pkg/lifecycle/startup/autodetection/filtered.go).
pub fn default_exclusions(release: Release) -> Vec<String> {
    let later = LATER.iter().filter(|(_, from)| since(from, release)).flat_map(|(names, _)| names.iter());
    let anchor = if since(ANCHORED, release) { "^" } else { "" };
    FIRST.iter().chain(later).map(|name| format!("{anchor}{name}")).collect()
}

/// Detection is repeated while the node runs (monitor-addresses).
pub fn looks_again(release: Release) -> bool {
    (release.0, release.1) != (3, 14) && release != Release(3, 15, 0) && release != Release(3, 15, 1)
}

pub fn knows_cidr(release: Release) -> bool {
    release >= Release(3, 16, 0)
}

pub fn knows_internal_ip(release: Release) -> bool {
    release >= Release(3, 22, 0)
}

/// `kubernetes-internal-ip` stored `10.0.0.0/24` for `10.0.0.5/24`.
pub fn stores_network_of_internal_ip(release: Release) -> bool {
    knows_internal_ip(release) && !since(&[Release(3, 22, 4), Release(3, 23, 2)], release)
}

/// A point-to-point address is stored as one host.
pub fn narrows_point_to_point(release: Release) -> bool {
    release >= Release(3, 32, 0)
}

pub fn takes_brackets(release: Release) -> bool {
    release >= Release(3, 32, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviour_goes_by_version_not_by_era() {
        let excludes =
            |release: &str, name: &str| default_exclusions(Release::parse(release).expect("a release")).contains(&name.to_string());
        assert!(excludes("v3.14.2", "lo") && !excludes("v3.14.2", "cni.*"));
        assert!(excludes("v3.24.1", "cni.*") && !excludes("v3.24.1", "^cni.*"));
        assert!(excludes("v3.23.5", "^vxlan\\.calico.*") && !excludes("v3.23.4", "^vxlan\\.calico.*"));
        assert!(excludes("v3.24.4", "^vxlan\\.calico.*") && !excludes("v3.24.3", "^vxlan\\.calico.*"));
        assert!(excludes("v3.24.6", "^nodelocaldns.*") && !excludes("v3.24.5", "^nodelocaldns.*"));
        assert!(excludes("master", "^br-.*") && !excludes("v3.24.6", "^br-.*"));
    }

    #[test]
    fn the_network_address_is_stored_by_six_releases() {
        let stores: Vec<_> = ["v3.20.2", "v3.22.0", "v3.22.3", "v3.22.4", "v3.23.1", "v3.23.2", "v3.24.0"]
            .into_iter()
            .filter(|release| Release::parse(release).is_some_and(stores_network_of_internal_ip))
            .collect();
        assert_eq!(stores, ["v3.22.0", "v3.22.3", "v3.23.1"]);
    }
}
