//! The vocabulary of every report, without logic of its own.
//!
//! A `Report`, what `status` prints, holds a `Verdict`, `NodeRow`s, `Finding`s and `Gap`s.
//! A `Finding` has a `Code` with its properties (`code`), a `Severity`, nodes, `Evidence` with its `Source`, and a `Fix`.
//! `verdict` is the only place that decides healthy, sick or unknown; `health` does the same for one node.

pub mod code;
pub mod health;
mod report;
pub mod verdict;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::code::Code;

pub use report::{ClusterSummary, NodeRow, Report, SessionCount, SessionRow, StartTime};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub code: Code,
    pub severity: Severity,
    /// The culprits, not the nodes that merely suffer.
    pub nodes: Vec<String>,
    /// One sentence.
    pub message: String,
    pub evidence: Vec<Evidence>,
    pub fix: Option<Fix>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Traffic is or will be lost.
    Error,
    /// Works now, and may fail later.
    Warning,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    pub source: Source,
    pub node: Option<String>,
    pub text: String,
}

/// Where evidence was read. The order is that of the evidence ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    Annotation,
    Node,
    DaemonSet,
    Pod,
    Event,
    Installation,
    TigeraStatus,
    ClusterInformation,
    Birdcl,
    Interfaces,
    Log,
    CalicoNodeStatus,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fix {
    /// What to type. Where this plugin can make the change: its own command, which previews, asks, verifies and rolls back.
    /// Elsewhere a command that can be pasted whole.
    pub command: String,
    /// What the command sets or shows, and what that does.
    pub why: String,
    /// The same change with kubectl alone: no preview, no verification, no rollback. Only where `command` is this plugin's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<ByHand>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ByHand {
    pub command: String,
    /// `calico-node on all 53 nodes`
    pub restarts: String,
}

impl Fix {
    /// A command to paste, which this plugin does not guard.
    pub fn next_step(command: String, why: impl Into<String>) -> Self {
        Self { command, why: why.into(), by_hand: None }
    }

    /// The command is this plugin's own and makes a change.
    pub fn is_guarded(&self) -> bool {
        self.command.strip_prefix("kubectl calico-fix ").is_some_and(|rest| !rest.starts_with("status"))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// `BIRD`, `logs`, `events`, …
    pub what: String,
    pub nodes: Vec<String>,
    pub why: String,
    /// Without it a healthy verdict is not possible.
    #[serde(rename = "matters")]
    pub blocks_healthy: bool,
    /// Time will tell: `status --wait` ends when it has.
    #[serde(skip)]
    pub passing: bool,
}

impl Gap {
    /// `BIRD of node-1`, `whether calico-node runs on node-1`.
    pub fn what_and_where(&self, list: impl FnOnce(&[String]) -> String) -> String {
        match (self.nodes.as_slice(), self.what.starts_with("whether ")) {
            ([], _) => self.what.clone(),
            (nodes, true) => format!("{} on {}", self.what, list(nodes)),
            (nodes, false) => format!("{} of {}", self.what, list(nodes)),
        }
    }
}
