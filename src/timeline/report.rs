//! What a timeline says: the one shape that the picture, the JSON and the YAML are made from.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Gap, Verdict};

pub const KIND: &str = "StartupTimeline";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// `calico-fix/v1`
    pub api_version: String,
    /// `StartupTimeline`
    pub kind: String,
    pub verdict: Verdict,
    /// One for each file, or for each node asked about.
    pub logs: Vec<Timeline>,
    /// Worst first.
    pub findings: Vec<Finding>,
    pub unseen: Vec<Gap>,
    /// What a log at DEBUG would add, where it would add anything.
    pub debug_would_add: Option<String>,
}

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
    pub attempts: Vec<Attempt>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// Counted from the log's beginning.
    pub number: u64,
    #[schemars(with = "Option<String>")]
    pub began: Option<Timestamp>,
    pub end: End,
    pub phases: Vec<PhaseRow>,
    /// What it was at, and the last it said, before it started or ended.
    pub last: Option<Last>,
    /// `null` where the log does not tell them (it takes DEBUG).
    pub requests: Option<Requests>,
    pub detection: Detection,
    /// How long a whole start takes; `null` where it cannot be told.
    pub needs: Option<Need>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct End {
    pub how: How,
    /// Seconds from its first line, or from the container's start.
    pub after_seconds: Option<f64>,
    /// In a few words.
    pub why: Option<String>,
    /// Seen, and not only concluded from the log.
    pub certain: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// `Calico node started successfully`
    Started,
    /// It gave up by itself.
    Exited,
    /// In mid-work, without a word of its own.
    Killed,
    /// Killed by the kernel for want of memory.
    OutOfMemory,
    /// It is still at work.
    Running,
    /// The log ends; whether the attempt did is not known.
    NotKnown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    Beginning,
    ConnectingToDatastore,
    DetectingAddress,
    /// Reading every other node.
    CheckingConflicts,
    StoringAddress,
    AllocatingTunnelAddress,
    /// Started: Felix and BIRD come up.
    ComingUp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhaseRow {
    pub phase: Phase,
    /// Seconds from the attempt's first line.
    pub begins_seconds: f64,
    pub seconds: f64,
    /// The attempt ended in it.
    pub unfinished: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Last {
    pub phase: Option<Phase>,
    #[schemars(with = "Option<String>")]
    pub at: Option<Timestamp>,
    /// The message, secrets masked.
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Requests {
    pub reads: u64,
    pub writes: u64,
    pub per_second: Option<f64>,
    /// Where the conflict check reads the nodes one by one.
    pub nodes: Option<NodeReads>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeReads {
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
pub struct Detection {
    pub chosen: Vec<Chosen>,
    /// Nothing was found and the stored address was kept.
    pub kept_old: bool,
    /// Those that were looked at, in their order; `null` below DEBUG.
    pub interfaces: Option<Vec<Interface>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Chosen {
    pub address: String,
    pub interface: Option<String>,
    /// `a bridge made by Docker`, for an interface that software made.
    pub made: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Interface {
    pub name: String,
    pub addresses: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Need {
    pub seconds: f64,
    pub basis: Basis,
    /// For so many nodes.
    pub nodes: Option<u64>,
    /// What one request to the datastore takes.
    pub round_trip_seconds: Option<f64>,
    /// A start-up budget with room to spare.
    pub budget_seconds: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// It started.
    Measured,
    /// From how many nodes were read in which time.
    NodeReads,
    /// From the time that its first steps took.
    RoundTrips,
}

impl Phase {
    pub fn describe(self) -> &'static str {
        use crate::calico::startup_log::Phase as Step;
        match self {
            Self::Beginning => Step::Begun.describe(),
            Self::ConnectingToDatastore => Step::ConnectingToDatastore.describe(),
            Self::DetectingAddress => Step::DetectingAddress.describe(),
            Self::CheckingConflicts => Step::CheckingConflicts.describe(),
            Self::StoringAddress => Step::StoringAddress.describe(),
            Self::AllocatingTunnelAddress => Step::AllocatingTunnelAddress.describe(),
            Self::ComingUp => "started; Felix and BIRD come up",
        }
    }
}
