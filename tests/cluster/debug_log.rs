//! `debug-log` from end to end: files, pipes, and the simulated cluster. Nothing is ever changed.

#![allow(clippy::disallowed_types, reason = "a test runs the program as a shell does")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use sim::{Effect, Fault, Logs, Scenario, TestServer};
use support::output::{err, out};

use crate::PLUGIN;

const SICK: &str = "amz-iad12-opsrespool-13-33";
const WELL: &str = "amz-sin8-opsrespool-33-11";
const HEALTHY: &str = include_str!("../fixtures/logs/healthy.txt");
const KILLED: &str = include_str!("../fixtures/logs/etcd-killed.logrus.txt");

fn run(kubeconfig: &Path, arguments: &[&str], stdin: &str) -> Output {
    let mut command = Command::new(PLUGIN);
    command.arg("debug-log").args(arguments).env_clear().env("HOME", "").env("KUBECONFIG", kubeconfig);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
    child.stdin.take().expect("stdin").write_all(stdin.as_bytes()).expect("writes");
    child.wait_with_output().expect("ends")
}

fn alone(arguments: &[&str], stdin: &str) -> Output {
    run(Path::new("/nonexistent/kubeconfig"), arguments, stdin)
}

fn live(running: &TestServer, arguments: &[&str]) -> Output {
    let output = run(running.kubeconfig(), arguments, "");
    let changing: Vec<String> =
        running.requests().into_iter().filter(|request| request.method != "GET").map(|request| request.path).collect();
    assert_eq!(changing, [""; 0], "debug-log changes nothing");
    output
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn a_log_through_a_pipe() {
    for (log, code, says) in [
        (KILLED, 1, "was killed after 58s"),
        (HEALTHY, 0, "calico-node started. The log shows no problem with the start."),
        (
            "2026-11-23 15:51:41.274 [INFO][9] startup/startup.go 427: Early log level set to info\n",
            3,
            "the log ends before the start does",
        ),
    ] {
        let output = alone(&["--file", "-"], log);
        assert_eq!(output.status.code(), Some(code), "{}{}", out(&output), err(&output));
        has(&out(&output), &["standard input", says]);
        assert!(!out(&output).contains('\u{1b}') && err(&output).is_empty(), "{}", err(&output));
    }
}

#[test]
fn json_for_programs() {
    let output = alone(&["--file", "-", "-o", "json"], KILLED);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&report["kind"], &report["verdict"]), (&"StartupTimeline".into(), &"sick".into()));
    assert_eq!(report["logs"][0]["attempts"][0]["end"]["how"], "killed");
    assert_eq!(report["findings"][0]["code"], "killed-while-starting");
}

#[test]
fn mistakes_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("writes");
        path.display().to_string()
    };
    let (empty, foreign, log) = (file("empty", "\n"), file("foreign", "kind: x\n"), file("log", HEALTHY));
    for (arguments, code, says) in [
        (vec!["--file", "/nonexistent/log"], 3, "error: /nonexistent/log: No such file or directory"),
        (vec!["--file", &empty], 3, "is empty"),
        (vec!["--file", &foreign], 3, "not a log of calico-node: its first line is \"kind: x\""),
        (vec!["--file", &log, "--node", "n"], 2, "cannot be used with"),
        (vec!["--file", &log, "-o", "wide"], 2, "debug-log prints table, json or yaml"),
        (vec!["--file", &log, "--output", "json"], 2, "Write -o json for the format"),
        (vec!["--file", &log, &log, "--output", "/nonexistent/x"], 2, "2 logs do not go into one file"),
        (vec!["--file", &log, "--output", "/nonexistent/x"], 3, "/nonexistent/x: No such file or directory"),
    ] {
        let output = alone(&arguments, "");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", err(&output));
        has(&err(&output), &[says]);
    }
}

#[test]
fn a_copy_has_no_secrets_and_may_replace_what_was_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("calico.log");
    let log = format!(
        "{KILLED}\ntime=\"2018-10-31T07:48:14Z\" level=debug msg=\"etcd https://root:hunter2@10.0.0.9:2379\"\n-----BEGIN RSA PRIVATE KEY-----\nMIIEsecret\n-----END RSA PRIVATE KEY-----\n"
    );
    std::fs::write(&path, log).expect("writes");
    let name = path.display().to_string();
    let output = alone(&["--file", &name, "--output", &name], "");
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    has(&err(&output), &[&format!("saved {name}")]);
    let copy = std::fs::read_to_string(&path).expect("reads");
    has(&copy, &["Get Key: /calico/bgp/v1/host/node-53/ip_addr_v4", "https://(masked)@10.0.0.9:2379"]);
    assert!(!copy.contains("hunter2") && !copy.contains("MIIE"), "{copy}");
    let streamed = alone(&["--file", &name, "--output", "-"], "");
    assert_eq!(out(&streamed), copy);
    has(&err(&streamed), &["killed-while-starting"]);
}

#[test]
fn the_sickest_node_of_a_cluster() {
    let running = sim::start(sim::scenario::slow_start(53));
    let output = live(&running, &[]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    insta::assert_snapshot!(out(&output));
    has(&err(&output), &["already explains the problem, so no restart is needed", "--yes raises the level"]);
    // In back-off there is one log, whether it is asked for as the previous one or not.
    assert_eq!(running.requests().iter().filter(|request| request.path.ends_with("/log")).count(), 1);
    let named = running.requests().iter().all(|request| request.header("kubectl-command") == Some("kubectl calico-fix debug-log"));
    assert!(named);
}

#[test]
fn chosen_and_unknown_nodes_and_none_in_trouble() {
    let running = sim::start(sim::scenario::slow_start(53));
    let output = live(&running, &["--no-change", "--node", WELL]);
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    has(&out(&output), &["started after", "calico-node started"]);
    assert!(err(&output).is_empty(), "{}", err(&output));
    let output = live(&running, &["--no-change", "--node", "nobody"]);
    assert_eq!(output.status.code(), Some(2));
    has(&err(&output), &["node \"nobody\" not found"]);
    let running = sim::start(sim::scenario::healthy(3));
    let output = live(&running, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    has(&out(&output), &["All 3 calico-node pods are Ready, and none has restarted", "--node NAME"]);
}

/// The sick node's container runs again, and its logs are long; others said a lot later.
fn restarted(faults: Vec<Fault>) -> Scenario {
    let mut world = Scenario { faults, ..sim::scenario::slow_start(3) };
    let sick = world.logs.iter().find(|(_, logs)| logs.previous.is_some()).map(|(key, _)| key.clone()).expect("its logs");
    let reads =
        (0..20_000).map(|n| format!("time=\"2018-10-31T07:48:15Z\" level=debug msg=\"Get Key: /calico/bgp/v1/host/node-53/key-{n}\" \n"));
    let before = format!("{KILLED}\n{}", reads.collect::<String>());
    let now = "2026-11-20T08:29:00Z 2026-11-20 08:29:00.000 [INFO][9] startup/startup.go 427: Early log level set to info\n";
    world.logs.insert(sick.clone(), Logs::fixed(Some(now), Some(&before)));
    world.store.bend("Pod", &sick.1, |pod| {
        pod["status"]["containerStatuses"][0]["state"] = serde_json::json!({"running": {"startedAt": "2026-11-20T08:29:00Z"}});
    });
    world
}

#[test]
fn both_logs_are_read_whole_and_saved() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("logs/");
    let running = sim::start(restarted(vec![]));
    let output = live(&running, &["--no-change", "--output", &format!("{}/", place.display())]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    has(&out(&output), &["Get Key: /calico/bgp/v1/host/node-53/key-19999", "still starting", "killed after"]);
    let saved = std::fs::read_to_string(place.join("amz-iad12-opsrespool-13-33.previous.log")).expect("the previous log");
    assert_eq!((saved.lines().count(), saved.len() > 1 << 20), (20_023, true));
    assert!(place.join("amz-iad12-opsrespool-13-33.log").exists());
    let one_file = folder.path().join("one").display().to_string();
    let output = live(&running, &["--no-change", "--output", &one_file]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
}

#[test]
fn what_cannot_be_read_is_said() {
    for (fault, code, says) in [
        (Effect::Forbidden, 1, "cannot get resource"),
        (Effect::Status(500), 1, "Not seen:"),
        // What came until the connection broke is explained, and that it broke is said.
        (Effect::Reset, 1, "the connection was closed before the answer came"),
    ] {
        let running = sim::start(restarted(vec![Fault::always("/log?", fault.clone())]));
        let output = live(&running, &["--no-change"]);
        assert_eq!(output.status.code(), Some(code), "{fault:?}: {}{}", out(&output), err(&output));
        has(&out(&output), &[says]);
    }
}

#[test]
fn a_snapshot_holds_the_known_lines() {
    let file = |name: &str| format!("{}/examples/incidents/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let output = alone(&["--from", &file("slow-start")], "");
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    has(&out(&output), &["allocating its tunnel address", "a startup limit of", "\"startupProbe\"", "level info"]);
    let output = alone(&["--from", &file("slow-start"), "--node", "nobody"], "");
    assert_eq!(output.status.code(), Some(2));
    has(&err(&output), &["node \"nobody\" not found", SICK]);
    let output = alone(&["--from", &file("slow-start-healthy")], "");
    assert_eq!(output.status.code(), Some(3));
    has(&err(&output), &["the file has no logs", "--logs --save"]);
}
