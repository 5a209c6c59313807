use calico_fix::finding::Source;
use calico_fix::finding::verdict::Verdict;
use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::objects::*;

use super::build::*;
use super::judge::*;
use super::pods::*;

const TIMEOUT: &str = "2026-11-23 16:58:00.004 [FATAL][1] cni-installer/<nil> <nil>: Unable to create token for CNI kubeconfig error=Post \"https://10.96.0.1:443/api/v1/namespaces/kube-system/serviceaccounts/calico-cni-plugin/token\": dial tcp 10.96.0.1:443: i/o timeout\n";

#[test]
fn install_cni_fails_and_explains_its_sessions() {
    let case = finds(&missed_by_its_peers().edit(install_cni_fails), &["error init-container-failed node-2"]);
    shows(case.only(), Source::Pod, "node-2", "init container install-cni: 6 restarts, last exit code 1, now CrashLoopBackOff");
    assert_eq!(case.command(), Some("kubectl logs calico-node-ccccc -n kube-system -c install-cni"));
}

#[test]
fn its_log_names_the_reason() {
    for (line, reason) in [
        (TIMEOUT, "it cannot reach the API server"),
        (
            "2026-11-23 16:58:00.004 [FATAL][1] cni-installer/<nil> <nil>: Unable to create token error=serviceaccounts is forbidden: User \"x\" cannot create\n",
            "lacks a permission",
        ),
        ("time=\"2026-11-23T16:58:00Z\" level=fatal msg=Unauthorized\n", "(Unauthorized)"),
        ("cp: cannot create regular file '/host/opt/cni/bin/calico': Read-only file system\n", "cannot write a file on the host"),
    ] {
        let mut snapshot = missed_by_its_peers().edit(install_cni_fails).snapshot();
        init_log(&mut snapshot, "install-cni", line);
        let report = calico_fix::diagnosis::diagnose(&snapshot, &Default::default());
        sound(&report, &snapshot);
        let [finding] = report.findings.as_slice() else { panic!("{:#?}", report.findings) };
        assert!(finding.message.contains(reason), "{}", finding.message);
        shows(finding, Source::Log, "node-2", "install-cni: ");
        assert!(!finding.evidence.iter().any(|row| row.text.contains("***")), "nothing is a secret here: {:#?}", finding.evidence);
    }
}

/// A new node waits for Calico: its kubelet reports, and says so.
#[test]
fn a_node_without_a_network_plugin_waits_for_calico() {
    let world = missed_by_its_peers().edit(install_cni_fails).edit(|snapshot| {
        let Observed::Seen(nodes) = &mut snapshot.nodes else { return };
        nodes[1].status.conditions = vec![Condition {
            r#type: "Ready".into(),
            status: "False".into(),
            message: Some("Network plugin returns error: cni plugin not initialized".into()),
            ..Condition::default()
        }];
    });
    let case = finds(&world, &["error init-container-failed node-2"]);
    shows(case.only(), Source::Node, "node-2", "cni plugin not initialized");
    assert!(!case.only().message.contains("does not report"), "{}", case.only().message);
}

#[test]
fn an_init_container_that_is_at_work_or_has_succeeded() {
    // It failed while the API server was restarted, and succeeded then.
    healthy(&cluster().edit(|snapshot| {
        let done =
            ContainerStatus { name: "install-cni".into(), restart_count: 2, state: ended(0, "Completed"), ..ContainerStatus::default() };
        second(snapshot).status.init_container_statuses = vec![done];
    }));
    let new = missed_by_its_peers().age("node-2", 20).edit(|snapshot| {
        install_cni_fails(snapshot);
        let init = &mut second(snapshot).status.init_container_statuses[0];
        let running = Running { started_at: ago(15) };
        (init.restart_count, init.last_state) = (0, ContainerState::default());
        init.state = ContainerState { running: Some(running), ..ContainerState::default() };
    });
    assert_eq!(finds(&new, &[]).report.verdict, Verdict::Unknown);
}

#[test]
fn one_that_never_ends() {
    let world = missed_by_its_peers().edit(|snapshot| {
        install_cni_fails(snapshot);
        let init = &mut second(snapshot).status.init_container_statuses[0];
        (init.restart_count, init.last_state) = (0, ContainerState::default());
        init.state = ContainerState { running: Some(Running { started_at: ago(900) }), ..ContainerState::default() };
    });
    let case = finds(&world, &["error init-container-failed node-2"]);
    assert!(case.only().message.contains("has not ended after 900s"), "{}", case.only().message);
}

/// The container runtime could not start it: there is no log to look at.
#[test]
fn an_init_container_that_never_ran() {
    fn end_with(snapshot: &mut Snapshot, reason: &str) {
        install_cni_fails(snapshot);
        let says = "failed to create containerd task: OCI runtime create failed: bpf_prog_query failed: function not implemented";
        let Observed::Seen(pods) = &mut snapshot.pods else { return };
        for status in pods.iter_mut().flat_map(|pod| &mut pod.status.init_container_statuses).filter(|status| status.restart_count > 0) {
            let ended =
                Terminated { exit_code: 128, reason: Some(reason.to_owned()), message: Some(says.to_owned()), ..Terminated::default() };
            status.last_state.terminated = Some(ended);
        }
    }
    let case = finds(&missed_by_its_peers().edit(|snapshot| end_with(snapshot, "StartError")), &["error init-container-failed node-2"]);
    assert!(case.only().message.ends_with(": the container runtime cannot start it"), "{}", case.only().message);
    shows(case.only(), Source::Pod, "node-2", "function not implemented");
    assert_eq!(case.command(), Some("kubectl describe pod calico-node-ccccc -n kube-system"));
    let ran = finds(&missed_by_its_peers().edit(|snapshot| end_with(snapshot, "Error")), &["error init-container-failed node-2"]);
    assert_eq!(ran.command(), Some("kubectl logs calico-node-ccccc -n kube-system -c install-cni"));
}
