use crate::calico::environment::method_variable;
use crate::calico::startup_log::ExitReason;
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
        code: Code::MethodInvalid,
        title: "This Calico release does not know the configured autodetection method",
        means: "calico-node exits with \"Invalid IP autodetection method\" at its start, even if an address is stored. Nodes that \
                have not restarted yet still work. Each restart adds one more broken node.",
        detected: "IP_AUTODETECTION_METHOD (or IP6_AUTODETECTION_METHOD) is set, but to none of: first-found, can-reach=, interface=, \
                   skip-interface=, cidr= (from 3.16.0), kubernetes-internal-ip (from 3.22.0). Or the log says so.",
        confirm: "kubectl set env daemonset/calico-node -n NAMESPACE -c calico-node --list | grep AUTODETECTION\n\
                  kubectl logs -n NAMESPACE POD -c calico-node --previous | grep 'Invalid IP'",
        fix: &["Write the method in full. For example interface=eth0 instead of eth0.", SET_METHOD],
        restarts: EVERY_NODE,
    },
    run,
};

fn run(view: &Context, _: &EarlierFindings) -> Vec<Finding> {
    Family::ALL.into_iter().filter_map(|family| finding(view, family)).collect()
}

fn finding(view: &Context, family: Family) -> Option<Finding> {
    let exited: Vec<&NodeModel> = view
        .nodes
        .iter()
        .filter(|node| node.ready() != Some(true) && family == exit_family(node))
        .filter(|node| matches!(node.exit(), Some((_, ExitReason::InvalidMethod { .. }))))
        .collect();
    let configured = view.install.invalid_method(family);
    if exited.is_empty() && configured.is_none() {
        return None;
    }
    let mut shown = Vec::new();
    if let Some(invalid) = &configured {
        let text = format!("{}={} in {}", method_variable(family), invalid.value, view.install.name());
        shown.push(Evidence { source: Source::DaemonSet, node: None, text });
    }
    shown.extend(exited.iter().filter_map(|node| evidence::of_mark(node, LogEventKind::InvalidMethod)));
    shown.extend(exited.iter().flat_map(|node| phrases::restarts(node)));
    shown.extend(exited.iter().flat_map(|node| evidence::of_leftover(view, node)));
    let names: Vec<String> = exited.iter().map(|node| node.name.to_owned()).collect();
    let what = match &configured {
        Some(invalid) => format!("{} is {:?}, {}", method_variable(family), invalid.value, invalid.why),
        None => format!("{} is not a method that this release knows", method_variable(family)),
    };
    let whom = match names.len() {
        0 => "every node that restarts will exit".to_owned(),
        _ => format!("{} while starting, as will every node that restarts", phrases::with_verb(&names, "exits", "exit")),
    };
    let severity = if names.is_empty() { Severity::Warning } else { Severity::Error };
    let fix = fixes::autodetection(view, family, &names);
    Some(Finding { code: Code::MethodInvalid, severity, nodes: names, message: format!("{what}: {whom}"), evidence: shown, fix })
}

fn exit_family(node: &NodeModel) -> Family {
    match node.mark(LogEventKind::InvalidMethod) {
        Some(text) if text.contains("IPv6") || text.contains("IP6") => Family::V6,
        _ => Family::V4,
    }
}
