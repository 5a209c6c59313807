//! Which release of Calico runs: what it does is decided by the very patch release, not by the era.

use std::fmt;

use crate::snapshot::objects::{Custom, DaemonSet};

/// `pre` is a build from a branch (`v3.34.0-0.dev-…`, `-rc1`, `-beta2`); vendors' suffixes (`-rke2r1`) are the release itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    pub major: u16,
    pub minor: u16,
    pub patch: u16,
    pub pre: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionSource {
    /// The tag of calico-node's image.
    Image,
    ClusterInformation,
    /// The operator's `Installation.status`.
    Installation,
}

/// From here on no patch release changed what this program relies on, so a tag without one is good enough.
const PATCH_MATTERS_BEFORE: (u16, u16) = (3, 25);
/// Parts of a suffix that mark a build from before the release.
const PRE_MARKS: &[&str] = &["dev", "alpha", "beta", "rc", "pre"];
/// Repositories whose tags number another product: Calico Enterprise, Mirantis (Docker) Kubernetes Engine.
const NUMBERED_OTHERWISE: &[&str] = &["cnx-node", "ucp-calico-node"];

impl Version {
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch, pre: false }
    }

    /// Reads `v3.24.5`, `3.24.5`, `v3.26.1-rke2r1`, `v3.34.0-0.dev-67-g87c…`, `release-v3.31`; `None` for `master`, `latest`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (text, branch) = text.strip_prefix("release-").map_or((text, false), |rest| (rest, true));
        let text = text.strip_prefix('v').unwrap_or(text);
        let (numbers, suffix) = text.split_once(['-', '+', '_']).unwrap_or((text, ""));
        let mut numbers = numbers.split('.').map(number);
        let (major, minor) = (numbers.next()??, numbers.next()??);
        let patch = match numbers.next() {
            Some(patch) => patch?,
            None if (major, minor) < PATCH_MATTERS_BEFORE => return None,
            None => 0,
        };
        if numbers.next().is_some() {
            return None;
        }
        let pre = branch || suffix.split(['.', '-']).any(|part| PRE_MARKS.contains(&part.trim_end_matches(|c: char| c.is_ascii_digit())));
        Some(Self { major, minor, patch, pre })
    }

    /// From the tag of an image of Calico's: `registry:5000/calico/node:v3.24.5@sha256:…`. A digest alone tells nothing.
    pub fn from_image(image: &str) -> Option<Self> {
        let image = image.split_once('@').map_or(image, |(before, _)| before);
        let (path, last) = image.rsplit_once('/').unwrap_or(("", image));
        let (repository, tag) = last.split_once(':')?;
        let enterprise = path == "tigera" || path.ends_with("/tigera");
        if enterprise || NUMBERED_OTHERWISE.contains(&repository) {
            return None;
        }
        Self::parse(tag)
    }

    /// By the numbers alone: a build from a branch counts as the release it leads to.
    pub fn at_least(self, major: u16, minor: u16, patch: u16) -> bool {
        self.numbers() >= (major, minor, patch)
    }

    /// Of this minor release and from this patch on: how fixes reached the older branches.
    pub fn in_minor_from(self, major: u16, minor: u16, patch: u16) -> bool {
        (self.major, self.minor) == (major, minor) && self.patch >= patch
    }

    pub const fn numbers(self) -> (u16, u16, u16) {
        (self.major, self.minor, self.patch)
    }
}

/// `str::parse` alone would take `+3`.
fn number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// A pre-release comes before its release.
impl Ord for Version {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.numbers(), !self.pre).cmp(&(other.numbers(), !other.pre))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, patch, pre } = self;
        write!(f, "v{major}.{minor}.{patch}{}", if *pre { "-pre" } else { "" })
    }
}

/// The release that the DaemonSet's pods run. The image comes first: ClusterInformation is written by whichever node started
/// last and lags behind during an upgrade.
pub fn calico_version(
    daemon_set: &DaemonSet,
    cluster_informations: &[Custom],
    installation: Option<&Custom>,
) -> Option<(Version, VersionSource)> {
    let image = daemon_set.spec.template.spec.calico_node().and_then(|container| Version::from_image(&container.image));
    let from_cluster_information = || {
        let default = cluster_informations.iter().find(|custom| custom.metadata.name == "default")?;
        Version::parse(default.spec.get("calicoVersion")?.as_str()?)
    };
    let from_installation = || Version::parse(installation?.status.get("calicoVersion")?.as_str()?);
    image
        .map(|version| (version, VersionSource::Image))
        .or_else(|| Some((from_cluster_information()?, VersionSource::ClusterInformation)))
        .or_else(|| Some((from_installation()?, VersionSource::Installation)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn versions_as_people_write_them() {
        for (text, expected) in [
            ("v3.24.5", Some("v3.24.5")),
            ("3.24.5", Some("v3.24.5")),
            (" v3.9.0\n", Some("v3.9.0")),
            ("v3.34.0-0.dev-67-g87c0ffee", Some("v3.34.0-pre")),
            ("v3.30.0-rc1", Some("v3.30.0-pre")),
            ("v3.20.0-beta.0", Some("v3.20.0-pre")),
            ("v3.26.1-rke2r1", Some("v3.26.1")),
            ("v3.26.1-build20230802", Some("v3.26.1")),
            ("v3.26.1-amd64", Some("v3.26.1")),
            ("v3.28.0-eksbuild.1", Some("v3.28.0")),
            ("release-v3.31", Some("v3.31.0-pre")),
            ("v3.31", Some("v3.31.0")),
            ("v3.24", None),
            ("release-v3.23", None),
            ("master", None),
            ("latest", None),
            ("", None),
            ("v", None),
            ("20230802", None),
            ("v3.x.1", None),
            ("v3..1", None),
            ("v3.+4.1", None),
            ("v3.24.5.1", None),
            ("v99999999.1.1", None),
        ] {
            assert_eq!(Version::parse(text).map(|version| version.to_string()).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn images() {
        for (image, expected) in [
            ("docker.io/calico/node:v3.24.5", Some("v3.24.5")),
            ("calico/node:v3.24.5@sha256:0123abcd", Some("v3.24.5")),
            ("registry.lan:5000/calico/node:v3.24.5", Some("v3.24.5")),
            ("registry.lan:5000/calico/node", None),
            ("quay.io/calico/node@sha256:0123abcd", None),
            ("quay.io/calico/node:master", None),
            ("node:v3.20.0", Some("v3.20.0")),
            ("rancher/hardened-calico:v3.26.1-build20230802", Some("v3.26.1")),
            ("quay.io/tigera/cnx-node:v3.18.0", None),
            ("registry/tigera/node:v3.20.0", None),
            ("mirantis/ucp-calico-node:3.7.3", None),
            ("", None),
            (":", None),
            ("@", None),
        ] {
            assert_eq!(Version::from_image(image).map(|version| version.to_string()).as_deref(), expected, "{image:?}");
        }
    }

    #[test]
    fn order() {
        let pre = Version::parse("v3.33.0-0.dev-1").expect("a version");
        assert!(pre < Version::new(3, 33, 0) && pre > Version::new(3, 32, 9) && pre.at_least(3, 33, 0));
        assert!(Version::new(3, 9, 0) < Version::new(3, 10, 0));
        assert!(!Version::new(3, 22, 3).at_least(3, 22, 4));
        assert!(Version::new(3, 24, 3).in_minor_from(3, 24, 3) && !Version::new(3, 25, 0).in_minor_from(3, 24, 3));
    }

    fn daemon_set(image: &str) -> DaemonSet {
        serde_json::from_value(json!({"spec": {"template": {"spec": {"containers": [{"name": "calico-node", "image": image}]}}}}))
            .expect("a DaemonSet")
    }

    #[test]
    fn the_image_before_cluster_information_before_installation() {
        let custom = |value| serde_json::from_value::<Custom>(value).expect("an object");
        let information = [custom(json!({"metadata": {"name": "default"}, "spec": {"calicoVersion": "v3.24.5"}}))];
        let installation = custom(json!({"metadata": {"name": "default"}, "status": {"calicoVersion": "v3.31.2"}}));
        let at = |image: &str, information: &[Custom]| calico_version(&daemon_set(image), information, Some(&installation));
        assert_eq!(at("calico/node:v3.25.0", &information), Some((Version::new(3, 25, 0), VersionSource::Image)));
        assert_eq!(at("calico/node:master", &information), Some((Version::new(3, 24, 5), VersionSource::ClusterInformation)));
        assert_eq!(at("calico/node@sha256:ab", &[]), Some((Version::new(3, 31, 2), VersionSource::Installation)));
        assert_eq!(calico_version(&DaemonSet::default(), &[], None), None);
    }
}
