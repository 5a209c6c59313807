//! A calico-node container's log: the known lines of each attempt to start, in little memory.

mod details;
mod digest;
mod ends;
mod init_log;
mod kernel_features;
mod line;
mod masked_copy;
mod others;
mod outcome;
mod patterns;
mod reader;
mod requests;
mod split;
mod stamp;

use std::io::BufRead;

pub use crate::calico::startup_log::masked_copy::MaskedCopy;
pub use crate::calico::startup_log::outcome::{
    Detection, ExitReason, Outcome, StartPhase, detection, distrusts_certificate, exit_reason, has_beginning, is_bare_panic,
    is_out_of_date, last_phase, outcome, phase, started_after, started_at,
};
pub use details::{CameUp, Details, LastLine, SeenInterface};
pub use digest::MAX_MARKS;
pub use ends::known_end;
pub use init_log::{InitFailure, digest_init, is_stuck};
pub use kernel_features::{is_fallback as is_kernel_fallback, missing as missing_kernel_feature};
pub use others::{is_calico_nodes_own, is_failure, is_watched, other_program, plugin_error, program_of_pod};
pub use patterns::{PATTERNS, Pattern, Scope};
pub use reader::{Attempt, Attempts, Reader, read};
pub use requests::{Names, NodeReads, Requests};

use crate::snapshot::inspection::StartupLog;

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

/// Whether a text holds a line that Calico's programs write, whoever carried it.
pub fn is_recognised(text: &str) -> bool {
    let mut parser = Reader::new(1);
    text.lines().take(200).for_each(|line| {
        parser.push(line.as_bytes());
        parser.push(b"\n");
    });
    parser.finish(false).recognised_lines > 0
}

/// The init container whose log this is; `None` for calico-node's own.
pub fn init_container(text: &str) -> Option<&'static str> {
    text.lines().take(200).find_map(|line| {
        let line = line::parse(line);
        match init_log::container_of(&line) {
            Some(container) => Some(Some(container)),
            None => patterns::kind_of(&line, false).map(|_| None),
        }
    })?
}

/// A line in a form that Calico writes: with a level and a time, or known by its words.
pub fn is_calico_line(text: &str) -> bool {
    let line = line::parse(text);
    let known = || patterns::kind_of(&line, false).is_some() || patterns::kind_of(&line, true).is_some();
    let without_time = || line.component.is_some_and(|component| component != "klog");
    (line.level != line::Level::None && (line.at.is_some() || without_time())) || line.component == Some("bird") || known()
}

/// When a line was written, where it tells.
pub fn time_of(text: &str) -> Option<jiff::Timestamp> {
    line::parse(text).at
}

/// The kubelet's own sentence in place of a log that is gone (`pkg/kubelet/kuberuntime`).
pub fn is_gone(log: &str) -> bool {
    log.starts_with("unable to retrieve container logs for ")
}

#[cfg(test)]
mod tests;
