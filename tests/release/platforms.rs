//! What is compiled on Unix alone has its twin for Windows, or a reason to have none.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Files whose `cfg(unix)` has no `cfg(not(unix))`.
const WITHOUT_TWIN: [(&str, &str); 3] = [
    ("src/commands/man/mod.rs", "Windows has no file modes: a new file has the rights of its folder"),
    ("src/snapshot/save.rs", "Windows has no file modes: a new file has the rights of its folder"),
    ("src/render/lines.rs", "one of its tests runs /bin/sh"),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

#[test]
fn what_is_for_unix_alone_has_a_twin_or_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    let mut lonely = BTreeSet::new();
    for file in &files {
        let source = fs::read_to_string(file).expect("a source file");
        let name = file.strip_prefix(root).expect("a file in src").to_string_lossy().replace('\\', "/");
        let count = |gate: &str| source.matches(gate).count();
        let (unix, twins) = (count("cfg(unix)"), count("cfg(not(unix))") + count("cfg(windows)"));
        assert!(unix > 0 || !source.contains("os::unix") && !source.contains("signal::unix"), "{name} does not compile on Windows");
        assert!(count("os::windows") == 0 || twins > 0, "{name} does not compile on Unix");
        if unix > twins {
            lonely.insert(name);
        }
    }
    let reasons: BTreeSet<String> = WITHOUT_TWIN.iter().map(|(file, _)| (*file).to_owned()).collect();
    assert_eq!(lonely, reasons, "left: files without a twin, right: files with a reason");
}
