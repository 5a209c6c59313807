use crate::calico::events::EventKind;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::{ClusterModel, NodeBgp, NodeModel};
use crate::snapshot::family::Family;
use crate::snapshot::inspection::LogEventKind;

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

fn run(view: &ClusterModel, found: &EarlierFindings) -> Vec<Finding> {
    if view.install.runs_bird() == Some(false) {
        return Vec::new();
    }
    view.nodes.iter().filter(|node| !found.is_explained(node.name)).filter_map(|node| finding(view, node)).collect()
}

fn finding(view: &ClusterModel, node: &NodeModel) -> Option<Finding> {
    let shown = match node.bgp(Family::V4) {
        NodeBgp::NotRunning if view.is_settled(node) => {
            let mut shown = vec![node.evidence(Source::Birdcl, "unable to connect to BIRD's control socket")];
            shown.extend(evidence::of_event(node, is_refusal));
            shown
        }
        NodeBgp::Unknown if node.is_not_ready() => {
            let newest = node.last_event(|fact| is_refusal(fact) || matches!(fact, EventKind::NotEstablished { .. }))?;
            if !is_refusal(&newest.kind) || node.times(is_refusal) < 3 {
                return None;
            }
            evidence::of_event(node, is_refusal).into_iter().collect()
        }
        _ => return None,
    };
    let mut shown = shown;
    shown.extend(evidence::of_mark(node, LogEventKind::BackendNotBird));
    let nodes = vec![node.name.to_owned()];
    let message = format!("BIRD does not run on {}: it announces and learns no routes", node.name);
    let fix = fixes::startup_log(view, node);
    Some(Finding { code: Code::BirdNotRunning, severity: Severity::Error, nodes, message, evidence: shown, fix })
}

fn is_refusal(fact: &EventKind) -> bool {
    matches!(fact, EventKind::BirdSocketRefused { .. })
}
