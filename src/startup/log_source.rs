//! What is to be explained: the logs of one file, or of one node's container, with what the cluster says of it.

use std::time::Duration;

use crate::calico::startup_log::Attempts;

/// Whoever reads logs hands them over in this form: from files, from a cluster as it is, or while they grow.
#[derive(Clone, Debug, Default)]
pub struct LogSource {
    /// The file or the pod, as it is shown.
    pub from: String,
    pub node: Option<String>,
    /// Oldest first: the previous container's, then the current one's.
    pub recordings: Vec<ContainerLog>,
    pub budget: Option<Duration>,
    pub unread: Vec<LogGap>,
}

/// A log that could not be read, or not to its end.
#[derive(Clone, Debug)]
pub struct LogGap {
    pub what: String,
    pub why: String,
    /// Without it nothing can be called healthy.
    pub matters: bool,
}

/// The log of one container.
#[derive(Clone, Debug, Default)]
pub struct ContainerLog {
    pub attempts: Attempts,
    /// What became of the container.
    pub fate: ContainerState,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ContainerState {
    /// A file does not tell.
    #[default]
    NotKnown,
    Running,
    Ended {
        lived: Option<Duration>,
        by: EndCause,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndCause {
    /// An event says that a probe of this kind had it killed.
    Liveness,
    Startup,
    OutOfMemory,
    /// Itself, or nobody knows.
    Other,
}

impl LogSource {
    /// A log by itself, as somebody sent it.
    pub fn from_file(from: String, attempts: Attempts) -> Self {
        Self { from, recordings: vec![ContainerLog { attempts, fate: ContainerState::NotKnown }], ..Self::default() }
    }
}
