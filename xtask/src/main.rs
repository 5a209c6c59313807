//! `cargo xtask`: makes what is made from the code.

use clap::Parser;
use xtask::release::ReleaseTask;
use xtask::{generate, release};

#[derive(Parser)]
enum Task {
    /// Write schemas/ and man/
    Generate,
    /// Write examples/incidents/
    #[cfg(unix)]
    Incidents,
    /// Make the archives and the krew manifest of a release
    #[command(subcommand)]
    Release(ReleaseTask),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Task::parse() {
        Task::Generate => generate::write(),
        #[cfg(unix)]
        Task::Incidents => xtask::incidents::write().await,
        Task::Release(task) => release::run(task),
    }
}
