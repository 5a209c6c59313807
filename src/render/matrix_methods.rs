//! The first screen of `autodetect`: the verdict, the nodes that are wrong or change, and a row a method.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::lines::painted;
use super::matrix::Shown;
use super::style::{Style, Tone};
use super::summary_line;
use super::table::{Cell, Table};
use crate::autodetect::{Column, Node, Origin, Verdict};
use crate::calico::virtual_interfaces;
use crate::reports::autodetect::{AutodetectResult, State, risk};
use crate::snapshot::family::Family;
use crate::text;

/// More nodes than this are counted.
const LISTED: usize = 5;
/// Methods are at least so long before they are shortened: `kubernetes-internal-ip (current)`.
const METHOD: usize = 32;

/// Two lines: of the cluster, and of the addresses.
pub(super) fn verdict(
    look: &AutodetectResult,
    only: Option<&BTreeSet<String>>,
    places: &[usize],
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let state = look.state(only);
    let (wrong, right) = (judged(look, places, Verdict::Wrong), judged(look, places, Verdict::Right));
    summary_line::head(look.verdict(only), facts(look, only, places), style, out)?;
    let (tone, sentence) = sentence(look, state, places, (wrong, right));
    let next = match (&look.recommendation.method, look.recommendation.keep) {
        (Some(method), false) => format!(" Recommended method: {}", text::clean(method)),
        (Some(_), true) if wrong > 0 => " A restart with the current method corrects it.".to_owned(),
        (None, _) if state == State::Wrong => " No method is recommended.".to_owned(),
        _ => String::new(),
    };
    painted(0, "", &format!("{sentence}{next}"), tone, style, out)?;
    if let Some((family, nodes)) = &look.other_family {
        let flag = if *family == Family::V6 { " --ipv6" } else { "" };
        let (nodes, verb) = (text::list(nodes, LISTED), if nodes.len() == 1 { "exits" } else { "exit" });
        let line = format!(
            "{family}: calico-node on {nodes} {verb}, because no {family} address is found. More info: kubectl calico-fix autodetect{flag}"
        );
        painted(0, "", &line, Tone::Bad, style, out)?;
    }
    if look.elsewhere.is_empty() {
        return Ok(());
    }
    let codes: Vec<&str> = look.elsewhere.iter().map(|code| code.name()).collect();
    painted(0, "", &format!("Not about addresses: {}. More info: kubectl calico-fix status", codes.join(", ")), Tone::Bad, style, out)
}

pub(super) fn facts(look: &AutodetectResult, only: Option<&BTreeSet<String>>, places: &[usize]) -> Vec<String> {
    let wrong = judged(look, places, Verdict::Wrong);
    let mut facts = summary_line::cluster(&look.cluster);
    facts.extend((wrong > 0).then(|| if wrong == 1 { "1 wrong address".to_owned() } else { format!("{wrong} wrong addresses") }));
    let none = judged(look, places, Verdict::None);
    facts.extend((none > 0).then(|| format!("{} without an address", text::count(none, "node"))));
    facts.extend(look.other_family.as_ref().map(|(family, nodes)| format!("{} without {family}", text::count(nodes.len(), "node"))));
    facts.extend((!look.elsewhere.is_empty()).then(|| text::count(look.elsewhere.len(), "other error")));
    facts.extend((look.state(only) == State::NotKnown).then(|| "not everything checked".to_owned()));
    facts
}

fn judged(look: &AutodetectResult, places: &[usize], verdict: Verdict) -> usize {
    places.iter().filter_map(|place| look.matrix.nodes.get(*place)).filter(|node| node.judgement.verdict == verdict).count()
}

fn sentence(look: &AutodetectResult, state: State, places: &[usize], (wrong, right): (usize, usize)) -> (Tone, String) {
    let nodes = text::count(places.len(), "node");
    match state {
        State::Off if look.matrix.is_off() => {
            (Tone::Plain, "Calico configures no node addresses here: its backend is none, so there is nothing to detect.".to_owned())
        }
        State::Off => (Tone::Plain, look.recommendation.why.clone()),
        State::Right if right == places.len() && right == 1 => {
            (Tone::Good, "The node uses the right address. Nothing to change.".to_owned())
        }
        State::Right if right == places.len() => (Tone::Good, format!("All {nodes} use the right address. Nothing to change.")),
        State::Right => (Tone::Plain, format!("{right} of {nodes} use the right address. The current method finds it on all of them.")),
        State::Wrong if wrong > 0 => {
            let use_ = if wrong == 1 { "uses" } else { "use" };
            let none = match judged(look, places, Verdict::None) {
                0 => String::new(),
                none => format!(", {none} {} none", if none == 1 { "has" } else { "have" }),
            };
            (Tone::Bad, format!("{wrong} of {nodes} {use_} the wrong address{none}."))
        }
        State::Wrong => {
            let ends_wrong = |place: &&usize| {
                look.matrix.current().and_then(|column| column.cells.get(**place)).is_some_and(|cell| cell.ends_right == Some(false))
            };
            let after = places.iter().filter(ends_wrong).count();
            (Tone::Bad, format!("{after} of {nodes} would have the wrong address, or none, after a restart."))
        }
        State::NotKnown if right == places.len() && right > 0 => {
            (Tone::Doubtful, format!("{right} of {nodes} use the right address. What a restart would find is not known on every node."))
        }
        State::NotKnown if places.len() == 1 => (Tone::Doubtful, "It is not known whether the node uses the right address.".to_owned()),
        State::NotKnown => (Tone::Doubtful, format!("It is not known whether all {nodes} use the right address.")),
    }
}

/// Nodes whose address is wrong, or that the choice changes: old and new address.
pub(super) fn changes(look: &AutodetectResult, places: &[usize], shown: Shown, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let prediction = |place: usize| look.choice.as_ref().and_then(|choice| choice.predictions.get(place));
    let is_listed = |place: usize, node: &Node| {
        node.judgement.verdict == Verdict::Wrong
            || prediction(place).is_some_and(|one| one.changes().unwrap_or(matches!(one.verdict, Verdict::None | Verdict::Exits)))
    };
    let listed: Vec<(usize, &Node)> = places.iter().filter_map(|place| Some((*place, look.matrix.nodes.get(*place)?))).collect();
    let listed: Vec<_> = listed.into_iter().filter(|(place, node)| is_listed(*place, node)).collect();
    let most = if shown.wide || shown.all { listed.len() } else { LISTED };
    let mut table = Table::new(["", "", ""]);
    for (place, node) in listed.iter().take(most) {
        let then = prediction(*place).map_or_else(String::new, then);
        table.push(vec![Cell::plain(format!("  {}", node.name)), Cell::plain(now(node)), Cell::plain(then)]);
    }
    if !table.is_empty() {
        table.fit(style, &[]);
        table.write(false, style, out)?;
    }
    match listed.len().saturating_sub(most) {
        0 => Ok(()),
        more => writeln!(out, "  and {more} more (--all lists every node)"),
    }
}

fn now(node: &Node) -> String {
    let mark = if node.judgement.verdict == Verdict::Wrong && node.stored.is_some() { " WRONG" } else { "" };
    stored_now(node, mark)
}

/// The stored address, the mark, and what made its interface.
pub(super) fn stored_now(node: &Node, mark: &str) -> String {
    let Some(stored) = node.stored.as_deref() else { return "no address".to_owned() };
    let made = node.stored_on.as_deref().and_then(|name| virtual_interfaces::describe(name, None));
    let made = made.map(|made| format!(" ({} {})", made.made_by.split(" (").next().unwrap_or_default(), made.what)).unwrap_or_default();
    format!("{}{mark}{made}", bare(stored))
}

pub(super) fn then(prediction: &crate::autodetect::Prediction) -> String {
    match (prediction.will_store.as_deref(), prediction.verdict) {
        (Some(then), Verdict::Right) => format!("->  {}", bare(then)),
        (Some(then), Verdict::Unknown) => format!("->  {} (not verified)", bare(then)),
        (Some(then), _) => format!("->  {} WRONG", bare(then)),
        (None, Verdict::None | Verdict::Exits) => "->  calico-node exits".to_owned(),
        (None, _) => "->  not known".to_owned(),
    }
}

fn bare(address: &str) -> &str {
    address.split_once('/').map_or(address, |(address, _)| address)
}

pub(super) fn table(look: &AutodetectResult, places: &[usize], style: &Style) -> Table {
    let longest = style.width.filter(|_| !style.full_names).map_or(usize::MAX, |columns| (columns / 2).max(METHOD));
    let mut table = Table::new(["METHOD", "CORRECT", "RISK"]);
    for column in &look.matrix.columns {
        let chosen = !look.recommendation.keep && look.recommendation.method.as_ref() == Some(&column.method);
        let mark = match column.origin {
            Origin::Current => " (current)",
            _ if chosen => "  *",
            _ => "",
        };
        let method = text::shorten_middle(&text::clean(&column.method), longest.saturating_sub(text::width(mark))).into_owned();
        let risk = risk(column);
        table.push(vec![Cell::plain(format!("{method}{mark}")), correct(column, places), Cell::plain(risk)]);
    }
    table.wrap_last(style, &[]);
    table
}

/// Nodes that have the right address after a restart, of those shown.
fn correct(column: &Column, places: &[usize]) -> Cell {
    let count =
        |ends: Option<bool>| places.iter().filter_map(|place| column.cells.get(*place)).filter(|cell| cell.ends_right == ends).count();
    let (right, unknown) = (count(Some(true)), count(None));
    match (right, unknown) {
        (0, unknown) if unknown == places.len() => Cell::new(Tone::Doubtful, "unknown"),
        (right, 0) => Cell::new(if right == places.len() { Tone::Good } else { Tone::Bad }, format!("{right}/{}", places.len())),
        (right, unknown) => Cell::new(Tone::Doubtful, format!("{right}/{} ({unknown} ?)", places.len())),
    }
}
