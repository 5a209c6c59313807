//! The proposed change of probes, only where more time is the cure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::budget_steps::{self, BudgetStep};
use super::change::{self, Handler, ProbeChange, probe_of};
use super::misfit_fix::{self, MisfitFix, MisfitFixError};
use super::strategy::{self, Strategy, cost};
use super::target::{ProbeTarget, probe_target};
use super::timing::{ProbeSetting, ProbeSettingError, ProbeTiming, without_contradiction, word};
use crate::calico::probe::{self, ProbeKind};
use crate::finding::StartTime;
use crate::model::ClusterModel;
use crate::snapshot::objects::Container;
use crate::startup::budget::{BudgetBasis, BudgetEstimate, ObservedStarts, estimate_budget};
use crate::startup::forecast;
use crate::startup::measure::{BudgetStatus, Measurement};

/// What the user asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProbeOptions {
    pub strategy: Strategy,
    /// Set by hand; no budget is computed then.
    pub settings: Vec<ProbeSetting>,
    pub fixes: Vec<MisfitFix>,
    /// Seconds that a budget may grow to.
    pub ceiling: Option<u32>,
}

impl ProbeOptions {
    pub fn by_hand(&self) -> bool {
        !self.settings.is_empty() || !self.fixes.is_empty()
    }
}

/// What a node must look like after the change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartExpectation {
    pub node: String,
    /// Seconds from the container's start to `Calico node started successfully`, at most.
    pub started_within_seconds: Option<u32>,
    /// Seconds it must then stay up: what the liveness probe takes to kill.
    pub steady_seconds: Option<u32>,
    /// What is known of its starts so far.
    pub start: Option<StartTime>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProbeProposal {
    pub place: ProbeTarget,
    /// Startup, liveness, readiness.
    pub changes: Vec<ProbeChange>,
    /// A line for each reason.
    pub why: Vec<String>,
    /// What the size stands on; `null` where nothing was sized.
    pub known: Option<BudgetBasis>,
    /// Seconds calico-node has to start, before and after.
    pub budget_before_seconds: Option<u32>,
    pub budget_after_seconds: Option<u32>,
    /// What a larger budget costs.
    pub cost: Option<String>,
    /// What comes after it where a start is killed again on the first node; empty where the size is known, or no node can be first.
    pub steps: Vec<BudgetStep>,
    /// What speaks against it.
    pub warnings: Vec<String>,
    /// Killed and slowest first: the first is the one to try it on.
    pub nodes: Vec<StartExpectation>,
}

/// Why a change of probes cannot be proposed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeProposalError {
    #[error(transparent)]
    Setting(#[from] ProbeSettingError),
    #[error(transparent)]
    Fix(#[from] MisfitFixError),
    #[error("calico-node's DaemonSet was not seen, so its probes cannot be changed")]
    NoContainer,
    #[error("calico-node has no {0} probe to change")]
    NoProbe(&'static str),
    #[error(
        "--strategy initial-delay changes nothing here: there is a startup probe, and the liveness probe begins only after it; leave --strategy out to stretch the startup probe"
    )]
    DelayHasNoEffect,
    #[error("{wish}: {why}")]
    Target { wish: String, why: String },
}

/// `Ok(None)` where nothing is asked for and no slow start is found. `slow`: the nodes whose trouble a larger budget cures.
pub fn propose(
    view: &ClusterModel,
    measured: &[Measurement],
    slow: &[&str],
    wishes: &ProbeOptions,
) -> Result<Option<ProbeProposal>, ProbeProposalError> {
    without_contradiction(&wishes.settings)?;
    let by_hand = wishes.by_hand();
    if slow.is_empty() && !by_hand {
        return Ok(None);
    }
    let container = view.install.container.filter(|_| view.install.daemon_set.is_some()).ok_or(ProbeProposalError::NoContainer)?;
    let place = probe_target(view);
    if let (ProbeTarget::Nowhere { why }, true) = (&place, by_hand) {
        return Err(ProbeProposalError::Target { wish: wish(wishes), why: why.clone() });
    }
    let mut why = Vec::new();
    let mut changes = Vec::new();
    if !by_hand {
        let ceiling = wishes.ceiling.unwrap_or(budget_steps::MAX_BUDGET);
        return propose_budget(view, measured, (wishes.strategy, ceiling), &sizing(measured, slow, view));
    }
    for fix in &wishes.fixes {
        changes.extend(misfit_fix::changes(&view.install, *fix)?);
        why.push(format!("Asked for: --fix {}.", fix.name()));
    }
    for setting in &wishes.settings {
        changes.extend(set(container, &place, view, setting)?);
        why.push(format!("Asked for: --set {setting}."));
    }
    let changes = misfit_fix::merged(changes);
    if let Some(change) = changes.iter().find(|change| change.handler.is_some() && matches!(place, ProbeTarget::Installation { .. })) {
        let why = "the operator writes the handlers of its probes itself, an Installation can only set their timing".to_owned();
        return Err(ProbeProposalError::Target { wish: format!("a handler for the {} probe", word(change.probe)), why });
    }
    Ok(build(container, place, measured, changes, why, None))
}

/// The change that gives every start this much time; by which strategy, and how far it may grow.
pub fn propose_budget(
    view: &ClusterModel,
    measured: &[Measurement],
    how: (Strategy, u32),
    size: &BudgetEstimate,
) -> Result<Option<ProbeProposal>, ProbeProposalError> {
    let (strategy, ceiling) = how;
    let container = view.install.container.filter(|_| view.install.daemon_set.is_some()).ok_or(ProbeProposalError::NoContainer)?;
    // Nothing kills it, or its pod is older than a DaemonSet that has the time already.
    if probe::start_guard(container).is_none_or(|(_, budget)| budget.total().as_secs() >= size.seconds) {
        return Ok(None);
    }
    let place = probe_target(view);
    let changes = misfit_fix::merged(strategy::changes(view, container, &place, strategy, size)?);
    let mut why = vec![sentence(&size.why)];
    let mut steps = Vec::new();
    if size.known != BudgetBasis::Measured {
        if matches!(place, ProbeTarget::DaemonSet { .. }) {
            steps = budget_steps::steps(container, &changes, ceiling);
        }
        why.extend(budget_steps::explain(&place, &steps, budget_steps::steps(container, &changes, u32::MAX).first()));
    }
    let made = build(container, place, measured, changes, why, Some(size.known));
    Ok(made.map(|made| ProbeProposal { steps, ..made }))
}

fn build(
    container: &Container,
    place: ProbeTarget,
    measured: &[Measurement],
    changes: Vec<ProbeChange>,
    why: Vec<String>,
    known: Option<BudgetBasis>,
) -> Option<ProbeProposal> {
    if changes.iter().all(|change| is_there(container, change)) {
        return None;
    }
    let after = changed(container, &changes);
    let seconds =
        |container: &Container| probe::start_guard(container).and_then(|(_, budget)| u32::try_from(budget.total().as_secs()).ok());
    Some(ProbeProposal {
        budget_before_seconds: seconds(container),
        budget_after_seconds: seconds(&after),
        cost: cost(container, &after),
        steps: Vec::new(),
        warnings: warnings(container, &after, measured),
        nodes: expectations(&after, measured),
        place,
        changes,
        why,
        known,
    })
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).chain(['.']).collect()).unwrap_or_default()
}

fn wish(wishes: &ProbeOptions) -> String {
    let fixes = wishes.fixes.iter().map(|fix| format!("--fix {}", fix.name()));
    fixes.chain(wishes.settings.iter().map(|setting| format!("--set {setting}"))).collect::<Vec<_>>().join(" ")
}

/// All starts must fit, and those that were cut off by more than their cut.
/// How much time: the factor is `SAFETY` in `startup/budget.rs`.
fn sizing(measured: &[Measurement], slow: &[&str], view: &ClusterModel) -> BudgetEstimate {
    let is_slow = |measured: &&Measurement| slow.contains(&measured.node);
    let slowest = |least: bool| {
        let starts = measured.iter().filter_map(Measurement::slowest).filter(move |start| start.at_least == least);
        starts.map(|start| start.seconds).reduce(f64::max)
    };
    let cut_off = |measured: &&Measurement| measured.slowest().is_none_or(|start| start.at_least);
    let killed = measured.iter().filter(is_slow).filter(cut_off).filter(|measured| measured.budget_status() == BudgetStatus::Killed);
    let slow: Vec<Measurement> = measured.iter().filter(is_slow).cloned().collect();
    estimate_budget(&ObservedStarts {
        measured: slowest(false),
        cut_off: slowest(true),
        forecast: forecast::forecast(view, &slow).nodes.iter().filter_map(|node| node.start_seconds_to).reduce(f64::max),
        killed_at: killed.filter_map(|measured| measured.budget()).map(|allowed| allowed.as_secs()).max(),
    })
}

fn set(
    container: &Container,
    place: &ProbeTarget,
    view: &ClusterModel,
    setting: &ProbeSetting,
) -> Result<Vec<ProbeChange>, ProbeProposalError> {
    if !place.accepts(view, setting.probe) {
        let why = format!("this operator's Installation has no fields for the {} probe", word(setting.probe));
        return Err(ProbeProposalError::Target { wish: format!("--set {setting}"), why });
    }
    let mut timing = ProbeTiming::default();
    timing.set(setting.field, setting.value);
    let change = ProbeChange::timing(setting.probe, timing);
    if probe_of(container, setting.probe).is_some() || matches!(place, ProbeTarget::Installation { .. }) {
        return Ok(vec![change]);
    }
    let liveness = container.liveness_probe.as_ref().filter(|_| setting.probe == ProbeKind::Startup);
    let handler = liveness.and_then(Handler::from_probe).ok_or(ProbeProposalError::NoProbe(word(setting.probe)))?;
    Ok(vec![ProbeChange { handler: Some(handler), ..change }])
}

fn is_there(container: &Container, change: &ProbeChange) -> bool {
    let probe = probe_of(container, change.probe);
    let same = probe.is_some_and(|probe| change.handler.is_none() || change.handler == Handler::from_probe(probe));
    same && change.after(container) == ProbeTiming::default().on(probe)
}

/// The container once the changes are made.
pub(super) fn changed(container: &Container, changes: &[ProbeChange]) -> Container {
    let mut after = container.clone();
    for change in changes {
        let mut probe = probe_of(container, change.probe).cloned().unwrap_or_default();
        let budget = change.after(container);
        let number = |value: u32| i32::try_from(value).ok();
        probe.initial_delay_seconds = number(budget.initial_delay);
        probe.period_seconds = number(budget.period);
        probe.timeout_seconds = number(budget.timeout);
        probe.failure_threshold = number(budget.failure_threshold);
        match &change.handler {
            Some(Handler::Exec(exec)) => probe.exec = Some(exec.clone()),
            Some(Handler::HttpGet(http)) => probe.http_get = Some(http.clone()),
            None => {}
        }
        match change.probe {
            ProbeKind::Startup => after.startup_probe = Some(probe),
            ProbeKind::Liveness => after.liveness_probe = Some(probe),
            ProbeKind::Readiness => after.readiness_probe = Some(probe),
        }
    }
    after
}

fn warnings(before: &Container, after: &Container, measured: &[Measurement]) -> Vec<String> {
    let allowed = |container: &Container| probe::start_guard(container).map(|(_, budget)| budget.total().as_secs_f64());
    let mut warnings = Vec::new();
    if let (Some(before), Some(after)) = (allowed(before), allowed(after)) {
        if after < before {
            warnings.push(format!("This lowers the startup limit from {before:.0}s to {after:.0}s."));
        }
        let slowest = measured.iter().filter_map(|measured| Some((measured.node, measured.slowest()?)));
        if let Some((node, start)) = slowest.max_by(|a, b| a.1.seconds.total_cmp(&b.1.seconds)).filter(|(_, start)| start.seconds >= after)
        {
            let took = if start.at_least { "more than " } else { "" };
            warnings.push(format!("{after:.0}s is not enough for {node}: its slowest start took {took}{:.0}s.", start.seconds));
        }
    }
    let odd = probe::uses(after).into_iter().find(|probe| probe.budget.timeout > probe.budget.period);
    if let Some(probe) = odd.filter(|odd| probe_of(before, odd.kind) != probe_of(after, odd.kind)) {
        let (timeout, period) = (probe.budget.timeout, probe.budget.period);
        warnings.push(format!(
            "The {} probe has a timeout of {timeout}s and a period of {period}s: with a probe that hangs, the kill comes later than stated.",
            word(probe.kind)
        ));
    }
    warnings
}

fn expectations(after: &Container, measured: &[Measurement]) -> Vec<StartExpectation> {
    let whole = |seconds: u64| u32::try_from(seconds).ok();
    let within = probe::start_guard(after).and_then(|(_, budget)| whole(budget.total().as_secs()));
    let steady = after.liveness_probe.as_ref().and_then(|probe| whole(probe::Budget::of(probe).total().as_secs()));
    measured
        .iter()
        .map(|measured| StartExpectation {
            node: measured.node.to_owned(),
            started_within_seconds: within,
            steady_seconds: steady,
            start: measured.start,
        })
        .collect()
}

impl ProbeProposal {
    /// The patch that is printed and sent, for the state in which `object` is: a DaemonSet, or an Installation.
    pub fn patch(&self, object: &Value) -> Option<Value> {
        change::patch(&self.place, &self.changes, object)
    }
}
