//! Real starts, from the recordings where they are at hand.

#![allow(clippy::disallowed_macros, reason = "a test says what it skips")]

use std::path::PathBuf;

use calico_fix::diagnosis::view::View;
use calico_fix::snapshot::Snapshot;
use calico_fix::startup::attempt::Fate::{self, *};
use calico_fix::startup::measure::measure;

pub fn recording(case: &str) -> Option<Snapshot> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/recordings/real")).join(case);
    if !folder.exists() {
        println!("skipped: no recordings here");
        return None;
    }
    Some(calico_fix::import::load(&[folder], &mut std::io::empty()).expect("loads"))
}

/// Case, fates of node-2, and its start.
type Case = (&'static str, &'static [Fate], Option<(f64, bool)>);

const CASES: &[Case] = &[
    ("v3.24.5/incident2-info", &[Exited], None),
    ("v3.24.5/incident2-debug", &[Starting, KilledWhileStarting], Some((25.0, true))),
    // The last line carries no time of its own there: it took 30.6 s.
    ("v3.24.5/incident2-fixed", &[Runs], Some((24.3, false))),
    ("v3.24.5/healthy", &[Runs], Some((0.9, false))),
    ("master/api-unreachable-from-node-2", &[Starting, KilledWhileStarting], Some((70.0, true))),
];

#[test]
fn what_became_of_real_starts() {
    for (case, fates, start) in CASES {
        let Some(snapshot) = recording(case) else { return };
        let view = View::new(&snapshot);
        let measured = measure(&view, view.node("node-2").expect("node-2"));
        let found: Vec<Fate> = measured.attempts.iter().map(|attempt| attempt.fate).collect();
        assert_eq!(found, *fates, "{case}: {measured:#?}");
        let told = measured.start.map(|start| (start.seconds, start.at_least));
        let near = match (told, start) {
            (Some((seconds, bound)), Some((expected, expected_bound))) => (seconds - expected).abs() < 1.5 && bound == *expected_bound,
            (None, None) => true,
            _ => false,
        };
        assert!(near, "{case}: {told:?}");
    }
}
