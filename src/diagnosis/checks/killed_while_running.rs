use crate::calico::events::EventKind;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::{NodeModel, ProbeObstacle, phrases};
use crate::snapshot::inspection::LogEventKind;
use crate::startup::container_run::{RunEnd, is_kill, only_bird_fails};
use crate::text::seconds;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::KilledWhileRunning,
        title: "The kubelet kills a calico-node that had started",
        means: "Startup succeeded, and the liveness probe failed later. Felix or BIRD did not answer, and no other finding explains \
                why. More time to start does not help. A slower liveness probe only hides the problem for longer.",
        detected: "An event says \"Container calico-node failed liveness probe, will be restarted\". The log of that container says \
                   \"Calico node started successfully\" more than a probe period before. Without logs: the container had run longer \
                   than its probes allow, or Felix had answered the probe. Felix answers if the probe names BIRD or confd nearly \
                   every time.\n\
                   Also reported if the probe cannot succeed on that node: the interface lo is down, or the image lacks the program \
                   that the probe runs.",
        confirm: "kubectl describe pod -n NAMESPACE POD\n\
                  kubectl logs -n NAMESPACE POD -c calico-node --previous | tail -50",
        fix: &[
            "Read the liveness event and the last lines of the previous log. `kubectl calico-fix explain CODE` has more about each \
             reason:",
            "- Felix is not live: felix-not-live",
            "- Timeouts: cpu-starved, probe-timeout-too-short",
            "- BIRD or confd does not run: bird-not-running",
            "- The interface lo is down: run `ip link set lo up` on the node.",
            "- A program is missing: use another image, of the same or a newer release.",
            "- Usage reports that time out caused this in one known case: set usageReportingEnabled: false in FelixConfiguration.",
        ],
        restarts: "ip link restarts nothing. FelixConfiguration restarts Felix on every node at about the same time. Another image \
                   restarts calico-node on every node, usually one at a time.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    view.nodes.iter().filter(|node| !found.is_explained(node.name)).filter_map(|node| finding(view, node)).collect()
}

fn finding(view: &Context, node: &NodeModel) -> Option<Finding> {
    let kill = evidence::of_event(node, is_kill)?;
    let measured = view.measurement(node)?;
    let obstacle = node.probe_obstacle();
    let running = measured.runs.iter().find(|run| run.end == RunEnd::KilledWhileRunning);
    if running.is_none() && obstacle.is_none() {
        return None;
    }
    let ready = node.ready() == Some(true);
    let lived =
        running.and_then(|attempt| attempt.lived).map(|lived| format!(", after {}", seconds::of_duration(lived))).unwrap_or_default();
    let verb = if ready { "was killed" } else { "is killed" };
    let why = match &obstacle {
        Some(obstacle) => format!(" ({}×): {}", measured.kills, obstacle.phrase()),
        None => {
            let seen = if only_bird_fails(view, node) { "Felix answers the probe, BIRD or confd does not run, and " } else { "" };
            format!(" although it had started ({}×{lived}): {seen}more time to start does not help", measured.kills)
        }
    };
    let message = format!("calico-node on {} {verb} by its liveness probe{why}", node.name);
    let mut shown = vec![kill];
    shown.extend(evidence::of_event(node, complains));
    if obstacle == Some(ProbeObstacle::LoopbackDown)
        && let Some(lo) = node.interfaces().and_then(|all| all.iter().find(|one| one.name == "lo"))
    {
        shown.push(node.evidence(Source::Interfaces, format!("lo is not up: flags {}", lo.flags.join(","))));
    }
    shown.extend(phrases::restarts(node));
    let last = running.and_then(|attempt| attempt.last_words());
    shown.extend(last.map(|mark| node.evidence(Source::Log, format!("last known line: {}", mark.text))));
    shown.extend(evidence::of_mark(node, LogEventKind::UsageReportFailed));
    let severity = if ready { Severity::Warning } else { Severity::Error };
    let nodes = vec![node.name.to_owned()];
    let fix = match obstacle {
        Some(ProbeObstacle::LoopbackDown) => fixes::loopback_up(view, node),
        Some(ProbeObstacle::ProgramMissing { .. }) => None,
        None => fixes::startup_log(view, node),
    };
    Some(Finding { code: Code::KilledWhileRunning, severity, nodes, message, evidence: shown, fix })
}

fn complains(fact: &EventKind) -> bool {
    matches!(
        fact,
        EventKind::FelixNotLive { .. } | EventKind::BirdNotLive { .. } | EventKind::ProbeTimedOut | EventKind::HttpProbeFailed { .. }
    )
}
