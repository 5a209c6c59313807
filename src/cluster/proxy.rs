//! Which proxy to go through to an API server, by the rules of Go's `net/http` (`golang.org/x/net/http/httpproxy`), which kubectl follows.

use std::net::IpAddr;

use http::Uri;
use ipnet::IpNet;

/// The proxy for `server`: the cluster's own `proxy-url` wins over the environment, and `NO_PROXY` speaks only of the latter.
pub(super) fn for_server(
    server: &Uri,
    configured: Option<&str>,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Option<Uri>, InvalidProxy> {
    if let Some(url) = configured.filter(|url| !url.is_empty()) {
        return parse(url).map(Some);
    }
    let either = |names: [&str; 2]| names.into_iter().find_map(|name| environment(name).filter(|value| !value.is_empty()));
    let names = if server.scheme_str() == Some("http") { ["HTTP_PROXY", "http_proxy"] } else { ["HTTPS_PROXY", "https_proxy"] };
    let Some(proxy) = either(names) else { return Ok(None) };
    let excluded = either(["NO_PROXY", "no_proxy"]).unwrap_or_default();
    if bypasses(server, &excluded) {
        return Ok(None);
    }
    parse(&proxy).map(Some)
}

/// The value is not shown: it can hold a password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("error: the proxy URL is not usable: it must be http://, https:// or socks5:// with a host")]
pub struct InvalidProxy;

/// As Go does, a value without scheme is taken for http.
fn parse(text: &str) -> Result<Uri, InvalidProxy> {
    let text = text.trim();
    let text = match text.split_once("://") {
        None => format!("http://{text}"),
        Some(("socks5h", rest)) => format!("socks5://{rest}"),
        Some(_) => text.to_owned(),
    };
    let uri: Uri = text.parse().map_err(|_| InvalidProxy)?;
    let known = matches!(uri.scheme_str(), Some("http" | "https" | "socks5"));
    if known && uri.host().is_some_and(|host| !host.is_empty()) { Ok(uri) } else { Err(InvalidProxy) }
}

/// Go's `useProxy`, turned round.
fn bypasses(server: &Uri, no_proxy: &str) -> bool {
    let host = server.host().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
    let port = server.port_u16().unwrap_or(if server.scheme_str() == Some("http") { 80 } else { 443 });
    let address = host.parse::<IpAddr>().ok().map(|address| address.to_canonical());
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    no_proxy.split(',').map(|entry| entry.trim().to_ascii_lowercase()).any(|entry| matches(&entry, &host, port, address))
}

fn matches(entry: &str, host: &str, port: u16, address: Option<IpAddr>) -> bool {
    if entry.is_empty() {
        return false;
    }
    if entry == "*" {
        return true;
    }
    if let Ok(network) = entry.parse::<IpNet>() {
        return address.is_some_and(|address| network.contains(&address));
    }
    let (name, wanted_port) = split_port(entry);
    if name.is_empty() || wanted_port.is_some_and(|wanted| wanted.parse() != Ok(port)) {
        return false;
    }
    if let Ok(wanted) = name.parse::<IpAddr>() {
        return address == Some(wanted.to_canonical());
    }
    let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(name);
    match name.strip_prefix('.') {
        // A leading dot means subdomains only.
        Some(_) => host.ends_with(name),
        None => host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')),
    }
}

/// `host:port`, `[v6]:port`, or no port; a bare IPv6 address has none.
fn split_port(entry: &str) -> (&str, Option<&str>) {
    if let Some(inner) = entry.strip_prefix('[') {
        return match inner.split_once("]:") {
            Some((name, port)) => (name, Some(port)),
            None => (inner.trim_end_matches(']'), None),
        };
    }
    match entry.split_once(':') {
        Some((name, port)) if !port.contains(':') => (name, Some(port)),
        _ => (entry, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_is_judged_as_go_judges_it() {
        for (server, no_proxy, expected) in [
            ("https://api.example.com:6443", "", false),
            ("https://api.example.com:6443", "*", true),
            ("https://api.example.com:6443", "example.com", true),
            ("https://example.com:6443", "example.com", true),
            ("https://example.com:6443", ".example.com", false),
            ("https://api.example.com:6443", ".example.com", true),
            ("https://api.example.com:6443", "*.example.com", true),
            ("https://badexample.com:6443", "example.com", false),
            ("https://API.Example.com:6443", "api.EXAMPLE.com", true),
            ("https://api.example.com:6443", "example.com:6443", true),
            ("https://api.example.com:6443", "example.com:443", false),
            ("https://api.example.com", "example.com:443", true),
            ("https://api.example.com:6443", "other.org, ,example.com,", true),
            ("https://10.1.2.3:6443", "10.0.0.0/8", true),
            ("https://11.1.2.3:6443", "10.0.0.0/8", false),
            ("https://11.1.2.3:6443", "0.0.0.0/0", true),
            ("https://10.1.2.3:6443", "10.1.2.3", true),
            ("https://10.1.2.3:6443", "10.1.2.3:6443", true),
            ("https://10.1.2.3:6443", "10.1.2.3:443", false),
            // Odd, and what Go does: no address, so a suffix of the name.
            ("https://10.1.2.3:6443", "1.2.3", true),
            ("https://[fd00::1]:6443", "fd00::/8", true),
            ("https://[fd00::1]:6443", "fd00::1", true),
            ("https://[fd00::1]:6443", "[fd00::1]:6443", true),
            ("https://[fd00::1]:6443", "[fd00::1]:443", false),
            ("https://[fd00::1]:6443", "10.0.0.0/8", false),
            ("https://127.0.0.1:6443", "", true),
            ("https://127.8.8.8:6443", "", true),
            ("https://[::1]:6443", "", true),
            ("https://localhost:6443", "", true),
            ("https://localhost.example.com:6443", "", false),
            ("https://10.1.2.3:6443", "10.0.0.0/33", false),
            ("https://api.example.com:6443", ":6443", false),
        ] {
            assert_eq!(bypasses(&server.parse().expect(server), no_proxy), expected, "{server} with NO_PROXY={no_proxy}");
        }
    }

    #[test]
    fn the_clusters_own_proxy_wins_over_the_environment() {
        let environment = |pairs: &'static [(&'static str, &'static str)]| {
            move |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        let server: Uri = "https://api.example.com:6443".parse().expect("URL");
        let all: &[(&str, &str)] = &[("HTTPS_PROXY", "http://upper:1"), ("https_proxy", "http://lower:2"), ("NO_PROXY", "nothing.org")];
        let chosen = |configured, pairs| for_server(&server, configured, environment(pairs)).expect("valid").map(|uri| uri.to_string());
        assert_eq!(chosen(None, &[]), None);
        assert_eq!(chosen(None, all).as_deref(), Some("http://upper:1/"));
        assert_eq!(chosen(None, &[("HTTPS_PROXY", ""), ("https_proxy", "lower:2")]).as_deref(), Some("http://lower:2/"));
        assert_eq!(chosen(Some("socks5h://own:3"), all).as_deref(), Some("socks5://own:3/"));
        assert_eq!(chosen(Some("http://own:3"), &[("NO_PROXY", "*")]).as_deref(), Some("http://own:3/"));
        assert_eq!(chosen(None, &[("HTTP_PROXY", "http://plain:1")]), None);
        assert_eq!(chosen(None, &[("HTTPS_PROXY", "http://p:1"), ("no_proxy", ".example.com")]), None);
    }

    #[test]
    fn a_useless_proxy_is_refused_without_showing_it() {
        for text in ["ftp://user:secret@host", "http://", "http://user:se cret@host"] {
            let error = for_server(&"https://a.b".parse().expect("URL"), Some(text), |_| None).expect_err(text);
            assert!(!error.to_string().contains("secret"));
        }
    }
}
