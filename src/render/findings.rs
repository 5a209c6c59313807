//! A finding: the fault, its code, the impact, the fix, the evidence. Then what could not be seen.

use std::collections::HashSet;
use std::io::{self, Write};

use super::lines::{command, painted, paragraph};
use super::style::{Style, Tone};
use crate::finding::code::Code;
use crate::finding::{ByHand, Evidence, Finding, Fix, Gap, NodeRow, Report, SessionCount, Severity, Source};
use crate::text;

const NODES_NAMED: usize = 8;
/// Rows of evidence that are shown.
const ROWS: usize = 5;
/// Evidence that quotes more than this is cut: a hostile event can be a megabyte.
const LONGEST: usize = 2_000;
pub(super) const INDENT: usize = 2;
/// Columns of `Next step ` and the other labels.
const LABEL: usize = 10;

/// Every finding of a report. A fix that several have is printed once.
pub(super) fn write_list(report: &Report, all: bool, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    for (finding, earlier) in each(&report.findings) {
        writeln!(out)?;
        heading(finding, all, style, out)?;
        if let Some(impact) = impact(finding, report) {
            labelled("Impact", &impact, style, out)?;
        }
        write_fix(finding.code, finding.fix.as_ref(), is_printed(finding, earlier), style, out)?;
        evidence(finding, LABEL, all, style, out)?;
    }
    Ok(())
}

/// Each finding with those above it.
pub(super) fn each(findings: &[Finding]) -> impl Iterator<Item = (&Finding, &[Finding])> {
    findings.iter().enumerate().map(|(at, finding)| (finding, findings.get(..at).unwrap_or_default()))
}

/// One finding, without what only a whole report can tell. `earlier` ones are printed above it.
pub(super) fn write(finding: &Finding, earlier: &[Finding], all: bool, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    heading(finding, all, style, out)?;
    write_fix(finding.code, finding.fix.as_ref(), is_printed(finding, earlier), style, out)?;
    evidence(finding, LABEL, all, style, out)
}

/// An earlier finding has the same fix, or its commands, where they make a change.
fn is_printed(finding: &Finding, earlier: &[Finding]) -> bool {
    let Some(fix) = &finding.fix else { return false };
    let same = |other: &Fix| other == fix || (fix.is_guarded() && other.command == fix.command && other.by_hand == fix.by_hand);
    earlier.iter().filter_map(|earlier| earlier.fix.as_ref()).any(same)
}

pub(super) fn severity(severity: Severity) -> (&'static str, Tone) {
    match severity {
        Severity::Error => ("ERROR", Tone::Bad),
        Severity::Warning => ("WARNING", Tone::Doubtful),
    }
}

pub(super) fn heading(finding: &Finding, all: bool, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let (word, tone) = severity(finding.severity);
    let hang = word.len() + 2;
    let page = Style { width: style.width.map(|columns| columns.saturating_sub(hang)), ..*style };
    let mut message = Vec::new();
    painted(0, "", &finding.message, Tone::Strong, &page, &mut message)?;
    for (at, line) in String::from_utf8_lossy(&message).lines().enumerate() {
        let start = if at == 0 { format!("{}  ", style.paint(tone, word)) } else { " ".repeat(hang) };
        writeln!(out, "{start}{line}")?;
    }
    let named = finding.nodes.iter().all(|node| finding.message.contains(node.as_str()));
    let place = if named { String::new() } else { format!(" on {}", nodes(&finding.nodes, all)) };
    paragraph(hang, "", &format!("{}{place}", finding.code), style, out)
}

/// What the nodes of a finding lose by it, as far as their rows tell.
fn impact(finding: &Finding, report: &Report) -> Option<String> {
    let named: HashSet<&str> = finding.nodes.iter().map(String::as_str).collect();
    let (rows, others): (Vec<&NodeRow>, Vec<&NodeRow>) = report.nodes.iter().partition(|row| named.contains(row.name.as_str()));
    let lacks = |row: &&&NodeRow| [row.bgp4, row.bgp6].into_iter().flatten().any(|count| count.established < count.total);
    let not_ready = rows.iter().filter(|row| row.ready == Some(false)).count();
    let counts: Vec<SessionCount> = rows.iter().flat_map(|row| [row.bgp4, row.bgp6]).flatten().collect();
    let established: u32 = counts.iter().map(|count| count.established).sum();
    let total: u32 = counts.iter().map(|count| count.total).sum();
    let mut parts = Vec::new();
    match (rows.as_slice(), not_ready) {
        (_, 0) => {}
        ([_], _) => parts.push("calico-node is not ready".to_owned()),
        (rows, not_ready) => parts.push(format!("calico-node is not ready on {not_ready} of {} nodes", rows.len())),
    }
    let restarts: i32 = rows.iter().filter_map(|row| row.restarts).sum();
    if let (Some(restarts @ 1..), 1..) = (usize::try_from(restarts).ok(), not_ready) {
        parts.push(text::count(restarts, "restart"));
    }
    if established < total {
        parts.push(format!("{established} of {total} BGP sessions established"));
        match others.iter().filter(lacks).count() {
            0 => {}
            1 => parts.push("1 other node lacks a session".to_owned()),
            others => parts.push(format!("{others} other nodes lack a session")),
        }
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn write_fix(code: Code, fix: Option<&Fix>, same: bool, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let Some(fix) = fix else {
        command(INDENT, &format!("{:LABEL$}", "Next step"), &format!("kubectl calico-fix explain {code}"), Tone::Strong, style, out)?;
        return paragraph(INDENT + LABEL, "", "Says what this means, and how to fix it by hand", style, out);
    };
    let label = if fix.is_guarded() { "Fix" } else { "Next step" };
    command(INDENT, &format!("{label:LABEL$}"), &fix.command, Tone::Strong, style, out)?;
    if same {
        return paragraph(INDENT + LABEL, "", "the same as above", style, out);
    }
    paragraph(INDENT + LABEL, "", &fix.why, style, out)?;
    fix.by_hand.iter().try_for_each(|by_hand| write_by_hand(by_hand, LABEL, style, out))
}

/// The same change without a preview, verification or rollback.
pub(super) fn write_by_hand(by_hand: &ByHand, label: usize, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    command(INDENT, &format!("{:label$}", "By hand"), &by_hand.command, Tone::Plain, style, out)?;
    paragraph(INDENT + label, "", &format!("restarts {}", by_hand.restarts), style, out)
}

fn labelled(label: &str, words: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    paragraph(INDENT, &format!("{label:LABEL$}"), words, style, out)
}

fn nodes(names: &[String], all: bool) -> String {
    text::list(names, if all { usize::MAX } else { NODES_NAMED })
}

/// What rows of one kind say is said once. With `all` every row is shown.
pub(super) fn evidence(finding: &Finding, label: usize, all: bool, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let kinds = kinds(&finding.evidence);
    let only = match finding.nodes.as_slice() {
        [node] => Some(node.as_str()),
        _ => None,
    };
    let mut rows: Vec<(&'static str, String)> = Vec::new();
    let mut cut = false;
    for alike in &kinds {
        if all {
            rows.extend(alike.iter().map(|row| (source(row.source), placed(row, only))));
        } else if rows.len() == ROWS {
            cut = true;
            break;
        } else if let Some((first, others)) = alike.split_first() {
            cut |= !others.is_empty();
            rows.push((source(first.source), together(first, others, only)));
        }
    }
    let width = rows.iter().map(|(source, _)| source.len()).max().unwrap_or(0);
    for (at, (source, words)) in rows.iter().enumerate() {
        let first = if at == 0 { "Evidence" } else { "" };
        paragraph(INDENT, &format!("{first:label$}{source:width$}  "), words, style, out)?;
    }
    if cut {
        writeln!(out, "{:indent$}{}", "", style.paint(Tone::Aside, "(--all shows everything)"), indent = INDENT + label)?;
    }
    Ok(())
}

/// The text, after its node where that is not the only node of the finding or named in the text.
fn placed(row: &Evidence, only: Option<&str>) -> String {
    match row.node.as_deref() {
        Some(node) if Some(node) != only && !row.text.contains(node) => format!("{node}: {}", row.text),
        _ => row.text.clone(),
    }
}

/// Several rows of one kind as one.
fn together(first: &Evidence, others: &[&Evidence], only: Option<&str>) -> String {
    if others.is_empty() {
        return placed(first, only);
    }
    let words = timeless(&first.text);
    let mut nodes: Vec<&str> = std::iter::once(first).chain(others.iter().copied()).filter_map(|row| row.node.as_deref()).collect();
    let every = nodes.len() > others.len();
    nodes.dedup();
    if every && nodes.len() > others.len() && others.iter().all(|row| timeless(&row.text) == words) {
        return format!("{words} on {}", nodes_of(&nodes));
    }
    format!("{} (and {} more like it)", placed(first, only), others.len())
}

/// `a`, `a and b`, `a, b and 3 more`
fn nodes_of(names: &[&str]) -> String {
    match names {
        [one, two] => format!("{} and {}", text::clean(one), text::clean(two)),
        names => text::list(names, 2),
    }
}

/// Without the times of day, which differ from row to row.
fn timeless(text: &str) -> String {
    let is_time = |word: &&str| word.len() >= 5 && word.contains(':') && word.chars().all(|c| c.is_ascii_digit() || c == ':' || c == '.');
    text.split(' ').filter(|word| !is_time(word)).collect::<Vec<_>>().join(" ")
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
        Source::ClusterInformation => "clusterinformation",
        Source::CalicoNodeStatus => "caliconodestatus",
    }
}

pub(super) fn write_unseen(unseen: &[Gap], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let (early, missing): (Vec<&Gap>, Vec<&Gap>) = unseen.iter().partition(|gap| gap.passing);
    for (title, gaps) in [("Not known yet:", early), ("Not seen:", missing)] {
        if !gaps.is_empty() {
            writeln!(out, "{}", style.paint(Tone::Doubtful, title))?;
        }
        for gap in gaps {
            let weight = if gap.blocks_healthy { "" } else { " (not needed for the verdict)" };
            paragraph(INDENT, "", &format!("{}: {}{weight}", gap.what_and_where(|names| nodes(names, false)), gap.why), style, out)?;
        }
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
