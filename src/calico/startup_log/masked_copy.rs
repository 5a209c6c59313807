//! A copy of a log that can be handed on: every line, without its secrets.

use std::io::{self, Write};

use super::split::Splitter;
use crate::snapshot::secrets::LineMasker;

/// Longer lines are cut: nobody reads them, and they could be anything.
const MAX_COPIED: usize = 1 << 20;

pub struct MaskedCopy<W> {
    to: W,
    splitter: Splitter,
    masker: LineMasker,
}

impl<W: Write> MaskedCopy<W> {
    pub fn new(to: W) -> Self {
        Self { to, splitter: Splitter::new(MAX_COPIED), masker: LineMasker::default() }
    }

    pub fn push(&mut self, chunk: &[u8]) -> io::Result<()> {
        let Self { to, splitter, masker } = self;
        let mut result = Ok(());
        splitter.push(chunk, |line| {
            if result.is_ok() {
                result = write(to, masker, line);
            }
        });
        result
    }

    pub fn finish(mut self) -> io::Result<W> {
        let mut result = Ok(());
        let (to, masker) = (&mut self.to, &mut self.masker);
        self.splitter.finish(|line| result = write(to, masker, line));
        result?;
        self.to.flush()?;
        Ok(self.to)
    }
}

fn write(to: &mut impl Write, masker: &mut LineMasker, line: &[u8]) -> io::Result<()> {
    let masked = masker.line(&String::from_utf8_lossy(line));
    to.write_all(masked.as_bytes())?;
    to.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_comes_whole_and_without_secrets() {
        let text = b"plain\npassword=hunter2\n-----BEGIN X-----\nabc\n-----END X-----\nlast";
        for size in 1..text.len() {
            let mut copy = MaskedCopy::new(Vec::new());
            text.chunks(size).for_each(|chunk| copy.push(chunk).expect("writes"));
            let copied = String::from_utf8(copy.finish().expect("writes")).expect("text");
            assert_eq!(copied, "plain\npassword=(masked)\n(masked)\n(masked)\n\nlast\n", "{size}");
        }
    }
}
