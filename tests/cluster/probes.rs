//! `probes` from end to end: on the simulated cluster, and on the example incidents as people read them.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use sim::scenario;
use support::output::text;

use crate::PLUGIN;

const FAR: &str = "amz-iad12-opsrespool-13-33";

fn of_file(file: &str, arguments: &[&str]) -> Output {
    let from = format!("examples/incidents/{file}.yaml");
    Command::new(PLUGIN)
        .args(["probes", "--from", &from])
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .env_remove("KUBECONFIG")
        .output()
        .expect("runs")
}

fn live(running: &sim::TestServer, arguments: &[&str]) -> (Option<i32>, Value) {
    let output =
        Command::new(PLUGIN).args(["probes", "-o", "json"]).args(arguments).env("KUBECONFIG", running.kubeconfig()).output().expect("runs");
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    (output.status.code(), report)
}

/// The far node by objects and events alone, and with its logs; no container is looked into.
#[test]
fn incident_two_is_found_with_logs_and_without() {
    let running = sim::start(scenario::slow_start(5));
    for (arguments, bound, after) in [(&["--no-logs"][..], 63.0, 160), (&[][..], 63.0, 220)] {
        let (exit, report) = live(&running, arguments);
        assert_eq!((exit, report["findings"][0]["code"].as_str()), (Some(1), Some("killed-while-starting")), "{report:#}");
        let row = &report["nodes"][0];
        assert_eq!((row["name"].as_str(), row["standing"].as_str()), (Some(FAR), Some("killed")));
        assert_eq!((row["start"]["seconds"].as_f64(), row["start"]["atLeast"].as_bool()), (Some(bound), Some(true)), "{row:#}");
        let proposal = &report["proposal"];
        assert_eq!(proposal["budgetAfterSeconds"].as_u64(), Some(after), "{arguments:?} {proposal:#}");
        assert_eq!(proposal["changes"][0]["probe"].as_str(), Some("startup"));
        assert_eq!(proposal["nodes"][0]["node"].as_str(), Some(FAR));
    }
    let requests = running.requests();
    assert!(!requests.iter().any(|request| request.path.contains("/exec")));
    let (exit, report) = live(&running, &["--strategy", "initial-delay", "--no-logs"]);
    let timing = &report["proposal"]["changes"][0]["timing"];
    assert_eq!((exit, timing["initialDelaySeconds"].as_u64(), timing["failureThreshold"].as_u64()), (Some(1), Some(60), Some(10)));
}

#[test]
fn a_cluster_in_health_is_measured() {
    let running = sim::start(scenario::slow_start_healed(4));
    let (exit, report) = live(&running, &[]);
    assert_eq!((exit, report["verdict"].as_str()), (Some(0), Some("healthy")), "{report:#}");
    let row = &report["nodes"][0];
    assert_eq!((row["name"].as_str(), row["standing"].as_str()), (Some(FAR), Some("within")), "slowest first");
    assert!(row["start"]["seconds"].as_f64().is_some_and(|seconds| (50.0..100.0).contains(&seconds)), "{row:#}");
    assert_eq!(report["distribution"]["count"].as_u64(), Some(4));
    // One node, and one that is not there.
    let (exit, report) = live(&running, &["--node", FAR]);
    assert_eq!((exit, report["nodes"].as_array().map(Vec::len)), (Some(0), Some(1)));
    let output = Command::new(PLUGIN).args(["probes", "--node", "nobody"]).env("KUBECONFIG", running.kubeconfig()).output().expect("runs");
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    // A change that was asked for and is not made.
    let (exit, report) = live(&running, &["--set", "liveness.failureThreshold=12"]);
    assert_eq!((exit, report["findings"].as_array().map(Vec::len)), (Some(1), Some(0)), "{report:#}");
}

#[test]
fn the_operators_definition_decides() {
    for (operator, place) in [(sim::Operator::V1_28, "nowhere"), (sim::Operator::Master, "installation")] {
        let running = sim::start(sim::Scenario { operator, ..scenario::operator(3) });
        let output = Command::new(PLUGIN)
            .args(["probes", "--set", "liveness.failureThreshold=9", "-o", "json"])
            .env("KUBECONFIG", running.kubeconfig())
            .output()
            .expect("runs");
        if place == "installation" {
            let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            assert_eq!(report["proposal"]["place"]["installation"]["name"].as_str(), Some("default"), "{report:#}");
        } else {
            assert_eq!(output.status.code(), Some(2));
            assert!(text(&output.stderr).contains("this operator's Installation has no fields for probes"), "{}", text(&output.stderr));
        }
    }
}

#[test]
fn bad_wishes_are_refused_by_field_and_range() {
    for (arguments, says) in [
        (&["--set", "liveness.periodSeconds=0"][..], "liveness.periodSeconds must be a whole number from 1 to 86400, not \"0\""),
        (&["--set", "liveness.failures=3"], "a liveness probe has no timing field \"failures\""),
        (&["--set", "startup.periodSeconds=2,startup.periodSeconds=3"], "startup.periodSeconds is set twice"),
        (&["--fix", "port"], "--fix port: there is no such problem to fix here"),
        (&["--fix", "everything"], "invalid value 'everything'"),
        (&["--set", "liveness.periodSeconds=5", "--strategy", "initial-delay"], "cannot be used with"),
        (&["-o", "name"], "allowed formats are: json,short,table,wide,yaml"),
    ] {
        let output = of_file("slow-start", arguments);
        assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(2), ""), "{arguments:?}");
        assert!(text(&output.stderr).contains(says), "{arguments:?}: {}", text(&output.stderr));
    }
}

#[test]
fn what_is_printed() {
    for (name, file, arguments) in [
        ("slow-start", "slow-start", &[][..]),
        ("slow-start-wide-of-one-node", "slow-start", &["-o", "wide", "--node", FAR]),
        ("slow-start-initial-delay", "slow-start", &["--strategy", "initial-delay", "--node", FAR]),
        ("slow-start-by-hand", "slow-start", &["--set", "startup.failureThreshold=5,startup.timeoutSeconds=20", "--node", FAR]),
        ("slow-start-healthy", "slow-start-healthy", &[]),
        ("bridge-address", "bridge-address", &[]),
        ("yaml", "slow-start", &["-o", "yaml", "--node", FAR]),
    ] {
        let output = of_file(file, arguments);
        assert_eq!(text(&output.stderr), "", "{name}");
        insta::assert_snapshot!(name, format!("exit code {}\n\n{}", output.status.code().unwrap_or(-1), text(&output.stdout)));
    }
}
