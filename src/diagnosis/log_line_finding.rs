//! Causes that a line in the log names outright.

use super::check::EarlierFindings;
use super::evidence;
use crate::finding::code::Code;
use crate::finding::{Finding, Severity};
use crate::model::{ClusterModel, phrases};
use crate::snapshot::inspection::LogEventKind;

/// One finding for all nodes that are not Ready and whose log has such a line.
pub fn finding(
    view: &ClusterModel,
    found: &EarlierFindings,
    code: Code,
    kind: LogEventKind,
    message: impl Fn(&str) -> String,
) -> Vec<Finding> {
    let named = |node: &&crate::model::NodeModel| {
        !found.is_explained(node.name)
            && node.ready() != Some(true)
            && !node.misses_only_peers()
            && !view.is_starting(node)
            && node.mark(kind).is_some()
    };
    let nodes: Vec<_> = view.nodes.iter().filter(named).collect();
    if nodes.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = nodes.iter().map(|node| node.name.to_owned()).collect();
    let message = message(&phrases::list(&names));
    let evidence = nodes.iter().filter_map(|node| evidence::of_mark(node, kind)).collect();
    vec![Finding { code, severity: Severity::Error, nodes: names, message, evidence, fix: None }]
}
