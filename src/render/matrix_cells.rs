//! What one node would get by one method, in one cell: readable without colour.

use super::style::Tone;
use super::table::Cell;
use crate::autodetect::{self, Matrix, Verdict};
use crate::calico::detect::DetectionResult;

/// How much a cell says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// With the prefix length.
    Long,
    Usual,
    /// Where the terminal is too narrow: `right` alone stands for the node's own address, and interfaces are named below only.
    Short,
}

/// Wrong ones stand out by their capitals.
pub(super) fn word(verdict: Verdict) -> (&'static str, Tone) {
    match verdict {
        Verdict::Right => ("right", Tone::Good),
        Verdict::Wrong => ("WRONG", Tone::Bad),
        Verdict::Unchanged => ("unchanged", Tone::Doubtful),
        Verdict::None => ("NONE", Tone::Bad),
        Verdict::Exits => ("EXITS", Tone::Bad),
        Verdict::Unknown => ("?", Tone::Doubtful),
    }
}

pub(super) fn format_cell(cell: &autodetect::Cell, form: Form) -> Cell {
    let (word, tone) = word(cell.verdict);
    let text = match (&cell.outcome, cell.verdict) {
        (_, Verdict::Right) if form == Form::Short => word.to_owned(),
        (_, Verdict::Unchanged) => {
            let wrong = if cell.ends_right == Some(false) { ", WRONG" } else { "" };
            match cell.will_store.as_deref() {
                Some(stored) => format!("{word}: {}{wrong}", length(stored, form)),
                None => format!("{word}{wrong}"),
            }
        }
        (DetectionResult::Address(found), _) => {
            let interface = found.interface.as_deref().filter(|_| form != Form::Short).map(|name| format!("{name} ")).unwrap_or_default();
            format!("{interface}{} {word}", length(&found.to_string(), form))
        }
        (_, Verdict::None) => "NONE, exits".to_owned(),
        (_, Verdict::Right | Verdict::Wrong) => {
            cell.will_store.as_deref().map_or_else(|| word.to_owned(), |stored| format!("{} {word}", length(stored, form)))
        }
        _ => word.to_owned(),
    };
    let tone = if cell.verdict == Verdict::Unchanged && cell.ends_right == Some(false) { Tone::Bad } else { tone };
    Cell::new(tone, text)
}

pub(super) fn stored(matrix: &Matrix, place: usize, form: Form) -> Cell {
    let node = &matrix.nodes[place];
    let (word, tone) = word(node.judgement.verdict);
    match node.stored.as_deref() {
        None if node.judgement.verdict == Verdict::None => Cell::new(Tone::Bad, "<none>"),
        None => Cell::unknown(),
        Some(stored) => Cell::new(tone, format!("{} {word}", length(stored, form))),
    }
}

fn length(address: &str, form: Form) -> &str {
    match form {
        Form::Long => address,
        Form::Usual | Form::Short => address.split_once('/').map_or(address, |(address, _)| address),
    }
}
