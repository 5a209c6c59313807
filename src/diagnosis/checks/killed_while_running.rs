use crate::calico::events::EventKind;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::{ClusterModel, NodeModel, phrases};
use crate::snapshot::inspection::LogEventKind;
use crate::startup::container_run::{RunEnd, is_kill};
use crate::startup::measure::measure;

pub const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::KilledWhileRunning,
        title: "The kubelet kills a calico-node that had started",
        means: "Start-up was done, and the liveness probe failed later: Felix or BIRD did not answer, and no other finding says why. More \
                time to start does not help; more patience of the liveness probe only hides it for longer.",
        detected: "An event \"Container calico-node failed liveness probe, will be restarted\" for a container whose log says \"Calico node \
                   started successfully\" more than a probe period before; without logs: it had lived longer than its probes' budget, or Felix had answered the probe.",
        confirm: "kubectl describe pod -n NAMESPACE POD\nkubectl logs -n NAMESPACE POD -c calico-node --previous | tail -50",
        fix: "Read what the liveness event says and the last lines of the previous log. Felix not live: felix-not-live; timeouts: \
              cpu-starved, probe-timeout-too-short; BIRD or confd: bird-not-running. Usage reports that time out were the cause once: \
              FelixConfiguration usageReportingEnabled: false.",
    },
    run,
};

fn run(view: &ClusterModel, found: &EarlierFindings) -> Vec<Finding> {
    view.nodes.iter().filter(|node| !found.is_explained(node.name)).filter_map(|node| finding(view, node)).collect()
}

fn finding(view: &ClusterModel, node: &NodeModel) -> Option<Finding> {
    let kill = evidence::of_event(node, is_kill)?;
    let measured = measure(view, node);
    let attempt = measured.runs.iter().find(|attempt| attempt.end == RunEnd::KilledWhileRunning)?;
    let ready = node.ready() == Some(true);
    let lived = attempt.lived.map(|lived| format!(", after {} s", lived.as_secs())).unwrap_or_default();
    let verb = if ready { "was killed" } else { "is killed" };
    let message = format!(
        "calico-node on {} {verb} by its liveness probe although it had started ({}×{lived}): more time to start does not help",
        node.name, measured.kills
    );
    let mut shown = vec![kill];
    shown.extend(evidence::of_event(node, complains));
    shown.extend(phrases::restarts(node));
    shown.extend(attempt.last_words().map(|mark| node.evidence(Source::Log, format!("the last it said: {}", mark.text))));
    shown.extend(evidence::of_mark(node, LogEventKind::UsageReportFailed));
    let severity = if ready { Severity::Warning } else { Severity::Error };
    let nodes = vec![node.name.to_owned()];
    Some(Finding { code: Code::KilledWhileRunning, severity, nodes, message, evidence: shown, fix: fixes::startup_log(view, node) })
}

fn complains(fact: &EventKind) -> bool {
    matches!(
        fact,
        EventKind::FelixNotLive { .. } | EventKind::BirdNotLive { .. } | EventKind::ProbeTimedOut | EventKind::HttpProbeFailed { .. }
    )
}
