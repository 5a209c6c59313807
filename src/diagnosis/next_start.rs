//! Starts that would not fit into the time that the probes of the next pod allow.

use super::check::EarlierFindings;
use super::fixes;
use crate::calico::probe;
use crate::diagnosis::context::Context;
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Severity, Source};
use crate::model::{ClusterModel, NodeModel};
use crate::startup::budget::{ObservedStarts, estimate_budget};
use crate::startup::forecast::round_trip_start_of;
use crate::startup::measure::Measurement;
use crate::startup::timed_runs::round_trips;
use crate::text::seconds;

/// Seconds that the next start takes, and what says so.
pub(crate) struct NextStart {
    pub least: f64,
    pub most: f64,
    pub basis: String,
}

impl NextStart {
    /// `57s to 66s`, `about 60s`
    pub(crate) fn takes(&self) -> String {
        match (self.least.round(), self.most.round()) {
            (least, most) if least < most => format!("{least:.0}s to {most:.0}s"),
            (least, _) => format!("about {least:.0}s"),
        }
    }
}

/// The next start of calico-node on this node is known to take longer than it may.
pub(super) fn is_too_long(view: &Context, node: &NodeModel) -> bool {
    let allowed = view.install.container.and_then(probe::start_guard).map(|(_, budget)| budget.total().as_secs_f64());
    let start = view.measurement(node).and_then(|measured| next_start(view, measured));
    allowed.zip(start).is_some_and(|(allowed, start)| start.least > allowed)
}

pub(super) fn findings(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    // The next pod is made from the DaemonSet as it is now; the one that runs may have other probes.
    let Some((_, budget)) = view.install.container.and_then(probe::start_guard) else { return Vec::new() };
    let allowed = budget.total().as_secs();
    let measured = view.nodes.iter().zip(view.measured());
    let sound = measured.filter(|(node, _)| node.ready() == Some(true) && !found.is_explained(node.name));
    sound.filter_map(|(node, measured)| finding(view, node, measured, allowed)).collect()
}

fn finding(view: &Context, node: &NodeModel, measured: &Measurement, allowed: u64) -> Option<Finding> {
    let start = next_start(view, measured).filter(|start| start.least > allowed as f64)?;
    let takes = start.takes();
    let message = format!(
        "calico-node on {} would be killed at its next start: it needs {takes}, and the probes now allow {allowed}s. Do not restart \
         calico-node there before the fix",
        node.name
    );
    let text = format!("{}: its probes allow a start {allowed}s", view.install.name());
    let evidence = vec![node.evidence(Source::Log, start.basis), Evidence { source: Source::DaemonSet, node: None, text }];
    let size = estimate_budget(&ObservedStarts { measured: Some(start.most), ..ObservedStarts::default() });
    let fix = fixes::start_budget_of(view, node.name, &size);
    let nodes = vec![node.name.to_owned()];
    Some(Finding { code: Code::RestartWouldChangeAddress, severity: Severity::Warning, nodes, message, evidence, fix })
}

/// By the round trip of the newest start that tells it, and never longer than a start that was seen to finish. The node's addresses are
/// stored by now, which saves round trips.
pub(crate) fn next_start(view: &ClusterModel, measured: &Measurement) -> Option<NextStart> {
    let took = measured.start.filter(|start| !start.at_least && !start.at_most).map(|start| start.seconds);
    let Some(start) = round_trip_start_of(view, measured) else {
        let took = took?;
        return Some(NextStart { least: took, most: took, basis: format!("the newest start took {took:.0}s") });
    };
    let trips = round_trips(true);
    let seen = took.unwrap_or(f64::INFINITY);
    let told = took.map(|took| format!("; the newest start took {took:.0}s")).unwrap_or_default();
    Some(NextStart {
        least: seen.min(start.round_trip * trips.fewest),
        most: seen.min(start.round_trip * trips.most),
        basis: format!("round trip to the datastore: {}{told}", seconds::precise(start.round_trip)),
    })
}
