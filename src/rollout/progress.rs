//! Progress of a rollout on stderr: a line for each event, and on a terminal a moving line for what is waited for.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::render::notice;
use crate::render::style::{Style, Tone};
use crate::text;

pub struct RolloutProgress<'a> {
    err: &'a mut dyn Write,
    style: Style,
    bar: ProgressBar,
    /// A pipe gets each new reason once.
    last_reason: String,
    moving: bool,
}

const TICK: Duration = Duration::from_millis(200);

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

    /// Shows what is waited for now.
    pub fn waiting(&mut self, what: &str) {
        let what = text::clean(what).into_owned();
        if self.moving {
            self.bar.enable_steady_tick(TICK);
            self.bar.set_message(what);
        } else if without_numbers(&self.last_reason) != without_numbers(&what) {
            drop(writeln!(self.err, "  {what}").and_then(|()| self.err.flush()));
            self.last_reason = what;
        }
    }
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
