//! `explain`: what a finding means.

use std::io::{self, Write};

use super::style::{Style, Tone};
use super::table::{Cell, Table};
use crate::diagnosis::explain::Explanation;
use crate::text;

pub fn list(all: impl Iterator<Item = &'static Explanation>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(["CODE", "MEANING"]);
    for explanation in all {
        table.push(vec![Cell::plain(explanation.code.name()), Cell::plain(explanation.title)]);
    }
    table.wrap_last(style, &[]);
    table.write(true, style, out)
}

pub fn write_explanation(explanation: &Explanation, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: {}", style.paint(Tone::Strong, explanation.code.name()), explanation.title)?;
    for (heading, words) in [
        ("What it means", explanation.means),
        ("How it is detected", explanation.detected),
        ("How to confirm it by hand", explanation.confirm),
        ("How to fix it by hand", explanation.fix),
    ] {
        writeln!(out, "\n{}", style.paint(Tone::Strong, heading))?;
        for line in words.trim_end().lines() {
            paragraph(line, style, out)?;
        }
    }
    Ok(())
}

/// A line that is indented is a command or a table: it stays as it is.
fn paragraph(line: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if line.starts_with(' ') {
        return writeln!(out, "  {line}");
    }
    for line in text::wrap(line, style.room(2)) {
        writeln!(out, "{}", format!("  {line}").trim_end())?;
    }
    Ok(())
}
