//! The command that `status` proposes, given to the real kubectl, heals the incident: seen in a cluster that lives.

use std::process::{Command, Output};

use jiff::SignedDuration;
use serde_json::Value;
use sim::simulation::Simulation;
use sim::{TestServer, scenario};
use support::tools::tool;

/// The plugin as kubectl runs it, with `kubectl` beside it on PATH.
fn shell(running: &TestServer, line: &str) -> Output {
    let folder = std::path::Path::new(crate::PLUGIN).parent().expect("has a folder");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    Command::new("sh").args(["-c", line]).env("PATH", path).env("KUBECONFIG", running.kubeconfig()).output().expect("runs")
}

fn status(running: &TestServer) -> (Option<i32>, Value) {
    let output = shell(running, "kubectl-calico_fix status -o json");
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))))
}

fn heals(incident: &str, code: &str, minutes: i64) {
    if tool("kubectl", "healing by the printed command").is_none() {
        return;
    }
    let running = sim::start(scenario::named(incident, 4).expect("is a scenario"));
    let mut live = Simulation::new(running.cluster().clone());

    let (exit, sick) = status(&running);
    assert_eq!((exit, sick["findings"][0]["code"].as_str()), (Some(1), Some(code)), "{sick:#}");
    let fix = &sick["findings"][0]["fix"];
    assert!(fix["command"].as_str().is_some_and(|command| command.starts_with("kubectl calico-fix ")), "the guarded command: {fix}");
    let command = fix["byHand"]["command"].as_str().expect("proposes a command");
    let applied = shell(&running, command);
    assert!(applied.status.success(), "{command}: {}", String::from_utf8_lossy(&applied.stderr));

    live.advance(live.now() + SignedDuration::from_mins(minutes));
    let (exit, healed) = status(&running);
    assert_eq!((exit, healed["verdict"].as_str()), (Some(0), Some("healthy")), "after {command}: {healed:#}");
}

#[test]
fn an_address_on_a_bridge() {
    heals("bridge-address", "address-on-virtual-interface", 5);
}

#[test]
fn a_start_that_is_slower_than_its_probe() {
    heals("slow-start", "killed-while-starting", 15);
}

/// In its Installation: the DaemonSet is the operator's.
#[test]
fn an_address_on_a_bridge_under_the_operator() {
    heals("operator-bridge-address", "address-on-virtual-interface", 5);
}
