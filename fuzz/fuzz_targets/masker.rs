#![no_main]

use calico_fix::snapshot::secrets::{LineMasker, masked};
use calico_fix::text::{clean, is_unsafe, shell};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let once = masked(text).into_owned();
    assert!(!once.contains("-----BEGIN "), "{once}");
    let mut lines = LineMasker::default();
    text.lines().for_each(|line| drop(lines.line(line)));
    if let Some(line) = shell::command(&["kubectl", text]) {
        assert!(clean(&line) == line && !line.chars().any(is_unsafe));
    }
});
