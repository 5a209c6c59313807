use std::time::Duration;

use crate::calico::event_text::EventKind;
use crate::calico::startup_log::{self, Outcome};
use crate::diagnosis::check::{Check, Found};
use crate::diagnosis::code::Code;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::report::{Evidence, Finding, Severity, Source};
use crate::diagnosis::view::{NodeView, View};
use crate::diagnosis::{evidence, remedy, wording};
use crate::snapshot::inside::{MarkKind, StartupLog};
use crate::snapshot::objects::CALICO_NODE;

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

fn is_kill(fact: &EventKind) -> bool {
    let (EventKind::KilledByLiveness { container } | EventKind::KilledByStartup { container }) = fact else { return false };
    container.as_deref().is_none_or(|name| name == CALICO_NODE)
}

fn finding(view: &View, node: &NodeView) -> Option<Finding> {
    let kill = evidence::of_event(node, is_kill)?;
    if !was_starting(view, node) {
        return None;
    }
    let budget = view.start_budget(node);
    let severity = if node.ready() == Some(true) { Severity::Warning } else { Severity::Error };
    let allowed = budget.map(|budget| format!(" within the {} s that its probes allow", budget.as_secs())).unwrap_or_default();
    let kills = node.times(is_kill);
    let verb = if severity == Severity::Warning { "was killed" } else { "is killed" };
    let message = format!("calico-node on {} {verb} by its probe while it starts ({kills}×): start-up does not finish{allowed}", node.name);
    let mut shown = vec![kill];
    shown.extend(wording::restarts(node));
    shown.extend(last_attempt(node));
    shown.extend(own_exit(node));
    let nodes = vec![node.name.to_owned()];
    let fix = remedy::start_budget(view, budget, node.attempts().filter_map(lasted).max());
    Some(Finding { code: Code::KilledWhileStarting, severity, nodes, message, evidence: shown, fix })
}

/// Logs decide where they were read; else the container's life against the budget.
fn was_starting(view: &View, node: &NodeView) -> bool {
    let mut killed =
        node.attempts().filter(|log| matches!(startup_log::outcome(log), Outcome::CutOff)).filter(|log| !log.marks.is_empty()).peekable();
    if killed.peek().is_some() {
        return killed.all(|log| !log.marks.iter().any(|mark| mark.kind == MarkKind::Started));
    }
    if node.attempts().any(|log| matches!(startup_log::outcome(log), Outcome::Started)) {
        return false;
    }
    // Kills and exits in turn on a slow link: the logs at hand may both be of exits.
    if node.attempts().any(|log| matches!(startup_log::exit_reason(log), Some(startup_log::ExitReason::UpdateConflict))) {
        return true;
    }
    match (view.start_budget(node), node.last_container_lived()) {
        (Some(budget), Some(lived)) => lived <= budget + Duration::from_secs(35),
        _ => node.last_event(|fact| matches!(fact, EventKind::FelixNotLive { .. })).is_some(),
    }
}

fn lasted(log: &StartupLog) -> Option<Duration> {
    Duration::try_from(log.last?.duration_since(log.first?)).ok()
}

fn last_attempt(node: &NodeView) -> Option<Evidence> {
    // The attempt that runs now is cut off by the reading; the longest tells most.
    let unfinished = node.attempts().filter(|log| matches!(startup_log::outcome(log), Outcome::CutOff) && !log.marks.is_empty());
    let log = unfinished.max_by_key(|log| lasted(log))?;
    let last = log.marks.last()?;
    let after = lasted(log).map(|lasted| format!("not started after {:.0} s; ", lasted.as_secs_f64())).unwrap_or_default();
    Some(node.evidence(Source::Log, format!("{after}the last it said: {}", last.text)))
}

/// The same slow link makes the Node update lose its race: an exit of its own that the larger budget does not cure by itself.
fn own_exit(node: &NodeView) -> Option<Evidence> {
    let mark = node.attempts().flat_map(|log| &log.marks).find(|mark| mark.kind == MarkKind::UpdateConflict)?;
    Some(node.evidence(Source::Log, format!("in another attempt it exited by itself, as happens on a slow link: {}", mark.text)))
}
