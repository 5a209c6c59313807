//! One node's kubelet as far as a pod can tell: probes, kills, back-off, status, events; all on simulated time.

mod backoff;
mod events;
mod pod;
mod probe;
#[cfg(test)]
mod tests;

pub use events::{Event, Recorder};
pub use pod::{Identity, Pod, Process};
pub use probe::{Answer, Kind, Probe};
