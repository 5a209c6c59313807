//! Tells the program which version it is, which commit and target it was built from, and which API it was built with.

#![expect(clippy::disallowed_macros, reason = "cargo reads what a build script prints")]

use std::process::Command;

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// `v1.33`, from what k8s-openapi's own build script says to those that are built with it: 73984 is 0x00_01_21_00.
fn kubernetes() -> Option<String> {
    let (_, value) = std::env::vars().find(|(name, _)| name.starts_with("DEP_K8S_OPENAPI_") && name.ends_with("_VERSION"))?;
    let number: u32 = value.parse().ok()?;
    Some(format!("v{}.{}", number >> 16, (number >> 8) & 0xff))
}

/// Tables for unwinding, which a program that aborts on a panic never reads: 0.8 MB. The compiler's own start files keep theirs, which
/// musl's refer to.
fn without_unwind_tables() {
    let Some(folder) = std::env::var_os("OUT_DIR") else { return };
    let script = std::path::Path::new(&folder).join("without-unwind-tables.ld");
    let text = "SECTIONS { /DISCARD/ : { *(EXCLUDE_FILE(*crtbegin*.o *crtend*.o) .eh_frame) } } INSERT AFTER .text;\n";
    if std::fs::write(&script, text).is_ok() {
        println!("cargo::rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{}", script.display());
    }
}

fn main() {
    let given = std::env::var("CALICO_FIX_COMMIT").ok().filter(|commit| !commit.is_empty());
    // A source archive has no history, and may lie within another repository.
    let own = || std::path::Path::new(".git").exists().then(|| git(&["rev-parse", "--short=12", "HEAD"])).flatten();
    let commit = given.or_else(own).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=CALICO_FIX_COMMIT={commit}");
    println!("cargo::rustc-env=CALICO_FIX_TARGET={}", std::env::var("TARGET").unwrap_or_default());
    // A release is named by its tag; anything else by Cargo.toml.
    let tag = std::env::var("CALICO_FIX_VERSION").ok().filter(|tag| !tag.is_empty());
    let version = tag.unwrap_or_else(|| format!("v{}", std::env::var("CARGO_PKG_VERSION").unwrap_or_default()));
    println!("cargo::rustc-env=CALICO_FIX_VERSION={version}");
    println!("cargo::rustc-env=CALICO_FIX_KUBERNETES={}", kubernetes().unwrap_or_default());
    println!("cargo::rerun-if-env-changed=CALICO_FIX_VERSION");
    println!("cargo::rerun-if-env-changed=CALICO_FIX_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    // While developing, a commit alone is no reason to build everything anew.
    let release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if release && std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        without_unwind_tables();
    }
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|_| release && std::path::Path::new(".git").exists()) {
        println!("cargo::rerun-if-changed={log}");
    }
}
