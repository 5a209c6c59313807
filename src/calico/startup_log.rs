//! A calico-node container's log: the known lines of each attempt to start, in little memory.

mod copy;
mod details;
mod digest;
mod judge;
mod line;
mod mask;
mod patterns;
mod reader;
mod requests;
mod split;
mod stamp;

use std::io::BufRead;

pub use copy::MaskedCopy;
pub use details::{CameUp, Details, LastLine, SeenInterface};
pub use digest::MAX_MARKS;
pub use judge::{Detection, ExitReason, Outcome, Phase, detection, exit_reason, has_beginning, last_phase, outcome, phase, started_after};
pub use patterns::{PATTERNS, Pattern, Scope};
pub use reader::{Attempt, Attempts, Reader, read};
pub use requests::{Names, NodeReads, Requests};

use crate::snapshot::inside::StartupLog;

const MAX_TEXT: usize = 400;

/// The last attempt of a log; `complete` says that its end is the log's own and not a limit's.
pub fn digest(reader: impl BufRead, complete: bool) -> StartupLog {
    let mut parser = Reader::new(1);
    let whole = split::drain(reader, |chunk| parser.push(chunk)).is_ok();
    let last = parser.finish(complete && whole).attempts.pop();
    last.map_or(StartupLog { complete: complete && whole, ..StartupLog::default() }, |attempt| {
        let interfaces = attempt.details.listed();
        StartupLog { interfaces, ..attempt.log }
    })
}

/// A line in a form that Calico writes: with a level and a time, or known by its words.
pub fn is_calicos(text: &str) -> bool {
    let line = line::parse(text);
    let known = || patterns::kind_of(&line, false).is_some() || patterns::kind_of(&line, true).is_some();
    (line.level != line::Level::None && line.at.is_some()) || line.component == Some("bird") || known()
}

/// The kubelet's own sentence in place of a log that is gone (`pkg/kubelet/kuberuntime`).
pub fn is_gone(log: &str) -> bool {
    log.starts_with("unable to retrieve container logs for ")
}

#[cfg(test)]
#[path = "startup_log/tests.rs"]
mod tests;
