//! One line for each change between two checks, with the API server's time.

use jiff::Timestamp;

use super::headline::verdict_word;
use crate::reports::changes::Change;
use crate::text;

/// Nodes named in a line; the rest is counted.
const NAMED: usize = 5;

/// The beginning of a page, as much of it as this many rows hold. A line that is wider than the terminal takes several.
pub fn first_rows(page: &str, rows: usize, columns: usize) -> String {
    let taken = |line: &str| text::width(&text::clean(line)).div_ceil(columns.max(1)).max(1);
    let lines: Vec<&str> = page.lines().collect();
    if lines.iter().map(|line| taken(line)).sum::<usize>() <= rows {
        return page.to_owned();
    }
    let mut used = 1;
    let shown = lines.iter().take_while(|line| {
        used += taken(line);
        used <= rows
    });
    let shown: Vec<&str> = shown.copied().collect();
    let rest = lines.len() - shown.len();
    let note = format!("({} below: a larger window shows more)", text::count(rest, "more line"));
    shown.into_iter().chain([text::truncate(&note, columns).as_ref()]).map(|line| format!("{line}\n")).collect()
}

/// `08:30:05Z`
pub fn time(at: Timestamp) -> String {
    at.strftime("%H:%M:%SZ").to_string()
}

/// `08:30:05Z  gone: bgp-session-down on node-3`
pub fn line(at: Timestamp, change: &Change) -> String {
    let found = |code: &crate::finding::code::Code, nodes: &[String]| match nodes {
        [] => code.to_string(),
        nodes => format!("{code} on {}", text::list(nodes, NAMED)),
    };
    let told = match change {
        Change::Verdict { before, now } => format!("{}, was {}", verdict_word(*now), verdict_word(*before)),
        Change::FindingGone { code, nodes } => format!("gone: {}", found(code, nodes)),
        Change::FindingNew { code, nodes } => format!("new: {}", found(code, nodes)),
        Change::Ready(nodes) => format!("ready: {}", text::list(nodes, NAMED)),
        Change::NotReady(nodes) => format!("not ready: {}", text::list(nodes, NAMED)),
        Change::Restarted { node, restarts } => format!("restarted: {} ({} restarts)", text::clean(node), restarts),
        Change::Joined(nodes) => format!("joined: {}", text::list(nodes, NAMED)),
        Change::Left(nodes) => format!("left: {}", text::list(nodes, NAMED)),
    };
    format!("{}  {told}", time(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::code::Code;
    use crate::finding::verdict::Verdict;

    #[test]
    fn a_page_is_cut_to_the_window() {
        let page = "one\n\u{1b}[31mtwo two two\u{1b}[0m\nthree\nfour\n";
        for (rows, columns, expected) in [
            (5, 80, page),
            (4, 80, page),
            (3, 80, "one\n\u{1b}[31mtwo two two\u{1b}[0m\n(2 more lines below: a larger window shows more)\n"),
            (3, 6, "one\n(3 mo…\n"),
            (5, 6, page),
            (0, 80, "(4 more lines below: a larger window shows more)\n"),
        ] {
            assert_eq!(first_rows(page, rows, columns), expected, "{rows}x{columns}");
        }
    }

    #[test]
    fn each_change_is_one_line_with_its_time() {
        let at = "2026-11-20T08:30:05Z".parse().expect("a time");
        let nodes = || vec!["node-1".to_owned(), "node-2\n".to_owned()];
        for (change, expected) in [
            (Change::Verdict { before: Verdict::Sick, now: Verdict::Healthy }, "HEALTHY, was UNHEALTHY"),
            (Change::FindingGone { code: Code::PodNotReady, nodes: nodes() }, "gone: pod-not-ready on node-1, node-2"),
            (Change::FindingNew { code: Code::PodNotReady, nodes: vec![] }, "new: pod-not-ready"),
            (Change::Ready(nodes()), "ready: node-1, node-2"),
            (Change::NotReady(nodes()), "not ready: node-1, node-2"),
            (Change::Restarted { node: "node-1".into(), restarts: 2 }, "restarted: node-1 (2 restarts)"),
            (Change::Joined(nodes()), "joined: node-1, node-2"),
            (Change::Left(nodes()), "left: node-1, node-2"),
        ] {
            assert_eq!(line(at, &change).trim_end(), format!("08:30:05Z  {expected}"));
        }
    }
}
