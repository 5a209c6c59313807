//! How far the reading has come, for whoever watches.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub trait Progress: Sync {
    /// A new part begins; the length is known or there is none.
    fn begin(&self, what: &'static str, length: Option<u64>);
    fn advance(&self);
    fn finish(&self);
}

/// Says nothing.
pub struct NoProgress;

impl Progress for NoProgress {
    fn begin(&self, _: &'static str, _: Option<u64>) {}
    fn advance(&self) {}
    fn finish(&self) {}
}

/// A bar on stderr, gone when finished; nothing at all where stderr is no terminal.
pub struct TerminalProgress(ProgressBar);

const TICK: Duration = Duration::from_millis(200);

impl TerminalProgress {
    pub fn stderr() -> Self {
        let shown = std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let bar =
            ProgressBar::with_draw_target(None, if shown { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() });
        Self(bar)
    }
}

impl Progress for TerminalProgress {
    fn begin(&self, what: &'static str, length: Option<u64>) {
        let template = if length.is_some() { "{msg} {wide_bar} {pos}/{len}" } else { "{msg} …" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style.progress_chars("=> "));
        }
        self.0.set_position(0);
        match length {
            Some(length) => self.0.set_length(length),
            None => self.0.unset_length(),
        }
        self.0.set_message(what);
        self.0.enable_steady_tick(TICK);
    }

    fn advance(&self) {
        self.0.inc(1);
    }

    fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Drop for TerminalProgress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
