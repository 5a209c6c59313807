//! From flags and kubeconfig to a client that names itself in the audit log.

use std::ffi::OsString;
use std::fmt;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri};

use super::clock::ServerClock;
use super::error::ConnectError;
use super::kubeconfig::MergedConfig;
use super::timeout::{self, Timeouts};
use super::{credential, proxy};
use crate::cli::connection::ConnectionFlags;
use crate::limits::DEADLINE;
use crate::snapshot::secrets::without_userinfo;
use crate::verb::Verb;

/// A cluster that can be asked. Setting one up sends nothing yet.
#[derive(Clone)]
pub struct Connection {
    pub client: kube::Client,
    pub context: Option<String>,
    /// As the kubeconfig has it: `https://10.0.0.1:6443`.
    pub server: String,
    /// The context's namespace, or `default`.
    pub default_namespace: String,
    /// `-n`, when it was given.
    pub namespace: Option<String>,
    pub timeouts: Timeouts,
    /// For reading the cluster as a whole; `None` is no limit.
    pub deadline: Option<Duration>,
    pub route: Arc<Route>,
    pub clock: Arc<ServerClock>,
    /// When the credentials end, where that is known: a watch must connect anew by then.
    pub valid_until: Option<jiff::Timestamp>,
}

impl Connection {
    /// The API server's time; this machine's until the server has answered.
    pub fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// This machine's time, for when no server is known.
    pub fn local_now() -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("context", &self.context).field("server", &self.server).finish_non_exhaustive()
    }
}

/// What an error about the way to the server must be able to name.
#[derive(Clone, Debug, Default)]
pub struct Route {
    pub server: String,
    /// `host:port`, as kubectl names a server that refuses.
    pub host: String,
    /// What the server's certificate is checked against.
    pub authority: String,
    pub tls_server_name: Option<String>,
    /// Without user and password.
    pub proxy: Option<String>,
    pub credential: Credential,
}

/// How the program shows who it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credential {
    #[default]
    None,
    Token,
    TokenFile(String),
    Certificate,
    Password,
    /// A credential plugin, by its command.
    Exec(String),
    Provider(String),
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("a request without credentials"),
            Self::Token => f.write_str("the token"),
            Self::TokenFile(path) => write!(f, "the token of {path}"),
            Self::Certificate => f.write_str("the client certificate"),
            Self::Password => f.write_str("the user name and password"),
            Self::Exec(command) => write!(f, "the credentials from {command}"),
            Self::Provider(name) => write!(f, "the credentials of the auth provider {name}"),
        }
    }
}

type Variables = dyn Fn(&str) -> Option<OsString> + Send + Sync;

/// What the process is told besides its flags.
pub struct ProcessEnv {
    variables: Box<Variables>,
    pub home: Option<PathBuf>,
    /// A credential plugin may ask the person at it.
    terminal: bool,
}

impl ProcessEnv {
    pub fn of_process() -> Self {
        let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        Self { variables: Box::new(|name| std::env::var_os(name)), home, terminal: std::io::stdin().is_terminal() }
    }

    pub fn given(variables: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static, home: Option<PathBuf>) -> Self {
        Self { variables: Box::new(variables), home, terminal: false }
    }

    /// Several plugins at once cannot share one keyboard.
    pub fn without_terminal(self) -> Self {
        Self { terminal: false, ..self }
    }

    pub fn variable(&self, name: &str) -> Option<OsString> {
        (self.variables)(name)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.variable(name)?.into_string().ok()
    }
}

/// Reads the kubeconfig as kubectl does, never the pod's own service account. `verb` goes into `Kubectl-Command`.
pub async fn connect(flags: &ConnectionFlags, verb: Verb) -> Result<Connection, ConnectError> {
    connect_from(flags, verb, &ProcessEnv::of_process()).await
}

pub async fn connect_from(flags: &ConnectionFlags, verb: Verb, around: &ProcessEnv) -> Result<Connection, ConnectError> {
    connect_with(&MergedConfig::read(flags, around)?, flags, verb, around).await
}

pub(super) async fn connect_with(
    merged: &MergedConfig,
    flags: &ConnectionFlags,
    verb: Verb,
    around: &ProcessEnv,
) -> Result<Connection, ConnectError> {
    let timeouts = Timeouts::from_flag(flags.request_timeout.as_deref())?;
    let deadline = timeout::parse_flag(flags.deadline.as_deref(), DEADLINE)?;
    let mut chosen = merged.choose(flags)?;
    let credential = credential::describe(&chosen.auth);
    credential::check(&mut chosen)?;
    let valid_until = credential::resolve(&mut chosen, deadline, around.terminal).await?;
    let server = without_userinfo(&chosen.server);
    let uri: Uri = chosen.server.parse().map_err(|_| ConnectError::BadServer { server: server.clone() })?;
    let proxy_url = proxy::for_server(&uri, chosen.cluster.proxy_url.as_deref(), |name| around.text(name))?;
    let route = Arc::new(Route {
        server: server.clone(),
        host: host(&uri),
        authority: chosen.authority(),
        tls_server_name: chosen.cluster.tls_server_name.clone(),
        proxy: proxy_url.as_ref().map(|uri| format!("{}://{}", uri.scheme_str().unwrap_or("http"), host(uri))),
        credential,
    });
    let mut config = kube::Config::new(uri);
    config.default_namespace = chosen.namespace.clone();
    config.root_cert = chosen.root_certificates()?;
    config.accept_invalid_certs = chosen.cluster.insecure_skip_tls_verify.unwrap_or(false);
    config.disable_compression = chosen.cluster.disable_compression.unwrap_or(false);
    config.tls_server_name = chosen.cluster.tls_server_name.clone();
    config.proxy_url = proxy_url;
    // kube's own retries cover writes too, up to 15 times; reads are retried in `request`.
    config.default_retry = false;
    config.headers = headers(verb)?;
    config.auth_info = chosen.auth;
    let client = kube::Client::try_from(config).map_err(|error| ConnectError::Invalid(credential::without_secrets(&error)))?;
    Ok(Connection {
        client,
        context: chosen.context,
        server,
        default_namespace: chosen.namespace,
        namespace: flags.namespace.clone().filter(|name| !name.is_empty()),
        timeouts,
        deadline,
        route,
        clock: Arc::default(),
        valid_until,
    })
}

/// `host:port`, with the port even where the URL leaves it out, and never the user part of a URL.
fn host(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default();
    match uri.port_u16() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// What the audit log shows: kubectl's own headers (kubectl `command_headers.go`).
fn headers(verb: Verb) -> Result<Vec<(HeaderName, HeaderValue)>, ConnectError> {
    let value = |text: String| HeaderValue::try_from(text).map_err(|error| ConnectError::Invalid(error.to_string()));
    Ok(vec![
        (http::header::USER_AGENT, value(user_agent())?),
        (HeaderName::from_static("kubectl-command"), value(format!("kubectl calico-fix {verb}"))?),
    ])
}

/// Go's names for system and processor, so that it sorts with kubectl's.
fn user_agent() -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    format!("kubectl-calico_fix/{} ({os}/{arch})", env!("CALICO_FIX_VERSION").trim_start_matches('v'))
}
