//! Runs calicoctl for its own verbs, with the same kubeconfig and context.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::cli::connection::ConnectionFlags;
use crate::exit::{Failure, Outcome};

use crate::streams::Streams;

pub(super) fn hand_on(flags: &ConnectionFlags, words: &[OsString], streams: &mut Streams) -> Result<Outcome, Failure> {
    if let Some(flag) = not_calicoctls(flags) {
        return Err(Failure::Usage {
            message: format!("calicoctl has no counterpart of {flag}"),
            hint: Some("Put it into a kubeconfig context, and name that with --context.".to_owned()),
        });
    }
    let program = which::which("calicoctl").map_err(|_| Failure::NoCalicoctl)?;
    let mut command = Command::new(&program);
    command.args(words).envs(environment(flags, |name| std::env::var_os(name), std::env::home_dir().as_deref()));
    streams.flush()?;
    run(command).map_err(|source| Failure::Files { what: program.display().to_string(), source })
}

/// On Unix calicoctl takes this process's place, so that signals and exit code are its own.
#[cfg(unix)]
fn run(mut command: Command) -> std::io::Result<Outcome> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

#[cfg(not(unix))]
fn run(mut command: Command) -> std::io::Result<Outcome> {
    let status = command.status()?;
    Ok(Outcome::Delegated(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}

fn not_calicoctls(flags: &ConnectionFlags) -> Option<&'static str> {
    [
        ("--cluster", flags.cluster.is_some()),
        ("--user", flags.user.is_some()),
        ("--namespace before the verb", flags.namespace.is_some()),
        ("--as", flags.impersonate.is_some() || flags.impersonate_uid.is_some()),
        ("--as-group", !flags.impersonate_groups.is_empty()),
        ("--as-user-extra", !flags.impersonate_extra.is_empty()),
        ("--tls-server-name", flags.tls_server_name.is_some()),
        ("--request-timeout", flags.request_timeout.is_some()),
    ]
    .into_iter()
    .find_map(|(flag, given)| given.then_some(flag))
}

/// Calico's names for what kubectl's flags say (libcalico-go apiconfig). A datastore that was chosen stays chosen.
fn environment(flags: &ConnectionFlags, variable: impl Fn(&str) -> Option<OsString>, home: Option<&Path>) -> Vec<(&'static str, OsString)> {
    let mut set: Vec<(&'static str, OsString)> = Vec::new();
    if ["DATASTORE_TYPE", "CALICO_DATASTORE_TYPE"].iter().all(|name| variable(name).is_none()) {
        set.push(("DATASTORE_TYPE", "kubernetes".into()));
    }
    let default = || home.map(|home| home.join(".kube").join("config")).filter(|path| path.is_file());
    let kubeconfig = match (&flags.kubeconfig, variable("KUBECONFIG")) {
        (Some(path), _) => Some(path.clone()),
        (None, Some(_)) => None,
        (None, None) => default(),
    };
    let from_flags = [
        ("KUBECONFIG", kubeconfig.map(OsString::from)),
        ("K8S_CURRENT_CONTEXT", flags.one_context().map(OsString::from)),
        ("K8S_API_ENDPOINT", flags.server.as_ref().map(OsString::from)),
        ("K8S_API_TOKEN", flags.token.as_ref().map(|token| token.reveal().into())),
        ("K8S_CA_FILE", flags.certificate_authority.as_ref().map(OsString::from)),
        ("K8S_CERT_FILE", flags.client_certificate.as_ref().map(OsString::from)),
        ("K8S_KEY_FILE", flags.client_key.as_ref().map(OsString::from)),
        ("K8S_INSECURE_SKIP_TLS_VERIFY", flags.insecure_skip_tls_verify.map(|skip| skip.to_string().into())),
    ];
    set.extend(from_flags.into_iter().filter_map(|(name, value)| Some((name, value?))));
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_cluster_is_meant() {
        let flags = ConnectionFlags { kubeconfig: Some("/k".into()), context: vec!["c".into()], ..ConnectionFlags::default() };
        let set = environment(&flags, |_| None, None);
        assert_eq!(set, [("DATASTORE_TYPE", "kubernetes"), ("KUBECONFIG", "/k"), ("K8S_CURRENT_CONTEXT", "c")].map(|(n, v)| (n, v.into())));
    }

    #[test]
    fn what_is_set_stays() {
        let given = |name: &str| matches!(name, "KUBECONFIG" | "DATASTORE_TYPE").then(|| OsString::from("mine"));
        assert_eq!(environment(&ConnectionFlags::default(), given, None), []);
    }

    #[test]
    fn what_calicoctl_cannot_do_is_not_dropped_silently() {
        let flags = ConnectionFlags { impersonate: Some("u".into()), ..ConnectionFlags::default() };
        assert_eq!(not_calicoctls(&flags), Some("--as"));
        assert_eq!(not_calicoctls(&ConnectionFlags::default()), None);
    }
}
