//! A table that is wider than the terminal: it drops columns in a stated order, then shortens the names.

use super::{Cell, Table};
use crate::text;

/// Shorter names could no longer be told from each other.
const LEAST_NAME: usize = 16;

impl Table {
    /// Drops the columns of `order`, first to last, until the table fits; then the first column is shortened in its middle.
    pub fn fit(&mut self, columns: Option<usize>, order: &[&str]) {
        let Some(columns) = columns else { return };
        for name in order {
            if self.width() <= columns {
                return;
            }
            if let Some(at) = self.headers.iter().position(|header| header == name) {
                self.headers.remove(at);
                self.rows.iter_mut().filter(|row| at < row.len()).for_each(|row| drop(row.remove(at)));
            }
        }
        let names = self.rows.iter().filter_map(|row| row.first()).map(|cell| text::width(&cell.text)).max().unwrap_or(0);
        let Some(over @ 1..) = self.width().checked_sub(columns) else { return };
        let limit = names.saturating_sub(over).max(LEAST_NAME);
        for name in self.rows.iter_mut().filter_map(|row| row.first_mut()) {
            *name = Cell { text: text::shorten_middle(&name.text, limit).into_owned(), tone: name.tone };
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::render::style::Style;

    use super::*;

    #[test]
    fn drops_columns_in_order_then_shortens_names() {
        let name = format!("node-{}-end", "x".repeat(54));
        let fitted = |columns| {
            let mut table = Table::new(["NODE", "READY", "START", "FINDINGS"]);
            table.push(vec![Cell::plain(&name), Cell::plain("True"), Cell::plain("6s/70s"), Cell::plain("bgp-session-down")]);
            table.fit(columns, &["FINDINGS", "START"]);
            let mut out = Vec::new();
            table.write(true, &Style::default(), &mut out).expect("writes");
            String::from_utf8(out).expect("text")
        };
        for (columns, header) in [(None, true), (Some(120), true), (Some(80), false)] {
            let page = fitted(columns);
            assert_eq!(page.contains("FINDINGS"), header, "{columns:?} {page}");
            assert!(page.contains(&name) && page.contains("START"), "{columns:?} {page}");
        }
        let narrow = fitted(Some(60));
        assert!(!narrow.contains("START") && narrow.contains("…") && narrow.contains("-end"), "{narrow}");
        assert!(narrow.lines().all(|line| text::width(line) <= 60), "{narrow}");
    }
}
