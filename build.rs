//! Tells the program which commit and target it was built from, for `version`.

#![expect(clippy::disallowed_macros, reason = "cargo reads what a build script prints")]

use std::process::Command;

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn main() {
    let given = std::env::var("CALICO_FIX_COMMIT").ok().filter(|commit| !commit.is_empty());
    // A source archive has no history, and may lie within another repository.
    let own = || std::path::Path::new(".git").exists().then(|| git(&["rev-parse", "--short=12", "HEAD"])).flatten();
    let commit = given.or_else(own).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=CALICO_FIX_COMMIT={commit}");
    println!("cargo::rustc-env=CALICO_FIX_TARGET={}", std::env::var("TARGET").unwrap_or_default());
    println!("cargo::rerun-if-env-changed=CALICO_FIX_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    // While developing, a commit alone is no reason to build everything anew.
    let release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|_| release && std::path::Path::new(".git").exists()) {
        println!("cargo::rerun-if-changed={log}");
    }
}
