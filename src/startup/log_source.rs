//! Logs to be explained: those of one file, or of one node's container with what the cluster says of it.

use std::time::Duration;

use super::estimate::has_tunnel_address;
use crate::calico::startup_log::Attempts;
use crate::model::ClusterModel;
use crate::snapshot::Snapshot;
use crate::snapshot::inspection::StartupLog;

/// Logs of one node or file: from files, from a cluster as it is, or while they grow.
#[derive(Clone, Debug, Default)]
pub struct LogSource {
    /// The file or the pod, as it is shown.
    pub from: String,
    pub node: Option<String>,
    /// Oldest first: the previous container's, then the current one's.
    pub logs: Vec<ContainerLog>,
    /// Seconds that probes allow a start.
    pub budget: Option<Duration>,
    /// The node's tunnel address is stored; `None` where its Node object was not seen.
    pub has_tunnel: Option<bool>,
    pub gaps: Vec<LogGap>,
}

/// A log that could not be read, or not to its end.
#[derive(Clone, Debug)]
pub struct LogGap {
    pub what: String,
    pub why: String,
    /// Without it nothing can be called healthy.
    pub blocks_healthy: bool,
}

/// The log of one container.
#[derive(Clone, Debug, Default)]
pub struct ContainerLog {
    pub attempts: Attempts,
    /// What became of the container.
    pub state: ContainerState,
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
    /// By itself, with this exit code; no event says that a probe had it killed.
    Exited {
        code: i32,
    },
    Unknown,
}

impl LogSource {
    /// Logs of calico-node itself, oldest first.
    pub fn runs(&self) -> impl DoubleEndedIterator<Item = &ContainerLog> {
        self.logs.iter().filter(|log| log.attempts.init.is_none())
    }

    /// Logs of init containers, with the container's name.
    pub fn init_logs(&self) -> impl Iterator<Item = (&str, &StartupLog)> {
        self.logs.iter().filter_map(|log| log.attempts.init.as_ref()).map(|(name, log)| (name.as_str(), log))
    }

    /// A node's logs are still to be added.
    pub fn for_node(snapshot: &Snapshot, node: &str) -> Self {
        let view = ClusterModel::new(snapshot);
        let seen = view.node(node);
        Self {
            node: Some(node.to_owned()),
            budget: seen.and_then(|seen| view.start_budget(seen)),
            has_tunnel: seen.and_then(has_tunnel_address),
            ..Self::default()
        }
    }

    /// A log file; no cluster was seen.
    pub fn from_file(from: String, attempts: Attempts) -> Self {
        Self { from, logs: vec![ContainerLog { attempts, state: ContainerState::NotKnown }], ..Self::default() }
    }
}
