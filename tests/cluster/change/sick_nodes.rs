//! Nodes that were sick before, or whose kubelet is gone: a way back neither waits for them nor forgets the others.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use sim::{Effect, Fault, Hook, Host, Kubelet, Victim, scenario};

use super::*;

/// The kubelet of the second node is gone: its pod is not Ready, and a deletion there never ends.
fn with_dead_kubelet(name: &str) -> Stage {
    let mut world = scenario::named(name, 3).expect("is a scenario");
    let host = world.hosts.values_mut().nth(1).expect("a host");
    (host.kubelet, host.starts_nothing) = (Kubelet::NoRoute, true);
    let node = host.node.clone();
    let not_ready = |status: &'static str| {
        move |object: &mut Value| {
            let conditions = object["status"]["conditions"].as_array_mut().expect("conditions");
            conditions.iter_mut().filter(|one| one["type"] == "Ready").for_each(|one| one["status"] = status.into());
        }
    };
    for pod in world.store.objects("Pod").iter().filter(|pod| pod["spec"]["nodeName"] == node.as_str()) {
        world.store.bend("Pod", pod["metadata"]["name"].as_str().expect("a name"), not_ready("False"));
    }
    world.store.bend("Node", &node, not_ready("Unknown"));
    Stage::bent(world)
}

/// Template hashes of the pods that a kubelet takes care of.
fn hashes(stage: &Stage) -> BTreeSet<String> {
    let cluster = stage.running.cluster();
    let alive = |pod: &&Value| {
        cluster.host(pod["spec"]["nodeName"].as_str().unwrap_or_default()).is_some_and(|host| host.kubelet == Kubelet::Answers)
    };
    let pods = cluster.store.objects("Pod");
    pods.iter().filter(alive).map(|pod| pod["metadata"]["labels"]["controller-revision-hash"].to_string()).collect()
}

/// A sick node uses up maxUnavailable, so the controller would never replace the canary of a change that is rolled back.
#[test]
fn a_rollback_does_not_stall_behind_a_node_that_was_sick() {
    let stage = Stage::new("slow-start", 4);
    let _live = stage.running.live(PACE);
    let (before, old) = (stage.daemon_set(), hashes(&stage));
    let mut proposal = stage.proposal("kubernetes-internal-ip");
    proposal.canary = proposal.nodes.last().map(|node| node.name.clone());
    let plan = Plan::new(&proposal, &before).expect("can be made").expect("changes something");
    let path = stage.save(&plan);
    let victim = Victim::default();
    // The patch that lets the other nodes follow.
    stage.running.cluster().add_fault(Fault::nth_write(3, Effect::After(victim.signal("INT"))));
    let arguments = ["apply", path.to_str().expect("text"), "--confirm", &plan.digest, "--timeout", "20s"];
    let output = victim.run(&mut stage.command(&arguments)).expect("runs");
    assert_eq!(code(&output), Some(130), "{}", told(&output));
    assert_eq!((&stage.daemon_set()["spec"], stage.annotation()), (&before["spec"], None), "{}", told(&output));
    assert_eq!(hashes(&stage), old, "every pod has the old template: {}", told(&output));
}

/// A dead node is missing from the pods that can be replaced, and nothing else is missing with it.
#[test]
fn an_undo_replaces_the_canary_beside_a_dead_node() {
    let stage = with_dead_kubelet("bridge-address");
    let _live = stage.running.live(PACE);
    let (before, old) = (stage.daemon_set(), hashes(&stage));
    let plan = stage.plan("kubernetes-internal-ip");
    let path = stage.save(&plan);
    let victim = Victim::default();
    stage.running.cluster().add_fault(Fault::nth_write(3, Effect::After(victim.kill())));
    let arguments = ["apply", path.to_str().expect("text"), "--confirm", &plan.digest, "--force"];
    let killed = victim.run(&mut stage.command(&arguments)).expect("runs");
    assert_eq!(code(&killed), None, "{}", told(&killed));
    stage.running.cluster().clear_faults();
    assert_ne!(hashes(&stage), old, "the canary has the new template");

    let undo = stage.run(&["undo", "--yes", "--force", "--timeout", "20s"]);
    assert_eq!(code(&undo), Some(0), "{}", told(&undo));
    assert_eq!((&stage.daemon_set()["spec"], stage.annotation()), (&before["spec"], None), "{}", told(&undo));
    assert_eq!(hashes(&stage), old, "every pod that can be replaced has the old template: {}", told(&undo));
}

/// The kubelet of the canary dies as its pod is deleted, and nothing starts there any more: the values are restored, and the node is named. Once it counts
/// as dead, undo need not wait for it.
#[test]
fn a_kubelet_that_dies_under_the_canary_is_no_success() {
    let stage = Stage::new("bridge-address", 3);
    let live = Arc::new(stage.running.live(PACE));
    let before = stage.daemon_set()["spec"].clone();
    let plan = stage.plan("kubernetes-internal-ip");
    let canary = plan.canary.clone().expect("a canary");
    // The hook belongs to the cluster that it stops.
    let (cluster, node, shared) = (stage.running.cluster().clone(), canary.clone(), Arc::downgrade(&live));
    let dies = Hook::new(move |_| {
        let host = cluster.host(&node).expect("a host");
        let live = shared.upgrade().expect("lives");
        live.hold().set_host(Host { kubelet: Kubelet::NoRoute, starts_nothing: true, ..Host::clone(&host) });
        let unknown = |object: &mut Value| {
            let conditions = object["status"]["conditions"].as_array_mut().expect("conditions");
            conditions.iter_mut().filter(|one| one["type"] == "Ready").for_each(|one| one["status"] = "Unknown".into());
        };
        cluster.store.edit("Node", "", &node, unknown).expect("is there");
    });
    stage.running.cluster().add_fault(Fault::nth_write(2, Effect::Before(dies)));
    let output = stage.apply(&plan, &["--timeout", "6s"]);
    assert_eq!((code(&output), &stage.daemon_set()["spec"]), (Some(5), &before), "{}", told(&output));
    assert!(err(&output).contains(&format!("NOT rolled back: {canary}: still waiting for")), "{}", told(&output));
    let undo = stage.run(&["undo", "--yes", "--force", "--timeout", "20s"]);
    assert_eq!((code(&undo), &stage.daemon_set()["spec"], stage.annotation()), (Some(0), &before, None), "{}", told(&undo));
}

/// Under the operator nobody may delete the pods: where a dead node uses up maxUnavailable, success would be a lie.
#[test]
fn an_undo_that_a_dead_node_holds_up_under_the_operator_says_so_at_once() {
    let stage = with_dead_kubelet("operator-bridge-address");
    let _live = stage.running.live(PACE);
    let installation = || stage.running.cluster().store.object("Installation", "", "default").expect("is there");
    let before = installation();
    let sent = stage.run(&["autodetect", "--method", "kubernetes-internal-ip", "--yes", "--force", "--no-wait"]);
    assert_eq!(code(&sent), Some(0), "{}", told(&sent));
    // The sick node takes the change, and then the dead one stops the rollout.
    let ready = |node: &str| {
        let pods = stage.running.cluster().store.objects("Pod");
        pods.iter().any(|pod| pod["spec"]["nodeName"] == node && pod["status"]["containerStatuses"][0]["ready"] == true)
    };
    let sick = stage.nodes().last().and_then(|node| node["metadata"]["name"].as_str()).expect("a node").to_owned();
    while hashes(&stage).len() < 2 || !ready(&sick) {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let undo = stage.run(&["undo", "--yes", "--force", "--timeout", "10m"]);
    assert_eq!(installation()["spec"], before["spec"], "{}", told(&undo));
    assert_eq!((code(&undo), hashes(&stage).len()), (Some(5), 2), "{}", told(&undo));
    assert!(err(&undo).contains("use up maxUnavailable"), "{}", told(&undo));
}

/// The operator is Degraded with two methods, and every later undo would fail.
#[test]
fn an_undo_of_an_installation_leaves_one_method() {
    let stage = Stage::new("operator", 3);
    let _live = stage.running.live(PACE);
    let method = || {
        stage.running.cluster().store.object("Installation", "", "default").expect("is there")["spec"]["calicoNetwork"]["nodeAddressAutodetectionV4"].clone()
    };
    assert_eq!(method(), json!({"firstFound": true}));
    let applied = stage.run(&["autodetect", "--method", "kubernetes-internal-ip", "--yes"]);
    assert_eq!(code(&applied), Some(0), "{}", told(&applied));
    let theirs = |object: &mut Value| object["spec"]["calicoNetwork"]["nodeAddressAutodetectionV4"] = json!({"interface": "eth.*"});
    stage.running.cluster().store.edit("Installation", "", "default", theirs).expect("is there");
    let refused = stage.run(&["undo", "--yes"]);
    assert_eq!((code(&refused), method()), (Some(1), json!({"interface": "eth.*"})), "{}", told(&refused));
    let undo = stage.run(&["undo", "--yes", "--force"]);
    assert_eq!((code(&undo), method()), (Some(0), json!({"firstFound": true})), "{}", told(&undo));
}
