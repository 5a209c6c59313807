use crate::calico::events::EventKind;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::{EVERY_NODE, Explanation};
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Severity, Source};
use crate::model::{NodeModel, phrases};

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::ProbeTimeoutTooShort,
        title: "calico-node's exec probes have one second to answer",
        means: "An exec probe starts a process in the container. On a busy node this alone can take longer than a second. A probe \
                without timeoutSeconds has one second. So it fails although nothing is wrong. calico-node becomes NotReady or is \
                killed.",
        detected: "A liveness or readiness probe is an exec probe, and its timeoutSeconds is 1 or not set. It is an error if events \
                   with an empty message (\"Liveness probe failed: \") or \"command … timed out\" show failures. Otherwise it is a \
                   warning.",
        confirm: "kubectl get events -n NAMESPACE --field-selector reason=Unhealthy\n\
                  kubectl get daemonset calico-node -n NAMESPACE -o jsonpath='{.spec.template.spec.containers[0].livenessProbe}'",
        fix: &[
            "Set timeoutSeconds 10 on both probes, as the manifests do from 3.20.0:",
            "  kubectl calico-fix probes --fix timeouts",
            "If they still time out, check CPU requests and limits.",
        ],
        restarts: EVERY_NODE,
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let short = view.install.short_probe_timeouts();
    if short.is_empty() {
        return Vec::new();
    }
    // A container that crashes leaves empty messages too.
    let runs = |node: &NodeModel| node.running_since().is_some() && !view.is_starting(node) && !found.is_explained(node.name);
    let timed_out: Vec<&NodeModel> =
        view.nodes.iter().filter(|node| node.ready() != Some(true) && runs(node) && node.times(is_timeout) > 1).collect();
    let mut shown: Vec<Evidence> = short
        .iter()
        .map(|probe| Evidence {
            source: Source::DaemonSet,
            node: None,
            text: format!("{probe} of {}: exec, one second to answer", view.install.name()),
        })
        .collect();
    shown.extend(timed_out.iter().filter_map(|node| evidence::of_event(node, is_timeout)));
    let names: Vec<String> = timed_out.iter().map(|node| node.name.to_owned()).collect();
    let (severity, message) = match names.len() {
        0 => (Severity::Warning, format!("the {} of calico-node must answer within one second", short.join(" and "))),
        _ => (Severity::Error, format!("probes of calico-node time out after one second on {}", phrases::list(&names))),
    };
    let fix = fixes::probe_timeout(view);
    vec![Finding { code: Code::ProbeTimeoutTooShort, severity, nodes: names, message, evidence: shown, fix }]
}

fn is_timeout(fact: &EventKind) -> bool {
    matches!(fact, EventKind::ProbeTimedOut)
}
