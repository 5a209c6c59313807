//! kubectl calico-fix: find out what is wrong with Calico, and mend it.

#![cfg_attr(test, allow(clippy::disallowed_macros, reason = "a test says what it skips"))]

pub mod autodetect;
pub mod calico;
pub mod cli;
pub mod cluster;
pub mod commands;
pub mod diagnosis;
pub mod edit;
pub mod exit;
pub mod finding;
pub mod import;
pub mod input_source;
pub mod limits;
pub mod mesh;
pub mod model;
pub mod observed;
pub mod permissions;
pub mod plan;
pub mod probes;
pub mod render;
pub mod reports;
pub mod rollout;
pub mod snapshot;
pub mod startup;
pub mod streams;
pub mod text;
pub mod verb;

/// The program, under either of its names.
pub fn run() -> std::process::ExitCode {
    exit::explain_panics();
    let mut streams = streams::Streams::standard();
    let mut result = commands::run(std::env::args_os().collect(), &mut streams);
    if let (Ok(_), Err(error)) = (&result, streams.flush()) {
        result = Err(error.into());
    }
    if let Err(failure) = &result {
        // With stderr gone too there is nobody left to tell; the exit code still says it.
        let _ = exit::explain(failure, &mut streams.err).and_then(|()| streams.flush());
    }
    exit::code(&result).into()
}
