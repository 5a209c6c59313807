use super::*;
use EventKind::*;

fn unhealthy(message: &str) -> EventFact {
    parse("Unhealthy", message)
}

fn ips(list: &[&str]) -> Vec<IpAddr> {
    list.iter().map(|address| address.parse().expect("an address")).collect()
}

#[test]
fn not_established_with_a_log_line_anywhere() {
    for (message, expected) in [
        (
            "Readiness probe failed: 2022-03-30 11:23:39.871 [INFO][130] confd/health.go 180: Number of node(s) with BGP peering established = 0\ncalico/node is not ready: BIRD is not ready: BGP not established with 192.168.50.42,192.168.50.45\n",
            vec!["192.168.50.42", "192.168.50.45"],
        ),
        (
            "Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with 10.0.0.1,10.0.0.2\ntime=\"2026-11-23T16:01:15Z\" level=info msg=\"Number of node(s) with BGP peering established = 0\"\n",
            vec!["10.0.0.1", "10.0.0.2"],
        ),
        (
            "Readiness probe failed: Threshold time for bird readiness check:  30s\ncalico/node is not ready: BIRD is not ready: BGP not established with 10.120.117.9,10.120.117.122019-04-10 11:25:07.651 [INFO][130] health.go 156: Number of node(s)",
            vec!["10.120.117.9", "10.120.117.12"],
        ),
        (
            "Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with 10.0.0.1,10.0.0.2.\" on it",
            vec!["10.0.0.1", "10.0.0.2"],
        ),
        (
            "Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with 10.0.0.1time=\"2026-11-23T16:01:15Z\" level=info",
            vec!["10.0.0.1"],
        ),
        (
            "Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with 10.0.0.1W1124 07:43:44.185882 142 feature_gate.go:241] x",
            vec!["10.0.0.1"],
        ),
        (
            "(combined from similar events): Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with 172.18.0.1",
            vec!["172.18.0.1"],
        ),
        (
            "Readiness probe failed: W1124 07:43:44.185882 142 feature_gate.go:241] Setting GA\ncalico/node is not ready: BIRD is not ready: BGP not established with 172.18.0.1\n",
            vec!["172.18.0.1"],
        ),
        ("Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with ", vec![]),
        ("Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with 10.0.0.1,banana", vec!["10.0.0.1"]),
    ] {
        let fact = unhealthy(message);
        assert_eq!(
            fact,
            EventFact { probe: Some(Probe::Readiness), kind: NotEstablished { family: Family::V4, peers: ips(&expected) } },
            "{message}"
        );
    }
}

#[test]
fn ipv6_is_told_apart_also_when_glued() {
    for message in [
        "Readiness probe failed: calico/node is not ready: BIRD6 is not ready: BGP not established with fd00:10::2\n",
        "Readiness probe failed: calico/node is not ready: BIRD6 is not ready: BGP not established with fd00:10::22019-04-10 11:25:07.651 [INFO]",
        "Readiness probe failed: calico/node is not ready: BIRD6 is not ready: BGP not established with fd00:10::2E1124 07:43:44.185882 142 x.go:1] y",
    ] {
        assert_eq!(unhealthy(message).kind, NotEstablished { family: Family::V6, peers: ips(&["fd00:10::2"]) }, "{message}");
    }
}

#[test]
fn every_sentence_of_a_probe() {
    let refused = "unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: connection refused";
    for (message, probe, kind) in [
        (format!("Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: {refused}\n"), Probe::Readiness, BirdSocketRefused { family: Family::V4, text: refused.into() }),
        (format!("Readiness probe failed: calico/node is not ready: BIRD is not ready: error querying BIRD: {refused}"), Probe::Readiness, BirdSocketRefused { family: Family::V4, text: refused.into() }),
        (
            "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error executing command: read unix @->/var/run/calico/bird.ctl: i/o timeout".into(),
            Probe::Readiness,
            BirdNotAnswering { family: Family::V4, text: "BIRD is not ready: Error executing command: read unix @->/var/run/calico/bird.ctl: i/o timeout".into() },
        ),
        (
            "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: resource temporarily unavailable".into(),
            Probe::Readiness,
            BirdNotAnswering { family: Family::V4, text: "unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: resource temporarily unavailable".into() },
        ),
        ("Readiness probe failed: calico/node is not ready: BIRD6 is not ready: graceful restart in progress".into(), Probe::Readiness, GracefulRestart { family: Family::V6 }),
        ("Readiness probe failed: calico/node is not ready: BIRD is not ready: Failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory\n".into(), Probe::Readiness, NodenameFile),
        ("Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503".into(), Probe::Readiness, FelixNotReady { text: "felix is not ready: readiness probe reporting 503".into() }),
        ("Liveness probe failed: calico/node is not ready: Felix is not live: liveness probe reporting 503".into(), Probe::Liveness, FelixNotLive { text: "Felix is not live: liveness probe reporting 503".into() }),
        ("Liveness probe failed: calico/node is not ready: bird/confd is not live: exit status 1\n".into(), Probe::Liveness, BirdNotLive { text: "bird/confd is not live: exit status 1".into() }),
        ("Liveness probe failed: service bird is not running. Output << down >>".into(), Probe::Liveness, BirdNotLive { text: "service bird is not running. Output << down >>".into() }),
        ("Liveness probe failed:".into(), Probe::Liveness, ProbeTimedOut),
        ("Readiness probe failed: ".into(), Probe::Readiness, ProbeTimedOut),
        ("Liveness probe failed: command \"/bin/calico-node -felix-live -bird-live\" timed out".into(), Probe::Liveness, ProbeTimedOut),
        ("Startup probe failed: command timed out: \"/bin/x\" timed out after 1s".into(), Probe::Startup, ProbeTimedOut),
        ("Readiness probe errored: rpc error: code = DeadlineExceeded desc = context deadline exceeded".into(), Probe::Readiness, ProbeTimedOut),
        (
            "Readiness probe errored and resulted in unknown state: rpc error: code = Unknown desc = failed to exec in container: container is in CONTAINER_EXITED state".into(),
            Probe::Readiness,
            ProbeErrored { text: "rpc error: code = Unknown desc = failed to exec in container: container is in CONTAINER_EXITED state".into() },
        ),
        ("Liveness probe failed: HTTP probe failed with statuscode: 503".into(), Probe::Liveness, HttpProbeFailed { status: Some(503), target: None, text: "HTTP probe failed with statuscode: 503".into() }),
        (
            "Liveness probe failed: Get \"http://10.0.0.2:9099/liveness\": dial tcp 10.0.0.2:9099: connect: connection refused".into(),
            Probe::Liveness,
            HttpProbeFailed { status: None, target: Some("http://10.0.0.2:9099/liveness".into()), text: "Get \"http://10.0.0.2:9099/liveness\": dial tcp 10.0.0.2:9099: connect: connection refused".into() },
        ),
        (
            "Liveness probe failed: Get http://localhost:9099/liveness: net/http: request canceled (Client.Timeout exceeded while awaiting headers)".into(),
            Probe::Liveness,
            HttpProbeFailed { status: None, target: Some("http://localhost:9099/liveness".into()), text: "Get http://localhost:9099/liveness: net/http: request canceled (Client.Timeout exceeded while awaiting headers)".into() },
        ),
        ("Readiness probe failed: something new".into(), Probe::Readiness, Other),
    ] {
        assert_eq!(unhealthy(&message), EventFact { probe: Some(probe), kind }, "{message}");
    }
}

#[test]
fn what_the_kubelet_did() {
    let node = || Some("calico-node".to_owned());
    for (reason, message, kind) in [
        ("Killing", "Container calico-node failed liveness probe, will be restarted", KilledByLiveness { container: node() }),
        ("Killing", "Container calico-node failed startup probe, will be restarted", KilledByStartup { container: node() }),
        (
            "Killing",
            "Killing container with id docker://calico-node:Container failed liveness probe.. Container will be killed and recreated.",
            KilledByLiveness { container: None },
        ),
        ("Killing", "Stopping container calico-node", Stopped { container: node() }),
        ("SandboxChanged", "Pod sandbox changed, it will be killed and re-created.", SandboxChanged),
        ("FailedCreatePodSandBox", "Failed to create pod sandbox: x", SandboxFailed { text: "Failed to create pod sandbox: x".into() }),
        ("FailedScheduling", "0/4 nodes are available", NotScheduled { text: "0/4 nodes are available".into() }),
        ("Failed", "Failed to pull image \"x\": not found", ImageFailed { text: "Failed to pull image \"x\": not found".into() }),
        ("Failed", "Error: CreateContainerConfigError", SetupFailed { text: "Error: CreateContainerConfigError".into() }),
        (
            "BackOff",
            "Back-off restarting failed container calico-node in pod calico-node-dc42h_kube-system(c5914ce6)",
            BackOff { container: node() },
        ),
        ("BackOff", "Back-off restarting failed container", BackOff { container: None }),
        (
            "BackOff",
            "Back-off pulling image \"quay.io/calico/node:v9\"",
            ImageFailed { text: "Back-off pulling image \"quay.io/calico/node:v9\"".into() },
        ),
        ("FailedPreStopHook", "PreStopHook failed", PreStopFailed),
        ("Scheduled", "Readiness probe failed:", Other),
        ("Unhealthy", "", Other),
    ] {
        assert_eq!(parse(reason, message), EventFact { probe: None, kind }, "{message}");
    }
}

#[test]
fn a_date_at_the_end_wins_over_a_longer_address() {
    assert_eq!(unglued("10.120.117.122019-04-10", " 11:25:07.651"), Some(ips(&["10.120.117.12"])[0]));
    assert_eq!(unglued("2019-04-10", ""), None);
    assert_eq!(unglued("é2019-04-10é", ""), None);
    assert_eq!(unglued("10.0.0.1E1124", " not a clock"), None);
}

#[test]
fn every_recorded_event() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/real"));
    let mut seen = 0;
    let versions = root.read_dir().expect("reads").filter_map(|version| version.expect("reads").path().read_dir().ok());
    for case in versions.flatten() {
        let Ok(text) = std::fs::read_to_string(case.expect("reads").path().join("events.json")) else { continue };
        let Ok(list) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
        for event in list["items"].as_array().into_iter().flatten().filter(|event| event["reason"] == "Unhealthy") {
            let message = event["message"].as_str().expect("a message");
            let fact = unhealthy(message);
            assert!(fact.probe.is_some() && fact.kind != Other, "{message}");
            assert!(!matches!(fact.kind, NotEstablished { ref peers, .. } if peers.is_empty()), "{message}");
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen} events");
}
