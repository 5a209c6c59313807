#![no_main]

use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::import::load;
use calico_fix::snapshot::save;
use libfuzzer_sys::fuzz_target;

const OURS: &[u8] = b"apiVersion: calico-fix/v1\nkind: Snapshot\ntakenAt: 2026-01-01T00:00:00Z\norigin: live\n";

fn read(bytes: &[u8]) {
    let Ok(snapshot) = load(&["-".into()], &mut &bytes[..]) else { return };
    let _ = diagnose(&snapshot, &Scope::default());
    let saved = save::to_yaml(&snapshot).expect("what was read can be written");
    let again = load(&["-".into()], &mut saved.as_bytes()).expect("what was written can be read");
    assert_eq!(snapshot, again);
}

// Of any kind, and behind the head of a snapshot of ours.
fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    read(&[OURS, bytes].concat());
});
