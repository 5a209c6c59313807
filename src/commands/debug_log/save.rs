//! Saves the logs, masked, each to its own file.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use crate::calico::startup_log::MaskedCopy;
use crate::cli::debug_log::DebugLogArgs;
use crate::exit::Failure;
use crate::snapshot::save::Beside;

pub(super) struct Place {
    to: To,
    saved: RefCell<Vec<PathBuf>>,
}

enum To {
    Nowhere,
    Stdout,
    File(PathBuf),
    Folder(PathBuf),
}

/// A log that is being written.
pub(super) enum Saving {
    Nowhere,
    #[cfg(test)]
    Memory(Vec<u8>),
    Stdout(Box<MaskedCopy<io::Stdout>>),
    /// A temporary file until the log is whole: an older file survives a failure, and may be the one that is read.
    File {
        copy: Box<MaskedCopy<BufWriter<File>>>,
        beside: Beside,
        path: PathBuf,
    },
}

impl Place {
    pub(super) fn of(arguments: &DebugLogArgs) -> Result<Self, Failure> {
        let to = match arguments.output.as_deref() {
            None => To::Nowhere,
            Some(path) if path == Path::new("-") => To::Stdout,
            Some(path) if path.is_dir() || path.as_os_str().to_string_lossy().ends_with(['/', std::path::MAIN_SEPARATOR]) => {
                To::Folder(path.to_owned())
            }
            Some(path) => To::File(path.to_owned()),
        };
        Ok(Self { to, saved: RefCell::default() })
    }

    pub(super) fn nowhere() -> Self {
        Self { to: To::Nowhere, saved: RefCell::default() }
    }

    pub(super) fn is_stdout(&self) -> bool {
        matches!(self.to, To::Stdout)
    }

    pub(super) fn saved(&self) -> Vec<PathBuf> {
        self.saved.borrow().clone()
    }

    /// One file holds one log.
    pub(super) fn suits(&self, logs: usize) -> Result<(), Failure> {
        let To::File(path) = &self.to else { return Ok(()) };
        if logs <= 1 {
            return Ok(());
        }
        let path = path.display();
        Err(Failure::Usage {
            message: format!("{logs} logs do not go into one file, {path}"),
            hint: Some(format!("Name a directory: --output {path}/, or one node with --node NAME.")),
        })
    }

    pub(super) fn begin(&self, name: &str) -> Result<Saving, Failure> {
        let path = match &self.to {
            To::Nowhere => return Ok(Saving::Nowhere),
            To::Stdout => return Ok(Saving::Stdout(Box::new(MaskedCopy::new(io::stdout())))),
            To::File(path) => path.clone(),
            To::Folder(folder) => {
                fs::create_dir_all(folder).map_err(|source| failure(folder, source))?;
                folder.join(safe(name))
            }
        };
        let (file, beside) = Beside::create(&path).map_err(|source| failure(&path, source))?;
        Ok(Saving::File { copy: Box::new(MaskedCopy::new(BufWriter::new(file))), beside, path })
    }

    /// A log that could not be read to its end is kept as far as it was read; an empty one is removed.
    pub(super) fn end(&self, saving: Saving, any: bool) -> Result<(), Failure> {
        match saving {
            Saving::Nowhere => Ok(()),
            #[cfg(test)]
            Saving::Memory(_) => Ok(()),
            Saving::Stdout(copy) => settle(copy.finish().map(|_| ())).map_err(Failure::Output),
            Saving::File { copy, beside, path } => {
                let kept = copy.finish().and_then(|_| if any { beside.rename() } else { Ok(()) });
                kept.map_err(|source| failure(&path, source))?;
                let mut saved = self.saved.borrow_mut();
                if any && !saved.contains(&path) {
                    saved.push(path);
                }
                Ok(())
            }
        }
    }
}

impl Saving {
    pub(super) fn push(&mut self, chunk: &[u8]) -> io::Result<()> {
        match self {
            Self::Nowhere => Ok(()),
            #[cfg(test)]
            Self::Memory(saved) => {
                saved.extend_from_slice(chunk);
                Ok(())
            }
            Self::Stdout(copy) => settle(copy.push(chunk)),
            Self::File { copy, .. } => copy.push(chunk),
        }
    }
}

/// A closed standard output is no failure.
fn settle(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn failure(path: &Path, source: io::Error) -> Failure {
    Failure::NotWritten { path: path.to_owned(), source }
}

/// Names come from a cluster or a path: no part of one leads out of the directory.
fn safe(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = name.chars().map(|c| if plain(c) { c } else { '_' }).take(200).collect();
    format!("{}.log", name.trim_start_matches('.').trim_end_matches(".log"))
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn names_stay_in_the_directory() {
        for (name, file) in
            [("node-1.previous", "node-1.previous.log"), ("../../etc/passwd", "_.._etc_passwd.log"), ("a b.log", "a_b.log"), ("", ".log")]
        {
            assert_eq!(safe(name), file, "{name}");
        }
    }
}
