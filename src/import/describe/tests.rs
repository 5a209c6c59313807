use super::*;
use crate::import::prompt::Heading;

fn read(format: &Format, text: &str) -> Facts {
    let mut facts = Facts::default();
    let lines: Vec<&str> = text.lines().take(16).collect();
    assert!((format.starts)(&lines, &Heading::default()), "{}", format.name);
    (format.read)(&Block { line: 1, text: text.to_owned(), numbers: Vec::new(), heading: Heading::default(), format: None }, &mut facts)
        .expect("reads");
    facts
}

#[test]
fn a_pod_that_is_killed_while_it_starts() {
    let facts = read(&POD, include_str!("../../../tests/fixtures/import/texts/describe-pod.txt"));
    let pod = &facts.pods[0];
    assert_eq!((pod.metadata.name.as_str(), pod.spec.node_name.as_deref()), ("calico-node-x7k2p", Some("node-3")));
    assert_eq!(pod.status.host_ip.as_deref(), Some("10.0.0.3"));
    let status = pod.calico_node_status().expect("a status");
    assert_eq!((status.restart_count, status.ready), (8, false));
    let ended = status.last_state.terminated.as_ref().expect("it ended");
    assert_eq!((ended.exit_code, ended.reason.as_deref()), (137, Some("Error")));
    let container = pod.spec.calico_node().expect("a container");
    let probe = container.liveness_probe.as_ref().expect("a probe");
    assert_eq!((probe.initial_delay_seconds, probe.period_seconds, probe.failure_threshold), (Some(10), Some(10), Some(6)));
    assert_eq!(container.image, "docker.io/calico/node:v3.24.5");
    let kill = facts.events.iter().find(|event| event.reason == "Killing").expect("an event");
    // started at 08:00:45, 25 s before the description; killed 26 s before
    assert_eq!(kill.last_seen().map(|at| at.to_string()).as_deref(), Some("2026-05-12T08:00:44Z"));
    assert_eq!(kill.times(), 8);
    let unhealthy = facts.events.iter().find(|event| event.message.contains("BIRD is not ready")).expect("an event");
    assert!(unhealthy.message.contains("BGP not established with 10.0.0.1,10.0.0.2"), "{}", unhealthy.message);
}

#[test]
fn a_node_with_its_annotations() {
    let facts = read(&NODE, include_str!("../../../tests/fixtures/import/texts/describe-node.txt"));
    let node = &facts.nodes[0];
    assert_eq!(node.metadata.name, "node-3");
    assert_eq!(node.metadata.annotations.get("projectcalico.org/IPv4Address").map(String::as_str), Some("172.18.0.1/16"));
    assert_eq!(node.addresses("InternalIP").collect::<Vec<_>>(), ["10.0.0.3"]);
    let ready = node.condition("Ready").expect("a condition");
    assert_eq!((ready.status.as_str(), ready.reason.as_deref()), ("False", Some("KubeletNotReady")));
    assert_eq!(node.status.node_info.kubelet_version, "v1.28.8");
    assert!(!node.metadata.tabular);
}

#[test]
fn a_daemon_set_with_its_template() {
    let facts = read(&DAEMON_SET, include_str!("../../../tests/fixtures/import/texts/describe-daemonset.txt"));
    let set = &facts.daemon_sets[0];
    assert_eq!(set.status.desired_number_scheduled, 3);
    let container = set.spec.template.spec.calico_node().expect("a container");
    let variable = |name: &str| container.env.iter().find(|variable| variable.name == name).expect("a variable");
    assert_eq!(variable("IP").value.as_deref(), Some("autodetect"));
    let source = variable("CALICO_NETWORKING_BACKEND").value_from.as_ref().expect("a source");
    assert_eq!(
        source.config_map_key_ref.as_ref().map(|key| (key.name.as_str(), key.key.as_str())),
        Some(("calico-config", "calico_backend"))
    );
    assert_eq!(set.spec.selector.match_labels.get("k8s-app").map(String::as_str), Some("calico-node"));
    assert_eq!(container.env_from.len(), 1);
}

#[test]
fn ages() {
    for (text, expected) in [
        ("3m39s (x134 over 25m)", Some((219, 1500, 134))),
        ("25m", Some((1500, 1500, 1))),
        ("2d3h", Some((183_600, 183_600, 1))),
        ("<unknown>", None),
        ("99999999999999999999s", None),
        ("", None),
    ] {
        assert_eq!(when::Age::parse(text).map(|age| (age.last, age.first, age.times)), expected, "{text}");
    }
}
