//! The cluster room against a simulated API server.

mod again;
mod audited;
mod bounds;
mod connecting;
mod credentials;
mod deadline;
mod failing;
mod fleet;
mod gathering;
mod inside;
mod overrides;
mod proxied;

use std::ffi::OsString;
use std::time::Duration;

use calico_fix::cli::connection::ConnectionFlags;
use calico_fix::cluster::{self, ConnectError, Connection, GatherError, NoProgress, ProcessEnv, ReadOptions};
use calico_fix::snapshot::Snapshot;
use calico_fix::verb::Verb;
use clap::Parser;
use sim::{Scenario, Server};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    flags: ConnectionFlags,
}

fn flags(line: &str) -> ConnectionFlags {
    Line::try_parse_from(["x"].into_iter().chain(line.split_whitespace())).expect(line).flags
}

/// A process without a home and without variables but these.
fn surroundings(variables: &[(&str, OsString)]) -> ProcessEnv {
    let variables: Vec<(String, OsString)> = variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    ProcessEnv::given(move |name| variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()), None)
}

async fn start(world: Scenario) -> Server {
    Server::start(world).await.expect("a server on loopback")
}

async fn try_connect(server: &Server, line: &str) -> Result<Connection, ConnectError> {
    let line = format!("--kubeconfig {} {line}", server.kubeconfig().display());
    cluster::connect_from(&flags(&line), Verb::Status, &surroundings(&[])).await
}

async fn connect(server: &Server, line: &str) -> Connection {
    try_connect(server, line).await.expect(line)
}

async fn read_cluster(server: &Server, line: &str, wanted: &ReadOptions) -> Result<Snapshot, GatherError> {
    cluster::read_cluster(&connect(server, line).await, wanted, &NoProgress).await
}

async fn gathered(server: &Server, line: &str) -> Snapshot {
    read_cluster(server, line, &brief()).await.expect(line)
}

async fn refused(server: &Server, line: &str) -> GatherError {
    read_cluster(server, line, &brief()).await.expect_err(line)
}

/// No test waits fifteen seconds for a node that hangs.
fn brief() -> ReadOptions {
    ReadOptions { exec_timeout: Duration::from_secs(5), ..ReadOptions::default() }
}
