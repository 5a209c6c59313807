//! `undo`: what the last change wrote down, put back the guarded way.

use std::io::Write;

use serde_json::Value;

use crate::cli::apply_undo::UndoArgs;
use crate::cli::connection::ConnectionFlags;
use crate::cluster::request::Api;
use crate::cluster::write;
use crate::exit::{Failure, Outcome};
use crate::plan::Target;
use crate::plan::place::Place;
use crate::plan::record::Record;
use crate::plan::wish::Wish;
use crate::snapshot::Snapshot;
use crate::text;

use super::change::interrupt::Interrupt;
use super::change::{self, Setting, Told};
use super::source;
use crate::streams::Streams;

const VERB: &str = "undo";

pub async fn run(flags: &ConnectionFlags, arguments: &UndoArgs, interrupt: Interrupt, streams: &mut Streams) -> Result<Outcome, Failure> {
    put_back(flags, arguments, None, interrupt, streams).await
}

/// `only`: a change by this verb, and no other.
pub async fn put_back(
    flags: &ConnectionFlags,
    arguments: &UndoArgs,
    only: Option<&str>,
    interrupt: Interrupt,
    streams: &mut Streams,
) -> Result<Outcome, Failure> {
    let live = source::read_live_interruptible(&interrupt, flags, arguments.source.wanted(flags), VERB).await?;
    let api = Api::new(&live.way.connection);
    let mut recorded = Vec::new();
    for place in places(&live.snapshot) {
        match record(&api, &place, streams).await? {
            Some(record) if only.is_none_or(|verb| record.command == verb) => recorded.push((place, record)),
            Some(record) => {
                let command = text::clean(&record.command);
                writeln!(streams.err, "{place}: the change by {command} of {} is not touched; undo puts that back", record.at)?;
            }
            None => {}
        }
    }
    // Newest first: an undo puts back what the last change replaced.
    recorded.sort_by_key(|(_, record)| std::cmp::Reverse((!record.is_finished(), record.at)));
    let Some((place, record)) = recorded.into_iter().next() else {
        let by = only.map_or_else(|| "this plugin".to_owned(), |verb| format!("this plugin's {verb}"));
        writeln!(streams.err, "nothing to undo: no change by {by} is written down")?;
        return Ok(Outcome::Done);
    };
    writeln!(streams.err, "{place}: change by {} of {}", text::clean(&record.command), record.at)?;
    streams.err.flush()?;
    let setting = Setting {
        connection: &live.way.connection,
        wanted: &live.way.wanted,
        snapshot: &live.snapshot,
        arguments: &arguments.change,
        out: None,
        color: arguments.shown.color(),
        human: arguments.shown.output.is_none(),
        interrupt,
        notes: &[],
        blockers: &[],
        meanwhile: None,
    };
    let mut told = Told::default();
    let result = change::run(&setting, &Wish::Undo { place, record }, &mut told, streams).await;
    arguments.shown.print(&told, streams)?;
    result
}

/// Every object that this plugin ever writes to.
fn places(snapshot: &Snapshot) -> Vec<Place> {
    let set = snapshot.daemon_set.seen().map(|set| &set.metadata);
    let set = set.and_then(|meta| Some(Place::DaemonSet { namespace: meta.namespace.clone()?, name: meta.name.clone() }));
    let installations = snapshot.resources.installations.seen().into_iter().flatten();
    set.into_iter().chain(installations.map(|one| Place::Installation { name: one.metadata.name.clone() })).collect()
}

/// In the object; where somebody has taken the annotation away, on this machine, as long as what it set is still there.
async fn record(api: &Api, place: &Place, streams: &mut Streams) -> Result<Option<Record>, Failure> {
    let object: Value =
        write::read(api, place).await.map_err(|error| Failure::ReadFailed { message: error.to_string(), hint: error.hint() })?;
    let unreadable =
        |message: String| Failure::NotApplied { message: format!("error: {place}: {message}"), hint: Some(BY_HAND.to_owned()) };
    if let Some(record) = Record::of(&object).map_err(|error| unreadable(error.to_string()))? {
        return Ok(Some(record));
    }
    let Ok(target) = Target::of(&object, place) else { return Ok(None) };
    match change::kept_record(&target) {
        Ok(Some(record)) if !place.patch_kind().holds(&object, &record.restore) && place.patch_kind().holds(&object, &record.set) => {
            Ok(Some(record))
        }
        Ok(_) => Ok(None),
        Err(error) => {
            writeln!(streams.err, "Warning: the copy on this machine is not used: {error}")?;
            Ok(None)
        }
    }
}

const BY_HAND: &str = "Look at it with kubectl get -o yaml, and at the revisions with: kubectl rollout history";
