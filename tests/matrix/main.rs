//! `autodetect` from end to end: what people read, what programs read, what bad input gets.

#[path = "../checks/build.rs"]
#[allow(dead_code, reason = "the checks use the rest")]
mod build;
mod listed;
#[cfg(unix)]
mod live;
#[path = "../checks/objects.rs"]
mod objects;
mod read;
mod typed;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::save::save_to;

const PLUGIN: &str = env!("CARGO_BIN_EXE_kubectl-calico_fix");

/// Without a home and without variables.
fn run(arguments: &[&str]) -> Output {
    Command::new(PLUGIN).env_clear().env("HOME", "").arg("autodetect").args(arguments).output().expect("runs")
}

fn on(path: &Path, arguments: &[&str]) -> Output {
    run(&[&["--from", path.to_str().expect("a path")][..], arguments].concat())
}

fn saved(folder: &Path, snapshot: &Snapshot) -> PathBuf {
    let path = folder.join("snapshot.yaml");
    save_to(snapshot, &path).expect("saves");
    path
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}
