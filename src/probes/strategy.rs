//! Two ways to give a start more time: a startup probe, which leaves the liveness probe as it is, or a liveness probe that
//! begins later and tolerates more failures.

use super::change::{Handler, ProbeChange};
use super::proposal::ProbeProposalError;
use super::target::ProbeTarget;
use super::timing::ProbeTiming;
use crate::calico::probe::{Budget, ProbeKind, start_guard};
use crate::model::ClusterModel;
use crate::snapshot::objects::{Container, Probe};
use crate::startup::budget::{BudgetBasis, BudgetEstimate};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    #[default]
    StartupProbe,
    InitialDelay,
}

/// The published remedy.
const DELAY: u32 = 60;
const FAILURES: u32 = 10;
const PERIOD: u32 = 10;
/// As in the manifests from 3.20.0: an exec probe starts a process on a node that is busy starting.
const TIMEOUT: u32 = 10;

/// The fields that give it so much time; never less than it has.
pub(super) fn changes(
    view: &ClusterModel,
    container: &Container,
    place: &ProbeTarget,
    strategy: Strategy,
    size: &BudgetEstimate,
) -> Result<Vec<ProbeChange>, ProbeProposalError> {
    let liveness = container.liveness_probe.as_ref();
    let change = match (&container.startup_probe, liveness, strategy) {
        (Some(_), _, Strategy::InitialDelay) => return Err(ProbeProposalError::DelayHasNoEffect),
        (Some(startup), ..) => raise_startup_threshold(startup, size),
        (None, None, _) => return Ok(Vec::new()),
        (None, Some(liveness), Strategy::InitialDelay) => delay_liveness(liveness, size),
        // An Installation that knows no startup probe, or whose operator makes none yet: the way that remains.
        (None, Some(liveness), Strategy::StartupProbe) if !matches!(place, ProbeTarget::DaemonSet { .. }) => delay_liveness(liveness, size),
        (None, Some(liveness), Strategy::StartupProbe) => match add_startup_probe(liveness, size) {
            Some(change) => change,
            None => delay_liveness(liveness, size),
        },
    };
    let nowhere = matches!(place, ProbeTarget::Nowhere { .. });
    if !nowhere && !place.accepts(view, change.probe) {
        let why = "this operator's Installation has no fields for it".to_owned();
        return Err(ProbeProposalError::Target { wish: format!("a larger startup limit ({})", change.probe.field()), why });
    }
    Ok(vec![change])
}

fn threshold(seconds: u64, delay: u32, period: u32) -> u32 {
    let rest = seconds.saturating_sub(u64::from(delay));
    u32::try_from(rest.div_ceil(u64::from(period.max(1)))).unwrap_or(u32::MAX)
}

/// A new probe with the liveness probe's own handler.
fn add_startup_probe(liveness: &Probe, size: &BudgetEstimate) -> Option<ProbeChange> {
    let timing = ProbeTiming {
        period_seconds: Some(PERIOD),
        timeout_seconds: Some(Budget::of(liveness).timeout.max(TIMEOUT)),
        failure_threshold: Some(threshold(size.seconds, 0, PERIOD)),
        ..ProbeTiming::default()
    };
    Some(ProbeChange { probe: ProbeKind::Startup, handler: Some(Handler::from_probe(liveness)?), timing })
}

fn raise_startup_threshold(startup: &Probe, size: &BudgetEstimate) -> ProbeChange {
    let now = Budget::of(startup);
    let wanted = threshold(size.seconds, now.initial_delay, now.period).max(now.failure_threshold);
    ProbeChange::timing(ProbeKind::Startup, ProbeTiming { failure_threshold: Some(wanted), ..ProbeTiming::default() })
}

fn delay_liveness(liveness: &Probe, size: &BudgetEstimate) -> ProbeChange {
    let now = Budget::of(liveness);
    let delay = now.initial_delay.max(DELAY);
    let least = if size.known == BudgetBasis::Measured { now.failure_threshold } else { now.failure_threshold.max(published(now.period)) };
    let timing = ProbeTiming {
        initial_delay_seconds: Some(delay),
        failure_threshold: Some(threshold(size.seconds, delay, now.period).max(least)),
        ..ProbeTiming::default()
    };
    ProbeChange::timing(ProbeKind::Liveness, timing)
}

/// Where the probes were not seen: all fields of the published remedy, which suit every handler.
pub fn published_remedy(size: &BudgetEstimate) -> ProbeChange {
    let mut change = delay_liveness(&Probe::default(), size);
    change.timing.period_seconds = Some(PERIOD);
    change
}

/// Ten failures are the remedy for a period of ten seconds; with a longer one fewer last as long.
fn published(period: u32) -> u32 {
    if period <= PERIOD { FAILURES } else { (FAILURES * PERIOD).div_ceil(period) }
}

/// Which hangs are detected later than before.
pub(super) fn cost(before: &Container, after: &Container) -> Option<String> {
    let starting = |container: &Container| start_guard(container).map(|(_, budget)| budget.total().as_secs());
    let running = |container: &Container| {
        container.liveness_probe.as_ref().map(|probe| {
            let budget = Budget::of(probe);
            u64::from(budget.period) * u64::from(budget.failure_threshold)
        })
    };
    let mut costs = Vec::new();
    if let (Some(old), Some(new)) = (starting(before), starting(after))
        && new > old
    {
        costs.push(format!("a hang during startup is detected after {new}s instead of {old}s"));
    }
    match (running(before), running(after)) {
        (Some(old), Some(new)) if new > old => costs.push(format!("a later hang after {new}s instead of {old}s")),
        (Some(old), _) if !costs.is_empty() => costs.push(format!("a later hang still after {old}s")),
        _ => {}
    }
    (!costs.is_empty()).then(|| costs.join(", "))
}
