//! Repeated checks of the same cluster, for `--watch` and `--wait`.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::node_selection::NodeSelection;
use super::{source, status};
use crate::cli::connection::ConnectionFlags;
use crate::cli::status::StatusArgs;
use crate::cluster::timeout::Deadline;
use crate::cluster::{ConnectError, Connection, Progress, ReadOptions, connect, read_cluster_by};
use crate::exit::Failure;
use crate::finding::Report;
use crate::snapshot::Snapshot;

/// Credentials that expire sooner are renewed before they are used.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_secs(60);

pub(super) struct Looks<'a> {
    flags: &'a ConnectionFlags,
    arguments: &'a StatusArgs,
    chosen: &'a NodeSelection,
    wanted: ReadOptions,
    connection: Option<Connection>,
    answered: bool,
}

pub(super) struct Look {
    pub snapshot: Snapshot,
    pub report: Report,
}

/// Why a check failed.
pub(super) enum LookFailure {
    /// A repetition cannot help: the command line or the kubeconfig is wrong.
    Final(Failure),
    Passing(Failure),
}

impl LookFailure {
    pub(super) fn into_failure(self) -> Failure {
        match self {
            Self::Final(failure) | Self::Passing(failure) => failure,
        }
    }
}

impl<'a> Looks<'a> {
    pub(super) fn new(flags: &'a ConnectionFlags, arguments: &'a StatusArgs, chosen: &'a NodeSelection) -> Self {
        Self { flags, arguments, chosen, wanted: status::options(flags, arguments, chosen), connection: None, answered: false }
    }

    /// The API server's time; this machine's until the server has answered.
    pub(super) fn now(&self) -> Timestamp {
        self.connection.as_ref().map(Connection::now).unwrap_or_else(Connection::local_now)
    }

    /// Reads the cluster within this time, or within `--deadline` where that is shorter.
    pub(super) async fn next(&mut self, longest: Option<Duration>, progress: &dyn Progress) -> Result<Look, LookFailure> {
        let started = Deadline::starting_now(longest);
        let connection = match Deadline::bound(started, self.connection()).await {
            Some(Ok(connection)) => connection,
            // A credential plugin may need the network, which may be down.
            Some(Err(error @ ConnectError::Plugin { .. })) => return Err(LookFailure::Passing(error.into())),
            Some(Err(error)) => return Err(LookFailure::Final(error.into())),
            None => return Err(LookFailure::Passing(no_credentials())),
        };
        let deadline = match (started, Deadline::starting_now(connection.deadline)) {
            (Some(one), Some(other)) => Some(if one.left() < other.left() { one } else { other }),
            (one, other) => one.or(other),
        };
        self.answered = false;
        let read = read_cluster_by(&connection, &self.wanted, deadline, progress).await;
        let mut snapshot = read.map_err(|error| LookFailure::Passing(error.into()))?;
        self.answered = true;
        if self.arguments.redact {
            snapshot = source::redact(snapshot).map_err(LookFailure::Final)?;
        }
        let report = status::judge(&snapshot, self.arguments, self.chosen).map_err(|failure| match failure {
            Failure::Usage { .. } | Failure::UnknownNode { .. } => LookFailure::Final(failure),
            other => LookFailure::Passing(other),
        })?;
        Ok(Look { snapshot, report })
    }

    /// The connection of the last check, while it answers and its credentials are valid.
    async fn connection(&mut self) -> Result<Connection, ConnectError> {
        let lasts = |connection: &&Connection| connection.valid_until.is_none_or(|end| end.duration_since(connection.now()) > RENEW_BEFORE);
        if let Some(connection) = self.connection.as_ref().filter(|_| self.answered).filter(lasts) {
            return Ok(connection.clone());
        }
        let mut connection = connect(self.flags, status::VERB).await?;
        // Times during an outage are the server's too.
        if let Some(last) = &self.connection {
            connection.clock = last.clock.clone();
        }
        Ok(self.connection.insert(connection).clone())
    }
}

fn no_credentials() -> Failure {
    Failure::ReadFailed { message: "error: the credential plugin gave no answer in time".to_owned(), hint: None }
}
