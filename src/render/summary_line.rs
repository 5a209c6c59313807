//! The first line: how bad it is, in which cluster.

use std::io::{self, Write};

use super::style::{Style, Tone};
use crate::finding::verdict::Verdict;
use crate::finding::{Report, Severity};
use crate::text;

/// `UNHEALTHY  prod · Calico v3.24.5 · 52 of 53 nodes ready · 1 error`, and a sentence where the counts do not say it all.
pub fn write(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let (tone, word) = (super::headline::verdict_tone(report.verdict), super::headline::verdict_word(report.verdict));
    let indent = word.len() + 2;
    let mut line = format!("{}  ", style.paint(tone, word));
    let mut used = 0;
    for part in facts(report) {
        let wide = text::width(&part);
        if used > 0 && used + 3 + wide > style.room(indent) {
            writeln!(out, "{line}")?;
            (line, used) = (" ".repeat(indent), 0);
        }
        if used > 0 {
            line += " · ";
            used += 3;
        }
        line += &part;
        used += wide;
    }
    writeln!(out, "{line}")?;
    let more = (report.verdict != Verdict::Sick).then(|| sentence(report));
    for line in more.iter().flat_map(|more| text::wrap(&text::clean(more), style.room(0))) {
        writeln!(out, "{}", style.paint(tone, &line))?;
    }
    Ok(())
}

/// What the list of things that were not seen means for the findings.
pub fn write_gaps(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    for line in gaps(report).iter().flat_map(|gaps| text::wrap(&text::clean(gaps), style.room(0))) {
        writeln!(out, "{}", style.paint(Tone::Doubtful, &line))?;
    }
    Ok(())
}

/// Where to read on.
pub fn write_more(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let Some(worst) = report.findings.first() else { return Ok(()) };
    writeln!(out)?;
    writeln!(out, "{}", style.paint(Tone::Aside, &format!("More info: kubectl calico-fix explain {}", worst.code)))
}

/// Longer names of contexts are shortened.
const CONTEXT: usize = 40;

fn facts(report: &Report) -> Vec<String> {
    let cluster = &report.cluster;
    let place = cluster.context.as_ref().or(cluster.server.as_ref());
    let place = place.map(|place| text::shorten_middle(&text::clean(place), CONTEXT).into_owned());
    let version = cluster.calico_version.as_ref();
    let version = version.map_or_else(|| "Calico version unknown".to_owned(), |version| format!("Calico {}", text::clean(version)));
    let ready = format!("{} of {} ready", cluster.nodes_ready, text::count(cluster.nodes, "node"));
    let incomplete = report.unseen.iter().any(|gap| gap.blocks_healthy).then(|| "not everything checked".to_owned());
    place.into_iter().chain([version, ready]).chain(counts(report)).chain(incomplete).collect()
}

/// `1 error`, `2 warnings`
fn counts(report: &Report) -> Vec<String> {
    let number = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    [(number(Severity::Error), "error"), (number(Severity::Warning), "warning")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| text::count(number, noun))
        .collect()
}

/// What was found, in one sentence.
pub(super) fn sentence(report: &Report) -> String {
    match report.verdict {
        Verdict::Healthy => healthy(report),
        Verdict::Sick => sick(report),
        Verdict::Unknown => format!("No problems found, but not everything could be checked: {}.", missing(report)),
    }
}

/// What may be wrong besides the findings.
pub(super) fn gaps(report: &Report) -> Option<String> {
    let doubtful = report.verdict == Verdict::Sick && report.unseen.iter().any(|gap| gap.blocks_healthy);
    doubtful.then(|| format!("More may be wrong. Not checked: {}.", missing(report)))
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
    let mut sentence = counts(report).join(" and ");
    if let Some(worst) = report.findings.first() {
        let place = if worst.nodes.is_empty() { String::new() } else { format!(" on {}", text::list(&worst.nodes, 3)) };
        sentence += &match report.findings.len() {
            1 => format!(": {}{place}.", worst.code),
            _ => format!(". Start with {}{place}.", worst.code),
        };
    }
    sentence
}

fn missing(report: &Report) -> String {
    let mut whats: Vec<&str> = Vec::new();
    for gap in report.unseen.iter().filter(|gap| gap.blocks_healthy) {
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
