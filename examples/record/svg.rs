//! A tape as an SVG that plays by itself: rows appear when they were printed, and the window follows the cursor. Whoever wants
//! no motion sees the end. No script, no font of its own; each run of letters has its width, so that any monospace font fits.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::tape::{Line, Look, Run, Tape};

const CELL: f64 = 8.4;
const LINE: f64 = 19.0;
const SIDE: f64 = 18.0;
const BAR: f64 = 34.0;
const SHOWN: u16 = 32;
/// Seconds that the end stays.
const END: f64 = 7.0;

/// Of ANSI's sixteen, as on a dark terminal; each is legible on the ground.
const COLOURS: [&str; 16] = [
    "#8b949e", "#ff7b72", "#7ee787", "#e3b341", "#79c0ff", "#d2a8ff", "#76e3ea", "#e6edf3", "#8b949e", "#ffa198", "#aff5b4", "#f2cc60",
    "#a5d6ff", "#e2c5ff", "#b3f0ff", "#ffffff",
];
const GROUND: &str = "#0d1117";
const INK: &str = "#e6edf3";

pub(crate) fn draw(tape: &Tape, title: &str) -> String {
    let length = tape.now + END;
    let (wide, tall) = (f64::from(tape.columns) * CELL + 2.0 * SIDE, f64::from(SHOWN) * LINE + BAR + SIDE);
    let mut moves = Moves { length, known: BTreeMap::new() };
    let mut rows = String::new();
    for (number, lines) in tape.rows.iter().enumerate() {
        for line in lines.iter().filter(|line| !line.runs.is_empty()) {
            row(number, line, &mut moves, &mut rows);
        }
    }
    let (scrolled, last) = scroll(tape, length);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide:.0} {tall:.0}\" role=\"img\" aria-labelledby=\"t\">\n\
         <title id=\"t\">{}</title>\n\
         <style>\ntext{{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace;fill:{INK};white-space:pre}}\n\
         .b{{font-weight:700}}\n.d{{opacity:.65}}\n{scrolled}{}\
         @media (prefers-reduced-motion:reduce){{*{{animation:none!important}}}}\n</style>\n\
         <rect width=\"{wide:.0}\" height=\"{tall:.0}\" rx=\"9\" fill=\"{GROUND}\" stroke=\"#30363d\"/>\n\
         <circle cx=\"20\" cy=\"17\" r=\"5.5\" fill=\"#ff5f57\"/><circle cx=\"39\" cy=\"17\" r=\"5.5\" fill=\"#febc2e\"/><circle cx=\"58\" cy=\"17\" r=\"5.5\" fill=\"#28c840\"/>\n\
         <svg x=\"{SIDE}\" y=\"{BAR}\" width=\"{:.1}\" height=\"{:.1}\" viewBox=\"0 0 {0:.1} {1:.1}\">\n\
         <g class=\"s\" transform=\"translate(0 -{last:.0})\">\n{rows}</g>\n</svg>\n</svg>\n",
        escape(title),
        moves.css(),
        wide - 2.0 * SIDE,
        f64::from(SHOWN) * LINE,
    )
}

/// Which rows appear and go at the same moments: one animation for all of them.
struct Moves {
    length: f64,
    known: BTreeMap<(u64, Option<u64>), usize>,
}

impl Moves {
    fn of(&mut self, line: &Line) -> String {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "hundredths of a per cent of a minute")]
        let share = |seconds: f64| (seconds / self.length * 10_000.0).round() as u64;
        let next = self.known.len();
        let number = *self.known.entry((share(line.from), line.until.map(share))).or_insert(next);
        if line.until.is_some() { format!("v{number} h") } else { format!("v{number}") }
    }

    fn css(&self) -> String {
        let mut css = ".h{visibility:hidden}\n".to_owned();
        for ((from, until), number) in &self.known {
            #[allow(clippy::cast_precision_loss, reason = "ten thousand at most")]
            let percent = |share: u64| share as f64 / 100.0;
            let gone = until.map(|until| format!("{}%{{visibility:hidden}}", percent(until))).unwrap_or_default();
            let before = if *from > 0 { "0%{visibility:hidden}" } else { "" };
            let _ = writeln!(css, "@keyframes v{number}{{{before}{}%{{visibility:visible}}{gone}}}", percent(*from));
            let _ = writeln!(css, ".v{number}{{animation:v{number} {:.2}s step-end infinite}}", self.length);
        }
        css
    }
}

/// The window's place over time, and where it ends.
fn scroll(tape: &Tape, length: f64) -> (String, f64) {
    let place = |row: u16| f64::from(row.saturating_sub(SHOWN - 2)) * LINE;
    let mut frames = String::new();
    let mut top = -1.0;
    for (at, row) in &tape.cursor {
        let here = place(*row).max(top);
        if here > top {
            let _ = write!(frames, "{:.2}%{{transform:translateY(-{here:.0}px)}}", at / length * 100.0);
            top = here;
        }
    }
    (format!("@keyframes s{{{frames}}}\n.s{{animation:s {length:.2}s step-end infinite}}\n"), top.max(0.0))
}

fn row(number: usize, line: &Line, moves: &mut Moves, out: &mut String) {
    #[allow(clippy::cast_precision_loss, reason = "hundreds")]
    let y = number as f64 * LINE + 14.0;
    let _ = write!(out, "<g class=\"{}\">", moves.of(line));
    for run in &line.runs {
        words(run, y, out);
    }
    out.push_str("</g>\n");
}

fn words(run: &Run, y: f64, out: &mut String) {
    if run.text.trim().is_empty() && !run.look.inverse {
        return;
    }
    // Blanks at the start would be stretched with the rest.
    let blank = run.text.len() - run.text.trim_start().len();
    let (text, column, cells) = (&run.text[blank..], usize::from(run.column) + blank, usize::from(run.cells) - blank);
    let text = text.trim_end();
    let cells = cells - (run.text.len() - run.text.trim_end().len()).min(cells);
    #[allow(clippy::cast_precision_loss, reason = "columns of a terminal")]
    let (x, wide) = (column as f64 * CELL, cells as f64 * CELL);
    let _ = write!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.0}\" textLength=\"{wide:.1}\" lengthAdjust=\"spacingAndGlyphs\"{}>{}</text>",
        style(run.look),
        escape(text)
    );
}

fn style(look: Look) -> String {
    let mut style = String::new();
    let class = match (look.bold, look.dim) {
        (true, _) => " class=\"b\"",
        (false, true) => " class=\"d\"",
        _ => "",
    };
    style.push_str(class);
    if let Some(colour) = look.colour.and_then(|index| COLOURS.get(usize::from(index))) {
        let _ = write!(style, " style=\"fill:{colour}\"");
    }
    style
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
