//! The document of `status`: a row for each node, the findings, and what could not be seen.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::code::Code;
use super::verdict::Verdict;
use super::{Finding, Gap};
use crate::input_source::InputSource;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// `calico-fix/v1`
    pub api_version: String,
    /// `Status`
    pub kind: String,
    #[schemars(with = "String")]
    pub taken_at: Timestamp,
    pub verdict: Verdict,
    pub cluster: ClusterSummary,
    pub nodes: Vec<NodeRow>,
    /// Worst first.
    pub findings: Vec<Finding>,
    /// What could not be seen: nothing of it counts as healthy.
    pub unseen: Vec<Gap>,
    /// The files and pasted texts that this is judged from; empty for a cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<InputSource>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterSummary {
    pub context: Option<String>,
    pub server: Option<String>,
    pub kubernetes_version: Option<String>,
    /// `namespace/name` of the DaemonSet.
    pub daemon_set: Option<String>,
    /// How Calico was installed: `manifest`, `operator`, `canal`, `kubespray`, …
    pub flavour: Option<String>,
    /// Who would put a direct edit back: `Installation/default`, `Helm`, `Argo CD`, …
    pub owner: Option<String>,
    pub calico_version: Option<String>,
    /// The release of a planned upgrade, by whose rules addresses and probes are judged instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged_as: Option<String>,
    /// `bird`, `vxlan` or `none`.
    pub backend: Option<String>,
    /// `kubernetes` or `etcd`.
    pub datastore: Option<String>,
    /// The method that decides each node's address, as configured.
    pub autodetection_method: Option<String>,
    pub nodes: usize,
    pub nodes_ready: usize,
    /// Nodes of which it is not known whether calico-node is Ready.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nodes_unknown: usize,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// One node: `null` is *not known*, never zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeRow {
    pub name: String,
    pub pod: Option<String>,
    /// Of the calico-node pod.
    pub ready: Option<bool>,
    /// The IPv4 address Calico has stored for the node, with its prefix length.
    pub address: Option<String>,
    pub address6: Option<String>,
    /// The interface that holds `address` (else `address6`).
    pub interface: Option<String>,
    pub internal_ips: Vec<String>,
    pub bgp4: Option<SessionCount>,
    pub bgp6: Option<SessionCount>,
    pub restarts: Option<i32>,
    /// Seconds calico-node took to start; `atLeast` when it was cut off, `atMost` when only its readiness is known.
    pub start: Option<StartTime>,
    /// Seconds its probes give it to start.
    pub start_budget_seconds: Option<u32>,
    pub findings: Vec<Code>,
    pub sessions: Vec<SessionRow>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionCount {
    pub established: u32,
    pub total: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartTime {
    pub seconds: f64,
    pub at_least: bool,
    /// Told by readiness alone, which comes some seconds after the start.
    #[serde(default)]
    pub at_most: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionRow {
    /// 4 or 6
    pub family: u8,
    pub peer_address: String,
    pub peer_port: Option<u16>,
    /// The node that has this address, where one does.
    pub peer_node: Option<String>,
    /// `node-to-node mesh`, `node specific`, `global`, `local workload`, or `not Calico's`: then `peerAddress` is the name in BIRD.
    pub peer_type: String,
    pub state: String,
    pub since: String,
    pub info: String,
}
