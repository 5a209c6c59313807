//! A start as a picture: a bar for each phase, where it began and how long it took. In a pipe the same as a table.

use std::io::{self, Write};

use super::headline::verdict_tone;
use super::lines::{painted, paragraph};
use super::nodes::write_dropped;
use super::style::{Style, Tone};
use super::table::{Cell, Table};
use super::{findings, summary_line};
use crate::calico::startup_log::StartPhase;
use crate::finding::verdict::Verdict;
use crate::render::timeline_details as facts;
use crate::reports::startup_log::StartupLogReport;
use crate::startup::timeline::{AttemptEnd, AttemptRow, Timeline};
use crate::text;
use crate::text::seconds;

/// Of a log with many attempts, so many of the newest are drawn.
const DRAWN: usize = 3;
/// Logs that are drawn, and findings that are written out; of more only the row.
const LOGS: usize = 5;
const LONGEST_LABEL: usize = 50;
const INDENT: usize = 2;
/// The columns that a narrow terminal loses, in this order.
const DROPPED_FIRST: &[&str] = &["ATTEMPTS", "LOG", "AT"];

pub fn write(report: &StartupLogReport, all: bool, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let logs = if all { usize::MAX } else { LOGS };
    head(report, style, out)?;
    for (finding, earlier) in findings::each(&report.findings).take(logs) {
        writeln!(out)?;
        findings::write(finding, earlier, all, style, out)?;
    }
    if let Some(more @ [_, ..]) = report.findings.get(logs..) {
        let nodes: Vec<&String> = more.iter().flat_map(|finding| &finding.nodes).collect();
        let more = format!("{} on {} (--all shows them)", text::count(more.len(), "more finding"), text::list(&nodes, LOGS));
        writeln!(out)?;
        painted(0, "", &more, Tone::Bad, style, out)?;
    }
    if report.logs.len() > 1 {
        writeln!(out)?;
        overview(&report.logs, style, out)?;
    }
    for log in report.logs.iter().take(logs) {
        writeln!(out)?;
        one(log, all, style, out)?;
    }
    if let Some(more @ 1..) = report.logs.len().checked_sub(logs) {
        painted(0, "", &format!("{} not shown (--all shows them)", text::count(more, "more log")), Tone::Aside, style, out)?;
    }
    if !report.unseen.is_empty() {
        writeln!(out)?;
        findings::write_unseen(&report.unseen, style, out)?;
    }
    if let Some(more) = &report.debug_would_add {
        writeln!(out)?;
        painted(0, "", more, Tone::Aside, style, out)?;
    }
    summary_line::write_more(&report.findings, style, out)
}

/// The verdict; of a single log also whose it is and how its newest start ended.
fn head(report: &StartupLogReport, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut facts: Vec<String> = match report.logs.as_slice() {
        [log] => {
            let version = log.calico_version.as_ref().map(|version| format!("Calico {}", text::clean(version)));
            let end = log.attempts.last().map(|attempt| facts::ended(attempt, log.start_budget_seconds).1);
            [text::clean(log.node.as_deref().unwrap_or(&log.from)).into_owned()].into_iter().chain(version).chain(end).collect()
        }
        logs => vec![text::count(logs.len(), "log")],
    };
    facts.extend(summary_line::counts(&report.findings));
    facts.extend(summary_line::incomplete(&report.unseen));
    summary_line::head(report.verdict, facts, style, out)?;
    let sentence = match report.verdict {
        Verdict::Sick => return Ok(()),
        Verdict::Healthy => "calico-node started. The log shows no problem with the start.",
        Verdict::Unknown => "No problems found, but the log does not show how the start ended.",
    };
    painted(0, "", sentence, verdict_tone(report.verdict), style, out)
}

fn overview(logs: &[Timeline], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(["LOG", "NODE", "ATTEMPTS", "LAST", "AFTER", "AT"]);
    for log in logs {
        let count = Cell::plain((log.attempts.len() as u64 + log.attempts_left_out).to_string());
        let last = log.attempts.last();
        let (tone, end) = last.map_or((Tone::Doubtful, "?"), |attempt| facts::end(attempt.end.how));
        let after = last.and_then(|attempt| attempt.end.after_seconds).map(seconds::brief);
        let at = last.and_then(|attempt| attempt.last.as_ref()?.phase).map(StartPhase::describe);
        table.push(vec![
            Cell::plain(&log.from),
            Cell::known(log.node.as_deref()),
            count,
            Cell::new(tone, end),
            Cell::known(after),
            at.map_or_else(Cell::none, Cell::plain),
        ]);
    }
    let dropped = table.fit(style, DROPPED_FIRST);
    table.write(true, style, out)?;
    write_dropped(&dropped, style, out)
}

fn one(log: &Timeline, all: bool, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    // No pod yet.
    let from = if log.from.is_empty() { "calico-node" } else { &log.from };
    painted(0, "", &format!("{from} {}", facts::head(log)), Tone::Strong, style, out)?;
    let drawn = if all { usize::MAX } else { DRAWN };
    let hidden = log.attempts.len().saturating_sub(drawn);
    let hidden_too = log.attempts_left_out + hidden as u64;
    if hidden_too > 0 {
        let note = format!("{} before these are not shown", text::count(usize::try_from(hidden_too).unwrap_or(usize::MAX), "attempt"));
        writeln!(out, "{:INDENT$}{}", "", style.paint(Tone::Aside, &note))?;
    }
    for attempt in log.attempts.iter().skip(hidden) {
        writeln!(out)?;
        title(attempt, log.start_budget_seconds, style, out)?;
        phases(attempt, log.start_budget_seconds, style, out)?;
        for (label, text) in facts::details(attempt) {
            labelled(label, &text, style, out)?;
        }
    }
    Ok(())
}

fn title(attempt: &AttemptRow, budget: Option<u32>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let began = attempt.began.map(|at| format!(" {}", at.strftime("%Y-%m-%d %H:%M:%S"))).unwrap_or_default();
    let (tone, ended) = facts::ended(attempt, budget);
    let doubt = if attempt.end.certain { "" } else { " (not certain)" };
    let why = attempt.end.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    let words = format!("attempt {}{began}: {ended}{doubt}{why}", attempt.number);
    painted(INDENT, "", &words, tone, style, out)
}

fn labelled(label: &str, words: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    paragraph(INDENT * 2, &format!("{label:13}"), words, style, out)
}

fn phases(attempt: &AttemptRow, budget: Option<u32>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let Some(columns) = style.width else { return table(attempt, style, out) };
    let label = attempt.phases.iter().map(|row| row.phase.describe().len()).max().unwrap_or(0).min(LONGEST_LABEL);
    let numbers = 8;
    let room = columns.saturating_sub(INDENT * 2 + label + numbers + 4);
    let end = attempt.phases.iter().map(|row| row.begins_seconds + row.seconds).fold(0.0, f64::max);
    // Without room, or without times, a bar is left out.
    if room < 10 || end <= 0.0 {
        return table(attempt, style, out);
    }
    let whole = budget.map_or(end, |budget| end.max(f64::from(budget)));
    for row in &attempt.phases {
        let bar = bar(row.begins_seconds / whole, row.seconds / whole, room);
        let tone = match (row.unfinished, attempt.end.how) {
            (true, AttemptEnd::Killed | AttemptEnd::Exited | AttemptEnd::OutOfMemory) => Tone::Bad,
            (true, _) => Tone::Doubtful,
            (false, _) => Tone::Good,
        };
        writeln!(
            out,
            "{:indent$}{:label$}  {:>numbers$}  {}",
            "",
            text::truncate(row.phase.describe(), label),
            seconds::precise(row.seconds),
            style.paint(tone, &bar),
            indent = INDENT * 2
        )?;
    }
    if let Some(budget) = budget {
        let at = (f64::from(budget) / whole * room as f64) as usize;
        let text = format!("{budget}s allowed");
        let indent = INDENT * 2 + label + numbers + 4;
        let mark = if at > text.len() { format!("{:>at$}", format!("{text} ┘")) } else { format!("{:at$}└ {text}", "") };
        writeln!(out, "{:indent$}{}", "", style.paint(Tone::Aside, &mark))?;
    }
    Ok(())
}

/// In eighths of a column, at least one for any time at all.
fn bar(begin: f64, length: f64, room: usize) -> String {
    const PARTS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let from = ((begin * room as f64).floor() as usize).min(room.saturating_sub(1));
    let eighths = ((length * room as f64 * 8.0).round() as usize).clamp(1, (room - from) * 8);
    let mut bar = " ".repeat(from);
    bar.extend(std::iter::repeat_n('█', eighths / 8));
    if !eighths.is_multiple_of(8) {
        bar.push(PARTS[eighths % 8]);
    }
    bar
}

fn table(attempt: &AttemptRow, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(["    PHASE", "BEGINS", "TAKES"]);
    for row in &attempt.phases {
        let open = if row.unfinished { " (not finished)" } else { "" };
        table.push(vec![
            Cell::plain(format!("    {}", row.phase.describe())),
            Cell::plain(seconds::precise(row.begins_seconds)),
            Cell::plain(format!("{}{open}", seconds::precise(row.seconds))),
        ]);
    }
    if table.is_empty() {
        return Ok(());
    }
    table.fit(style, &[]);
    table.write(true, &Style::default(), out)
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn bars_begin_where_the_phase_does_and_end_in_the_room() {
        for (begin, length, drawn) in
            [(0.0, 1.0, "██████████"), (0.5, 0.25, "     ██▌"), (0.0, 0.0001, "▏"), (0.9999, 1.0, "         █"), (0.3, 0.0, "   ▏")]
        {
            assert_eq!(bar(begin, length, 10), drawn, "{begin} {length}");
        }
    }
}
