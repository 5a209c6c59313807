//! Several clusters, each by its report: `status` with several contexts.

use schemars::JsonSchema;
use serde::Serialize;

use crate::finding::verdict::Verdict;
use crate::finding::{Report, Severity};

/// An item of the list that `-o json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterStatus {
    /// As the kubeconfig names it.
    pub context: String,
    /// Contexts that lead to the same cluster as the same user. They were not asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub same_contexts: Vec<String>,
    /// `unknown` where the cluster did not answer.
    pub verdict: Verdict,
    /// Why there is no report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    pub report: Option<Report>,
}

impl ClusterStatus {
    pub fn new(context: String, same_contexts: Vec<String>, read: Result<Report, String>) -> Self {
        let (report, why) = match read {
            Ok(report) => (Some(report), None),
            Err(why) => (None, Some(why)),
        };
        let verdict = report.as_ref().map_or(Verdict::Unknown, |report| report.verdict);
        Self { context, same_contexts, verdict, why, report }
    }

    fn severity(&self) -> u8 {
        let has_error = self.report.iter().flat_map(|report| &report.findings).any(|finding| finding.severity == Severity::Error);
        match self.verdict {
            Verdict::Sick if has_error => 0,
            Verdict::Unknown => 1,
            Verdict::Sick => 2,
            Verdict::Healthy => 3,
        }
    }
}

/// Errors first, then clusters that are not known, warnings, and the healthy ones; among equals as they were named.
pub fn worst_first(clusters: &mut [ClusterStatus]) {
    clusters.sort_by_key(ClusterStatus::severity);
}
