use super::*;
use crate::calico::events::{EventKind, parse};

const HEAD: &str = "Nov 20 09:28:41 worker-3 kubelet[1187]: ";

#[test]
fn what_the_kubelet_says_of_calico_node() {
    let refused = "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: connection refused";
    for (line, reason, says) in [
        (
            format!(
                "I1120 09:28:41.337201    1187 prober.go:107] \"Probe failed\" probeType=\"Readiness\" pod=\"kube-system/calico-node-x7p2l\" podUID=\"7b\" containerName=\"calico-node\" probeResult=\"failure\" output=\"calico/node is not ready: {refused}\\n\""
            ),
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: BIRD",
        ),
        (
            format!(
                "W0703 11:32:46.123456   23311 prober.go:111] Readiness probe for \"calico-node-x7p2l_kube-system(7b0f-11):calico-node\" failed (failure): calico/node is not ready: {refused}"
            ),
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: BIRD",
        ),
        (
            "E1120 09:28:44.011201    1187 pod_workers.go:1298] \"Error syncing pod, skipping\" err=\"failed to \\\"StartContainer\\\" for \\\"calico-node\\\" with CrashLoopBackOff: \\\"back-off 5m0s restarting failed container=calico-node pod=calico-node-x7p2l_kube-system(7b0f)\\\"\" pod=\"kube-system/calico-node-x7p2l\" podUID=\"7b0f\"".to_owned(),
            "BackOff",
            "Back-off restarting failed container calico-node",
        ),
        (
            "E0703 11:32:46.123456   23311 pod_workers.go:191] Error syncing pod 7b0f (\"calico-node-x7p2l_kube-system(7b0f)\"), skipping: failed to \"StartContainer\" for \"install-cni\" with ImagePullBackOff: \"Back-off pulling image \\\"calico/cni:v3.15.0\\\"\"".to_owned(),
            "BackOff",
            "Back-off pulling image",
        ),
        (
            "I1120 09:28:41.337201    1187 kuberuntime_manager.go:1027] \"Message for Container of pod\" containerName=\"calico-node\" pod=\"kube-system/calico-node-x7p2l\" containerMessage=\"Container calico-node failed liveness probe, will be restarted\"".to_owned(),
            "Killing",
            "failed liveness probe",
        ),
    ] {
        for text in [line.clone(), format!("{HEAD}{line}")] {
            let (facts, summary) = KUBELET.read_text(&text);
            let event = &facts.events[0];
            assert_eq!((event.reason.as_str(), event.involved_object.name.as_str()), (reason, "calico-node-x7p2l"), "{text}");
            assert!(event.message.contains(says), "{}", event.message);
            assert_ne!(parse(&event.reason, &event.message).kind, EventKind::Other, "{}", event.message);
            assert_eq!(summary.node.as_deref(), text.starts_with("Nov").then_some("worker-3"));
        }
    }
}

#[test]
fn lines_of_others_are_none_of_it() {
    for line in [
        "2026-11-20 08:27:21.065 [INFO][9] startup/startup.go 431: Early log level set to info",
        "W0731 07:12:21.604403       1 feature_gate.go:241] Setting GA feature gate ServiceInternalTrafficPolicy=true.",
        "I0502 13:41:38.315009       1 main.go:475] Determining IP address of default interface",
        "root@worker-3:~# journalctl -u kubelet",
    ] {
        assert!(Entry::parse(line).is_none(), "{line}");
    }
}

/// What repeated an hour ago, and has not since, says nothing of now.
#[test]
fn what_is_over_is_counted() {
    let probe = |clock: &str| {
        format!(
            "{HEAD}I1120 {clock}.337201    1187 prober.go:107] \"Probe failed\" probeType=\"Liveness\" pod=\"kube-system/calico-node-x7p2l\" output=\"Felix is not live\""
        )
    };
    let end = format!("{HEAD}I1120 10:28:41.000000    1187 kubelet.go:2000] \"SyncLoop (PLEG)\" pod=\"default/web\"");
    let (facts, summary) = KUBELET.read_text(&format!("{}\n{}\n{end}\n", probe("09:28:41"), probe("09:28:51")));
    assert!(facts.events.is_empty() && facts.event_pods.is_empty(), "{:?}", facts.events);
    assert!(summary.ignored.is_some_and(|ignored| ignored.contains("2 lines older than 10 min")));
    let (facts, _) = KUBELET.read_text(&format!("{}\n{}\n", probe("09:28:41"), probe("09:28:51")));
    assert_eq!(facts.events[0].times(), 2);
}

/// The network plugin fails for other pods.
#[test]
fn a_pod_without_a_network() {
    let line = format!(
        "{HEAD}E1120 09:28:44.011201    1187 pod_workers.go:1298] \"Error syncing pod, skipping\" err=\"failed to \\\"CreatePodSandbox\\\" for \\\"web-1_default(7b)\\\" with CreatePodSandboxError: \\\"Failed to create sandbox for pod \\\\\\\"web-1_default(7b)\\\\\\\": rpc error: code = Unknown desc = failed to setup network for sandbox \\\\\\\"ab\\\\\\\": plugin type=\\\\\\\"calico\\\\\\\" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized\\\"\" pod=\"default/web-1\" podUID=\"7b\""
    );
    let (facts, summary) = KUBELET.read_text(&line);
    assert_eq!((facts.events.len(), facts.events[0].involved_object.name.as_str()), (1, "web-1"), "{:?}", summary.ignored);
}
