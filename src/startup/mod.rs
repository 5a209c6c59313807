//! How starts of calico-node went: what each took, what ended it, and how long a whole one takes.
//!
//! A `ContainerRun` is told by pod status, events and a digest of the log; an `AttemptRow` by a log alone.
//! `measure` joins a node's runs with the time that its probes allow. `estimate` is the only estimator, `budget` the only sizing.
//! Felix and BIRD run only once start-up is done (`node/filesystem/etc/rc.local`): until then no liveness probe can succeed.
//! Nothing here proposes a change: that is `probes`.

pub mod attempt;
pub mod budget;
pub mod container_run;
pub mod container_state;
pub mod estimate;
pub mod forecast;
pub mod log_location;
pub mod log_source;
pub mod measure;
pub mod phases;
pub mod rows;
pub mod saved_logs;
pub mod timed_runs;
pub mod timeline;
