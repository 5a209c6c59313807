//! `status`: reads, diagnoses, prints.

use std::io::{self, Write};

use crate::cli::connection::ConnectionFlags;
use crate::cli::output::Output;
use crate::cli::status::StatusArgs;
use crate::cluster::ReadOptions;
use crate::diagnosis::unfinished_change::EndedChanges;
use crate::diagnosis::{Scope, diagnose_for_release};
use crate::exit::{Failure, Outcome};
use crate::finding::Report;
use crate::observed::Observed;
use crate::render::status::Shown;
use crate::render::style::Style;
use crate::render::{self, calicoctl};
use crate::reports::html_page::sheet;
use crate::rollout::local_record;
use crate::snapshot::Snapshot;
use crate::text;

use super::node_selection::NodeSelection;
use super::{fleet, source, wait, watch};
use crate::streams::Streams;
use crate::verb::Verb;

/// Named in audit logs.
pub(super) const VERB: Verb = Verb::Status;

pub(super) async fn run(flags: &ConnectionFlags, arguments: &StatusArgs, streams: &mut Streams) -> Result<Outcome, Failure> {
    let chosen = NodeSelection::from_flags(&arguments.node, arguments.selector.as_deref())?;
    if fleet::is_wanted(flags, arguments) {
        return fleet::run(flags, arguments, &chosen, streams).await;
    }
    if arguments.watch && arguments.output == Output::Html {
        let hint = Some("Leave out --watch, or take another -o".to_owned());
        return Err(Failure::Usage { message: "-o html writes one page, --watch would write many".to_owned(), hint });
    }
    if arguments.watch {
        return watch::run(flags, arguments, &chosen, streams).await;
    }
    if arguments.wait {
        return wait::run(flags, arguments, &chosen, streams).await;
    }
    let mut snapshot = match source::saved(&arguments.source.from, chosen.only())? {
        Some(snapshot) => snapshot,
        None => source::live(flags, options(flags, arguments, &chosen), VERB).await?.snapshot,
    };
    if arguments.redact {
        snapshot = source::redact(snapshot)?;
    }
    let report = judge(&snapshot, arguments, &chosen)?;
    save_and_print(&snapshot, &report, arguments, &chosen, streams)?;
    let outcome = Outcome::from_report(&report, arguments.fail_on);
    // The process ends here: freeing thousands of nodes one by one would only take time.
    std::mem::forget((snapshot, report));
    Ok(outcome)
}

pub(super) fn options(flags: &ConnectionFlags, arguments: &StatusArgs, chosen: &NodeSelection) -> ReadOptions {
    ReadOptions { exec_sample: arguments.exec_sample, ..source::wanted(flags, &arguments.source, chosen, Vec::new()) }
}

pub(super) fn judge(snapshot: &Snapshot, arguments: &StatusArgs, chosen: &NodeSelection) -> Result<Report, Failure> {
    let release = arguments.calico_version.as_deref().map(super::release).transpose()?;
    Ok(diagnose_for_release(snapshot, &scope(snapshot, arguments, chosen)?, release))
}

fn scope(snapshot: &Snapshot, arguments: &StatusArgs, chosen: &NodeSelection) -> Result<Scope, Failure> {
    // A saved snapshot may be older than what this machine remembers.
    let ended_changes = if arguments.source.from.is_empty() { local_record::ended_changes(snapshot) } else { EndedChanges::new() };
    Ok(Scope { nodes: chosen.resolve(snapshot)?, sessions: arguments.peers, ended_changes })
}

/// Where the file cannot be written, the report is printed before the error: reading the cluster may have taken minutes.
pub(super) fn save_and_print(
    snapshot: &Snapshot,
    report: &Report,
    arguments: &StatusArgs,
    chosen: &NodeSelection,
    streams: &mut Streams,
) -> Result<(), Failure> {
    let saved = arguments.save.as_ref().map_or(Ok(()), |path| source::save(snapshot, path));
    if let Some(path) = arguments.save.as_ref().filter(|_| saved.is_ok()) {
        writeln!(streams.err, "Saved to {}", text::clean(&path.display().to_string()))?;
    }
    print(snapshot, report, arguments, chosen, &mut streams.out, &mut streams.err)?;
    streams.out.flush()?;
    saved
}

pub(super) fn print(
    snapshot: &Snapshot,
    report: &Report,
    arguments: &StatusArgs,
    chosen: &NodeSelection,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    match arguments.output {
        Output::Table | Output::Wide => {
            let shown = Shown {
                wide: arguments.output == Output::Wide,
                all: arguments.all,
                peers: arguments.peers,
                rows_only: arguments.no_headers,
            };
            render::status::write(report, shown, &Style::of_stdout(arguments.color()), out)?;
        }
        Output::Short => render::short::write(report, &Style::of_stdout(arguments.color()), out)?,
        Output::Json => render::data::json(report, out)?,
        Output::Yaml => render::data::yaml(report, out)?,
        Output::Name => render::data::names(report, out)?,
        Output::Html => render::html::write(&sheet(snapshot, report, &scope(snapshot, arguments, chosen)?), arguments.all, out)?,
        Output::Calicoctl => as_calicoctl(snapshot, report, arguments.layout.into(), out, err)?,
    }
    Ok(())
}

fn as_calicoctl(
    snapshot: &Snapshot,
    report: &Report,
    layout: calicoctl::Layout,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<()> {
    let several = report.nodes.len() > 1;
    for name in report.nodes.iter().map(|node| &node.name) {
        let shown = text::clean(name);
        match snapshot.inside.get(name).unwrap_or(&Observed::NotAsked) {
            Observed::Seen(inside) => {
                if several {
                    writeln!(out, "# node {shown}")?;
                }
                calicoctl::status(&inside.bird4, &inside.bird6, layout, out)?;
                out.flush()?;
                for line in calicoctl::hidden(&inside.bird4, &inside.bird6) {
                    writeln!(err, "{shown}: {line}")?;
                }
            }
            other => writeln!(err, "error: {shown}: BIRD was not seen: {}", text::clean(other.why_not().unwrap_or_default()))?,
        }
    }
    Ok(())
}
