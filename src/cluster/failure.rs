//! From what kube, hyper and rustls say to what an operator can act on.

use std::error::Error;
use std::io::ErrorKind;
use std::sync::Arc;

use super::connect::Route;
use super::error::{RequestError, Unreachable};
use crate::permissions::request::ApiRequest;
use crate::text::json;

/// Long enough for any message of Kubernetes' own; a proxy's HTML page is cut.
const MAX_MESSAGE: usize = 1000;
/// Chains are a handful of links; a cycle must not hang.
const MAX_DEPTH: usize = 16;

/// The server answered with an error: a `Status`, or the text of something in between.
pub(super) fn http_error(code: u16, body: &[u8], asked: &ApiRequest, route: &Arc<Route>) -> RequestError {
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Status {
        message: String,
        reason: String,
    }
    let status = json::from_bytes(body)
        .unwrap_or_else(|_| Status { message: String::from_utf8_lossy(body).trim().to_owned(), reason: String::new() });
    from_status(code, &status.reason, &status.message, asked, route)
}

pub(super) fn from_status(code: u16, reason: &str, message: &str, asked: &ApiRequest, route: &Arc<Route>) -> RequestError {
    let message = match message {
        "" => format!("the server answered {code} to: {asked}"),
        text => text.chars().take(MAX_MESSAGE).collect(),
    };
    match code {
        401 => RequestError::Unauthorized { message, route: route.clone() },
        403 if !is_denial(&message) => {
            // An exec is a get or a create, by the server's release: it says which.
            let verb = message.split_once(" cannot ").and_then(|(_, rest)| rest.split_whitespace().next()).unwrap_or(&asked.verb);
            let asked = ApiRequest { verb: verb.to_owned(), ..asked.clone() };
            RequestError::Forbidden { message, asked: Box::new(asked) }
        }
        _ => {
            let standard = http::StatusCode::from_u16(code).ok().and_then(|code| code.canonical_reason()).unwrap_or("Unknown");
            let reason = if reason.is_empty() { standard.replace(' ', "") } else { reason.to_owned() };
            RequestError::Server { reason, message, code, asked: Box::new(asked.clone()) }
        }
    }
}

/// A policy's refusal, which no right would change: of an admission webhook, or of a ValidatingAdmissionPolicy (both in
/// k8s.io/apiserver/pkg/admission/plugin). Policy engines answer 403, as RBAC does.
fn is_denial(message: &str) -> bool {
    message.starts_with("admission webhook ") || message.contains("ValidatingAdmissionPolicy ") && message.contains(" denied request")
}

/// No answer came.
pub(super) fn transport_error(error: &kube::Error, asked: &ApiRequest, route: &Arc<Route>) -> RequestError {
    if let kube::Error::Api(status) = error {
        return from_status(status.code, &status.reason, &status.message, asked, route);
    }
    if let kube::Error::UpgradeConnection(error) = error {
        return RequestError::Unreadable { asked: Box::new(asked.clone()), why: error.to_string() };
    }
    let unreachable = |kind, why: String| RequestError::Unreachable { why, kind, route: route.clone() };
    let texts = chain(error);
    let text = texts.join(": ");
    if let Some(why) = tls(&text) {
        return unreachable(why.0, why.1);
    }
    if route.proxy.is_some() && (text.contains("tunnel") || text.contains("SOCKS")) {
        return unreachable(Unreachable::Proxy, format!("the proxy {}: {}", route.proxy.as_deref().unwrap_or_default(), last(&texts)));
    }
    if text.contains("dns error") || text.contains("failed to lookup address") {
        return unreachable(Unreachable::Name, format!("dial tcp: lookup {}: no such host", without_port(&route.host)));
    }
    match io_kind(error) {
        Some(ErrorKind::ConnectionRefused) => match &route.proxy {
            Some(proxy) => unreachable(Unreachable::Proxy, format!("proxyconnect tcp: dial tcp {proxy}: connect: connection refused")),
            None => RequestError::Refused(route.clone()),
        },
        // The time for connecting is kube's own, and no request was sent yet.
        Some(ErrorKind::TimedOut) => unreachable(Unreachable::Network, format!("dial tcp {}: i/o timeout", route.host)),
        Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof | ErrorKind::ConnectionAborted) => {
            unreachable(Unreachable::Dropped, "the connection was closed before the answer came".into())
        }
        None if text.contains("before message completed") || text.contains("IncompleteMessage") || text.contains("channel closed") => {
            unreachable(Unreachable::Dropped, "the connection was closed before the answer came".into())
        }
        _ => unreachable(Unreachable::Network, format!("dial tcp {}: {}", route.host, last(&texts))),
    }
}

/// rustls' words, put as Go puts them.
fn tls(text: &str) -> Option<(Unreachable, String)> {
    const FAILED: &str = "tls: failed to verify certificate: x509:";
    if let Some((_, why)) = text.split_once("invalid peer certificate: ") {
        let why = match why.split([' ', ':', '(']).next().unwrap_or_default() {
            "UnknownIssuer" => "certificate signed by unknown authority",
            "Expired" | "NotValidYet" => "certificate has expired or is not yet valid",
            _ if why.starts_with("certificate expired") => "certificate has expired or is not yet valid",
            _ => why,
        };
        return Some((Unreachable::Tls, format!("{FAILED} {}", why.chars().take(300).collect::<String>())));
    }
    if let Some((_, alert)) = text.split_once("received fatal alert: ") {
        let alert: String = alert.chars().take_while(|c| c.is_alphanumeric()).collect();
        return Some((Unreachable::ClientCertificate, format!("remote error: tls: {alert}")));
    }
    let not_tls = text.contains("received corrupt message") || text.contains("InvalidContentType");
    not_tls.then(|| (Unreachable::NotTls, "http: server gave HTTP response to HTTPS client".into()))
}

fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next.filter(|_| texts.len() < MAX_DEPTH) {
        texts.push(error.to_string());
        next = error.source();
    }
    texts
}

fn last(texts: &[String]) -> String {
    texts.last().map(|text| text.chars().take(300).collect()).unwrap_or_default()
}

fn io_kind(error: &(dyn Error + 'static)) -> Option<ErrorKind> {
    let mut next = Some(error);
    for _ in 0..MAX_DEPTH {
        let error = next?;
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && io.kind() != ErrorKind::Other
        {
            return Some(io.kind());
        }
        next = error.source();
    }
    None
}

fn without_port(host: &str) -> &str {
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permissions::request;

    fn route() -> Arc<Route> {
        Arc::new(Route { server: "https://c:6443".into(), host: "c:6443".into(), ..Route::default() })
    }

    #[test]
    fn answers_read_as_kubectl_prints_them() {
        let forbidden = r#"{"message":"nodes is forbidden: User \"viewer\" cannot list resource \"nodes\" in API group \"\" at the cluster scope","reason":"Forbidden"}"#;
        for (code, body, expected) in [
            (
                403,
                forbidden,
                r#"Error from server (Forbidden): nodes is forbidden: User "viewer" cannot list resource "nodes" in API group "" at the cluster scope"#,
            ),
            (401, r#"{"message":"Unauthorized","reason":"Unauthorized"}"#, "error: You must be logged in to the server (Unauthorized)"),
            (404, "404 page not found\n", "Error from server (NotFound): 404 page not found"),
            (503, "", "Error from server (ServiceUnavailable): the server answered 503 to: list nodes at the cluster scope"),
        ] {
            assert_eq!(http_error(code, body.as_bytes(), &request::NODES.list(None), &route()).to_string(), expected);
        }
    }

    #[test]
    fn the_missing_verb_is_the_one_the_server_names() {
        let asked = request::PODS.asked("create", Some("kube-system"), None);
        let asked = ApiRequest { resource: "pods/exec".into(), ..asked };
        for (message, verb) in
            [(r#"pods "x" is forbidden: User "u" cannot get resource "pods/exec" in API group """#, "get"), ("no", "create")]
        {
            let error = from_status(403, "Forbidden", message, &asked, &route());
            assert!(
                error
                    .hint()
                    .is_some_and(|hint| hint.contains(&format!("Missing permission: {verb} pods/exec in the namespace kube-system"))),
                "{error:?}"
            );
        }
    }

    #[test]
    fn a_policy_that_refuses_is_no_missing_right() {
        let asked = request::DAEMON_SETS.asked("patch", Some("kube-system"), Some("calico-node"));
        for (message, is_right) in [
            ("admission webhook \"validation.gatekeeper.sh\" denied the request: [frozen] no change on Fridays", false),
            ("daemonsets.apps \"x\" is forbidden: ValidatingAdmissionPolicy 'frozen' with binding 'all' denied request: no", false),
            ("daemonsets.apps \"x\" is forbidden: User \"u\" cannot patch resource \"daemonsets\" in API group \"apps\"", true),
            ("denied", true),
        ] {
            let error = from_status(403, "Forbidden", message, &asked, &route());
            assert_eq!(matches!(error, RequestError::Forbidden { .. }), is_right, "{message}");
            assert!(error.to_string().contains(message), "{error}");
        }
    }

    /// It is not the limit of the request that is over, so no larger one is advised.
    #[test]
    fn a_server_that_is_not_connected_in_time_is_a_matter_of_the_network() {
        let late = kube::Error::Service(Box::new(std::io::Error::new(ErrorKind::TimedOut, "deadline has elapsed")));
        let error = transport_error(&late, &request::NODES.list(None), &route());
        assert_eq!(error.to_string(), "Unable to connect to the server: dial tcp c:6443: i/o timeout");
        assert_eq!(error.hint().as_deref(), Some("Check the connection to https://c:6443: network, VPN, firewall."));
    }

    #[test]
    fn a_page_of_html_is_cut() {
        let error = http_error(502, "<p>".repeat(10_000).as_bytes(), &request::NODES.list(None), &route());
        assert!(error.to_string().len() < 1100);
    }
}
