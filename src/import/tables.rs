//! Tables of `kubectl get`: pods, nodes and DaemonSets; default, wide, of all namespaces, without headers where the rows tell.

mod nodes;
mod pods;

use std::collections::BTreeMap;

use super::facts::Summary;
use super::formats::Format;
use crate::calico::flavour;

pub(super) use nodes::NODES;
pub(super) use pods::PODS;

pub(super) const DAEMON_SETS: Format = Format {
    name: "kubectl get daemonsets",
    better: "kubectl get daemonset -n NAMESPACE -o yaml",
    starts: |lines, _| lines.first().is_some_and(|line| has_columns(line, &["NAME", "DESIRED", "CURRENT", "READY"]) || is_set_row(line)),
    goes_on: |line| !line.trim().is_empty() && split_row(line, MAX_COLUMNS).len() > 3,
    interrupts: true,
    restarts: false,
    read: |block, _| {
        let ours: Vec<_> = block.text.lines().filter_map(set_counts).collect();
        let counts: String = ours.iter().map(|(desired, ready)| format!(", {ready} of {desired} pods ready")).collect();
        let ignored = Some("a table does not show the DaemonSet's template".to_owned());
        Ok(Summary { ignored, ..Summary::new(crate::text::count(ours.len(), "DaemonSet") + &counts) })
    },
};

pub(super) const MAX_COLUMNS: usize = 16;

/// The line is a header that has these columns, in any order.
pub(super) fn has_columns(line: &str, columns: &[&str]) -> bool {
    // most lines are no header of any sort
    if !columns.first().is_some_and(|first| line.contains(first)) {
        return false;
    }
    let cells = split_row(line, MAX_COLUMNS);
    let is_header = cells.iter().all(|cell| !cell.bytes().any(|byte| byte.is_ascii_lowercase()));
    // pasted text may have lost all but one blank between columns
    let has = |column: &&str| cells.contains(column) || line.split_whitespace().any(|word| word == *column);
    is_header && columns.iter().all(|column| has(column) || (column.contains(' ') && line.contains(column)))
}

/// Cells of a row: two blanks or a tab stand between them; the last of `most` takes the rest.
pub(super) fn split_row(line: &str, most: usize) -> Vec<&str> {
    let mut cells = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let end = if cells.len() + 1 >= most { None } else { gap(rest) };
        let (cell, after) = end.map_or((rest, ""), |end| (&rest[..end], rest[end..].trim_start()));
        cells.push(cell);
        rest = after;
    }
    cells
}

fn gap(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (0..bytes.len()).find(|at| bytes[*at] == b'\t' || (bytes[*at] == b' ' && matches!(bytes.get(at + 1), Some(b' ' | b'\t'))))
}

/// Rows with their cells by the names of the header's columns.
struct Table<'a> {
    header: Vec<&'a str>,
}

impl<'a> Table<'a> {
    fn cell<'r>(&self, row: &[&'r str], column: &str) -> Option<&'r str> {
        let at = self.header.iter().position(|name| *name == column)?;
        row.get(at).copied().filter(|cell| !matches!(*cell, "<none>" | "<unknown>" | ""))
    }

    /// Splits by wide gaps, or, where columns were squeezed, by every blank.
    fn row<'r>(&self, line: &'r str) -> Vec<&'r str> {
        let wide = split_row(line, self.header.len());
        if wide.len() == self.header.len() {
            return wide;
        }
        let squeezed = squeezed(line, self.header.len());
        // trailing columns may be empty
        if squeezed.len() > wide.len() { squeezed } else { wide }
    }
}

/// By single blanks; `21 (2m ago)` is one cell.
fn squeezed(line: &str, most: usize) -> Vec<&str> {
    let mut cells = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let after = rest[word..].trim_start();
        let end = match after.strip_prefix('(').and_then(|inner| inner.find(')')) {
            Some(close) if after.get(..close + 2).is_some_and(|cell| cell.ends_with("ago)")) => rest.len() - after.len() + close + 2,
            _ => word,
        };
        let end = if cells.len() + 1 == most { rest.len() } else { end };
        cells.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    cells
}

fn is_ready_cell(cell: &str) -> bool {
    cell.split_once('/').is_some_and(|(a, b)| {
        !a.is_empty() && !b.is_empty() && [a, b].iter().all(|n| n.len() < 4 && n.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// A row of `--no-headers`: a pod of calico-node with its READY.
fn is_pod_row(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().take(3).collect();
    words.iter().zip(words.iter().skip(1)).any(|(name, ready)| flavour::is_pod_name(bare_name(name)) && is_ready_cell(ready))
}

/// The name in `pod/NAME` and `daemonset.apps/NAME`, as `kubectl get all` has it.
fn bare_name(cell: &str) -> &str {
    cell.rsplit('/').next().unwrap_or(cell)
}

/// `calico-node   3   3   2   3   2   <none>   4d`, as `grep` leaves it.
fn is_set_row(line: &str) -> bool {
    set_counts(line).is_some()
}

/// DESIRED and READY of such a row.
fn set_counts(line: &str) -> Option<(u32, u32)> {
    let words: Vec<&str> = line.split_whitespace().take(8).collect();
    let at = words.iter().take(2).position(|word| flavour::NAMES.contains(&bare_name(word)))?;
    let counts: Vec<u32> = words.iter().skip(at + 1).map_while(|word| word.parse().ok()).collect();
    match counts.as_slice() {
        [desired, _, ready, _, ..] => Some((*desired, *ready)),
        _ => None,
    }
}

/// Names of columns alone.
pub(super) fn is_header(line: &str) -> bool {
    split_row(line, MAX_COLUMNS).len() > 2 && line.contains("NAME") && !line.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// A row of one of the tables, of whatever program: what a terminal has broken off a row is none.
pub(super) fn is_row(line: &str) -> bool {
    let ready = || line.split_whitespace().take(3).any(is_ready_cell);
    is_pod_row(line) || is_node_row(line) || is_set_row(line) || ready() || super::events::is_row(line)
}

fn is_node_row(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let (Some(_), Some(status)) = (words.next(), words.next()) else { return false };
    let mut states = status.split(',');
    states.next().is_some_and(|first| ["Ready", "NotReady", "Unknown"].contains(&first))
        && words.take(3).any(|word| word.starts_with("v1."))
}

/// What one of them does not tell is no contradiction.
fn agree<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one == other)
}

/// How many of the objects from `known` on are there before in another state: the first counts.
fn differing<T>(list: &[T], known: usize, name: impl Fn(&T) -> &String, same: impl Fn(&T, &T) -> bool) -> usize {
    let (before, now) = list.split_at(known.min(list.len()));
    let before: BTreeMap<&String, &T> = before.iter().rev().map(|object| (name(object), object)).collect();
    now.iter().filter(|object| before.get(name(object)).is_some_and(|earlier| !same(earlier, object))).count()
}

/// `LAST SEEN` and `NOMINATED NODE` are one column, even where only one blank is left between columns.
fn normal_header(line: &str) -> Vec<&str> {
    let wide = split_row(line, MAX_COLUMNS);
    if wide.len() > 2 { wide } else { line.split_whitespace().collect() }
}

#[cfg(test)]
mod tests;
