//! Progress of a rollout on stderr: a line for each event, and on a terminal a moving line for what is waited for.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::render::notice;
use crate::render::style::{ColorWhen, Style, Tone};
use crate::text::{self, one_line};

pub struct RolloutProgress<'a> {
    err: &'a mut dyn Write,
    style: Style,
    bar: ProgressBar,
    /// A pipe gets each new reason once.
    last_reason: String,
    moving: bool,
}

const TICK: Duration = Duration::from_millis(200);
/// Columns next to the message: the spinner and its blank, a blank and the time so far.
const AROUND: usize = 2 + 1 + 4;

impl<'a> RolloutProgress<'a> {
    pub fn new(err: &'a mut dyn Write, style: Style) -> Self {
        let moving = io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let target = if moving { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(template) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
            bar.set_style(template.tick_chars("|/-\\ "));
        }
        Self { err, style, bar, last_reason: String::new(), moving }
    }

    /// Prints what has happened. A stderr that is gone is no reason to stop a rollout or a rollback.
    pub fn message(&mut self, tone: Tone, line: &str) {
        let (err, style) = (&mut self.err, &self.style);
        self.bar.suspend(|| drop(notice::write(tone, line, style, err).and_then(|()| err.flush())));
    }

    pub fn success(&mut self, line: &str) {
        self.message(Tone::Good, line);
    }

    pub fn warning(&mut self, line: &str) {
        self.message(Tone::Doubtful, line);
    }

    /// Shows what is waited for now, in one line of the terminal as it is wide at this moment.
    pub fn waiting(&mut self, what: &str) {
        let what = text::clean(what).into_owned();
        if self.moving {
            self.bar.enable_steady_tick(TICK);
            self.bar.set_message(moving_line(&what, Style::of_stderr(ColorWhen::Never).width));
        } else if without_numbers(&self.last_reason) != without_numbers(&what) {
            drop(writeln!(self.err, "  {what}").and_then(|()| self.err.flush()));
            self.last_reason = what;
        }
    }
}

/// The message, so short that the line does not lose its end.
fn moving_line(what: &str, columns: Option<usize>) -> String {
    columns.map_or_else(|| what.to_owned(), |columns| one_line::fit(what, columns.saturating_sub(AROUND)).into_owned())
}

/// A count that goes up is not printed again into a log file.
fn without_numbers(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

impl Drop for RolloutProgress<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moving_line_fits_with_names_of_63_characters() {
        let name = |number: usize| format!("{number}{}.eu-{number}", "rack-of-the-cluster-in-the-north".repeat(2)).split_off(8);
        let missing = [name(1), name(2), name(3)].join(", ");
        for what in [
            format!("{}: waiting for its Ready condition; 12 more nodes waiting", name(4)),
            format!("{}: waiting for its container to run (currently PodInitializing)", name(4)),
            format!("{}: waiting for 51 BGP sessions (48 established, missing: {missing})", name(4)),
        ] {
            for columns in [60, 80, 120, 200] {
                let line = moving_line(&what, Some(columns));
                assert!(text::width(&line) + AROUND <= columns, "{columns}: {line}");
                assert!(line.contains('…') || columns >= 120, "{columns}: {line}");
            }
        }
        assert_eq!(moving_line("node-1: waiting for its pod", None), "node-1: waiting for its pod");
    }
}
