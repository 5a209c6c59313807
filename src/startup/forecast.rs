//! Forecast of a whole start for each node, and when it no longer fits.
//!
//! With the Kubernetes datastore a start grows with the round trip alone. With etcd it grows with the number of nodes too: the
//! conflict check reads every other node's keys one by one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::container_run::RunEnd;
use super::estimate::{RoundTripStart, has_tunnel_address, round_trip_start};
use super::measure::Measurement;
use crate::calico::environment::Datastore;
use crate::calico::startup_log;
use crate::model::ClusterModel;
use crate::snapshot::inspection::{LogEventKind, StartupLog};

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

/// Seconds: a shorter conflict check tells nothing.
const NOISE: f64 = 0.05;

pub fn forecast(view: &ClusterModel, measured: &[Measurement]) -> Forecast {
    let datastore = view.install.environment().map(|environment| environment.datastore());
    let name = view.install.datastore_name();
    let of = |node: fn(&ClusterModel, &Measurement) -> Option<NodeForecast>| {
        let mut nodes: Vec<NodeForecast> = measured.iter().filter_map(|measured| node(view, measured)).collect();
        nodes.sort_by(|a, b| b.start_seconds_to.unwrap_or(0.0).total_cmp(&a.start_seconds_to.unwrap_or(0.0)));
        nodes
    };
    let (nodes, unknown) = match datastore {
        Some(Datastore::Kubernetes) => (of(by_round_trip), "no log shows the round trip to the datastore (a log at INFO of a start does)"),
        Some(Datastore::Etcd) => {
            (of(by_nodes), "no log shows how long the conflict check took (a log at INFO of a start that passed the check does)")
        }
        Some(Datastore::Unknown { .. }) | None => (Vec::new(), "which datastore Calico uses is not known"),
    };
    let unknown = nodes.is_empty().then(|| unknown.to_owned());
    Forecast { datastore: name, nodes, unknown }
}

/// The log of the start that was killed tells most; else the newest that tells anything.
fn by_round_trip(view: &ClusterModel, measured: &Measurement) -> Option<NodeForecast> {
    let start = round_trip_start_of(view, measured)?;
    let budget = measured.budget();
    Some(NodeForecast {
        node: measured.node.to_owned(),
        round_trip_seconds: Some(start.round_trip),
        start_seconds_from: Some(start.least_seconds()),
        start_seconds_to: Some(start.most_seconds()),
        budget_seconds: budget.and_then(|budget| u32::try_from(budget.as_secs()).ok()),
        exceeded_at_round_trip_seconds: budget.map(|budget| budget.as_secs_f64() / start.trips.most),
        ..NodeForecast::default()
    })
}

/// `None` where no log of the node tells a round trip to the Kubernetes API.
pub fn round_trip_start_of(view: &ClusterModel, measured: &Measurement) -> Option<RoundTripStart> {
    let environment = view.install.environment()?;
    if environment.datastore() != Datastore::Kubernetes {
        return None;
    }
    let has_tunnel = || view.node(measured.node).and_then(has_tunnel_address);
    let killed = measured.runs.iter().filter(|run| run.end == RunEnd::KilledWhileStarting);
    let logs = killed.chain(&measured.runs).filter_map(|run| run.log);
    logs.filter_map(|log| round_trip_start(log, view.install.version(), has_tunnel())).next()
}

fn by_nodes(view: &ClusterModel, measured: &Measurement) -> Option<NodeForecast> {
    let count = u32::try_from(view.nodes.len()).ok().filter(|count| *count > 1)?;
    let nodes = f64::from(count);
    let budget = measured.budget();
    let told = measured.runs.iter().filter_map(|attempt| Some((attempt, attempt.log?)));
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
    let mut marks = log.marks.iter();
    let begun = marks.find(|mark| mark.kind == LogEventKind::ConflictCheck)?.at?;
    let after = marks.find(|mark| mark.kind != LogEventKind::NodeRead).and_then(|mark| mark.at);
    Some(after.or(log.last)?.duration_since(begun).as_secs_f64())
}
