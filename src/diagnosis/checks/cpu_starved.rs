use crate::calico::events::{self, EventKind};
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::{EVERY_NODE, Explanation};
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Finding, Severity};
use crate::model::{NodeModel, phrases};
use crate::startup::container_run::is_kill;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::CpuStarved,
        title: "calico-node gets too little CPU to answer its probes",
        means: "Felix listens, but its answer takes longer than the probe waits. Without a CPU request, a busy node leaves \
                calico-node almost no CPU. With a tight limit, calico-node is throttled even on an idle node. It becomes NotReady, or \
                it is killed and starts again, which costs even more CPU. Longer delays and larger thresholds only delay the failure.",
        detected: "Probes of a running calico-node time out although they have more than a second. The messages are \"Client.Timeout \
                   exceeded while awaiting headers\" and \"command … timed out\". The container has no CPU request, or it has a CPU \
                   limit.",
        confirm: "kubectl top node NODE\n\
                  kubectl top pod -n NAMESPACE POD --containers\n\
                  kubectl get daemonset calico-node -n NAMESPACE -o jsonpath='{.spec.template.spec.containers[0].resources}'",
        fix: &[
            "Set a CPU request (250m in the manifests), and remove or raise the CPU limit:",
            "  kubectl set resources daemonset/calico-node -n NAMESPACE -c calico-node --requests=cpu=250m",
            "Under the tigera-operator, set it in Installation instead: spec.calicoNodeDaemonSet…containers[calico-node].resources.",
        ],
        restarts: EVERY_NODE,
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let Some(tight) = view.install.cpu_tightness() else { return Vec::new() };
    let runs = |node: &NodeModel| node.running_since().is_some() && !view.is_starting(node) && !found.is_explained(node.name);
    let suffers = |node: &NodeModel| node.ready() != Some(true) || node.times(is_kill) > 0;
    let slow = |node: &&NodeModel| runs(node) && suffers(node) && node.times(is_late) > 1;
    let nodes: Vec<&NodeModel> = view.nodes.iter().filter(slow).collect();
    if nodes.is_empty() {
        return Vec::new();
    }
    let mut shown: Vec<_> = nodes.iter().filter_map(|node| evidence::of_event(node, is_late)).collect();
    shown.extend(nodes.iter().filter_map(|node| evidence::of_event(node, is_kill)));
    shown.extend(view.install.cpu_evidence());
    let names: Vec<String> = nodes.iter().map(|node| node.name.to_owned()).collect();
    let message = format!("calico-node on {} answers its probes too late: {tight}", phrases::list(&names));
    let sick = nodes.iter().any(|node| node.ready() != Some(true));
    let severity = if sick { Severity::Error } else { Severity::Warning };
    vec![Finding { code: Code::CpuStarved, severity, nodes: names, message, evidence: shown, fix: fixes::cpu_request(view) }]
}

fn is_late(fact: &EventKind) -> bool {
    match fact {
        EventKind::ProbeTimedOut => true,
        EventKind::FelixNotLive { text } | EventKind::FelixNotReady { text } | EventKind::HttpProbeFailed { text, .. } => {
            events::is_late_answer(text)
        }
        _ => false,
    }
}
