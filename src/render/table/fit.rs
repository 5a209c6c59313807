//! A table that is wider than the terminal: it drops columns in a stated order, then shortens names, then any long cell.

use super::{Cell, PADDING, Table};
use crate::render::style::Style;
use crate::text;

/// Shorter names could no longer be told from each other.
const LEAST_NAME: usize = 16;
/// Narrower prose would be a word a line.
const LEAST_PROSE: usize = 10;
/// Shorter cells are useless.
const LEAST_CELL: usize = 6;

impl Table {
    /// Drops the columns of `order`, first to last, until the table fits; then names in the first column are shortened in their
    /// middle, then the longest cells. Returns the dropped headers.
    pub(crate) fn fit(&mut self, style: &Style, order: &[&'static str]) -> Vec<&'static str> {
        let Some(columns) = style.width.filter(|_| !style.full_names) else { return Vec::new() };
        let mut dropped = Vec::new();
        for name in order {
            if self.width() <= columns {
                return dropped;
            }
            if self.remove(name) {
                dropped.push(*name);
            }
        }
        self.shorten(0, columns, LEAST_NAME);
        let by_width = |table: &Self| {
            let mut widths: Vec<(usize, usize)> = table.widths(true).into_iter().enumerate().collect();
            widths.sort_by_key(|(_, width)| std::cmp::Reverse(*width));
            widths
        };
        for (column, _) in by_width(self) {
            self.shorten(column, columns, LEAST_CELL);
        }
        dropped
    }

    /// Breaks the cells of the last column, which are prose, into lines that fit. Where prose has no room the columns of `order`
    /// go first. Returns the dropped headers.
    pub(crate) fn wrap_last(&mut self, style: &Style, order: &[&'static str]) -> Vec<&'static str> {
        let Some(columns) = style.width else { return Vec::new() };
        let room = |table: &Self| columns.saturating_sub(table.widths(true).iter().rev().skip(1).sum::<usize>());
        let wanted = self.widths(true).last().map_or(0, |width| width.saturating_sub(PADDING));
        let mut dropped = Vec::new();
        for name in order {
            if room(self) < LEAST_PROSE.min(wanted) && self.remove(name) {
                dropped.push(*name);
            }
        }
        let room = room(self);
        if wanted > room && room >= LEAST_PROSE {
            self.wrap(room);
        }
        dropped.extend(self.fit(style, &[]));
        dropped
    }

    fn remove(&mut self, name: &str) -> bool {
        let Some(at) = self.headers.iter().position(|header| header == name) else { return false };
        self.headers.remove(at);
        self.rows.iter_mut().filter(|row| at < row.len()).for_each(|row| drop(row.remove(at)));
        true
    }

    fn wrap(&mut self, room: usize) {
        let last = self.headers.len().saturating_sub(1);
        let mut rows = Vec::with_capacity(self.rows.len());
        for mut row in std::mem::take(&mut self.rows) {
            let Some(prose) = row.get(last).cloned() else {
                rows.push(row);
                continue;
            };
            for (at, line) in text::wrap(&prose.text, room).into_iter().enumerate() {
                if at > 0 {
                    row = vec![Cell::plain(""); last];
                    row.push(prose.clone());
                }
                if let Some(cell) = row.get_mut(last) {
                    *cell = Cell::new(prose.tone, line);
                }
                rows.push(row.clone());
            }
        }
        self.rows = rows;
    }

    fn shorten(&mut self, column: usize, columns: usize, least: usize) {
        let cells = |table: &Self| table.rows.iter().filter_map(|row| row.get(column)).map(|cell| text::width(&cell.text)).max();
        let Some(over @ 1..) = self.width().checked_sub(columns) else { return };
        let limit = cells(self).unwrap_or(0).saturating_sub(over).max(least);
        for cell in self.rows.iter_mut().filter_map(|row| row.get_mut(column)) {
            *cell = Cell { text: text::shorten_middle(&cell.text, limit).into_owned(), tone: cell.tone };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(table: &Table) -> String {
        let mut out = Vec::new();
        table.write(true, &Style::default(), &mut out).expect("writes");
        String::from_utf8(out).expect("text")
    }

    fn at(width: Option<usize>) -> Style {
        Style { width, ..Style::default() }
    }

    #[test]
    fn drops_columns_in_order_then_shortens_names() {
        let name = format!("node-{}-end", "x".repeat(54));
        let fitted = |columns| {
            let mut table = Table::new(["NODE", "READY", "START", "FINDINGS"]);
            table.push(vec![Cell::plain(&name), Cell::plain("True"), Cell::plain("6s/70s"), Cell::plain("bgp-session-down")]);
            let dropped = table.fit(&at(columns), &["FINDINGS", "START"]);
            (printed(&table), dropped)
        };
        for (columns, dropped) in [(None, &[][..]), (Some(120), &[]), (Some(80), &["FINDINGS"])] {
            let (page, left_out) = fitted(columns);
            assert_eq!(left_out, dropped, "{columns:?} {page}");
            assert_eq!(page.contains("FINDINGS"), dropped.is_empty());
            assert!(page.contains(&name) && page.contains("START"), "{columns:?} {page}");
        }
        let (narrow, dropped) = fitted(Some(60));
        assert_eq!(dropped, ["FINDINGS", "START"]);
        assert!(narrow.contains('…') && narrow.contains("-end"), "{narrow}");
        assert!(narrow.lines().all(|line| text::width(line) <= 60), "{narrow}");
        let mut wide = Table::new(["NODE"]);
        wide.push(vec![Cell::plain(&name)]);
        assert!(wide.fit(&Style { full_names: true, ..at(Some(20)) }, &["NODE"]).is_empty());
        assert!(printed(&wide).contains(&name));
    }

    #[test]
    fn long_cells_are_shortened_where_no_column_may_go() {
        let mut table = Table::new(["NODE", "ADDRESS", "ADDRESS6"]);
        let address = "2001:db8:1234:5678:9abc:def0:1234:5678/128";
        table.push(vec![Cell::plain("n".repeat(63)), Cell::plain("255.255.255.255/32"), Cell::plain(address)]);
        assert!(table.fit(&at(Some(60)), &[]).is_empty());
        let page = printed(&table);
        assert!(page.lines().all(|line| text::width(line) <= 60) && page.contains("2001:") && page.contains("/128"), "{page}");
    }

    #[test]
    fn prose_in_the_last_column_is_wrapped_under_its_header() {
        let mut table = Table::new(["CODE", "MEANING"]);
        table.push(vec![Cell::plain("some-code"), Cell::plain("calico-node is killed before it has started")]);
        table.push(vec![Cell::plain("other"), Cell::plain("short")]);
        assert!(table.wrap_last(&at(Some(40)), &[]).is_empty());
        let page = printed(&table);
        assert_eq!(page, "CODE        MEANING\nsome-code   calico-node is killed before\n            it has started\nother       short\n");
    }
}
