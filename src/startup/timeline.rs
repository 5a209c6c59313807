//! Rows of a start as a log shows it: phases, last words, requests, detection, and how long a whole start takes.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calico::startup_log::StartPhase;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Timeline {
    /// The file or the pod.
    pub from: String,
    pub node: Option<String>,
    /// CALICO_STARTUP_LOGLEVEL, as the log says it.
    pub level: Option<String>,
    pub calico_version: Option<String>,
    /// `kubernetes`, `etcdv3` or `etcdv2`
    pub datastore: Option<String>,
    pub lines: u64,
    /// Seconds its probes give it to start, where that is known.
    pub start_budget_seconds: Option<u32>,
    /// Older attempts in the same log that are not listed.
    pub attempts_left_out: u64,
    /// Oldest first.
    pub attempts: Vec<AttemptRow>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttemptRow {
    /// Counted from the log's beginning.
    pub number: u64,
    #[schemars(with = "Option<String>")]
    pub began: Option<Timestamp>,
    pub end: EndRow,
    pub phases: Vec<PhaseRow>,
    /// What it was at, and the last it said, before it started or ended.
    pub last: Option<LastWords>,
    /// `null` where the log does not tell them (it takes DEBUG).
    pub requests: Option<RequestCounts>,
    pub detection: DetectionRow,
    /// How long a whole start takes; `null` where it cannot be told.
    pub needs: Option<StartEstimate>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndRow {
    pub how: AttemptEnd,
    /// Seconds from its first line, or from the container's start.
    pub after_seconds: Option<f64>,
    /// In a few words.
    pub why: Option<String>,
    /// Seen, and not only concluded from the log.
    pub certain: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptEnd {
    /// `Calico node started successfully`
    Started,
    /// The container exited on its own.
    Exited,
    /// In mid-work, without a word of its own.
    Killed,
    /// Killed by the kernel because memory was short.
    OutOfMemory,
    /// It is still at work.
    Running,
    /// The log ends; whether the attempt did is not known.
    NotKnown,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhaseRow {
    pub phase: StartPhase,
    /// Seconds from the attempt's first line.
    pub begins_seconds: f64,
    pub seconds: f64,
    /// The attempt ended in it.
    pub unfinished: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastWords {
    pub phase: Option<StartPhase>,
    #[schemars(with = "Option<String>")]
    pub at: Option<Timestamp>,
    /// The message, secrets masked.
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestCounts {
    pub reads: u64,
    pub writes: u64,
    pub per_second: Option<f64>,
    /// Where the conflict check reads the nodes one by one.
    pub nodes: Option<NodeReadCounts>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeReadCounts {
    /// Nodes in the datastore.
    pub listed: Option<u64>,
    /// Read to their end.
    pub read: u64,
    pub reads_per_node: Option<f64>,
    pub reads_per_second: Option<f64>,
    pub last_node: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DetectionRow {
    pub chosen: Vec<ChosenAddress>,
    /// Nothing was found and the stored address was kept.
    pub kept_old: bool,
    /// Those that were looked at, in their order; `null` below DEBUG.
    pub interfaces: Option<Vec<InterfaceRow>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChosenAddress {
    pub address: String,
    pub interface: Option<String>,
    /// `a bridge made by Docker`, for an interface that software made.
    pub made: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InterfaceRow {
    pub name: String,
    pub addresses: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartEstimate {
    pub seconds: f64,
    pub basis: EstimateBasis,
    /// For so many nodes.
    pub nodes: Option<u64>,
    /// What one request to the datastore takes.
    pub round_trip_seconds: Option<f64>,
    /// A start-up budget with room to spare.
    pub budget_seconds: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EstimateBasis {
    /// It started.
    Measured,
    /// From how many nodes were read in which time.
    NodeReads,
    /// From the time that its first steps took.
    RoundTrips,
}
