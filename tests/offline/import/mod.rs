//! Files of every sort into snapshots, good ones and bad ones.

mod address_twins;
mod archives;
mod formats;
mod joined;
mod memory;
mod pastes;
mod rendered;
mod same_facts;
mod texts;
mod twins;

use std::fs;
use std::io;
use std::path::Path;

use calico_fix::import::{ImportError, load};
use calico_fix::observed::Observed;
use calico_fix::snapshot::{Origin, Snapshot, save, schema};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

fn read(path: &Path) -> Snapshot {
    load(&[path.to_path_buf()], &mut io::empty()).unwrap_or_else(|error| panic!("{error}"))
}

fn read_text(text: &[u8]) -> Result<Snapshot, ImportError> {
    load(&["-".into()], &mut { text })
}

fn survives_saving(snapshot: &Snapshot) {
    let yaml = save::to_yaml(snapshot).expect("writes");
    assert_eq!(&read_text(yaml.as_bytes()).expect("reads"), snapshot);
    let validator = jsonschema::validator_for(&schema::snapshot_schema()).expect("a schema");
    let value: serde_json::Value = serde_yaml::from_str(&yaml).expect("reads");
    let problems: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn a_folder_of_kubectl_output_and_texts() {
    let snapshot = read(Path::new("tests/fixtures/import/bridge-address"));
    assert_eq!(snapshot.origin, Origin::Files);
    assert_eq!(snapshot.taken_at.to_string(), "2026-11-23T15:19:30Z");
    assert_eq!(snapshot.nodes.seen().map(Vec::len), Some(2));
    assert_eq!(snapshot.pods.seen().map(Vec::len), Some(2), "the pod that is not Calico's is left out");
    assert_eq!(snapshot.events.seen().map(Vec::len), Some(1), "events of others are left out");
    let inside = snapshot.inside["node-3"].seen().expect("texts of node-3");
    assert_eq!(inside.bird4.seen().and_then(|bird| bird.router_id.as_deref()), Some("172.18.0.1"));
    assert_eq!(inside.interfaces.seen().map(Vec::len), Some(3));
    assert!(inside.bird6.is_not_asked());
    assert!(snapshot.logs["node-3"].current.seen().is_some_and(|log| !log.marks.is_empty()));
    assert!(snapshot.resources.installations.is_not_asked());
    survives_saving(&snapshot);
}

#[test]
fn every_recorded_case_loads_whole() {
    let mut cases = 0;
    for release in fs::read_dir(Path::new(FIXTURES).join("real")).expect("lists").flatten().filter(|entry| entry.path().is_dir()) {
        for case in fs::read_dir(release.path()).expect("lists").flatten() {
            for case in [case.path(), case.path().join("fault"), case.path().join("healed")] {
                if !case.join("nodes.json").exists() {
                    continue;
                }
                cases += 1;
                let snapshot = read(&case);
                assert!(snapshot.daemon_set.seen().is_some(), "{case:?}");
                assert_eq!(snapshot.nodes.seen().map(Vec::len).map(|count| count >= 3), Some(true), "{case:?}");
                assert!(snapshot.pods.seen().is_some_and(|pods| !pods.is_empty()), "{case:?}");
                assert!(snapshot.events.seen().is_some(), "{case:?}");
                for file in fs::read_dir(&case).expect("lists").flatten() {
                    let name = file.file_name().to_string_lossy().into_owned();
                    let node = name.split('.').next().expect("a name");
                    let inside = || snapshot.inside[node].seen().expect("inside");
                    match name.split_once('.').map(|(_, rest)| rest) {
                        Some("birdcl.txt") => assert!(!inside().bird4.is_not_asked(), "{case:?} {name}"),
                        Some("ip-addr.json") => assert!(inside().interfaces.seen().is_some(), "{case:?} {name}"),
                        Some(log) if log.starts_with("log-previous") => {
                            assert!(snapshot.logs.get(node).is_some_and(|logs| logs.previous.is_answered()), "{case:?} {name}")
                        }
                        Some(log) if log.starts_with("log.") => {
                            assert!(snapshot.logs.get(node).is_some_and(|logs| logs.current.is_answered()), "{case:?} {name}")
                        }
                        _ => {}
                    }
                }
                survives_saving(&snapshot);
            }
        }
    }
    assert!(cases > 15, "{cases}");
}

#[test]
fn the_recorded_diagnostics_archive_loads() {
    let snapshot = read(&Path::new(FIXTURES).join("import/calico-diagnostics-incident1-v3.24.5.tar.gz"));
    assert_eq!(snapshot.origin, Origin::Diags);
    assert_eq!(snapshot.nodes.seen().map(Vec::len), Some(3));
    assert!(snapshot.daemon_set.seen().is_some());
    assert!(snapshot.events.is_not_asked(), "diagnostics have no events");
    assert!(snapshot.resources.ip_pools.seen().is_some_and(|pools| !pools.is_empty()));
    survives_saving(&snapshot);
}

#[test]
fn bad_input_is_told_apart() {
    let deep = |open: &str| format!("{}{}", "{\"kind\":", open.repeat(10_000)).into_bytes();
    let bomb = "kind: List\na: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n\
        e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n";
    let twins = "apiVersion: calico-fix/v1\nkind: Snapshot\ntakenAt: 2026-01-01T00:00:00Z\norigin: live\nnodes:\n  seen:\n\
        - {metadata: {name: a, uid: x}}\n- {metadata: {name: a, uid: y}}\n"
        .replace("\n- ", "\n  - ");
    let cases: [(&str, Vec<u8>, &str); 15] = [
        ("zip", b"PK\x03\x04\x14\0\0\0".to_vec(), "packed with zip"),
        ("xz", b"\xfd7zXZ\0\0\x04".to_vec(), "packed with xz"),
        ("empty", b" \n".to_vec(), "is empty"),
        ("binary", vec![0xfe, 0xff, 0, 1, 2, 3], "unrecognized file format"),
        ("gzip cut off", vec![0x1f, 0x8b, 8, 0], "cannot be unpacked"),
        ("JSON cut off", b"{\"apiVersion\": \"v1\", \"items\": [{\"kind\": \"Node\"".to_vec(), "EOF"),
        ("YAML cut off", b"apiVersion: v1\nitems:\n- kind: \"No".to_vec(), "line 3"),
        ("deep JSON", deep("["), "recursion limit"),
        ("deep YAML", format!("kind: {}", "[".repeat(10_000)).into_bytes(), "limit"),
        ("aliases that explode", bomb.into(), "its aliases make it more than 32 times as large"),
        ("a key twice", b"kind: Node\nkind: Pod\n".to_vec(), "twice"),
        ("no number", b"kind: Node\nmetadata: {generation: .nan}\n".to_vec(), "not a number"),
        (
            "another version",
            b"apiVersion: calico-fix/v7\nkind: Snapshot\n".to_vec(),
            "\"calico-fix/v7\"; this program reads \"calico-fix/v1\"",
        ),
        ("two nodes of one name", twins.into_bytes(), "node \"a\" occurs twice"),
        ("another object", b"apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n".to_vec(), "hold no nodes"),
    ];
    for (name, text, message) in cases {
        let error = read_text(&text).map(|_| ()).expect_err(name);
        assert!(error.to_string().contains(message), "{name}: {error}");
        assert!(!error.hint().is_empty());
    }
    assert!(matches!(load(&[], &mut io::empty()), Err(ImportError::Nothing)));
    assert!(matches!(load(&["/no/such/file".into()], &mut io::empty()), Err(ImportError::Unreadable { .. })));
}

#[test]
fn planted_secrets_do_not_survive() {
    let text = serde_json::json!({"kind": "List", "items": [
        {"kind": "Node", "metadata": {"name": "a", "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": "PLANTED", "projectcalico.org/x": "https://u:PLANTED@h/"}}},
        {"kind": "DaemonSet", "metadata": {"name": "calico-node", "namespace": "kube-system"}, "spec": {"template": {"spec": {"containers": [
            {"name": "calico-node", "env": [
                {"name": "ETCD_ENDPOINTS", "value": "https://root:PLANTED@10.0.0.1:2379"}, {"name": "API_TOKEN", "value": "PLANTED"},
                {"name": "X", "valueFrom": {"configMapKeyRef": {"name": "calico-config", "key": "etcd_key"}}}]},
            {"name": "other", "env": [{"name": "Y", "value": "PLANTED"}]}]}}}},
        {"kind": "ConfigMap", "metadata": {"name": "calico-config", "namespace": "kube-system"}, "data": {"etcd_key": "PLANTED", "z": "PLANTED"}},
        {"kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "PLANTED"}},
        {"kind": "Event", "metadata": {"name": "e"}, "involvedObject": {"kind": "Pod", "name": "calico-node-abcde", "namespace": "kube-system"},
            "message": "Authorization: Bearer PLANTED -----BEGIN CERTIFICATE-----\nPLANTED\n-----END CERTIFICATE-----"},
        {"kind": "BGPPeer", "metadata": {"name": "p"}, "spec": {"password": {"secretKeyRef": {"name": "PLANTED"}}, "peerIP": "10.0.0.9"}}]});
    let snapshot = read_text(text.to_string().as_bytes()).expect("reads");
    let yaml = save::to_yaml(&snapshot).expect("writes");
    assert!(!yaml.contains("PLANTED"), "{yaml}");
    assert!(matches!(&snapshot.events, Observed::Seen(events) if events.len() == 1));
    assert!(yaml.contains("10.0.0.9") && yaml.contains("@10.0.0.1:2379"));
}

/// Credentials under names that say nothing, in every place that is kept.
#[test]
fn values_that_nothing_reads_do_not_survive() {
    let text = serde_json::json!({"kind": "List", "items": [
        {"kind": "DaemonSet", "metadata": {"name": "calico-node", "namespace": "kube-system"}, "spec": {"template": {"spec": {"containers": [
            {"name": "calico-node", "args": ["--x", "PLANTED"], "env": [
                {"name": "GREETING", "value": "PLANTED"}, {"name": "FELIX_LOGPREFIX", "value": "PLANTED"},
                {"name": "MINE", "value": "10.0.0.7"}, {"name": "IP", "value": "$(MINE)"},
                {"name": "CALICO_NETWORKING_BACKEND", "valueFrom": {"configMapKeyRef": {"name": "calico-config", "key": "which"}}},
                {"name": "OTHER", "valueFrom": {"configMapKeyRef": {"name": "calico-config", "key": "other"}}}],
             "livenessProbe": {"exec": {"command": ["/bin/calico-node", "--etcd-password", "PLANTED", "-felix-live", "--token=PLANTED"]}}}]}}}},
        {"kind": "ConfigMap", "metadata": {"name": "calico-config", "namespace": "kube-system"}, "data": {"which": "bird", "other": "PLANTED"}},
        {"kind": "Event", "metadata": {"name": "e"}, "involvedObject": {"kind": "Pod", "name": "calico-node-abcde", "namespace": "kube-system"},
            "message": "api_key=PLANTED {\\\"password\\\": \\\"PLANTED\\\"} run --password PLANTED https://u:PLANTED@h/"},
        {"kind": "Installation", "metadata": {"name": "default", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "PLANTED"}},
            "spec": {"motd": "PLANTED", "calicoNetwork": {"bgp": "Enabled"},
                "calicoNodeDaemonSet": {"spec": {"template": {"spec": {"containers": [{"env": [{"name": "GREETING", "value": "PLANTED"}]}]}}}}}},
        {"kind": "BGPPeer", "metadata": {"name": "p"}, "spec": {"note": "PLANTED", "peerIP": "10.0.0.9"}}]});
    let snapshot = read_text(text.to_string().as_bytes()).expect("reads");
    let yaml = save::to_yaml(&snapshot).expect("writes");
    assert!(!yaml.contains("PLANTED"), "{yaml}");
    for kept in ["10.0.0.7", "which: bird", "bgp: Enabled", "peerIP: \"10.0.0.9\"", "-felix-live"] {
        assert!(yaml.contains(kept), "{kept}\n{yaml}");
    }
    survives_saving(&snapshot);
}

fn tokens(text: &str) -> std::collections::BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let telling = words.filter(|word| word.len() > 3 && word.contains(|c: char| c.is_ascii_alphabetic()));
    telling.map(str::to_ascii_lowercase).collect()
}

/// Words that are Kubernetes', Calico's or English, and so tell nothing of a cluster.
const PUBLIC: &str = "calico node kube system status spec metadata apps daemonset controller release name instance tracking operator \
    argoproj argocd helm meta docker image pulling installation default kubernetes hostname linux ready true false error lookup such \
    host seen true live snapshot version interfaces veth cali reach autodetection method etcd endpoints https datastore type etcdv3 \
    warning failed unhealthy kubelet event failure cannot internalip externaldns running container images redact passwords tokens \
    certificates addresses unless written with what kubectl this holds from file read saw cluster files mask masked dial example \
    projectcalico ipv4address ipv6address ipv4ipiptunneladdr namespace observed fine names objects 01t00";

#[test]
fn no_word_of_a_cluster_survives_redaction() {
    let text = serde_json::json!({"kind": "List", "items": [
        {"kind": "Node", "metadata": {"name": "zebra-17.acme.corp", "uid": "5e7ad5b6-e30e-4d5a-9c1b-0123456789ab",
            "labels": {"kubernetes.io/hostname": "zebra-17", "acme.corp/rack": "giraffe"},
            "annotations": {"projectcalico.org/IPv4Address": "10.99.98.97/24", "projectcalico.org/IPv6Address": "2001:db8:7777:8888::99/64"}},
            "status": {"addresses": [{"type": "InternalIP", "address": "2001:db8:7777:8888::99"}, {"type": "InternalIP", "address": "10.99.98.97"}, {"type": "Hostname", "address": "ip-10-99-98-97"}],
                "conditions": [{"type": "Ready", "status": "True", "message": "zebra-17 is fine"}]}},
        {"kind": "DaemonSet", "metadata": {"name": "calico-node", "namespace": "walrus", "annotations": {
            "meta.helm.sh/release-name": "pelican", "argocd.argoproj.io/tracking-id": "ostrich:apps/DaemonSet:walrus/calico-node"}},
            "spec": {"template": {"spec": {"containers": [{"name": "calico-node", "image": "harbor.acme.corp:5000/penguin/calico/node:v3.24.5",
                "env": [{"name": "IP_AUTODETECTION_METHOD", "value": "can-reach=gateway.acme.corp"},
                    {"name": "ETCD_ENDPOINTS", "value": "https://etcd-0.badger.svc.cluster.local:2379"}]}]}}}},
        {"kind": "Event", "metadata": {"name": "e", "namespace": "walrus"},
            "involvedObject": {"kind": "Pod", "name": "calico-node-abcde", "namespace": "walrus"},
            "message": "Failed lookup gateway.acme.corp on zebra-17: cali0123456789a veth1a2b3c4d 02:42:0a:63:62:61 ip-10-99-98-97 harbor.acme.corp"}]});
    let snapshot = read_text(text.to_string().as_bytes()).expect("reads");
    let original = save::to_yaml(&snapshot).expect("writes");
    let redacted = calico_fix::snapshot::redact::redact(snapshot).expect("redacts");
    let yaml = save::to_yaml(&redacted).expect("writes");
    let mut public = tokens(PUBLIC);
    public.extend(tokens(include_str!("../../../schemas/snapshot.schema.json")));
    let left: Vec<String> = tokens(&original).intersection(&tokens(&yaml)).filter(|word| !public.contains(*word)).cloned().collect();
    assert_eq!(left, [""; 0], "{yaml}");
    for address in ["10.99.98.97", "10-99-98-97", "2001:db8:7777:8888", "7777:8888"] {
        assert!(!yaml.contains(address), "{address}\n{yaml}");
    }
}

#[test]
fn bombs_and_devices_cost_little() {
    let alias =
        format!("kind: List\na: &a {}\nitems:\n{}", "x".repeat(100_000), "- [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n".repeat(20_000));
    let error = read_text(alias.as_bytes()).expect_err("too much");
    assert!(error.to_string().contains("aliases"), "{error}");
    let ours = "apiVersion: calico-fix/v1\nkind: Snapshot\ntakenAt: &a 2026-01-01T00:00:00Z\norigin: live\ncluster: {context: *a}\n";
    let error = read_text(ours.as_bytes()).expect_err("an alias");
    assert!(error.to_string().contains("alias"), "{error}");
    let mut zeros = io::repeat(0);
    assert!(matches!(load(&["-".into()], &mut zeros), Err(ImportError::Unknown { .. })));
    let packed = |bytes: &[u8], times: usize| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        (0..times).for_each(|_| io::Write::write_all(&mut packer, bytes).expect("packs"));
        packer.finish().expect("packs")
    };
    let zeros = packed(&[0; 1 << 20], 200);
    assert!(matches!(read_text(&zeros), Err(ImportError::Unknown { .. })));
    let text = packed(&[b'y'; 1 << 20], 100);
    assert!(matches!(read_text(&text), Err(ImportError::TooLarge { limit: 96, .. })));
    // What says that it is a snapshot may be larger, and is no bomb for that.
    let claim = b"{\"apiVersion\": \"calico-fix/v1\", \"kind\": \"Snapshot\", \"more\": \"";
    let bomb = [packed(claim, 1), packed(&[b'y'; 1 << 20], 200)].concat();
    let error = read_text(&bomb).expect_err("a bomb");
    assert!(error.to_string().ends_with("it unpacks to more than 200 times its size"), "{error}");
    let small = [packed(claim, 1), packed(&[b'y'; 1 << 20], 8)].concat();
    let error = read_text(&small).expect_err("it does not end");
    assert!(error.to_string().contains("EOF while parsing a string"), "{error}");
}

#[test]
fn no_name_or_address_survives_redaction() {
    let snapshot = read(Path::new("tests/fixtures/import/bridge-address"));
    let redacted = calico_fix::snapshot::redact::redact(snapshot).expect("redacts");
    let yaml = save::to_yaml(&redacted).expect("writes");
    for original in ["10.0.0.1", "10.0.0.3", "10_0_0_1", "node-1", "node-3", "aaaaa", "ccccc"] {
        assert!(!yaml.contains(original), "{original}\n{yaml}");
    }
    assert!(yaml.contains("172.18.0.1"), "the bridge's address is every host's");
    survives_saving(&redacted);
}
