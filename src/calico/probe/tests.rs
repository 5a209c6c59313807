use serde_json::{Value, json};

use super::*;

fn container(value: Value) -> Container {
    serde_json::from_value(value).expect("a container")
}

fn exec(words: &[&str]) -> Value {
    json!({"exec": {"command": words}, "timeoutSeconds": 10})
}

fn health() -> Health {
    Health { host: Some("localhost".into()), port: Some(9099) }
}

#[test]
fn what_commands_ask() {
    const OLD: Handler = Handler::Command(CommandForm::CalicoNode);
    const NEW: Handler = Handler::Command(CommandForm::CalicoComponent);
    for (words, handler, felix, bird) in [
        (&["/bin/calico-node", "-felix-live", "-bird-live"][..], OLD, true, true),
        (&["/usr/bin/calico-node", "--felix-ready"], OLD, true, false),
        (&["calico", "component", "node", "health", "--felix-live", "--bird-live"], NEW, true, true),
        (&["/usr/bin/calico", "component", "node", "health", "--bird-ready"], NEW, false, true),
        (&["sh", "-c", "/bin/calico-node -bird-ready -felix-ready"], OLD, true, true),
        (&["/bin/calico-node", "-felix-live", "-bird-live=false"], OLD, true, false),
        (&["true"], Handler::Other, false, false),
        (&[], Handler::Other, false, false),
    ] {
        let uses = uses(&container(json!({"livenessProbe": exec(words)})));
        assert_eq!((uses[0].handler.clone(), uses[0].checks_felix, uses[0].checks_bird), (handler, felix, bird), "{words:?}");
    }
}

#[test]
fn time_to_start() {
    let seconds = |value: Value| start_guard(&container(value)).map(|(_, budget)| budget.total().as_secs());
    let published = json!({"initialDelaySeconds": 10, "periodSeconds": 10, "failureThreshold": 6, "timeoutSeconds": 10});
    assert_eq!(seconds(json!({"livenessProbe": published})), Some(70));
    assert_eq!(seconds(json!({"livenessProbe": {}})), Some(30));
    assert_eq!(seconds(json!({"livenessProbe": {}, "startupProbe": {"periodSeconds": 2, "failureThreshold": 150}})), Some(300));
    assert_eq!(seconds(json!({"readinessProbe": {}})), None);
    assert_eq!(seconds(json!({"livenessProbe": {"periodSeconds": 0, "failureThreshold": -1}})), Some(30));
    let largest = json!({"initialDelaySeconds": i32::MAX, "periodSeconds": i32::MAX, "failureThreshold": i32::MAX});
    assert!(seconds(json!({"livenessProbe": largest})).is_some());
    let (_, budget) = start_guard(&container(json!({"livenessProbe": published}))).expect("a budget");
    assert_eq!(budget.with_timeout().as_secs(), 80);
}

#[test]
fn probes_that_cannot_succeed() {
    let http = |host: Value, port: Value| json!({"httpGet": {"host": host, "path": "/liveness", "port": port}});
    let bird = exec(&["/bin/calico-node", "-felix-live", "-bird-live"]);
    let new = exec(&["calico", "component", "node", "health", "--felix-live"]);
    let old_release = Some(Version::new(3, 24, 5));
    let new_release = Some(Version::new(3, 33, 0));
    let without_bird = MisfitKind::BirdWithoutBird { backend: Backend::Vxlan };
    let host_missing = MisfitKind::HostMissing { listens: "localhost".into() };
    let of_another = |form, version: Option<Version>| version.map(|version| MisfitKind::CommandOfAnotherRelease { form, version });
    for (probe, backend, version, expected) in [
        (bird.clone(), Backend::Bird, old_release, None),
        (bird.clone(), Backend::Vxlan, old_release, Some(without_bird)),
        (bird.clone(), Backend::Unknown { why: String::new() }, old_release, None),
        (bird.clone(), Backend::Bird, new_release, of_another(CommandForm::CalicoNode, new_release)),
        (bird.clone(), Backend::Bird, Version::parse("v3.33.0-0.dev-1"), None),
        (bird, Backend::Bird, None, None),
        (new.clone(), Backend::Bird, new_release, None),
        (new.clone(), Backend::Bird, Version::parse("v3.33.0-0.dev-1"), None),
        (new, Backend::Bird, old_release, of_another(CommandForm::CalicoComponent, old_release)),
        (http(json!("localhost"), json!(9099)), Backend::Bird, old_release, None),
        (http(json!("127.0.0.1"), json!(9099)), Backend::Bird, old_release, None),
        (http(json!(null), json!(9099)), Backend::Bird, old_release, Some(host_missing.clone())),
        (http(json!(""), json!(9099)), Backend::Bird, old_release, Some(host_missing)),
        (http(json!(null), json!(9099)), Backend::Bird, Some(Version::new(3, 1, 0)), None),
        (http(json!("localhost"), json!(9199)), Backend::Bird, old_release, Some(MisfitKind::OtherPort { asked: 9199, felix: 9099 })),
        (http(json!("localhost"), json!("health")), Backend::Bird, old_release, None),
    ] {
        let found = misfits(&container(json!({"livenessProbe": probe})), &backend, version, &health());
        let expected: Vec<_> = expected.into_iter().map(|what| Misfit { probe: ProbeKind::Liveness, what }).collect();
        assert_eq!(found, expected, "{probe} {backend:?} {version:?}");
    }
    let everywhere = Health { host: Some("0.0.0.0".into()), port: Some(9099) };
    let open = container(json!({"livenessProbe": http(json!(null), json!(9099))}));
    assert_eq!(misfits(&open, &Backend::Bird, old_release, &everywhere), []);
}

#[test]
fn timeouts() {
    let mut short = exec(&["/bin/calico-node", "-felix-live"]);
    short["timeoutSeconds"] = json!(null);
    let long = exec(&["/bin/calico-node", "-felix-ready"]);
    assert_eq!(timeouts_too_short(&container(json!({"livenessProbe": short, "readinessProbe": long}))), [ProbeKind::Liveness]);
    assert_eq!(timeouts_too_short(&container(json!({"livenessProbe": {"httpGet": {"path": "/liveness"}}}))), []);
}
