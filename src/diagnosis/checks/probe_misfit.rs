use crate::calico::events::EventKind;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::evidence;
use crate::diagnosis::explain::Explanation;
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Severity, Source};
use crate::model::{NodeModel, phrases};

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::ProbeMisfit,
        title: "A probe asks calico-node for something it cannot answer",
        means: "The probe's handler does not fit this installation. For example it asks for BIRD where the backend runs none, connects to \
                the node's address although Felix listens on localhost only (from 3.2), uses another port than FELIX_HEALTHPORT, or runs \
                a command that this release does not have. It always fails, on every node.",
        detected: "The probes of the DaemonSet against backend, release and environment.",
        confirm: "kubectl get daemonset calico-node -n NAMESPACE -o yaml | grep -A12 -E 'livenessProbe|readinessProbe'",
        fix: "Correct the handler: without BIRD no -bird-live and -bird-ready; httpGet with host: localhost and the port of FELIX_HEALTHPORT; \
              the command of the release's own manifest.",
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
