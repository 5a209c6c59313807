//! What stood in each row of a terminal, and from when to when.

use std::num::NonZeroU16;

use vt100::{Cell, Parser};

/// More than any recording has: nothing scrolls away.
const ROWS: u16 = 600;
/// Two pictures are no closer than this, in seconds.
const CLOSEST: f64 = 0.08;
const KEY: f64 = 0.035;

pub(crate) struct Tape {
    parser: Parser,
    pub(crate) columns: u16,
    pub(crate) now: f64,
    taken: f64,
    dirty: bool,
    /// By row, in order of time.
    pub(crate) rows: Vec<Vec<Line>>,
    /// Where the cursor was, from when on.
    pub(crate) cursor: Vec<(f64, u16)>,
}

#[derive(Clone, PartialEq)]
pub(crate) struct Line {
    pub(crate) from: f64,
    /// `None`: to the end.
    pub(crate) until: Option<f64>,
    pub(crate) runs: Vec<Run>,
}

/// Cells that look alike.
#[derive(Clone, PartialEq)]
pub(crate) struct Run {
    pub(crate) column: u16,
    pub(crate) text: String,
    pub(crate) cells: u16,
    pub(crate) look: Look,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Look {
    pub(crate) colour: Option<u8>,
    pub(crate) bold: bool,
    pub(crate) dim: bool,
    pub(crate) inverse: bool,
}

impl Tape {
    pub(crate) fn new(columns: u16) -> Self {
        let size = |count| NonZeroU16::new(count).unwrap_or(NonZeroU16::MIN);
        let rows = vec![Vec::new(); usize::from(ROWS)];
        Self { parser: Parser::new(size(ROWS), size(columns), 0), columns, now: 0.0, taken: 0.0, dirty: false, rows, cursor: Vec::new() }
    }

    pub(crate) fn print(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
        self.dirty = true;
        if self.now - self.taken >= CLOSEST {
            self.take();
        }
    }

    pub(crate) fn wait(&mut self, seconds: f64) {
        if self.dirty && seconds >= CLOSEST {
            self.take();
        }
        self.now += seconds;
    }

    /// Long enough to read what stands there.
    pub(crate) fn pause(&mut self, seconds: f64) {
        self.take();
        self.now += seconds;
    }

    pub(crate) fn prompt(&mut self) {
        self.print(b"\x1b[32m$\x1b[0m ");
        self.take();
    }

    pub(crate) fn type_in(&mut self, command: &str) {
        if self.parser.screen().cursor_position().1 > 0 {
            self.print(b"\r\n");
        }
        self.prompt();
        self.now += 0.5;
        for letter in command.chars() {
            self.print(letter.to_string().as_bytes());
            self.now += KEY;
        }
        self.pause(0.4);
        self.print(b"\r\n");
    }

    /// The text of the row with the cursor.
    pub(crate) fn line(&self) -> String {
        let screen = self.parser.screen();
        let (row, column) = screen.cursor_position();
        (0..column)
            .filter_map(|column| screen.cell(row, column))
            .map(|cell| if cell.has_contents() { cell.contents() } else { " " })
            .collect()
    }

    fn take(&mut self) {
        (self.taken, self.dirty) = (self.now, false);
        let screen = self.parser.screen();
        let row = screen.cursor_position().0;
        if self.cursor.last().is_none_or(|(_, last)| *last != row) {
            self.cursor.push((self.now, row));
        }
        for (row, lines) in (0..ROWS).zip(&mut self.rows) {
            let runs = runs((0..self.columns).filter_map(|column| screen.cell(row, column)));
            if lines.last().map_or(runs.is_empty(), |last| last.runs == runs) {
                continue;
            }
            if let Some(last) = lines.last_mut() {
                last.until = Some(self.now);
            }
            lines.push(Line { from: self.now, until: None, runs });
        }
    }
}

fn runs<'a>(cells: impl Iterator<Item = &'a Cell>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (column, cell) in (0..).zip(cells) {
        if cell.is_wide_continuation() {
            continue;
        }
        let text = if cell.has_contents() { cell.contents() } else { " " };
        let width = if cell.is_wide() { 2 } else { 1 };
        let look = look(cell);
        match runs.last_mut().filter(|run| run.look == look) {
            Some(run) => {
                run.text += text;
                run.cells += width;
            }
            None => runs.push(Run { column, text: text.to_owned(), cells: width, look }),
        }
    }
    while let Some(last) = runs.last_mut() {
        let kept = last.text.trim_end().len();
        if kept > 0 || last.look.inverse {
            last.cells -= u16::try_from(last.text.len() - kept).unwrap_or(0);
            last.text.truncate(kept);
            break;
        }
        runs.pop();
    }
    runs
}

fn look(cell: &Cell) -> Look {
    let colour = match cell.fgcolor() {
        vt100::Color::Idx(index) => Some(index),
        _ => None,
    };
    Look { colour, bold: cell.bold(), dim: cell.dim(), inverse: cell.inverse() }
}
