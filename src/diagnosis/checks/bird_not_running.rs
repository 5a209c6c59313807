use crate::calico::events::EventKind;
use crate::diagnosis::check::{Check, Found};
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::{Bgp, NodeView, View};
use crate::snapshot::family::Family;
use crate::snapshot::inspection::MarkKind;

pub const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::BirdNotRunning,
        title: "BIRD does not run on a node",
        means: "The container runs, but its BGP daemon does not answer: the node announces and learns no routes. Either start-up has not \
                come that far, BIRD refuses its configuration, or this cluster uses no BGP and only the probes still ask for it.",
        detected: "BIRD's control socket (/var/run/calico/bird.ctl) is missing or refuses in a container that has been running longer than \
                   its start-up budget; without exec: the newest readiness event of a pod that is not Ready says so. \
                   The first seconds after a start do not count.",
        confirm: "kubectl exec -n NAMESPACE POD -c calico-node -- birdcl -s /var/run/calico/bird.ctl show status",
        fix: "Read the container's log from its first line: what stops before \"Calico node started successfully\" is the cause. \
              With backend vxlan or none, remove -bird-live and -bird-ready from the probes.",
    },
    run,
};

fn run(view: &View, found: &Found) -> Vec<Finding> {
    if view.install.runs_bird() == Some(false) {
        return Vec::new();
    }
    view.nodes.iter().filter(|node| !found.is_culprit(node.name)).filter_map(|node| finding(view, node)).collect()
}

fn finding(view: &View, node: &NodeView) -> Option<Finding> {
    let shown = match node.bgp(Family::V4) {
        Bgp::NotRunning if view.is_settled(node) => {
            let mut shown = vec![node.evidence(Source::Birdcl, "unable to connect to BIRD's control socket")];
            shown.extend(evidence::of_event(node, is_refusal));
            shown
        }
        Bgp::Unknown if node.is_not_ready() => {
            let newest = node.last_event(|fact| is_refusal(fact) || matches!(fact, EventKind::NotEstablished { .. }))?;
            if !is_refusal(&newest.fact) || node.times(is_refusal) < 3 {
                return None;
            }
            evidence::of_event(node, is_refusal).into_iter().collect()
        }
        _ => return None,
    };
    let mut shown = shown;
    shown.extend(evidence::of_mark(node, MarkKind::BackendNotBird));
    let nodes = vec![node.name.to_owned()];
    let message = format!("BIRD does not run on {}: it announces and learns no routes", node.name);
    let fix = fixes::startup_log(view, node);
    Some(Finding { code: Code::BirdNotRunning, severity: Severity::Error, nodes, message, evidence: shown, fix })
}

fn is_refusal(fact: &EventKind) -> bool {
    matches!(fact, EventKind::BirdSocketRefused { .. })
}
