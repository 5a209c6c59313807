//! Raises the log level on some nodes for a while: shows the change, asks, follows the starts, restores the level, explains the logs.

use std::io::Write;

use super::Page;
use super::cluster_logs::{Live, remember};
use super::follow_all::Follower;
use super::follow_node::Followed;
use crate::commands::change::{self, ChangeOptions, ChangeReport};
use crate::exit::{Failure, Outcome};
use crate::observed::Observed;
use crate::plan::from_debug_log;
use crate::plan::request::ChangeRequest;
use crate::reports::startup_log::{StartupLogReport, explain_logs};
use crate::rollout::interrupt::Interrupt;
use crate::snapshot::Snapshot;
use crate::startup::log_source::LogSource;
use crate::streams::Streams;

pub(super) async fn run(
    page: &Page<'_>,
    live: Live,
    before: &StartupLogReport,
    nodes: &[String],
    interrupt: Interrupt,
    streams: &mut Streams,
) -> Result<Outcome, Failure> {
    let Live { mut snapshot, way, .. } = live;
    let arguments = page.arguments;
    let Some(lent) = from_debug_log::temporary_debug(&snapshot, nodes) else {
        return Err(Failure::ReadFailed { message: "error: calico-node's DaemonSet was not seen".to_owned(), hint: None });
    };
    let raising = &arguments.raising;
    let follower = Follower::new(&way.connection, &snapshot, (raising.attempts, raising.timeout), &page.place, nodes)?;
    let change = raising.as_change();
    let options = ChangeOptions {
        connection: &way.connection,
        wanted: &way.wanted,
        snapshot: &snapshot,
        arguments: &change,
        out: None,
        color: arguments.color(),
        prints_pages: !page.is_document(),
        interrupt,
        notes: &[],
        blockers: &lent.blockers,
        during: Some(&follower),
    };
    let mut told = ChangeReport::default();
    let result = change::run(&options, &ChangeRequest::Temporary(lent.proposal), &mut told, streams).await;
    let followed = follower.finish(&page.place)?;
    put_in(&mut snapshot, &followed);
    let subjects: Vec<LogSource> = followed.into_iter().map(|one| one.subject).collect();
    if subjects.iter().all(|subject| subject.logs.is_empty() && subject.gaps.is_empty()) {
        if page.is_document() {
            page.print(before, Some(&told), streams)?;
        }
        return result;
    }
    remember(&mut snapshot, &subjects);
    let report = explain_logs(&subjects, Some(&snapshot));
    if !page.is_document() {
        writeln!(streams.out)?;
    }
    page.print(&report, Some(&told), streams)?;
    page.print_saved(streams)?;
    match result {
        Ok(Outcome::Done) => Ok(report.verdict.into()),
        other => other,
    }
}

/// The pods that were followed replace their predecessors in the snapshot.
fn put_in(snapshot: &mut Snapshot, followed: &[Followed]) {
    for (pod, events) in followed.iter().filter_map(|one| one.pod.as_ref()) {
        if let Observed::Seen(pods) = &mut snapshot.pods {
            pods.retain(|old| old.spec.node_name != pod.spec.node_name);
            pods.push(pod.clone());
        }
        if let Observed::Seen(all) = &mut snapshot.events {
            all.extend(events.iter().cloned());
        }
    }
}
