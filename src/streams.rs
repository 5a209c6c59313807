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

    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()?;
        self.err.flush()
    }
}

/// A reader that has seen enough (`| head -1`) is no failure: the rest is dropped, and the exit code stays what it would have been.
pub struct Pipe {
    to: BufWriter<Box<dyn Write>>,
    closed: bool,
}

impl Pipe {
    pub fn new(to: impl Write + 'static) -> Self {
        Self { to: BufWriter::new(Box::new(to)), closed: false }
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }

    fn settle<T>(&mut self, result: io::Result<T>, dropped: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(dropped)
            }
            result => result,
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let result = self.to.write(bytes);
        self.settle(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let result = self.to.flush();
        self.settle(result, ())
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

    #[test]
    fn a_closed_pipe_is_quiet_and_a_full_disk_is_not() {
        let mut pipe = Pipe::new(Failing(ErrorKind::BrokenPipe));
        assert!(pipe.write_all(&[0; 100_000]).is_ok() && pipe.flush().is_ok() && pipe.is_closed());
        let mut disk = Pipe::new(Failing(ErrorKind::StorageFull));
        assert!(disk.write_all(&[0; 100_000]).is_err() && !disk.is_closed());
    }
}
