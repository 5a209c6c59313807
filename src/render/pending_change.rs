//! Says on a page that proposes a change that the same run goes on to make it.

use std::io::{self, Write};

use super::lines::paragraph;
use super::style::Style;

/// A change that comes below the page. To name the command that is already running would be no help.
#[derive(Clone, Copy, Debug)]
pub struct PendingChange {
    /// The person is asked before anything is written.
    pub asks: bool,
    /// `false`: `--no-wait`.
    pub verifies: bool,
    /// `false`: `--no-rollback`.
    pub rolls_back: bool,
}

impl PendingChange {
    fn sentence(self) -> String {
        let consent = match self.asks {
            true => "Read the change below. It is made only if you answer yes.",
            false => "The change below is made without asking (--yes).",
        };
        let guard = match (self.verifies, self.rolls_back) {
            (false, _) => "It is not verified (--no-wait).",
            (true, false) => "It is verified, and kept even if it fails (--no-rollback).",
            (true, true) => "It is verified, and rolled back on failure.",
        };
        format!("{consent} {guard}")
    }

    pub(super) fn write(self, indent: usize, label: usize, style: &Style, out: &mut dyn Write) -> io::Result<()> {
        paragraph(indent, &format!("{:label$}", "Next"), &self.sentence(), style, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_that_is_left_out_is_named() {
        for (asks, verifies, rolls_back, says) in [
            (true, true, true, ["only if you answer yes", "rolled back on failure"]),
            (false, true, true, ["without asking (--yes)", "rolled back on failure"]),
            (true, true, false, ["only if you answer yes", "(--no-rollback)"]),
            (true, false, true, ["only if you answer yes", "not verified (--no-wait)"]),
        ] {
            let sentence = PendingChange { asks, verifies, rolls_back }.sentence();
            assert!(says.iter().all(|part| sentence.contains(part)), "{sentence}");
        }
    }
}
