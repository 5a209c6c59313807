//! `status --wait` and `status --watch` on a cluster that lives.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use serde_json::json;
use sim::{TestServer, scenario};
use support::output::{err, out, told};

use crate::PLUGIN;

/// Simulated seconds in one real second.
const PACE: f64 = 30.0;

fn command(running: &TestServer, arguments: &[&str]) -> Command {
    let mut command = Command::new(PLUGIN);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", "/nonexistent");
    command.env("KUBECONFIG", running.kubeconfig()).args(["status", "--watch-interval", "1"]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Lines as they come; the whole text so far stands in a failure.
struct Lines<R> {
    from: BufReader<R>,
    seen: String,
}

impl<R: Read> Lines<R> {
    fn new(from: R) -> Self {
        Self { from: BufReader::new(from), seen: String::new() }
    }

    fn until(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            let count = self.from.read_line(&mut line).expect("reads");
            self.seen += &line;
            assert!(count > 0, "{text:?} did not come:\n{}", self.seen);
            if line.contains(text) {
                return line;
            }
        }
    }
}

fn streams(child: &mut Child) -> (Lines<ChildStdout>, Lines<ChildStderr>) {
    (Lines::new(child.stdout.take().expect("a pipe")), Lines::new(child.stderr.take().expect("a pipe")))
}

/// What the fix of the first incident does.
fn heal(running: &TestServer) {
    let variable = json!({"name": "IP_AUTODETECTION_METHOD", "value": "kubernetes-internal-ip"});
    let set = |object: &mut serde_json::Value| {
        let variables = object["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().expect("variables");
        variables.retain(|known| known["name"] != variable["name"]);
        variables.push(variable.clone());
    };
    running.cluster().store.edit("DaemonSet", "kube-system", "calico-node", set).expect("edits");
}

fn finished(mut child: Child) -> Option<i32> {
    child.wait().expect("ends").code()
}

#[test]
fn waiting_ends_when_the_cluster_is_healthy_whatever_comes_between() {
    let running = sim::start(scenario::bridge_address(3));
    let _live = running.live(PACE);
    let mut child = command(&running, &["--wait", "--timeout", "5m"]).spawn().expect("runs");
    let (mut out, mut err) = streams(&mut child);
    let first = err.until("waiting: UNHEALTHY, 2 of 3 nodes ready, address-on-virtual-interface on ");
    assert!(first.split("Z  ").next().is_some_and(|time| time.len() == "08:30:05".len()), "{first}");
    running.go_away(Duration::from_secs(3));
    err.until("waiting: no answer: ");
    heal(&running);
    out.until("HEALTHY  ");
    assert_eq!(finished(child), Some(0), "{}", err.seen);
    let mut rest = String::new();
    err.from.read_to_string(&mut rest).expect("reads");
    let states: Vec<&str> =
        err.seen.lines().chain(rest.lines()).filter_map(|line| line.split_once("Z  ")).map(|(_, state)| state).collect();
    assert!(states.windows(2).all(|two| two[0] != two[1]), "only changes are told: {states:?}");
}

fn wait(running: &TestServer, arguments: &[&str]) -> Output {
    command(running, arguments).output().expect("runs")
}

#[test]
fn waiting_in_vain_ends_with_the_page_and_exit_code_1() {
    let running = sim::start(scenario::bridge_address(3));
    let folder = tempfile::tempdir().expect("a folder");
    let saved = folder.path().join("waited.json");
    let output = wait(&running, &["--wait", "--timeout", "6s", "--save", saved.to_str().expect("a path")]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(out(&output).starts_with("UNHEALTHY  "), "{}", told(&output));
    assert!(err(&output).contains("Saved to ") && saved.exists(), "{}", told(&output));
    assert!(err(&output).contains("error: Calico is not healthy after 6s: UNHEALTHY, 2 of 3"), "{}", told(&output));
    // What is not known is no health.
    let output = wait(&running, &["--wait", "--timeout", "3s", "--context", "no-exec", "--node", "amz-sin8-opsrespool-33-10"]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
}

/// Reading the cluster may have taken minutes.
#[test]
fn a_report_is_printed_even_if_it_cannot_be_saved() {
    let running = sim::start(scenario::healthy(2));
    let output = wait(&running, &["--save", "/nonexistent/x.json"]);
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    assert!(out(&output).starts_with("HEALTHY  "), "{}", told(&output));
    assert!(
        err(&output).contains("error: cannot write /nonexistent/x.json: No such file or directory\nMake the folder first: "),
        "{}",
        told(&output)
    );
}

#[test]
fn waiting_for_a_server_that_never_answers_ends_and_a_typing_mistake_is_not_waited_for() {
    let running = sim::start(scenario::healthy(2));
    let output = wait(&running, &["--wait", "--timeout", "2s", "--server", "https://127.0.0.1:1"]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(1), ""), "{}", told(&output));
    assert_eq!(err(&output).matches("no answer: ").count(), 2, "once and at the end: {}", told(&output));
    let output = wait(&running, &["--wait", "--context", "typo"]);
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    let output = wait(&running, &["--wait", "--node", "typo"]);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
}

#[test]
fn a_watch_in_a_pipe_tells_only_changes() {
    let running = sim::start(scenario::bridge_address(3));
    let _live = running.live(PACE);
    let mut child = command(&running, &["--watch"]).spawn().expect("runs");
    let (mut out, _err) = streams(&mut child);
    assert!(out.until("UNHEALTHY  ").starts_with("UNHEALTHY"), "the first look is a whole page");
    out.until("More info:");
    running.go_away(Duration::from_secs(3));
    out.until("Z  no answer: ");
    out.until("Z  the cluster answers again, after ");
    heal(&running);
    out.until("Z  gone: address-on-virtual-interface on ");
    out.until("Z  HEALTHY, was ");
    child.kill().expect("ends");
    child.wait().expect("ended");
    assert_eq!(out.seen.matches("NODE  ").count(), 1, "one page: {}", out.seen);
}
