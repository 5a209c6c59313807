//! A log as a stream: attempt after attempt, in memory that does not grow with its length.

use std::collections::VecDeque;
use std::io::BufRead;

use super::details::Details;
use super::digest::Digest;
use super::init_log::{self, InitDigest};
use super::line::{self, Level, Line};
use super::patterns;
use super::split::{Splitter, drain};
use crate::calico::startup_log::outcome::StartPhase;
use crate::snapshot::inspection::{LogEventKind, StartupLog};

/// Enough of a foreign line to know it by.
const MAX_OTHER: usize = 120;

/// One attempt to start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempt {
    pub log: StartupLog,
    pub details: Details,
}

/// What a log holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempts {
    /// Oldest first.
    pub attempts: Vec<Attempt>,
    /// Older ones that were not kept.
    pub left_out: u64,
    pub lines: u64,
    /// Lines in a form that Calico writes.
    pub recognised_lines: u64,
    /// The beginning of the first line that is none, to say what else this may be.
    pub other: Option<String>,
    /// The init container whose log this is, and why it failed; `None` for calico-node's own.
    pub init: Option<(String, StartupLog)>,
}

/// Takes a log in chunks of any size.
pub struct Reader {
    splitter: Splitter,
    lines: Lines,
}

struct Lines {
    keep: usize,
    done: VecDeque<Attempt>,
    found: Attempts,
    digest: Digest,
    details: Details,
    /// The last line before the start, as it came.
    last: String,
    /// The entry before was cut by the container runtime.
    goes_on: bool,
    /// A line without a program's name that begins an attempt, or else is the address monitor's: what follows tells.
    maybe: Option<Line<'static>>,
    /// Set once a line shows which container wrote the log.
    writer_known: bool,
    init: Option<(&'static str, InitDigest)>,
}

impl Reader {
    /// Keeps the newest `keep` attempts, at least one.
    pub fn new(keep: usize) -> Self {
        let lines = Lines {
            keep: keep.max(1),
            done: VecDeque::new(),
            found: Attempts::default(),
            digest: Digest::default(),
            details: Details::default(),
            last: String::new(),
            goes_on: false,
            maybe: None,
            writer_known: false,
            init: None,
        };
        Self { splitter: Splitter::default(), lines }
    }

    pub fn push(&mut self, chunk: &[u8]) {
        self.splitter.push(chunk, |line| self.lines.take(line));
    }

    /// The newest attempt has said that it started.
    pub fn has_started(&self) -> bool {
        self.lines.digest.has_started()
    }

    /// The furthest work that the newest attempt has begun.
    pub fn phase(&self) -> Option<StartPhase> {
        self.lines.digest.phase()
    }

    /// `complete`: the end is the log's own, not a limit's.
    pub fn finish(mut self, complete: bool) -> Attempts {
        self.splitter.finish(|line| self.lines.take(line));
        self.lines.finish(complete)
    }
}

/// A log to its end; an error of the reader's is told beside what was read until then.
pub fn read(reader: impl BufRead, keep: usize) -> (Attempts, Option<std::io::Error>) {
    let mut parser = Reader::new(keep);
    let error = drain(reader, |chunk| parser.push(chunk)).err();
    (parser.finish(error.is_none()), error)
}

impl Lines {
    fn take(&mut self, bytes: &[u8]) {
        self.found.lines += 1;
        let text = String::from_utf8_lossy(bytes);
        match line::of_docker(&text) {
            Some(inner) => self.take_line(&line::parse(&inner)),
            None => self.take_line(&line::parse(&text)),
        }
    }

    fn take_line(&mut self, line: &Line<'_>) {
        if std::mem::replace(&mut self.goes_on, line.goes_on) {
            return;
        }
        let started = self.digest.has_started();
        let kind = patterns::kind_of(line, started);
        self.recognize(line, kind);
        self.note_writer(line, kind);
        if self.begins(line, kind, started) {
            self.next_attempt();
            if let Some(first) = self.maybe.take() {
                self.keep_line(&first, Some(LogEventKind::LogLevel));
            }
            let kind = kind.or_else(|| patterns::kind_of(line, false));
            return self.keep_line(line, kind);
        }
        self.keep_line(line, kind);
    }

    fn keep_line(&mut self, line: &Line<'_>, kind: Option<LogEventKind>) {
        self.digest.take(line, kind);
        let at = line.at.or_else(|| self.digest.last());
        if self.digest.has_started() {
            self.details.take_later(line, at);
        } else {
            self.details.take(line, at, self.digest.is_checking());
            if !line.message.is_empty() {
                self.last.clear();
                self.last.push_str(&line.message);
            }
        }
    }

    /// Another attempt begins with this line.
    fn begins(&mut self, line: &Line<'_>, kind: Option<LogEventKind>, started: bool) -> bool {
        if !started || line.component.is_some() {
            return match kind {
                Some(LogEventKind::LogLevel) => !self.digest.is_empty(),
                // At level error it is the first that is said.
                Some(LogEventKind::DatastoreCheck | LogEventKind::DatastoreSkipped) => self.digest.is_past_connecting(),
                _ => false,
            };
        }
        match patterns::kind_of(line, false) {
            Some(LogEventKind::LogLevel) => {
                self.maybe = Some(line.kept());
                false
            }
            Some(LogEventKind::DatastoreCheck | LogEventKind::DatastoreSkipped) => true,
            _ => false,
        }
    }

    fn next_attempt(&mut self) {
        let (log, details) = self.close(true);
        self.done.push_back(Attempt { log, details });
        if self.done.len() >= self.keep {
            self.done.pop_front();
            self.found.left_out += 1;
        }
    }

    fn close(&mut self, complete: bool) -> (StartupLog, Details) {
        let mut details = std::mem::take(&mut self.details);
        details.set_last(&self.last, self.digest.before_start());
        self.last.clear();
        (std::mem::take(&mut self.digest).finish(complete), details)
    }

    fn note_writer(&mut self, line: &Line<'_>, kind: Option<LogEventKind>) {
        if !self.writer_known {
            let container = init_log::container_of(line);
            self.init = container.map(|container| (container, InitDigest::default()));
            self.writer_known = container.is_some() || kind.is_some();
        }
        if let Some((_, digest)) = &mut self.init {
            digest.take(line);
        }
    }

    fn recognize(&mut self, line: &Line<'_>, kind: Option<LogEventKind>) {
        let known = kind.is_some() || (line.level != Level::None && line.at.is_some());
        self.found.recognised_lines += u64::from(known);
        if !known && self.found.other.is_none() && !line.message.is_empty() {
            self.found.other = Some(crate::text::bounded::clean(&line.message, MAX_OTHER));
        }
    }

    fn finish(mut self, complete: bool) -> Attempts {
        let any = !self.digest.is_blank();
        let (log, details) = self.close(complete);
        if any {
            self.done.push_back(Attempt { log, details });
        }
        self.found.attempts = self.done.into();
        self.found.init = self.init.map(|(container, digest)| (container.to_owned(), digest.finish(complete)));
        self.found
    }
}
