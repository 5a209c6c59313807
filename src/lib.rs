//! kubectl calico-fix: find out what is wrong with Calico, and mend it.

pub mod calico;
pub mod cli;
pub mod cluster;
pub mod diagnosis;
pub mod import;
pub mod observed;
pub mod snapshot;

/// The program, under either of its names.
pub fn run() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
