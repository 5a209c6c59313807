//! Successively larger startup budgets, for nodes whose start has never been seen to finish.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::change::ProbeChange;
use super::proposal::changed;
use super::target::ProbeTarget;
use super::timing::word;
use crate::calico::probe::{Budget, start_guard};
use crate::snapshot::objects::Container;

/// Seconds: a longer start has another cause than a long way to the datastore.
pub const MAX_BUDGET: u32 = 1200;

/// The next budget, if a start is killed again with the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BudgetStep {
    /// Seconds calico-node then has to start.
    pub budget_seconds: u32,
    /// Seconds it must then stay up: what the liveness probe takes to kill.
    pub steady_seconds: Option<u32>,
    /// Replaces the proposal's changes; sets the same fields of the same probes.
    pub changes: Vec<ProbeChange>,
}

/// Each budget is twice the one before; the last one is limited by `ceiling`.
pub(super) fn steps(container: &Container, changes: &[ProbeChange], ceiling: u32) -> Vec<BudgetStep> {
    let Some((guard, first)) = start_guard(&changed(container, changes)) else { return Vec::new() };
    let mut steps = Vec::new();
    let mut last = first;
    loop {
        let failures = failures(last, ceiling);
        if failures <= last.failure_threshold {
            return steps;
        }
        let mut grown = changes.to_vec();
        let Some(guarded) = grown.iter_mut().find(|change| change.probe == guard) else { return steps };
        guarded.timing.failure_threshold = Some(failures);
        let after = changed(container, &grown);
        last = Budget { failure_threshold: failures, ..last };
        let steady_seconds = after.liveness_probe.as_ref().and_then(|probe| seconds(Budget::of(probe)));
        steps.push(BudgetStep { budget_seconds: seconds(last).unwrap_or(ceiling), steady_seconds, changes: grown });
    }
}

/// A sentence: what happens if the budget is too small. `next` is the step that could be set by hand.
pub(super) fn explain(place: &ProbeTarget, steps: &[BudgetStep], next: Option<&BudgetStep>) -> Option<String> {
    let by_hand = next.and_then(|next| {
        let change = next.changes.iter().find(|change| change.timing.failure_threshold.is_some())?;
        Some(format!("--set {}.failureThreshold={}", word(change.probe), change.timing.failure_threshold?))
    });
    let by_hand = by_hand.map(|set| format!(" Raise it then with {set}.")).unwrap_or_default();
    match place {
        ProbeTarget::DaemonSet { .. } if steps.is_empty() => {
            Some(format!("If that is not enough, the limit is not raised automatically.{by_hand}"))
        }
        ProbeTarget::DaemonSet { .. } => {
            let budgets: Vec<String> = steps.iter().map(|step| format!("{}s", step.budget_seconds)).collect();
            let list = match budgets.split_last() {
                Some((last, [])) => format!("at most {last}"),
                Some((last, others)) => format!("{} and at most {last}", others.join(", ")),
                None => String::new(),
            };
            Some(format!(
                "If that is not enough on the first node, the limit is raised to {list} there. The other nodes get the value that worked."
            ))
        }
        ProbeTarget::Installation { .. } => Some(format!(
            "The operator restarts the nodes one after another, so no node can be tried alone. If a node is killed again before it has \
             started, the change is rolled back.{by_hand}"
        )),
        ProbeTarget::Nowhere { .. } => None,
    }
}

/// Failure threshold for about twice the budget.
fn failures(last: Budget, ceiling: u32) -> u32 {
    let wanted = seconds(last).unwrap_or(u32::MAX).saturating_mul(2).min(ceiling);
    wanted.saturating_sub(last.initial_delay) / last.period.max(1)
}

fn seconds(budget: Budget) -> Option<u32> {
    u32::try_from(budget.total().as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::calico::probe::ProbeKind;
    use crate::probes::timing::ProbeTiming;

    fn container(probes: &Value) -> Container {
        serde_json::from_value(probes.clone()).expect("a container")
    }

    fn grown(probes: &Value, probe: ProbeKind, failures: u32, ceiling: u32) -> Vec<(u32, Option<u32>, Option<u32>)> {
        let timing = ProbeTiming { failure_threshold: Some(failures), ..ProbeTiming::default() };
        let steps = steps(&container(probes), &[ProbeChange::timing(probe, timing)], ceiling);
        steps.iter().map(|step| (step.budget_seconds, step.steady_seconds, step.changes[0].timing.failure_threshold)).collect()
    }

    #[test]
    fn budgets_double_up_to_their_ceiling() {
        let liveness = json!({"initialDelaySeconds": 10, "periodSeconds": 10, "failureThreshold": 6});
        let both = json!({"name": "calico-node", "livenessProbe": liveness, "startupProbe": {"periodSeconds": 10}});
        assert_eq!(
            grown(&both, ProbeKind::Startup, 16, MAX_BUDGET),
            [(320, Some(70), Some(32)), (640, Some(70), Some(64)), (1200, Some(70), Some(120))],
            "liveness stays as it is"
        );
        let alone = json!({"name": "calico-node", "livenessProbe": liveness});
        assert_eq!(
            grown(&alone, ProbeKind::Liveness, 15, 700),
            [(320, Some(320), Some(31)), (640, Some(640), Some(63)), (700, Some(700), Some(69))],
            "the delay is part of the budget"
        );
    }

    #[test]
    fn nothing_grows_beyond_its_ceiling_nor_what_kills_nothing() {
        let alone = json!({"name": "calico-node", "livenessProbe": {"periodSeconds": 10}});
        assert_eq!(grown(&alone, ProbeKind::Liveness, 16, 160), []);
        assert_eq!(grown(&alone, ProbeKind::Liveness, 16, 169), [], "a whole period is wanting");
        assert_eq!(grown(&alone, ProbeKind::Readiness, 16, MAX_BUDGET), []);
        assert_eq!(grown(&json!({"name": "calico-node"}), ProbeKind::Liveness, 16, MAX_BUDGET).len(), 3, "a probe that is new");
    }
}
