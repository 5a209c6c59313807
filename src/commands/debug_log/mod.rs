//! `debug-log`: reads logs, explains and prints them. Raises the log level on one node if they do not tell enough.

mod cluster_logs;
mod emit;
mod files;
mod follow_all;
mod follow_node;
mod raise_level;
mod restore;
mod resumable_log;
mod save;

use std::io::Write;

use crate::cli::change::DryRun;
use crate::cli::connection::ConnectionFlags;
use crate::cli::debug_log::DebugLogArgs;
use crate::cli::output::Output;
use crate::commands::change::proposed::WithChange;
use crate::commands::change::{ChangeReport, open_change};
use crate::commands::node_selection::NodeSelection;
use crate::commands::prompt::{self, Answer};
use crate::diagnosis::{Scope, diagnose};
use crate::exit::{Failure, Outcome};
use crate::render::style::{Style, Tone};
use crate::render::{data, notice, timeline as render};
use crate::reports::startup_log::{StartupLogReport, explain_logs};
use crate::snapshot::Snapshot;
use crate::startup::log_source::LogSource;
use crate::startup::timeline::AttemptEnd;
use crate::text;

use crate::rollout::interrupt::Interrupt;
use crate::streams::Streams;
use cluster_logs::Live;
use save::Place;

/// What was read: the logs, and the cluster they come from.
pub(super) struct Logs {
    pub subjects: Vec<LogSource>,
    pub snapshot: Option<Snapshot>,
}

/// How the report is printed, and where the logs are saved.
struct Page<'a> {
    arguments: &'a DebugLogArgs,
    format: Output,
    place: Place,
}

impl<'a> Page<'a> {
    fn new(arguments: &'a DebugLogArgs) -> Result<Self, Failure> {
        Ok(Self { arguments, format: format(arguments)?, place: Place::of(arguments)? })
    }

    fn is_document(&self) -> bool {
        matches!(self.format, Output::Json | Output::Yaml)
    }

    fn print(&self, report: &StartupLogReport, change: Option<&ChangeReport>, streams: &mut Streams) -> Result<(), Failure> {
        let color = self.arguments.color();
        // Standard output holds the log itself then.
        let raw = self.place.is_stdout();
        let style = if raw { Style::of_stderr(color) } else { Style::of_stdout(color) };
        let out: &mut dyn Write = if raw { &mut streams.err } else { &mut streams.out };
        let document = WithChange { report, change };
        match self.format {
            Output::Json => data::json(&document, out)?,
            Output::Yaml => data::yaml(&document, out)?,
            _ => render::write(report, self.arguments.all, &style, out)?,
        }
        out.flush()?;
        Ok(())
    }

    fn print_saved(&self, streams: &mut Streams) -> Result<(), Failure> {
        for saved in self.place.saved() {
            writeln!(streams.err, "saved {}", saved.display())?;
        }
        Ok(())
    }
}

/// Explains logs from files or a snapshot; no cluster is contacted.
pub(super) fn offline(arguments: &DebugLogArgs, streams: &mut Streams) -> Result<Outcome, Failure> {
    let page = Page::new(arguments)?;
    let logs = match arguments.file.is_empty() {
        true => files::from_snapshot(&arguments.from, &selection(arguments)?)?,
        false => files::read(&arguments.file, &page.place)?,
    };
    let report = explain_logs(&logs.subjects, logs.snapshot.as_ref());
    page.print(&report, None, streams)?;
    page.print_saved(streams)?;
    Ok(report.verdict.into())
}

pub(super) async fn run(
    flags: &ConnectionFlags,
    arguments: &DebugLogArgs,
    interrupt: Interrupt,
    streams: &mut Streams,
) -> Result<Outcome, Failure> {
    let page = Page::new(arguments)?;
    if arguments.emit.is_some() {
        return tokio::select! {
            emitted = emit::run(flags, arguments, streams) => emitted,
            () = interrupt.wait_for_more_than(0) => Err(Failure::Interrupted),
        };
    }
    if arguments.restore {
        return restore::run(flags, arguments, interrupt, streams).await;
    }
    let live = tokio::select! {
        live = cluster_logs::read(flags, arguments, &page.place, !arguments.no_change) => live?,
        () = interrupt.wait_for_more_than(0) => return Err(Failure::Interrupted),
    };
    if live.subjects.is_empty() {
        return nothing(&page, &live.snapshot, streams);
    }
    let report = explain_logs(&live.subjects, Some(&live.snapshot));
    let nodes = target_nodes(arguments, &live);
    let wanted = arguments.raising.yes || arguments.raising.dry_run != DryRun::None;
    if !page.is_document() || !wanted {
        page.print(&report, None, streams)?;
    }
    if !page.is_document() {
        say_what_is_open(&live.snapshot, streams)?;
    }
    let goes_on = wanted || !page.is_document() && !arguments.no_change && should_raise(&report, &nodes, &interrupt, streams).await?;
    if !goes_on {
        page.print_saved(streams)?;
        return match live.unsaved {
            Some(unsaved) if !arguments.no_change => Err(unsaved),
            _ => Ok(report.verdict.into()),
        };
    }
    raise_level::run(&page, live, &report, &nodes, interrupt, streams).await
}

/// A change that is half made explains logs that differ from node to node.
fn say_what_is_open(snapshot: &Snapshot, streams: &mut Streams) -> Result<(), Failure> {
    match open_change::explain(snapshot, &diagnose(snapshot, &Scope::default())) {
        Some(open) => open_change::announce(open, streams),
        None => Ok(()),
    }
}

fn selection(arguments: &DebugLogArgs) -> Result<NodeSelection, Failure> {
    NodeSelection::from_flags(&arguments.node, arguments.selector.as_deref())
}

/// The nodes that were named, else the worst-affected one.
fn target_nodes(arguments: &DebugLogArgs, live: &Live) -> Vec<String> {
    let mut named = arguments.node.clone();
    named.dedup();
    let sickest = || live.subjects.iter().find_map(|subject| subject.node.clone());
    if named.is_empty() { sickest().into_iter().collect() } else { named }
}

/// If the logs explain the problem already, asks before the level is raised.
async fn should_raise(report: &StartupLogReport, nodes: &[String], interrupt: &Interrupt, streams: &mut Streams) -> Result<bool, Failure> {
    let Some(why) = already_explained(report, nodes) else { return Ok(true) };
    let nodes = text::list(nodes, 3);
    writeln!(streams.err)?;
    notice::plain(&format!("{why}, so no restart is needed for it."), &mut streams.err)?;
    streams.flush()?;
    let question = format!("Restart calico-node at DEBUG on {} anyway?", text::clean(&nodes));
    let asked = tokio::task::spawn_blocking(move || prompt::ask(&question));
    let answer = tokio::select! {
        answer = asked => answer.map_err(std::io::Error::other)??,
        () = interrupt.wait_for_more_than(0) => Answer::Interrupted,
    };
    match answer {
        Answer::Yes => Ok(true),
        Answer::No => Ok(false),
        Answer::Interrupted => Err(Failure::Interrupted),
        Answer::NoTerminal => {
            let message = format!("--yes raises the level on {nodes} anyway. --no-change leaves this out.");
            notice::plain(&message, &mut streams.err)?;
            Ok(false)
        }
    }
}

/// In half a sentence, why a log at DEBUG of these nodes has little to add.
fn already_explained(report: &StartupLogReport, nodes: &[String]) -> Option<String> {
    let logs: Vec<_> = report.logs.iter().filter(|log| log.node.as_ref().is_some_and(|node| nodes.contains(node))).collect();
    let found = |node: &String| report.findings.iter().any(|finding| finding.nodes.contains(node));
    let name = text::list(nodes, 3);
    let of = if nodes.len() == 1 { format!("The log of {name}") } else { format!("Each log of {name}") };
    if !logs.is_empty() && logs.iter().all(|log| log.level.as_deref() == Some("debug")) {
        return Some(format!("{of} is already at DEBUG"));
    }
    if nodes.iter().all(found) {
        return Some(format!("{of} already explains the problem"));
    }
    let started = |node: &String| {
        let log = logs.iter().find(|log| log.node.as_ref() == Some(node));
        log.and_then(|log| log.attempts.last()).is_some_and(|attempt| attempt.end.how == AttemptEnd::Started)
    };
    nodes.iter().all(|node| found(node) || started(node)).then(|| format!("{of} shows a successful start"))
}

/// `--output json` is kubectl's long form of `-o json`, so a file of that name is refused.
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

/// No pod is in trouble. A program gets a document without logs.
fn nothing(page: &Page, snapshot: &Snapshot, streams: &mut Streams) -> Result<Outcome, Failure> {
    if page.is_document() {
        page.print(&explain_logs(&[], Some(snapshot)), None, streams)?;
        return Ok(Outcome::Healthy);
    }
    let style = Style::of_stdout(page.arguments.color());
    let pods = snapshot.pods.seen().map_or(0, Vec::len);
    let state = match pods {
        1 => "The calico-node pod is Ready and has not restarted".to_owned(),
        pods => format!("All {pods} calico-node pods are Ready, and none has restarted"),
    };
    let next = "To explain the start of one node: kubectl calico-fix debug-log --node NAME";
    notice::write(Tone::Plain, &format!("{state}. There is no failed start to explain."), &style, &mut streams.out)?;
    notice::write(Tone::Plain, next, &style, &mut streams.out)?;
    say_what_is_open(snapshot, streams)?;
    Ok(Outcome::Healthy)
}
