//! The level raised on some nodes for a while: shown, asked about, followed, taken back, and what came of it explained.

use std::io::Write;

use super::follow::Follower;
use super::live::{Live, remember};
use super::{Page, outcome};
use crate::commands::change::interrupt::Interrupt;
use crate::commands::change::{self, Setting, Told};
use crate::commands::streams::Streams;
use crate::exit::{Failure, Outcome};
use crate::plan::lending;
use crate::plan::wish::Wish;
use crate::timeline::explain;
use crate::timeline::report::Report;

pub async fn run(
    page: &Page<'_>,
    live: Live,
    before: &Report,
    nodes: &[String],
    interrupt: Interrupt,
    streams: &mut Streams,
) -> Result<Outcome, Failure> {
    let Live { mut snapshot, way, .. } = live;
    let arguments = page.arguments;
    let Some(lent) = lending::of(&snapshot, nodes) else {
        return Err(Failure::NotInspected { message: "error: calico-node's DaemonSet was not seen".to_owned(), hint: None });
    };
    let raising = &arguments.raising;
    let follower = Follower::new(&way.connection, &snapshot, (raising.attempts, raising.timeout), &page.place, nodes)?;
    let change = raising.as_change();
    let setting = Setting {
        connection: &way.connection,
        wanted: &way.wanted,
        snapshot: &snapshot,
        arguments: &change,
        out: None,
        color: arguments.color(),
        human: !page.is_document(),
        interrupt,
        notes: &[],
        blockers: &lent.blockers,
        meanwhile: Some(&follower),
    };
    let mut told = Told::default();
    let result = change::run(&setting, &Wish::Lend(lent.proposal), &mut told, streams).await;
    let subjects = follower.finish(&page.place)?;
    if subjects.iter().all(|subject| subject.recordings.is_empty() && subject.unread.is_empty()) {
        if page.is_document() {
            page.print(before, Some(&told), streams)?;
        }
        return result;
    }
    remember(&mut snapshot, &subjects);
    let report = explain(&subjects, Some(&snapshot));
    if !page.is_document() {
        writeln!(streams.out)?;
    }
    page.print(&report, Some(&told), streams)?;
    page.print_saved(streams)?;
    match result {
        Ok(Outcome::Done) => Ok(outcome(&report)),
        other => other,
    }
}
