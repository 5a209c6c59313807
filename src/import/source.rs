//! Files, directories, archives and standard input, taken apart into named pieces of bounded size.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{ImportError, foreign, ours};
use crate::limits::{Bounded, MAX_FILE, MAX_RATIO, MAX_UNPACKED, MIB, MOST_BY_RATIO, read_text};

/// An archive unpacked, or a directory: more is a bomb, or the wrong directory.
const MAX_TOTAL: u64 = 2048 * MIB;
const MAX_ENTRIES: usize = 20_000;
const MAX_DEPTH: usize = 16;

const GZIP: [u8; 2] = [0x1f, 0x8b];
/// What is not unpacked here, by its first bytes.
const OTHER_PACKERS: [(&[u8], &str); 5] =
    [(b"PK\x03\x04", "zip"), (b"\xfd7zXZ\0", "xz"), (b"BZh", "bzip2"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"7z\xbc\xaf", "7z")];

fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}

/// One file to be read, wherever it came from.
pub(super) struct Piece<'a> {
    /// As the user can find it: the path, an archive's entry behind a colon.
    pub file: String,
    pub bytes: Vec<u8>,
    /// What follows `bytes`, not read yet: a snapshot of ours can be large.
    pub rest: Option<&'a mut dyn Read>,
    /// It was named itself, so it is an error when it is not understood.
    pub named: bool,
}

/// How messages and `FILE=NODE` name an input.
pub(super) fn name(input: &Path) -> String {
    if input == Path::new("-") { "standard input".to_owned() } else { input.display().to_string() }
}

/// `FILE=NODE`: a file of that very name comes first.
pub(super) fn split_node(input: &Path) -> (PathBuf, Option<String>) {
    let split = input.to_str().filter(|_| !input.exists()).and_then(|text| text.rsplit_once('='));
    match split {
        Some((file, node)) if !file.is_empty() && !node.is_empty() && !node.contains('/') => (PathBuf::from(file), Some(node.to_owned())),
        _ => (input.to_path_buf(), None),
    }
}

/// Hands each piece of `input` to `take`.
pub(super) fn read(
    input: &Path,
    stdin: &mut dyn Read,
    take: &mut dyn FnMut(Piece<'_>) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    if input == Path::new("-") {
        return stream("standard input".into(), stdin, None, take);
    }
    let file = input.display().to_string();
    let metadata = fs::metadata(input).map_err(|source| ImportError::Unreadable { file: file.clone(), source })?;
    if metadata.is_dir() {
        return directory(input, take);
    }
    let mut opened = File::open(input).map_err(|source| ImportError::Unreadable { file: file.clone(), source })?;
    stream(file, &mut opened, metadata.is_file().then_some(metadata.len()), take)
}

/// `length` in bytes, where it is known before the end.
fn stream(
    file: String,
    reader: &mut dyn Read,
    length: Option<u64>,
    take: &mut dyn FnMut(Piece<'_>) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let mut head = Vec::new();
    let read = reader.take(ours::HEAD as u64).read_to_end(&mut head);
    read.map_err(|source| ImportError::Unreadable { file: file.clone(), source })?;
    let is_packed = head.starts_with(&GZIP) || is_tar(&head) || OTHER_PACKERS.iter().any(|(magic, _)| head.starts_with(magic));
    if length.is_some_and(|length| length > MAX_FILE) && !is_packed {
        return Err(ImportError::TooLarge { file, limit: MAX_FILE / MIB });
    }
    if !head.starts_with(&GZIP) && ours::version(&head).is_some() {
        return take(Piece { file, bytes: head, rest: Some(reader), named: true });
    }
    if head.starts_with(&GZIP) {
        return archive(&file, &mut head.chain(reader), take);
    }
    if is_tar(&head) {
        return untar(&file, &mut head.chain(reader), take);
    }
    if let Some(&(_, with)) = OTHER_PACKERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(ImportError::Packed { file, with });
    }
    let bytes = bounded(&file, &mut head.chain(reader), MAX_FILE).map_err(|error| match error {
        ImportError::Unknown { file, seen, .. } => ImportError::Unknown { file, looks_like: foreign::looks_like(&head), seen },
        other => other,
    })?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ImportError::Empty { file });
    }
    take(Piece { file, bytes, rest: None, named: true })
}

fn bounded(file: &str, reader: &mut dyn Read, limit: u64) -> Result<Vec<u8>, ImportError> {
    match read_text(reader, limit).map_err(|source| ImportError::Unreadable { file: file.into(), source })? {
        Bounded::Text(bytes) => Ok(bytes),
        Bounded::Binary => Err(ImportError::Unknown { file: file.into(), looks_like: None, seen: vec!["binary data".to_owned()] }),
        Bounded::TooLarge => Err(ImportError::TooLarge { file: file.into(), limit: limit / MIB }),
    }
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.bytes += count as u64;
        Ok(count)
    }
}

/// Ends in error where little unpacks to very much.
struct Modest<R> {
    unpacked: flate2::read::MultiGzDecoder<Counted<R>>,
    bytes: u64,
}

impl<R: Read> Read for Modest<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.unpacked.read(into)?;
        self.bytes += count as u64;
        if self.bytes > MOST_BY_RATIO && self.bytes > MAX_RATIO * self.unpacked.get_ref().bytes {
            return Err(io::Error::other(format!("it unpacks to more than {MAX_RATIO} times its size")));
        }
        Ok(count)
    }
}

/// A gzipped tar, or a single gzipped file.
fn archive(file: &str, packed: &mut dyn Read, take: &mut dyn FnMut(Piece<'_>) -> Result<(), ImportError>) -> Result<(), ImportError> {
    let broken = |error: io::Error| ImportError::Archive { file: file.into(), problem: error.to_string() };
    let mut first = [0; 512];
    let mut length = 0;
    let mut reader = flate2::read::MultiGzDecoder::new(Counted { inner: packed, bytes: 0 });
    while length < first.len() {
        match reader.read(&mut first[length..]).map_err(broken)? {
            0 => break,
            count => length += count,
        }
    }
    let head = first[..length].to_vec();
    if ours::version(&head).is_some() {
        // thousands of nodes are larger than what others send
        let mut modest = Modest { unpacked: reader, bytes: length as u64 };
        return take(Piece { file: file.into(), bytes: head, rest: Some(&mut modest), named: true });
    }
    let mut unpacked = head.as_slice().chain(reader);
    if !is_tar(&head) {
        let bytes = match read_text(&mut unpacked, MAX_UNPACKED).map_err(broken)? {
            Bounded::Text(bytes) => bytes,
            Bounded::Binary => {
                let seen = vec!["binary data".to_owned()];
                return Err(ImportError::Unknown { file: file.into(), looks_like: foreign::looks_like(&head), seen });
            }
            Bounded::TooLarge => return Err(ImportError::TooLarge { file: file.into(), limit: MAX_UNPACKED / MIB }),
        };
        return take(Piece { file: file.into(), bytes, rest: None, named: true });
    }
    untar(file, &mut unpacked, take)
}

fn untar(file: &str, unpacked: &mut dyn Read, take: &mut dyn FnMut(Piece<'_>) -> Result<(), ImportError>) -> Result<(), ImportError> {
    let broken = |error: io::Error| ImportError::Archive { file: file.into(), problem: error.to_string() };
    // The bound is on what is unpacked, entries that are passed over included.
    let mut tar = tar::Archive::new(unpacked.take(MAX_TOTAL));
    let mut total = 0;
    for (count, entry) in tar.entries().map_err(broken)?.enumerate() {
        let mut entry = entry.map_err(broken)?;
        if count >= MAX_ENTRIES {
            return Err(ImportError::Archive { file: file.into(), problem: format!("it has more than {MAX_ENTRIES} entries") });
        }
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = format!("{file}:{}", entry.path().map_err(broken)?.display());
        let bytes = match read_text(&mut entry, MAX_UNPACKED).map_err(broken)? {
            Bounded::Text(bytes) => bytes,
            // An archive may hold anything.
            Bounded::Binary => continue,
            Bounded::TooLarge => return Err(ImportError::TooLarge { file: name, limit: MAX_UNPACKED / MIB }),
        };
        total += bytes.len() as u64;
        if total > MAX_TOTAL {
            return Err(ImportError::TooLarge { file: file.into(), limit: MAX_TOTAL / MIB });
        }
        take(Piece { file: name, bytes, rest: None, named: false })?;
    }
    Ok(())
}

fn directory(root: &Path, take: &mut dyn FnMut(Piece<'_>) -> Result<(), ImportError>) -> Result<(), ImportError> {
    let mut total = 0;
    let mut count = 0;
    let mut open = vec![(root.to_path_buf(), 0)];
    while let Some((path, depth)) = open.pop() {
        let unreadable = |source| ImportError::Unreadable { file: path.display().to_string(), source };
        let mut entries: Vec<_> = fs::read_dir(&path).map_err(unreadable)?.collect::<Result<_, _>>().map_err(unreadable)?;
        entries.sort_by_key(fs::DirEntry::path);
        for entry in entries {
            let (path, kind) = (entry.path(), entry.file_type().map_err(unreadable)?);
            count += 1;
            if count > MAX_ENTRIES {
                return Err(ImportError::Archive {
                    file: root.display().to_string(),
                    problem: format!("it has more than {MAX_ENTRIES} files"),
                });
            }
            if kind.is_dir() && depth < MAX_DEPTH {
                open.push((path, depth + 1));
            } else if kind.is_file() {
                let file = path.display().to_string();
                let mut opened = File::open(&path).map_err(|source| ImportError::Unreadable { file: file.clone(), source })?;
                let bytes = match bounded(&file, &mut opened, MAX_FILE) {
                    // A directory may hold anything.
                    Err(ImportError::Unknown { .. }) => continue,
                    bytes => bytes?,
                };
                total += bytes.len() as u64;
                if total > MAX_TOTAL {
                    return Err(ImportError::TooLarge { file: root.display().to_string(), limit: MAX_TOTAL / MIB });
                }
                take(Piece { file, bytes, rest: None, named: false })?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ends the test where it is read.
    struct NotRead;

    impl Read for NotRead {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("read"))
        }
    }

    #[test]
    fn a_file_that_is_too_large_is_refused_before_it_is_read() {
        let head = format!("{{\"apiVersion\": \"{}\", \"x\": \"{}\"", crate::snapshot::API_VERSION, "x".repeat(ours::HEAD));
        let refusal = |length| {
            stream("big.json".to_owned(), &mut head.as_bytes().chain(NotRead), length, &mut |_| Ok(())).err().map(|error| error.to_string())
        };
        assert_eq!(refusal(Some(MAX_FILE + 1)).as_deref(), Some("big.json: larger than 512 MiB"));
        assert_eq!((refusal(Some(MAX_FILE)), refusal(None)), (None, None), "its head alone is read here");
    }
}
