//! `probes`: gather, measure, print; what follows from it is handed on as a proposal.

use crate::cli::connection::ConnectionFlags;
use crate::cli::output::PageFormat;
use crate::cli::probes::ProbesArgs;
use crate::cluster::{Bar, Connection, LogsWanted, NodeFilter, Wanted, connect, gather};
use crate::diagnosis::Scope;
use crate::diagnosis::report::Verdict;
use crate::exit::{Failure, Outcome};
use crate::import;
use crate::render::probes::Shown;
use crate::render::style::Style;
use crate::render::{self, data};
use crate::snapshot::Snapshot;
use crate::startup::examine;
use crate::startup::report::ProbesReport;

use super::status::Chosen;
use super::streams::Streams;

/// Goes into audit logs beside kubectl's own commands.
const COMMAND: &str = "kubectl calico-fix probes";

/// All that a change needs to go on from here.
pub struct Examined {
    pub snapshot: Snapshot,
    /// With the proposal, and in it what each node must come to.
    pub report: ProbesReport,
    /// `None` where files were read.
    pub live: Option<(Connection, Wanted)>,
}

pub async fn run(flags: &ConnectionFlags, arguments: &ProbesArgs, streams: &mut Streams) -> Result<Outcome, Failure> {
    let examined = look(flags, arguments).await?;
    print(&examined.report, arguments, streams)?;
    Ok(outcome(&examined.report))
}

pub async fn look(flags: &ConnectionFlags, arguments: &ProbesArgs) -> Result<Examined, Failure> {
    let chosen = match arguments.node.as_slice() {
        [] => Chosen::All,
        names => Chosen::Names(names.iter().cloned().collect()),
    };
    let (snapshot, live) = if arguments.from.is_empty() {
        let (snapshot, live) = read(flags, arguments, &chosen).await?;
        (snapshot, Some(live))
    } else {
        let snapshot = import::load(&arguments.from, &mut std::io::stdin().lock())
            .map_err(|error| Failure::NotInspected { message: format!("error: {error}"), hint: Some(error.hint().to_owned()) })?;
        (snapshot, None)
    };
    let scope = Scope { nodes: chosen.scope(&snapshot)?, sessions: false };
    let report =
        examine(&snapshot, &scope, &arguments.wishes()).map_err(|refusal| Failure::Usage { message: refusal.to_string(), hint: None })?;
    Ok(Examined { snapshot, report, live })
}

/// Without exec: a start is told by pods, events and logs.
async fn read(flags: &ConnectionFlags, arguments: &ProbesArgs, chosen: &Chosen) -> Result<(Snapshot, (Connection, Wanted)), Failure> {
    let connection = connect(flags, COMMAND).await?;
    let wanted = Wanted {
        namespace: flags.namespace.clone(),
        daemon_set: arguments.daemonset.clone(),
        exec: false,
        nodes: match chosen {
            Chosen::Names(names) => Some(NodeFilter::Names(names.clone())),
            Chosen::All | Chosen::Labels(_) => None,
        },
        max_concurrent: usize::from(arguments.max_concurrent),
        logs: if arguments.no_logs { LogsWanted::None } else { LogsWanted::All },
        ..Wanted::default()
    };
    let snapshot = gather(&connection, &wanted, &Bar::stderr()).await?;
    Ok((snapshot, (connection, wanted)))
}

fn print(report: &ProbesReport, arguments: &ProbesArgs, streams: &mut Streams) -> Result<(), Failure> {
    let out = &mut streams.out;
    match arguments.output {
        PageFormat::Json => data::json(report, out)?,
        PageFormat::Yaml => data::yaml(report, out)?,
        PageFormat::Table | PageFormat::Wide => {
            let shown = Shown { wide: arguments.output == PageFormat::Wide, all: arguments.all };
            render::probes::write(report, shown, &Style::of_stdout(arguments.color()), out)?;
        }
    }
    Ok(())
}

fn outcome(report: &ProbesReport) -> Outcome {
    match report.verdict {
        Verdict::Sick => Outcome::Findings,
        Verdict::Unknown => Outcome::NotKnown,
        Verdict::Healthy => Outcome::Healthy,
    }
}
