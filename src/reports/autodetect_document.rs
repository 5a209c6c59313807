//! What `autodetect` says: the one shape that the JSON and the YAML are made from.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::autodetect::{Column, Origin, Verdict};
use crate::calico::detect::DetectionResult;
use crate::diagnosis::API_VERSION;
use crate::finding::code::Code;
use crate::finding::{ClusterSummary, Fix, Source, verdict};
use crate::input_source::InputSource;
use crate::reports::autodetect::{AutodetectResult, risk};

pub const KIND: &str = "Autodetect";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// `calico-fix/v1`
    pub api_version: String,
    /// `Autodetect`
    pub kind: String,
    #[schemars(with = "String")]
    pub taken_at: Timestamp,
    /// As far as this verb sees it: the addresses, and errors that are not about them.
    pub verdict: verdict::Verdict,
    pub cluster: ClusterSummary,
    /// 4 or 6
    pub family: u8,
    /// The release that was asked about; `null` where it is not known.
    pub calico_version: Option<String>,
    /// Why addresses are not judged by InternalIPs alone; `null` where they are.
    pub internal_ips_not_trusted: Option<String>,
    pub nodes: Vec<MatrixRow>,
    /// The configured one first.
    pub methods: Vec<MethodRow>,
    /// A node and a method each.
    pub matrix: Vec<CellRow>,
    pub recommendation: RecommendationRow,
    /// The commands that set the recommended method, or the one that was asked for; `null` where nothing is to be changed.
    pub fix: Option<Fix>,
    /// Nodes on which calico-node exits because no address of this family is found, and whose interfaces have none.
    pub hosts_without_address: Vec<String>,
    /// The other family, where calico-node exits because no address of it is found.
    pub other_family: Option<OtherFamilyRow>,
    /// Codes of errors that are not about addresses: `status` shows them.
    pub elsewhere: Vec<Code>,
    /// The files and pasted texts that this is judged from; empty for a cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<InputSource>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "NodeRow")]
pub struct MatrixRow {
    pub name: String,
    pub internal_ip: Option<String>,
    /// What Calico has stored for the node now.
    pub stored: Option<String>,
    pub stored_interface: Option<String>,
    pub stored_verdict: Verdict,
    pub stored_reason: String,
    /// Where its interfaces were read; `null` when they were not.
    pub source: Option<Source>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MethodRow {
    pub method: String,
    /// The method is the one that is configured.
    pub current: bool,
    /// Of `nodes`: those that have the right address after a restart with this method.
    pub correct: usize,
    /// Of `nodes`: those of which that is not known.
    pub unknown: usize,
    /// What can make it pick another address one day; empty where that is not known.
    pub risk: String,
    /// Why this release refuses it.
    pub refused: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OtherFamilyRow {
    /// 4 or 6
    pub family: u8,
    pub nodes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CellRow {
    pub node: String,
    /// 4 or 6
    pub family: u8,
    pub method: String,
    /// The method is the one that is configured.
    pub current: bool,
    pub outcome: OutcomeName,
    pub interface: Option<String>,
    /// What the method finds, with its prefix length where that is known.
    pub address: Option<String>,
    pub verdict: Verdict,
    pub reason: String,
    /// What is stored after calico-node's next start; `null` where nothing is or that is not known.
    pub will_store: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeName {
    Address,
    None,
    Exits,
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecommendationRow {
    /// `null`: no method is known to be right on every node.
    pub method: Option<String>,
    /// It is the one that is configured.
    pub keep: bool,
    pub why: String,
    /// Nodes on which it is not known.
    pub unsure: Vec<String>,
    pub others: Vec<RejectedRow>,
    /// Where no method is recommended: which would be right on which nodes.
    pub groups: Vec<SuitedRow>,
    /// Where no method can find an address of this family: how its detection is switched off by hand.
    pub switch_off: Option<Fix>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SuitedRow {
    pub nodes: Vec<String>,
    pub methods: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RejectedRow {
    pub method: String,
    pub why: String,
}

impl Report {
    /// Of these nodes alone, where given; what is recommended is recommended for all.
    pub fn new(look: &AutodetectResult, only: Option<&BTreeSet<String>>) -> Self {
        let AutodetectResult { matrix, recommendation, .. } = look;
        let wanted = |name: &String| only.is_none_or(|only| only.contains(name));
        let family = matrix.family.number();
        let rows = matrix.nodes.iter().enumerate().filter(|(_, node)| wanted(&node.name));
        let cells = rows.clone().flat_map(|(place, node)| {
            matrix.columns.iter().filter_map(move |column| Some((node, column, column.cells.get(place)?))).map(|(node, column, cell)| {
                let found = cell.outcome.found();
                CellRow {
                    node: node.name.clone(),
                    family,
                    method: column.method.clone(),
                    current: column.origin == Origin::Current,
                    outcome: (&cell.outcome).into(),
                    interface: found.and_then(|found| found.interface.clone()),
                    address: found.map(ToString::to_string),
                    verdict: cell.verdict,
                    reason: cell.reason.clone(),
                    will_store: cell.will_store.clone(),
                }
            })
        });
        let places: Vec<usize> = rows.clone().map(|(place, _)| place).collect();
        Self {
            verdict: look.verdict(only),
            methods: matrix.columns.iter().map(|column| MethodRow::new(column, &places)).collect(),
            fix: look.fix(),
            hosts_without_address: look.hosts_without.clone(),
            other_family: look
                .other_family
                .as_ref()
                .map(|(family, nodes)| OtherFamilyRow { family: family.number(), nodes: nodes.clone() }),
            elsewhere: look.elsewhere.clone(),
            api_version: API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            taken_at: look.taken_at,
            cluster: look.cluster.clone(),
            family,
            calico_version: matrix.version.map(|version| version.to_string()),
            sources: look.sources.clone(),
            internal_ips_not_trusted: matrix.internal_ips_unreliable.clone(),
            matrix: cells.collect(),
            nodes: rows
                .map(|(_, node)| MatrixRow {
                    name: node.name.clone(),
                    internal_ip: node.internal_ip.map(|ip| ip.to_string()),
                    stored: node.stored.clone(),
                    stored_interface: node.stored_on.clone(),
                    stored_verdict: node.judgement.verdict,
                    stored_reason: node.judgement.reason.clone(),
                    source: node.source,
                })
                .collect(),
            recommendation: RecommendationRow {
                method: recommendation.method.clone(),
                keep: recommendation.keep,
                why: recommendation.why.clone(),
                unsure: recommendation.unsure.clone(),
                others: recommendation
                    .others
                    .iter()
                    .map(|other| RejectedRow { method: other.method.clone(), why: other.why.clone() })
                    .collect(),
                groups: recommendation
                    .groups
                    .iter()
                    .map(|group| SuitedRow { nodes: group.nodes.clone(), methods: group.methods.clone() })
                    .collect(),
                switch_off: look.switch_off.clone(),
            },
        }
    }
}

impl MethodRow {
    /// Counted on the nodes at these places.
    fn new(column: &Column, places: &[usize]) -> Self {
        let count =
            |ends: Option<bool>| places.iter().filter_map(|place| column.cells.get(*place)).filter(|cell| cell.ends_right == ends).count();
        Self {
            method: column.method.clone(),
            current: column.origin == Origin::Current,
            correct: count(Some(true)),
            unknown: count(None),
            risk: risk(column).to_owned(),
            refused: column.refused.clone(),
        }
    }
}

impl From<&DetectionResult> for OutcomeName {
    fn from(outcome: &DetectionResult) -> Self {
        match outcome {
            DetectionResult::Address(_) => Self::Address,
            DetectionResult::None { .. } => Self::None,
            DetectionResult::Exits { .. } => Self::Exits,
            DetectionResult::Unknown { .. } => Self::Unknown,
        }
    }
}
