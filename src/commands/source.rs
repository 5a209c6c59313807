//! Where a snapshot comes from and where it is kept.

use std::path::Path;

use crate::calico::reaches::Destination;
use crate::cli::connection::ConnectionFlags;
use crate::cli::status::SourceArgs;
use crate::cluster::{Bar, ConnectError, Connection, GatherError, LogsWanted, NodeFilter, Wanted, connect, gather};
use crate::exit::Failure;
use crate::import;
use crate::snapshot::Snapshot;
use crate::snapshot::redact::redact as redacted;
use crate::snapshot::save::save_to;

use super::change::interrupt::Interrupt;
use super::status::Chosen;

/// Goes into audit logs beside kubectl's own commands.
const COMMAND: &str = "kubectl calico-fix status";

pub async fn read(flags: &ConnectionFlags, arguments: &SourceArgs, chosen: &Chosen) -> Result<Snapshot, Failure> {
    read_for(COMMAND, flags, arguments, chosen, Vec::new()).await
}

/// For another command, and with the way to these destinations from each node.
pub async fn read_for(
    command: &str,
    flags: &ConnectionFlags,
    arguments: &SourceArgs,
    chosen: &Chosen,
    destinations: Vec<Destination>,
) -> Result<Snapshot, Failure> {
    if !arguments.from.is_empty() {
        return import::load(&arguments.from, &mut std::io::stdin().lock())
            .map_err(|error| Failure::NotInspected { message: format!("error: {error}"), hint: Some(error.hint().to_owned()) });
    }
    let wanted = Wanted {
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
    };
    Ok(live(flags, wanted, command).await?.snapshot)
}

/// A cluster as it was seen, and the way to it.
pub struct Live {
    pub connection: Connection,
    pub wanted: Wanted,
    pub snapshot: Snapshot,
}

/// The same, for a verb that hears of a signal instead of being ended: nothing was begun yet.
pub async fn live_until(interrupt: &Interrupt, flags: &ConnectionFlags, wanted: Wanted, command: &str) -> Result<Live, Failure> {
    tokio::select! {
        live = live(flags, wanted, command) => live,
        () = interrupt.beyond(0) => Err(Failure::Interrupted),
    }
}

/// `command` goes into audit logs beside kubectl's own.
pub async fn live(flags: &ConnectionFlags, wanted: Wanted, command: &str) -> Result<Live, Failure> {
    let connection = connect(flags, command).await?;
    let snapshot = gather(&connection, &wanted, &Bar::stderr()).await?;
    Ok(Live { connection, wanted, snapshot })
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
