//! What krew gets: the archives and the manifest of a release, made by the program that releases are made by.

mod archive;
#[cfg(unix)]
mod real;
mod rules;

use std::fs;
use std::path::Path;

use flate2::Compression;
use xtask::release;

const VERSION: &str = "v1.2.3";

/// An archive for every target, with a word in each program's place.
fn stand_ins() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let binaries = folder.path().join("binaries");
    fs::create_dir(&binaries).expect("makes");
    for program in release::PROGRAMS {
        fs::write(binaries.join(program), "#!/bin/sh\necho stand-in\n").expect("writes");
        fs::write(binaries.join(format!("{program}.exe")), "stand-in").expect("writes");
    }
    for (target, ..) in release::TARGETS {
        release::archive(VERSION, target, &binaries, folder.path(), Compression::fast()).expect("packs");
    }
    folder
}

fn rendered(archives: &Path, from: &str) -> String {
    let path = release::krew(VERSION, "https://example.org/calico-fix", from, archives, &archives.join("index")).expect("renders");
    assert!(path.ends_with("index/plugins/calico-fix.yaml"), "{}", path.display());
    fs::read_to_string(path).expect("reads")
}
