//! What a change means for each node, and what came of it.

use std::io::{self, Write};

use super::style::{Style, Tone};
use super::table::{Cell, Table};
use crate::edit::undo_record::{RolloutPhase, UndoRecord};
use crate::finding::{NodeRow, Report, SessionCount};
use crate::plan::{NodeGoal, Plan};
use crate::snapshot::family::Family;
use crate::startup::budget::is_tight;
use crate::text;
use crate::text::seconds;

/// More nodes than this are counted, not listed.
const MOST: usize = 20;

/// Before anything is done: who gets what, and what is restarted.
pub fn meaning(plan: &Plan, moves: &[&NodeGoal], report: &Report, restarts: usize, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let row = |name: &str| report.nodes.iter().find(|row| row.name == name);
    if !moves.is_empty() {
        let mut table = Table::new(["NODE", "ADDRESS NOW", "ADDRESS THEN"]);
        for goal in moves.iter().take(MOST) {
            let of = |family| goal.addresses.iter().any(|goal| goal.family == family);
            let now = row(&goal.name).map(|row| {
                let both = [row.address.as_deref().filter(|_| of(Family::V4)), row.address6.as_deref().filter(|_| of(Family::V6))];
                both.into_iter().flatten().collect::<Vec<_>>().join(" ")
            });
            let then: Vec<String> = goal.addresses.iter().map(|goal| goal.address.to_string()).collect();
            let now = now.filter(|now| !now.is_empty()).map_or_else(Cell::none, |now| Cell::new(Tone::Bad, now));
            table.push(vec![Cell::plain(&goal.name), now, Cell::new(Tone::Good, then.join(" "))]);
        }
        table.fit(style, &[]);
        table.write(true, style, out)?;
        if let Some(more @ 1..) = moves.len().checked_sub(MOST) {
            writeln!(out, "{} {} another address", text::count(more, "more node"), if more == 1 { "gets" } else { "get" })?;
        }
        let kept = plan.nodes.iter().filter(|goal| !goal.addresses.is_empty()).count() - moves.len();
        if kept > 0 {
            writeln!(out, "{} {} the address that {} now", other(kept), verb(kept, "keeps", "keep"), verb(kept, "it has", "they have"))?;
        }
        writeln!(out)?;
    }
    if restarts == 0 {
        return writeln!(out, "This restarts no pod. Every pod has these settings already.");
    }
    let first = plan.canary.as_deref().map(|node| format!(", starting with {}, which is verified before the others", text::clean(node)));
    let sentence = format!(
        "This restarts calico-node on {}{}. A node keeps its routes during the restart (BGP graceful restart).",
        text::count(restarts, "node"),
        first.unwrap_or_default()
    );
    text::wrap(&sentence, style.room(0)).iter().try_for_each(|line| writeln!(out, "{line}"))?;
    if let Some(now) = plan.nodes.iter().find_map(|goal| goal.started_within_seconds).filter(|_| !plan.steps.is_empty()) {
        let steps: Vec<String> = plan.steps.iter().map(|step| seconds::whole(step.started_within_seconds)).collect();
        let sentence = format!(
            "If {now}s is not enough there and the start made progress, the limit is raised to {}. The other nodes get the limit that was \
             verified.",
            steps.join(", then ")
        );
        text::wrap(&sentence, style.room(0)).iter().try_for_each(|line| writeln!(out, "{line}"))?;
    }
    Ok(())
}

/// Before a change is resumed: what is still to be done, and what the way back would restore.
pub fn resumption(record: &UndoRecord, outdated: usize, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let restarts = match outdated {
        0 => "This restarts no pod: it verifies every node and closes the record of the change.".to_owned(),
        _ => format!(
            "This restarts calico-node on {}, one at a time, verifies every node and closes the record of the change.",
            text::count(outdated, "node")
        ),
    };
    let alone = record.canary.as_deref().filter(|_| record.phase == RolloutPhase::Canary);
    let first = alone.map(|node| format!(" It begins with {}, and goes on only when that node is verified.", text::clean(node)));
    let sentence = format!("{restarts}{} On failure it restores the settings from before the change.", first.unwrap_or_default());
    text::wrap(&sentence, style.room(0)).iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// Before anything is done: what is restarted, and how often.
pub fn temporary(plan: &Plan, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let nodes: Vec<String> = plan.nodes.iter().map(|goal| text::clean(&goal.name).into_owned()).collect();
    let sentence = format!(
        "This restarts calico-node on {} twice: now, and again when the change is reverted. Meanwhile the update strategy OnDelete keeps \
         every other pod as it is.",
        text::list(&nodes, MOST)
    );
    text::wrap(&sentence, style.room(0)).iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn other(number: usize) -> String {
    text::count(number, "other node")
}

fn verb(number: usize, one: &'static str, many: &'static str) -> &'static str {
    if number == 1 { one } else { many }
}

/// Afterwards: each node before and after, those that changed first; `starts` where the change was about them.
pub fn outcome(before: &Report, after: &Report, starts: bool, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let old = |name: &str| before.nodes.iter().find(|row| row.name == name);
    let looks = |row: &NodeRow| (address(row), ready(row.ready), sessions(row.bgp4), sessions(row.bgp6));
    let (changed, same): (Vec<&NodeRow>, Vec<&NodeRow>) =
        after.nodes.iter().partition(|row| old(&row.name).is_none_or(|old| looks(old) != looks(row)));
    let shown: Vec<(&NodeRow, Option<&NodeRow>)> =
        changed.iter().chain(&same).take(MOST.max(changed.len().min(2 * MOST))).map(|row| (*row, old(&row.name))).collect();
    // Prefix lengths give way before the names of nodes do.
    let fits = |table: &Table| style.width.is_none_or(|columns| table.width() <= columns);
    let wider = [(" -> ", false), ("->", false)].map(|(arrow, bare)| outcome_table(&shown, starts, arrow, bare));
    let mut table = wider.into_iter().find(fits).unwrap_or_else(|| outcome_table(&shown, starts, "->", true));
    table.fit(style, &[]);
    table.write(true, style, out)?;
    match after.nodes.len().checked_sub(MOST.max(changed.len().min(2 * MOST))) {
        Some(more @ 1..) => writeln!(out, "{}", text::count(more, "more node")),
        _ => Ok(()),
    }
}

/// Each row with the row from before the change.
fn outcome_table(rows: &[(&NodeRow, Option<&NodeRow>)], starts: bool, arrow: &str, bare: bool) -> Table {
    let address = if bare { bare_address } else { address };
    let mut table = Table::new(["NODE", "ADDRESS", "READY", "BGP"].into_iter().chain(starts.then_some("START")));
    for (row, old) in rows {
        let pair = |text: fn(&NodeRow) -> String| then(old.map(text), text(row), arrow);
        let tone = if row.ready == Some(true) { Tone::Good } else { Tone::Bad };
        let mut cells = vec![
            Cell::plain(&row.name),
            Cell::plain(pair(address)),
            Cell::new(tone, pair(|row| ready(row.ready))),
            Cell::plain(pair(both)),
        ];
        if starts {
            cells.push(start(row));
        }
        table.push(cells);
    }
    table
}

fn then(old: Option<String>, new: String, arrow: &str) -> String {
    match old {
        Some(old) if old != new => format!("{}{arrow}{}", named(&old), named(&new)),
        _ => new,
    }
}

/// Next to an arrow a dash cannot be read.
fn named(value: &str) -> &str {
    if value == "-" { "none" } else { value }
}

fn address(row: &NodeRow) -> String {
    let both: Vec<&str> = [row.address.as_deref(), row.address6.as_deref()].into_iter().flatten().collect();
    if both.is_empty() { "none".to_owned() } else { both.join(" ") }
}

fn bare_address(row: &NodeRow) -> String {
    let bare = |address: &str| address.split('/').next().unwrap_or_default().to_owned();
    address(row).split(' ').map(bare).collect::<Vec<_>>().join(" ")
}

/// Start time of the budget; for most nodes only readiness shows it, which comes later.
fn start(row: &NodeRow) -> Cell {
    let Some(start) = row.start else { return Cell::none() };
    let sign = if start.at_most { "< " } else { "" };
    let (Some(budget), false) = (row.start_budget_seconds, start.at_least) else { return Cell::none() };
    let tone = if is_tight(start, budget) { Tone::Doubtful } else { Tone::Good };
    Cell::new(tone, format!("{sign}{:.0}s of {budget}s", start.seconds))
}

fn ready(ready: Option<bool>) -> String {
    match ready {
        Some(true) => "True",
        Some(false) => "False",
        None => "?",
    }
    .to_owned()
}

fn sessions(count: Option<SessionCount>) -> String {
    count.filter(|count| count.total > 0).map_or_else(|| "-".to_owned(), |count| format!("{}/{}", count.established, count.total))
}

fn both(row: &NodeRow) -> String {
    match row.bgp6.filter(|six| six.total > 0) {
        None => sessions(row.bgp4),
        six => format!("{} {}", sessions(row.bgp4), sessions(six)),
    }
}
