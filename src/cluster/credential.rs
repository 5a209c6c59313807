//! Credential plugins (`client.authentication.k8s.io`), run once. kube would run them three times for one connection,
//! let an interactive one hang without a terminal, and print their output, with the token, in its errors.

use std::error::Error;
use std::io::Read as _;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use kube::config::{AuthInfo, ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncReadExt;

use super::connect::Credential;
use super::error::ConnectError;
use super::kubeconfig::Chosen;
use crate::limits::{MAX_CREDENTIAL, MAX_TOKEN, PLUGIN_TIMEOUT, SIGN_IN_TIMEOUT};

/// How this user will show who it is, in kube's order of preference.
pub(super) fn describe(auth: &AuthInfo) -> Credential {
    let certificate = auth.client_certificate.is_some() || auth.client_certificate_data.is_some();
    match auth {
        AuthInfo { auth_provider: Some(provider), .. } => Credential::Provider(provider.name.clone()),
        AuthInfo { username: Some(_), password: Some(_), .. } => Credential::Password,
        AuthInfo { token: Some(_), .. } => Credential::Token,
        AuthInfo { token_file: Some(path), .. } => Credential::TokenFile(path.clone()),
        AuthInfo { exec: Some(exec), .. } => Credential::Exec(exec.command.clone().unwrap_or_default()),
        _ if certificate => Credential::Certificate,
        _ => Credential::None,
    }
}

/// Runs the plugin, if the user has one and nothing that outranks it, and puts its answer in its place.
pub(super) async fn resolve(
    chosen: &mut Chosen,
    deadline: Option<Duration>,
    terminal: bool,
) -> Result<Option<jiff::Timestamp>, ConnectError> {
    if !matches!(describe(&chosen.auth), Credential::Exec(_)) {
        return Ok(None);
    }
    let Some(exec) = chosen.auth.exec.take() else { return Ok(None) };
    let status = bounded_run(&exec, chosen, deadline, terminal).await.map_err(|why| ConnectError::Plugin {
        command: exec.command.clone().unwrap_or_default(),
        why,
        install_hint: exec.install_hint.clone().filter(|hint| !hint.is_empty()),
    })?;
    if let Some(token) = status.token {
        chosen.auth.token = Some(header_safe(&token, "the token of the credential plugin")?.to_owned().into());
    }
    if let (Some(certificate), Some(key)) = (status.client_certificate_data, status.client_key_data) {
        let encode = |pem: String| base64::engine::general_purpose::STANDARD.encode(pem);
        chosen.auth.client_certificate_data = Some(encode(certificate));
        chosen.auth.client_key_data = Some(encode(key).into());
    }
    Ok(status.expiration_timestamp)
}

/// Trims tokens as client-go does, and refuses what no header can hold: kube panics on it.
pub(super) fn check(chosen: &mut Chosen) -> Result<(), ConnectError> {
    let auth = &mut chosen.auth;
    if let Some(token) = &auth.token {
        auth.token = Some(header_safe(token.expose_secret(), "the token")?.to_owned().into());
    }
    if let Some(path) = &auth.token_file {
        let what = format!("the token of {path}");
        let unreadable = |error: std::io::Error| ConnectError::Invalid(format!("{what} cannot be read: {error}"));
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(MAX_TOKEN + 1).read_to_string(&mut text).map_err(unreadable)?;
        if text.len() as u64 > MAX_TOKEN {
            return Err(ConnectError::Invalid(format!("{what} is larger than {} KiB", MAX_TOKEN >> 10)));
        }
        let token = header_safe(&text, &what)?;
        // kube reads the file again when it changes, and takes it as it is. A mounted token ends without a line break.
        if token != text {
            auth.token = Some(token.to_owned().into());
            auth.token_file = None;
        }
    }
    let groups = auth.impersonate_groups.iter().flatten().map(String::as_str);
    let extra =
        auth.impersonate_user_extra.iter().flatten().flat_map(|(key, values)| std::iter::once(key).chain(values)).map(String::as_str);
    let names = [auth.impersonate.as_deref(), auth.impersonate_uid.as_deref()].into_iter().flatten();
    for name in names.chain(groups).chain(extra) {
        http::HeaderValue::from_str(name)
            .map_err(|_| ConnectError::Invalid("a name to impersonate holds characters that no request can carry".into()))?;
    }
    Ok(())
}

fn header_safe<'a>(token: &'a str, what: &str) -> Result<&'a str, ConnectError> {
    let token = token.trim();
    match token.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        true => Ok(token),
        false => Err(ConnectError::Invalid(format!("{what} holds a line break or other characters that no token has"))),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    api_version: Option<String>,
    status: Option<Status>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<jiff::Timestamp>,
}

async fn bounded_run(exec: &ExecConfig, chosen: &Chosen, deadline: Option<Duration>, terminal: bool) -> Result<Status, String> {
    let longest = if terminal { SIGN_IN_TIMEOUT } else { PLUGIN_TIMEOUT };
    let limit = deadline.map_or(longest, |deadline| deadline.min(longest));
    let name = exec.command.as_deref().unwrap_or_default();
    match tokio::time::timeout(limit, run(exec, chosen, terminal)).await {
        Ok(status) => status,
        Err(_) => Err(format!("executable {name} gave no answer within {}s", limit.as_secs_f64())),
    }
}

async fn run(exec: &ExecConfig, chosen: &Chosen, terminal: bool) -> Result<Status, String> {
    let name = exec.command.as_deref().filter(|name| !name.is_empty()).ok_or("the kubeconfig names no command")?;
    let interactive = match exec.interactive_mode {
        Some(ExecInteractiveMode::Never) => false,
        Some(ExecInteractiveMode::Always) if !terminal => {
            return Err(format!("{name} must ask you (interactiveMode: Always), but standard input is not a terminal"));
        }
        Some(ExecInteractiveMode::Always) => true,
        Some(ExecInteractiveMode::IfAvailable) | None => terminal,
    };
    let mut command = tokio::process::Command::new(name);
    command.args(exec.args.iter().flatten());
    for pair in exec.env.iter().flatten() {
        if let (Some(key), Some(value)) = (pair.get("name"), pair.get("value")) {
            command.env(key, value);
        }
    }
    command.env("KUBERNETES_EXEC_INFO", info(exec, chosen, interactive)?);
    command
        .stdin(if interactive { Stdio::inherit() } else { Stdio::null() })
        .stderr(Stdio::inherit())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("executable {name} not found"),
        _ => format!("{name} cannot be run: {error}"),
    };
    // Not `output()`: that swallows stderr, where a plugin asks people to sign in.
    let mut child = command.spawn().map_err(failed)?;
    let mut answer = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(MAX_CREDENTIAL + 1).read_to_end(&mut answer).await.map_err(failed)?;
    }
    if answer.len() as u64 > MAX_CREDENTIAL {
        return Err(format!("executable {name} printed more than {} KiB", MAX_CREDENTIAL >> 10));
    }
    let status = child.wait().await.map_err(failed)?;
    if !status.success() {
        return Err(format!("executable {name} failed with {status}"));
    }
    read(name, exec.api_version.as_deref(), &answer)
}

fn info(exec: &ExecConfig, chosen: &Chosen, interactive: bool) -> Result<String, String> {
    let spec = if exec.provide_cluster_info {
        let cluster = ExecAuthCluster::try_from(&chosen.cluster).map_err(|error| error.to_string())?;
        json!({ "interactive": interactive, "cluster": serde_json::to_value(cluster).map_err(|error| error.to_string())? })
    } else {
        json!({ "interactive": interactive })
    };
    let api_version = exec.api_version.as_deref().unwrap_or("client.authentication.k8s.io/v1");
    Ok(json!({ "kind": "ExecCredential", "apiVersion": api_version, "spec": spec }).to_string())
}

/// Some plugins answer in YAML, which client-go takes too. What cannot be read is not shown: it may hold the token.
fn read(name: &str, wanted: Option<&str>, stdout: &[u8]) -> Result<Status, String> {
    let answer: Answer = serde_yaml::from_slice(stdout).map_err(|_| format!("what {name} printed is not an ExecCredential"))?;
    if let (Some(wanted), Some(got)) = (wanted, &answer.api_version)
        && wanted != got
    {
        return Err(format!("the kubeconfig says API version {wanted}, {name} answered in {got}"));
    }
    let status = answer.status.ok_or_else(|| format!("{name} gave no status"))?;
    let has_certificate = status.client_certificate_data.is_some() && status.client_key_data.is_some();
    if status.token.as_deref().is_none_or(str::is_empty) && !has_certificate {
        return Err(format!("{name} gave neither a token nor a client certificate"));
    }
    Ok(status)
}

/// What kube says of a configuration it cannot use, without the output of commands that can hold secrets.
pub(super) fn without_secrets(error: &kube::Error) -> String {
    match error {
        kube::Error::Auth(kube::client::AuthError::AuthExecRun { out, .. }) => {
            format!("the auth provider's command failed with {}", out.status)
        }
        kube::Error::Auth(kube::client::AuthError::AuthExecParse(_) | kube::client::AuthError::ParseTokenKey(_)) => {
            "what the auth provider's command printed cannot be read".into()
        }
        other => other.source().map_or_else(|| other.to_string(), ToString::to_string),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = "client.authentication.k8s.io/v1";

    #[test]
    fn answers_in_json_and_yaml_are_read() {
        for text in [
            format!(
                r#"{{"kind":"ExecCredential","apiVersion":"{V1}","status":{{"token":"t","expirationTimestamp":"2026-01-02T03:04:05Z"}}}}"#
            ),
            format!("kind: ExecCredential\napiVersion: {V1}\nstatus:\n  token: t\n  expirationTimestamp: \"2026-01-02T03:04:05Z\"\n"),
        ] {
            let status = read("p", Some(V1), text.as_bytes()).expect("reads");
            assert_eq!(status.token.as_deref(), Some("t"));
            assert_eq!(status.expiration_timestamp.map(|at| at.to_string()).as_deref(), Some("2026-01-02T03:04:05Z"));
        }
    }

    #[test]
    fn a_useless_answer_is_told_without_showing_it() {
        for text in [
            "sesame sesame: [",
            "sesame",
            r#"{"apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"sesame"}}"#,
            r#"{"apiVersion":"client.authentication.k8s.io/v1"}"#,
            r#"{"status":{"clientKeyData":"sesame"}}"#,
        ] {
            let why = read("p", Some(V1), text.as_bytes()).err().expect(text);
            assert!(!why.contains("sesame"), "{why}");
        }
    }
}
