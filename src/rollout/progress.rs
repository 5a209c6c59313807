//! What a change is doing, on stderr: a line for what has happened, and on a terminal a moving one for what is waited for.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::render::style::{Style, Tone};
use crate::text;

pub struct RolloutProgress<'a> {
    err: &'a mut dyn Write,
    style: Style,
    bar: ProgressBar,
    /// A pipe gets each new reason once.
    said: String,
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
        Self { err, style, bar, said: String::new(), moving }
    }

    /// Something has happened.
    pub fn line(&mut self, tone: Tone, line: &str) -> io::Result<()> {
        let line = self.style.paint(tone, &text::clean(line));
        let err = &mut self.err;
        self.bar.suspend(|| {
            writeln!(err, "{line}")?;
            err.flush()
        })
    }

    pub fn done(&mut self, line: &str) -> io::Result<()> {
        self.line(Tone::Good, line)
    }

    pub fn doubt(&mut self, line: &str) -> io::Result<()> {
        self.line(Tone::Doubtful, line)
    }

    /// What is waited for now.
    pub fn waits(&mut self, what: &str) -> io::Result<()> {
        let what = text::clean(what).into_owned();
        if self.moving {
            self.bar.enable_steady_tick(TICK);
            self.bar.set_message(what);
        } else if without_numbers(&self.said) != without_numbers(&what) {
            writeln!(self.err, "  {what}")?;
            self.err.flush()?;
            self.said = what;
        }
        Ok(())
    }
}

/// A count that runs is no news in a log file.
fn without_numbers(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

impl Drop for RolloutProgress<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
