//! The first screen of `autodetect`: the verdict, the nodes that are wrong or change, and a row a method.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::matrix::Shown;
use super::style::{Style, Tone};
use super::table::{Cell, Table};
use crate::autodetect::{Column, Node, Origin, Preference, Verdict};
use crate::calico::{method::Method, virtual_interfaces};
use crate::reports::autodetect::{AutodetectResult, State};
use crate::text;

/// More nodes than this are counted.
const LISTED: usize = 5;

/// Longer methods and node names are cut in tables, so that lines fit 80 columns.
const LONGEST: usize = 30;

pub fn verdict(
    look: &AutodetectResult,
    only: Option<&BTreeSet<String>>,
    places: &[usize],
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let count = |fits: fn(&Node) -> bool| places.iter().filter_map(|place| look.matrix.nodes.get(*place)).filter(|node| fits(node)).count();
    let (wrong, right) = (count(|node| node.judgement.verdict == Verdict::Wrong), count(|node| node.judgement.verdict == Verdict::Right));
    let nodes = text::count(places.len(), "node");
    let (tone, sentence) = match look.state(only) {
        State::Off => (Tone::Plain, String::new()),
        State::Right if right == places.len() && right == 1 => {
            (Tone::Good, "The node uses the right address. Nothing to change.".to_owned())
        }
        State::Right if right == places.len() => (Tone::Good, format!("All {nodes} use the right address. Nothing to change.")),
        State::Right => (Tone::Plain, format!("{right} of {nodes} use the right address. The current method finds it on all of them.")),
        State::Wrong if wrong > 0 => {
            let use_ = if wrong == 1 { "uses" } else { "use" };
            (Tone::Bad, format!("{wrong} of {nodes} {use_} the wrong address."))
        }
        State::Wrong => {
            let ends_wrong = |place: &&usize| {
                look.matrix.current().and_then(|column| column.cells.get(**place)).is_some_and(|cell| cell.ends_right == Some(false))
            };
            let after = places.iter().filter(ends_wrong).count();
            (Tone::Bad, format!("{after} of {nodes} would have the wrong address, or none, after a restart."))
        }
        State::NotKnown if right == places.len() && right > 0 => {
            (Tone::Doubtful, format!("{right} of {nodes} use the right address. What a restart would find is not known everywhere."))
        }
        State::NotKnown => (Tone::Doubtful, format!("It is not known whether all {nodes} use the right address.")),
    };
    let next = match (&look.recommendation.method, look.recommendation.keep) {
        (Some(method), false) => format!("Recommended method: {}", text::clean(method)),
        (Some(_), true) if wrong > 0 => "A restart with the current method corrects it.".to_owned(),
        (None, _) if look.state(only) == State::Wrong => "No method is recommended.".to_owned(),
        (None, _) if sentence.is_empty() => text::clean(&look.recommendation.why).into_owned(),
        _ => String::new(),
    };
    for line in text::wrap(&format!("{sentence} {next}"), style.room(0)) {
        writeln!(out, "{}", style.paint(tone, &line))?;
    }
    Ok(())
}

/// Nodes whose address is wrong, or that the choice changes: old and new address.
pub fn changes(look: &AutodetectResult, places: &[usize], shown: Shown, out: &mut dyn Write) -> io::Result<()> {
    let prediction = |place: usize| look.choice.as_ref().and_then(|choice| choice.predictions.get(place));
    let is_listed = |place: usize, node: &Node| {
        node.judgement.verdict == Verdict::Wrong
            || prediction(place).is_some_and(|one| one.changes().unwrap_or(matches!(one.verdict, Verdict::None | Verdict::Exits)))
    };
    let listed: Vec<(usize, &Node)> = places.iter().filter_map(|place| Some((*place, look.matrix.nodes.get(*place)?))).collect();
    let listed: Vec<_> = listed.into_iter().filter(|(place, node)| is_listed(*place, node)).collect();
    let most = if shown.wide || shown.all { listed.len() } else { LISTED };
    let name = |node: &Node| text::truncate(&text::clean(&node.name), LONGEST).into_owned();
    let widest = listed.iter().take(most).map(|(_, node)| text::width(&name(node))).max().unwrap_or_default();
    for (place, node) in listed.iter().take(most) {
        let name = name(node);
        let gap = widest + 3 - text::width(&name);
        writeln!(out, "  {name}{:gap$}{}{}", "", now(node), prediction(*place).map(then).unwrap_or_default())?;
    }
    match listed.len().saturating_sub(most) {
        0 => Ok(()),
        more => writeln!(out, "  and {more} more (-o wide lists every node)"),
    }
}

fn now(node: &Node) -> String {
    let Some(stored) = node.stored.as_deref() else { return "no address".to_owned() };
    let mark = if node.judgement.verdict == Verdict::Wrong { " WRONG" } else { "" };
    let made = node.stored_on.as_deref().and_then(|name| virtual_interfaces::describe(name, None));
    let made = made.map(|made| format!(" ({} {})", made.made_by.split(" (").next().unwrap_or_default(), made.what)).unwrap_or_default();
    format!("{}{mark}{made}", text::clean(bare(stored)))
}

fn then(prediction: &crate::autodetect::Prediction) -> String {
    match (prediction.will_store.as_deref(), prediction.verdict) {
        (Some(then), Verdict::Right) => format!("  ->  {}", text::clean(bare(then))),
        (Some(then), Verdict::Unknown) => format!("  ->  {} (not verified)", text::clean(bare(then))),
        (Some(then), _) => format!("  ->  {} WRONG", text::clean(bare(then))),
        (None, Verdict::None | Verdict::Exits) => "  ->  calico-node exits".to_owned(),
        (None, _) => "  ->  not known".to_owned(),
    }
}

fn bare(address: &str) -> &str {
    address.split_once('/').map_or(address, |(address, _)| address)
}

pub fn table(look: &AutodetectResult, places: &[usize]) -> Table {
    let mut table = Table::new(["METHOD", "CORRECT", "RISK"]);
    for column in &look.matrix.columns {
        let chosen = !look.recommendation.keep && look.recommendation.method.as_ref() == Some(&column.method);
        let mark = match column.origin {
            Origin::Current => " (current)",
            _ if chosen => "  *",
            _ => "",
        };
        let method = text::truncate(&text::clean(&column.method), LONGEST - text::width(mark)).into_owned();
        let risk = match (&column.refused, Preference::of(&Method::parse(&column.method))) {
            (_, None) => "",
            (Some(_), _) => "not usable in this release",
            (None, Some(preference)) => preference.risk,
        };
        table.push(vec![Cell::plain(format!("{method}{mark}")), correct(column, places), Cell::plain(risk)]);
    }
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
