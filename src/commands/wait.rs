//! `status --wait`: repeats the check until Calico is healthy. For scripts after a reboot or an upgrade.

use std::io::Write;
use std::time::Duration;

use super::looks::{Look, LookFailure, Looks};
use super::node_selection::NodeSelection;
use super::status::save_and_print;
use crate::cli::connection::ConnectionFlags;
use crate::cli::status::StatusArgs;
use crate::cluster::NoProgress;
use crate::cluster::timeout::Deadline;
use crate::exit::{Failure, Outcome};
use crate::finding::Report;
use crate::render::changes::time;
use crate::render::headline::{headline, ready, verdict_word};
use crate::render::notice;
use crate::streams::Streams;
use crate::text;

pub(super) async fn run(
    flags: &ConnectionFlags,
    arguments: &StatusArgs,
    chosen: &NodeSelection,
    streams: &mut Streams,
) -> Result<Outcome, Failure> {
    let end = Deadline::starting_now(Some(arguments.timeout));
    let interval = Duration::from_secs(arguments.watch_interval);
    let mut looks = Looks::new(flags, arguments, chosen);
    let mut last: Option<Look> = None;
    let mut told = String::new();
    loop {
        let looked = looks.next(end.as_ref().map(Deadline::left), &NoProgress).await;
        let is_over = end.as_ref().is_some_and(|end| end.left().is_zero());
        let state = match looked {
            Ok(look) => {
                let outcome = Outcome::from_report(&look.report, arguments.fail_on);
                let state = state(&look.report);
                if outcome == Outcome::Healthy {
                    save_and_print(&look.snapshot, &look.report, arguments, chosen, streams)?;
                    return Ok(outcome);
                }
                // The time limit may have cut this check short; the one before says more.
                if !is_over || last.is_none() {
                    last = Some(look);
                }
                state
            }
            Err(LookFailure::Final(failure)) => return Err(failure),
            Err(LookFailure::Passing(failure)) => format!("no answer: {}", first_line(&failure)),
        };
        if state != told && (!is_over || told.is_empty()) {
            notice::plain(&format!("{}  waiting: {state}", time(looks.now())), &mut streams.err)?;
            streams.err.flush()?;
            told = state;
        }
        let left = end.as_ref().map_or(interval, Deadline::left);
        tokio::time::sleep(interval.min(left)).await;
        if left <= interval {
            break;
        }
    }
    if let Some(look) = &last {
        save_and_print(&look.snapshot, &look.report, arguments, chosen, streams)?;
    }
    let message = format!("error: Calico is not healthy after {}s: {told}", arguments.timeout.as_secs_f64());
    notice::plain(&message, &mut streams.err)?;
    Ok(Outcome::NotHealthyInTime)
}

/// Verdict, nodes ready, and the reason for waiting.
fn state(report: &Report) -> String {
    let why = headline(report);
    let why = if why.is_empty() { "a finding that --fail-on counts".to_owned() } else { why };
    text::clean(&format!("{}, {}, {why}", verdict_word(report.verdict), ready(&report.cluster))).into_owned()
}

/// The message without its hint and without `error: `.
fn first_line(failure: &Failure) -> String {
    let text = failure.to_string();
    let line = text.lines().next().unwrap_or_default();
    text::clean(line.strip_prefix("error: ").unwrap_or(line)).into_owned()
}
