//! The fuzz targets without libFuzzer: over kept inputs, and these damaged at random. `PROPTEST_CASES` says how often.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

/// Larger inputs take long and reach nothing more.
const MAX_SEED: u64 = 24 << 10;

fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            below(&path, found);
        } else if entry.metadata().is_ok_and(|meta| meta.len() <= MAX_SEED) {
            found.push(path);
        }
    }
}

/// What found a fault once, beside real texts.
fn seeds() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for folder in ["fuzz/kept", "tests/fixtures/bird", "tests/fixtures/ip", "tests/fixtures/logs", "tests/fixtures/import"] {
        below(&root.join(folder), &mut paths);
    }
    paths.sort();
    assert!(paths.len() > 40, "{}", paths.len());
    paths.iter().map(|path| fs::read(path).expect("reads")).collect()
}

#[test]
fn each_target_has_its_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let mut files: Vec<String> =
        fs::read_dir(folder).expect("lists").flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    files.sort();
    assert_eq!(files, fuzz_bodies::TARGETS.map(|(name, _)| format!("{name}.rs")));
}

#[test]
fn every_target_holds_over_what_is_kept() {
    for seed in seeds() {
        for (name, target) in fuzz_bodies::TARGETS {
            let held = std::panic::catch_unwind(|| target(&seed));
            assert!(held.is_ok(), "{name}: {}", String::from_utf8_lossy(&seed));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::cases(32), ..ProptestConfig::default() })]

    #[test]
    fn every_target_holds_over_damaged_inputs(
        seed in 0_usize..10_000,
        first: u8,
        damages in prop::collection::vec((0.0..1.0f64, 0usize..24, prop::collection::vec(any::<u8>(), 0..6)), 0..10),
    ) {
        let seeds = seeds();
        let mut bytes = seeds[seed % seeds.len()].clone();
        for (place, length, new) in damages {
            let at = ((bytes.len() as f64) * place) as usize;
            bytes.splice(at..(at + length).min(bytes.len()), new);
        }
        bytes.insert(0, first);
        for (_, target) in fuzz_bodies::TARGETS {
            target(&bytes);
            target(&bytes[1..]);
        }
    }
}
