//! Lines out of chunks, wherever the chunks were cut.

use std::io::{BufRead, ErrorKind};

use memchr::memchr;

/// Longer lines are Felix's and the config parser's, and tell nothing of the start.
pub(super) const MAX_LINE: usize = 8 * 1024;

/// Holds at most one line, cut to `MAX_LINE` or another limit.
pub(super) struct Splitter {
    begun: Vec<u8>,
    most: usize,
}

impl Default for Splitter {
    fn default() -> Self {
        Self::new(MAX_LINE)
    }
}

impl Splitter {
    pub(super) fn new(most: usize) -> Self {
        Self { begun: Vec::new(), most }
    }

    pub(super) fn push(&mut self, mut chunk: &[u8], mut take: impl FnMut(&[u8])) {
        while let Some(end) = memchr(b'\n', chunk) {
            if self.begun.is_empty() {
                take(&chunk[..end.min(self.most)]);
            } else {
                self.keep(&chunk[..end]);
                take(&self.begun);
                self.begun.clear();
            }
            chunk = &chunk[end + 1..];
        }
        self.keep(chunk);
    }

    /// The last line may have no end.
    pub(super) fn finish(&mut self, mut take: impl FnMut(&[u8])) {
        if !self.begun.is_empty() {
            take(&self.begun);
            self.begun.clear();
        }
    }

    fn keep(&mut self, part: &[u8]) {
        let room = self.most - self.begun.len();
        self.begun.extend_from_slice(&part[..part.len().min(room)]);
    }
}

/// Hands on what a reader has, to its end.
pub(super) fn drain(mut reader: impl BufRead, mut take: impl FnMut(&[u8])) -> std::io::Result<()> {
    loop {
        let taken = match reader.fill_buf() {
            Ok([]) => return Ok(()),
            Ok(available) => {
                take(available);
                available.len()
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => 0,
            Err(error) => return Err(error),
        };
        reader.consume(taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8], size: usize) -> Vec<Vec<u8>> {
        let (mut splitter, mut lines) = (Splitter::default(), Vec::new());
        for chunk in text.chunks(size) {
            splitter.push(chunk, |line| lines.push(line.to_vec()));
        }
        splitter.finish(|line| lines.push(line.to_vec()));
        lines
    }

    #[test]
    fn borders_do_not_matter() {
        let text = b"one\n\ntwo\r\nthree";
        for size in 1..=text.len() {
            assert_eq!(lines(text, size), [&b"one"[..], b"", b"two\r", b"three"], "{size}");
        }
        assert!(lines(b"", 1).is_empty());
    }

    #[test]
    fn a_long_line_is_cut_the_same_however_it_comes() {
        let text = [vec![b'x'; 3 * MAX_LINE], b"\nend\n".to_vec()].concat();
        for size in [1, 7, MAX_LINE, MAX_LINE + 1, text.len()] {
            assert_eq!(lines(&text, size), [vec![b'x'; MAX_LINE], b"end".to_vec()], "{size}");
        }
    }
}
