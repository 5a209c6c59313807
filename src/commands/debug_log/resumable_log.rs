//! The log of one container run, resumable: bytes already received are skipped when the stream is reopened.

use std::io;

use super::save::Saving;
use crate::calico::startup_log::{Attempts, Reader, StartPhase, is_gone};

/// A log with another beginning is another log, or was rotated.
const HEAD: usize = 512;

pub(super) struct ResumableLog<'a> {
    reader: Reader,
    saving: &'a mut Saving,
    head: Vec<u8>,
    /// Bytes that were taken, and how many of this answer have come.
    taken: u64,
    passed: u64,
    other: bool,
    last: u8,
    saved: io::Result<()>,
}

impl<'a> ResumableLog<'a> {
    pub(super) fn new(saving: &'a mut Saving) -> Self {
        Self { reader: Reader::new(1), saving, head: Vec::new(), taken: 0, passed: 0, other: false, last: b'\n', saved: Ok(()) }
    }

    /// An answer begins from the log's first byte.
    pub(super) fn again(&mut self) {
        (self.passed, self.other) = (0, false);
    }

    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.other |= self.taken == 0 && is_gone(&String::from_utf8_lossy(chunk)) || !self.goes_on_as_before(chunk);
        if self.other {
            return;
        }
        let known = usize::try_from(self.taken.saturating_sub(self.passed)).unwrap_or(usize::MAX).min(chunk.len());
        self.passed += chunk.len() as u64;
        let Some((new, last)) = chunk.get(known..).and_then(|new| Some((new, new.last()?))) else { return };
        self.head.extend(new.iter().take(HEAD.saturating_sub(self.head.len())));
        (self.taken, self.last) = (self.passed, *last);
        self.reader.push(new);
        if self.saved.is_ok() {
            self.saved = self.saving.push(new);
        }
    }

    fn goes_on_as_before(&self, chunk: &[u8]) -> bool {
        let Some(rest) = usize::try_from(self.passed).ok().and_then(|passed| self.head.get(passed..)) else { return true };
        rest.iter().zip(chunk).all(|(before, now)| before == now)
    }

    /// This answer came short of what had come before, or was another log.
    pub(super) fn is_truncated(&self) -> bool {
        self.other || self.passed < self.taken
    }

    pub(super) fn is_empty(&self) -> bool {
        self.taken == 0
    }

    pub(super) fn has_started(&self) -> bool {
        self.reader.has_started()
    }

    pub(super) fn phase(&self) -> Option<StartPhase> {
        self.reader.phase()
    }

    /// The next run's log begins on a line of its own.
    pub(super) fn finish(mut self, complete: bool) -> io::Result<Attempts> {
        if self.last != b'\n' {
            self.push_end();
        }
        self.saved?;
        Ok(self.reader.finish(complete))
    }

    fn push_end(&mut self) {
        if self.saved.is_ok() {
            self.saved = self.saving.push(b"\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &[u8] = b"2026-11-23 15:53:24.919 [INFO][9] startup/startup.go 427: Early log level set to debug\nsecond\nthird, cut";

    /// However an answer is cut and however often it comes, each byte is taken once.
    #[test]
    fn what_has_come_is_passed_over() {
        for size in [1, 7, 50, LOG.len()] {
            for cut in [0, 1, 20, 90, LOG.len()] {
                let mut saving = Saving::Memory(Vec::new());
                let mut taking = ResumableLog::new(&mut saving);
                for end in [cut, cut, LOG.len()] {
                    taking.again();
                    LOG[..end].chunks(size).for_each(|chunk| taking.push(chunk));
                    assert!(!taking.is_truncated());
                }
                let attempts = taking.finish(true).expect("kept");
                assert_eq!((attempts.lines, attempts.attempts.len()), (3, 1), "{size} {cut}");
                let Saving::Memory(saved) = saving else { panic!("it is") };
                assert_eq!(saved, [LOG, b"\n"].concat(), "{size} {cut}");
            }
        }
    }

    #[test]
    fn another_log_is_not_mixed_in() {
        for other in [&b"unable to retrieve container logs for containerd://x"[..], b"2026-11-23 15:53:24.919 [INFO][9] something else\n"] {
            let mut saving = Saving::Nowhere;
            let mut taking = ResumableLog::new(&mut saving);
            taking.push(LOG);
            taking.again();
            taking.push(other);
            taking.push(LOG);
            assert!(taking.is_truncated());
            assert_eq!(taking.finish(true).expect("kept").lines, 3);
        }
        let mut saving = Saving::Nowhere;
        let mut taking = ResumableLog::new(&mut saving);
        taking.push(b"unable to retrieve container logs for containerd://x");
        assert!(taking.is_empty());
    }

    /// Rotated: what is left of it begins later.
    #[test]
    fn a_shorter_answer_is_noticed() {
        let mut saving = Saving::Nowhere;
        let mut taking = ResumableLog::new(&mut saving);
        taking.push(LOG);
        taking.again();
        taking.push(&LOG[..30]);
        assert!(taking.is_truncated());
    }
}
