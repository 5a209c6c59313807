//! Several clusters at once.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use sim::{TestServer, scenario};
use support::output::{err, out, told};
use tokio::net::TcpListener;

use crate::PLUGIN;

/// A kubeconfig put together from those of simulated clusters.
struct Fleet {
    folder: tempfile::TempDir,
    config: Value,
}

impl Fleet {
    fn new() -> Self {
        let config = json!({"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [], "contexts": [], "current-context": ""});
        Self { folder: tempfile::tempdir().expect("a folder"), config }
    }

    fn push(&mut self, list: &str, entry: Value) {
        self.config[list].as_array_mut().expect("a list").push(entry);
    }

    /// The context `name`, and a cluster and a user of that name.
    fn add(&mut self, name: &str, running: &TestServer, user: &str) {
        let theirs: Value = serde_json::from_str(&std::fs::read_to_string(running.kubeconfig()).expect("reads")).expect("JSON");
        self.push("clusters", json!({"name": name, "cluster": theirs["clusters"][0]["cluster"]}));
        let users = theirs["users"].as_array().expect("users");
        let entry = users.iter().find(|entry| entry["name"] == user).expect("the user");
        self.push("users", json!({"name": name, "user": entry["user"]}));
        self.context(name, name, name);
    }

    fn add_server(&mut self, name: &str, server: &str) {
        self.push("clusters", json!({"name": name, "cluster": {"server": server}}));
        self.context(name, name, "nobody");
    }

    fn context(&mut self, name: &str, cluster: &str, user: &str) {
        self.push("contexts", json!({"name": name, "context": {"cluster": cluster, "user": user}}));
    }

    fn kubeconfig(&self) -> PathBuf {
        let path = self.folder.path().join("config");
        std::fs::write(&path, self.config.to_string()).expect("writes");
        path
    }

    fn run(&self, arguments: &[&str]) -> Output {
        command(self.folder.path(), &self.kubeconfig(), arguments).output().expect("runs")
    }
}

fn command(home: &Path, kubeconfig: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PLUGIN);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home);
    command.env("KUBECONFIG", kubeconfig).args(arguments).stdin(Stdio::null());
    command
}

fn lines(output: &Output) -> Vec<Vec<String>> {
    out(output).lines().map(|line| line.split("  ").map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()).collect()
}

#[test]
fn one_line_a_cluster_the_worst_first() {
    let (well, sick) = (sim::start(scenario::healthy(3)), sim::start(scenario::bridge_address(3)));
    let mut fleet = Fleet::new();
    fleet.add("well", &well, "admin");
    fleet.add_server("gone", "https://127.0.0.1:1");
    fleet.add("sick", &sick, "admin");
    fleet.context("lost", "no-such-cluster", "nobody");

    let output = fleet.run(&["status", "--all-contexts"]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let page = lines(&output);
    assert_eq!(page[0], ["UNHEALTHY", "4 clusters: 1 unhealthy, 2 unknown, 1 healthy"], "{}", told(&output));
    assert_eq!(page[2], ["CONTEXT", "VERDICT", "READY", "WORST FINDING"]);
    let names: Vec<&str> = page[3..7].iter().map(|row| row[0].as_str()).collect();
    assert_eq!(names, ["sick", "gone", "lost", "well"]);
    assert!(page[3][1] == "UNHEALTHY" && page[3][2] == "2/3" && page[3][3].starts_with("address-on-virtual-interface on "), "{page:?}");
    assert!(page[4][1] == "UNKNOWN" && page[4][2] == "?" && page[4][3].contains("127.0.0.1:1 was refused"), "{page:?}");
    assert!(page[5][3].contains("cluster \"no-such-cluster\" does not exist"), "{page:?}");
    assert_eq!(page[6], ["well", "HEALTHY", "3/3", "-"]);
    assert!(out(&output).ends_with("More info: kubectl calico-fix status --context=sick\n"), "{}", told(&output));

    for (contexts, code) in [(&["well", "gone"][..], 3), (&["well", "well"], 0), (&["gone", "sick"], 1)] {
        let flags: Vec<&str> = contexts.iter().flat_map(|name| ["--context", name]).collect();
        let output = fleet.run(&[&["status", "--no-headers"], flags.as_slice()].concat());
        assert_eq!(output.status.code(), Some(code), "{}", told(&output));
        let distinct: std::collections::BTreeSet<_> = contexts.iter().collect();
        assert_eq!(out(&output).lines().count(), distinct.len(), "{}", told(&output));
    }
}

#[test]
fn a_list_for_programs() {
    let sick = sim::start(scenario::bridge_address(3));
    let mut fleet = Fleet::new();
    fleet.add("sick", &sick, "admin");
    fleet.add_server("gone", "https://127.0.0.1:1");
    let output = fleet.run(&["status", "--all-contexts", "-o", "json"]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let list: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let schema = schemars::schema_for!(Vec<calico_fix::reports::fleet::ClusterStatus>).to_value();
    let valid = jsonschema::validator_for(&schema).expect("a schema");
    assert!(valid.is_valid(&list), "{list:#}");
    assert_eq!((&list[0]["context"], &list[0]["verdict"]), (&"sick".into(), &"sick".into()));
    assert_eq!(list[0]["report"]["findings"][0]["code"], "address-on-virtual-interface");
    assert_eq!((&list[1]["verdict"], &list[1]["report"]), (&"unknown".into(), &Value::Null));
    assert!(list[1]["why"].as_str().is_some_and(|why| why.contains("refused")), "{list:#}");
    let yaml = fleet.run(&["status", "--all-contexts", "-o", "yaml"]);
    let yaml: Value = serde_yaml::from_slice(&yaml.stdout).expect("YAML");
    assert_eq!(yaml[1], list[1]);
}

/// None of them answers before all have been asked, and none ever does.
#[tokio::test]
async fn clusters_are_asked_at_the_same_time_and_silence_is_one_line() {
    let mut fleet = Fleet::new();
    let mut listeners = Vec::new();
    for name in ["a", "b", "c"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        fleet.add_server(name, &format!("http://{}", listener.local_addr().expect("an address")));
        listeners.push(listener);
    }
    let mut asked = command(fleet.folder.path(), &fleet.kubeconfig(), &["status", "--all-contexts", "--deadline", "20s"]);
    let mut child = asked.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("runs");
    let mut silent = Vec::new();
    for listener in &listeners {
        silent.push(listener.accept().await.expect("is asked"));
    }
    child.kill().expect("ends");
    child.wait().expect("ended");

    let keep = tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            for listener in &listeners {
                if let Ok(Ok(client)) = tokio::time::timeout(std::time::Duration::from_millis(20), listener.accept()).await {
                    open.push(client);
                }
            }
        }
    });
    let mut asked = command(fleet.folder.path(), &fleet.kubeconfig(), &["status", "--all-contexts", "--no-headers", "--deadline", "1s"]);
    let output = tokio::task::spawn_blocking(move || asked.output().expect("runs")).await.expect("ends");
    keep.abort();
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    let rows = lines(&output);
    assert_eq!(rows.len(), 3, "{}", told(&output));
    for row in rows {
        assert!(row[1] == "UNKNOWN" && row[3].contains("could not be read within 1s"), "{row:?}");
    }
}

#[test]
fn fifty_contexts_with_duplicates_and_bad_entries() {
    let running = sim::start(scenario::healthy(2));
    let mut fleet = Fleet::new();
    fleet.add("first", &running, "admin");
    for number in 1..40 {
        let context = json!({"cluster": "first", "user": "first", "namespace": format!("team-{number}")});
        fleet.push("contexts", json!({"name": format!("first-{number}"), "context": context}));
    }
    fleet.add("viewer", &running, "viewer");
    fleet.push("contexts", json!({"name": "empty"}));
    fleet.push("clusters", json!({"name": "no-server", "cluster": {}}));
    fleet.context("no-server", "no-server", "nobody");
    fleet.push("clusters", json!({"name": "bad-ca", "cluster": {"server": "https://127.0.0.1:1", "certificate-authority-data": "eA=="}}));
    fleet.context("bad-ca", "bad-ca", "nobody");
    fleet.push("clusters", json!({"name": "bad-url", "cluster": {"server": "https://a b"}}));
    fleet.context("bad-url", "bad-url", "nobody");
    fleet.push(
        "users",
        json!({"name": "bad-plugin", "user": {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": "/no/such/plugin", "interactiveMode": "IfAvailable",
        }}}),
    );
    fleet.context("bad-plugin", "first", "bad-plugin");
    for number in 0..5 {
        fleet.context(&format!("lost-{number}"), "gone", "nobody");
    }
    assert_eq!(fleet.config["contexts"].as_array().map(Vec::len), Some(51));

    let output = fleet.run(&["status", "--all-contexts", "-o", "json"]);
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    let list: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let list = list.as_array().expect("a list");
    let told = |name: &str| list.iter().find(|item| item["context"] == name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(told("first")["verdict"], "healthy");
    assert_eq!(told("first")["sameContexts"].as_array().map(Vec::len), Some(39));
    assert_eq!(told("viewer")["verdict"], "unknown", "another user may see less");
    for (name, why) in [
        ("empty", "context \"empty\" does not exist"),
        ("no-server", "has no server"),
        ("bad-ca", "it holds no certificate"),
        ("bad-url", "invalid server address"),
        ("bad-plugin", "not found"),
        ("lost-4", "cluster \"gone\" does not exist"),
    ] {
        let item = told(name);
        assert!(item["verdict"] == "unknown" && item["why"].as_str().is_some_and(|text| text.contains(why)), "{item}");
    }
    assert_eq!(list.len(), 12);
}

#[test]
fn what_is_for_one_cluster_is_refused_by_name() {
    let fleet = Fleet::new();
    let several = ["--context", "a", "--context", "b"];
    for (flag, more) in [
        ("--watch", &["-w"][..]),
        ("--wait", &["--wait"]),
        ("--save", &["--save", "f"]),
        ("--redact", &["--redact"]),
        ("--node", &["--node", "n"]),
        ("--server", &["--server", "https://s"]),
        ("--token", &["--token", "t"]),
        ("-o html", &["-o", "html"]),
        ("-o name", &["-o", "name"]),
    ] {
        for (name, contexts) in [("several --context", &several[..]), ("--all-contexts", &["--all-contexts"])] {
            let output = fleet.run(&[&["status"], contexts, more].concat());
            assert_eq!(output.status.code(), Some(2), "{more:?} {contexts:?}: {}", told(&output));
            let expected = format!("error: {flag} is for one cluster and cannot be used with {name}\n");
            assert!(err(&output).starts_with(&expected), "{more:?}: {}", err(&output));
        }
    }
    let output = fleet.run(&["status", "--all-contexts", "--context", "a"]);
    assert!(output.status.code() == Some(2) && err(&output).contains("--all-contexts cannot be used with --context"), "{}", told(&output));
    let output = fleet.run(&["autodetect", "--context", "a", "--context", "b"]);
    assert!(output.status.code() == Some(2) && err(&output).contains("this command is for one cluster"), "{}", told(&output));
    let output = fleet.run(&["status", "--all-contexts"]);
    assert!(output.status.code() == Some(3) && err(&output).contains("no configuration has been provided"), "{}", told(&output));
}
