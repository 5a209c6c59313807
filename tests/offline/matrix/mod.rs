//! `autodetect` from end to end: what people read, what programs read, what bad input gets.

mod listed;
mod read;
mod typed;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::save::save_to;
use support::output::text;

use crate::{PLUGIN, build};

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
