//! The document of `probes`: the one shape that the table, the JSON and the YAML are made from.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calico::probe::ProbeKind;
use crate::finding::code::Code;
use crate::finding::verdict::Verdict;
use crate::finding::{ClusterSummary, Finding, Fix, Gap};
use crate::input_source::InputSource;
use crate::probes::proposal::ProbeProposal;
use crate::startup::forecast::Forecast;
use crate::startup::rows::{Distribution, NodeStart};

pub const KIND: &str = "Probes";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProbesReport {
    /// `calico-fix/v1`
    pub api_version: String,
    /// `Probes`
    pub kind: String,
    #[schemars(with = "String")]
    pub taken_at: Timestamp,
    pub verdict: Verdict,
    pub cluster: ClusterSummary,
    /// As the DaemonSet has them now.
    pub probes: Vec<ProbeRow>,
    /// Of the starts that came to their end.
    pub distribution: Option<Distribution>,
    /// Those in danger first, then the slowest.
    pub nodes: Vec<NodeStart>,
    /// Of the kinds that keep calico-node from starting or staying up.
    pub findings: Vec<Finding>,
    /// How each finding that more time does not fix is fixed by hand.
    pub cures: Vec<Cure>,
    /// Codes of findings of other kinds: `status` shows them.
    pub elsewhere: Vec<Code>,
    pub forecast: Forecast,
    pub proposal: Option<ProbeProposal>,
    /// The commands that make the proposed change.
    #[serde(default)]
    pub fix: Option<Fix>,
    /// Why nothing is proposed, where something is wrong.
    pub no_proposal: Option<String>,
    /// What `--fix` could put right.
    pub fixable: Vec<String>,
    pub unseen: Vec<Gap>,
    /// The files and pasted texts that this is judged from; empty for a cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<InputSource>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cure {
    pub code: Code,
    pub cure: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProbeRow {
    pub probe: ProbeKind,
    pub asks: String,
    pub initial_delay_seconds: u32,
    pub period_seconds: u32,
    pub timeout_seconds: u32,
    pub failure_threshold: u32,
}
