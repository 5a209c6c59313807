//! One calico-node log as somebody sent it: read as a stream, whatever its length.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

pub use super::pod_logs::ATTEMPTS;
use super::pod_logs::{PodLog, PodLogs};
use crate::calico::startup_log::is_gone;

/// Enough to know what a file is.
const HEAD: usize = 16 << 10;
const CHUNK: usize = 256 << 10;

#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("{file}: {}", crate::text::without_number(source))]
    Unreadable { file: String, source: io::Error },
    #[error("{file}: the log is empty")]
    Empty { file: String },
    #[error("{file}: not a log of calico-node: {looks}")]
    NotALog { file: String, looks: String },
    #[error("{file}: the log could not be saved: {}", crate::text::without_number(source))]
    Output { file: String, source: io::Error },
}

impl LogError {
    /// What to type instead.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "Check the name and the permissions of the file.",
            Self::Output { .. } => "Check the place that --output names.",
            Self::Empty { .. } | Self::NotALog { .. } => {
                "Save it again: kubectl logs -n NAMESPACE POD -c calico-node --timestamps > FILE, with --previous for the container before."
            }
        }
    }
}

/// Reads `path`, or standard input for `-`; `also` gets every chunk as well. A collector's file may hold the logs of several pods.
pub fn read(path: &Path, stdin: &mut dyn Read, also: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> Result<Vec<PodLog>, LogError> {
    if path == Path::new("-") {
        return stream("standard input".to_owned(), stdin, also);
    }
    let file = path.display().to_string();
    let mut opened = File::open(path).map_err(|source| LogError::Unreadable { file: file.clone(), source })?;
    stream(file, &mut opened, also)
}

fn stream(file: String, from: &mut dyn Read, also: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> Result<Vec<PodLog>, LogError> {
    let unreadable = |source| LogError::Unreadable { file: file.clone(), source };
    let mut from = BufReader::with_capacity(CHUNK, from);
    // The kubelet packs the logs that it has rotated.
    let packed = from.fill_buf().map_err(unreadable)?.starts_with(&[0x1f, 0x8b]);
    let mut from: Box<dyn BufRead + '_> =
        if packed { Box::new(BufReader::with_capacity(CHUNK, MultiGzDecoder::new(from))) } else { Box::new(from) };
    let mut pods = PodLogs::default();
    let mut head = Vec::new();
    loop {
        let taken = match from.fill_buf() {
            Ok([]) => break,
            Ok(chunk) => {
                head.extend_from_slice(&chunk[..chunk.len().min(HEAD - head.len())]);
                pods.push(chunk);
                also(chunk).map_err(|source| LogError::Output { file: file.clone(), source })?;
                chunk.len()
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            Err(error) => return Err(unreadable(error)),
        };
        from.consume(taken);
    }
    if head.iter().all(u8::is_ascii_whitespace) {
        return Err(LogError::Empty { file });
    }
    let mut found = pods.finish();
    let other = found.iter().find_map(|log| log.attempts.other.clone()).unwrap_or_default();
    found.retain(|log| log.attempts.recognised_lines > 0);
    if found.is_empty() || is_gone(&String::from_utf8_lossy(&head)) {
        return Err(LogError::NotALog { file, looks: looks(&head, &other) });
    }
    Ok(found)
}

fn looks(head: &[u8], first: &str) -> String {
    let text = String::from_utf8_lossy(head);
    let start = text.trim_start();
    let what = if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        "it is UTF-16, as PowerShell's > writes; --from reads it"
    } else if is_gone(&text) {
        "it holds only the kubelet's message that the log is gone"
    } else if head.get(257..262) == Some(b"ustar") {
        "it is a tar archive; take the log out of it, or give it to --from"
    } else if head.contains(&0) {
        "it is not text"
    } else if text.lines().take(40).any(|line| line.starts_with("apiVersion:"))
        || (start.starts_with('{') && start.contains("\"apiVersion\""))
    {
        "it is a Kubernetes object or a saved snapshot; --from reads those"
    } else if start.starts_with('<') {
        "it is a page of HTML or XML"
    } else {
        return format!("its first line is {first:?}");
    };
    what.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read_bytes(bytes: &[u8]) -> Result<Vec<PodLog>, String> {
        super::read(Path::new("-"), &mut io::Cursor::new(bytes), &mut |_| Ok(())).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_no_log_is_said() {
        for (bytes, says) in [
            (&b""[..], "standard input: the log is empty"),
            (b" \n\n", "standard input: the log is empty"),
            (b"# saved\napiVersion: v1\nkind: Pod\n", "--from reads those"),
            (b"{\"kind\": \"Pod\", \"apiVersion\": \"v1\"}", "--from reads those"),
            (b"<html>", "HTML"),
            (b"\xff\xfel\0o\0g\0", "--from reads it"),
            (b"\0\x01\x02", "it is not text"),
            (b"unable to retrieve container logs for containerd://5e7ad5b6e30e", "the log is gone"),
            (b"Hello \x1b[31mworld\nmore", "its first line is \"Hello world\""),
        ] {
            let error = read_bytes(bytes).expect_err(says);
            assert!(error.contains(says), "{error}");
        }
        let error = super::read(Path::new("/nonexistent/log"), &mut io::empty(), &mut |_| Ok(())).expect_err("none");
        assert!(error.to_string().starts_with("/nonexistent/log: No such file"), "{error}");
    }

    #[test]
    fn a_packed_log_is_unpacked() {
        let log = include_bytes!("../../tests/fixtures/logs/healthy.txt");
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(log).expect("packs");
        assert_eq!(read_bytes(&packed.finish().expect("packs")), read_bytes(log));
    }
}
