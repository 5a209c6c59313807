//! Is the simulated cluster one? The real kubectl and recorded answers of a real API server are the judges.

#![allow(clippy::disallowed_types, reason = "the requests of this judge go past the tool that is judged")]

mod faults;
mod reading;
mod replay;
mod rolling;
mod watching;
mod writing;

use std::process::{Command, Output};

use sim::TestServer;
use support::output::text;
use support::tools::tool;

/// `None` where there is no kubectl.
fn kubectl(running: &TestServer, arguments: &[&str]) -> Option<Output> {
    let kubectl = tool("kubectl", "judging the simulated cluster by the real kubectl")?;
    // A home of its own: kubectl caches discovery there.
    let home = running.kubeconfig().with_file_name("home");
    Some(Command::new(kubectl).args(arguments).env("KUBECONFIG", running.kubeconfig()).env("HOME", home).output().expect("runs"))
}

/// What it printed, when it succeeded.
fn said(running: &TestServer, arguments: &[&str]) -> Option<String> {
    let output = kubectl(running, arguments)?;
    assert!(output.status.success(), "kubectl {arguments:?}: {}", text(&output.stderr));
    Some(text(&output.stdout))
}

/// What it complained of, when it failed.
fn complained(running: &TestServer, arguments: &[&str]) -> Option<String> {
    let output = kubectl(running, arguments)?;
    assert!(!output.status.success(), "kubectl {arguments:?} succeeded: {}", text(&output.stdout));
    Some(text(&output.stderr))
}

fn pod_on(running: &TestServer, node: &str) -> Option<String> {
    let selector = format!("spec.nodeName={node}");
    Some(said(running, &["-n", "kube-system", "get", "pods", "--field-selector", &selector, "-o", "name"])?.trim().to_string())
}
