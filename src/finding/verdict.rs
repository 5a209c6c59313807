//! The verdict of a report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Gap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No findings, and everything that was asked was answered.
    Healthy,
    /// There are findings.
    Sick,
    /// No findings, but something that matters could not be seen.
    Unknown,
}

impl Verdict {
    /// Returns the verdict of every report. `something_found`: a finding. Which severities count is said
    /// by `diagnosis/mod.rs`, `reports/probes.rs` and `reports/startup_log.rs`; for exit codes by `from_report` in `exit.rs`, with the
    /// default of `FailOn` in `cli/output.rs`. A single node is judged by `finding/health.rs`; that there are no findings is written out in
    /// `render/summary_line.rs`.
    pub fn judge(something_found: bool, gaps: &[Gap]) -> Self {
        if something_found {
            Self::Sick
        } else if gaps.iter().any(|gap| gap.blocks_healthy) {
            Self::Unknown
        } else {
            Self::Healthy
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_outranks_a_gap_and_a_gap_that_matters_is_never_healthy() {
        let gap = |blocks_healthy| Gap { what: String::new(), nodes: vec![], why: String::new(), blocks_healthy, passing: false };
        for (found, gaps, verdict) in [
            (false, vec![], Verdict::Healthy),
            (false, vec![gap(false)], Verdict::Healthy),
            (false, vec![gap(false), gap(true)], Verdict::Unknown),
            (true, vec![], Verdict::Sick),
            (true, vec![gap(true)], Verdict::Sick),
        ] {
            assert_eq!(Verdict::judge(found, &gaps), verdict, "{found} {gaps:?}");
        }
    }
}
