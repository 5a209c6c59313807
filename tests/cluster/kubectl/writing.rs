//! `patch`, `set env`, `diff`, `delete`, `wait`, `create`, `replace`: kubectl's own words, where they were recorded.

use std::io::Write;

use serde_json::json;

use super::{complained, kubectl, pod_on, said, text};

const CALICO_NODE: [&str; 4] = ["-n", "kube-system", "ds", "calico-node"];

fn of_daemon_set<'a>(verb: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    [&CALICO_NODE[..2], &[verb], &CALICO_NODE[2..], rest].concat()
}

#[test]
fn kubectl_sets_a_variable_and_patches_a_daemon_set() {
    let running = sim::start(sim::scenario::healthy(3));
    let set = ["-n", "kube-system", "set", "env", "ds/calico-node", "-c", "calico-node", "IP_AUTODETECTION_METHOD=interface=eth.*"];
    let Some(done) = said(&running, &set) else { return };
    assert_eq!(done, "daemonset.apps/calico-node env updated\n");
    let store = &running.cluster().store;
    let object = store.object("DaemonSet", "kube-system", "calico-node").expect("there");
    assert_eq!((&object["metadata"]["generation"], &object["status"]["observedGeneration"]), (&json!(2), &json!(1)));
    assert_eq!(object["metadata"]["annotations"]["deprecated.daemonset.template.generation"], "2");
    assert_eq!(object["metadata"]["managedFields"][0]["manager"], "kubectl-set");
    let listed = said(&running, &["-n", "kube-system", "set", "env", "ds/calico-node", "-c", "calico-node", "--list"]).expect("kubectl");
    assert!(listed.contains("\nIP_AUTODETECTION_METHOD=interface=eth.*\n"), "{listed}");

    let delay = r#"{"spec":{"template":{"spec":{"containers":[{"name":"calico-node","livenessProbe":{"initialDelaySeconds":60}}]}}}}"#;
    let dry = said(&running, &of_daemon_set("patch", &["--dry-run=server", "-p", delay])).expect("kubectl");
    assert!(dry.starts_with("daemonset.apps/calico-node patched"), "{dry}");
    assert_eq!(store.object("DaemonSet", "kube-system", "calico-node").expect("there"), object, "a dry run keeps nothing");
    let done = said(&running, &of_daemon_set("patch", &["-p", delay])).expect("kubectl");
    assert_eq!(done, "daemonset.apps/calico-node patched\n");
    let again = said(&running, &of_daemon_set("patch", &["-p", delay])).expect("kubectl");
    assert_eq!(again, "daemonset.apps/calico-node patched (no change)\n");
    let containers = "{.metadata.generation} {.spec.template.spec.containers[*].name} {.spec.template.spec.containers[0].livenessProbe}";
    let probe = said(&running, &of_daemon_set("get", &["-o", &format!("jsonpath={containers}")])).expect("kubectl");
    assert!(probe.starts_with("3 calico-node {\"") && probe.contains("\"initialDelaySeconds\":60"), "{probe}");

    let strategy = r#"{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}"#;
    said(&running, &of_daemon_set("patch", &["--type=merge", "-p", strategy])).expect("kubectl");
    let test = r#"[{"op":"test","path":"/spec/updateStrategy/type","value":"OnDelete"},{"op":"remove","path":"/spec/template/spec/containers/0/livenessProbe/initialDelaySeconds"}]"#;
    said(&running, &of_daemon_set("patch", &["--type=json", "-p", test])).expect("kubectl");
    let negative = r#"{"spec":{"template":{"spec":{"containers":[{"name":"calico-node","livenessProbe":{"periodSeconds":-1}}]}}}}"#;
    let why = complained(&running, &of_daemon_set("patch", &["-p", negative])).expect("kubectl");
    assert_eq!(
        why,
        "The DaemonSet \"calico-node\" is invalid: spec.template.spec.containers[0].livenessProbe.periodSeconds: \
         Invalid value: -1: must be greater than or equal to 0\n"
    );
    let words = r#"{"spec":{"template":{"spec":{"containers":[{"name":"calico-node","livenessProbe":{"periodSeconds":"10"}}]}}}}"#;
    let why = complained(&running, &of_daemon_set("patch", &["-p", words])).expect("kubectl");
    assert_eq!(
        why,
        "The request is invalid: patch: Invalid value: \"map[spec:map[template:map[spec:map[containers:[map[livenessProbe:map[periodSeconds:10] \
         name:calico-node]]]]]]\": unrecognized type: int32\n"
    );
    let refused = complained(&running, &[&["--context", "viewer"][..], &of_daemon_set("patch", &["-p", delay])].concat()).expect("kubectl");
    assert!(refused.contains("User \"viewer\" cannot patch resource \"daemonsets\" in API group \"apps\""), "{refused}");
}

/// Commands and answers of `operator-v1.28.5/f-patch-forms` and `e-probe-overrides-unknown-field`.
#[test]
fn an_old_installation_answers_as_recorded() {
    let running = sim::start(sim::scenario::operator(3));
    let patch = |rest: &[&str]| kubectl(&running, &[&["patch", "installation", "default"][..], rest].concat());
    let Some(strategic) = patch(&["-p", r#"{"spec":{}}"#]) else { return };
    assert_eq!(
        text(&strategic.stderr),
        "error: application/strategic-merge-patch+json is not supported by operator.tigera.io/v1, Kind=Installation: the body of the \
         request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, \
         application/apply-patch+yaml\n"
    );
    let detection = "jsonpath={.spec.calicoNetwork.nodeAddressAutodetectionV4}";
    let dry = |patched: &str, shown: &str| patch(&["--type=merge", "--dry-run=server", "-p", patched, "-o", shown]).expect("kubectl");
    let method = |patched: &str| format!(r#"{{"spec":{{"calicoNetwork":{{"nodeAddressAutodetectionV4":{patched}}}}}}}"#);
    let right = dry(&method(r#"{"firstFound":null,"interface":"eth.*"}"#), detection);
    assert_eq!(text(&right.stdout), r#"{"interface":"eth.*"}"#);
    let two = dry(&method(r#"{"interface":"eth.*"}"#), detection);
    assert_eq!(text(&two.stdout), r#"{"firstFound":true,"interface":"eth.*"}"#);
    let bad = dry(&method(r#"{"kubernetes":"InternalIP"}"#), detection);
    assert_eq!(
        text(&bad.stderr),
        "The Installation \"default\" is invalid: spec.calicoNetwork.nodeAddressAutodetectionV4.kubernetes: Unsupported value: \
         \"InternalIP\": supported values: \"NodeInternalIP\"\n"
    );
    let overridden = |container: &str| {
        let container = format!(r#"{{"name":"calico-node",{container}}}"#);
        format!(r#"{{"spec":{{"calicoNodeDaemonSet":{{"spec":{{"template":{{"spec":{{"containers":[{container}]}}}}}}}}}}}}"#)
    };
    let probe = overridden(r#""livenessProbe":{"failureThreshold":10,"initialDelaySeconds":60}"#);
    let pruned = dry(&probe, "jsonpath={.spec.calicoNodeDaemonSet}");
    let warning = "Warning: unknown field \"spec.calicoNodeDaemonSet.spec.template.spec.containers[0].livenessProbe\"\n";
    assert_eq!(text(&pruned.stderr), warning);
    assert_eq!(text(&pruned.stdout), r#"{"spec":{"template":{"spec":{"containers":[{"name":"calico-node"}]}}}}"#);
    let kept = patch(&["--type=merge", "-p", &probe]).expect("kubectl");
    assert_eq!((text(&kept.stderr).as_str(), text(&kept.stdout).as_str()), (warning, "installation.operator.tigera.io/default patched\n"));
}

/// Commands and answers of `operator-master`.
#[test]
fn a_new_installation_answers_as_recorded() {
    let mut world = sim::scenario::operator(3);
    world.operator = sim::Operator::Master;
    let running = sim::start(world);
    let patch = |patched: &str| kubectl(&running, &["patch", "installation", "default", "--type=merge", "-p", patched]);
    let two = r#"{"spec":{"calicoNetwork":{"nodeAddressAutodetectionV4":{"kubernetes":"NodeInternalIP"}}}}"#;
    let Some(two) = patch(two) else { return };
    assert_eq!(
        text(&two.stderr),
        "The Installation \"default\" is invalid: spec.calicoNetwork.nodeAddressAutodetectionV4: Invalid value: no more than one \
         autodetection method can be specified\n"
    );
    let probe = r#"{"spec":{"calicoNodeDaemonSet":{"spec":{"template":{"spec":{"containers":[{"name":"calico-node","startupProbe":{"failureThreshold":300}}]}}}}}}"#;
    let kept = patch(probe).expect("kubectl");
    assert_eq!((text(&kept.stderr).as_str(), kept.status.success()), ("", true));
    let stored = running.cluster().store.object("Installation", "", "default").expect("there");
    let containers = &stored["spec"]["calicoNodeDaemonSet"]["spec"]["template"]["spec"]["containers"];
    assert_eq!(containers[0]["startupProbe"]["failureThreshold"], 300);
}

#[test]
fn kubectl_deletes_a_pod_and_waits() {
    let running = sim::start(sim::scenario::healthy(3));
    let Some(pod) = pod_on(&running, "amz-sin8-opsrespool-33-12") else { return };
    let ready = said(&running, &["-n", "kube-system", "wait", "--for=condition=Ready", "--timeout=10s", &pod]).expect("kubectl");
    assert_eq!(ready, format!("{pod} condition met\n"));
    let name = pod.trim_start_matches("pod/");
    let gone = said(&running, &["-n", "kube-system", "delete", &pod]).expect("kubectl");
    assert_eq!(gone, format!("pod \"{name}\" deleted\n"));
    let missing = complained(&running, &["-n", "kube-system", "get", &pod]).expect("kubectl");
    assert_eq!(missing, format!("Error from server (NotFound): pods {name:?} not found\n"));
    let missing = complained(&running, &["-n", "kube-system", "delete", &pod]).expect("kubectl");
    assert_eq!(missing, format!("Error from server (NotFound): pods {name:?} not found\n"));
    let other = pod_on(&running, "amz-sin8-opsrespool-33-11").expect("kubectl");
    let timed_out =
        complained(&running, &["-n", "kube-system", "wait", "--for=condition=Nonesuch", "--timeout=1s", &other]).expect("kubectl");
    assert!(timed_out.starts_with("error: timed out waiting for the condition on pods/calico-node-"), "{timed_out}");
}

fn written(running: &sim::TestServer, name: &str, object: &serde_json::Value) -> String {
    let path = running.kubeconfig().with_file_name(name);
    let mut file = std::fs::File::create(&path).expect("a file");
    file.write_all(object.to_string().as_bytes()).expect("written");
    path.display().to_string()
}

#[test]
fn kubectl_diffs_creates_labels_and_replaces() {
    let running = sim::start(sim::scenario::healthy(3));
    let Some(before) = said(&running, &of_daemon_set("get", &["-o", "json"])) else { return };
    let mut object: serde_json::Value = serde_json::from_str(&before).expect("JSON");
    object["spec"]["minReadySeconds"] = 7.into();
    let file = written(&running, "ds.json", &object);
    let diff = kubectl(&running, &["diff", "-f", &file]).expect("kubectl");
    assert_eq!(diff.status.code(), Some(1), "{}", text(&diff.stderr));
    assert!(text(&diff.stdout).contains("\n+  minReadySeconds: 7\n"), "{}", text(&diff.stdout));
    let replaced = said(&running, &["replace", "-f", &file]).expect("kubectl");
    assert_eq!(replaced, "daemonset.apps/calico-node replaced\n");
    let stale = complained(&running, &["replace", "-f", &file]).expect("kubectl");
    assert!(stale.contains("the object has been modified; please apply your changes to the latest version and try again"), "{stale}");

    let pool = json!({
        "apiVersion": "crd.projectcalico.org/v1",
        "kind": "IPPool",
        "metadata": {"name": "second"},
        "spec": {"cidr": "10.9.0.0/16", "colour": "red"},
    });
    let file = written(&running, "pool.json", &pool);
    let strict = complained(&running, &["create", "--validate=strict", "-f", &file]).expect("kubectl");
    assert!(strict.contains("strict decoding error: unknown field \"spec.colour\""), "{strict}");
    let created = kubectl(&running, &["create", "--validate=warn", "-f", &file]).expect("kubectl");
    assert_eq!(text(&created.stdout), "ippool.crd.projectcalico.org/second created\n", "{}", text(&created.stderr));
    assert_eq!(text(&created.stderr), "Warning: unknown field \"spec.colour\"\n");
    let again = complained(&running, &["create", "--validate=warn", "-f", &file]).expect("kubectl");
    assert!(again.contains("(AlreadyExists)") && again.contains("ippools.crd.projectcalico.org \"second\" already exists"), "{again}");
    let gone = said(&running, &["delete", "ippools.crd.projectcalico.org", "second"]).expect("kubectl");
    assert_eq!(gone, "ippool.crd.projectcalico.org \"second\" deleted\n");

    let node = "amz-sin8-opsrespool-33-12";
    assert_eq!(said(&running, &["label", "node", node, "rack=7"]).as_deref(), Some(format!("node/{node} labeled\n").as_str()));
    let cordoned = said(&running, &["cordon", node]).expect("kubectl");
    assert_eq!(cordoned, format!("node/{node} cordoned\n"));
    let racked = said(&running, &["get", "nodes", "-l", "rack=7", "--no-headers"]).expect("kubectl");
    assert!(racked.starts_with(node) && racked.contains("Ready,SchedulingDisabled"), "{racked}");
}

#[test]
fn kubectl_writes_a_status_and_drains_a_node() {
    let running = sim::start(sim::scenario::operator(3));
    let table = said(&running, &["get", "tigerastatus"]);
    let Some(table) = table else { return };
    assert!(
        table.starts_with("NAME     AVAILABLE   PROGRESSING   DEGRADED   SINCE\ncalico   True        False         False      "),
        "{table}"
    );
    let patched = r#"{"spec":{"lost":1},"status":{"variant":"TigeraSecureEnterprise"}}"#;
    let status = ["patch", "installation", "default", "--subresource=status", "--type=merge", "-p", patched];
    said(&running, &status).expect("kubectl");
    let stored = running.cluster().store.object("Installation", "", "default").expect("there");
    assert_eq!((&stored["status"]["variant"], &stored["spec"]["lost"]), (&json!("TigeraSecureEnterprise"), &json!(null)));
    assert_eq!(stored["metadata"]["generation"], 2, "a status counts no generation");
    let subresource = &stored["metadata"]["managedFields"][0]["subresource"];
    assert_eq!(subresource, "status");
    let read = said(&running, &["get", "installation", "default", "--subresource=status", "-o", "jsonpath={.status.variant}"]);
    assert_eq!(read.as_deref(), Some("TigeraSecureEnterprise"));

    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "lonely", "namespace": "calico-system"},
        "spec": {"nodeName": "amz-sin8-opsrespool-33-12", "containers": [{"name": "a", "image": "b:1"}]},
    });
    let file = written(&running, "pod.json", &pod);
    said(&running, &["create", "-f", &file]).expect("kubectl");
    let drained = kubectl(&running, &["drain", "amz-sin8-opsrespool-33-12", "--force", "--ignore-daemonsets"]).expect("kubectl");
    assert!(drained.status.success(), "{}", text(&drained.stderr));
    assert!(text(&drained.stdout).contains("pod/lonely evicted\n"), "{}", text(&drained.stdout));
    let gone = complained(&running, &["-n", "calico-system", "get", "pod", "lonely"]).expect("kubectl");
    assert!(gone.contains("NotFound"), "{gone}");
}
