use crate::diagnosis::check::{Check, Found};
use crate::diagnosis::code::Code;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::report::{Evidence, Finding, Severity, Source};
use crate::diagnosis::view::{NodeView, View};
use crate::diagnosis::{evidence, remedy, wording};
use crate::snapshot::inside::MarkKind;
use crate::startup::attempt::{Attempt, Fate, is_kill};
use crate::startup::measure::{Measurement, measure};

pub const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::KilledWhileStarting,
        title: "The kubelet kills calico-node before it has started",
        means: "Felix answers the liveness probe only after start-up has finished. Start-up reads the datastore some 40 to 70 times in a \
                row (with etcd: a read per node and key), so on a node far from the datastore it takes longer than the probe allows, \
                and the kubelet kills it and starts over, for ever and with almost no log.",
        detected: "An event \"Container calico-node failed liveness probe, will be restarted\" (or startup probe) for a pod whose log ends in \
                   mid-work, without \"Calico node started successfully\" and without \"Terminating\"; without logs: the container never lived \
                   longer than its probes' budget. Silent when the log shows another cause.",
        confirm: "kubectl describe pod -n NAMESPACE POD\nkubectl logs -n NAMESPACE POD -c calico-node --previous --timestamps",
        fix: "Give it a larger start-up budget: best a startupProbe with the liveness probe's own handler, else \
              initialDelaySeconds 60 and failureThreshold 10 on the liveness probe. Under the tigera-operator probes are set in Installation, \
              spec.calicoNodeDaemonSet, and only from operator 1.43 on; an older one reverts edits of the DaemonSet and offers no way. \
              CALICO_STARTUP_LOGLEVEL=DEBUG shows what start-up is doing.",
    },
    run,
};

fn run(view: &View, found: &Found) -> Vec<Finding> {
    view.nodes.iter().filter(|node| !found.is_culprit(node.name)).filter_map(|node| finding(view, node)).collect()
}

fn finding(view: &View, node: &NodeView) -> Option<Finding> {
    let kill = evidence::of_event(node, is_kill)?;
    let measured = measure(view, node);
    // A probe that can never succeed says nothing of the start.
    if !measured.killed_while_starting() || node.probe_obstacle().is_some() {
        return None;
    }
    let severity = if node.ready() == Some(true) { Severity::Warning } else { Severity::Error };
    let allowed =
        measured.allowed().map(|allowed| format!(" within the {} s that its probes allow", allowed.as_secs())).unwrap_or_default();
    let verb = if severity == Severity::Warning { "was killed" } else { "is killed" };
    let message = format!(
        "calico-node on {} {verb} by its probe while it starts ({}×): start-up does not finish{allowed}",
        node.name, measured.kills
    );
    let mut shown = vec![kill];
    shown.extend(wording::restarts(node));
    shown.extend(cut_off(node, &measured));
    shown.extend(own_exit(node));
    let nodes = vec![node.name.to_owned()];
    let fix = match node.log_refusal() {
        Some(why) => {
            shown.push(node.evidence(Source::Log, format!("its log could not be read: {why}")));
            // Slow, or without an answer from the API server: only the log tells, so no budget is proposed.
            remedy::startup_log(view, node)
        }
        None => remedy::start_budget(view, std::slice::from_ref(&measured)),
    };
    Some(Finding { code: Code::KilledWhileStarting, severity, nodes, message, evidence: shown, fix })
}

/// The attempt that runs now is cut off by the reading; the longest tells most.
fn cut_off(node: &NodeView, measured: &Measurement) -> Option<Evidence> {
    let unfinished = measured.attempts.iter().filter(|attempt| matches!(attempt.fate, Fate::KilledWhileStarting | Fate::Starting));
    let told = unfinished.filter(|attempt| attempt.last_words().is_some());
    let longest = told.max_by(|a, b| seconds(a).total_cmp(&seconds(b)))?;
    let last = longest.last_words()?;
    let after = longest.start.map(|start| format!("not started after {:.0} s; ", start.seconds)).unwrap_or_default();
    Some(node.evidence(Source::Log, format!("{after}the last it said: {}", last.text)))
}

fn seconds(attempt: &Attempt) -> f64 {
    attempt.start.map_or(0.0, |start| start.seconds)
}

/// The same slow link makes the Node update lose its race: an exit of its own that the larger budget does not cure by itself.
fn own_exit(node: &NodeView) -> Option<Evidence> {
    let mark = node.attempts().flat_map(|log| &log.marks).find(|mark| mark.kind == MarkKind::UpdateConflict)?;
    Some(node.evidence(Source::Log, format!("in another attempt it exited by itself, as happens on a slow link: {}", mark.text)))
}
