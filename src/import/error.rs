//! What can be wrong with a file, and what to do then.

use std::path::PathBuf;

/// Each message names the file (as it was given, an archive's entry behind a colon), what is wrong, and what to type instead.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("no file was given to read from")]
    Nothing,
    #[error("{}: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{file}: {problem}")]
    Bad { file: String, problem: String, hint: &'static str },
}

impl ImportError {
    /// What to type instead, where something can be said.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Nothing => Some("give a file: --from FILE, or - for standard input"),
            Self::Unreadable { .. } => None,
            Self::Bad { hint, .. } => Some(hint),
        }
    }
}
