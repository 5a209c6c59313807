//! What is in an archive.

use std::collections::BTreeMap;
use std::fs::File;

use super::*;

/// Mode and size, by path.
fn entries(path: &Path) -> BTreeMap<String, (u32, u64)> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(File::open(path).expect("opens")));
    let entry = |entry: std::io::Result<tar::Entry<'_, _>>| {
        let entry = entry.expect("an entry");
        // krew takes nothing else.
        assert!(entry.header().entry_type().is_file(), "{:?}", entry.path());
        let header = entry.header();
        assert_eq!((header.uid().ok(), header.gid().ok()), (Some(0), Some(0)));
        (entry.path().expect("a path").to_string_lossy().into_owned(), (header.mode().expect("a mode"), entry.size()))
    };
    archive.entries().expect("an archive").map(entry).collect()
}

#[test]
fn each_has_the_programs_the_licence_and_what_helps_to_use_them() {
    let folder = stand_ins();
    for (target, os, _) in release::TARGETS {
        let entries = entries(&folder.path().join(release::archive_name(VERSION, target)));
        let suffix = if os == "windows" { ".exe" } else { "" };
        for program in release::PROGRAMS {
            assert_eq!(entries[&format!("{program}{suffix}")].0, 0o755, "{target}");
        }
        for file in [
            "LICENSE",
            "README.md",
            "completions/calico-fix.bash",
            "completions/_calico-fix",
            "man/kubectl-calico-fix.1",
            "plugin-manifest/view.yaml",
            "plugin-manifest/edit.yaml",
        ] {
            let size = fs::metadata(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("is there").len();
            assert_eq!(entries[file], (0o644, size), "{target}: {file}");
        }
        assert_eq!(entries["completions/kubectl_complete-calico_fix"].0, 0o755);
    }
}

/// Whoever builds the same can compare.
#[test]
fn the_same_files_give_the_same_bytes() {
    let [first, second] = [stand_ins(), stand_ins()];
    for (target, ..) in release::TARGETS {
        let name = release::archive_name(VERSION, target);
        let [first, second] = [&first, &second].map(|folder| release::sha256(&folder.path().join(&name)).expect("reads"));
        assert_eq!(first, second, "{name}");
    }
}

#[test]
fn nothing_is_made_of_what_is_not_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let make = |target: &str| release::archive(VERSION, target, folder.path(), folder.path(), Compression::fast());
    assert!(make("riscv64gc-unknown-linux-gnu").is_err());
    let error = make("x86_64-unknown-linux-musl").expect_err("no programs").to_string();
    assert!(error.ends_with("kubectl-calico_fix"), "{error}");
    assert!(release::krew(VERSION, "https://example.org", "https://example.org", folder.path(), folder.path()).is_err());
}

/// `cargo binstall` finds an archive where the release puts it, under the name it has there.
#[test]
fn cargo_binstall_is_told_the_same_names() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).expect("reads");
    let url = manifest.lines().find_map(|line| line.strip_prefix("pkg-url = \"")).and_then(|rest| rest.strip_suffix('"')).expect("pkg-url");
    for (target, ..) in release::TARGETS {
        let filled = url.replace("{ repo }", "https://example.org/x").replace("{ version }", "1.2.3").replace("{ target }", target);
        let name = release::archive_name(VERSION, target);
        assert_eq!(filled, format!("https://example.org/x/releases/download/{VERSION}/{name}"));
    }
    assert!(manifest.contains("bin-dir = \"{ bin }{ binary-ext }\"") && manifest.contains("pkg-fmt = \"tgz\""));
}
