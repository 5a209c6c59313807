//! The last line: what a tired operator needs to know.

use std::io::{self, Write};

use super::style::{Style, Tone};
use crate::finding::verdict::Verdict;
use crate::finding::{Report, SessionCount, Severity};
use crate::text;

pub fn write(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let (tone, more) = match report.verdict {
        Verdict::Healthy => (Tone::Good, None),
        Verdict::Sick => (Tone::Strong, explain(report)),
        Verdict::Unknown => (Tone::Doubtful, None),
    };
    let sentence = [Some(sentence(report)), more, gaps(report)].into_iter().flatten().collect::<Vec<_>>().join(" ");
    for line in text::wrap(&text::clean(&sentence), style.room(0)) {
        writeln!(out, "{}", style.paint(tone, &line))?;
    }
    Ok(())
}

/// What was found, in one breath.
pub(super) fn sentence(report: &Report) -> String {
    match report.verdict {
        Verdict::Healthy => healthy(report),
        Verdict::Sick => sick(report),
        Verdict::Unknown => format!("No findings, but {} could not be seen: not healthy, not known.", missing(report)),
    }
}

fn explain(report: &Report) -> Option<String> {
    report.findings.first().map(|worst| format!("`kubectl calico-fix explain {}` says more.", worst.code))
}

/// What may be wrong beside the findings.
pub(super) fn gaps(report: &Report) -> Option<String> {
    let doubtful = report.verdict == Verdict::Sick && report.unseen.iter().any(|gap| gap.blocks_healthy);
    doubtful.then(|| format!("More may be wrong: {} could not be seen.", missing(report)))
}

fn healthy(report: &Report) -> String {
    let nodes = report.nodes.len();
    let ready = report.nodes.iter().filter(|node| node.ready == Some(true)).count();
    let mut sentence = format!("Calico is healthy: {ready} of {} ready", text::count(nodes, "node"));
    let counts = || report.nodes.iter().flat_map(|node| [node.bgp4, node.bgp6]).flatten();
    let sum = |part: fn(&SessionCount) -> u32| counts().map(|count| part(&count) as usize).sum::<usize>();
    if counts().next().is_some() {
        sentence +=
            &format!(", {} of {} established", sum(|count| count.established), text::count(sum(|count| count.total), "BGP session"));
    }
    sentence + ", no findings."
}

fn sick(report: &Report) -> String {
    let number = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    let counts: Vec<String> = [(number(Severity::Error), "error"), (number(Severity::Warning), "warning")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| text::count(number, noun))
        .collect();
    let mut sentence = counts.join(" and ");
    if let Some(worst) = report.findings.first() {
        let place = if worst.nodes.is_empty() { String::new() } else { format!(" on {}", text::list(&worst.nodes, 3)) };
        sentence += &match report.findings.len() {
            1 => format!(": {}{place}.", worst.code),
            _ => format!(". Begin with {}{place}.", worst.code),
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
