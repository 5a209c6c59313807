//! How long a start would have taken, told from how far it came.

use super::budget::{ObservedStarts, estimate_budget};
use super::phases::{self, seconds};
use super::timed_runs;
use super::timeline::{EstimateBasis, StartEstimate};
use crate::calico::startup_log::{self, Attempt};
use crate::calico::version::Version;
use crate::snapshot::inside::MarkKind;

/// A shorter round trip is no cause of a slow start, and its estimate would be noise.
const SHORTEST: f64 = 0.02;

pub fn estimate(attempt: &Attempt) -> Option<StartEstimate> {
    if let Some(took) = startup_log::started_after(&attempt.log) {
        return Some(with_budget(attempt, took.as_secs_f64(), EstimateBasis::Measured));
    }
    by_nodes(attempt).or_else(|| by_round_trips(attempt))
}

/// What a budget stands on, for an attempt that lasted so long.
pub fn observed_starts(seconds: f64, basis: EstimateBasis, lasted: Option<f64>) -> ObservedStarts {
    match basis {
        EstimateBasis::Measured => ObservedStarts { measured: Some(seconds), ..ObservedStarts::default() },
        EstimateBasis::NodeReads | EstimateBasis::RoundTrips => {
            ObservedStarts { cut_off: Some(lasted.unwrap_or(seconds)), forecast: Some(seconds.ceil()), ..ObservedStarts::default() }
        }
    }
}

fn with_budget(attempt: &Attempt, seconds: f64, basis: EstimateBasis) -> StartEstimate {
    let lasted = attempt.log.first.zip(attempt.log.last).map(|(first, last)| phases::seconds(first, last));
    let budget_seconds = estimate_budget(&observed_starts(seconds, basis, lasted)).seconds;
    StartEstimate { seconds: (seconds * 1000.0).round() / 1000.0, basis, nodes: None, round_trip_seconds: None, budget_seconds }
}

/// The nodes that are left take as long, each, as those that were read.
fn by_nodes(attempt: &Attempt) -> Option<StartEstimate> {
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
    let mut need = with_budget(attempt, seconds(first, began) + all, EstimateBasis::NodeReads);
    (need.nodes, need.round_trip_seconds) = (Some(nodes as u64), Some((round_trip * 1000.0).round() / 1000.0));
    Some(need)
}

fn by_round_trips(attempt: &Attempt) -> Option<StartEstimate> {
    let is_etcd = attempt.details.datastore.as_deref().is_some_and(|datastore| datastore.starts_with("etcd"));
    let whole = attempt.log.marks.iter().any(|mark| matches!(mark.kind, MarkKind::LogLevel | MarkKind::Starting));
    let troubled = attempt.log.marks.iter().any(|mark| matches!(mark.kind, MarkKind::DatastoreRetry | MarkKind::DatastoreSkipped));
    if is_etcd || troubled || !whole {
        return None;
    }
    let version: Option<Version> = attempt.details.version.as_deref().and_then(Version::parse);
    let has_tunnel = attempt.log.marks.iter().any(|mark| mark.text.starts_with("Current address is still valid"));
    let trips = timed_runs::step_trips(version.is_some_and(|version| version.at_least(3, 32, 0)), has_tunnel);
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
    // As `probes` has it: the most that was measured, for a budget must do for that.
    let mut need = with_budget(attempt, round_trip * timed_runs::round_trips(has_tunnel).most, EstimateBasis::RoundTrips);
    need.round_trip_seconds = Some((round_trip * 1000.0).round() / 1000.0);
    (round_trip >= SHORTEST).then_some(need)
}
