//! The first line of every page: how bad it is, in which cluster.

use std::io::{self, Write};

use super::headline::{ready, verdict_tone, verdict_word};
use super::lines::painted;
use super::style::{Style, Tone};
use crate::finding::verdict::Verdict;
use crate::finding::{ClusterSummary, Finding, Gap, Report, Severity};
use crate::text;

/// `UNHEALTHY  prod · Calico v3.24.5 · 52 of 53 nodes ready · 1 error`, and a sentence where the counts do not say it all.
pub(super) fn write(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    head(report.verdict, facts(report), style, out)?;
    match report.verdict {
        Verdict::Sick => Ok(()),
        verdict => {
            painted(0, "", &sentence(report), verdict_tone(verdict), style, out)?;
            missing_rights(&report.unseen, style, out)
        }
    }
}

/// What to type where a permission is missing.
pub(super) fn missing_rights(unseen: &[Gap], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    match unseen.iter().any(|gap| gap.blocks_healthy && gap.why.contains("forbidden")) {
        true => painted(0, "", "Missing permissions: kubectl calico-fix can-i", Tone::Plain, style, out),
        false => Ok(()),
    }
}

pub(super) fn facts(report: &Report) -> Vec<String> {
    cluster(&report.cluster).into_iter().chain(counts(&report.findings)).chain(incomplete(&report.unseen)).collect()
}

/// The verdict in a coloured word, then what is known of the cluster; broken between two facts only.
pub(super) fn head(verdict: Verdict, facts: Vec<String>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let word = verdict_word(verdict);
    let indent = word.len() + 2;
    let room = style.room(indent);
    let mut line = format!("{}  ", style.paint(verdict_tone(verdict), word));
    let mut used = 0;
    for fact in facts {
        let fact = text::shorten_middle(&fact, room);
        let wide = text::width(&fact);
        if used > 0 && used + 3 + wide > room {
            writeln!(out, "{line}")?;
            (line, used) = (" ".repeat(indent), 0);
        }
        if used > 0 {
            line += " · ";
            used += 3;
        }
        line += &fact;
        used += wide;
    }
    writeln!(out, "{}", line.trim_end())
}

/// What the list of things that were not seen means for the findings.
pub(super) fn write_gaps(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    gaps(report).iter().try_for_each(|gaps| painted(0, "", gaps, Tone::Doubtful, style, out))
}

/// Names the command that explains the worst finding.
pub(super) fn write_more(findings: &[Finding], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let Some(worst) = findings.first() else { return Ok(()) };
    writeln!(out)?;
    writeln!(out, "{}", style.paint(Tone::Aside, &format!("More info: kubectl calico-fix explain {}", worst.code)))
}

/// Longer names of contexts are shortened.
const CONTEXT: usize = 40;

/// The context, the version of Calico, and the nodes that are ready.
pub(super) fn cluster(cluster: &ClusterSummary) -> Vec<String> {
    let place = cluster.context.as_ref().or(cluster.server.as_ref());
    let place = place.map(|place| text::shorten_middle(&text::clean(place), CONTEXT).into_owned());
    let version = cluster.calico_version.as_ref();
    let version = version.map_or_else(|| "Calico version unknown".to_owned(), |version| format!("Calico {}", text::clean(version)));
    let judged = cluster.judged_as.as_ref().map(|release| format!(", judged as {}", text::clean(release))).unwrap_or_default();
    let version = version + &judged;
    place.into_iter().chain([version, ready(cluster)]).collect()
}

/// `1 error`, `2 warnings`
pub(super) fn counts(findings: &[Finding]) -> Vec<String> {
    let number = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    [(number(Severity::Error), "error"), (number(Severity::Warning), "warning")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| text::count(number, noun))
        .collect()
}

/// Whether time alone will fill all gaps that keep the verdict from being healthy; `None` where there are none.
fn only_passing(unseen: &[Gap]) -> Option<bool> {
    let mut blocking = unseen.iter().filter(|gap| gap.blocks_healthy).peekable();
    blocking.peek()?;
    Some(blocking.all(|gap| gap.passing))
}

pub(super) fn incomplete(unseen: &[Gap]) -> Option<String> {
    only_passing(unseen).map(|passing| if passing { "not everything known yet" } else { "not everything checked" }.to_owned())
}

/// What was found, in one sentence.
pub(super) fn sentence(report: &Report) -> String {
    match report.verdict {
        Verdict::Healthy => healthy(report),
        Verdict::Sick => sick(report),
        Verdict::Unknown => unknown(&report.unseen),
    }
}

pub(super) fn unknown(unseen: &[Gap]) -> String {
    match only_passing(unseen) {
        Some(true) => format!("No problems found. Not known yet: {}.", missing(unseen)),
        _ => format!("No problems found, but not everything could be checked: {}.", missing(unseen)),
    }
}

/// The warning that there may be more faults than those found.
pub(super) fn gaps(report: &Report) -> Option<String> {
    let passing = only_passing(&report.unseen).filter(|_| report.verdict == Verdict::Sick)?;
    let state = if passing { "Not known yet" } else { "Not checked" };
    Some(format!("More may be wrong. {state}: {}.", missing(&report.unseen)))
}

fn healthy(report: &Report) -> String {
    let nodes = report.nodes.len();
    let ready = report.nodes.iter().filter(|node| node.ready == Some(true)).count();
    let mut sentence = format!("Calico is healthy: {ready} of {} ready", text::count(nodes, "node"));
    let mut counts = report.nodes.iter().flat_map(|node| [node.bgp4, node.bgp6]).flatten().filter(|count| count.total > 0).peekable();
    if counts.peek().is_some() && counts.all(|count| count.established == count.total) {
        sentence += ", all BGP sessions established";
    }
    sentence + ", no findings."
}

fn sick(report: &Report) -> String {
    let mut sentence = counts(&report.findings).join(" and ");
    if let Some(worst) = report.findings.first() {
        let place = if worst.nodes.is_empty() { String::new() } else { format!(" on {}", text::list(&worst.nodes, 3)) };
        sentence += &match report.findings.len() {
            1 => format!(": {}{place}.", worst.code),
            _ => format!(". Start with {}{place}.", worst.code),
        };
    }
    sentence
}

fn missing(unseen: &[Gap]) -> String {
    let mut whats: Vec<&str> = Vec::new();
    for gap in unseen.iter().filter(|gap| gap.blocks_healthy) {
        if !whats.contains(&gap.what.as_str()) {
            whats.push(&gap.what);
        }
    }
    match whats.split_last() {
        None => "something that matters".to_owned(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}
