//! Where results and everything else are written.

use std::io::{self, BufWriter, ErrorKind, Write};

/// Results on `out`, everything else on `err`.
pub struct Streams {
    pub out: Pipe,
    pub err: Pipe,
}

impl Streams {
    pub fn standard() -> Self {
        Self { out: Pipe::new(io::stdout()), err: Pipe::new(io::stderr()) }
    }

    /// An error where something of what was written since the beginning is lost.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()?;
        self.err.flush()?;
        self.out.loss().and_then(|()| self.err.loss())
    }
}

/// After the first error the rest is dropped, so that nothing ends half-way because it could not be told.
///
/// A reader that has seen enough (`| head -1`) is no failure at all: the exit code stays what it would have been. Any other error, as of
/// a full disk, is a loss, which `Streams::flush` returns.
pub struct Pipe {
    to: BufWriter<Box<dyn Write>>,
    failure: Option<io::Error>,
}

impl Pipe {
    pub fn new(to: impl Write + 'static) -> Self {
        Self { to: BufWriter::new(Box::new(to)), failure: None }
    }

    /// What is written is dropped.
    pub fn is_closed(&self) -> bool {
        self.failure.is_some()
    }

    fn loss(&self) -> io::Result<()> {
        match &self.failure {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(io::Error::new(error.kind(), error.to_string())),
            _ => Ok(()),
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failure.is_none() {
            match self.to.write(bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
                Err(error) => self.failure = Some(error),
                Ok(written) => return Ok(written),
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.failure.is_none() {
            self.failure = self.to.flush().err();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    /// One byte stays in the buffer until it is flushed.
    #[test]
    fn what_cannot_be_written_stops_nothing_and_a_full_disk_is_told_at_the_end() {
        for length in [1, 100_000] {
            for (kind, is_loss) in [(ErrorKind::BrokenPipe, false), (ErrorKind::StorageFull, true)] {
                for failing_err in [true, false] {
                    let mut streams = Streams { out: Pipe::new(io::sink()), err: Pipe::new(io::sink()) };
                    let pipe = if failing_err { &mut streams.err } else { &mut streams.out };
                    *pipe = Pipe::new(Failing(kind));
                    assert!(pipe.write_all(&vec![0; length]).is_ok() && pipe.flush().is_ok() && pipe.is_closed(), "{kind}");
                    assert!(pipe.write_all(&vec![0; length]).is_ok() && pipe.flush().is_ok(), "{kind}");
                    assert_eq!(streams.flush().is_err(), is_loss, "{kind} {length}");
                }
            }
        }
    }

    #[test]
    fn what_was_written_is_whole() {
        let mut streams = Streams { out: Pipe::new(io::sink()), err: Pipe::new(io::sink()) };
        assert!(streams.out.write_all(&[0; 100_000]).is_ok() && streams.flush().is_ok() && !streams.out.is_closed());
    }
}
