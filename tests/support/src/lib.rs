//! What the three test programs share.

#[cfg(unix)]
pub mod manifests;
pub mod output;
pub mod tools;

use std::path::Path;

/// The repository's folder.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
