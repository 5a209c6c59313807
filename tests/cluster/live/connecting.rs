//! Who asks, and how the server sees it.

use calico_fix::cluster::ConnectError;
use calico_fix::verb::Verb;

use super::*;

fn healthy() -> Scenario {
    sim::scenario::healthy(3)
}

#[tokio::test]
async fn every_request_names_the_program_and_the_verb() {
    let server = start(healthy()).await;
    gathered(&server, "").await;
    let requests = server.requests();
    assert!(requests.iter().any(|request| request.path.ends_with("/exec")) && requests.len() > 10);
    for request in requests {
        let agent = request.header("user-agent").unwrap_or_default();
        assert!(agent.starts_with(&format!("kubectl-calico_fix/{} (", env!("CARGO_PKG_VERSION"))) && agent.contains('/'), "{agent}");
        assert_eq!(request.header("kubectl-command"), Some("kubectl calico-fix status"), "{}", request.path);
        assert_eq!(request.method, "GET", "reading changes nothing: {}", request.path);
    }
}

#[tokio::test]
async fn impersonation_goes_with_every_request() {
    let server = start(healthy()).await;
    let line = "--as jane --as-uid 7 --as-group a --as-group b --as-user-extra team=x --as-user-extra team=y";
    let _ = read_cluster(&server, line, &brief()).await;
    for request in server.requests() {
        let all = |name: &str| -> Vec<String> {
            request.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone()).collect()
        };
        assert_eq!(all("impersonate-user"), ["jane"]);
        assert_eq!(all("impersonate-uid"), ["7"]);
        assert_eq!(all("impersonate-group"), ["a", "b"]);
        assert_eq!(all("impersonate-extra-team"), ["x", "y"]);
    }
}

#[tokio::test]
async fn the_context_decides_who_one_is() {
    let server = start(healthy()).await;
    for context in ["admin", "certificate", "no-exec"] {
        let snapshot = gathered(&server, &format!("--context {context}")).await;
        assert_eq!(snapshot.cluster.context.as_deref(), Some(context));
        assert_eq!(snapshot.cluster.server.as_deref(), Some(server.url().as_str()));
        assert_eq!(snapshot.cluster.version.seen().map(String::as_str), Some("v1.36.2"));
        assert!(server.requests().iter().rev().take(5).all(|request| request.user == context), "{context}");
    }
}

#[tokio::test]
async fn a_token_on_the_command_line_outranks_the_users_own() {
    let server = start(healthy()).await;
    gathered(&server, "--context unknown --token no-exec-token").await;
    assert!(server.requests().iter().all(|request| request.user == "no-exec"));
}

#[tokio::test]
async fn a_list_in_kubeconfig_is_merged() {
    let server = start(healthy()).await;
    let directory = tempfile::tempdir().expect("a directory");
    let first = directory.path().join("first");
    let text = "apiVersion: v1\nkind: Config\ncurrent-context: mine\ncontexts: [{name: mine, context: {cluster: sim, user: no-exec, namespace: ops}}]\n";
    std::fs::write(&first, text).expect("writes");
    let list = std::env::join_paths([directory.path().join("missing"), first, server.kubeconfig()]).expect("joins");
    let connection = cluster::connect_from(&flags(""), Verb::Status, &surroundings(&[("KUBECONFIG", list)])).await.expect("connects");
    assert_eq!((connection.context.as_deref(), connection.default_namespace.as_str()), (Some("mine"), "ops"));
    cluster::read_cluster(&connection, &brief(), &NoProgress).await.expect("gathers");
    assert!(server.requests().iter().all(|request| request.user == "no-exec"));
}

#[tokio::test]
async fn without_a_kubeconfig_nothing_is_asked_of_the_pods_own_account() {
    let variables = [("KUBERNETES_SERVICE_HOST", "127.0.0.1".into()), ("KUBERNETES_SERVICE_PORT", "1".into())];
    let error = cluster::connect_from(&flags(""), Verb::Status, &surroundings(&variables)).await.expect_err("no configuration");
    assert!(matches!(error, ConnectError::NoConfig { .. }), "{error:?}");
}

#[cfg(unix)]
mod plugins {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;

    /// A kubeconfig whose user is `script`, and the server's own beside it for the certificate authority.
    fn with_plugin(server: &Server, directory: &Path, script: &str, more: &str) -> OsString {
        let plugin = directory.join("plugin");
        std::fs::write(&plugin, format!("#!/bin/sh\n{script}")).expect("writes");
        std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o755)).expect("may run");
        let config = directory.join("config");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: p\ncontexts: [{{name: p, context: {{cluster: sim, user: p}}}}]\nusers:\n- name: p\n  user:\n    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      command: ./plugin\n      interactiveMode: Never\n      env: [{{name: WHO, value: admin-token}}]\n{more}"
        );
        std::fs::write(&config, text).expect("writes");
        std::env::join_paths([config, server.kubeconfig()]).expect("joins")
    }

    async fn connect(list: OsString) -> Result<Connection, ConnectError> {
        cluster::connect_from(&flags(""), Verb::Status, &surroundings(&[("KUBECONFIG", list)])).await
    }

    #[tokio::test]
    async fn a_credential_plugin_is_run_once() {
        let server = start(healthy()).await;
        let directory = tempfile::tempdir().expect("a directory");
        let script = r#"echo "$KUBERNETES_EXEC_INFO" >> "${0%/*}/calls"
echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"'$WHO'","expirationTimestamp":"2099-01-01T00:00:00Z"}}'"#;
        let connection =
            connect(with_plugin(&server, directory.path(), script, "      provideClusterInfo: true\n")).await.expect("connects");
        assert_eq!(connection.valid_until.map(|at| at.to_string()).as_deref(), Some("2099-01-01T00:00:00Z"));
        cluster::read_cluster(&connection, &brief(), &NoProgress).await.expect("gathers");
        assert!(server.requests().iter().all(|request| request.user == "admin"));
        let calls = std::fs::read_to_string(directory.path().join("calls")).expect("was called");
        assert_eq!(calls.lines().count(), 1, "{calls}");
        let info: serde_json::Value = serde_json::from_str(&calls).expect("JSON");
        assert_eq!((&info["kind"], &info["spec"]["interactive"]), (&"ExecCredential".into(), &false.into()));
        assert_eq!(info["spec"]["cluster"]["server"], server.url());
        assert!(info["spec"]["cluster"]["certificate-authority-data"].is_string());
    }

    #[tokio::test]
    async fn a_plugin_that_fails_is_told_of_without_its_output() {
        let server = start(healthy()).await;
        for (script, more, message, hint) in [
            ("echo sesame; exit 3", "", "failed with exit status: 3", "log in again"),
            ("echo sesame", "", "is not an ExecCredential", "log in again"),
            ("exit 1", "      installHint: brew install it\n", "failed with exit status: 1", "brew install it"),
        ] {
            let directory = tempfile::tempdir().expect("a directory");
            let error = connect(with_plugin(&server, directory.path(), script, more)).await.expect_err(script);
            let text = error.to_string();
            assert!(text.starts_with("Unable to connect to the server: getting credentials: exec: ") && text.contains(message), "{text}");
            assert!(error.hint().is_some_and(|text| text.contains(hint)), "{:?}", error.hint());
            assert!(!format!("{error:?}").contains("sesame"));
        }
    }

    #[tokio::test]
    async fn a_plugin_that_must_talk_needs_a_terminal() {
        let server = start(healthy()).await;
        let directory = tempfile::tempdir().expect("a directory");
        let list = with_plugin(&server, directory.path(), "exit 1", "");
        let config = directory.path().join("config");
        let text = std::fs::read_to_string(&config).expect("reads").replace("interactiveMode: Never", "interactiveMode: Always");
        std::fs::write(&config, text).expect("writes");
        if !std::io::IsTerminal::is_terminal(&std::io::stdin()) {
            let error = connect(list).await.expect_err("no terminal");
            assert!(error.to_string().contains("standard input is not a terminal"), "{error}");
        }
    }
}
