//! The cluster room against a simulated API server.

#![cfg(unix)]

mod audited;
mod bounds;
mod connecting;
mod credentials;
mod failing;
mod gathering;
mod inside;
mod overrides;
mod proxied;

use std::ffi::OsString;
use std::time::Duration;

use calico_fix::cli::connection::ConnectionFlags;
use calico_fix::cluster::{self, ConnectError, Connection, GatherError, Silent, Surroundings, Wanted};
use calico_fix::snapshot::Snapshot;
use clap::Parser;
use sim::{Server, World};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    flags: ConnectionFlags,
}

fn flags(line: &str) -> ConnectionFlags {
    Line::try_parse_from(["x"].into_iter().chain(line.split_whitespace())).expect(line).flags
}

/// A process without a home and without variables but these.
fn surroundings(variables: &[(&str, OsString)]) -> Surroundings {
    let variables: Vec<(String, OsString)> = variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Surroundings::given(move |name| variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()), None)
}

async fn start(world: World) -> Server {
    Server::start(world).await.expect("a server on loopback")
}

async fn try_connect(server: &Server, line: &str) -> Result<Connection, ConnectError> {
    let line = format!("--kubeconfig {} {line}", server.kubeconfig().display());
    cluster::connect_from(&flags(&line), "status", &surroundings(&[])).await
}

async fn connect(server: &Server, line: &str) -> Connection {
    try_connect(server, line).await.expect(line)
}

async fn gather(server: &Server, line: &str, wanted: &Wanted) -> Result<Snapshot, GatherError> {
    cluster::gather(&connect(server, line).await, wanted, &Silent).await
}

async fn gathered(server: &Server, line: &str) -> Snapshot {
    gather(server, line, &brief()).await.expect(line)
}

async fn refused(server: &Server, line: &str) -> GatherError {
    gather(server, line, &brief()).await.expect_err(line)
}

/// No test waits fifteen seconds for a node that hangs.
fn brief() -> Wanted {
    Wanted { exec_timeout: Duration::from_secs(5), ..Wanted::default() }
}
