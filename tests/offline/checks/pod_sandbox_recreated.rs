use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;
use super::pods::*;

const CHANGED: &str = "Pod sandbox changed, it will be killed and re-created.";

fn recreated(times: i32) -> World {
    missed_by_its_peers()
        .restarted("node-2", times, 0, 80, 30)
        .not_ready("node-2")
        .event("node-2", "SandboxChanged", CHANGED, times, 20)
        .event("node-2", "Killing", "Stopping container calico-node", times, 21)
        .no_bird("node-2")
        .previous("node-2", &started(&[]))
}

#[test]
fn the_runtime_kills_the_sandbox() {
    let case = finds(&recreated(4), &["error pod-sandbox-recreated node-2"]);
    shows(case.only(), Source::Event, "node-2", "Pod sandbox changed");
    shows(case.only(), Source::Pod, "node-2", "4 restarts, last exit code 0");
    assert!(case.only().message.contains("cgroup drivers"), "{}", case.only().message);
}

#[test]
fn the_sandbox_cannot_be_made() {
    let world = missed_by_its_peers()
        .edit(|snapshot| second(snapshot).status.container_statuses[0].state = waiting("ContainerCreating", ""))
        .inside("node-2", calico_fix::observed::Observed::Absent)
        .event("node-2", "FailedCreatePodSandBox", "Failed to create pod sandbox: rpc error", 9, 5);
    let case = finds(&world, &["error pod-sandbox-recreated node-2"]);
    shows(case.only(), Source::Event, "node-2", "Failed to create pod sandbox");
}

/// After a reboot each pod gets one new sandbox.
#[test]
fn one_new_sandbox_is_a_reboot() {
    healthy(&cluster().restarted("node-2", 1, 255, 80_000, 300).event("node-2", "SandboxChanged", CHANGED, 1, 300));
    healthy(&cluster().restarted("node-2", 4, 0, 80, 3000).event("node-2", "SandboxChanged", CHANGED, 4, 3000));
}
