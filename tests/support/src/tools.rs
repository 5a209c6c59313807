//! Programs that tests use and not every machine has.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// From `target/tools/bin`, where `.ci/tools` puts what it builds, or from PATH. Where it is missing the test is left out, and says so
/// past the harness, which shows nothing of a test that passes; with CALICO_FIX_TOOLS=required that is a failure.
pub fn tool(name: &str, test: &str) -> Option<PathBuf> {
    let own = crate::root().join("target").join("tools").join("bin");
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::env::join_paths([own].into_iter().chain(std::env::split_paths(&paths))).expect("paths");
    let found = which::which_in(name, Some(paths), ".").ok();
    if found.is_none() {
        missing(name, test);
    }
    found
}

/// Says that a test is left out, once a run; with CALICO_FIX_TOOLS=required it fails.
pub fn missing(name: &str, test: &str) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let message = format!("SKIPPED, for there is no {name} here: {test}");
    assert_ne!(std::env::var("CALICO_FIX_TOOLS").as_deref(), Ok("required"), "{message}");
    if SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(message.clone()) {
        let _ = writeln!(std::io::stderr(), "{message}");
    }
}
