//! `IP_AUTODETECTION_METHOD`: how a node finds its own address, and when it looks at all.

use std::net::IpAddr;

use super::address::{self, Cidr};
use super::environment::{Backend, Value};
use super::go_regex::{self, Pattern};
use super::version::Version;
use crate::calico::interface_exclusions;
use crate::snapshot::family::Family;

/// The value as Calico reads it: node/pkg/lifecycle/startup/autodetection/autodetection_methods.go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    FirstFound,
    Interface { regexes: Vec<String> },
    SkipInterface { regexes: Vec<String> },
    Cidr { cidrs: Vec<Cidr>, bad: Option<String> },
    CanReach { destination: String },
    KubernetesInternalIp,
    Invalid { value: String },
}

/// What is wrong with a method before any host is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Calico exits, with or without a stored address.
    Invalid {
        value: String,
    },
    /// This release does not know it and exits; `since` does.
    UnknownToRelease {
        since: Version,
    },
    /// This release stores the network's address (`10.0.0.0/24`); fixed in 3.22.4 and 3.23.2.
    StoresNetworkAddress,
    MatchesEverything,
    ExcludesEverything,
    /// Detection logs an error and finds nothing.
    BadPattern {
        why: &'static str,
    },
    /// Whether it works cannot be told here.
    UnreadablePattern {
        why: &'static str,
    },
    BadCidr {
        text: String,
    },
    /// The node gets its loopback address.
    ReachesLoopback {
        destination: String,
    },
}

/// What `Problem::BadCidr` means.
pub fn bad_network(text: &str) -> String {
    format!("{text:?} is not a network, and one bad network stops detection")
}

/// `\s*,\s*`, at every comma; the ends are not trimmed. Go's `\s` has no vertical tab.
fn split(list: &str) -> Vec<String> {
    const BLANK: &[char] = &[' ', '\t', '\n', '\r', '\x0c'];
    let pieces: Vec<&str> = list.split(',').collect();
    let last = pieces.len() - 1;
    let trimmed = pieces.into_iter().enumerate().map(|(at, piece)| {
        let piece = if at > 0 { piece.trim_start_matches(BLANK) } else { piece };
        if at < last { piece.trim_end_matches(BLANK) } else { piece }
    });
    trimmed.map(str::to_owned).collect()
}

/// As they are written, and what they do (node/pkg/lifecycle/startup/autodetection/autodetection_methods.go).
pub const FORMS: [(&str, &str); 6] = [
    ("kubernetes-internal-ip", "the node's InternalIP, as Kubernetes has it (Calico v3.22 and newer)"),
    ("first-found", "the first address of the first interface that is not excluded"),
    ("interface=", "the first address of an interface whose name matches one of these expressions"),
    ("skip-interface=", "as first-found, without interfaces whose names match"),
    ("cidr=", "the first address in one of these networks (Calico v3.16 and newer)"),
    ("can-reach=", "the address that the host would use towards this one"),
];

impl Method {
    pub const DEFAULT: Self = Self::FirstFound;

    pub fn parse(value: &str) -> Self {
        if value.is_empty() || value == "first-found" {
            Self::FirstFound
        } else if let Some(list) = value.strip_prefix("interface=") {
            Self::Interface { regexes: split(list) }
        } else if let Some(list) = value.strip_prefix("skip-interface=") {
            Self::SkipInterface { regexes: split(list) }
        } else if let Some(list) = value.strip_prefix("cidr=") {
            let pieces = split(list);
            let bad = pieces.iter().find(|piece| address::parse_cidr(piece).is_none()).cloned();
            Self::Cidr { cidrs: pieces.iter().filter_map(|piece| address::parse_cidr(piece)).collect(), bad }
        } else if let Some(destination) = value.strip_prefix("can-reach=") {
            Self::CanReach { destination: destination.to_owned() }
        } else if value.starts_with("kubernetes-internal-ip") {
            Self::KubernetesInternalIp
        } else {
            Self::Invalid { value: value.to_owned() }
        }
    }

    /// The first release that knows it.
    pub fn since(&self) -> Version {
        match self {
            Self::Cidr { .. } => Version::new(3, 16, 0),
            Self::KubernetesInternalIp => Version::new(3, 22, 0),
            _ => Version::new(0, 0, 0),
        }
    }

    /// What names must match, if they must: `interface=` alone; the default exclusions do not apply to it.
    pub fn include(&self) -> Option<Pattern> {
        match self {
            Self::Interface { regexes } => Some(go_regex::join(regexes.iter().map(String::as_str))),
            _ => None,
        }
    }

    /// What names must not match, if anything.
    pub fn exclude(&self, version: Version) -> Option<Pattern> {
        let defaults = interface_exclusions::for_version(version).iter().copied();
        match self {
            Self::FirstFound => Some(go_regex::join(defaults)),
            Self::SkipInterface { regexes } => Some(go_regex::join(defaults.chain(regexes.iter().map(String::as_str)))),
            _ => None,
        }
    }
}

pub fn problem(method: &Method, version: Version) -> Option<Problem> {
    let since = method.since();
    if version.numbers() < since.numbers() {
        return Some(Problem::UnknownToRelease { since });
    }
    match method {
        Method::FirstFound => None,
        Method::Invalid { value } => Some(Problem::Invalid { value: value.clone() }),
        Method::Interface { regexes } => {
            of_pattern(method.include()).or_else(|| regexes.iter().any(String::is_empty).then_some(Problem::MatchesEverything))
        }
        Method::SkipInterface { regexes } => {
            of_pattern(method.exclude(version)).or_else(|| regexes.iter().any(String::is_empty).then_some(Problem::ExcludesEverything))
        }
        Method::Cidr { bad, .. } => bad.clone().map(|text| Problem::BadCidr { text }),
        Method::CanReach { destination } => {
            let loopback = destination.is_empty()
                || destination == "localhost"
                || destination.parse::<IpAddr>().is_ok_and(|address| address.is_loopback() || address.is_unspecified());
            loopback.then(|| Problem::ReachesLoopback { destination: destination.clone() })
        }
        Method::KubernetesInternalIp => {
            let broken = matches!(version.numbers(), (3, 22, 0..=3) | (3, 23, 0..=1));
            broken.then_some(Problem::StoresNetworkAddress)
        }
    }
}

fn of_pattern(pattern: Option<Pattern>) -> Option<Problem> {
    match pattern? {
        Pattern::Matches(_) => None,
        Pattern::Refused(why) => Some(Problem::BadPattern { why }),
        Pattern::Unknown(why) => Some(Problem::UnreadablePattern { why }),
    }
}

/// What `IP` or `IP6` and the backend make of detection: node/pkg/lifecycle/startup/startup.go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressSource {
    /// The backend is none: Calico configures no address at all.
    Off,
    /// At every start and again while running.
    Detected,
    /// IPv4 with `IP` unset or empty: only where the node has no stored address.
    DetectedWhenMissing,
    /// What is stored stays.
    Kept,
    /// The same address for every node of the DaemonSet.
    Literal {
        address: String,
    },
    /// Taken from the pod, such as `status.hostIP`.
    FromField {
        path: String,
    },
    /// Not an address of this family (`Autodetect`, a trailing blank): calico-node exits.
    Exits {
        value: String,
    },
    Unknown {
        why: String,
    },
}

impl AddressSource {
    /// Whether the method decides anything; `None` when that is not known.
    pub fn uses_method(&self) -> Option<bool> {
        match self {
            Self::Detected | Self::DetectedWhenMissing => Some(true),
            Self::Unknown { .. } => None,
            _ => Some(false),
        }
    }
}

/// The backend none does not stop detection in these releases: node/pkg/lifecycle/startup/startup.go calls
/// `configureAndCheckIPAddressSubnets` whatever the backend, from 3.16.0 until 3.26.2 returned early there.
pub fn detects_without_networking(version: Version) -> bool {
    version.at_least(3, 16, 0) && !version.at_least(3, 26, 2)
}

pub fn gate(family: Family, ip: &Value, backend: &Backend) -> AddressSource {
    match backend {
        Backend::None => return AddressSource::Off,
        Backend::Unknown { why } => return AddressSource::Unknown { why: why.clone() },
        Backend::Bird | Backend::Vxlan => {}
    }
    let text = match ip {
        Value::Unset => "",
        Value::Literal(text) => text.as_str(),
        Value::Field(path) => return AddressSource::FromField { path: path.clone() },
        Value::PerNode(_) => return AddressSource::Unknown { why: "the value is put together for each pod".into() },
        Value::Secret => return AddressSource::Unknown { why: "the value is in a Secret".into() },
        Value::Unknown { why } => return AddressSource::Unknown { why: why.clone() },
    };
    match text {
        "autodetect" => AddressSource::Detected,
        "none" => AddressSource::Kept,
        "" if family == Family::V4 => AddressSource::DetectedWhenMissing,
        "" => AddressSource::Kept,
        other => match address::parse(other).filter(|cidr| address::family(cidr.addr()) == family) {
            Some(_) => AddressSource::Literal { address: other.to_owned() },
            None => AddressSource::Exits { value: other.to_owned() },
        },
    }
}

#[cfg(test)]
mod tests;
