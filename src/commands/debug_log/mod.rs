//! `debug-log`: read logs, explain them, print. Whoever gets logs in another way hands `Subject`s to `tell`.

mod files;
mod live;
mod save;

use std::io::Write;

use crate::cli::connection::ConnectionFlags;
use crate::cli::debug_log::DebugLogArgs;
use crate::cli::output::Output;
use crate::diagnosis::report::Verdict;
use crate::exit::{Failure, Outcome};
use crate::render::style::Style;
use crate::render::{data, timeline as render};
use crate::snapshot::Snapshot;
use crate::text;
use crate::timeline::report::Report;
use crate::timeline::{Subject, explain};

use super::streams::Streams;
use save::Place;

/// What was read: the logs, and the cluster they come from.
pub struct Logs {
    pub subjects: Vec<Subject>,
    pub snapshot: Option<Snapshot>,
}

pub async fn run(flags: &ConnectionFlags, arguments: &DebugLogArgs, streams: &mut Streams) -> Result<Outcome, Failure> {
    let format = format(arguments)?;
    let place = Place::of(arguments)?;
    let logs = if !arguments.file.is_empty() {
        files::read(&arguments.file, &place)?
    } else if !arguments.from.is_empty() {
        files::from_snapshot(&arguments.from, &arguments.node)?
    } else {
        live::read(flags, arguments, &place).await?
    };
    if logs.subjects.is_empty() {
        return nothing(&logs, streams);
    }
    let outcome = tell(&logs, arguments, format, &place, streams)?;
    // Asked for by name, the command would be thought to have raised the level.
    if logs.snapshot.is_some() && arguments.from.is_empty() && !arguments.no_change {
        writeln!(streams.err, "{}", text::clean(UNCHANGED))?;
    }
    Ok(outcome)
}

const UNCHANGED: &str = "Nothing was changed: these are the logs that were there. More takes CALICO_STARTUP_LOGLEVEL=DEBUG in the DaemonSet, \
     which restarts calico-node on every node unless its updateStrategy is OnDelete.";

/// Explains what was read and prints it.
fn tell(logs: &Logs, arguments: &DebugLogArgs, format: Output, place: &Place, streams: &mut Streams) -> Result<Outcome, Failure> {
    let report = explain(&logs.subjects, logs.snapshot.as_ref());
    // Standard output is the log's own then.
    let raw = place.is_stdout();
    let style = if raw { Style::of_stderr(arguments.color()) } else { Style::of_stdout(arguments.color()) };
    let out: &mut dyn Write = if raw { &mut streams.err } else { &mut streams.out };
    match format {
        Output::Json => data::json(&report, out)?,
        Output::Yaml => data::yaml(&report, out)?,
        _ => render::write(&report, arguments.all, &style, out)?,
    }
    for saved in place.saved() {
        writeln!(streams.err, "saved {}", saved.display())?;
    }
    Ok(outcome(&report))
}

fn outcome(report: &Report) -> Outcome {
    match report.verdict {
        Verdict::Sick => Outcome::Findings,
        Verdict::Unknown => Outcome::NotKnown,
        Verdict::Healthy => Outcome::Healthy,
    }
}

/// `--output json` is kubectl's long form of `-o json`: nobody means a file of that name.
fn format(arguments: &DebugLogArgs) -> Result<Output, Failure> {
    let usage = |message: String, hint: &str| Failure::Usage { message, hint: Some(hint.to_owned()) };
    if let Some(name) =
        arguments.output.as_deref().and_then(std::path::Path::to_str).filter(|name| ["json", "yaml", "table", "wide"].contains(name))
    {
        let hint = format!("Write -o {name} for the format, or --output ./{name} for a file of that name.");
        return Err(usage(format!("--output names a file or a directory here, and {name:?} is a format"), &hint));
    }
    match arguments.format {
        Output::Table | Output::Json | Output::Yaml => Ok(arguments.format),
        _ => Err(usage("debug-log prints table, json or yaml".to_owned(), "Leave out -o, or write -o json or -o yaml.")),
    }
}

fn nothing(logs: &Logs, streams: &mut Streams) -> Result<Outcome, Failure> {
    let pods = logs.snapshot.as_ref().and_then(|snapshot| snapshot.pods.seen()).map_or(0, Vec::len);
    let pods = text::count(pods, "calico-node pod");
    writeln!(streams.out, "{pods}, all Ready and without a restart: there is no failed start to explain.")?;
    writeln!(streams.out, "--node NAME explains the start of one of them.")?;
    Ok(Outcome::Healthy)
}
