//! Where a snapshot comes from and where it is kept.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::calico::route_get::Destination;
use crate::cli::apply_undo::ClusterArgs;
use crate::cli::connection::ConnectionFlags;
use crate::cli::status::SourceArgs;
use crate::cluster::{ConnectError, Connection, GatherError, LogSelection, ReadOptions, TerminalProgress, connect, read_cluster};
use crate::exit::Failure;
use crate::import::{self, Inputs};
use crate::input_source::InputSource;
use crate::snapshot::Snapshot;
use crate::snapshot::redact::redact as redacted;
use crate::snapshot::save::save_to;
use crate::text;

use super::node_selection::NodeSelection;
use crate::rollout::interrupt::Interrupt;
use crate::verb::Verb;

pub(super) async fn read(flags: &ConnectionFlags, arguments: &SourceArgs, chosen: &NodeSelection, verb: Verb) -> Result<Snapshot, Failure> {
    match saved(&arguments.from, chosen.only())? {
        Some(snapshot) => Ok(snapshot),
        None => Ok(live(flags, wanted(flags, arguments, chosen, Vec::new()), verb).await?.snapshot),
    }
}

/// What to read from a cluster, with the route from each node to these destinations.
pub(super) fn wanted(
    flags: &ConnectionFlags,
    arguments: &SourceArgs,
    chosen: &NodeSelection,
    destinations: Vec<Destination>,
) -> ReadOptions {
    ReadOptions {
        namespace: flags.namespace.clone(),
        daemon_set: arguments.daemonset.clone(),
        exec: !arguments.no_exec,
        nodes: chosen.filter(),
        max_concurrent: usize::from(arguments.max_concurrent),
        destinations,
        logs: if arguments.logs { LogSelection::All } else { LogSelection::WhereTroubled },
        ..ReadOptions::default()
    }
}

/// What `apply` and `undo` read: every node, no logs.
pub(super) fn whole_cluster(flags: &ConnectionFlags, arguments: &ClusterArgs) -> ReadOptions {
    ReadOptions {
        namespace: flags.namespace.clone(),
        daemon_set: arguments.daemonset.clone(),
        exec: !arguments.no_exec,
        max_concurrent: usize::from(arguments.max_concurrent),
        logs: LogSelection::None,
        ..ReadOptions::default()
    }
}

/// `None` where no file is named.
pub(super) fn saved(files: &[PathBuf], node: Option<&str>) -> Result<Option<Snapshot>, Failure> {
    if files.is_empty() {
        return Ok(None);
    }
    load(files, node).map(Some)
}

/// Reads files, `-` for standard input, and lists on standard error what each was recognised as. `node` is the node of texts that name none.
pub(super) fn load(files: &[PathBuf], node: Option<&str>) -> Result<Snapshot, Failure> {
    let read = import::read(&Inputs { files, node }, &mut std::io::stdin().lock());
    let snapshot = read.map_err(|error| Failure::ReadFailed { message: format!("error: {error}"), hint: Some(error.hint()) })?;
    list_sources(&snapshot, &mut std::io::stderr().lock())?;
    Ok(snapshot)
}

/// Lines on a terminal; `-o json` has all of them.
const MAX_LISTED: usize = 40;

/// Files that were read completely get no line.
fn list_sources(snapshot: &Snapshot, err: &mut dyn Write) -> std::io::Result<()> {
    let worth = |source: &&InputSource| source.line.is_some() || source.ignored.is_some();
    let listed: Vec<&InputSource> = snapshot.sources.iter().filter(worth).collect();
    for source in listed.iter().take(MAX_LISTED) {
        writeln!(err, "{}", text::clean(&source.to_string()))?;
    }
    match listed.len().checked_sub(MAX_LISTED) {
        Some(more @ 1..) => writeln!(err, "and {} more (-o json lists all)", text::count(more, "source")),
        _ => Ok(()),
    }
}

/// A snapshot of a cluster, and the connection to it.
pub(super) struct LiveCluster {
    pub snapshot: Snapshot,
    pub way: ClusterHandle,
}

pub struct ClusterHandle {
    pub connection: Connection,
    /// How it was read.
    pub wanted: ReadOptions,
}

/// For a verb that handles signals itself. Nothing has begun yet, so a signal ends the reading.
pub(super) async fn read_live_interruptible(
    interrupt: &Interrupt,
    flags: &ConnectionFlags,
    wanted: ReadOptions,
    verb: Verb,
) -> Result<LiveCluster, Failure> {
    tokio::select! {
        live = live(flags, wanted, verb) => live,
        () = interrupt.wait_for_more_than(0) => Err(Failure::Interrupted),
    }
}

/// `verb` is in audit logs as `kubectl calico-fix VERB`.
pub(super) async fn live(flags: &ConnectionFlags, wanted: ReadOptions, verb: Verb) -> Result<LiveCluster, Failure> {
    let connection = connect(flags, verb).await?;
    let snapshot = read_cluster(&connection, &wanted, &TerminalProgress::stderr()).await?;
    Ok(LiveCluster { snapshot, way: ClusterHandle { connection, wanted } })
}

pub(super) fn redact(snapshot: Snapshot) -> Result<Snapshot, Failure> {
    redacted(snapshot).map_err(|source| Failure::Files { what: "the snapshot could not be redacted".to_owned(), source: source.into() })
}

pub(super) fn save(snapshot: &Snapshot, path: &Path) -> Result<(), Failure> {
    save_to(snapshot, path).map_err(|source| Failure::NotWritten { path: path.to_owned(), source })
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let (message, hint) = (error.to_string(), error.hint());
        if error.is_usage() {
            Self::Usage { message: message.trim_start_matches("error: ").to_owned(), hint }
        } else {
            Self::ReadFailed { message, hint }
        }
    }
}

impl From<GatherError> for Failure {
    fn from(error: GatherError) -> Self {
        Self::ReadFailed { message: error.to_string(), hint: error.hint() }
    }
}
