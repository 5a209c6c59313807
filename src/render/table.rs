//! kubectl's table: upper-case headers, three blanks between columns, no borders (cli-runtime printers/tabwriter.go).

mod fit;

use std::borrow::Cow;
use std::io::{self, Write};

use super::style::{Style, Tone};
use crate::text;

const PADDING: usize = 3;
const MIN_WIDTH: usize = 6;
/// Longer than any node name, address or state there can be.
const MAX_WIDTH: usize = 253;

#[derive(Clone)]
pub(super) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub(super) fn new(tone: Tone, text: impl AsRef<str>) -> Self {
        Self { text: text::truncate(&text::clean(text.as_ref()), MAX_WIDTH).into_owned(), tone }
    }

    pub(super) fn plain(text: impl AsRef<str>) -> Self {
        Self::new(Tone::Plain, text)
    }

    pub(super) fn tone(&self) -> Tone {
        self.tone
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// `?`: not known.
    pub(super) fn unknown() -> Self {
        Self::new(Tone::Doubtful, "?")
    }

    /// `-`: there is no such thing here.
    pub(super) fn none() -> Self {
        Self::plain("-")
    }

    pub(super) fn known(value: Option<impl AsRef<str>>) -> Self {
        value.map_or_else(Self::unknown, Self::plain)
    }
}

pub(super) struct Table {
    headers: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(super) fn new(headers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { headers: headers.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    pub(super) fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Columns of the widest line, without the blanks behind it.
    pub(super) fn width(&self) -> usize {
        self.widths(true).iter().sum::<usize>().saturating_sub(PADDING)
    }

    pub(super) fn write(&self, headers: bool, style: &Style, out: &mut dyn Write) -> io::Result<()> {
        let widths = self.widths(headers);
        if headers {
            write_row(self.headers.iter().map(|header| (Cow::Borrowed(header.as_str()), text::width(header))), &widths, out)?;
        }
        for row in &self.rows {
            write_row(row.iter().map(|cell| (Cow::Owned(style.paint(cell.tone, &cell.text)), text::width(&cell.text))), &widths, out)?;
        }
        Ok(())
    }

    fn widths(&self, headers: bool) -> Vec<usize> {
        let header = |column: usize| if headers { self.headers.get(column).map_or(0, |header| text::width(header)) } else { 0 };
        let cells = |column: usize| self.rows.iter().filter_map(move |row| row.get(column)).map(|cell| text::width(&cell.text)).max();
        (0..self.headers.len()).map(|column| (header(column).max(cells(column).unwrap_or(0)) + PADDING).max(MIN_WIDTH)).collect()
    }
}

fn write_row<'a>(cells: impl Iterator<Item = (Cow<'a, str>, usize)>, widths: &[usize], out: &mut dyn Write) -> io::Result<()> {
    let mut gap = 0;
    for ((painted, width), column) in cells.zip(widths) {
        // Blanks are written before the next cell that has text, so that no line ends in blanks.
        if width > 0 {
            write!(out, "{:gap$}{painted}", "")?;
            gap = 0;
        }
        gap += column.saturating_sub(width);
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(table: &Table, headers: bool, style: &Style) -> String {
        let mut out = Vec::new();
        table.write(headers, style, &mut out).expect("writes");
        String::from_utf8(out).expect("text")
    }

    fn sample() -> Table {
        let mut table = Table::new(["A", "NAME", "LAST"]);
        table.push(vec![Cell::plain("1"), Cell::new(Tone::Bad, "节点"), Cell::unknown()]);
        table.push(vec![Cell::plain("2"), Cell::plain("long-name"), Cell::none()]);
        table
    }

    #[test]
    fn aligns_as_kubectl() {
        assert_eq!(print(&sample(), true, &Style::default()), "A     NAME        LAST\n1     节点        ?\n2     long-name   -\n");
        assert_eq!(print(&sample(), false, &Style::default()), "1     节点        ?\n2     long-name   -\n");
    }

    #[test]
    fn colour_does_not_move_columns() {
        let painted = print(&sample(), true, &Style { colour: true, ..Style::default() });
        assert_ne!(painted, print(&sample(), true, &Style::default()));
        assert_eq!(text::clean_lines(&painted), print(&sample(), true, &Style::default()));
    }

    #[test]
    fn a_hostile_cell_stays_one_bounded_line() {
        let mut table = Table::new(["A"]);
        table.push(vec![Cell::plain(format!("x\n\u{1b}[2J{}", "y".repeat(10_000)))]);
        let printed = print(&table, false, &Style::default());
        assert_eq!(printed.lines().count(), 1);
        assert!(text::width(printed.trim_end()) <= MAX_WIDTH && !printed.contains('\u{1b}'));
    }
}
