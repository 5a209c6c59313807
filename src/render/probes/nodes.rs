//! A row a node: the start against its budget.

use std::io::{self, Write};

use super::Shown;
use crate::finding::StartTime;
use crate::render::lines::{painted, paragraph};
use crate::render::nodes::{ready, start_against, write_dropped};
use crate::render::style::{Style, Tone};
use crate::render::table::{Cell, Table};
use crate::reports::probes_document::ProbesReport;
use crate::startup::container_run::RunEnd;
use crate::startup::measure::BudgetStatus;
use crate::startup::rows::{NodeStart, RunRow};

/// With more nodes than this those that start well are counted, but for the slowest.
const LISTED: usize = 20;
const SLOWEST: usize = 3;
/// Columns of a bar, at most; with fewer than the least there is none.
const LONGEST: usize = 30;
const SHORTEST: usize = 8;

/// The columns that a narrow terminal loses, in this order.
const DROPPED_FIRST: &[&str] = &["FINDINGS", "RESTARTS", "USED", "KILLED"];

pub(super) fn write(report: &ProbesReport, shown: Shown, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let listed = shown.wide || shown.all || report.nodes.len() <= LISTED;
    let mut well = 0;
    let (rows, hidden): (Vec<&NodeStart>, Vec<&NodeStart>) = report.nodes.iter().partition(|row| {
        let good = row.standing == BudgetStatus::Within && row.findings.is_empty();
        well += usize::from(good && row.is_known_within());
        listed || !good || (row.is_known_within() && well <= SLOWEST)
    });
    // A table without its bars tells how much room they have.
    let bare = table(&rows, shown, 0);
    let bar = style.width.map_or(0, |columns| columns.saturating_sub(bare.width() + 6).min(LONGEST));
    let mut table = if bar >= SHORTEST { table(&rows, shown, bar) } else { bare };
    if !table.is_empty() {
        let dropped = table.fit(style, DROPPED_FIRST);
        table.write(true, style, out)?;
        write_dropped(&dropped, style, out)?;
    }
    let more = if rows.is_empty() { "" } else { "more " };
    let within = hidden.iter().filter(|row| row.is_known_within()).count();
    let unmeasured = hidden.len() - within;
    if within > 0 {
        let noun = if within == 1 { "node starts" } else { "nodes start" };
        painted(0, "", &format!("{within} {more}{noun} within the startup limit (--all lists them)"), Tone::Good, style, out)?;
    }
    if unmeasured > 0 {
        let noun = if unmeasured == 1 { "node was" } else { "nodes were" };
        painted(0, "", &format!("{unmeasured} {more}{noun} not measured (--all lists them)"), Tone::Doubtful, style, out)?;
    }
    distribution(report, style, out)
}

fn table(rows: &[&NodeStart], shown: Shown, bar: usize) -> Table {
    let mut headers = vec!["NODE", "READY", "START", "USED"];
    if bar > 0 {
        headers.push("");
    }
    headers.extend(["RESTARTS", "KILLED"]);
    if shown.wide {
        headers.extend(["READY-AFTER", "LAST ATTEMPTS", "POD"]);
    }
    headers.push("FINDINGS");
    let mut table = Table::new(headers);
    for row in rows {
        let mut cells = vec![Cell::plain(&row.name), ready(row.ready), start_against(row.start, row.budget_seconds), used(row)];
        if bar > 0 {
            cells.push(drawn(row, bar));
        }
        cells.push(Cell::known(row.restarts.map(|restarts| restarts.to_string())));
        cells.push(if row.killed_by_probe == 0 { Cell::none() } else { Cell::plain(format!("{}×", row.killed_by_probe)) });
        if shown.wide {
            cells.push(Cell::known(row.ready_after_seconds.map(|seconds| format!("{seconds:.0}s"))));
            cells.push(Cell::plain(attempts(&row.attempts)));
            cells.push(Cell::known(row.pod.as_deref()));
        }
        let codes: Vec<&str> = row.findings.iter().map(|code| code.name()).collect();
        cells.push(if codes.is_empty() { Cell::none() } else { Cell::new(tone(row), codes.join(",")) });
        table.push(cells);
    }
    table
}

fn tone(row: &NodeStart) -> Tone {
    match row.standing {
        BudgetStatus::Killed => Tone::Bad,
        BudgetStatus::Tight => Tone::Doubtful,
        BudgetStatus::Within | BudgetStatus::Unknown => Tone::Plain,
    }
}

/// Of the budget; a bound of readiness says too little.
fn share(row: &NodeStart) -> Option<(f64, StartTime)> {
    let (start, budget) = row.start.filter(|start| !start.at_most).zip(row.budget_seconds.filter(|budget| *budget > 0))?;
    Some((start.seconds / f64::from(budget), start))
}

fn used(row: &NodeStart) -> Cell {
    match share(row) {
        Some((share, start)) => {
            let sign = if start.at_least { ">" } else { "" };
            Cell::new(tone(row), format!("{sign}{:.0}%", (share * 100.0).min(999.0)))
        }
        None => Cell::unknown(),
    }
}

/// `#######...`, and `######>` for a start that never ended.
fn drawn(row: &NodeStart, columns: usize) -> Cell {
    let Some((share, start)) = share(row) else { return Cell::none() };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "columns of a terminal")]
    let full = (share.clamp(0.0, 1.0) * columns as f64).round() as usize;
    let full = full.max(1);
    let body = if start.at_least { format!("{}>", "#".repeat(full.min(columns) - 1)) } else { "#".repeat(full) };
    let bar = format!("{body}{}", ".".repeat(columns - full));
    Cell::new(tone(row), bar)
}

fn attempts(all: &[RunRow]) -> String {
    let one = |attempt: &RunRow| {
        let lived = attempt.lived_seconds.map(|seconds| format!(" {}", age(seconds))).unwrap_or_default();
        format!("{}{lived}", fate(attempt.fate))
    };
    if all.is_empty() { "-".to_owned() } else { all.iter().map(one).collect::<Vec<_>>().join(", before: ") }
}

/// In kubectl's coarse way.
fn age(seconds: f64) -> String {
    const UNITS: [(f64, char); 3] = [(86_400.0, 'd'), (3600.0, 'h'), (60.0, 'm')];
    let unit = UNITS.into_iter().find(|(unit, _)| seconds >= unit * 2.0);
    unit.map_or_else(|| format!("{seconds:.0}s"), |(unit, letter)| format!("{:.0}{letter}", (seconds / unit).floor()))
}

fn fate(fate: RunEnd) -> &'static str {
    match fate {
        RunEnd::Runs => "runs",
        RunEnd::Starting => "starting",
        RunEnd::KilledWhileStarting => "killed while starting",
        RunEnd::KilledWhileRunning => "killed while running",
        RunEnd::Exited => "exited while starting",
        RunEnd::ExitedAfterStart => "exited after its start",
        RunEnd::OutOfMemory => "out of memory",
        RunEnd::Unknown => "?",
    }
}

fn distribution(report: &ProbesReport, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let bounds = report.nodes.iter().filter(|row| row.start.is_some_and(|start| start.at_least)).count();
    let mut parts = Vec::new();
    if let Some(all) = report.distribution {
        let of = |name: &str, seconds: f64| format!("{name} {seconds:.1}s");
        parts.push(format!(
            "{} measured: {}",
            all.count,
            [of("min", all.min), of("median", all.median), of("p90", all.p90), of("max", all.max)].join(", ")
        ));
    }
    if bounds > 0 {
        parts.push(format!("{bounds} not finished"));
    }
    if parts.is_empty() {
        return Ok(());
    }
    paragraph(0, "Starts: ", &parts.join(". "), style, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seconds: f64, at_least: bool, standing: BudgetStatus) -> NodeStart {
        super::super::tests::row(Some(StartTime { seconds, at_least, at_most: false }), standing)
    }

    #[test]
    fn bars() {
        for (seconds, at_least, bar, used_text) in [
            (0.4, false, "#.........", "1%"),
            (35.0, false, "#####.....", "50%"),
            (70.0, false, "##########", "100%"),
            (140.0, false, "##########", "200%"),
            (63.0, true, "########>.", ">90%"),
            (90.0, true, "#########>", ">129%"),
        ] {
            let row = row(seconds, at_least, BudgetStatus::Within);
            assert_eq!((drawn(&row, 10).text(), used(&row).text()), (bar, used_text), "{seconds}");
        }
        // Ready bounds the start from above, which is no share of the budget.
        let mut ready = row(11.0, false, BudgetStatus::Within);
        ready.start = Some(StartTime { seconds: 11.0, at_least: false, at_most: true });
        assert_eq!((drawn(&ready, 10).text(), used(&ready).text()), ("-", "?"));
    }

    #[test]
    fn only_a_known_start_is_within_its_budget() {
        let start = |seconds, at_least, at_most| Some(StartTime { seconds, at_least, at_most });
        for (start, budget, within) in [
            (start(0.4, false, false), Some(70), true),
            (start(60.0, false, true), Some(70), true),
            (start(90.0, false, true), Some(70), false),
            (start(63.0, true, false), Some(70), false),
            (start(0.4, false, false), None, true),
            (None, Some(70), false),
        ] {
            // Running without a restart counts as in time, but its start was not measured.
            let row = NodeStart { start, budget_seconds: budget, ..row(0.0, false, BudgetStatus::Within) };
            assert_eq!(row.is_known_within(), within, "{start:?} of {budget:?}");
        }
    }

    #[test]
    fn ages_are_coarse() {
        for (seconds, text) in [(0.4, "0s"), (63.0, "63s"), (119.9, "120s"), (7199.0, "119m"), (7200.0, "2h"), (2_102_677.0, "24d")] {
            assert_eq!(age(seconds), text);
        }
    }

    #[test]
    fn a_bar_has_room_or_is_left_out() {
        let row = row(35.0, false, BudgetStatus::Within);
        let lines = |width: Option<usize>| {
            let bare = table(&[&row], Shown::default(), 0);
            width.map_or(0, |columns| columns.saturating_sub(bare.width() + 3).min(LONGEST))
        };
        assert!(lines(Some(200)) == LONGEST && lines(Some(60)) < SHORTEST && lines(None) == 0);
    }
}
