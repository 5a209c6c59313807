//! Bombs and devices given to the program itself: what they cost is measured from outside, as addresses that it may use.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::PLUGIN;

/// For what is read, and for stacks.
const MOST_KIB: u64 = (150 + 32) << 10;

/// The program itself is mapped too.
fn limit() -> u64 {
    MOST_KIB + (fs::metadata(PLUGIN).expect("it is there").len() >> 10)
}

fn packed(path: &Path, blocks: usize, block: &[u8]) -> PathBuf {
    let mut packer = flate2::write::GzEncoder::new(fs::File::create(path).expect("creates"), flate2::Compression::fast());
    (0..blocks).for_each(|_| packer.write_all(block).expect("packs"));
    packer.finish().expect("packs");
    path.to_owned()
}

/// What begins as a snapshot of ours does, and goes on with one letter for so many MiB.
fn claimed(path: &Path, head: &[u8], size: usize) -> PathBuf {
    let mut packer = flate2::write::GzEncoder::new(fs::File::create(path).expect("creates"), flate2::Compression::best());
    packer.write_all(head).expect("packs");
    (0..size).for_each(|_| packer.write_all(&[b'y'; 1 << 20]).expect("packs"));
    packer.finish().expect("packs");
    path.to_owned()
}

/// A tar of large entries.
fn tar(path: &Path, entries: &[(&str, &[u8], usize)]) -> PathBuf {
    let packer = flate2::write::GzEncoder::new(fs::File::create(path).expect("creates"), flate2::Compression::fast());
    let mut archive = tar::Builder::new(packer);
    for (name, block, blocks) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_size((block.len() * blocks) as u64);
        header.set_mode(0o600);
        archive.append_data(&mut header, name, Repeated { block, left: block.len() * blocks }).expect("appends");
    }
    archive.into_inner().expect("ends").finish().expect("packs");
    path.to_owned()
}

struct Repeated<'a> {
    block: &'a [u8],
    left: usize,
}

impl std::io::Read for Repeated<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let at = (self.block.len() - self.left % self.block.len()) % self.block.len();
        let count = into.len().min(self.block.len() - at).min(self.left);
        into[..count].copy_from_slice(&self.block[at..at + count]);
        self.left -= count;
        Ok(count)
    }
}

/// Reads each, in a process that gets no more than the limit.
fn cost_little(inputs: &[PathBuf]) {
    let limit = limit();
    for input in inputs {
        let output = Command::new("/bin/sh")
            .args(["-c", "ulimit -v \"$1\" && exec \"$2\" status --from \"$3\"", "sh", &limit.to_string(), PLUGIN])
            .arg(input)
            .env_clear()
            .env("HOME", "/")
            // the C library reserves addresses for each thread
            .env("MALLOC_ARENA_MAX", "1")
            .output()
            .expect("runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(1 | 3)), "{}: {:?} {said:.400}", input.display(), output.status);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn nothing_costs_more_than_150_mib() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let alias =
        format!("kind: List\na: &a {}\nitems:\n{}", "x".repeat(100_000), "- [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n".repeat(20_000));
    fs::write(path("alias.yaml"), alias).expect("writes");
    fs::write(path("items.json"), format!("{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{}{{}}]}}", "{},".repeat(1 << 20)))
        .expect("writes");
    fs::write(path("items.yaml"), format!("apiVersion: v1\nkind: List\nitems:\n{}", "- {}\n".repeat(1 << 16))).expect("writes");
    let mut inputs = vec![
        PathBuf::from("/dev/zero"),
        PathBuf::from("/dev/urandom"),
        packed(&path("zeros.gz"), 200, &[0; 1 << 20]),
        packed(&path("letters.gz"), 120, &[b'y'; 1 << 20]),
        claimed(&path("snapshot.gz"), b"{\"apiVersion\": \"calico-fix/v1\", \"kind\": \"Snapshot\", \"more\": \"", 400),
        claimed(&path("snapshot.yaml.gz"), b"apiVersion: calico-fix/v1\nkind: Snapshot\nmore: ", 400),
        tar(&path("zeros.tgz"), &[("a", &[0; 1 << 20], 200)]),
    ];
    inputs.extend(["alias.yaml", "items.json", "items.yaml"].map(path));
    cost_little(&inputs);
}

/// More than is kept of a log or a page: 16 MiB.
#[test]
#[cfg(target_os = "linux")]
fn long_logs_cost_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let line = b"2026-05-12 05:18:33.000 [INFO][9] startup/startup.go 427: Early log level set to info\n";
    let lines = line.repeat((1 << 20) / line.len());
    cost_little(&[
        packed(&path("short-lines.gz"), 18, &b"y\n".repeat(1 << 19)),
        packed(&path("calico-node.log.gz"), 18, &lines),
        packed(&path("page.gz"), 18, &lines),
        tar(
            &path("logs.tgz"),
            &[("a/calico-node-aaaaa.log", &lines, 9), ("b/calico-node-bbbbb.log", &lines, 9), ("c/calico-node-ccccc.log", &lines, 9)],
        ),
    ]);
}
