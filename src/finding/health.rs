//! How a node fares: by its row, and by what the findings say of it.

use crate::finding::{NodeRow, Report, Severity};

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

/// `false` where the backend is known to have no BGP.
pub fn has_bird(report: &Report) -> bool {
    !matches!(report.cluster.backend.as_deref(), Some("vxlan" | "none"))
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

/// By its row and the findings.
pub fn in_report(node: &NodeRow, report: &Report) -> Health {
    if has_error(node, report) { Health::Faulty } else { node_health(node, has_bird(report)) }
}

/// An error names it, not a warning alone.
pub fn has_error(node: &NodeRow, report: &Report) -> bool {
    let named = |finding: &crate::finding::Finding| {
        finding.severity == Severity::Error && node.findings.contains(&finding.code) && finding.nodes.contains(&node.name)
    };
    report.findings.iter().any(named)
}
