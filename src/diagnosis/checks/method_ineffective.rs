use crate::autodetect::Cell;
use crate::calico::environment::method_variable;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::{EVERY_NODE, Explanation, SET_METHOD};
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Severity, Source};
use crate::model::{NodeModel, phrases};
use crate::snapshot::family::Family;
use crate::snapshot::inspection::LogEventKind;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::MethodIneffective,
        title: "The configured autodetection method does nothing",
        means: "A method is set, but it does not decide the address. There are three possible reasons:\n\
                - It finds nothing on the node. calico-node keeps the address that it had. A new node would exit.\n\
                - IP is not \"autodetect\", so nothing is detected.\n\
                - A regex, a network or a destination in the method cannot be read.\n\
                A rollout succeeds anyway.",
        detected: "The log says \"Autodetection of IPv4 address failed, keeping existing value\". Or no interface fits the method, \
                   and an address is stored. Or a method is set, but IP is a fixed address, \"none\", or empty with a stored address. \
                   Or a pattern does not parse.",
        confirm: "kubectl set env daemonset/calico-node -n NAMESPACE -c calico-node --list | grep -E '^IP6?(_AUTO|=)'\n\
                  kubectl logs -n NAMESPACE POD -c calico-node | grep -i autodetect",
        fix: &["Set IP=autodetect, and choose a method that finds an address on every node.", SET_METHOD],
        restarts: EVERY_NODE,
    },
    run,
};

fn run(view: &Context, _: &EarlierFindings) -> Vec<Finding> {
    Family::ALL.into_iter().flat_map(|family| [kept(view, family), configured(view, family)]).flatten().collect()
}

/// Nodes that run on with their old address because the method finds none there.
fn kept(view: &Context, family: Family) -> Option<Finding> {
    let tells = |node: &&NodeModel| node.mark(LogEventKind::AutodetectKept).is_some_and(|text| text.contains(&family.to_string()));
    let mut nodes: Vec<&NodeModel> = view.nodes.iter().filter(tells).collect();
    // where logs tell, the other nodes may not have been restarted with the method yet
    if nodes.is_empty() && view.install.is_detected(family) && view.install.ineffective_method(family).is_none() {
        nodes = view.nodes.iter().filter(|node| finds_none(view, family, node)).collect();
    }
    if nodes.is_empty() {
        return None;
    }
    let names: Vec<String> = nodes.iter().map(|node| node.name.to_owned()).collect();
    let method = view.install.method(family).unwrap_or_else(|| "the method".to_owned());
    let mut shown = Vec::new();
    for node in &nodes {
        shown.extend(evidence::of_mark(node, LogEventKind::AutodetectKept));
        shown.extend(evidence::of_mark(node, LogEventKind::AutodetectFailed));
        shown.extend(evidence::of_mark(node, LogEventKind::InvalidRegex));
    }
    if shown.is_empty() {
        let text = format!("{}={method}", method_variable(family));
        shown.push(Evidence { source: Source::DaemonSet, node: None, text });
    }
    let wrong = nodes.iter().any(|node| node.stored(family).is_some_and(|stored| !node.internal_ips.contains(&stored.address())));
    let severity = if wrong { Severity::Error } else { Severity::Warning };
    let message = format!("{method} finds no {family} address on {}: the old one is kept", phrases::list(&names));
    let fix = fixes::autodetection(view, family, &names);
    Some(Finding { code: Code::MethodIneffective, severity, nodes: names, message, evidence: shown, fix })
}

/// The interfaces show it, before a log does: none of them fits the method, and calico-node keeps what it has.
fn finds_none(view: &Context, family: Family, node: &NodeModel) -> bool {
    let cell = || view.matrix(family).current()?.cells.get(node.index);
    node.stored(family).is_some() && cell().is_some_and(Cell::keeps_for_want_of_another)
}

/// The environment itself says that the method cannot work.
fn configured(view: &Context, family: Family) -> Option<Finding> {
    let why = view.install.ineffective_method(family)?;
    let method = view.install.method(family)?;
    let variable = method_variable(family);
    let evidence =
        vec![Evidence { source: Source::DaemonSet, node: None, text: format!("{variable}={method} in {}", view.install.name()) }];
    let message = format!("{variable}={method} has no effect: {why}");
    Some(Finding { code: Code::MethodIneffective, severity: Severity::Warning, nodes: Vec::new(), message, evidence, fix: None })
}
