//! How long calico-node takes to start, how long its probes let it, and what would give it the time it needs.
//!
//! Felix and BIRD run only once start-up is done (`node/filesystem/etc/rc.local`), so until then no liveness probe can succeed.

pub mod again;
pub mod attempt;
pub mod change;
mod examine;
pub mod fix;
pub mod forecast;
pub mod growth;
pub mod measure;
pub mod measured;
pub mod place;
pub mod proposal;
pub mod report;
pub mod sizing;
pub mod strategy;
pub mod timing;

pub use examine::examine;

pub const KIND: &str = "Probes";
