//! How a node fares: by its row, and by what the findings say of it.

use std::collections::HashSet;

use crate::finding::code::Code;
use crate::finding::{Finding, NodeRow, Report, Severity};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// A finding of an error names it.
    Faulty,
    Sick,
    /// Well, but for sessions with nodes that are not.
    Affected,
    /// Nothing speaks against it, but not all that matters was seen.
    Unknown,
    Healthy,
}

/// By its row alone.
pub fn node_health(node: &NodeRow, has_bird: bool) -> Health {
    let counts = || [node.bgp4, node.bgp6].into_iter().flatten();
    let alone = counts().any(|count| count.total > 0 && count.established == 0);
    if !node.findings.is_empty() || node.ready == Some(false) || alone {
        Health::Sick
    } else if node.ready.is_none() || (has_bird && node.bgp4.is_none() && node.bgp6.is_none()) {
        Health::Unknown
    } else if counts().any(|count| count.established < count.total) {
        Health::Affected
    } else {
        Health::Healthy
    }
}

/// How the nodes of one report fare.
pub struct NodeHealths<'a> {
    pub has_bird: bool,
    /// Nodes with the codes of the errors that name them.
    with_error: HashSet<(&'a str, Code)>,
}

impl<'a> NodeHealths<'a> {
    pub fn from_report(report: &'a Report) -> Self {
        Self::new(has_bird(report), &report.findings)
    }

    pub fn new(has_bird: bool, findings: &'a [Finding]) -> Self {
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
        let with_error = errors.flat_map(|finding| finding.nodes.iter().map(|node| (node.as_str(), finding.code))).collect();
        Self { has_bird, with_error }
    }

    /// By its row and the findings.
    pub fn health(&self, node: &NodeRow) -> Health {
        if self.has_error(node) { Health::Faulty } else { node_health(node, self.has_bird) }
    }

    /// An error names it, not a warning alone.
    pub fn has_error(&self, node: &NodeRow) -> bool {
        node.findings.iter().any(|code| self.with_error.contains(&(node.name.as_str(), *code)))
    }
}

/// `false` where the backend is known to have no BGP.
fn has_bird(report: &Report) -> bool {
    !matches!(report.cluster.backend.as_deref(), Some("vxlan" | "none"))
}
