//! `autodetect` on the simulated cluster, with the program as a user runs it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use sim::TestServer;
use support::output::text;

use crate::PLUGIN;

/// Without a home and without variables.
fn on(path: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(PLUGIN);
    command.env_clear().env("HOME", "").args(["autodetect", "--from"]).arg(path).args(arguments).output().expect("runs")
}

fn program(running: &TestServer, arguments: &[&str]) -> Output {
    let kubeconfig = running.kubeconfig();
    Command::new(PLUGIN).env("KUBECONFIG", kubeconfig).env("NO_COLOR", "1").arg("autodetect").args(arguments).output().expect("runs")
}

fn json(running: &TestServer, arguments: &[&str]) -> (Value, Option<i32>) {
    let output = program(running, &[&["-o", "json"][..], arguments].concat());
    let value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)));
    (value, output.status.code())
}

/// `method: verdicts`, nodes in order.
fn verdicts(report: &Value, method: &str) -> Vec<String> {
    let cells = report["matrix"].as_array().expect("cells").iter().filter(|cell| cell["method"] == method);
    cells.map(|cell| cell["verdict"].as_str().expect("a verdict").to_owned()).collect()
}

#[test]
fn the_seed_incident() {
    let running = sim::start(sim::scenario::bridge_address(3));
    let (report, code) = json(&running, &["--method", "can-reach=8.8.8.8", "--method", "can-reach=172.18.0.9"]);
    assert_eq!(code, Some(1), "{report:#}");
    assert_eq!(verdicts(&report, "first-found"), ["right", "right", "wrong"]);
    // Asked of each node's kernel: the API server, and what was typed.
    assert_eq!(verdicts(&report, "can-reach=10.12.33.10"), ["right", "right", "right"]);
    assert_eq!(verdicts(&report, "can-reach=8.8.8.8"), ["right", "right", "right"]);
    // Only the last node has that bridge.
    assert_eq!(verdicts(&report, "can-reach=172.18.0.9"), ["right", "right", "wrong"]);
    assert_eq!(report["recommendation"]["method"], "kubernetes-internal-ip");
    assert!(report["nodes"].as_array().expect("nodes").iter().all(|node| node["source"] == "interfaces"));
}

#[test]
fn its_healthy_twin() {
    let running = sim::start(sim::scenario::healthy(3));
    let (report, code) = json(&running, &[]);
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(verdicts(&report, "first-found"), ["right", "right", "right"]);
    assert_eq!(report["recommendation"]["keep"], true);
}

#[test]
fn nothing_is_written_and_no_shell_text_is_made_of_what_was_typed() {
    let running = sim::start(sim::scenario::healthy(2));
    let output = program(&running, &["--method", "can-reach=$(touch /tmp/x)", "--method", "interface=$(reboot)"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    for request in running.requests() {
        assert!(request.method == "GET" || request.path.contains("/exec"), "{} {}", request.method, request.path);
        assert!(!request.path.contains("touch") && !request.path.contains("reboot"), "{}", request.path);
    }
}

#[test]
fn in_an_operators_cluster_the_installation_is_named() {
    let running = sim::start(sim::scenario::operator_bridge_address(3));
    let output = program(&running, &[]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("By hand   kubectl patch installation default --type merge -p "), "{said}");
    assert!(said.contains(r#""kubernetes":"NodeInternalIP""#) && said.contains(r#""firstFound":null"#), "{said}");
}

/// This release detects an address whatever the backend is; nothing is proposed all the same.
#[test]
fn canal_needs_no_change() {
    let running = sim::start(sim::scenario::canal(2));
    let output = program(&running, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(!text(&output.stdout).contains("By hand"), "{}", text(&output.stdout));
}

#[test]
fn whoever_may_not_exec_is_told_and_still_answered() {
    let running = sim::start(sim::scenario::bridge_address(3));
    let (report, code) = json(&running, &["--context", "no-exec"]);
    assert_eq!(code, Some(1), "{report:#}");
    assert_eq!(report["nodes"][2]["storedVerdict"], "wrong");
    assert_eq!(verdicts(&report, "kubernetes-internal-ip"), ["unknown", "unknown", "unknown"]);
    assert_eq!(report["recommendation"]["unsure"].as_array().map(Vec::len), Some(3));
}

#[test]
fn the_same_from_a_saved_snapshot() {
    let running = sim::start(sim::scenario::bridge_address(3));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("snapshot.yaml");
    let saves = Command::new(PLUGIN).env("KUBECONFIG", running.kubeconfig()).args(["status", "--save"]).arg(&path).output().expect("runs");
    assert!(path.exists(), "{}", text(&saves.stderr));
    let (live, _) = json(&running, &[]);
    let offline: Value = serde_json::from_slice(&on(&path, &["-o", "json"]).stdout).expect("JSON");
    for part in ["nodes", "matrix", "recommendation"] {
        assert_eq!(live[part], offline[part], "{part}");
    }
    // A destination nobody asked the kernel about: told from the routes that were saved.
    let asked: Value = serde_json::from_slice(&on(&path, &["-o", "json", "--method", "can-reach=8.8.4.4"]).stdout).expect("JSON");
    assert_eq!(verdicts(&asked, "can-reach=8.8.4.4"), ["right", "right", "right"]);
}
