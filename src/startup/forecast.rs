//! How long a start would take, and when it no longer fits: with the Kubernetes datastore it grows with the round trip alone, with etcd
//! with the nodes too, for the conflict check reads every other node's keys one by one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::measure::Measurement;
use super::timed_runs::{VERIFIED_TO_DETECTED, round_trips};
use crate::calico::environment::Datastore;
use crate::calico::startup_log;
use crate::diagnosis::view::{NodeView, View};
use crate::snapshot::inside::{Mark, MarkKind, StartupLog};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Forecast {
    /// `kubernetes`, `etcd`, or `null` where it is not known.
    pub datastore: Option<String>,
    pub nodes: Vec<NodeForecast>,
    /// Why nothing, or nothing more, can be said.
    pub unknown: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeForecast {
    pub node: String,
    /// To the datastore and back, read off the gaps in the node's log.
    pub round_trip_seconds: Option<f64>,
    /// With etcd: what each node in the cluster adds to the start.
    pub seconds_per_node: Option<f64>,
    pub start_seconds_from: Option<f64>,
    pub start_seconds_to: Option<f64>,
    pub budget_seconds: Option<u32>,
    /// A start no longer fits into the budget from this round trip on.
    pub exceeded_at_round_trip_seconds: Option<f64>,
    /// With etcd: … or from about so many nodes on.
    pub exceeded_at_nodes: Option<u32>,
}

/// What a node must have taken at least to say anything: shorter is noise.
const NOISE: f64 = 0.05;

pub fn forecast(view: &View, measured: &[Measurement]) -> Forecast {
    let datastore = view.install.environment().map(|environment| environment.datastore());
    let name = view.install.datastore_name();
    let of = |node: fn(&View, &Measurement) -> Option<NodeForecast>| {
        let mut nodes: Vec<NodeForecast> = measured.iter().filter_map(|measured| node(view, measured)).collect();
        nodes.sort_by(|a, b| b.start_seconds_to.unwrap_or(0.0).total_cmp(&a.start_seconds_to.unwrap_or(0.0)));
        nodes
    };
    let (nodes, unknown) = match datastore {
        Some(Datastore::Kubernetes) => (of(by_round_trip), "no log tells the datastore's round trip (it needs INFO lines of a start)"),
        Some(Datastore::Etcd) => {
            (of(by_nodes), "no log tells how long the conflict check took (it needs INFO lines of a start that passed it)")
        }
        Some(Datastore::Unknown { .. }) | None => (Vec::new(), "which datastore Calico uses is not known"),
    };
    let unknown = nodes.is_empty().then(|| unknown.to_owned());
    Forecast { datastore: name, nodes, unknown }
}

fn gap(log: &StartupLog, from: MarkKind, to: MarkKind) -> Option<f64> {
    let at = |kind| log.marks.iter().find(|mark: &&Mark| mark.kind == kind)?.at;
    let seconds = at(to)?.duration_since(at(from)?).as_secs_f64();
    (seconds >= 0.0).then_some(seconds)
}

/// Seconds to the Kubernetes API and back.
pub fn round_trip(log: &StartupLog) -> Option<f64> {
    gap(log, MarkKind::DatastoreVerified, MarkKind::Autodetected).map(|gap| gap / VERIFIED_TO_DETECTED)
}

fn by_round_trip(view: &View, measured: &Measurement) -> Option<NodeForecast> {
    let round_trip = measured.attempts.iter().filter_map(|attempt| attempt.log).find_map(round_trip)?;
    let trips = round_trips(view.node(measured.node).is_some_and(is_known));
    let budget = measured.allowed();
    Some(NodeForecast {
        node: measured.node.to_owned(),
        round_trip_seconds: Some(round_trip),
        start_seconds_from: Some(round_trip * trips.fewest),
        start_seconds_to: Some(round_trip * trips.most),
        budget_seconds: budget.and_then(|budget| u32::try_from(budget.as_secs()).ok()),
        exceeded_at_round_trip_seconds: budget.map(|budget| budget.as_secs_f64() / trips.most),
        ..NodeForecast::default()
    })
}

/// It has its tunnel's address from an earlier start, and skips assigning one.
fn is_known(node: &NodeView) -> bool {
    const TUNNELS: [&str; 2] = ["projectcalico.org/IPv4IPIPTunnelAddr", "projectcalico.org/IPv4VXLANTunnelAddr"];
    node.node.is_some_and(|node| TUNNELS.iter().any(|name| node.metadata.annotations.contains_key(*name)))
}

fn by_nodes(view: &View, measured: &Measurement) -> Option<NodeForecast> {
    let count = u32::try_from(view.nodes.len()).ok().filter(|count| *count > 1)?;
    let nodes = f64::from(count);
    let budget = measured.allowed();
    let told = measured.attempts.iter().filter_map(|attempt| Some((attempt, attempt.log?)));
    for (attempt, log) in told {
        let check = conflict_check(log);
        let whole = attempt.start.filter(|start| !start.at_most);
        let (Some(check), Some(whole)) = (check.filter(|check| *check > NOISE), whole) else { continue };
        let passed = startup_log::last_phase(log) > Some(startup_log::StartPhase::CheckingConflicts);
        let per_node = check / nodes;
        let rest = (whole.seconds - check).max(0.0);
        // One that was cut off in the check tells that the check alone takes longer.
        let fits = budget.map(|budget| (budget.as_secs_f64() - rest) / per_node).filter(|fits| passed && *fits > 0.0);
        return Some(NodeForecast {
            node: measured.node.to_owned(),
            seconds_per_node: Some(per_node),
            start_seconds_from: Some(whole.seconds),
            start_seconds_to: Some(whole.seconds).filter(|_| passed && !whole.at_least),
            budget_seconds: budget.and_then(|budget| u32::try_from(budget.as_secs()).ok()),
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of nodes, bounded")]
            exceeded_at_nodes: fits.map(|fits| fits.min(1e6) as u32),
            ..NodeForecast::default()
        });
    }
    None
}

/// From the beginning of the conflict check to what comes after it, or to the end of the log.
fn conflict_check(log: &StartupLog) -> Option<f64> {
    let from = log.marks.iter().position(|mark| mark.kind == MarkKind::ConflictCheck)?;
    let begun = log.marks[from].at?;
    let after = log.marks[from + 1..].iter().find(|mark| mark.kind != MarkKind::NodeRead).and_then(|mark| mark.at);
    Some(after.or(log.last)?.duration_since(begun).as_secs_f64())
}
