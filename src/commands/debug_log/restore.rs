//! `debug-log --restore`: restores a log level that a killed run has left raised.

use super::{DebugLogArgs, Failure, Interrupt, Outcome, Streams};
use crate::cli::apply_undo::{ClusterArgs, OutputArgs, UndoArgs};
use crate::cli::connection::ConnectionFlags;
use crate::cli::output::{DataFormat, Output};
use crate::commands::undo;
use crate::verb::Verb;

pub(super) async fn run(
    flags: &ConnectionFlags,
    arguments: &DebugLogArgs,
    interrupt: Interrupt,
    streams: &mut Streams,
) -> Result<Outcome, Failure> {
    let output = match arguments.format {
        Output::Json => Some(DataFormat::Json),
        Output::Yaml => Some(DataFormat::Yaml),
        _ => None,
    };
    let undo = UndoArgs {
        // Raising the level changes no session, so none is verified.
        source: ClusterArgs { daemonset: arguments.daemonset.clone(), no_exec: true, ..ClusterArgs::default() },
        shown: OutputArgs { output, color: arguments.color, no_color: arguments.no_color },
        change: arguments.raising.as_change(),
    };
    undo::undo(flags, &undo, Some(Verb::DebugLog), interrupt, streams).await
}
