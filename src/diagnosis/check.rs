//! What a check is, and what checks tell each other.

use std::collections::BTreeSet;

use super::explain::Explanation;
use crate::diagnosis::context::Context;
use crate::finding::code::Code;
use crate::finding::{Finding, Severity};

/// One check: one file, one stable code, one registry line, one explanation.
pub(super) struct Check {
    pub explanation: Explanation,
    /// Findings so far come first: a symptom whose cause is found already is not a finding of its own.
    pub run: fn(&Context, &EarlierFindings) -> Vec<Finding>,
}

/// The findings of the checks that ran before.
#[derive(Default)]
pub(crate) struct EarlierFindings {
    findings: Vec<Finding>,
    explained_nodes: BTreeSet<String>,
}

impl EarlierFindings {
    pub(crate) fn add(&mut self, findings: Vec<Finding>) {
        for finding in &findings {
            // A warning of several networks says that the others may well be reached.
            let apart = finding.code == Code::AddressesInSeveralSubnets && finding.severity == Severity::Error;
            if finding.code.is_root_cause() || apart {
                self.explained_nodes.extend(finding.nodes.iter().cloned());
            }
            // The node that shares its address with a stale Node suffers from it, and its evidence is there.
            if finding.code == Code::StaleNode {
                self.explained_nodes.extend(finding.evidence.iter().filter_map(|evidence| evidence.node.clone()));
            }
        }
        self.findings.extend(findings);
    }

    /// This node's trouble, and its peers' trouble with it, has a named cause.
    pub(crate) fn is_explained(&self, node: &str) -> bool {
        self.explained_nodes.contains(node)
    }

    /// Said already under this name.
    pub(crate) fn has(&self, code: Code) -> bool {
        self.findings.iter().any(|finding| finding.code == code)
    }

    /// Said already under this name, of this node.
    pub(crate) fn names(&self, code: Code, node: &str) -> bool {
        self.findings.iter().any(|finding| finding.code == code && finding.nodes.iter().any(|name| name == node))
    }

    /// The node has a finding of severity error.
    pub(crate) fn has_error(&self, node: &str) -> bool {
        let errors = self.findings.iter().filter(|finding| finding.severity == Severity::Error);
        errors.flat_map(|finding| &finding.nodes).any(|name| name == node)
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}
