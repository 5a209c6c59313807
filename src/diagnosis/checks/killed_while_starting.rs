use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::{EVERY_NODE, Explanation, GIVE_TIME};
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Severity, Source};
use crate::model::{NodeModel, phrases};
use crate::probes::timing;
use crate::snapshot::inspection::LogEventKind;
use crate::startup::container_run::{ContainerRun, RunEnd, is_kill};
use crate::startup::forecast;
use crate::startup::measure::Measurement;
use crate::text::count_times;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::KilledWhileStarting,
        title: "The kubelet kills calico-node before it has started",
        means: "Felix answers the liveness probe only after startup has finished. Startup reads the datastore 40 to 70 times, one \
                read after the other. With etcd it reads each key of each node. On a node far from the datastore this takes longer \
                than the probe allows. The kubelet kills calico-node and starts it again, and this repeats. The log is almost empty.",
        detected: "An event says \"Container calico-node failed liveness probe, will be restarted\" (or startup probe). The log of \
                   that run ends before \"Calico node started successfully\" and without \"Terminating\". A kill less than a probe \
                   period after the start counts too, because Felix and BIRD cannot have answered yet.\n\
                   Without logs: the container never ran longer than its probes allow. Not reported if the log shows another cause.",
        confirm: "kubectl describe pod -n NAMESPACE POD\n\
                  kubectl logs -n NAMESPACE POD -c calico-node --previous --timestamps",
        fix: &[GIVE_TIME, "To see what a start is doing, log it at DEBUG for a while:", "  kubectl calico-fix debug-log"],
        restarts: EVERY_NODE,
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    view.nodes.iter().filter(|node| !found.is_explained(node.name)).filter_map(|node| finding(view, node)).collect()
}

fn finding(view: &Context, node: &NodeModel) -> Option<Finding> {
    let kill = evidence::of_event(node, is_kill)?;
    let measured = view.measurement(node)?;
    // A probe that can never succeed says nothing of the start.
    if !measured.killed_while_starting() || node.probe_obstacle().is_some() {
        return None;
    }
    let severity = if node.ready() == Some(true) { Severity::Warning } else { Severity::Error };
    let message = message(view, measured, severity);
    let mut shown = vec![kill];
    shown.extend(phrases::restarts(node));
    shown.extend(cut_off(node, measured));
    shown.extend(own_exit(node));
    let nodes = vec![node.name.to_owned()];
    let fix = match node.log_refusal() {
        Some(why) => {
            shown.push(node.evidence(Source::Log, format!("its log could not be read: {why}")));
            // Slow, or without an answer from the API server: only the log tells, so no budget is proposed.
            fixes::startup_log(view, node)
        }
        None => fixes::start_budget(view, std::slice::from_ref(measured)),
    };
    Some(Finding { code: Code::KilledWhileStarting, severity, nodes, message, evidence: shown, fix })
}

fn message(view: &Context, measured: &Measurement, severity: Severity) -> String {
    let node = measured.node;
    let budget = measured.budget().map(|budget| budget.as_secs());
    let probe = measured.deciding_probe.map_or_else(|| "probe".to_owned(), |probe| format!("{} probe", timing::word(probe)));
    let kills = count_times(measured.kills);
    let allowed = budget.map(|budget| format!(" within the {budget}s that its {probe} allows")).unwrap_or_default();
    let just_started = measured.runs.iter().filter(|run| run.end == RunEnd::KilledWhileStarting).filter_map(|run| run.start);
    if let Some(start) = just_started.clone().find(|start| !start.at_least) {
        let of = budget.map(|budget| format!(" of the {budget}s that its {probe} allows")).unwrap_or_default();
        return format!(
            "calico-node on {node} needs {:.0}s{of} to start, so Felix and BIRD have no time to answer before it is killed ({kills} so far)",
            start.seconds
        );
    }
    let runs = measured.runs.first().filter(|run| run.end == RunEnd::Runs).and_then(|run| run.start);
    match (severity, runs, forecast_seconds(view, measured).zip(budget)) {
        (Severity::Warning, Some(start), _) if !start.at_most => format!(
            "calico-node on {node} did not start{allowed} and was killed {kills}. The start that runs now took {:.0}s",
            start.seconds
        ),
        (Severity::Error, _, Some((needed, budget))) => {
            format!("calico-node on {node} needs about {needed:.0}s to start; its {probe} kills it at {budget}s ({kills} so far)")
        }
        (Severity::Warning, ..) => format!("calico-node on {node} did not start{allowed} and was killed {kills}"),
        (Severity::Error, ..) => format!("calico-node on {node} does not start{allowed} (killed {kills} so far)"),
    }
}

/// Where the log tells the round trip, and a whole start does not fit.
fn forecast_seconds(view: &Context, measured: &Measurement) -> Option<f64> {
    let seconds = forecast::forecast(view, std::slice::from_ref(measured)).nodes.first()?.start_seconds_to?;
    let budget = measured.budget()?.as_secs_f64();
    (seconds.round() > budget).then_some(seconds)
}

/// The attempt that runs now is cut off by the reading; the longest tells most.
fn cut_off(node: &NodeModel, measured: &Measurement) -> Option<Evidence> {
    let unfinished = measured.runs.iter().filter(|attempt| matches!(attempt.end, RunEnd::KilledWhileStarting | RunEnd::Starting));
    let told = unfinished.filter(|attempt| attempt.last_words().is_some());
    let longest = told.max_by(|a, b| seconds(a).total_cmp(&seconds(b)))?;
    let last = longest.last_words()?;
    let after = longest.start.filter(|start| start.at_least).map(|start| format!("not started after {:.0}s; ", start.seconds));
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
