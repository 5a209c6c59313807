//! Tokens and credential plugins as they are found in the wild, and as an attacker would write them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::*;

/// A kubeconfig for the simulated server with this user.
fn kubeconfig(server: &Server, folder: &Path, user: &str) -> std::path::PathBuf {
    let text = fs::read_to_string(server.kubeconfig()).expect("reads");
    let mut config: serde_yaml::Value = serde_yaml::from_str(&text).expect("YAML");
    let user: serde_yaml::Value = serde_yaml::from_str(&format!("name: me\nuser: {user}\n")).expect("YAML");
    let cluster = config["clusters"][0]["name"].clone();
    config["users"] = serde_yaml::Value::Sequence(vec![user]);
    config["contexts"] = serde_yaml::from_str("[{name: c, context: {cluster: x, user: me}}]").expect("YAML");
    config["contexts"][0]["context"]["cluster"] = cluster;
    config["current-context"] = "c".into();
    let path = folder.join("config");
    fs::write(&path, serde_yaml::to_string(&config).expect("YAML")).expect("writes");
    path
}

async fn told(server: &Server, user: &str, files: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("writes");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("sets");
    }
    let path = kubeconfig(server, folder.path(), user);
    let output = tokio::task::spawn_blocking(move || command(&path).output().expect("runs")).await.expect("runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn command(kubeconfig: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-calico_fix"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("KUBECONFIG", kubeconfig);
    command.args(["status", "--no-exec"]).stdin(Stdio::null());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn line_breaks_around_a_token_are_nothing_and_inside_it_are_refused() {
    let server = start(sim::scenario::healthy(3)).await;
    for user in [r#"{token: "admin-token\n"}"#, "{tokenFile: token}"] {
        let (code, err) = told(&server, user, &[("token", "admin-token\n")]).await;
        assert!(matches!(code, Some(0 | 3)) && !err.contains("error:"), "{user}: {code:?} {err}");
    }
    for (user, file) in [(r#"{token: "admin\ntoken"}"#, ""), ("{tokenFile: token}", "admin\ntoken"), (r#"{token: "ad\u00e9"}"#, "")] {
        let (code, err) = told(&server, user, &[("token", file)]).await;
        assert!(code == Some(3) && err.contains("that no token has"), "{user}: {code:?} {err}");
        assert!(!err.contains("panick") && err.lines().count() <= 2, "{err}");
    }
}

const EXEC: &str = "{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, interactiveMode: Never}}";

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_heard_and_bounded() {
    let server = start(sim::scenario::healthy(3)).await;
    let asks = r#"#!/bin/sh
echo 'To sign in, use a web browser' >&2
echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"admin-token"}}'"#;
    let (code, err) = told(&server, EXEC, &[("plugin", asks)]).await;
    assert!(matches!(code, Some(0 | 3)) && err.contains("To sign in, use a web browser"), "{code:?} {err}");
    let (code, err) = told(&server, EXEC, &[("plugin", "#!/bin/sh\nexec yes '{\"token\":'")]).await;
    assert!(code == Some(3) && err.contains("printed more than 1024 KiB"), "{code:?} {err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_no_kubeconfig() {
    let output = tokio::task::spawn_blocking(|| command(Path::new("/dev/zero")).output().expect("runs")).await.expect("runs");
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(3) && err.contains("it is a device"), "{err}");
}

/// It is ended with the wait for it: what it would do later does not happen.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_hangs_ends_at_the_deadline() {
    let server = start(sim::scenario::healthy(2)).await;
    let folder = tempfile::tempdir().expect("a folder");
    script(folder.path(), "#!/bin/sh\necho $$ > pid\nexec sleep 600");
    let mut command = command(&kubeconfig(&server, folder.path(), EXEC));
    command.args(["--deadline", "1s"]).current_dir(folder.path());
    let output = tokio::task::spawn_blocking(move || command.output().expect("runs")).await.expect("ends");
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(3) && err.contains("gave no answer within 1s"), "{:?} {err}", output.status);
    let pid = fs::read_to_string(folder.path().join("pid")).expect("it ran");
    let state = Command::new("ps").args(["-o", "stat=", "-p", pid.trim()]).output().expect("runs");
    let state = String::from_utf8_lossy(&state.stdout).trim().to_owned();
    assert!(state.is_empty() || state.starts_with('Z'), "the plugin outlives the program: {state}");
}

fn script(folder: &Path, text: &str) {
    let path = folder.join("plugin");
    fs::write(&path, text).expect("writes");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("sets");
}

/// At a terminal a plugin may ask, on standard error, and read the answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_talks_to_the_person_at_the_terminal() {
    let server = start(sim::scenario::healthy(2)).await;
    let folder = tempfile::tempdir().expect("a folder");
    script(
        folder.path(),
        r#"#!/bin/sh
echo 'To sign in, type the code' >&2
read -r code
echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"'$code'"}}'"#,
    );
    let config = kubeconfig(&server, folder.path(), &EXEC.replace("Never", "IfAvailable"));
    let command = command(&config);
    let (code, rest) = tokio::task::spawn_blocking(move || {
        let mut terminal = crate::change::asking::in_a_terminal(command);
        crate::change::asking::until(&mut terminal, "To sign in, type the code");
        expectrl::Expect::send_line(&mut terminal, "admin-token").expect("types");
        let (rest, code) = crate::change::asking::ended(&mut terminal);
        (code, rest)
    })
    .await
    .expect("ends");
    assert!(matches!(code, Some(0 | 3)) && rest.contains("2 of 2 nodes ready"), "{code:?} {rest}");
}
