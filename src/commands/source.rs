//! Where a snapshot comes from and where it is kept.

use std::path::{Path, PathBuf};

use crate::calico::reaches::Destination;
use crate::cli::connection::ConnectionFlags;
use crate::cli::status::SourceArgs;
use crate::cluster::{Bar, ConnectError, Connection, GatherError, LogsWanted, NodeFilter, Wanted, connect, gather};
use crate::exit::Failure;
use crate::import;
use crate::snapshot::Snapshot;
use crate::snapshot::redact::redact as redacted;
use crate::snapshot::save::save_to;

use super::status::Chosen;
use crate::rollout::interrupt::Interrupt;

pub async fn read(flags: &ConnectionFlags, arguments: &SourceArgs, chosen: &Chosen, verb: &str) -> Result<Snapshot, Failure> {
    match saved(&arguments.from)? {
        Some(snapshot) => Ok(snapshot),
        None => Ok(live(flags, wanted(flags, arguments, chosen, Vec::new()), verb).await?.snapshot),
    }
}

/// What is to be read of a cluster, with the way to these destinations from each node.
pub fn wanted(flags: &ConnectionFlags, arguments: &SourceArgs, chosen: &Chosen, destinations: Vec<Destination>) -> Wanted {
    Wanted {
        namespace: flags.namespace.clone(),
        daemon_set: arguments.daemonset.clone(),
        exec: !arguments.no_exec,
        nodes: match chosen {
            Chosen::All => None,
            Chosen::Names(names) => Some(NodeFilter::Names(names.clone())),
            Chosen::Labels(selector) => Some(NodeFilter::Selector(selector.text().to_owned())),
        },
        max_concurrent: usize::from(arguments.max_concurrent),
        destinations,
        logs: if arguments.logs { LogsWanted::All } else { LogsWanted::WhereTroubled },
        ..Wanted::default()
    }
}

/// `None` where no file is named.
pub fn saved(files: &[PathBuf]) -> Result<Option<Snapshot>, Failure> {
    if files.is_empty() {
        return Ok(None);
    }
    load(files).map(Some)
}

/// `-` is standard input.
pub fn load(files: &[PathBuf]) -> Result<Snapshot, Failure> {
    let read = import::load(files, &mut std::io::stdin().lock());
    read.map_err(|error| Failure::NotInspected { message: format!("error: {error}"), hint: Some(error.hint().to_owned()) })
}

/// A cluster as it was seen, and the way to it.
pub struct Live {
    pub snapshot: Snapshot,
    pub way: Way,
}

pub struct Way {
    pub connection: Connection,
    /// How it was read.
    pub wanted: Wanted,
}

/// For a verb that hears of a signal instead of being ended: nothing was begun yet.
pub async fn live_until(interrupt: &Interrupt, flags: &ConnectionFlags, wanted: Wanted, verb: &str) -> Result<Live, Failure> {
    tokio::select! {
        live = live(flags, wanted, verb) => live,
        () = interrupt.wait_for_more_than(0) => Err(Failure::Interrupted),
    }
}

/// `verb` goes into audit logs as `kubectl calico-fix VERB`, beside kubectl's own commands.
pub async fn live(flags: &ConnectionFlags, wanted: Wanted, verb: &str) -> Result<Live, Failure> {
    let connection = connect(flags, verb).await?;
    let snapshot = gather(&connection, &wanted, &Bar::stderr()).await?;
    Ok(Live { snapshot, way: Way { connection, wanted } })
}

pub fn redact(snapshot: Snapshot) -> Result<Snapshot, Failure> {
    redacted(snapshot).map_err(|source| Failure::Files { what: "the snapshot could not be redacted".to_owned(), source: source.into() })
}

pub fn save(snapshot: &Snapshot, path: &Path) -> Result<(), Failure> {
    save_to(snapshot, path).map_err(|source| Failure::Files { what: path.display().to_string(), source })
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let (message, hint) = (error.to_string(), error.hint());
        if error.is_usage() {
            Self::Usage { message: message.trim_start_matches("error: ").to_owned(), hint }
        } else {
            Self::NotInspected { message, hint }
        }
    }
}

impl From<GatherError> for Failure {
    fn from(error: GatherError) -> Self {
        Self::NotInspected { message: error.to_string(), hint: error.hint() }
    }
}
