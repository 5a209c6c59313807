//! A budget that proves too small on the canary, and grows there while the others wait.

use std::sync::Arc;

use sim::{BackgroundSimulation, Effect, Fault, Hook, Victim};

use super::*;

/// Seconds of the round trip that the plan is made for: its start fits into the first budget of 160 s.
const PLANNED: f64 = 1.0;
/// Seconds of the round trip from the first write on: the start takes four minutes, which is more than the first budget and less than the
/// second.
const FOUR_MINUTES: f64 = 4.0;

/// A node whose start has been killed, and holds up the rollout that it came with. Its link slows down to `round_trip` after the plan was
/// made: no log of before could show how long the start takes then.
/// Liveness is quick: that calico-node stays up is verified by the real clock.
fn far(round_trip: f64) -> (Stage, Arc<BackgroundSimulation>) {
    let mut world = scenario::named("slow-start", 3).expect("is a scenario");
    let host = world.hosts.values_mut().find(|host| *host.node == *FAR).expect("is there");
    host.round_trip = PLANNED;
    let slower = sim::Host { round_trip, ..host.clone() };
    world.store.bend("DaemonSet", "calico-node", |set| {
        let liveness = &mut set["spec"]["template"]["spec"]["containers"][0]["livenessProbe"];
        (liveness["periodSeconds"], liveness["failureThreshold"]) = (3.into(), 3.into());
    });
    let stage = Stage::bent(world);
    let live = Arc::new(stage.running.live(PACE));
    let running = Arc::downgrade(&live);
    let slows_down = Hook::new(move |_| {
        if let Some(live) = running.upgrade() {
            live.hold().set_host(slower.clone());
        }
    });
    stage.running.cluster().add_fault(Fault::nth_write(1, Effect::Before(slows_down)));
    // The pod of before has restarted seven times.
    comes_true(|| far_pod(&stage).is_some_and(|(_, restarts)| (1..7).contains(&restarts)));
    (stage, live)
}

fn failures(stage: &Stage) -> Value {
    container(stage)["startupProbe"]["failureThreshold"].clone()
}

fn others(stage: &Stage) -> Vec<(String, String)> {
    stage.pods().into_iter().filter(|(node, _)| node != FAR).collect()
}

fn is_back(stage: &Stage, before: &Value, pods: &[(String, String)], output: &Output) {
    assert!(stage.annotation().is_none() && stage.daemon_set()["spec"] == before["spec"], "{}", told(output));
    assert_eq!(others(stage), pods, "{}", told(output));
}

fn digest(path: &str) -> String {
    let plan: Value = serde_yaml::from_str(&std::fs::read_to_string(path).expect("is saved")).expect("YAML");
    plan["digest"].as_str().expect("a digest").to_owned()
}

#[test]
fn a_budget_that_is_too_small_grows_until_it_is_verified_and_undo_goes_all_the_way_back() {
    let (stage, _live) = far(FOUR_MINUTES);
    let before = stage.daemon_set();
    let output = stage.kubectl(&["probes", "--yes"]);
    println!("{}", told(&output));
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let shown = out(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    for says in ["the limit is raised to 320s, 640s and at most 1200s there", "the limit is raised to 320s, then 640s, then 1200s."] {
        assert!(shown.contains(says), "shown before the question: {}", told(&output));
    }
    // Its own rollout waits for the very node that is cured.
    assert!(err(&output).contains(&format!("because calico-node is killed while it starts on {FAR}. This change")), "{}", err(&output));
    for says in [
        "killed after 160s while its start made progress".to_owned(),
        format!("320s to start, on {FAR} only"),
        "verified: every node is as expected; calico-node has 320s to start".to_owned(),
    ] {
        assert!(err(&output).contains(&says), "{says}: {}", err(&output));
    }
    let row = out(&output).lines().rfind(|line| line.starts_with(FAR)).expect("a row").to_owned();
    assert!(row.contains("s of 320s") && !row.contains('<'), "its log tells: {row}");
    assert_eq!((failures(&stage), far_pod(&stage)), (32.into(), Some((true, 0))), "{}", told(&output));
    assert_eq!(stage.daemon_set()["spec"]["updateStrategy"], before["spec"]["updateStrategy"]);

    // As sick as before, and that is said before it is done.
    let undone = stage.kubectl(&["undo", "--yes", "--timeout", "15s"]);
    // The node that is killed again uses up maxUnavailable, so that the others keep the undone template: that is no success.
    assert_eq!(code(&undone), Some(5), "{}", told(&undone));
    assert!(err(&undone).contains(&format!("brings killed-while-starting back on {FAR}")), "{}", told(&undone));
    assert!(err(&undone).contains(&format!("calico-node is not Ready on {FAR}")), "{}", told(&undone));
    assert!(stage.daemon_set()["spec"] == before["spec"], "{}", told(&undone));
}

/// The digest covers each step.
#[test]
fn a_saved_plan_grows_as_far_as_it_says_and_a_program_learns_what_was_verified() {
    let (stage, _live) = far(FOUR_MINUTES);
    let path = stage.folder.path().join("plan.yaml").display().to_string();
    let saved = stage.kubectl(&["probes", "--out", &path]);
    assert_eq!(code(&saved), Some(1), "{}", told(&saved));
    let output = stage.kubectl(&["apply", &path, "--confirm", &digest(&path), "-o", "json"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(&output)));
    keeps_to("change", &document);
    let failures = |patch: &Value| patch["spec"]["template"]["spec"]["containers"][0]["startupProbe"]["failureThreshold"].clone();
    assert_eq!(failures(&document["plan"]["patch"]), 16);
    assert_eq!((failures(&document["set"]), &document["budgetSeconds"]), (32.into(), &320.into()), "{document:#}");
    assert_eq!(document["set"], document["plan"]["steps"][0]["patch"]);
    let nodes = document["after"]["nodes"].as_array().expect("nodes");
    let start = &nodes.iter().find(|node| node["name"] == FAR).expect("the node")["start"];
    assert!(start["seconds"].as_f64().is_some_and(|seconds| seconds > 160.0 && seconds < 320.0), "{start}");
    assert_eq!(start["atMost"], false);
}

/// No further than the ceiling; then no node has anything of it.
#[test]
fn what_is_not_enough_even_at_the_ceiling_is_put_back() {
    for (ceiling, says, last) in [("200s", "the plan has no larger limit than that", 20), ("1m", "the plan has no larger limit", 16)] {
        let (stage, _live) = far(FOUR_MINUTES);
        let (before, pods) = (stage.daemon_set(), others(&stage));
        let output = stage.kubectl(&["probes", "--yes", "--ceiling", ceiling]);
        assert_eq!(code(&output), Some(4), "{}", told(&output));
        assert!(err(&output).contains(&format!("{}s is not enough, and {says}", last * 10)), "{}", err(&output));
        is_back(&stage, &before, &pods, &output);
    }
}

/// From wherever it has grown to.
#[test]
fn an_interrupt_at_a_larger_budget_puts_the_first_one_back() {
    let (stage, _live) = far(FOUR_MINUTES);
    let (before, pods) = (stage.daemon_set(), others(&stage));
    let child = stage.command(&["probes", "--yes"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    comes_true(|| failures(&stage) == 32);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("runs").success());
    let output = child.wait_with_output().expect("ends");
    assert_eq!(code(&output), Some(130), "{}", told(&output));
    is_back(&stage, &before, &pods, &output);
}

/// Before and after the write that makes it larger: its record stands in the object, and the copy on this machine would do too.
#[test]
fn killed_while_it_grows_it_is_undone() {
    for (after, record) in [(false, true), (true, true), (true, false)] {
        let (stage, _live) = far(FOUR_MINUTES);
        let before = stage.daemon_set();
        let victim = Victim::default();
        // The patch and the pod's deletion come before it.
        let effect = if after { Effect::After(victim.kill()) } else { Effect::Lost(victim.kill()) };
        stage.running.cluster().add_fault(Fault::nth_write(3, effect));
        let ended = victim.run(&mut stage.command(&["probes", "--yes"])).expect("runs");
        assert_eq!((ended.status.code(), failures(&stage)), (None, if after { 32 } else { 16 }.into()), "{}", told(&ended));
        if !record {
            let edit =
                |set: &mut Value| drop(set["metadata"]["annotations"].as_object_mut().map(|all| all.remove("kubectl-calico-fix/undo")));
            stage.running.cluster().store.edit("DaemonSet", "kube-system", "calico-node", edit).expect("is there");
        }
        let undone = stage.kubectl(&["undo", "--yes", "--timeout", "5s"]);
        assert_eq!(code(&undone), Some(0), "{}", told(&undone));
        assert!(stage.annotation().is_none() && stage.daemon_set()["spec"] == before["spec"], "{}", told(&undone));
    }
}
