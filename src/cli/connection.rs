//! kubectl's connection flags. kubectl hands none of its global flags to a plugin, so all of them are read here.

use std::path::PathBuf;

use clap::Args;

/// All of kubectl's `ConfigFlags` (cli-runtime `config_flags.go`), with help that fits one line.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = super::help::CONNECTION)]
pub struct ConnectionFlags {
    /// Path to the kubeconfig file
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,

    /// Kubeconfig context to use
    ///
    /// status takes several of them.
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Vec<String>,

    /// Kubeconfig cluster to use
    #[arg(long, global = true, value_name = "NAME")]
    pub cluster: Option<String>,

    /// Kubeconfig user to use
    #[arg(long, global = true, value_name = "NAME")]
    pub user: Option<String>,

    /// Namespace of Calico's DaemonSet
    #[arg(short, long, global = true, value_name = "NAMESPACE")]
    pub namespace: Option<String>,

    /// User or service account to impersonate
    #[arg(long = "as", global = true, value_name = "USER")]
    pub impersonate: Option<String>,

    /// UID to impersonate
    #[arg(long = "as-uid", global = true, value_name = "UID")]
    pub impersonate_uid: Option<String>,

    /// Group to impersonate; may be repeated
    #[arg(long = "as-group", global = true, value_name = "GROUP")]
    pub impersonate_groups: Vec<String>,

    /// Extra value to impersonate
    #[arg(long = "as-user-extra", global = true, value_name = "KEY=VALUE", value_parser = key_value)]
    pub impersonate_extra: Vec<(String, String)>,

    /// URL of the Kubernetes API server
    #[arg(short, long, global = true, value_name = "URL")]
    pub server: Option<String>,

    /// Bearer token for the API server
    #[arg(long, global = true, value_name = "TOKEN")]
    pub token: Option<Secret>,

    /// CA certificate file for the server
    #[arg(long, global = true, value_name = "FILE")]
    pub certificate_authority: Option<PathBuf>,

    /// Client certificate file for TLS
    #[arg(long, global = true, value_name = "FILE")]
    pub client_certificate: Option<PathBuf>,

    /// Client key file for TLS
    #[arg(long, global = true, value_name = "FILE")]
    pub client_key: Option<PathBuf>,

    /// Do not verify the server certificate
    ///
    /// This makes HTTPS connections insecure.
    #[arg(long, global = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub insecure_skip_tls_verify: Option<bool>,

    /// Name in the server certificate
    ///
    /// Defaults to the host name of the server.
    #[arg(long, global = true, value_name = "NAME")]
    pub tls_server_name: Option<String>,

    /// Time limit of a request [default: 30s]
    ///
    /// Lists have 60s. Write a time unit, such as 1s, 2m or 3h; 0 means no limit.
    #[arg(long, global = true, value_name = "DURATION")]
    pub request_timeout: Option<String>,

    /// Time limit of all reads [default: 5m]
    ///
    /// Time limit for everything that is read from a cluster; 0 means no limit.
    #[arg(long, global = true, value_name = "DURATION")]
    pub deadline: Option<String>,

    /// Do not compress responses
    #[arg(long, global = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub disable_compression: Option<bool>,

    /// Accepted, but nothing is cached
    #[arg(long, global = true, value_name = "DIR", hide = true)]
    pub cache_dir: Option<PathBuf>,
}

impl ConnectionFlags {
    /// The context of a verb that asks one cluster.
    pub fn one_context(&self) -> Option<&str> {
        self.context.last().map(String::as_str).filter(|name| !name.is_empty())
    }
}

/// A value that no debug print and no error may show.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("must be KEY=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Probe {
        #[command(flatten)]
        connection: ConnectionFlags,
        #[command(subcommand)]
        verb: Option<Verb>,
    }

    #[derive(clap::Subcommand)]
    enum Verb {
        Status,
    }

    fn parse(line: &str) -> Result<ConnectionFlags, clap::Error> {
        Probe::try_parse_from(line.split_whitespace()).map(|probe| {
            assert!(matches!(probe.verb, None | Some(Verb::Status)));
            probe.connection
        })
    }

    #[test]
    fn flags_are_taken_on_either_side_of_the_verb() {
        for line in
            ["x --context a -n kube-system status", "x status --context a -n kube-system", "x --context=a status --namespace=kube-system"]
        {
            let flags = parse(line).expect(line);
            assert_eq!((flags.one_context(), flags.namespace.as_deref()), (Some("a"), Some("kube-system")), "{line}");
        }
    }

    #[test]
    fn contexts_repeat() {
        for line in ["x status --context a --context b", "x --context a --context=b status"] {
            assert_eq!(parse(line).expect(line).context, ["a", "b"], "{line}");
        }
    }

    #[test]
    fn switches_take_a_value_only_behind_an_equals_sign() {
        for (line, expected) in [
            ("x status", None),
            ("x --insecure-skip-tls-verify status", Some(true)),
            ("x --insecure-skip-tls-verify=true status", Some(true)),
            ("x --insecure-skip-tls-verify=false status", Some(false)),
        ] {
            assert_eq!(parse(line).expect(line).insecure_skip_tls_verify, expected, "{line}");
        }
    }

    #[test]
    fn groups_and_extras_repeat() {
        let flags = parse("x --as u --as-group a --as-group b --as-user-extra k=1 --as-user-extra k=2=3").expect("parses");
        assert_eq!(flags.impersonate_groups, ["a", "b"]);
        assert_eq!(flags.impersonate_extra, [("k".into(), "1".into()), ("k".into(), "2=3".into())]);
        assert!(parse("x --as-user-extra novalue").is_err());
    }

    #[test]
    fn a_token_is_not_printed() {
        let flags = parse("x --token sesame").expect("parses");
        assert!(!format!("{flags:?}").contains("sesame"));
        assert_eq!(flags.token.as_ref().map(Secret::reveal), Some("sesame"));
    }
}
