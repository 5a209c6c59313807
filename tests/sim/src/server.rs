//! The listening server: TLS, connections, and the handle tests hold.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use crate::api::Api;
use crate::api::exec_sandbox::Tools;
use crate::api::playback::Playback;
use crate::background::BackgroundSimulation;
use crate::fault;
use crate::scenario::world::{Cluster, Scenario};
use crate::tls::Authority;

/// What one request was, as the server saw it.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    /// Empty where nobody was recognised.
    pub user: String,
}

impl RecordedRequest {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether it asked for a change that is kept: no dry run, review or exec.
    pub fn writes(&self) -> bool {
        let verb = if matches!(self.method.as_str(), "GET" | "HEAD") { "get" } else { "write" };
        fault::writes(verb, &format!("{}?{}", self.path, self.query))
    }
}

/// A server on the current runtime; it stops when dropped.
pub struct Server {
    address: SocketAddr,
    directory: tempfile::TempDir,
    requests: Arc<Mutex<Vec<RecordedRequest>>>,
    task: tokio::task::JoinHandle<()>,
    cluster: Arc<Cluster>,
    away: mpsc::UnboundedSender<Duration>,
}

impl Server {
    pub async fn start(world: Scenario) -> io::Result<Self> {
        Self::start_with(world, None).await
    }

    async fn start_with(world: Scenario, playback: Option<Playback>) -> io::Result<Self> {
        let authority = Authority::new()?;
        let directory = tempfile::tempdir()?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        authority.write_kubeconfig(&directory.path().join("kubeconfig"), &format!("https://{address}"), &world.users)?;
        let requests = Arc::new(Mutex::new(Vec::new()));
        let cluster = Arc::new(Cluster::from(world));
        let (away, leaves) = mpsc::unbounded_channel();
        let api = Api { world: cluster.clone(), tools: Tools::new()?, requests: requests.clone(), playback, away: away.clone() };
        let api = Arc::new(api);
        let acceptor = TlsAcceptor::from(authority.server.clone());
        let task = tokio::spawn(listen(listener, address, acceptor, api, leaves));
        Ok(Self { address, directory, requests, task, cluster, away })
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.directory.path().join("kubeconfig")
    }

    /// What runs behind the server: to change it while it runs.
    pub fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
    }

    /// Breaks every connection and refuses new ones for this long.
    pub fn go_away(&self, how_long: Duration) {
        let _ = self.away.send(how_long);
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Every request so far, oldest first.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.requests.lock().map(|requests| requests.clone()).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(
    mut listener: TcpListener,
    address: SocketAddr,
    acceptor: TlsAcceptor,
    api: Arc<Api>,
    mut leaves: mpsc::UnboundedReceiver<Duration>,
) {
    // Dropping the set with the task ends every connection with the server.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { connections.spawn(serve(stream, acceptor.clone(), api.clone())); }
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            Some(how_long) = leaves.recv() => {
                drop(listener);
                connections.shutdown().await;
                tokio::time::sleep(how_long).await;
                listener = loop {
                    match TcpListener::bind(address).await {
                        Ok(listener) => break listener,
                        Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                    }
                };
            }
        }
    }
}

async fn serve(stream: tokio::net::TcpStream, acceptor: TlsAcceptor, api: Arc<Api>) {
    let _ = stream.set_nodelay(true);
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let certified = stream.get_ref().1.peer_certificates().is_some_and(|chain| !chain.is_empty());
    let service = service_fn(move |request| {
        let api = api.clone();
        async move { api.answer(request, certified).await }
    });
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

/// A server with a thread and a runtime of its own, for tests that are not async; it stops when dropped.
pub struct TestServer {
    server: Option<Server>,
    runtime: Option<tokio::runtime::Runtime>,
    kubeconfig: PathBuf,
}

/// Starts a server for `world`.
///
/// # Panics
/// When no runtime, port or temporary directory can be had: a test cannot go on without.
pub fn start(world: Scenario) -> TestServer {
    start_with(world, None)
}

/// As `start`, but each answer is made once and played back from then on, what a command prints on a host included. For measuring a client:
/// the cluster must not change.
///
/// # Panics
/// As `start`.
pub fn start_playback(world: Scenario) -> TestServer {
    start_with(world, Some(Playback::default()))
}

fn start_with(world: Scenario, playback: Option<Playback>) -> TestServer {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let server = runtime.block_on(Server::start_with(world, playback)).expect("a server on loopback");
    let kubeconfig = server.kubeconfig();
    TestServer { server: Some(server), runtime: Some(runtime), kubeconfig }
}

impl TestServer {
    fn server(&self) -> &Server {
        self.server.as_ref().expect("present until dropped")
    }

    /// Contexts in it: `admin` (current), `viewer`, `no-exec`, `nobody`, `certificate`, `unknown`.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// What runs behind the server: to change it while it runs.
    pub fn cluster(&self) -> &Arc<Cluster> {
        self.server().cluster()
    }

    /// Lets the cluster live, this many simulated seconds in each real one, until the guard is dropped.
    pub fn live(&self, pace: f64) -> BackgroundSimulation {
        BackgroundSimulation::start(self.cluster().clone(), pace)
    }

    /// Breaks every connection and refuses new ones for this long.
    pub fn go_away(&self, how_long: Duration) {
        self.server().go_away(how_long);
    }

    pub fn url(&self) -> String {
        self.server().url()
    }

    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.server().requests()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.server.take();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
