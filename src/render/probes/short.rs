//! `probes -o short`: the verdict, and one line for each node whose start is killed, close to its limit, or has a finding.

use std::io::{self, Write};

use super::facts;
use crate::render::nodes::taken;
use crate::render::short::{line, unseen};
use crate::render::style::{Style, Tone};
use crate::render::summary_line;
use crate::reports::probes_document::ProbesReport;
use crate::startup::measure::BudgetStatus;
use crate::startup::rows::NodeStart;
use crate::text::seconds;

/// `KILLED    node-3: start >63s of 70s, killed 8×: killed-while-starting. Proposed limit: 220s`
pub fn write_short(report: &ProbesReport, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<(&str, Tone, String)> = report.nodes.iter().filter_map(|row| state_of(report, row)).collect();
    let mut facts = facts(report);
    if rows.is_empty() && report.findings.is_empty() && report.proposal.is_none() {
        facts.push("nothing to change".to_owned());
    }
    summary_line::head(report.verdict, facts, style, out)?;
    rows.iter().try_for_each(|(word, tone, words)| line(word, *tone, words, style, out))?;
    unseen(&report.unseen, style, out)
}

/// `None` for a node that starts in time, or whose start nothing is known to be wrong with.
fn state_of(report: &ProbesReport, row: &NodeStart) -> Option<(&'static str, Tone, String)> {
    let own: Vec<&str> = row.findings.iter().filter(|code| code.affects_startup()).map(|code| code.name()).collect();
    let (word, tone) = match row.standing {
        BudgetStatus::Killed => ("KILLED", Tone::Bad),
        BudgetStatus::Tight => ("CLOSE", Tone::Doubtful),
        _ if !own.is_empty() => ("FINDING", Tone::Doubtful),
        BudgetStatus::Within | BudgetStatus::Unknown => return None,
    };
    let start = row.start.map_or_else(|| "start not measured".to_owned(), |start| format!("start {}", taken(start)));
    let limit = row.budget_seconds.map(|limit| format!(" of {}", seconds::whole(limit))).unwrap_or_default();
    let killed = if row.killed_by_probe > 0 { format!(", killed {}×", row.killed_by_probe) } else { String::new() };
    let codes = if own.is_empty() { String::new() } else { format!(": {}", own.join(", ")) };
    let after = report.proposal.as_ref().and_then(|proposal| proposal.budget_after_seconds);
    let proposed = after.map(|after| format!(". Proposed limit: {}", seconds::whole(after))).unwrap_or_default();
    Some((word, tone, format!("{}: {start}{limit}{killed}{codes}{proposed}", row.name)))
}
