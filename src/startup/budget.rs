//! Size of a start-up budget, from what is known of the starts that must fit; and which starts are close to theirs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::StartTime;

/// Factor on the slowest start: round trips and node counts grow.
const SAFETY: f64 = 2.0;
const STEP: u64 = 10;
/// Seconds of the published remedy for slow starts, 60 + 10 × 10: the least where no start was seen to end.
pub const USUAL: u64 = 160;
/// Seconds: a start of more than an hour does not lack time.
const MOST: u64 = 3600;

/// Evidence that a budget is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BudgetBasis {
    /// The slowest start was seen to finish.
    Measured,
    /// The slowest start was cut off: it takes longer, by an unknown amount.
    LowerBound,
    Nothing,
}

/// Share of the budget above which a start counts as close to a kill. In words: `diagnosis/checks/start_near_budget.rs`, and `Tight` of
/// `BudgetStatus`.
pub const TIGHT: f64 = 0.8;

/// The start came close to a kill by its budget, in seconds. Readiness alone does not show that.
pub fn is_tight(start: StartTime, budget: u32) -> bool {
    !start.at_most && start.seconds > TIGHT * f64::from(budget)
}

#[derive(Clone, Debug, PartialEq)]
pub struct BudgetEstimate {
    pub seconds: u64,
    pub known: BudgetBasis,
    /// One line.
    pub why: String,
}

/// Known starts that must fit, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ObservedStarts {
    pub measured: Option<f64>,
    pub cut_off: Option<f64>,
    /// By the round trip to the datastore.
    pub forecast: Option<f64>,
    /// The present budget, if a start was killed at its end.
    pub killed_at: Option<u64>,
}

pub fn estimate_budget(starts: &ObservedStarts) -> BudgetEstimate {
    let bound = starts.cut_off.into_iter().chain(starts.killed_at.map(seconds)).reduce(f64::max);
    match (starts.measured, bound) {
        (Some(measured), bound) if bound.is_none_or(|bound| bound <= measured) => {
            let seconds = rounded(measured * SAFETY);
            BudgetEstimate {
                seconds,
                known: BudgetBasis::Measured,
                why: format!("the slowest start took {measured:.0}s. Twice that, rounded up, is {seconds}s"),
            }
        }
        (_, Some(bound)) => {
            let forecast = starts.forecast.filter(|forecast| *forecast > bound);
            let seconds = rounded(forecast.unwrap_or(bound) * SAFETY).max(USUAL);
            let told = match forecast {
                Some(forecast) => format!("An estimated {forecast:.0}s is needed, and {seconds}s leaves room"),
                None => format!("The time needed is not known, and {seconds}s is the next step"),
            };
            let why = match starts.cut_off {
                Some(cut_off) if cut_off >= bound => {
                    format!("no slow start has finished, and the longest was killed after {bound:.0}s. {told}")
                }
                _ => format!("every slow start was killed at {bound:.0}s. {told}"),
            };
            BudgetEstimate { seconds, known: BudgetBasis::LowerBound, why }
        }
        (_, None) => BudgetEstimate {
            seconds: USUAL,
            known: BudgetBasis::Nothing,
            why: format!("the time that a start needs is not known. Calico's published fix for slow starts allows {USUAL}s"),
        },
    }
}

fn rounded(wanted: f64) -> u64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped just before")]
    let whole = wanted.clamp(0.0, seconds(MOST)).ceil() as u64;
    (whole.div_ceil(STEP) * STEP).clamp(STEP, MOST)
}

fn seconds(whole: u64) -> f64 {
    u32::try_from(whole).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let starts = |measured, cut_off, forecast, killed_at| ObservedStarts { measured, cut_off, forecast, killed_at };
        for (starts, expected, known) in [
            (starts(None, None, None, None), 160, BudgetBasis::Nothing),
            (starts(Some(30.6), None, None, None), 70, BudgetBasis::Measured),
            (starts(Some(65.0), None, None, None), 130, BudgetBasis::Measured),
            (starts(None, Some(63.0), None, Some(70)), 160, BudgetBasis::LowerBound),
            // Killed again at the larger budget: the next step.
            (starts(None, Some(160.0), None, Some(160)), 320, BudgetBasis::LowerBound),
            (starts(None, Some(63.0), Some(107.0), Some(70)), 220, BudgetBasis::LowerBound),
            // Another node's good start says nothing of one that was cut off later.
            (starts(Some(12.0), Some(63.0), None, Some(70)), 160, BudgetBasis::LowerBound),
            // It was killed once, and ended in the end, slower than that.
            (starts(Some(90.0), Some(70.0), None, Some(70)), 180, BudgetBasis::Measured),
            (starts(None, Some(1e9), None, None), 3600, BudgetBasis::LowerBound),
            (starts(Some(0.0), None, None, None), 10, BudgetBasis::Measured),
        ] {
            let size = estimate_budget(&starts);
            assert_eq!((size.seconds, size.known), (expected, known), "{starts:?}");
            assert!(size.why.contains(&size.seconds.to_string()), "{}", size.why);
        }
    }
}
