//! Which change of calico-node's probes gives a start the time it needs.
//!
//! `propose` turns measured starts and `ProbeOptions` into a `ProbeProposal`: a list of `ProbeChange` for one `ProbeTarget`.
//! `strategy` chooses the fields, `budget_steps` the larger budgets that may follow, `misfit_fix` corrects probes that cannot succeed.
//! `ProbeTiming` holds the four fields that can be set by hand.
//! Pure: nothing is read from a cluster, nothing is written.

pub mod budget_steps;
pub mod change;
pub mod misfit_fix;
pub mod proposal;
pub mod strategy;
pub mod target;
pub mod timing;
