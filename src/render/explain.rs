//! `explain`: what a finding means.

use std::io::{self, Write};

use super::lines::{command, paragraph};
use super::style::{Style, Tone};
use super::table::{Cell, Table};
use crate::diagnosis::explain::Explanation;
use crate::text;

const INDENT: usize = 2;
const ON_NODE: &str = "On the node: ";

pub fn list(all: impl Iterator<Item = &'static Explanation>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(["CODE", "MEANING"]);
    for explanation in all {
        table.push(vec![Cell::plain(explanation.code.name()), Cell::plain(explanation.title)]);
    }
    table.wrap_last(style, &[]);
    table.write(true, style, out)
}

pub fn write_explanation(explanation: &Explanation, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", style.paint(Tone::Strong, explanation.code.name()))?;
    paragraph(0, "", explanation.title, style, out)?;
    for (heading, words) in explanation.sections() {
        writeln!(out, "\n{}", style.paint(Tone::Strong, heading))?;
        prose(INDENT, "", &words, style, out)?;
    }
    Ok(())
}

/// The lines of an explanation hang behind the label: commands that stay whole, items of a list, and paragraphs.
pub(super) fn prose(indent: usize, label: &str, words: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let hang = indent + text::width(label);
    for (at, line) in words.lines().enumerate() {
        if let Some(line) = line.strip_prefix("  ") {
            let (label, line) = line.strip_prefix(ON_NODE).map_or(("", line), |line| (ON_NODE, line));
            command(hang + INDENT, label, line, Tone::Plain, style, out)?;
        } else if let Some(item) = line.strip_prefix("- ") {
            paragraph(hang, "- ", item, style, out)?;
        } else if at == 0 {
            paragraph(indent, label, line, style, out)?;
        } else {
            paragraph(hang, "", line, style, out)?;
        }
    }
    Ok(())
}
