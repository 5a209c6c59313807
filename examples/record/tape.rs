//! What stood in each row of a terminal, and from when to when.

use std::num::NonZeroU16;

use vt100::{Cell, Parser};

/// More than any recording has: nothing scrolls away.
const ROWS: u16 = 600;
/// Two pictures are no closer than this, in seconds.
const CLOSEST: f64 = 0.08;
const KEY: f64 = 0.035;

pub struct Tape {
    parser: Parser,
    pub columns: u16,
    pub now: f64,
    taken: f64,
    dirty: bool,
    /// By row, in order of time.
    pub rows: Vec<Vec<Line>>,
    /// Where the cursor was, from when on.
    pub cursor: Vec<(f64, u16)>,
}

#[derive(Clone, PartialEq)]
pub struct Line {
    pub from: f64,
    /// `None`: to the end.
    pub until: Option<f64>,
    pub runs: Vec<Run>,
}

/// Cells that look alike.
#[derive(Clone, PartialEq)]
pub struct Run {
    pub column: u16,
    pub text: String,
    pub cells: u16,
    pub look: Look,
}

#[derive(Clone, Copy, PartialEq)]
pub struct Look {
    pub colour: Option<u8>,
    pub bold: bool,
    pub dim: bool,
    pub inverse: bool,
}

impl Tape {
    pub fn new(columns: u16) -> Self {
        let size = |count| NonZeroU16::new(count).unwrap_or(NonZeroU16::MIN);
        let rows = vec![Vec::new(); usize::from(ROWS)];
        Self { parser: Parser::new(size(ROWS), size(columns), 0), columns, now: 0.0, taken: 0.0, dirty: false, rows, cursor: Vec::new() }
    }

    pub fn print(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
        self.dirty = true;
        if self.now - self.taken >= CLOSEST {
            self.take();
        }
    }

    pub fn wait(&mut self, seconds: f64) {
        if self.dirty && seconds >= CLOSEST {
            self.take();
        }
        self.now += seconds;
    }

    /// Long enough to read what stands there.
    pub fn pause(&mut self, seconds: f64) {
        self.take();
        self.now += seconds;
    }

    pub fn prompt(&mut self) {
        self.print(b"\x1b[32m$\x1b[0m ");
        self.take();
    }

    pub fn type_in(&mut self, command: &str) {
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
    pub fn line(&self) -> String {
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
