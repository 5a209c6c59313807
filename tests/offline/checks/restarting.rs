//! A container that ends again and again explains its sessions; each with its sound twin.

use calico_fix::finding::Source;
use calico_fix::snapshot::objects::*;

use super::build::*;
use super::judge::*;
use super::pods::*;

const FATAL: &str = "[FATAL][65] felix/int_dataplane.go 395: Unable to detect host MTU, shutting down error=no interfaces";

#[test]
fn a_fault_in_its_log_outranks_its_sessions() {
    let killed = missed_by_its_peers().restarted("node-2", 6, 137, 600, 20).killed("node-2", 6);
    for (world, expected) in [
        (killed.clone().previous("node-2", &started(&[FATAL])), "error exited-after-start node-2"),
        (missed_by_its_peers().log("node-2", &started(&[FATAL])), "error exited-after-start node-2"),
        (killed.previous("node-2", &started(&[])), "error killed-while-running node-2"),
        (missed_by_its_peers().restarted("node-2", 9, 1, 1, 10), "error pod-not-ready node-2"),
        (missed_by_its_peers().restarted("node-2", 9, 159, 1, 10), "error container-crashed node-2"),
    ] {
        finds(&world, &[expected]);
    }
}

/// It restarted hours ago, and is not Ready for another reason.
#[test]
fn an_old_restart_explains_nothing() {
    let case = judge(&missed_by_its_peers().restarted("node-2", 1, 1, 1, 7200));
    assert!(case.lines().iter().all(|line| line.contains("bgp-session-down")), "{:?}", case.lines());
}

#[test]
fn a_pod_that_does_not_end_and_a_missing_one() {
    let world = missed_by_its_peers().edit(|snapshot| second(snapshot).metadata.deletion_timestamp = ago(900));
    let case = finds(&world, &["error pod-not-ready node-2"]);
    assert!(case.only().message.contains("its pod was deleted and does not end"), "{}", case.only().message);
    let missing = missed_by_its_peers().no_pod("node-2").set(|set| set.status.current_number_scheduled = 2);
    finds(&missing, &["error pod-not-ready node-2"]);
}

#[test]
fn a_container_beside_calico_node() {
    let world = cluster().not_ready("node-2").without_bgp("none").edit(|snapshot| {
        let pod = second(snapshot);
        pod.status.container_statuses[0].ready = true;
        let flannel = ContainerStatus { name: "kube-flannel".into(), restart_count: 30, ..ContainerStatus::default() };
        let state = waiting("CrashLoopBackOff", "");
        pod.status.container_statuses.push(ContainerStatus { state, last_state: ended(1, "Error"), ..flannel });
    });
    let case = judge(&world);
    let finding = case.of("pod-not-ready");
    assert!(finding.message.contains("its container kube-flannel is not ready"), "{}", finding.message);
    shows(finding, Source::Pod, "node-2", "container kube-flannel: 30 restarts, last exit code 1");
    assert_eq!(finding.fix.as_ref().map(by_hand), Some("kubectl logs calico-node-ccccc -n kube-system -c kube-flannel"));
}

#[test]
fn what_a_waiting_container_says_is_shown() {
    let world = cluster().not_ready("node-2").edit(|snapshot| {
        let status = &mut second(snapshot).status.container_statuses[0];
        *status = ContainerStatus { name: CALICO_NODE.into(), ..ContainerStatus::default() };
        status.state = waiting("CreateContainerConfigError", "configmap \"calico-config\" not found");
    });
    let case = judge(&world);
    shows(case.of("pod-not-ready"), Source::Pod, "node-2", "configmap \"calico-config\" not found");
    let mount = "MountVolume.SetUp failed for volume \"bpffs\" : hostPath type check failed";
    let world = world.event("node-2", "FailedMount", mount, 9, 30);
    shows(judge(&world).of("pod-not-ready"), Source::Event, "node-2", "MountVolume.SetUp failed");
}
