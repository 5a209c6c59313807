//! One line a cluster: `status` with several contexts.

use std::io::{self, Write};

use super::headline::{headline, is_ready_known, verdict_tone, verdict_word};
use super::style::{Style, Tone};
use super::table::{Cell, Table};
use crate::finding::verdict::Verdict;
use crate::reports::fleet::ClusterStatus;
use crate::text::{self, shell};

/// Longer names of contexts are shortened in the middle.
const CONTEXT: usize = 40;
/// Fewer columns would not hold the longest code of a finding.
const LEAST_FINDING: usize = 30;
/// Of the columns between, with their blanks: `UNHEALTHY   4999/5000   `.
const BETWEEN: usize = 27;
/// Shorter names cannot be told apart.
const LEAST_CONTEXT: usize = 12;

#[derive(Clone, Copy, Debug, Default)]
pub struct Shown {
    /// Whole names, Calico's version and the server.
    pub wide: bool,
    pub rows_only: bool,
}

pub fn write(clusters: &[ClusterStatus], shown: Shown, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if !shown.rows_only {
        write_verdict(clusters, style, out)?;
        writeln!(out)?;
    }
    table(clusters, shown, style).write(!shown.rows_only, style, out)?;
    if shown.rows_only {
        return Ok(());
    }
    write_same(clusters, style, out)?;
    let worst = clusters.first().filter(|cluster| cluster.verdict != Verdict::Healthy);
    if let Some(command) =
        worst.and_then(|worst| shell::command(&["kubectl", "calico-fix", "status", &format!("--context={}", worst.context)]))
    {
        writeln!(out)?;
        writeln!(out, "{}", style.paint(Tone::Aside, &format!("More info: {command}")))?;
    }
    Ok(())
}

/// `UNHEALTHY  50 clusters: 1 unhealthy, 2 unknown, 47 healthy`
fn write_verdict(clusters: &[ClusterStatus], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let number = |verdict| clusters.iter().filter(|cluster| cluster.verdict == verdict).count();
    let counts: Vec<(Verdict, usize)> =
        [Verdict::Sick, Verdict::Unknown, Verdict::Healthy].into_iter().map(|verdict| (verdict, number(verdict))).collect();
    let counts: Vec<_> = counts.into_iter().filter(|(_, number)| *number > 0).collect();
    let worst = counts.first().map_or(Verdict::Unknown, |(verdict, _)| *verdict);
    let listed: Vec<String> =
        counts.iter().map(|(verdict, number)| format!("{number} {}", verdict_word(*verdict).to_ascii_lowercase())).collect();
    let word = style.paint(verdict_tone(worst), verdict_word(worst));
    writeln!(out, "{word}  {}: {}", text::count(clusters.len(), "cluster"), listed.join(", "))
}

fn table(clusters: &[ClusterStatus], shown: Shown, style: &Style) -> Table {
    let mut headers = vec!["CONTEXT", "VERDICT", "READY"];
    if shown.wide {
        headers.extend(["CALICO", "SERVER"]);
    }
    let longest = style.width.map_or(CONTEXT, |columns| columns.saturating_sub(BETWEEN + LEAST_FINDING).clamp(LEAST_CONTEXT, CONTEXT));
    let row = |cluster: &ClusterStatus| {
        let summary = cluster.report.as_ref().map(|report| &report.cluster);
        let name = text::clean(&cluster.context);
        let name = if shown.wide { name } else { text::shorten_middle(&name, longest).into_owned().into() };
        let ready = summary
            .filter(|summary| summary.nodes > 0 && is_ready_known(summary))
            .map(|summary| format!("{}/{}", summary.nodes_ready, summary.nodes));
        let mut row =
            vec![Cell::plain(name), Cell::new(verdict_tone(cluster.verdict), verdict_word(cluster.verdict)), Cell::known(ready.as_ref())];
        if shown.wide {
            row.push(Cell::known(summary.and_then(|summary| summary.calico_version.as_ref())));
            row.push(Cell::known(summary.and_then(|summary| summary.server.as_ref())));
        }
        row
    };
    let mut narrow = Table::new(headers.iter().copied());
    clusters.iter().for_each(|cluster| narrow.push(row(cluster)));
    let gap = narrow.width() + 3;
    let room = style.width.filter(|_| !shown.wide).map_or(usize::MAX, |columns| columns.saturating_sub(gap).max(LEAST_FINDING));
    headers.push("WORST FINDING");
    let mut table = Table::new(headers);
    for cluster in clusters {
        let finding = finding(cluster);
        let finding = text::clean(if shown.wide || style.width.is_none() { &finding } else { brief(&finding) }).into_owned();
        let cell = if finding.is_empty() { Cell::none() } else { Cell::plain(text::truncate(&finding, room)) };
        table.push(row(cluster).into_iter().chain([cell]).collect());
    }
    table
}

fn finding(cluster: &ClusterStatus) -> String {
    match (&cluster.report, &cluster.why) {
        (Some(report), _) => headline(report),
        (None, why) => why.clone().unwrap_or_default(),
    }
}

/// Without the words that most failures begin with: at 80 columns they would leave no room for the reason.
fn brief(finding: &str) -> &str {
    const BEGINNINGS: [&str; 3] = ["Unable to connect to the server: ", "the cluster ", "The connection to the server "];
    let status = finding.strip_prefix("Error from server (").and_then(|rest| rest.split_once("): "));
    let beginning = || BEGINNINGS.iter().find_map(|beginning| finding.strip_prefix(beginning));
    status.map(|(_, message)| message).or_else(beginning).unwrap_or(finding)
}

/// Contexts that have no line of their own.
fn write_same(clusters: &[ClusterStatus], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    for cluster in clusters.iter().filter(|cluster| !cluster.same_contexts.is_empty()) {
        let same = text::list(&cluster.same_contexts, 5);
        let line = format!("Same cluster and user as {}: {same}", text::clean(&cluster.context));
        writeln!(out, "{}", style.paint(Tone::Aside, &text::truncate(&line, style.room(0))))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(context: &str, why: &str) -> ClusterStatus {
        ClusterStatus::new(context.to_owned(), Vec::new(), Err(why.to_owned()))
    }

    fn page(clusters: &[ClusterStatus], shown: Shown, width: Option<usize>) -> String {
        let mut out = Vec::new();
        write(clusters, shown, &Style { width, ..Style::default() }, &mut out).expect("writes");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_line_a_cluster_at_every_width() {
        let long = format!("arn:aws:eks:eu-central-1:123456789012:cluster/{}", "x".repeat(60));
        let why = "The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?";
        let clusters = [unknown(&long, why), unknown("b\u{1b}[2J\nc", "")];
        for columns in [80, 120, 200] {
            let page = page(&clusters, Shown::default(), Some(columns));
            assert!(page.starts_with("UNKNOWN  2 clusters: 2 unknown\n\nCONTEXT "), "{page}");
            assert!(page.lines().take(5).all(|line| text::width(line) <= columns), "{columns}: {page}");
            assert_eq!(page.lines().filter(|line| line.contains("UNKNOWN   ")).count(), 2, "{page}");
            assert!(!page.contains('\u{1b}'));
        }
        let wide = page(&clusters, Shown { wide: true, rows_only: true }, Some(80));
        assert!(wide.contains(&long) && wide.contains(why) && wide.lines().count() == 2, "{wide}");
    }

    #[test]
    fn a_line_of_80_columns_has_room_for_the_code_and_for_the_reason() {
        let long = format!("gke_{}", "x".repeat(60));
        let forbidden = "Error from server (Forbidden): nodes is forbidden: User \"nobody\" cannot list";
        let clusters = [
            unknown(&long, "address-on-virtual-interface on node-1"),
            unknown("a", forbidden),
            unknown("b", "Unable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout"),
            unknown("c", "the cluster could not be read within 60s"),
        ];
        let page = page(&clusters, Shown { wide: false, rows_only: true }, Some(80));
        for told in [
            "?     address-on-virtual-interface on nod",
            "?     nodes is forbidden",
            "?     dial tcp 10.0.0.1:6443: i/o timeout",
            "?     could not be read within 60s",
        ] {
            assert!(page.contains(told), "{told}: {page}");
        }
    }

    #[test]
    fn a_context_with_odd_characters_is_in_no_command() {
        assert!(!page(&[unknown("a\u{1b}b", "x")], Shown::default(), None).contains("More info"));
        assert!(page(&[unknown("a b", "x")], Shown::default(), None).ends_with("More info: kubectl calico-fix status --context='a b'\n"));
    }
}
