//! What is to be explained: the logs of one file, or of one node's container, with what the cluster says of it.

use std::time::Duration;

use crate::calico::startup_log::Attempts;
use crate::snapshot::inside::StartupLog;

/// Whoever reads logs hands them over in this form: from files, from a cluster as it is, or while they grow.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// The file or the pod, as it is shown.
    pub from: String,
    pub node: Option<String>,
    /// Oldest first: the previous container's, then the current one's.
    pub recordings: Vec<Recording>,
    pub budget: Option<Duration>,
    pub unread: Vec<Unread>,
}

/// A log that could not be read, or not to its end.
#[derive(Clone, Debug)]
pub struct Unread {
    pub what: String,
    pub why: String,
    /// Without it nothing can be called healthy.
    pub matters: bool,
}

/// The log of one container.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    pub attempts: Attempts,
    /// What became of the container.
    pub fate: Fate,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// A file does not tell.
    #[default]
    NotKnown,
    Running,
    Ended {
        lived: Option<Duration>,
        by: Ender,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ender {
    /// An event says that a probe of this kind had it killed.
    Liveness,
    Startup,
    OutOfMemory,
    /// Itself, or nobody knows.
    Other,
}

impl Subject {
    /// Logs of calico-node itself, oldest first.
    pub fn runs(&self) -> impl DoubleEndedIterator<Item = &Recording> {
        self.recordings.iter().filter(|recording| recording.attempts.init.is_none())
    }

    /// Logs of init containers, with the container's name.
    pub fn init_logs(&self) -> impl Iterator<Item = (&str, &StartupLog)> {
        self.recordings.iter().filter_map(|recording| recording.attempts.init.as_ref()).map(|(name, log)| (name.as_str(), log))
    }

    /// A log by itself, as somebody sent it.
    pub fn of_file(from: String, attempts: Attempts) -> Self {
        Self { from, recordings: vec![Recording { attempts, fate: Fate::NotKnown }], ..Self::default() }
    }
}
