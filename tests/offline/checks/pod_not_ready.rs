use calico_fix::finding::Source;
use calico_fix::finding::verdict::Verdict;

use super::build::*;
use super::judge::*;
use super::pods::*;

const FELIX: &str = "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503\n";

#[test]
fn nothing_explains_it() {
    let case = finds(&cluster().not_ready("node-2").unhealthy("node-2", FELIX, 30), &["error pod-not-ready node-2"]);
    shows(case.only(), Source::Event, "node-2", "felix is not ready");
    shows(case.only(), Source::Pod, "node-2", "Ready is False");
    assert_eq!(case.command(), Some("kubectl logs calico-node-ccccc -n kube-system -c calico-node"));
}

/// The peers of a victim miss it, and need no finding of their own.
#[test]
fn waiting_for_a_culprit_explains_it() {
    let world = nodes(&["10.0.0.1/24", "10.0.0.2/24"])
        .all_not_ready()
        .stored("node-2", "172.18.0.1/16")
        .interface("node-2", BRIDGE, "172.18.0.1/16")
        .bird("node-1", "172.18.0.1 Passive")
        .bird("node-2", "10.0.0.1 Connect")
        .unhealthy("node-1", &not_established("172.18.0.1"), 9);
    finds(&world, &["error address-on-virtual-interface node-2"]);
}

#[test]
fn a_pod_that_started_10_s_ago() {
    let world = cluster()
        .age("node-2", 10)
        .not_ready("node-2")
        .unhealthy("node-2", BIRD_REFUSES, 2)
        .bird("node-1", "10.0.0.2 Passive | 10.0.0.3 Established")
        .bird("node-3", "10.0.0.2 Active Socket: Connection refused | 10.0.0.1 Established")
        .bird("node-2", "10.0.0.1 Connect | 10.0.0.3 Passive");
    let typha = "[WARNING][78] felix/daemon.go 324: Failed to connect to Typha error=dial tcp 10.96.7.7:5473: i/o timeout";
    let retry = "Hit error connecting to datastore - retry error=Get \"https://10.96.0.1:443/api/v1/nodes/foo\": dial tcp 10.96.0.1:443: i/o timeout";
    for world in [
        world.clone().no_bird("node-2"),
        world.clone().restarting("node-2"),
        world.clone().log("node-2", &started(&[typha])),
        world.log("node-2", &log(&["Early log level set to info", "Checking datastore connection", retry])),
    ] {
        let case = finds(&world, &[]);
        assert_eq!(case.report.verdict, Verdict::Unknown, "whether it will be healthy is not known yet");
    }
}

#[test]
fn a_node_without_a_pod() {
    let missing = |current: i32| {
        cluster()
            .no_pod("node-3")
            .set(|set| set.status.current_number_scheduled = current)
            .bird("node-1", "10.0.0.2 Established")
            .bird("node-2", "10.0.0.1 Established")
    };
    let case = finds(&missing(2), &["error pod-not-ready node-3"]);
    shows(case.only(), Source::DaemonSet, "", "2 of 3 pods scheduled");
    // A node that the DaemonSet does not want needs none.
    let unwanted = missing(2).set(|set| set.status.desired_number_scheduled = 2).set(|set| set.status.updated_number_scheduled = 2);
    healthy(&unwanted);
}

/// Without BGP its peers say nothing of it.
#[test]
fn a_node_whose_kubelet_is_gone() {
    let case = finds(&cluster().without_bgp("vxlan").node_not_ready("node-3"), &["error pod-not-ready node-3"]);
    assert!(case.only().message.contains("its node is NotReady"), "{}", case.only().message);
    shows(case.only(), Source::Node, "node-3", "Kubelet stopped posting node status.");
    assert_eq!(case.command(), None, "its log cannot be read");
}

/// Many nodes with one trouble are one finding.
#[test]
fn many_alike_are_one() {
    let mut world = nodes(&["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", "10.0.0.4/24", "10.0.0.5/24", "10.0.0.6/24"]);
    for name in ["node-2", "node-3", "node-4", "node-5"] {
        world = world.not_ready(name).unhealthy(name, FELIX, 30);
    }
    let case = finds(&world, &["error pod-not-ready node-2,node-3,node-4,node-5"]);
    assert!(case.only().message.contains("node-2"), "{}", case.only().message);
}

/// Within its start-up budget a first start is in progress, and so is a pod that is being replaced.
#[test]
fn starts_and_replacements_in_progress() {
    let gone: fn(&mut calico_fix::snapshot::Snapshot) = |snapshot| second(snapshot).metadata.deletion_timestamp = ago(5);
    let set_up: fn(&mut calico_fix::snapshot::Snapshot) = |snapshot| {
        second(snapshot).status.container_statuses[0].state = waiting("PodInitializing", "");
    };
    for world in [
        missed_by_its_peers().age("node-2", 68).no_bird("node-2"),
        missed_by_its_peers().no_bird("node-2").edit(gone),
        missed_by_its_peers().age("node-2", 30).inside("node-2", calico_fix::observed::Observed::Absent).edit(set_up),
    ] {
        assert_eq!(finds(&world, &[]).report.verdict, Verdict::Unknown);
    }
    // No longer than that.
    finds(&missed_by_its_peers().age("node-2", 95).no_bird("node-2"), &["error bird-not-running node-2"]);
    let stuck = missed_by_its_peers().age("node-2", 600).inside("node-2", calico_fix::observed::Observed::Absent).edit(set_up);
    let case = finds(&stuck, &["error pod-not-ready node-2"]);
    assert!(case.only().message.contains("its container calico-node waits (PodInitializing)"), "{}", case.only().message);
}

/// A crash without a word: the container's state is shown, and its sessions are not blamed on the network.
#[test]
fn a_crash_loop_without_a_log() {
    let case = finds(&missed_by_its_peers().crash_loop("node-2", 8), &["error pod-not-ready node-2"]);
    shows(case.only(), Source::Pod, "node-2", "8 restarts, last exit code 1, now CrashLoopBackOff");
    assert_eq!(case.command(), Some("kubectl logs calico-node-ccccc -n kube-system -c calico-node --previous"));
}

/// The network plugin is missing because calico-node does not run, not the other way round.
#[test]
fn a_node_that_waits_for_its_network_plugin() {
    let world = missed_by_its_peers().crash_loop("node-2", 8).edit(|snapshot| {
        let calico_fix::observed::Observed::Seen(nodes) = &mut snapshot.nodes else { return };
        let (kind, status) = ("Ready".to_owned(), "False".to_owned());
        let message = Some("Network plugin returns error: cni plugin not initialized".to_owned());
        nodes[1].status.conditions = vec![calico_fix::snapshot::objects::Condition { r#type: kind, status, message, ..Default::default() }];
    });
    let case = finds(&world, &["error pod-not-ready node-2"]);
    assert!(!case.only().message.contains("does not report"), "{}", case.only().message);
    shows(case.only(), Source::Node, "node-2", "cni plugin not initialized");
}

/// The kubelet throws a probe away that cannot be run: nothing is killed, and the pod does not become Ready.
#[test]
fn a_program_that_is_gone_from_the_container() {
    let text = "Readiness probe errored: rpc error: code = Unknown desc = failed to exec in container: OCI runtime exec failed: exec failed: starting container process caused \"exec: \\\"/bin/calico-node\\\": stat /bin/calico-node: no such file or directory\": unknown";
    let case = finds(&cluster().not_ready("node-2").unhealthy("node-2", text, 30), &["error pod-not-ready node-2"]);
    assert!(case.only().message.contains("/bin/calico-node, which its container lacks: the image is damaged"), "{}", case.only().message);
    shows(case.only(), Source::Event, "node-2", "no such file or directory");
    // the twin: once, while a container was replaced
    healthy(&cluster().event("node-2", "Unhealthy", text, 1, 600));
}

/// The volume that fails is named, whatever the kubelet says of all of them later.
#[test]
fn a_volume_that_cannot_be_mounted() {
    let fails = "MountVolume.SetUp failed for volume \"bpffs\" : hostPath type check failed: /sys/fs/bpf is not a directory";
    let all = "Unable to attach or mount volumes: unmounted volumes=[bpffs], unattached volumes=[bpffs xtables-lock]: timed out waiting for the condition";
    let set_up: fn(&mut calico_fix::snapshot::Snapshot) = |snapshot| {
        second(snapshot).status.container_statuses[0].state = waiting("ContainerCreating", "");
    };
    let world = missed_by_its_peers().age("node-2", 600).inside("node-2", calico_fix::observed::Observed::Absent).edit(set_up);
    let world = world.event("node-2", "FailedMount", fails, 10, 60).event("node-2", "FailedMount", all, 3, 20);
    let case = finds(&world, &["error pod-not-ready node-2"]);
    shows(case.only(), Source::Event, "node-2", "/sys/fs/bpf is not a directory");
}

/// A kill without a word of a probe: the node's own state may say why.
#[test]
fn a_node_that_is_short_of_memory() {
    let world = missed_by_its_peers().crash_loop("node-2", 8).edit(|snapshot| {
        let calico_fix::observed::Observed::Seen(nodes) = &mut snapshot.nodes else { return };
        let (kind, status) = ("MemoryPressure".to_owned(), "True".to_owned());
        let message = Some("kubelet has insufficient memory available".to_owned());
        nodes[1].status.conditions.push(calico_fix::snapshot::objects::Condition { r#type: kind, status, message, ..Default::default() });
    });
    let case = finds(&world, &["error pod-not-ready node-2"]);
    shows(case.only(), Source::Node, "node-2", "MemoryPressure is True");
}
