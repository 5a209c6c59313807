//! The known lines of one attempt, in little memory.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::line::{Level, Line};
use super::{MAX_TEXT, ends, patterns};
use crate::calico::startup_log::outcome;
use crate::snapshot::inspection::{LogEvent, LogEventKind, StartupLog};
use crate::snapshot::secrets::masked;
use crate::text::bounded::clean;

/// Of what was logged before the start, the first and the last are kept; of what came after, the last.
pub(super) const FIRST: usize = 80;
pub(super) const LAST: usize = 60;
const LATER: usize = 60;
pub const MAX_MARKS: usize = FIRST + LAST + LATER;

#[derive(Default)]
pub(super) struct Digest {
    lines: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    /// Marks before the start: `head` until it is full, then the newest in `tail`.
    head: VecDeque<LogEvent>,
    tail: VecDeque<LogEvent>,
    later: VecDeque<LogEvent>,
    started: bool,
    checking: bool,
    /// A program has written that runs only after the start.
    runs_services: bool,
    /// When the last line before the start was said.
    before_start: Option<Timestamp>,
    /// The newest error of the start-up program that no pattern knows: the cause, if it now gives up.
    unexplained: Option<LogEvent>,
    /// The newest text of a run, not put into its mark yet: there can be millions.
    run: Option<String>,
}

impl Digest {
    pub(super) fn take(&mut self, line: &Line<'_>, kind: Option<LogEventKind>) {
        self.lines += 1;
        if line.at.is_some() {
            self.first = self.first.or(line.at);
            self.last = line.at;
        }
        match kind {
            Some(LogEventKind::Fatal) if !self.started && (ends_after_start(line) || (self.runs_services && is_panic(line))) => {
                // The start itself was not in what was read.
                self.mark(LogEventKind::Started, line);
                self.mark(LogEventKind::Fatal, line);
            }
            Some(kind) => self.mark(kind, line),
            None if is_error(line) && !self.started && patterns::is_startup(line, false) => {
                self.unexplained = Some(self.new_mark(LogEventKind::Fatal, line));
            }
            None if patterns::says_ready(&line.message) => {
                for marks in [&mut self.head, &mut self.tail, &mut self.later] {
                    marks.retain(|mark| mark.kind != LogEventKind::FelixNotReady);
                }
            }
            None => {}
        }
        self.runs_services |= line.component.is_some_and(|component| patterns::SERVICES.contains(&component));
        if !self.started {
            self.before_start = self.last;
        }
    }

    /// Has a line at all.
    pub(super) fn is_blank(&self) -> bool {
        self.lines == 0
    }

    /// Has no known line.
    pub(super) fn is_empty(&self) -> bool {
        self.head.is_empty() && self.later.is_empty()
    }

    pub(super) fn has_started(&self) -> bool {
        self.started
    }

    /// The conflict check has begun and not ended.
    pub(super) fn is_checking(&self) -> bool {
        self.checking
    }

    /// It came past the datastore, or has ended: it cannot connect again.
    pub(super) fn is_past_connecting(&self) -> bool {
        let ended = |mark: &LogEvent| matches!(mark.kind, LogEventKind::Terminating | LogEventKind::FailedToStart);
        self.marks().any(ended) || self.phase().is_some_and(|phase| phase > outcome::StartPhase::ConnectingToDatastore)
    }

    fn marks(&self) -> impl Iterator<Item = &LogEvent> {
        self.head.iter().chain(&self.tail).chain(&self.later)
    }

    /// The furthest work that was begun.
    pub(super) fn phase(&self) -> Option<outcome::StartPhase> {
        self.marks().filter_map(|mark| outcome::phase(mark.kind)).max()
    }

    pub(super) fn last(&self) -> Option<Timestamp> {
        self.last
    }

    pub(super) fn before_start(&self) -> Option<Timestamp> {
        self.before_start
    }

    fn mark(&mut self, kind: LogEventKind, line: &Line<'_>) {
        if matches!(kind, LogEventKind::Terminating | LogEventKind::FailedToStart) {
            if let Some(cause) = self.unexplained.take() {
                self.push(cause);
            }
        } else if outcome::is_cause(kind) {
            self.unexplained = None;
        }
        self.checking = match kind {
            LogEventKind::ConflictCheck => true,
            LogEventKind::ConflictsChecked | LogEventKind::NodeName | LogEventKind::Started | LogEventKind::Terminating => false,
            _ => self.checking,
        };
        if self.goes_on(kind, line) {
            return;
        }
        let mark = self.new_mark(kind, line);
        self.push(mark);
        self.started |= kind == LogEventKind::Started;
    }

    /// A bare line carries no time: the line before it is as near as one can tell.
    fn new_mark(&self, kind: LogEventKind, line: &Line<'_>) -> LogEvent {
        LogEvent { at: line.at.or(self.last), kind, text: text(&line.message), times: 1 }
    }

    /// Of a run of reads, of the allocator's steps or of a BIRD that waits for confd only the first and the last are kept.
    fn goes_on(&mut self, kind: LogEventKind, line: &Line<'_>) -> bool {
        let at = line.at.or(self.last);
        let marks = self.newest();
        let before = marks.len().checked_sub(2).and_then(|index| marks.get(index)).map(|mark| mark.kind);
        let is_run =
            matches!(kind, LogEventKind::NodeRead | LogEventKind::TunnelAddress | LogEventKind::BirdConfigMissing) && before == Some(kind);
        let Some(last) = marks.back_mut().filter(|last| is_run && last.kind == kind) else { return false };
        (last.at, last.times) = (at, last.times.saturating_add(1));
        let run = self.run.get_or_insert_default();
        run.clear();
        run.push_str(&line.message);
        true
    }

    fn newest(&mut self) -> &mut VecDeque<LogEvent> {
        if self.started {
            &mut self.later
        } else if self.tail.is_empty() && self.head.len() < FIRST {
            &mut self.head
        } else {
            &mut self.tail
        }
    }

    fn settle_run(&mut self) {
        if let (Some(run), Some(last)) = (self.run.take(), self.newest().back_mut()) {
            last.text = text(&run);
        }
    }

    fn push(&mut self, mark: LogEvent) {
        self.settle_run();
        let most = if self.started { LATER } else { LAST };
        let full = self.started || !self.tail.is_empty() || self.head.len() >= FIRST;
        let marks = self.newest();
        match marks.back_mut() {
            // Repeats become one mark with the time they began at.
            Some(last) if last.kind == mark.kind && last.text == mark.text => last.times = last.times.saturating_add(1),
            _ => marks.push_back(mark),
        }
        if full && marks.len() > most {
            marks.pop_front();
        }
    }

    pub(super) fn finish(mut self, complete: bool) -> StartupLog {
        self.settle_run();
        let marks = self.head.into_iter().chain(self.tail).chain(self.later).collect();
        StartupLog { lines: self.lines, first: self.first, last: self.last, complete, marks, interfaces: Vec::new() }
    }
}

fn is_error(line: &Line<'_>) -> bool {
    line.level == Level::Error || line.message.starts_with(patterns::NODE_NOT_READ)
}

/// The last words of a program that runs only after the start.
fn ends_after_start(line: &Line<'_>) -> bool {
    line.component.map_or_else(|| ends::known_end(&line.message).is_some(), |component| patterns::SERVICES.contains(&component))
}

/// Go's own words, which name no program: the one that wrote before.
fn is_panic(line: &Line<'_>) -> bool {
    line.component.is_none() && line.message.starts_with("panic: ")
}

fn text(message: &str) -> String {
    clean(&masked(message), MAX_TEXT)
}
