//! `status` of several clusters: one line each, asked at the same time.

use std::time::Duration;

use futures::StreamExt;

use super::node_selection::NodeSelection;
use super::status::{VERB, judge, options};
use crate::cli::connection::ConnectionFlags;
use crate::cli::output::Output;
use crate::cli::status::StatusArgs;
use crate::cluster::contexts::{Contexts, NamedContext};
use crate::cluster::timeout::{self, Deadline};
use crate::cluster::{ConnectError, NoProgress, Progress, ReadOptions, TerminalProgress, read_cluster_by};
use crate::exit::{Failure, Outcome};
use crate::finding::Report;
use crate::limits::{CLUSTERS_AT_ONCE, FLEET_DEADLINE};
use crate::render::style::Style;
use crate::render::{self, fleet};
use crate::reports::fleet::{ClusterStatus, worst_first};
use crate::streams::Streams;
use crate::text;
use crate::text::bounded;

/// Longer reasons are cut.
const MAX_WHY: usize = 300;

pub(super) fn is_wanted(flags: &ConnectionFlags, arguments: &StatusArgs) -> bool {
    arguments.all_contexts || flags.context.len() > 1
}

pub(super) async fn run(
    flags: &ConnectionFlags,
    arguments: &StatusArgs,
    chosen: &NodeSelection,
    streams: &mut Streams,
) -> Result<Outcome, Failure> {
    refuse_conflicts(flags, arguments)?;
    let limit = timeout::parse_flag(flags.deadline.as_deref(), FLEET_DEADLINE).map_err(ConnectError::from)?;
    let contexts = Contexts::read(flags)?;
    let asked = if arguments.all_contexts { contexts.every() } else { Contexts::named(&flags.context) };
    let mut wanted = options(flags, arguments, chosen);
    wanted.max_concurrent = (wanted.max_concurrent / asked.len().clamp(1, CLUSTERS_AT_ONCE)).max(1);
    let progress = TerminalProgress::stderr();
    progress.begin("Reading the clusters", Some(asked.len() as u64));
    let looks = asked.into_iter().enumerate().map(|(place, NamedContext { name, same })| {
        let (contexts, wanted, progress) = (&contexts, &wanted, &progress);
        async move {
            let read = look(contexts, &name, flags, wanted, limit).await;
            let judged = read.and_then(|snapshot| judge(&snapshot, arguments, chosen).map_err(|failure| reason(&failure)));
            progress.advance();
            (place, ClusterStatus::new(name, same, judged))
        }
    });
    let mut clusters: Vec<(usize, ClusterStatus)> = futures::stream::iter(looks).buffer_unordered(CLUSTERS_AT_ONCE).collect().await;
    progress.finish();
    clusters.sort_by_key(|(place, _)| *place);
    let mut clusters: Vec<ClusterStatus> = clusters.into_iter().map(|(_, cluster)| cluster).collect();
    worst_first(&mut clusters);
    match arguments.output {
        Output::Json => render::data::json(&clusters, &mut streams.out)?,
        Output::Yaml => render::data::yaml(&clusters, &mut streams.out)?,
        _ => {
            let shown = fleet::Shown { wide: arguments.output == Output::Wide, rows_only: arguments.no_headers };
            fleet::write(&clusters, shown, &Style::of_stdout(arguments.color()), &mut streams.out)?;
        }
    }
    Ok(worst(clusters.iter().map(|cluster| outcome(cluster.report.as_ref(), arguments))))
}

/// Checks one cluster within its own time limit, credentials included.
async fn look(
    contexts: &Contexts,
    name: &str,
    flags: &ConnectionFlags,
    wanted: &ReadOptions,
    limit: Option<Duration>,
) -> Result<crate::snapshot::Snapshot, String> {
    let deadline = Deadline::starting_now(limit);
    let connection = match Deadline::bound(deadline, contexts.connect(name, flags, VERB)).await {
        Some(Ok(connection)) => connection,
        Some(Err(error)) => return Err(sentence(&error.to_string())),
        None => return Err(format!("no credentials within {}s", limit.unwrap_or_default().as_secs_f64())),
    };
    read_cluster_by(&connection, wanted, deadline, &NoProgress).await.map_err(|error| sentence(&error.to_string()))
}

fn reason(failure: &Failure) -> String {
    sentence(&failure.to_string())
}

fn sentence(message: &str) -> String {
    bounded::clean(message.strip_prefix("error: ").unwrap_or(message), MAX_WHY)
}

fn outcome(report: Option<&Report>, arguments: &StatusArgs) -> Outcome {
    report.map_or(Outcome::Inconclusive, |report| Outcome::from_report(report, arguments.fail_on))
}

/// As in one report: a finding outranks what is not known, and that outranks health.
fn worst(outcomes: impl Iterator<Item = Outcome>) -> Outcome {
    let rank = |outcome: &Outcome| match outcome {
        Outcome::Findings => 2,
        Outcome::Healthy => 0,
        _ => 1,
    };
    outcomes.max_by_key(rank).unwrap_or(Outcome::Inconclusive)
}

/// Flags that are for one cluster.
fn refuse_conflicts(flags: &ConnectionFlags, arguments: &StatusArgs) -> Result<(), Failure> {
    let several = if arguments.all_contexts { "--all-contexts" } else { "several --context" };
    let form = match arguments.output {
        Output::Html => Some("-o html"),
        Output::Name => Some("-o name"),
        Output::Short => Some("-o short"),
        Output::Calicoctl => Some("-o calicoctl"),
        Output::Table | Output::Wide | Output::Json | Output::Yaml => None,
    };
    let given = [
        ("--context", arguments.all_contexts && !flags.context.is_empty()),
        ("--from", !arguments.source.from.is_empty()),
        ("--watch", arguments.watch),
        ("--wait", arguments.wait),
        ("--save", arguments.save.is_some()),
        ("--redact", arguments.redact),
        ("--node", !arguments.node.is_empty()),
        ("--server", flags.server.is_some()),
        ("--cluster", flags.cluster.is_some()),
        ("--user", flags.user.is_some()),
        ("--token", flags.token.is_some()),
    ];
    let conflict = form.or_else(|| given.into_iter().find_map(|(flag, given)| given.then_some(flag)));
    match conflict {
        None => Ok(()),
        Some("--context") => Err(Failure::Usage {
            message: "--all-contexts cannot be used with --context".to_owned(),
            hint: Some("Leave out one of them. Several clusters: --context a --context b".to_owned()),
        }),
        Some(flag) => {
            let known: Vec<&String> = flags.context.iter().collect();
            let listed = if known.is_empty() { String::new() } else { format!(" (of {})", text::list(&known, 5)) };
            Err(Failure::Usage {
                message: format!("{flag} is for one cluster and cannot be used with {several}"),
                hint: Some(format!("Choose one cluster with --context NAME{listed}, or leave out {flag}.")),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_is_the_worst() {
        use Outcome::{Findings, Healthy, Inconclusive};
        for (outcomes, expected) in [
            (&[Healthy, Healthy][..], Healthy),
            (&[Healthy, Inconclusive, Healthy], Inconclusive),
            (&[Inconclusive, Findings, Healthy], Findings),
            (&[], Inconclusive),
        ] {
            assert_eq!(worst(outcomes.iter().copied()), expected, "{outcomes:?}");
        }
    }
}
