//! A finding: what, where, why it is thought so, and the command that mends it. Then what could not be seen.

use std::io::{self, Write};

use super::style::{Style, Tone};
use crate::finding::{Evidence, Finding, Gap, Severity, Source};
use crate::text;

const NODES_NAMED: usize = 8;
/// Rows of evidence shown of each kind of row.
const ALIKE: usize = 3;
const KINDS: usize = 8;
/// Evidence that quotes more than this is cut: a hostile event can be a megabyte.
const LONGEST: usize = 2_000;
const INDENT: usize = 2;

pub fn write(finding: &Finding, all: bool, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let (word, tone) = match finding.severity {
        Severity::Error => ("ERROR", Tone::Bad),
        Severity::Warning => ("WARNING", Tone::Doubtful),
    };
    let place = if finding.nodes.is_empty() { String::new() } else { format!(" on {}", nodes(&finding.nodes, all)) };
    writeln!(out, "{} {}{place}", style.paint(tone, word), style.paint(Tone::Strong, finding.code.name()))?;
    paragraph(INDENT, "", &finding.message, style, out)?;
    evidence(&finding.evidence, all, style, out)?;
    let Some(fix) = &finding.fix else { return Ok(()) };
    // A command is never wrapped: it is there to be copied.
    writeln!(out, "{:INDENT$}Fix: {}", "", style.paint(Tone::Strong, &text::clean(&fix.command)))?;
    paragraph(INDENT + 5, "", &fix.why, style, out)
}

fn nodes(names: &[String], all: bool) -> String {
    text::list(names, if all { usize::MAX } else { NODES_NAMED })
}

pub(super) fn paragraph(indent: usize, label: &str, words: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let hang = indent + text::width(label);
    let words = text::clean(words);
    for (number, line) in text::wrap(&text::truncate(&words, LONGEST), style.room(hang)).iter().enumerate() {
        if number == 0 {
            writeln!(out, "{:indent$}{label}{line}", "")?;
        } else {
            writeln!(out, "{:hang$}{line}", "")?;
        }
    }
    Ok(())
}

fn evidence(rows: &[Evidence], all: bool, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let kinds = kinds(rows);
    let (each, limit) = if all { (usize::MAX, usize::MAX) } else { (ALIKE, KINDS) };
    let shown = || kinds.iter().take(limit).flat_map(|alike| alike.iter().take(each));
    let sources = shown().map(|row| source(row.source).len()).max().unwrap_or(0);
    let places = shown().filter_map(|row| row.node.as_deref()).map(|node| text::width(&text::clean(node))).max().unwrap_or(0);
    for alike in kinds.iter().take(limit) {
        for row in alike.iter().take(each) {
            let node = text::clean(row.node.as_deref().unwrap_or("-"));
            let gap = places.saturating_sub(text::width(&node));
            let label = if places == 0 {
                format!("{:sources$}   ", source(row.source))
            } else {
                format!("{:sources$}   {node}{:gap$}   ", source(row.source), "")
            };
            paragraph(INDENT + 2, &label, &row.text, style, out)?;
        }
        if let Some(more @ 1..) = alike.len().checked_sub(each) {
            let indent = INDENT + 2 + sources + 3;
            writeln!(out, "{:indent$}{}", "", style.paint(Tone::Aside, &format!("and {more} more like it")))?;
        }
    }
    let left: usize = kinds.iter().skip(limit).map(Vec::len).sum();
    if left > 0 {
        writeln!(out, "{:indent$}{}", "", style.paint(Tone::Aside, &format!("and {left} more; --all lists them")), indent = INDENT + 2)?;
    }
    Ok(())
}

/// Rows that say the same but for numbers and names, in the order in which each kind first comes.
pub(super) fn kinds(rows: &[Evidence]) -> Vec<Vec<&Evidence>> {
    let mut place = std::collections::BTreeMap::new();
    let mut kinds: Vec<Vec<&Evidence>> = Vec::new();
    for row in rows {
        let at = *place.entry((row.source, shape(row))).or_insert(kinds.len());
        match kinds.get_mut(at) {
            Some(alike) => alike.push(row),
            None => kinds.push(vec![row]),
        }
    }
    kinds
}

fn shape(row: &Evidence) -> String {
    let words: String = row.text.chars().take(LONGEST).collect();
    let words = match row.node.as_deref() {
        Some(node) if !node.is_empty() => words.replace(node, "#"),
        _ => words,
    };
    let mut shape = String::with_capacity(words.len());
    for c in words.chars() {
        let c = if c.is_ascii_digit() { '#' } else { c };
        if c != '#' || !shape.ends_with('#') {
            shape.push(c);
        }
    }
    shape
}

pub(super) fn source(source: Source) -> &'static str {
    match source {
        Source::Annotation => "annotation",
        Source::Node => "node",
        Source::DaemonSet => "daemonset",
        Source::Pod => "pod",
        Source::Event => "event",
        Source::Installation => "installation",
        Source::TigeraStatus => "tigerastatus",
        Source::Birdcl => "birdcl",
        Source::Interfaces => "interfaces",
        Source::Log => "log",
        Source::CalicoNodeStatus => "caliconodestatus",
    }
}

pub fn write_unseen(unseen: &[Gap], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", style.paint(Tone::Doubtful, "Not seen:"))?;
    for gap in unseen {
        let of = if gap.nodes.is_empty() { String::new() } else { format!(" of {}", nodes(&gap.nodes, false)) };
        let weight = if gap.blocks_healthy { "" } else { " (a verdict is possible without it)" };
        paragraph(INDENT, "", &format!("{}{of}: {}{weight}", gap.what, gap.why), style, out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_differ_in_numbers_are_alike() {
        let row = |node: &str, text: &str| Evidence { source: Source::Birdcl, node: Some(node.into()), text: text.into() };
        let rows = [
            row("node-1", "Mesh_10_0_0_3 start 09:57:45 Passive on node-1"),
            row("node-22", "Mesh_10_0_0_12 start 10:00:01 Passive on node-22"),
            row("node-22", "Mesh_10_0_0_12 start 10:00:01 Active"),
        ];
        assert_eq!(kinds(&rows).iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    }
}
