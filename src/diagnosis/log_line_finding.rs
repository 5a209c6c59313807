//! Causes that a line in the log names outright.

use super::check::Found;
use super::evidence;
use crate::finding::code::Code;
use crate::finding::{Finding, Severity};
use crate::model::{View, phrases};
use crate::snapshot::inspection::MarkKind;

/// One finding for all nodes that are not Ready and whose log has such a line.
pub fn finding(view: &View, found: &Found, code: Code, kind: MarkKind, message: impl Fn(&str) -> String) -> Vec<Finding> {
    let named = |node: &&crate::model::NodeView| {
        !found.is_culprit(node.name)
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
