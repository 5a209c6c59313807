//! Makes what is made from the code. `cargo xtask` runs it, and the tests compare what is committed with what it makes.

pub mod generate;
#[cfg(unix)]
pub mod incidents;
pub mod release;

/// The repository's.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
