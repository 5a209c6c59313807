//! kubectl calico-fix: diagnoses and fixes Calico problems across a cluster.

#![deny(clippy::indexing_slicing, clippy::expect_used)]
#![cfg_attr(test, allow(clippy::disallowed_macros, reason = "a test says what it skips"))]

#[allow(clippy::indexing_slicing, reason = "rows and columns of the matrix are indices that it makes itself")]
pub mod autodetect;
#[allow(clippy::indexing_slicing, reason = "parsers of bytes: each place was found in the same text, and every parser is fuzzed")]
pub mod calico;
pub mod cli;
pub mod cluster;
pub mod commands;
pub mod diagnosis;
pub mod edit;
pub mod exit;
pub mod finding;
#[allow(clippy::indexing_slicing, reason = "parsers of bytes: each place was found in the same text, and every reader is fuzzed")]
pub mod import;
pub mod input_source;
pub mod limits;
#[allow(clippy::indexing_slicing, reason = "points are indices that the mesh gives out itself")]
pub mod mesh;
pub mod model;
pub mod observed;
mod parallel;
pub mod permissions;
pub mod plan;
pub mod probes;
#[allow(clippy::indexing_slicing, reason = "cells and rings are laid out by indices into their own tables")]
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
    if let (Ok(outcome), Err(error)) = (&result, streams.flush())
        && !outcome.is_of_a_change()
    {
        result = Err(error.into());
    }
    if let Err(failure) = &result {
        // With stderr gone too there is nobody left to tell; the exit code still says it.
        let _ = exit::explain(failure, &mut streams.err).and_then(|()| streams.flush());
    }
    exit::code(&result).into()
}
