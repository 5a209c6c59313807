//! What is shipped beside the program: help, man pages, completions, docs, examples, schemas, archives.

mod cli;
#[cfg(unix)]
mod completion;
mod documented;
#[cfg(unix)]
mod examples;
mod generated;
mod help;
mod krew;
mod man;
mod plain_words;
mod platforms;
mod rooms;

const PLUGIN: &str = env!("CARGO_BIN_EXE_kubectl-calico_fix");
const STANDALONE: &str = env!("CARGO_BIN_EXE_calico-fix");
