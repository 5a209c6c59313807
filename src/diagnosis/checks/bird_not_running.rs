use crate::calico::events::EventKind;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Severity, Source};
use crate::model::{NodeBgp, NodeModel};
use crate::snapshot::family::Family;
use crate::snapshot::inspection::LogEventKind;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::BirdNotRunning,
        title: "BIRD does not run on a node",
        means: "The container runs, but its BGP daemon does not answer. The node announces and learns no routes. There are three \
                possible reasons: startup has not come that far, BIRD refuses its configuration, or this cluster uses no BGP and only \
                the probes still ask for BIRD.",
        detected: "BIRD's control socket is missing or refuses connections, in a container that has been running longer than its \
                   startup limit. The socket is /var/run/calico/bird.ctl, or bird6.ctl if nodes have IPv6 addresses. The first \
                   seconds after a start do not count.\n\
                   Without exec: the newest readiness event of a pod that is not Ready says so, or the log says again and again that \
                   BIRD cannot have its socket.",
        confirm: "kubectl exec -n NAMESPACE POD -c calico-node -- birdcl -s /var/run/calico/bird.ctl show status",
        fix: &[
            "- The log has no \"Calico node started successfully\": its last lines show what stops the start. Fix that first.",
            "- The backend is vxlan or none: remove -bird-live and -bird-ready from the probes. Use: kubectl calico-fix probes --fix \
             bird",
            "- \"I found another BIRD running\": a bird process of an earlier container, or of the host's own routing daemon, still \
             runs on the node. End it there (ps -ef | grep bird), then delete the pod. If the log also says \"Health endpoint failed … \
             address already in use\", a whole second calico-node runs there.",
            "- \"Cannot create control socket … Address in use\": a directory has taken the socket's place. Remove \
             /var/run/calico/bird.ctl on the node, then delete the pod.",
            "- \"Unable to open configuration file\": confd does not write it. Its own lines in the log say why.",
        ],
        restarts: "A change of probes restarts calico-node on every node, usually one at a time. A deleted pod restarts on that node \
                   only.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    if view.install.runs_bird() == Some(false) {
        return Vec::new();
    }
    view.nodes.iter().filter(|node| !found.is_explained(node.name)).filter_map(|node| finding(view, node)).collect()
}

fn finding(view: &Context, node: &NodeModel) -> Option<Finding> {
    if let Some(finding) = silent(view, node) {
        return Some(finding);
    }
    let mut down: Vec<(Family, Vec<Evidence>)> = Vec::new();
    for family in Family::ALL.into_iter().filter(|family| view.needs_bird(node, *family)) {
        down.extend(evidence_of(view, node, family).map(|evidence| (family, evidence)));
    }
    let obstacle = start_obstacle(node);
    let (message, mut shown) = match down.as_slice() {
        // The other BIRD answers in its place.
        [] if obstacle.as_ref().is_some_and(|obstacle| obstacle.lasts) && node.is_not_ready() && !view.is_starting(node) => {
            (format!("calico-node's BIRD does not run on {}", node.name), Vec::new())
        }
        [] => return None,
        [(family, shown)] if view.uses(family.other()) => {
            let daemon = daemon(*family);
            (format!("{daemon} does not run on {}: it announces and learns no {family} routes", node.name), shown.clone())
        }
        [(family, shown)] => {
            (format!("{} does not run on {}: it announces and learns no routes", daemon(*family), node.name), shown.clone())
        }
        both => {
            let shown = both.iter().flat_map(|(_, shown)| shown.clone()).collect();
            (format!("BIRD does not run on {} (IPv4 and IPv6): it announces and learns no routes", node.name), shown)
        }
    };
    shown.extend(evidence::of_mark(node, LogEventKind::BackendNotBird));
    let (message, fix) = match obstacle {
        Some(obstacle) => {
            shown.push(node.evidence(Source::Log, obstacle.line));
            shown.extend(evidence::of_mark(node, LogEventKind::HealthPortTaken));
            // what keeps confd from it is in the log too
            let fix = fixes::startup_log(view, node).filter(|_| obstacle.is_confds);
            (format!("{message}, because {}", obstacle.why), fix)
        }
        None => (message, fixes::startup_log(view, node)),
    };
    let nodes = vec![node.name.to_owned()];
    Some(Finding { code: Code::BirdNotRunning, severity: Severity::Error, nodes, message, evidence: shown, fix })
}

/// What keeps BIRD from its start, by its own words (bird/sysdep/unix/main.c).
struct StartObstacle<'a> {
    line: &'a str,
    why: &'static str,
    /// Said again and again, and nothing of BIRD after it.
    lasts: bool,
    is_confds: bool,
}

fn start_obstacle<'a>(node: &NodeModel<'a>) -> Option<StartObstacle<'a>> {
    const OFTEN: u32 = 3;
    let says = |kind: LogEventKind| match kind {
        LogEventKind::AnotherBird => Some("another BIRD, not of this container, holds its control socket"),
        LogEventKind::BirdSocketFailed => Some("it cannot create its control socket"),
        LogEventKind::BirdConfigMissing => Some("confd does not write its configuration"),
        _ => None,
    };
    let log = node.attempts().find(|log| log.marks.iter().any(|mark| says(mark.kind).is_some()))?;
    let at = log.marks.iter().rposition(|mark| says(mark.kind).is_some())?;
    let (before, after) = log.marks.split_at_checked(at + 1)?;
    let last = before.last()?;
    let times: u32 = before.iter().filter(|mark| mark.kind == last.kind).map(|mark| mark.times).sum();
    let is_confds = last.kind == LogEventKind::BirdConfigMissing;
    let ran = after.iter().any(|mark| mark.kind == LogEventKind::BgpConfigAccepted);
    Some(StartObstacle { line: &last.text, why: says(last.kind)?, lasts: !is_confds && times >= OFTEN && !ran, is_confds })
}

/// BIRD runs, and takes no connection from its control socket any longer: the socket's queue is full (EAGAIN of connect(2)).
fn silent(view: &Context, node: &NodeModel) -> Option<Finding> {
    const OFTEN: i32 = 3;
    let is_full = |fact: &EventKind| matches!(fact, EventKind::BirdNotAnswering { text, .. } if text.contains("temporarily unavailable"));
    let is_of_bird = |fact: &EventKind| {
        matches!(fact, EventKind::BirdNotAnswering { .. } | EventKind::BirdSocketRefused { .. } | EventKind::NotEstablished { .. })
    };
    let newest = node.last_event(is_of_bird).filter(|told| is_full(&told.kind))?;
    let EventKind::BirdNotAnswering { family, .. } = &newest.kind else { return None };
    if !node.is_not_ready() || node.times(is_full) < OFTEN {
        return None;
    }
    let message = format!("{} on {} hangs: it accepts no connection on its control socket", daemon(*family), node.name);
    let evidence = evidence::of_event(node, is_full).into_iter().collect();
    let fix = fixes::restart_pod(view, node, "BIRD starts again with it");
    let nodes = vec![node.name.to_owned()];
    Some(Finding { code: Code::BirdNotRunning, severity: Severity::Error, nodes, message, evidence, fix })
}

/// What shows that the BIRD of this family does not run.
fn evidence_of(view: &Context, node: &NodeModel, family: Family) -> Option<Vec<Evidence>> {
    let is_refusal = |fact: &EventKind| matches!(fact, EventKind::BirdSocketRefused { family: of, .. } if *of == family);
    match node.bgp(family) {
        NodeBgp::NotRunning if view.is_settled(node) && !view.is_settling(node) => {
            let text = match family {
                Family::V4 => "unable to connect to BIRD's control socket",
                Family::V6 => "unable to connect to the control socket of BIRD for IPv6 (bird6)",
            };
            let mut shown = vec![node.evidence(Source::Birdcl, text)];
            shown.extend(evidence::of_event(node, is_refusal));
            Some(shown)
        }
        NodeBgp::Unknown if node.is_not_ready() => {
            let newest = node.last_event(|fact| is_refusal(fact) || matches!(fact, EventKind::NotEstablished { .. }))?;
            if !is_refusal(&newest.kind) || node.times(is_refusal) < 3 {
                return None;
            }
            Some(evidence::of_event(node, is_refusal).into_iter().collect())
        }
        _ => None,
    }
}

fn daemon(family: Family) -> &'static str {
    match family {
        Family::V4 => "BIRD",
        Family::V6 => "BIRD6",
    }
}
