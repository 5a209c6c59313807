//! The command line, and the program that is tried.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) const USAGE: &str = "\
usage: chaos [--runs N] [--seed S] [--jobs N] [--plugin PATH] [--verbose]
  --runs     200 unless said
  --seed     of the first run; the others count on from it. 1 unless said
  --jobs     runs at the same time, twelve for each processor unless said: most of a run is waiting
  --plugin   the program to try; built by cargo, in the same profile, unless said
  --verbose  print every run, not only those that break a rule";

pub(crate) struct Asked {
    pub runs: u64,
    pub seed: u64,
    pub jobs: usize,
    pub verbose: bool,
    plugin: Option<PathBuf>,
}

const NAME: &str = "kubectl-calico_fix";

impl Asked {
    /// `None`: something was said that is not understood, or help was asked for.
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Option<Self> {
        let jobs = std::thread::available_parallelism().map_or(2, usize::from) * 12;
        let mut asked = Self { runs: 200, seed: 1, jobs, verbose: false, plugin: None };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--runs" => asked.runs = words.next()?.parse().ok()?,
                "--seed" => asked.seed = words.next()?.parse().ok()?,
                "--jobs" => asked.jobs = words.next()?.parse().ok().filter(|jobs| *jobs > 0)?,
                "--plugin" => asked.plugin = Some(words.next()?.into()),
                "--verbose" => asked.verbose = true,
                _ => return None,
            }
        }
        Some(asked)
    }

    /// The program beside this one, built anew where cargo has started this one.
    pub(crate) fn plugin(&self) -> io::Result<PathBuf> {
        if let Some(given) = &self.plugin {
            return given.canonicalize();
        }
        let own = std::env::current_exe()?;
        let folder = own.parent().map(Path::to_owned).unwrap_or_default();
        if let Some(cargo) = std::env::var_os("CARGO") {
            let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
            let mut build = Command::new(cargo);
            build.current_dir(root).args(["build", "--locked", "--quiet", "--package", "kubectl-calico-fix", "--bin", NAME]);
            if folder.ends_with("release") {
                build.arg("--release");
            }
            if !build.status()?.success() {
                return Err(io::Error::other("the program to try could not be built"));
            }
        }
        folder.join(NAME).canonicalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_counts_and_nonsense_is_refused() {
        let read = |words: &[&str]| Asked::read(words.iter().map(|word| (*word).to_owned()));
        let asked = read(&["--runs", "7", "--seed", "3", "--jobs", "2"]).expect("is understood");
        assert_eq!((asked.runs, asked.seed, asked.jobs, asked.verbose), (7, 3, 2, false));
        for words in [&["--runs"][..], &["--runs", "x"], &["--jobs", "0"], &["--help"]] {
            assert!(read(words).is_none(), "{words:?}");
        }
    }
}
