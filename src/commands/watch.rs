//! `status --watch`: the same again and again, until interrupted.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use crate::cli::connection::ConnectionFlags;
use crate::cli::status::StatusArgs;
use crate::exit::{Failure, Outcome, explain};
use crate::finding::Report;

use super::node_selection::NodeSelection;
use super::source;
use super::status::{judge, print};
use crate::streams::Streams;

const CLEAR: &[u8] = b"\x1b[H\x1b[2J\x1b[3J";

pub async fn run(
    flags: &ConnectionFlags,
    arguments: &StatusArgs,
    chosen: &NodeSelection,
    streams: &mut Streams,
) -> Result<Outcome, Failure> {
    let terminal = std::io::stdout().is_terminal();
    let mut before: Option<Report> = None;
    loop {
        match look(flags, arguments, chosen).await {
            Ok((snapshot, report)) => {
                let changed = before.as_ref().is_none_or(|before| !same(before, &report));
                if terminal || changed {
                    if terminal {
                        streams.out.write_all(CLEAR)?;
                    }
                    print(&snapshot, &report, arguments, chosen, &mut streams.out, &mut streams.err)?;
                    streams.flush()?;
                }
                if streams.out.is_closed() {
                    return Ok(Outcome::from_report(&report, arguments.fail_on));
                }
                before = Some(report);
            }
            Err(failure) if before.is_none() => return Err(failure),
            // The network may be what is broken: it is said, and looked again.
            Err(failure) => {
                explain(&failure, &mut streams.err)?;
                streams.flush()?;
            }
        }
        tokio::time::sleep(Duration::from_secs(arguments.watch_interval)).await;
    }
}

async fn look(
    flags: &ConnectionFlags,
    arguments: &StatusArgs,
    chosen: &NodeSelection,
) -> Result<(crate::snapshot::Snapshot, Report), Failure> {
    let mut snapshot = source::read(flags, &arguments.source, chosen, super::status::VERB).await?;
    if arguments.redact {
        snapshot = source::redact(snapshot)?;
    }
    let report = judge(&snapshot, arguments, chosen)?;
    Ok((snapshot, report))
}

/// Time alone is no change.
fn same(before: &Report, now: &Report) -> bool {
    Report { taken_at: now.taken_at, ..before.clone() } == *now
}
