//! Below the methods: what the change restarts, its commands, and why not the other methods.

use std::io::{self, Write};

use super::matrix::Shown;
use super::style::{Style, Tone};
use crate::autodetect::Choice;
use crate::finding::{Fix, Source};
use crate::reports::autodetect::AutodetectResult;
use crate::snapshot::family::Family;
use crate::text;
use crate::text::shell;

pub fn write(look: &AutodetectResult, shown: Shown, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let recommendation = &look.recommendation;
    if let Some(choice) = &look.choice {
        writeln!(out)?;
        match &look.by_hand {
            Some(fix) => commands(look, choice, fix, shown, style, out)?,
            None if !choice.does_no_harm() => {
                let warning = format!("{} is not proposed: it would not be right on every node.", choice.method);
                paragraph(&warning, 0, Tone::Bad, style, out)?;
            }
            None => {}
        }
    }
    writeln!(out)?;
    if let Some(method) = &recommendation.method {
        let label = if recommendation.keep { "Keep:" } else { "Choose:" };
        writeln!(out, "{} {}", style.paint(Tone::Strong, label), style.paint(Tone::Good, &text::clean(method)))?;
    }
    paragraph(&recommendation.why, 2, Tone::Plain, style, out)?;
    if let Some(why) = &look.matrix.internal_ips_unreliable {
        paragraph(&format!("InternalIPs are not used to judge addresses: {why}."), 2, Tone::Aside, style, out)?;
    }
    for group in &recommendation.groups {
        let methods = if group.methods.is_empty() { "none of these".to_owned() } else { group.methods.join(", ") };
        paragraph(&format!("{}: right with {methods}", text::list(&group.nodes, 3)), 2, Tone::Plain, style, out)?;
    }
    others(look, style, out)
}

/// What the change restarts, the guarded command, and the one by hand.
fn commands(look: &AutodetectResult, choice: &Choice, fix: &Fix, shown: Shown, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let nodes = text::count(choice.predictions.len(), "node");
    // The operator rolls out as it likes: no node can be first.
    let restarts = match fix.command.starts_with("kubectl set env") {
        true => format!("This restarts calico-node on {nodes}, one at a time{}.", first(look, choice, shown)),
        false => format!("This restarts calico-node on {nodes}."),
    };
    paragraph(&restarts, 0, Tone::Plain, style, out)?;
    let mut words = vec!["kubectl", "calico-fix", "autodetect"];
    if choice.family == Family::V6 {
        words.push("--ipv6");
    }
    if look.recommendation.method.as_deref() != Some(choice.method.as_str()) || look.recommendation.keep {
        words.extend(["--method", &choice.method]);
    }
    if let Some(command) = shell::command(&words) {
        writeln!(out, "{}    {command}", style.paint(Tone::Strong, "Fix:"))?;
        writeln!(out, "        shows the change, asks, verifies, rolls back on failure")?;
    }
    writeln!(out, "{} {}", style.paint(Tone::Strong, "Set it:"), text::clean(&fix.command))?;
    paragraph(&fix.why, 8, Tone::Aside, style, out)
}

/// Where one node alone is wrong and its pod answers, the rollout begins there.
fn first(look: &AutodetectResult, choice: &Choice, shown: Shown) -> String {
    let mut wrong = look.matrix.nodes.iter().zip(&choice.predictions).filter(|(_, prediction)| prediction.is_wrong_now);
    match (wrong.next(), wrong.next()) {
        (Some((node, _)), None) if !shown.own_canary && node.source == Some(Source::Interfaces) => {
            format!(", starting with {}", node.name)
        }
        _ => String::new(),
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
