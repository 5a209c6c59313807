//! `can-i` for people: the commands, what is missing, and what would grant it.

use std::io::{self, Write};

use super::lines::{command, painted, paragraph};
use super::style::{Style, Tone};
use super::table::{Cell, Table};
use crate::permissions::report::{CommandRow, Missing, Report, Support};
use crate::permissions::role::Role;
use crate::text;

pub fn write(report: &Report, wide: bool, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    verdict(report, style, out)?;
    place(report, style, out)?;
    writeln!(out)?;
    commands(&report.commands, style, out)?;
    for role in Role::ALL {
        let lacks: Vec<&Missing> = report.missing.iter().filter(|missing| missing.role == role).collect();
        if !lacks.is_empty() {
            writeln!(out, "\n{} {}", style.paint(Tone::Bad, "MISSING"), style.paint(Tone::Strong, role.name()))?;
            lacks.into_iter().try_for_each(|missing| lack(missing, style, out))?;
        }
    }
    if wide && !report.granted.is_empty() {
        writeln!(out, "\nYou may")?;
        report.granted.iter().try_for_each(|right| writeln!(out, "  {}", text::clean(right)))?;
    }
    if report.is_all() {
        return Ok(());
    }
    writeln!(out, "\nAn administrator grants the missing permissions with:")?;
    report.grants.iter().try_for_each(|line| command(2, "", line, Tone::Strong, style, out))
}

fn verdict(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let is_limited = |works: Option<Support>| works.is_some_and(|works| works != Support::Yes);
    let limited = report.commands.iter().filter(|row| is_limited(row.reads) || is_limited(row.changes)).count();
    if report.is_all() {
        return painted(0, "", "You have every permission that these commands need.", Tone::Good, style, out);
    }
    let lack = if limited == 1 { "lacks" } else { "lack" };
    let sentence = format!("{limited} of {} {lack} permissions.", text::count(report.commands.len(), "command"));
    painted(0, "", &sentence, Tone::Bad, style, out)
}

fn place(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let user = report.user.as_deref().unwrap_or("?");
    let set = match (&report.daemon_set, &report.installation) {
        (Some(set), Some(installation)) => format!("{}/{set}, made from Installation/{installation}", report.namespace),
        (Some(set), None) => format!("{}/{set}", report.namespace),
        (None, _) => {
            format!("? (not visible to you; permissions are checked in the namespace {}, use -n for another one)", report.namespace)
        }
    };
    paragraph(0, "User:       ", user, style, out)?;
    paragraph(0, "DaemonSet:  ", &set, style, out)
}

fn commands(rows: &[CommandRow], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(["COMMAND", "READS", "CHANGES"]);
    let cell = |works: Option<Support>| match works {
        None => Cell::none(),
        Some(Support::Yes) => Cell::new(Tone::Good, "yes"),
        Some(Support::Partly) => Cell::new(Tone::Doubtful, "partly"),
        Some(Support::No) => Cell::new(Tone::Bad, "no"),
    };
    rows.iter().for_each(|row| table.push(vec![Cell::plain(row.command.name()), cell(row.reads), cell(row.changes)]));
    table.write(true, style, out)
}

fn lack(missing: &Missing, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    paragraph(2, "", &format!("{}: {}", missing.right, missing.without), style, out)
}
