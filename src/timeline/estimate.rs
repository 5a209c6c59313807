//! How long a start would have taken, told from how far it came.

use super::phases::{self, seconds};
use super::report::{Basis, Need};
use crate::calico::startup_log::{self, Attempt};
use crate::calico::version::Version;
use crate::snapshot::inspection::LogEventKind;
use crate::startup::measured;
use crate::startup::sizing::{Starts, size};

/// A shorter round trip is no cause of a slow start, and its estimate would be noise.
const SHORTEST: f64 = 0.02;

pub fn need(attempt: &Attempt) -> Option<Need> {
    if let Some(took) = startup_log::started_after(&attempt.log) {
        return Some(of(attempt, took.as_secs_f64(), Basis::Measured));
    }
    by_nodes(attempt).or_else(|| by_round_trips(attempt))
}

/// What a budget stands on, for an attempt that lasted so long.
pub fn starts(seconds: f64, basis: Basis, lasted: Option<f64>) -> Starts {
    match basis {
        Basis::Measured => Starts { measured: Some(seconds), ..Starts::default() },
        Basis::NodeReads | Basis::RoundTrips => {
            Starts { cut_off: Some(lasted.unwrap_or(seconds)), forecast: Some(seconds.ceil()), ..Starts::default() }
        }
    }
}

fn of(attempt: &Attempt, seconds: f64, basis: Basis) -> Need {
    let lasted = attempt.log.first.zip(attempt.log.last).map(|(first, last)| phases::seconds(first, last));
    let budget_seconds = size(&starts(seconds, basis, lasted)).seconds;
    Need { seconds: (seconds * 1000.0).round() / 1000.0, basis, nodes: None, round_trip_seconds: None, budget_seconds }
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
    let mut need = of(attempt, seconds(first, began) + all, Basis::NodeReads);
    (need.nodes, need.round_trip_seconds) = (Some(nodes as u64), Some((round_trip * 1000.0).round() / 1000.0));
    Some(need)
}

fn by_round_trips(attempt: &Attempt) -> Option<Need> {
    let is_etcd = attempt.details.datastore.as_deref().is_some_and(|datastore| datastore.starts_with("etcd"));
    let whole = attempt.log.marks.iter().any(|mark| matches!(mark.kind, LogEventKind::LogLevel | LogEventKind::Starting));
    let troubled = attempt.log.marks.iter().any(|mark| matches!(mark.kind, LogEventKind::DatastoreRetry | LogEventKind::DatastoreSkipped));
    if is_etcd || troubled || !whole {
        return None;
    }
    let version: Option<Version> = attempt.details.version.as_deref().and_then(Version::parse);
    let has_tunnel = attempt.log.marks.iter().any(|mark| mark.text.starts_with("Current address is still valid"));
    let trips = measured::steps(version.is_some_and(|version| version.at_least(3, 32, 0)), has_tunnel);
    let at = |kind: LogEventKind| attempt.log.marks.iter().find(|mark| mark.kind == kind).and_then(|mark| mark.at);
    // The farthest step tells most.
    let (reached, at) = [
        (trips.allocating, at(LogEventKind::TunnelAddress)),
        (trips.named, at(LogEventKind::NodeName)),
        (trips.detected, at(LogEventKind::Autodetected)),
        (trips.verified, at(LogEventKind::DatastoreVerified)),
    ]
    .into_iter()
    .find_map(|(trips, at)| Some((trips, at?)))?;
    let round_trip = seconds(attempt.log.first?, at) / reached;
    // As `probes` has it: the most that was measured, for a budget must do for that.
    let mut need = of(attempt, round_trip * measured::trips(has_tunnel).most, Basis::RoundTrips);
    need.round_trip_seconds = Some((round_trip * 1000.0).round() / 1000.0);
    (round_trip >= SHORTEST).then_some(need)
}
