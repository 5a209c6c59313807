//! What can go wrong between here and an answer, in kubectl's words, and the next step as data.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::connect::{Credential, Route};
use super::discover::DiscoverError;
use super::proxy::InvalidProxy;
use super::timeout::InvalidTimeout;
use crate::permissions::request::ApiRequest;
use crate::permissions::table::role_for;

/// No connection could be set up; nothing has been asked yet.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("error: invalid configuration: no configuration has been provided")]
    NoConfig { looked: Vec<PathBuf> },
    #[error("error: stat {}: no such file or directory", .path.display())]
    NoSuchFile { path: PathBuf },
    #[error("error: error loading config file \"{}\": {why}", .path.display())]
    BadConfig { path: PathBuf, why: String },
    #[error("error: current-context is not set")]
    NoCurrentContext { known: Vec<String> },
    #[error("error: context \"{name}\" does not exist")]
    UnknownContext { name: String, known: Vec<String> },
    #[error("error: cluster \"{name}\" does not exist")]
    UnknownCluster { name: String, known: Vec<String> },
    #[error("error: auth info \"{name}\" does not exist")]
    UnknownUser { name: String, known: Vec<String> },
    #[error("error: cluster \"{cluster}\" has no server")]
    NoServer { cluster: String },
    #[error("error: invalid server address {server:?}")]
    BadServer { server: String },
    #[error("error: {0}")]
    Invalid(String),
    /// A credential plugin named in the kubeconfig failed.
    #[error("Unable to connect to the server: getting credentials: exec: {why}")]
    Plugin { command: String, why: String, install_hint: Option<String> },
    #[error(transparent)]
    Timeout(#[from] InvalidTimeout),
    #[error(transparent)]
    Proxy(#[from] InvalidProxy),
}

impl ConnectError {
    /// The command line is at fault, not the cluster.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Timeout(_))
    }

    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoConfig { looked } => {
                let looked: Vec<_> = looked.iter().map(|path| path.display().to_string()).collect();
                let found = if looked.is_empty() { String::new() } else { format!("No kubeconfig at {}. ", looked.join(", ")) };
                Some(format!("{found}Name one with --kubeconfig or KUBECONFIG, or read a saved snapshot with --from FILE."))
            }
            Self::NoSuchFile { .. } => Some("Check the path given with --kubeconfig.".into()),
            Self::NoCurrentContext { known } => {
                Some(format!("Name a context with --context, or set one: kubectl config use-context NAME. {}", listed("contexts", known)))
            }
            Self::UnknownContext { known, .. } => Some(listed("contexts", known)),
            Self::UnknownCluster { known, .. } => Some(listed("clusters", known)),
            Self::UnknownUser { known, .. } => Some(listed("users", known)),
            Self::Plugin { command, install_hint, .. } => Some(install_hint.clone().unwrap_or_else(|| {
                format!("The kubeconfig gets its credentials from the command {command:?}: run it by hand, or log in again.")
            })),
            Self::Proxy(_) => Some("Check HTTPS_PROXY and the cluster's proxy-url in the kubeconfig.".into()),
            Self::BadConfig { .. } | Self::NoServer { .. } | Self::BadServer { .. } | Self::Invalid(_) | Self::Timeout(_) => None,
        }
    }
}

/// A request that got no usable answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RequestError {
    #[error("The connection to the server {} was refused - did you specify the right host or port?", .0.host)]
    Refused(Arc<Route>),
    #[error("Unable to connect to the server: {why}")]
    Unreachable { why: String, kind: Unreachable, route: Arc<Route> },
    #[error("error: You must be logged in to the server ({message})")]
    Unauthorized { message: String, route: Arc<Route> },
    #[error("Error from server (Forbidden): {message}")]
    Forbidden { message: String, asked: Box<ApiRequest> },
    #[error("Error from server ({reason}): {message}")]
    Server { reason: String, message: String, code: u16, asked: Box<ApiRequest> },
    #[error("Unable to connect to the server: no answer within {} to: {asked}", .limit.map_or_else(|| "the time allowed".to_owned(), seconds))]
    TimedOut { asked: Box<ApiRequest>, limit: Option<Duration> },
    /// The time for reading the whole cluster is over.
    #[error("error: not read within the deadline of {}: {asked}", seconds(*limit))]
    PastDeadline { asked: Box<ApiRequest>, limit: Duration },
    #[error("error: the answer cannot be read ({asked}): {why}")]
    Unreadable { asked: Box<ApiRequest>, why: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    Name,
    Tls,
    ClientCertificate,
    NotTls,
    Proxy,
    Network,
    /// It answered and hung up: worth another try.
    Dropped,
}

impl RequestError {
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Server { code: 404, .. })
    }

    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Server { code: 410, .. })
    }

    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(route) => {
                Some(format!("Is the cluster up? Nothing listens at {}. Check with: kubectl cluster-info", route.server))
            }
            Self::Unreachable { kind, route, .. } => Some(unreachable(*kind, route)),
            Self::Unauthorized { route, .. } => Some(log_in(&route.credential)),
            Self::Forbidden { asked, .. } => {
                let role = role_for(asked).map_or_else(String::new, |role| format!(" The ClusterRole {} grants it.", role.name()));
                Some(format!("Missing permission: {asked}.{role} To see what an administrator must grant, run: kubectl calico-fix can-i"))
            }
            Self::TimedOut { .. } => Some("The server or the network is slow. Allow more time, for example: --request-timeout=2m".into()),
            Self::PastDeadline { .. } => Some(MORE_TIME.into()),
            Self::Server { code: 400, message, .. } if message.contains(PLAIN_HTTP) => {
                Some("The server expects TLS: write its address with https:// (--server, or the cluster in the kubeconfig).".into())
            }
            Self::Server { code: 429 | 500.., .. } => {
                Some("The API server is in trouble or overloaded: try again, and look at: kubectl get --raw /readyz?verbose".into())
            }
            Self::Server { .. } | Self::Unreadable { .. } => None,
        }
    }
}

/// What Go's TLS servers answer to plain HTTP (net/http `server.go`).
const PLAIN_HTTP: &str = "HTTP request to an HTTPS server";

fn with_tls(server: &str) -> String {
    let address = server.trim_start_matches("http://");
    format!("{server} is plain HTTP. If the server expects TLS, write https://{address} (--server, or the cluster in the kubeconfig).")
}

fn unreachable(kind: Unreachable, route: &Route) -> String {
    match kind {
        Unreachable::Name => format!(
            "The name of the server {} is not known here: check the network, a VPN, and the server in the kubeconfig.",
            route.server
        ),
        Unreachable::Tls => {
            let name = route.tls_server_name.as_deref().unwrap_or(&route.host);
            format!(
                "The server's certificate was checked for {name} against {}. See --certificate-authority and --tls-server-name.",
                route.authority
            )
        }
        Unreachable::ClientCertificate => format!("The server does not accept {}: it may have expired.", route.credential),
        Unreachable::NotTls => format!("{} does not speak TLS: is the port right?", route.server),
        Unreachable::Proxy => format!(
            "Connecting through proxy {}. To bypass the proxy, add {} to NO_PROXY.",
            route.proxy.as_deref().unwrap_or("of the environment"),
            route.host
        ),
        Unreachable::Network | Unreachable::Dropped if route.server.starts_with("http://") => with_tls(&route.server),
        Unreachable::Network | Unreachable::Dropped => format!("Check the connection to {}: network, VPN, firewall.", route.server),
    }
}

fn log_in(credential: &Credential) -> String {
    match credential {
        Credential::None => "The kubeconfig gives no credentials for this server: check the context's user.".into(),
        Credential::Exec(command) => format!("The credentials came from the command {command:?}: log in again with its own tool."),
        other => format!("The server does not accept {other}: it may have expired or belong to another cluster."),
    }
}

fn listed(what: &str, names: &[String]) -> String {
    const MOST: usize = 20;
    if names.is_empty() {
        return format!("The kubeconfig has no {what}.");
    }
    let more = names.len().saturating_sub(MOST);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("Known {what}: {}{rest}.", names.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", "))
}

fn seconds(limit: Duration) -> String {
    format!("{}s", limit.as_secs_f64())
}

/// No snapshot could be taken at all. What is missing in part is `Observed` in the snapshot.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    #[error(transparent)]
    Request(RequestError),
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    #[error("error: the cluster could not be read within {}", seconds(*limit))]
    Deadline { limit: Duration },
}

const MORE_TIME: &str = "Allow more with --deadline, for example --deadline=15m, or read less: --node NAME, --no-exec.";

impl From<RequestError> for GatherError {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::PastDeadline { limit, .. } => Self::Deadline { limit },
            other => Self::Request(other),
        }
    }
}

impl GatherError {
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Request(error) => error.hint(),
            Self::Discover(error) => error.hint(),
            Self::Deadline { .. } => Some(MORE_TIME.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(server: &str, kind: Unreachable) -> String {
        let route = Route {
            server: server.to_owned(),
            host: "10.0.0.1:6443".to_owned(),
            authority: "the system's authorities".to_owned(),
            tls_server_name: None,
            proxy: None,
            credential: Credential::None,
        };
        unreachable(kind, &route)
    }

    #[test]
    fn an_http_address_is_named_as_the_likely_mistake() {
        let plain = hint("http://10.0.0.1:6443", Unreachable::Dropped);
        assert!(plain.contains("write https://10.0.0.1:6443 "), "{plain}");
        assert!(!hint("https://10.0.0.1:6443", Unreachable::Dropped).contains("plain HTTP"));
    }
}
