//! How long a start would have taken, told from how far it came.

use std::time::Duration;

use super::phases::seconds;
use super::report::{Basis, Need};
use crate::calico::startup_log::{self, Attempt};
use crate::calico::version::Version;
use crate::diagnosis::roomy_budget;
use crate::snapshot::inside::MarkKind;

/// Round trips to the Kubernetes API until a step is reached.
struct Trips {
    verified: f64,
    detected: f64,
    named: f64,
    /// The allocator's first line.
    allocating: f64,
    /// Started, for a node that gets a new tunnel address, and for one that has one.
    started: f64,
    started_again: f64,
}

/// Timed runs of 3.24.5 with 3 and 1,003 nodes at round trips of 0 to 1,000 ms.
const CLASSIC: Trips = Trips { verified: 3.0, detected: 8.1, named: 14.5, allocating: 29.0, started: 59.8, started_again: 38.2 };
/// Timed runs of 3.34's development at 300 and 600 ms: it asks which API groups there are first.
const DISCOVERING: Trips = Trips { verified: 5.6, detected: 10.8, named: 22.2, allocating: 31.0, started: 60.7, started_again: 43.7 };

/// A shorter round trip is no cause of a slow start, and its estimate would be noise.
const SHORTEST: f64 = 0.02;

pub fn need(attempt: &Attempt) -> Option<Need> {
    if let Some(took) = startup_log::started_after(&attempt.log) {
        return Some(of(took.as_secs_f64(), Basis::Measured));
    }
    by_nodes(attempt).or_else(|| by_round_trips(attempt))
}

fn of(seconds: f64, basis: Basis) -> Need {
    let whole = Duration::try_from_secs_f64(seconds.clamp(0.0, 1e6)).unwrap_or_default();
    let seconds = (seconds * 1000.0).round() / 1000.0;
    Need { seconds, basis, nodes: None, round_trip_seconds: None, budget_seconds: roomy_budget(whole) }
}

/// The nodes that are left take as long, each, as those that were read.
fn by_nodes(attempt: &Attempt) -> Option<Need> {
    let check = &attempt.details.requests.check;
    let (began, last, first) = (check.began?, check.last?, attempt.log.first?);
    let nodes = check.listed.count().max(check.read.count());
    let (each, so_far) = (check.each()?, seconds(began, last));
    // More read than listed, or one pause for most of the time: somebody left lines out.
    let excerpt = check.listed.count() < check.read.count() || check.longest_pause > so_far / 2.0;
    if excerpt || so_far <= 0.0 || check.reads < 2 {
        return None;
    }
    let round_trip = so_far / (check.reads - 1) as f64;
    let all = (nodes as f64 * each).max(check.reads as f64) * round_trip;
    let mut need = of(seconds(first, began) + all, Basis::NodeReads);
    (need.nodes, need.round_trip_seconds) = (Some(nodes as u64), Some((round_trip * 1000.0).round() / 1000.0));
    Some(need)
}

fn by_round_trips(attempt: &Attempt) -> Option<Need> {
    let is_etcd = attempt.details.datastore.as_deref().is_some_and(|datastore| datastore.starts_with("etcd"));
    let whole = attempt.log.marks.iter().any(|mark| matches!(mark.kind, MarkKind::LogLevel | MarkKind::Starting));
    let troubled = attempt.log.marks.iter().any(|mark| matches!(mark.kind, MarkKind::DatastoreRetry | MarkKind::DatastoreSkipped));
    if is_etcd || troubled || !whole {
        return None;
    }
    let version: Option<Version> = attempt.details.version.as_deref().and_then(Version::parse);
    let trips = if version.is_some_and(|version| version.at_least(3, 32, 0)) { DISCOVERING } else { CLASSIC };
    let at = |kind: MarkKind| attempt.log.marks.iter().find(|mark| mark.kind == kind).and_then(|mark| mark.at);
    // The farthest step tells most.
    let (reached, at) = [
        (trips.allocating, at(MarkKind::TunnelAddress)),
        (trips.named, at(MarkKind::NodeName)),
        (trips.detected, at(MarkKind::Autodetected)),
        (trips.verified, at(MarkKind::DatastoreVerified)),
    ]
    .into_iter()
    .find_map(|(trips, at)| Some((trips, at?)))?;
    let round_trip = seconds(attempt.log.first?, at) / reached;
    let has_tunnel = attempt.log.marks.iter().any(|mark| mark.text.starts_with("Current address is still valid"));
    let total = if has_tunnel { trips.started_again } else { trips.started };
    let mut need = of(round_trip * total, Basis::RoundTrips);
    need.round_trip_seconds = Some((round_trip * 1000.0).round() / 1000.0);
    (round_trip >= SHORTEST).then_some(need)
}
