use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Severity, Source};
use crate::model::{NodeModel, phrases};
use crate::snapshot::inspection::LogEventKind;
use crate::startup::container_run::{ContainerRun, RunEnd, is_kill};
use crate::startup::measure::{Measurement, measure};

pub const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::KilledWhileStarting,
        title: "The kubelet kills calico-node before it has started",
        means: "Felix answers the liveness probe only after start-up has finished. Start-up reads the datastore some 40 to 70 times in a \
                row (with etcd: a read per node and key), so on a node far from the datastore it takes longer than the probe allows, \
                and the kubelet kills it and starts over, again and again, with almost no log.",
        detected: "An event \"Container calico-node failed liveness probe, will be restarted\" (or startup probe) for a pod whose log ends in \
                   mid-work, without \"Calico node started successfully\" and without \"Terminating\", or whose start ended less than a \
                   probe period before the kill, when Felix and BIRD cannot have answered yet; without logs: the container never lived \
                   longer than its probes' budget. Silent when the log shows another cause.",
        confirm: "kubectl describe pod -n NAMESPACE POD\nkubectl logs -n NAMESPACE POD -c calico-node --previous --timestamps",
        fix: "Give it a larger start-up budget: best a startupProbe with the liveness probe's own handler, else \
              initialDelaySeconds 60 and failureThreshold 10 on the liveness probe. Under the tigera-operator probes are set in Installation, \
              spec.calicoNodeDaemonSet, and only from operator 1.43 on; an older one reverts edits of the DaemonSet and offers no way. \
              CALICO_STARTUP_LOGLEVEL=DEBUG shows what start-up is doing.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    view.nodes.iter().filter(|node| !found.is_explained(node.name)).filter_map(|node| finding(view, node)).collect()
}

fn finding(view: &Context, node: &NodeModel) -> Option<Finding> {
    let kill = evidence::of_event(node, is_kill)?;
    let measured = measure(view, node);
    // A probe that can never succeed says nothing of the start.
    if !measured.killed_while_starting() || node.probe_obstacle().is_some() {
        return None;
    }
    let severity = if node.ready() == Some(true) { Severity::Warning } else { Severity::Error };
    let message = message(node.name, &measured, severity);
    let mut shown = vec![kill];
    shown.extend(phrases::restarts(node));
    shown.extend(cut_off(node, &measured));
    shown.extend(own_exit(node));
    let nodes = vec![node.name.to_owned()];
    let fix = match node.log_refusal() {
        Some(why) => {
            shown.push(node.evidence(Source::Log, format!("its log could not be read: {why}")));
            // Slow, or without an answer from the API server: only the log tells, so no budget is proposed.
            fixes::startup_log(view, node)
        }
        None => fixes::start_budget(view, std::slice::from_ref(&measured)),
    };
    Some(Finding { code: Code::KilledWhileStarting, severity, nodes, message, evidence: shown, fix })
}

fn message(node: &str, measured: &Measurement, severity: Severity) -> String {
    let kills = measured.kills;
    let budget = measured.budget().map(|budget| budget.as_secs());
    let allowed = budget.map(|budget| format!(" within the {budget} s that its probes allow")).unwrap_or_default();
    let of = budget.map(|budget| format!(" of the {budget} s that its probes allow")).unwrap_or_default();
    let verb = if severity == Severity::Warning { "was killed" } else { "is killed" };
    let just_started = measured.runs.iter().filter(|run| run.end == RunEnd::KilledWhileStarting).filter_map(|run| run.start);
    if let Some(start) = just_started.clone().find(|start| !start.at_least) {
        return format!(
            "calico-node on {node} {verb} by its probe as soon as it has started ({kills}×): the start took {:.0} s{of}, \
             so Felix and BIRD had no time to answer",
            start.seconds
        );
    }
    match (severity, measured.runs.first().filter(|run| run.end == RunEnd::Runs).and_then(|run| run.start)) {
        (Severity::Warning, Some(start)) if !start.at_most => format!(
            "calico-node on {node} was killed by its probe while it started ({kills}×): that start did not finish{allowed}, the one that \
             runs now took {:.0} s",
            start.seconds
        ),
        _ => format!("calico-node on {node} {verb} by its probe while it starts ({kills}×): start-up does not finish{allowed}"),
    }
}

/// The attempt that runs now is cut off by the reading; the longest tells most.
fn cut_off(node: &NodeModel, measured: &Measurement) -> Option<Evidence> {
    let unfinished = measured.runs.iter().filter(|attempt| matches!(attempt.end, RunEnd::KilledWhileStarting | RunEnd::Starting));
    let told = unfinished.filter(|attempt| attempt.last_words().is_some());
    let longest = told.max_by(|a, b| seconds(a).total_cmp(&seconds(b)))?;
    let last = longest.last_words()?;
    let after = longest.start.filter(|start| start.at_least).map(|start| format!("not started after {:.0} s; ", start.seconds));
    let after = after.unwrap_or_default();
    Some(node.evidence(Source::Log, format!("{after}last log line: {}", last.text)))
}

fn seconds(attempt: &ContainerRun) -> f64 {
    attempt.start.map_or(0.0, |start| start.seconds)
}

/// The same slow link makes the Node update lose its race: an exit of its own that the larger budget does not cure by itself.
fn own_exit(node: &NodeModel) -> Option<Evidence> {
    let mark = node.attempts().flat_map(|log| &log.marks).find(|mark| mark.kind == LogEventKind::UpdateConflict)?;
    Some(node.evidence(Source::Log, format!("another attempt exited, as happens on a slow link: {}", mark.text)))
}
