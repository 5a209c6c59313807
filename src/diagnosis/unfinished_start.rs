//! Starts that only a log tells of, and that had not finished when it ends.

use super::check::EarlierFindings;
use crate::calico::startup_log::{Outcome, has_beginning, outcome};
use crate::diagnosis::context::Context;
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::NodeModel;
use crate::snapshot::inspection::StartupLog;
use crate::snapshot::objects::PodStatus;

/// A start in a small cluster takes a few seconds; every published probe allows at least 60.
const LONG_SECONDS: f64 = 40.0;

/// For nodes without a pod that was seen: with one, its state and events tell how the start ended.
pub(super) fn findings(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let unseen = |node: &&NodeModel| node.pod.is_none_or(|pod| pod.status == PodStatus::default());
    view.nodes.iter().filter(|node| unseen(node) && !found.is_explained(node.name)).filter_map(|node| finding(view, node)).collect()
}

fn finding(view: &Context, node: &NodeModel) -> Option<Finding> {
    let (log, seconds) = node.attempts().find_map(|log| Some((log, unfinished(log)?)))?;
    let last = log.marks.last().map(|mark| mark.text.clone()).unwrap_or_default();
    let allowed = match view.start_budget(node) {
        Some(budget) => format!("its probes kill it after {}s. Compare with the events of its pod", budget.as_secs()),
        None => "its probes may kill it (most allow 70s); compare with livenessProbe and with the events of its pod".to_owned(),
    };
    let message =
        format!("calico-node on {} has not started when its log ends after {seconds:.0}s, and the log has no error: {allowed}", node.name);
    let evidence = vec![node.evidence(Source::Log, format!("last known line: {last}"))];
    Some(Finding {
        code: Code::StartNearBudget,
        severity: Severity::Warning,
        nodes: vec![node.name.to_owned()],
        message,
        evidence,
        fix: None,
    })
}

/// Seconds from the first line to the last of a start that neither finished nor gave up.
fn unfinished(log: &StartupLog) -> Option<f64> {
    if !matches!(outcome(log), Outcome::CutOff) || !has_beginning(log) {
        return None;
    }
    let seconds = log.last?.duration_since(log.first?).as_secs_f64();
    (seconds >= LONG_SECONDS).then_some(seconds)
}
