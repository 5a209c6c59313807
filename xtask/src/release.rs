//! What a release is made of: the archive of one target, and the krew manifest for all of them.
//!
//! `cargo xtask release archive --version v1.2.3 --target x86_64-unknown-linux-musl --binaries target/…/release --out dist`
//! `cargo xtask release krew --version v1.2.3 --homepage URL --from URL --archives dist --out dist/index`

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};

use crate::ROOT;

/// Target, krew's name of its system and of its processor.
pub const TARGETS: [(&str, &str, &str); 5] = [
    ("x86_64-unknown-linux-musl", "linux", "amd64"),
    ("aarch64-unknown-linux-musl", "linux", "arm64"),
    ("x86_64-apple-darwin", "darwin", "amd64"),
    ("aarch64-apple-darwin", "darwin", "arm64"),
    ("x86_64-pc-windows-msvc", "windows", "amd64"),
];
pub const PROGRAMS: [&str; 2] = ["kubectl-calico_fix", "calico-fix"];
/// Beside the programs. krew refuses an archive without LICENSE.
const FILES: [&str; 2] = ["LICENSE", "README.md"];
const FOLDERS: [&str; 3] = ["completions", "man", "plugin-manifest"];
/// 1980-01-01: the same files give the same archive.
const STAMP: u32 = 315_532_800;

#[derive(Subcommand)]
pub enum ReleaseTask {
    /// Fail unless the tag is the version that Cargo.toml has
    Check {
        #[arg(long)]
        version: String,
    },
    /// Pack the programs of one target
    Archive {
        #[arg(long)]
        version: String,
        #[arg(long)]
        target: String,
        /// The folder that the programs were built in
        #[arg(long)]
        binaries: PathBuf,
        #[arg(long)]
        out: PathBuf,
    },
    /// Write an index for krew, `plugins/calico-fix.yaml`, from the archives of all targets
    Krew {
        #[arg(long)]
        version: String,
        #[arg(long)]
        homepage: String,
        /// Where the archives can be had, without their names
        #[arg(long)]
        from: String,
        #[arg(long)]
        archives: PathBuf,
        #[arg(long)]
        out: PathBuf,
    },
}

pub fn archive_name(version: &str, target: &str) -> String {
    format!("kubectl-calico_fix-{version}-{target}.tar.gz")
}

/// With everything at its top, for krew and `cargo binstall` alike.
pub fn archive(version: &str, target: &str, binaries: &Path, out: &Path, level: Compression) -> anyhow::Result<PathBuf> {
    if !TARGETS.iter().any(|(known, ..)| *known == target) {
        bail!("no release is made for {target}");
    }
    let suffix = if target.contains("windows") { ".exe" } else { "" };
    fs::create_dir_all(out)?;
    let path = out.join(archive_name(version, target));
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    let mut tar = tar::Builder::new(GzBuilder::new().mtime(STAMP).write(file, level));
    for program in PROGRAMS.map(|program| format!("{program}{suffix}")) {
        add(&mut tar, &binaries.join(&program), &program, 0o755)?;
    }
    for name in FILES {
        add(&mut tar, &Path::new(ROOT).join(name), name, 0o644)?;
    }
    for folder in FOLDERS {
        let mut names: Vec<String> = fs::read_dir(Path::new(ROOT).join(folder))?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<_>>()?;
        names.sort();
        for name in names {
            let mode = if name.starts_with("kubectl_complete-") { 0o755 } else { 0o644 };
            let inside = format!("{folder}/{name}");
            add(&mut tar, &Path::new(ROOT).join(&inside), &inside, mode)?;
        }
    }
    tar.into_inner()?.finish()?;
    Ok(path)
}

fn add(tar: &mut tar::Builder<impl Write>, path: &Path, inside: &str, mode: u32) -> anyhow::Result<()> {
    let mut file = File::open(path).with_context(|| path.display().to_string())?;
    let mut header = tar::Header::new_gnu();
    header.set_size(file.metadata()?.len());
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(u64::from(STAMP));
    Ok(tar.append_data(&mut header, inside, &mut file)?)
}

/// In lower case: krew takes no other.
pub fn sha256(path: &Path) -> anyhow::Result<String> {
    let mut digest = Sha256::new();
    io::copy(&mut File::open(path).with_context(|| path.display().to_string())?, &mut Hashing(&mut digest))?;
    let mut text = String::new();
    digest.finalize().iter().try_for_each(|byte| write!(text, "{byte:02x}"))?;
    Ok(text)
}

struct Hashing<'a>(&'a mut Sha256);

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A repository that holds just this is a custom index: `kubectl krew index add`.
pub fn krew(version: &str, homepage: &str, from: &str, archives: &Path, out: &Path) -> anyhow::Result<PathBuf> {
    let mut text = fs::read_to_string(Path::new(ROOT).join("krew/calico-fix.yaml.in"))?;
    text = text.replace("@VERSION@", version).replace("@HOMEPAGE@", homepage);
    for (target, os, arch) in TARGETS {
        let name = archive_name(version, target);
        let key = format!("{os}_{arch}").to_uppercase();
        text = text.replace(&format!("@URI_{key}@"), &format!("{}/{name}", from.trim_end_matches('/')));
        text = text.replace(&format!("@SHA256_{key}@"), &sha256(&archives.join(name))?);
    }
    // What the template says of itself is not for its readers.
    let text: String = text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    if let Some(left) = text.lines().find(|line| line.contains("\"@")) {
        bail!("nothing is known for: {}", left.trim());
    }
    let path = out.join("plugins").join("calico-fix.yaml");
    fs::create_dir_all(out.join("plugins"))?;
    fs::write(&path, text)?;
    fs::copy(Path::new(ROOT).join("krew/index.md"), out.join("README.md"))?;
    Ok(path)
}

/// `cargo install` and `cargo binstall` go by Cargo.toml, everything else by the tag.
fn check(version: &str) -> anyhow::Result<()> {
    let expected = concat!("v", env!("CARGO_PKG_VERSION"));
    if version != expected {
        bail!("the tag is {version}, and Cargo.toml says {expected}: set version under [workspace.package] first");
    }
    let manifest = fs::read_to_string(Path::new(ROOT).join("Cargo.toml"))?;
    if !manifest.lines().any(|line| line.starts_with("repository = \"")) {
        bail!("Cargo.toml has no repository: cargo binstall would not know where the archives are");
    }
    Ok(())
}

pub fn run(task: ReleaseTask) -> anyhow::Result<()> {
    let written = match task {
        ReleaseTask::Check { version } => return check(&version),
        ReleaseTask::Archive { version, target, binaries, out } => archive(&version, &target, &binaries, &out, Compression::best())?,
        ReleaseTask::Krew { version, homepage, from, archives, out } => krew(&version, &homepage, &from, &archives, &out)?,
    };
    Ok(writeln!(io::stdout(), "{}", written.display())?)
}
