//! What needs no cluster: parsers, checks, findings, reports, and the program on saved files.

mod autodetect;
mod bird_texts;
mod build;
mod calicoctl;
mod checks;
mod coverage;
mod detection;
mod fuzzed;
mod hostile_text;
mod import;
mod installers;
mod matrix;
mod objects;
mod pages;
mod recorded;
mod render;
mod saved;
mod security_page;
mod startup;
mod timeline;

const PLUGIN: &str = env!("CARGO_BIN_EXE_kubectl-calico_fix");
const STANDALONE: &str = env!("CARGO_BIN_EXE_calico-fix");

/// How many random inputs a property is tried with: `PROPTEST_CASES`, or as many as are usual for it.
fn cases(usual: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}
