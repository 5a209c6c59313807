//! How long a whole start takes, from one log: measured, by nodes read, or by round trips.
//!
//! `status`, `probes` and `debug-log` all use it: one log gives the same seconds everywhere.

use super::budget::{ObservedStarts, estimate_budget};
use super::phases::seconds;
use super::timed_runs::{self, RoundTrips, VERIFIED_TO_DETECTED};
use super::timeline::{EstimateBasis, StartEstimate};
use crate::calico::startup_log::{self, Attempt, Outcome};
use crate::calico::tunnel_addresses::TUNNELS;
use crate::calico::version::Version;
use crate::model::NodeModel;
use crate::snapshot::inspection::{LogEvent, LogEventKind, StartupLog};

/// Seconds: a shorter round trip is not the cause of a slow start, and its estimate is noise.
const SHORTEST: f64 = 0.02;

/// A start with the Kubernetes datastore, told by its round trip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoundTripStart {
    /// Seconds to the datastore and back.
    pub round_trip: f64,
    /// Of a whole start.
    pub trips: RoundTrips,
}

impl RoundTripStart {
    pub fn least_seconds(&self) -> f64 {
        self.round_trip * self.trips.fewest
    }

    /// A budget must suffice for this.
    pub fn most_seconds(&self) -> f64 {
        self.round_trip * self.trips.most
    }
}

/// `has_tunnel`: the node's tunnel address is stored, as far as its Node object tells.
pub fn round_trip_start(log: &StartupLog, version: Option<Version>, has_tunnel: Option<bool>) -> Option<RoundTripStart> {
    let is_known = is_known_node(log, has_tunnel);
    let round_trip = round_trip(log).or_else(|| by_first_steps(log, version, is_known))?;
    Some(RoundTripStart { round_trip, trips: timed_runs::round_trips(is_known) })
}

/// Whether an earlier start stored the addresses, which makes this one shorter. The log outranks the Node object: that is
/// of now, and this very start may have stored the tunnel address.
fn is_known_node(log: &StartupLog, has_tunnel: Option<bool>) -> bool {
    let has = |kind: LogEventKind| log.marks.iter().any(|mark| mark.kind == kind);
    let says = |begins: &str| log.marks.iter().any(|mark| mark.kind == LogEventKind::TunnelAddress && mark.text.starts_with(begins));
    if says("Current address is still valid") {
        return true;
    }
    let assigns = ["Auto-assigned", "Assigned tunnel address", "Attempting to load block"].into_iter().any(says);
    !assigns && !has(LogEventKind::ConflictCheck) && has_tunnel.unwrap_or(has(LogEventKind::ConflictsChecked))
}

/// Whether the Node object holds a tunnel address; `None` where the object was not seen.
pub fn has_tunnel_address(node: &NodeModel) -> Option<bool> {
    let [ipip, vxlan, ..] = TUNNELS;
    node.node.map(|node| [ipip, vxlan].iter().any(|(annotation, _)| node.metadata.annotations.contains_key(*annotation)))
}

/// Seconds to the Kubernetes API and back, by the steps between the first answer and the detected address.
pub fn round_trip(log: &StartupLog) -> Option<f64> {
    let seconds =
        first(log, LogEventKind::Autodetected)?.at?.duration_since(first(log, LogEventKind::DatastoreVerified)?.at?).as_secs_f64();
    (seconds >= 0.0).then_some(seconds / VERIFIED_TO_DETECTED)
}

fn first(log: &StartupLog, kind: LogEventKind) -> Option<&LogEvent> {
    log.marks.iter().find(|mark| mark.kind == kind)
}

/// For a start that did not come to the detected address, or whose address is not detected. Retries make it useless.
fn by_first_steps(log: &StartupLog, version: Option<Version>, is_known: bool) -> Option<f64> {
    let has = |kind: LogEventKind| first(log, kind).is_some();
    let whole = has(LogEventKind::LogLevel) || has(LogEventKind::Starting);
    let troubled = has(LogEventKind::DatastoreRetry) || has(LogEventKind::DatastoreSkipped);
    if !whole || troubled || startup_log::outcome(log) == Outcome::Started {
        return None;
    }
    let trips = timed_runs::step_trips(version.is_some_and(|version| version.at_least(3, 32, 0)), is_known);
    let steps = [(trips.named, LogEventKind::NodeName), (trips.verified, LogEventKind::DatastoreVerified)];
    let (reached, at) = steps.into_iter().find_map(|(trips, kind)| Some((trips, first(log, kind)?.at?)))?;
    Some(seconds(log.first?, at) / reached)
}

/// For one attempt of a log.
pub fn estimate(attempt: &Attempt, has_tunnel: Option<bool>) -> Option<StartEstimate> {
    if let Some(took) = startup_log::started_after(&attempt.log) {
        return Some(with_budget(attempt, took.as_secs_f64(), EstimateBasis::Measured));
    }
    by_nodes_read(attempt).or_else(|| by_round_trips(attempt, has_tunnel))
}

/// What a budget stands on, for an attempt that lasted so long.
pub fn observed_starts(seconds: f64, basis: EstimateBasis, lasted: Option<f64>) -> ObservedStarts {
    match basis {
        EstimateBasis::Measured => ObservedStarts { measured: Some(seconds), ..ObservedStarts::default() },
        EstimateBasis::NodeReads | EstimateBasis::RoundTrips => {
            ObservedStarts { cut_off: Some(lasted.unwrap_or(seconds)), forecast: Some(seconds), ..ObservedStarts::default() }
        }
    }
}

/// The factor is `SAFETY` in `startup/budget.rs`.
fn with_budget(attempt: &Attempt, seconds: f64, basis: EstimateBasis) -> StartEstimate {
    let lasted = attempt.log.first.zip(attempt.log.last).map(|(first, last)| super::phases::seconds(first, last));
    let budget_seconds = estimate_budget(&observed_starts(seconds, basis, lasted)).seconds;
    StartEstimate { seconds: milliseconds(seconds), basis, nodes: None, round_trip_seconds: None, budget_seconds }
}

fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// The nodes that are left take as long, each, as those that were read.
fn by_nodes_read(attempt: &Attempt) -> Option<StartEstimate> {
    let check = &attempt.details.requests.check;
    let (began, last, first) = (check.began?, check.last?, attempt.log.first?);
    let nodes = check.listed.count().max(check.read.count());
    let (each, so_far) = (check.each()?, seconds(began, last));
    // More read than listed, or one pause for most of the time: lines are missing.
    let excerpt = check.listed.count() < check.read.count() || check.longest_pause > so_far / 2.0;
    if excerpt || so_far <= 0.0 || check.reads < 2 {
        return None;
    }
    let round_trip = so_far / (check.reads - 1) as f64;
    let all = (nodes as f64 * each).max(check.reads as f64) * round_trip;
    let mut estimate = with_budget(attempt, seconds(first, began) + all, EstimateBasis::NodeReads);
    (estimate.nodes, estimate.round_trip_seconds) = (Some(nodes as u64), Some(milliseconds(round_trip)));
    Some(estimate)
}

fn by_round_trips(attempt: &Attempt, has_tunnel: Option<bool>) -> Option<StartEstimate> {
    if attempt.details.datastore.as_deref().is_some_and(|datastore| datastore.starts_with("etcd")) {
        return None;
    }
    let version = attempt.details.version.as_deref().and_then(Version::parse);
    let start = round_trip_start(&attempt.log, version, has_tunnel).filter(|start| start.round_trip >= SHORTEST)?;
    let mut estimate = with_budget(attempt, start.most_seconds(), EstimateBasis::RoundTrips);
    estimate.round_trip_seconds = Some(milliseconds(start.round_trip));
    Some(estimate)
}
