//! Why a method is recommended, its commands and what they restart; below the methods, why not the others.

use std::io::{self, Write};

use super::findings::INDENT;
use super::lines::{command, painted, paragraph};
use super::matrix::Shown;
use super::style::{Style, Tone};
use crate::autodetect::{Choice, Verdict};
use crate::calico::environment::address_variable;
use crate::finding::{ByHand, Source};
use crate::reports::autodetect::{AutodetectResult, GUARDED, State};
use crate::text;

/// Columns of `By hand   ` and the other labels.
const LABEL: usize = 10;

/// The reason, the guarded command, what it restarts, and the command by hand.
pub(super) fn write(look: &AutodetectResult, shown: Shown, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let recommendation = &look.recommendation;
    if let Some(method) = recommendation.method.as_ref().filter(|_| !recommendation.keep) {
        painted(0, "Choose: ", &text::clean(method), Tone::Good, style, out)?;
    }
    match &recommendation.method {
        Some(method) if recommendation.keep => labelled("Keep", &format!("{method}. {}", recommendation.why), style, out)?,
        None if look.state(None) != State::Wrong => {}
        _ => labelled("Reason", &recommendation.why, style, out)?,
    }
    if let Some(why) = &look.matrix.internal_ips_unreliable {
        labelled("Note", &format!("InternalIPs are not used to judge addresses: {why}."), style, out)?;
    }
    for group in &recommendation.groups {
        let methods = if group.methods.is_empty() { "none of these methods".to_owned() } else { group.methods.join(", ") };
        labelled("Nodes", &format!("{}: right with {methods}", text::list(&group.nodes, 3)), style, out)?;
    }
    without_address(look, style, out)?;
    if let Some(choice) = look.choice.as_ref().filter(|choice| !look.is_recommended(choice)) {
        labelled("Proposed", &proposed(choice), style, out)?;
    }
    match (&look.choice, &look.by_hand) {
        (Some(choice), Some(by_hand)) => commands(look, choice, by_hand, shown, style, out),
        (Some(choice), None) if !choice.does_no_harm() => {
            let warning = format!("{} is not proposed: it would not be right on every node.", choice.method);
            painted(INDENT, &format!("{:LABEL$}", "Warning"), &warning, Tone::Bad, style, out)
        }
        _ => Ok(()),
    }
}

/// No method finds what a host does not have.
fn without_address(look: &AutodetectResult, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let family = look.matrix.family;
    if let Some(fix) = &look.switch_off {
        command(INDENT, &format!("{:LABEL$}", "By hand"), &fix.command, Tone::Plain, style, out)?;
        return paragraph(INDENT + LABEL, "", &fix.why, style, out);
    }
    if look.hosts_without.is_empty() {
        return Ok(());
    }
    let hosts = text::list(&look.hosts_without, 3);
    let variable = address_variable(family);
    labelled(
        "Hosts",
        &format!("{hosts}: no interface has an {family} address. Add one there, or set {variable}=none if no node needs {family}."),
        style,
        out,
    )
}

/// A method that was asked for, and what is not known about it.
fn proposed(choice: &Choice) -> String {
    let unknown = choice.predictions.iter().filter(|prediction| prediction.verdict == Verdict::Unknown).count();
    let doubt = match unknown {
        0 => String::new(),
        _ => format!(". What it finds is not known on {unknown} of {}", text::count(choice.predictions.len(), "node")),
    };
    format!("{}, as given with --method{doubt}.", choice.method)
}

fn commands(
    look: &AutodetectResult,
    choice: &Choice,
    by_hand: &ByHand,
    shown: Shown,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    match shown.pending {
        Some(pending) => pending.write(INDENT, LABEL, style, out)?,
        None => guarded(look, choice, style, out)?,
    }
    let nodes = text::count(choice.predictions.len(), "node");
    // The operator rolls out as it likes: no node can be first.
    let restarts = match by_hand.command.starts_with("kubectl set env") {
        true => format!("This restarts calico-node on {nodes}, one at a time{}.", first(look, choice, shown)),
        false => format!("This restarts calico-node on {nodes}."),
    };
    labelled("Cost", &restarts, style, out)?;
    command(INDENT, &format!("{:LABEL$}", "By hand"), &by_hand.command, Tone::Plain, style, out)?;
    paragraph(INDENT + LABEL, "", &format!("restarts {}", by_hand.restarts), style, out)
}

/// The command that makes the change.
fn guarded(look: &AutodetectResult, choice: &Choice, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if let Some(line) = look.guarded_command(choice) {
        command(INDENT, &format!("{:LABEL$}", "Fix"), &line, Tone::Strong, style, out)?;
        paragraph(INDENT + LABEL, "", GUARDED, style, out)?;
    }
    Ok(())
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

/// Methods that are right on every node have their risk in the table; the reasons against them are for the long page.
pub(super) fn others(look: &AutodetectResult, shown: Shown, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let column = |method: &str| look.matrix.columns.iter().find(|column| column.method == method);
    let fits = |method: &str| column(method).is_some_and(|column| column.refused.is_none() && column.is_right_everywhere());
    let others = &look.recommendation.others;
    let others: Vec<_> = others.iter().filter(|other| shown.wide || shown.all || !fits(&other.method)).collect();
    if others.is_empty() {
        return Ok(());
    }
    let current = look.matrix.current().map(|column| column.method.as_str());
    let name = |method: &str| format!("{method}{}", if current == Some(method) { " (current)" } else { "" });
    // Methods with one reason share a line.
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for other in others {
        match reasons.iter_mut().find(|(why, _)| *why == other.why) {
            Some((_, methods)) => methods.push(name(&other.method)),
            None => reasons.push((&other.why, vec![name(&other.method)])),
        }
    }
    let title = if look.recommendation.method.is_some() { "Why not the other methods:" } else { "Why none of the methods:" };
    writeln!(out, "\n{}", style.paint(Tone::Strong, title))?;
    for (why, methods) in reasons {
        paragraph(2, "", &format!("{}: {why}", methods.join(", ")), style, out)?;
    }
    Ok(())
}

fn labelled(label: &str, words: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    paragraph(INDENT, &format!("{label:LABEL$}"), words, style, out)
}

/// Where a node's interfaces were read.
pub(super) fn source(source: Source) -> &'static str {
    match source {
        Source::Interfaces => "exec",
        Source::Annotation => "annotation",
        Source::Log => "log",
        _ => "?",
    }
}
