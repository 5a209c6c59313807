//! What a check is, and what checks tell each other.

use std::collections::BTreeSet;

use super::code::Code;
use super::explain::Explanation;
use super::report::Finding;
use super::view::View;

/// One check: one file, one stable code, one registry line, one explanation.
pub struct Check {
    pub explanation: Explanation,
    /// Findings so far come first: a symptom whose cause is found already is not a finding of its own.
    pub run: fn(&View, &Found) -> Vec<Finding>,
}

/// The findings of the checks that ran before.
#[derive(Default)]
pub struct Found {
    findings: Vec<Finding>,
    culprits: BTreeSet<String>,
}

impl Found {
    pub fn add(&mut self, findings: Vec<Finding>) {
        for finding in &findings {
            if finding.code.explains_outage() {
                self.culprits.extend(finding.nodes.iter().cloned());
            }
            // The node that shares its address with a stale Node suffers from it, and its evidence is there.
            if finding.code == Code::StaleNode {
                self.culprits.extend(finding.evidence.iter().filter_map(|evidence| evidence.node.clone()));
            }
        }
        self.findings.extend(findings);
    }

    /// This node's trouble, and its peers' trouble with it, has a named cause.
    pub fn is_culprit(&self, node: &str) -> bool {
        self.culprits.contains(node)
    }

    /// Said already under this name.
    pub fn has(&self, code: Code) -> bool {
        self.findings.iter().any(|finding| finding.code == code)
    }

    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}
