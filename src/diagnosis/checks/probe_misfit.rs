use crate::calico::events::EventKind;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::evidence;
use crate::diagnosis::explain::{EVERY_NODE, Explanation};
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Severity, Source};
use crate::model::{NodeModel, phrases};

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::ProbeMisfit,
        title: "A probe asks calico-node for something it cannot answer",
        means: "The probe does not fit this installation, so it always fails. Examples:\n\
                - It asks for BIRD, but the backend runs no BIRD.\n\
                - It connects to the node's address, but Felix listens on localhost only (from 3.2).\n\
                - It uses another port than FELIX_HEALTHPORT.\n\
                - It runs a command that this release does not have.",
        detected: "The probes of the DaemonSet are compared with the backend, the release and the environment of calico-node.",
        confirm: "kubectl get daemonset calico-node -n NAMESPACE -o yaml | grep -A12 -E 'livenessProbe|readinessProbe'",
        fix: &[
            "The plugin shows the change and asks before it makes it. Name what is wrong:",
            "- It asks for BIRD: kubectl calico-fix probes --fix bird",
            "- It has no host: kubectl calico-fix probes --fix host",
            "- It uses another port: kubectl calico-fix probes --fix port",
            "- It runs a wrong command: kubectl calico-fix probes --fix command",
            "By hand, edit the probe: remove -bird-live and -bird-ready, set host: localhost, set the port of FELIX_HEALTHPORT, or \
             take the command from the manifest of the release.",
        ],
        restarts: EVERY_NODE,
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let misfits = view.install.probe_misfits();
    if misfits.is_empty() {
        return Vec::new();
    }
    let fails = |node: &&NodeModel| node.is_not_ready() && !found.is_explained(node.name) && node.last_event(is_failure).is_some();
    let failing: Vec<&NodeModel> = view.nodes.iter().filter(fails).collect();
    let mut shown: Vec<Evidence> =
        misfits.iter().map(|misfit| Evidence { source: Source::DaemonSet, node: None, text: misfit.clone() }).collect();
    shown.extend(failing.iter().filter_map(|node| evidence::of_event(node, is_failure)));
    let names: Vec<String> = failing.iter().map(|node| node.name.to_owned()).collect();
    let severity = if names.is_empty() { Severity::Warning } else { Severity::Error };
    let whom = if names.is_empty() { String::new() } else { format!(" ({} not Ready)", phrases::with_verb(&names, "is", "are")) };
    let message = format!("calico-node's probes do not fit this installation{whom}: {}", misfits.join("; "));
    vec![Finding { code: Code::ProbeMisfit, severity, nodes: names, message, evidence: shown, fix: None }]
}

fn is_failure(fact: &EventKind) -> bool {
    matches!(
        fact,
        EventKind::BirdSocketRefused { .. }
            | EventKind::FelixNotLive { .. }
            | EventKind::FelixNotReady { .. }
            | EventKind::HttpProbeFailed { .. }
    )
}
