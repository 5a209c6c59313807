//! What a node would take for its own address: node/pkg/lifecycle/startup/autodetection, by release.
//!
//! Checked against the answers of Calico's own code in 16 releases. What cannot be told from what was seen is `Unknown`, never a guess.

mod annotated;
mod effect;
mod host;
mod reach;
mod search;
mod table;

use std::fmt;
use std::net::IpAddr;

pub use annotated::{ANNOTATION, Annotated};
pub use effect::{AfterRestart, after_restart, given};
pub use host::{Host, Interfaces, Listed, Logged, Routing};
pub use reach::{Target, target};

use super::address::Cidr;
use super::method::{self, Method, Problem};
use super::version::Version;
use crate::snapshot::family::Family;
use search::Search;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DetectionResult {
    Address(Found),
    /// No address: the node keeps its stored one, or exits where it has none.
    None {
        why: String,
    },
    /// calico-node exits, whatever is stored.
    Exits {
        why: String,
    },
    /// Not told by what was seen of this node.
    Unknown {
        why: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub address: IpAddr,
    /// Not known from the annotation, which lists addresses alone.
    pub prefix_length: Option<u8>,
    pub interface: Option<String>,
}

impl Found {
    /// As it is stored, where the prefix length is known.
    pub fn cidr(&self) -> Option<Cidr> {
        Cidr::new(self.address, self.prefix_length?).ok()
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix_length {
            Some(length) => write!(f, "{}/{length}", self.address),
            None => self.address.fmt(f),
        }
    }
}

impl DetectionResult {
    pub fn found(&self) -> Option<&Found> {
        match self {
            Self::Address(found) => Some(found),
            _ => None,
        }
    }

    fn none(why: impl Into<String>) -> Self {
        Self::None { why: why.into() }
    }

    fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown { why: why.into() }
    }
}

/// One method of one release, ready to be asked of many hosts.
pub struct Detection<'m> {
    method: &'m Method,
    version: Version,
    /// The same on every host.
    settled: Option<DetectionResult>,
    search: Option<Search>,
}

impl<'m> Detection<'m> {
    pub fn new(method: &'m Method, version: Version) -> Self {
        let (settled, search) = match (settled(method, version), Search::of(method, version)) {
            (None, Err(outcome)) => (Some(outcome), None),
            (settled, search) => (settled, search.ok().flatten()),
        };
        Self { method, version, settled, search }
    }

    pub fn of(&self, family: Family, host: &Host) -> DetectionResult {
        if let Some(outcome) = &self.settled {
            return outcome.clone();
        }
        let outcome = match (self.method, &self.search) {
            (Method::KubernetesInternalIp, _) => self.internal_ip(family, host),
            (Method::CanReach { destination }, _) => reach::detect(destination, family, self.version, host),
            (method, Some(search)) => search.detect(method, family, self.version, host),
            (_, None) => DetectionResult::unknown("the method was not understood"),
        };
        match outcome {
            DetectionResult::Unknown { .. } => host.told(self.method, family).unwrap_or(outcome),
            outcome => outcome,
        }
    }

    /// The first InternalIP of the family; a second one is not tried.
    fn internal_ip(&self, family: Family, host: &Host) -> DetectionResult {
        let Some(listed) = host.internal_ips else {
            return match host.has_kubernetes_node {
                Some(false) => DetectionResult::none("there is no Kubernetes Node to ask"),
                _ => DetectionResult::unknown("the node's InternalIPs were not seen"),
            };
        };
        let listed = listed.iter().map(IpAddr::to_canonical);
        let Some(address) = listed.into_iter().find(|address| Family::from_address(*address) == family) else {
            return DetectionResult::none(format!("the node has no {family} InternalIP"));
        };
        match host.holding(address, self.version) {
            DetectionResult::Address(found) if method::problem(self.method, self.version) == Some(Problem::StoresNetworkAddress) => {
                match found.cidr() {
                    Some(cidr) => DetectionResult::Address(Found { address: cidr.network(), ..found }),
                    None => DetectionResult::unknown("this release stores the address of the network, whose length was not seen"),
                }
            }
            DetectionResult::None { .. } => DetectionResult::none(format!("no interface has the InternalIP {address}")),
            outcome => outcome,
        }
    }
}

/// A method of one release on one host.
pub fn detect(method: &Method, family: Family, version: Version, host: &Host) -> DetectionResult {
    Detection::new(method, version).of(family, host)
}

/// One of each kind of behaviour there has been; where the release is not known, all of them have to agree.
const ERAS: [Version; 13] = [
    Version::new(3, 14, 2),
    Version::new(3, 15, 5),
    Version::new(3, 20, 2),
    Version::new(3, 22, 1),
    Version::new(3, 22, 5),
    Version::new(3, 23, 4),
    Version::new(3, 23, 5),
    Version::new(3, 24, 1),
    Version::new(3, 24, 4),
    Version::new(3, 24, 6),
    Version::new(3, 25, 2),
    Version::new(3, 30, 7),
    Version::new(3, 32, 1),
];

/// The oldest and the newest release whose behaviour was recorded.
pub const RELEASES: (Version, Version) = (ERAS[0], ERAS[ERAS.len() - 1]);

/// Where the release is not known: what every release would find.
pub fn detect_in_any_release(method: &Method, family: Family, host: &Host) -> DetectionResult {
    let mut outcomes = ERAS.iter().map(|version| detect(method, family, *version, host));
    let Some(first) = outcomes.next() else { return DetectionResult::unknown("no release to ask") };
    if outcomes.all(|outcome| outcome == first) {
        first
    } else {
        DetectionResult::unknown("it depends on the release of Calico, which is not known")
    }
}

/// What every host answers alike.
fn settled(method: &Method, version: Version) -> Option<DetectionResult> {
    Some(match method::problem(method, version)? {
        Problem::Invalid { value } => DetectionResult::Exits { why: format!("{value:?} is not a valid method") },
        Problem::UnknownToRelease { since } => DetectionResult::Exits { why: format!("Calico knows this method only from {since}") },
        Problem::BadPattern { why } => DetectionResult::none(format!("its regular expression is refused: {why}")),
        Problem::BadCidr { text } => DetectionResult::none(method::bad_network(&text)),
        Problem::UnreadablePattern { why } => DetectionResult::unknown(why),
        Problem::StoresNetworkAddress | Problem::MatchesEverything | Problem::ExcludesEverything | Problem::ReachesLoopback { .. } => {
            return None;
        }
    })
}

/// From 3.32.0 an address with a peer is stored as a single host's: autodetection/interfaces.go.
fn stored_length(prefix_length: u8, address: IpAddr, has_peer: bool, version: Version) -> u8 {
    let whole = if address.is_ipv4() { 32 } else { 128 };
    if has_peer && version.at_least(3, 32, 0) { whole } else { prefix_length }
}

#[cfg(test)]
mod tests;
