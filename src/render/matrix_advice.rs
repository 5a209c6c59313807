//! Under the matrix: which method, why, what it would change, and why not the others.

use std::io::{self, Write};

use super::style::{Style, Tone};
use crate::autodetect::{Choice, Verdict};
use crate::finding::Source;
use crate::reports::autodetect::AutodetectResult;
use crate::text;

/// More changes than this are counted.
const LISTED: usize = 10;

pub fn write(look: &AutodetectResult, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let recommendation = &look.recommendation;
    writeln!(out)?;
    match (&recommendation.method, recommendation.keep) {
        (Some(method), keep) => {
            let label = if keep { "Keep:" } else { "Choose:" };
            writeln!(out, "{} {}", style.paint(Tone::Strong, label), style.paint(Tone::Good, &text::clean(method)))?;
        }
        (None, _) => writeln!(out, "{}", style.paint(Tone::Bad, "No method is recommended."))?,
    }
    paragraph(&recommendation.why, 2, Tone::Plain, style, out)?;
    if let Some(why) = &look.matrix.internal_ips_unreliable {
        paragraph(&format!("InternalIPs are not gone by: {why}."), 2, Tone::Aside, style, out)?;
    }
    for group in &recommendation.groups {
        let methods = if group.methods.is_empty() { "none of these".to_owned() } else { group.methods.join(", ") };
        paragraph(&format!("{}: right with {methods}", text::list(&group.nodes, 3)), 2, Tone::Plain, style, out)?;
    }
    if let Some(choice) = &look.choice {
        writeln!(out)?;
        changes(choice, style, out)?;
        match &look.by_hand {
            Some(fix) => {
                writeln!(out, "{} {}", style.paint(Tone::Strong, "Set it:"), text::clean(&fix.command))?;
                paragraph(&fix.why, 2, Tone::Aside, style, out)?;
            }
            None if !choice.does_no_harm() => {
                let warning = format!("{} is not proposed: it would not be right on every node.", choice.method);
                paragraph(&warning, 0, Tone::Bad, style, out)?;
            }
            None => {}
        }
    }
    writeln!(out)?;
    others(look, style, out)
}

/// What the choice would make of the nodes, those that change first.
fn changes(choice: &Choice, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let method = text::clean(&choice.method);
    let changing: Vec<_> = choice.predictions.iter().filter(|one| one.changes() != Some(false)).collect();
    if changing.is_empty() {
        return paragraph(&format!("{method} would change no node's address."), 0, Tone::Plain, style, out);
    }
    let unknown = changing.iter().filter(|one| one.verdict == Verdict::Unknown).count();
    let doubt = if unknown == 0 { String::new() } else { format!(", and of {unknown} it is not known") };
    let nodes = text::count(choice.predictions.len(), "node");
    writeln!(out, "{} of {nodes} would change with {method}{doubt}:", changing.len() - unknown)?;
    let name = |name: &str| text::truncate(&text::clean(name), 60).into_owned();
    let widest = changing.iter().take(LISTED).map(|one| text::width(&name(&one.node))).max().unwrap_or_default();
    for one in changing.iter().take(LISTED) {
        let node = name(&one.node);
        let then = match (&one.will_store, one.verdict) {
            (Some(then), verdict) => format!("{} ({})", text::clean(then), super::matrix_cells::word(verdict).0),
            (None, Verdict::None | Verdict::Exits) => "calico-node exits".to_owned(),
            (None, _) => "?".to_owned(),
        };
        let now = one.stored_now.as_deref().map_or_else(|| "<none>".into(), text::clean);
        writeln!(out, "  {node}{:gap$}{now} -> {then}", "", gap = widest + 3 - text::width(&node))?;
    }
    match changing.len().saturating_sub(LISTED) {
        0 => Ok(()),
        more => writeln!(out, "  and {more} more; -o wide lists every node"),
    }
}

fn others(look: &AutodetectResult, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let others = &look.recommendation.others;
    if others.is_empty() {
        return Ok(());
    }
    let current = look.matrix.current().map(|column| column.method.as_str());
    writeln!(out, "{}", style.paint(Tone::Strong, if look.recommendation.method.is_some() { "Why not the others:" } else { "Why none:" }))?;
    for other in others {
        let now = if current == Some(other.method.as_str()) { " (current)" } else { "" };
        paragraph(&format!("{}{now}: {}", other.method, other.why), 2, Tone::Plain, style, out)?;
    }
    Ok(())
}

/// Words under each other, two more blanks before each line but the first.
fn paragraph(words: &str, indent: usize, tone: Tone, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    for (number, line) in text::wrap(&text::clean(words), style.room(indent + 2)).iter().enumerate() {
        let indent = if number == 0 { indent } else { indent + 2 };
        writeln!(out, "{:indent$}{}", "", style.paint(tone, line))?;
    }
    Ok(())
}

/// Where a node's interfaces were read.
pub fn source(source: Source) -> &'static str {
    match source {
        Source::Interfaces => "exec",
        Source::Annotation => "annotation",
        Source::Log => "log",
        _ => "?",
    }
}
