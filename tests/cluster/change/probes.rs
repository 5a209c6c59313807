//! `probes` from a calico-node that is killed while it starts to one that stays up, as a user types it.

mod growing;

use std::time::{Duration, Instant};

use serde_json::json;

use super::*;

const FAR: &str = "amz-iad12-opsrespool-13-33";
const CONTAINERS: &str = "/spec/calicoNodeDaemonSet/spec/template/spec/containers";

fn container(stage: &Stage) -> Value {
    stage.daemon_set()["spec"]["template"]["spec"]["containers"][0].clone()
}

/// Ready, and restarted this often.
fn far_pod(stage: &Stage) -> Option<(bool, u64)> {
    let pods = stage.running.cluster().store.objects("Pod");
    let status = &pods.iter().find(|pod| pod["spec"]["nodeName"] == FAR)?["status"]["containerStatuses"][0];
    Some((status["ready"] == true, status["restartCount"].as_u64()?))
}

/// Sooner or later, in a cluster that lives.
fn comes_true(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(120), "it did not come true");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn changed_lines(output: &Output) -> String {
    let lines = out(output);
    lines.lines().filter(|line| line.starts_with(['+', '-'])).collect::<Vec<_>>().join("\n")
}

fn installation(stage: &Stage) -> Value {
    stage.running.cluster().store.object("Installation", "", "default").expect("is there")
}

/// The killed node goes first, and is verified by staying up.
#[test]
fn a_startup_probe_heals_the_slow_start_and_undo_takes_it_back() {
    let stage = Stage::new("slow-start", 3);
    let before = stage.daemon_set();
    let _live = stage.running.live(PACE);
    let output = stage.kubectl(&["probes", "--yes"]);
    println!("{}", told(&output));
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let now = container(&stage);
    assert_eq!(now["startupProbe"]["exec"], now["livenessProbe"]["exec"]);
    assert_eq!(now["livenessProbe"], before["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]);
    assert_eq!(far_pod(&stage), Some((true, 0)), "{}", told(&output));
    assert!(stage.annotation().is_some_and(|text| text.contains(&format!("\"canary\":\"{FAR}\""))), "{:?}", stage.annotation());
    assert_eq!(stage.daemon_set()["spec"]["updateStrategy"], before["spec"]["updateStrategy"]);
    let again = stage.kubectl(&["probes"]);
    assert!(code(&again) == Some(0) && !out(&again).contains("+++"), "{}", told(&again));

    let undone = stage.kubectl(&["undo", "--yes"]);
    assert_eq!((code(&undone), container(&stage)["startupProbe"].clone()), (Some(0), Value::Null), "{}", told(&undone));
    assert_eq!((&stage.daemon_set()["spec"], stage.annotation()), (&before["spec"], None));
}

#[test]
fn a_longer_delay_heals_it_too() {
    let stage = Stage::new("slow-start", 3);
    let before = container(&stage)["livenessProbe"].clone();
    let _live = stage.running.live(PACE);
    let output = stage.kubectl(&["probes", "--strategy", "initial-delay", "--yes", "--no-wait", "-o", "json"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(&output)));
    keeps_to("probes", &document);
    assert_eq!(document["change"]["plan"]["canary"], FAR, "{document:#}");
    let now = container(&stage);
    assert_eq!((&now["startupProbe"], &now["livenessProbe"]["exec"]), (&Value::Null, &before["exec"]));
    assert_eq!(now["livenessProbe"]["initialDelaySeconds"], 60);
    assert!(now["livenessProbe"]["failureThreshold"].as_u64().is_some_and(|failures| failures >= 10), "{now:#}");
    comes_true(|| far_pod(&stage) == Some((true, 0)));
}

#[test]
fn a_dry_run_shows_the_difference_alone() {
    for (name, strategy) in [("startup_probe", "startup-probe"), ("initial_delay", "initial-delay")] {
        let stage = Stage::new("slow-start", 3);
        let output = stage.kubectl(&["probes", "--strategy", strategy, "--dry-run=server"]);
        assert_eq!((code(&output), stage.writes()), (Some(1), vec![]), "{}", told(&output));
        insta::assert_snapshot!(format!("probes_{name}"), changed_lines(&output));
    }
}

/// A budget that is still too small is found out on the canary, and no other node is touched.
#[test]
fn a_budget_that_is_too_small_is_put_back() {
    let stage = Stage::new("slow-start", 3);
    let before = stage.daemon_set();
    let others = || stage.pods().into_iter().filter(|(node, _)| node != FAR).collect::<Vec<_>>();
    let pods = others();
    let _live = stage.running.live(PACE);
    let output = stage.kubectl(&["probes", "--set", "liveness.failureThreshold=7", "--yes", "--timeout", "5s"]);
    assert_eq!(code(&output), Some(4), "{}", told(&output));
    assert_eq!((&stage.daemon_set()["spec"], stage.annotation()), (&before["spec"], None));
    assert_eq!(others(), pods);
}

/// Where nobody watches, what is known to kill a start is refused before anything is written.
#[test]
fn an_unwatched_change_that_kills_a_start_needs_force() {
    let stage = Stage::new("slow-start-healed", 3);
    let set = "liveness.initialDelaySeconds=2,liveness.periodSeconds=1,liveness.failureThreshold=8";
    let output = stage.kubectl(&["probes", "--set", set, "--yes", "--no-wait"]);
    assert_eq!((code(&output), stage.writes()), (Some(1), vec![]), "{}", told(&output));
    assert!(err(&output).contains("these probes kill calico-node while it starts on amz-iad12-opsrespool-13-33"), "{}", told(&output));
    let output = stage.kubectl(&["probes", "--set", set, "--yes", "--no-wait", "--force"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let stage = Stage::new("slow-start-healed", 3);
    let enough = "liveness.initialDelaySeconds=90,liveness.failureThreshold=8";
    let output = stage.kubectl(&["probes", "--set", enough, "--yes", "--no-wait"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
}

#[test]
fn where_no_start_is_slow_nothing_is_proposed() {
    for scenario in ["healthy", "bridge-address", "slow-start-healed", "operator", "operator-new", "canal"] {
        let stage = Stage::new(scenario, 3);
        let output = stage.kubectl(&["probes", "--yes"]);
        // A fault that is not about starts is a fault all the same: the exit code says what the first word says.
        let is_sick = out(&output).starts_with("UNHEALTHY");
        assert_eq!((code(&output), stage.writes()), (Some(i32::from(is_sick)), vec![]), "{scenario}: {}", told(&output));
        assert!(is_sick || scenario != "bridge-address", "{}", told(&output));
        assert!(!is_sick || !["healthy", "slow-start-healed"].contains(&scenario), "{scenario}: {}", told(&output));
        assert!(!out(&output).contains("+++"), "{scenario}: {}", told(&output));
        let emitted = stage.kubectl(&["probes", "--emit", "kubectl"]);
        assert_eq!((code(&emitted), out(&emitted)), (Some(1), String::new()), "{scenario}: {}", told(&emitted));
    }
}

#[test]
fn what_is_typed_wrong_is_refused_before_anything_is_touched() {
    let stage = Stage::new("slow-start", 3);
    for (arguments, says) in [
        (&["--set", "liveness.failureThreshold=0"][..], "liveness.failureThreshold must be a whole number from 1 to "),
        (&["--set", "liveness.failureThreshold"], "PROBE.FIELD=NUMBER"),
        (&["--set", "sometimes.periodSeconds=3"], "startup, liveness or readiness"),
        (&["--canary", "no-such-node"], "no node of that name runs calico-node"),
        (&["--emit", "nonsense"], "kustomize"),
        (&["--strategy", "patience"], "initial-delay"),
    ] {
        let output = stage.kubectl(&[&["probes", "--yes"], arguments].concat());
        assert_eq!(code(&output), Some(2), "{arguments:?} {}", told(&output));
        assert!(err(&output).contains(says), "{arguments:?} {}", err(&output));
    }
    let no_form = stage.kubectl(&["probes", "--emit", "kubespray"]);
    assert_eq!((code(&no_form), out(&no_form)), (Some(2), String::new()), "{}", told(&no_form));
    assert_eq!(stage.writes(), Vec::<String>::new());
}

/// A far node under the operator, whose calico-node has just been killed for the second time. While a test holds the simulation, the
/// pod's status, its events and its log agree: beside other tests a run takes long enough for the next kill to fall between two requests.
fn slow_operator(operator: sim::Operator) -> (Stage, sim::BackgroundSimulation) {
    let mut world = scenario::named(if operator == sim::Operator::Master { "operator-new" } else { "operator" }, 3).expect("is a scenario");
    let far = world.hosts.values_mut().last().expect("a host");
    far.round_trip = 1.5;
    let node = far.node.clone();
    // The newest operator's own budget is five minutes.
    let short = json!([{"name": "calico-node", "startupProbe": {"failureThreshold": 15}}]);
    let short = json!({"spec": {"template": {"spec": {"containers": short}}}});
    if operator == sim::Operator::Master {
        world.store.bend("Installation", "default", |object| object["spec"]["calicoNodeDaemonSet"] = short.clone());
    }
    let stage = Stage::bent(world);
    let cluster = stage.running.cluster();
    let live = stage.running.live(PACE);
    let pod = || cluster.store.objects("Pod").into_iter().find(|pod| pod["spec"]["nodeName"] == *node);
    let old = pod().expect("a pod")["metadata"]["name"].as_str().expect("a name").to_owned();
    cluster.store.delete("Pod", "calico-system", &old, &sim::Deletion::default()).expect("is deleted");
    let restarts = || pod().and_then(|pod| pod["status"]["containerStatuses"][0]["restartCount"].as_u64()).unwrap_or(0);
    comes_true(|| restarts() >= 2);
    (stage, live)
}

/// The operator prunes what it does not know: nothing is sent, and the page says what remains.
#[test]
fn an_operator_without_the_fields_is_not_written_to() {
    let (stage, live) = slow_operator(sim::Operator::V1_28);
    let _still = live.hold();
    for more in [&["--yes"][..], &["--strategy", "initial-delay", "--yes"], &["--dry-run=server"]] {
        let output = stage.kubectl(&[&["probes"], more].concat());
        println!("{}", told(&output));
        assert_eq!((code(&output), stage.writes()), (Some(1), vec![]), "{}", told(&output));
        assert!(out(&output).contains("Upgrade the operator"), "{}", told(&output));
        assert!(!out(&output).contains("+++"), "{}", told(&output));
    }
}

/// Other containers there, and other fields of this one, are somebody else's.
#[test]
fn the_installations_list_of_containers_keeps_what_is_not_ours() {
    let world = scenario::named("operator-new", 3).expect("is a scenario");
    let theirs = json!([
        {"name": "calico-node", "resources": {"requests": {"cpu": "250m"}}, "livenessProbe": {"periodSeconds": 12}},
    ]);
    let list = json!({"spec": {"template": {"spec": {"containers": theirs}}}});
    world.store.bend("Installation", "default", |object| object["spec"]["calicoNodeDaemonSet"] = list.clone());
    let stage = Stage::bent(world);
    let _live = stage.running.live(PACE);
    let output = stage.kubectl(&["probes", "--set", "liveness.failureThreshold=12", "--yes"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let patch = "PATCH /apis/operator.tigera.io/v1/installations/default";
    assert!(stage.writes().iter().all(|line| line == patch), "{:?}", stage.writes());
    let containers = installation(&stage).pointer(CONTAINERS).cloned().expect("a list");
    let mut expected = theirs.clone();
    expected[0]["livenessProbe"]["failureThreshold"] = 12.into();
    assert_eq!(containers, expected);

    let undone = stage.kubectl(&["undo", "--yes"]);
    assert_eq!(code(&undone), Some(0), "{}", told(&undone));
    assert_eq!(installation(&stage).pointer(CONTAINERS), Some(&theirs));
}

/// Only where the operator's definition has the fields; there a slow start is given a larger budget in the Installation.
#[test]
fn a_slow_start_under_the_newest_operator_is_healed_through_the_installation() {
    let (stage, live) = slow_operator(sim::Operator::Master);
    let still = live.hold();
    let looked = stage.kubectl(&["probes", "--dry-run=server"]);
    assert_eq!((code(&looked), stage.writes()), (Some(1), vec![]), "{}", told(&looked));
    let lines = changed_lines(&looked);
    assert!(lines.contains("-              failureThreshold: 15\n") && lines.lines().count() == 4, "{lines}");
    assert!(out(&looked).contains("so no node can be tried alone"), "{}", told(&looked));
    // The node that never starts holds the operator's own rollout up. To prove that it stays up takes minutes by any clock.
    let output = stage.kubectl(&["probes", "--yes", "--no-wait"]);
    drop(still);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    assert!(err(&output).contains("because calico-node is killed while it starts on"), "{}", err(&output));
    let patch = "PATCH /apis/operator.tigera.io/v1/installations/default";
    assert!(stage.writes().iter().all(|line| line == patch), "{:?}", stage.writes());
    let pods = || stage.running.cluster().store.objects("Pod");
    let set = |pod: &Value| pod["spec"]["containers"][0]["startupProbe"]["failureThreshold"].as_u64().is_some_and(|failures| failures > 15);
    comes_true(|| pods().iter().all(|pod| set(pod) && pod["status"]["containerStatuses"][0]["ready"] == true));
}
