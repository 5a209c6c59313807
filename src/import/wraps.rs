//! Lines that a terminal or a mail has broken at its width, joined again.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::fences::Line;
use super::formats::FORMATS;
use super::prompt::{self, Heading};
use super::tables;

/// No terminal is narrower.
const NARROWEST: usize = 60;
/// Lines of this length before that is taken for a terminal's width.
const FULL: usize = 2;
/// Lines that one line may have been broken into.
const MAX_PARTS: usize = 20;

/// Appends to each line of full width what was broken off it, and names the lines that were taken.
pub(super) fn join(lines: &[Line<'_>], plain: &mut [Cow<'_, str>]) -> BTreeSet<usize> {
    let mut joined = BTreeSet::new();
    let mut start = 0;
    while start < lines.len() {
        let ends = |line: &&Line<'_>| line.fence || line.text.trim().is_empty();
        let length = lines.iter().skip(start).take_while(|line| !ends(line)).count();
        if length > FULL {
            join_run(start, plain.get_mut(start..start + length).unwrap_or_default(), &mut joined);
        }
        start += length.max(1);
    }
    joined
}

fn join_run(start: usize, run: &mut [Cow<'_, str>], joined: &mut BTreeSet<usize>) {
    let width = |line: &str| line.chars().count();
    let widest = run.iter().map(|line| width(line)).max().unwrap_or(0);
    if widest < NARROWEST || run.iter().filter(|line| width(line) == widest).count() < FULL {
        return;
    }
    let mut at = 0;
    while at < run.len() {
        if run.get(at).is_none_or(|line| width(line) != widest) {
            at += 1;
            continue;
        }
        let mut parts = 1;
        let in_table = run.get(at).is_some_and(|line| tables::is_row(line) || tables::is_header(line));
        while parts < MAX_PARTS
            && run.get(at + parts - 1).is_some_and(|line| width(line) == widest && !line.ends_with(['|', '+']))
            && run.get(at + parts).is_some_and(|next| !begins(next, in_table) && !is_whole_row(run.get(at), next))
        {
            parts += 1;
        }
        if parts > 1 {
            let whole: String = run.get(at..at + parts).unwrap_or_default().iter().map(AsRef::as_ref).collect();
            if let Some(first) = run.get_mut(at) {
                *first = Cow::Owned(whole);
            }
            joined.extend(start + at + 1..start + at + parts);
        }
        at += parts;
    }
}

/// The next line has about as many cells as the one before: kubectl fills both up to one width.
fn is_whole_row(line: Option<&Cow<'_, str>>, next: &str) -> bool {
    let cells = |line: &str| tables::split_row(line, tables::MAX_COLUMNS).len();
    line.is_some_and(|line| cells(line) > 3 && cells(next) + 2 >= cells(line))
}

/// The line is the beginning of something of its own. What was broken off a row may begin with blanks.
fn begins(line: &str, in_table: bool) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    let dated = first.starts_with(|c: char| c.is_ascii_digit()) && [':', '-'].iter().any(|mark| first.matches(*mark).count() > 1);
    if in_table && line.starts_with(' ') {
        return false;
    }
    dated
        || line.starts_with([' ', '\t', '|', '+', '#', '-', '{', '}', '"'])
        || (super::birdcl::is_bird_output(line) && !in_table)
        || first.ends_with(':')
        || tables::is_row(line)
        || prompt::command_line(line).is_some()
        || FORMATS.iter().any(|format| (format.starts)(&[line], &Heading::default()))
}
