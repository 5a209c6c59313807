//! A calico-node container's log, digested: the known lines of one attempt to start, in little memory.

mod judge;
mod line;
mod mask;
mod patterns;

use std::collections::VecDeque;
use std::io::BufRead;

use jiff::Timestamp;

pub use judge::{Detection, ExitReason, Outcome, Phase, detection, exit_reason, has_beginning, last_phase, outcome, phase, started_after};
pub use patterns::{PATTERNS, Pattern, Scope};

use super::text::clean;
use crate::snapshot::inside::{Mark, MarkKind, StartupLog};
use line::{Level, Line};

/// Of what was logged before the start, the first and the last are kept; of what came after, the last.
const FIRST: usize = 80;
const LAST: usize = 60;
const LATER: usize = 60;
pub const MAX_MARKS: usize = FIRST + LAST + LATER;
/// Longer lines are Felix's and the config parser's, and tell nothing of the start.
const MAX_LINE: usize = 8 * 1024;
const MAX_TEXT: usize = 400;

/// Reads a log to its end; `complete` says that the end is the log's own and not a limit's.
pub fn digest(mut reader: impl BufRead, complete: bool) -> StartupLog {
    let mut digest = Digest::default();
    let mut buffer = Vec::with_capacity(MAX_LINE);
    let whole = loop {
        match read_line(&mut reader, &mut buffer) {
            Ok(true) => digest.take(&String::from_utf8_lossy(&buffer)),
            Ok(false) => break true,
            Err(_) => break false,
        }
    };
    digest.finish(complete && whole)
}

/// The kubelet's own sentence in place of a log that is gone (`pkg/kubelet/kuberuntime`).
pub fn is_gone(log: &str) -> bool {
    log.starts_with("unable to retrieve container logs for ")
}

/// One line into `buffer`, cut to `MAX_LINE`; `false` at the end.
fn read_line(reader: &mut impl BufRead, buffer: &mut Vec<u8>) -> std::io::Result<bool> {
    buffer.clear();
    let mut any = false;
    loop {
        let available = match reader.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = available.iter().position(|byte| *byte == b'\n');
        let taken = end.unwrap_or(available.len());
        buffer.extend_from_slice(&available[..taken.min(MAX_LINE - buffer.len())]);
        reader.consume(taken + usize::from(end.is_some()));
        if end.is_some() {
            return Ok(true);
        }
    }
}

#[derive(Default)]
struct Digest {
    lines: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    /// Marks before the start: `head` until it is full, then the newest in `tail`.
    head: Vec<Mark>,
    tail: VecDeque<Mark>,
    later: VecDeque<Mark>,
    started: bool,
    /// The newest error of the start-up program that no pattern knows: the cause, if it now gives up.
    unexplained: Option<Mark>,
}

impl Digest {
    fn take(&mut self, text: &str) {
        let line = line::parse(text);
        let kind = patterns::kind_of(&line, self.started);
        if kind == Some(MarkKind::LogLevel) && !self.head.is_empty() {
            // Another attempt begins; only the last one matters.
            *self = Self::default();
        }
        self.lines += 1;
        if line.at.is_some() {
            self.first = self.first.or(line.at);
            self.last = line.at;
        }
        match kind {
            Some(kind) => self.mark(kind, &line),
            None if line.level == Level::Error && !self.started && patterns::is_startup(&line, false) => {
                self.unexplained = Some(self.new_mark(MarkKind::Fatal, &line));
            }
            None => {}
        }
    }

    fn mark(&mut self, kind: MarkKind, line: &Line<'_>) {
        if matches!(kind, MarkKind::Terminating | MarkKind::FailedToStart) {
            if let Some(cause) = self.unexplained.take() {
                self.push(cause);
            }
        } else if judge::is_cause(kind) {
            self.unexplained = None;
        }
        let mark = self.new_mark(kind, line);
        self.push(mark);
        self.started |= kind == MarkKind::Started;
    }

    /// A bare line carries no time: the line before it is as near as one can tell.
    fn new_mark(&self, kind: MarkKind, line: &Line<'_>) -> Mark {
        Mark { at: line.at.or(self.last), kind, text: clean(&mask::mask(&line.message), MAX_TEXT), times: 1 }
    }

    fn push(&mut self, mark: Mark) {
        if self.started {
            push_folded(&mut self.later, mark);
            if self.later.len() > LATER {
                self.later.pop_front();
            }
        } else if self.tail.is_empty() && self.head.len() < FIRST {
            let mut head = VecDeque::from(std::mem::take(&mut self.head));
            push_folded(&mut head, mark);
            self.head = head.into();
        } else {
            push_folded(&mut self.tail, mark);
            if self.tail.len() > LAST {
                self.tail.pop_front();
            }
        }
    }

    fn finish(self, complete: bool) -> StartupLog {
        let marks = self.head.into_iter().chain(self.tail).chain(self.later).collect();
        StartupLog { lines: self.lines, first: self.first, last: self.last, complete, marks }
    }
}

/// Repeats become one mark; of a run of reads or of the allocator's steps only the first and the last are kept.
fn push_folded(marks: &mut VecDeque<Mark>, mark: Mark) {
    let is_run = matches!(mark.kind, MarkKind::NodeRead | MarkKind::TunnelAddress);
    let before = marks.len().checked_sub(2).and_then(|index| marks.get(index)).map(|mark| mark.kind);
    match marks.back_mut() {
        Some(last) if last.kind == mark.kind && (last.text == mark.text || (is_run && before == Some(mark.kind))) => {
            let times = last.times.saturating_add(1);
            // Repeats keep the time they began at; a run moves on.
            *last = if is_run { Mark { times, ..mark } } else { Mark { times, ..last.clone() } };
        }
        _ => marks.push_back(mark),
    }
}

#[cfg(test)]
#[path = "startup_log/tests.rs"]
mod tests;
