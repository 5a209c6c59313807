//! `rollout status|history|undo|restart` and `logs -f`; the test plays the controller.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sim::{Logs, TestServer};

use super::{pod_on, said};

fn rollout<'a>(verb: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    [&["-n", "kube-system", "rollout", verb, "ds/calico-node"][..], rest].concat()
}

fn observe(running: &TestServer, generation: i64, updated: i64) {
    let written = running.cluster().store.edit("DaemonSet", "kube-system", "calico-node", |object| {
        object["status"]["observedGeneration"] = generation.into();
        object["status"]["updatedNumberScheduled"] = updated.into();
    });
    written.expect("written");
}

#[test]
fn kubectl_follows_a_rollout_to_its_end() {
    let running = sim::start(sim::scenario::healthy(3));
    let done = "daemon set \"calico-node\" successfully rolled out\n";
    let Some(status) = said(&running, &rollout("status", &[])) else { return };
    assert_eq!(status, done);
    said(&running, &rollout("restart", &[])).expect("kubectl");
    let follower = std::thread::scope(|scope| {
        let follower = scope.spawn(|| said(&running, &rollout("status", &["--timeout=30s"])));
        for updated in [0, 1, 2, 3] {
            std::thread::sleep(Duration::from_millis(600));
            observe(&running, 2, updated);
        }
        follower.join().expect("the follower ends")
    });
    let told = follower.expect("kubectl");
    let waiting = |updated: i64| {
        format!("Waiting for daemon set \"calico-node\" rollout to finish: {updated} out of 3 new pods have been updated...\n")
    };
    assert!(told.contains(&waiting(1)) && told.contains(&waiting(2)) && told.ends_with(done), "{told}");
}

#[test]
fn kubectl_undoes_a_rollout_by_its_revisions() {
    let running = sim::start(sim::scenario::bridge_address_healed(3));
    let Some(history) = said(&running, &rollout("history", &[])) else { return };
    assert_eq!(history, "daemonset.apps/calico-node \nREVISION  CHANGE-CAUSE\n1         <none>\n2         <none>\n\n");
    let second = said(&running, &rollout("history", &["--revision=2"])).expect("kubectl");
    assert!(second.contains("IP_AUTODETECTION_METHOD:\tinterface=eth.*"), "{second}");
    let undone = said(&running, &rollout("undo", &[])).expect("kubectl");
    assert_eq!(undone, "daemonset.apps/calico-node rolled back\n");
    let object = running.cluster().store.object("DaemonSet", "kube-system", "calico-node").expect("there");
    assert_eq!(object["metadata"]["generation"], 3);
    let containers = object["spec"]["template"]["spec"]["containers"].as_array().expect("containers");
    let names: Vec<&str> = containers[0]["env"].as_array().into_iter().flatten().filter_map(|env| env["name"].as_str()).collect();
    assert!(!names.contains(&"IP_AUTODETECTION_METHOD") && names.contains(&"CALICO_NETWORKING_BACKEND"), "{names:?}");
    assert!(object["spec"]["template"]["$patch"].is_null(), "the directive is obeyed, not kept");
}

#[test]
fn kubectl_follows_a_log_until_the_container_ends() {
    let running = sim::start(sim::scenario::healthy(3));
    let Some(pod) = pod_on(&running, "amz-sin8-opsrespool-33-12") else { return };
    let name = pod.trim_start_matches("pod/").to_string();
    let written = Arc::new(std::sync::Mutex::new("2026-11-20T08:30:00Z first\n".to_string()));
    let text = written.clone();
    let current: sim::Text = Arc::new(move || text.lock().map(|text| text.clone()).unwrap_or_default());
    running.cluster().set_logs("kube-system", &name, "calico-node", Logs { current: Some(current), previous: None });
    let mut child = Command::new("kubectl")
        .args(["-n", "kube-system", "logs", "-f", &pod, "-c", "calico-node"])
        .env("KUBECONFIG", running.kubeconfig())
        .env("HOME", running.kubeconfig().with_file_name("home"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("kubectl was there a moment ago");
    std::thread::sleep(Duration::from_millis(700));
    written.lock().expect("a log").push_str("2026-11-20T08:30:01Z second\n");
    std::thread::sleep(Duration::from_millis(700));
    let ended = running.cluster().store.edit("Pod", "kube-system", &name, |pod| {
        pod["status"]["containerStatuses"][0]["state"] = json!({"terminated": {"exitCode": 0}});
    });
    ended.expect("written");
    let mut told = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut told).expect("text");
    assert!(child.wait().expect("it ends").success());
    assert_eq!(told, "first\nsecond\n");
}

/// Nobody advances it but the clock: a minute of the cluster's is a second here.
#[test]
fn a_living_cluster_rolls_out_while_kubectl_waits() {
    let running = sim::start(sim::scenario::bridge_address(3));
    let living = running.live(60.0);
    let set = ["-n", "kube-system", "set", "env", "ds/calico-node", "-c", "calico-node", "IP_AUTODETECTION_METHOD=kubernetes-internal-ip"];
    if said(&running, &set).is_none() {
        return;
    }
    let status = said(&running, &["-n", "kube-system", "rollout", "status", "ds/calico-node", "--timeout=60s"]).expect("kubectl is there");
    assert!(status.ends_with("daemon set \"calico-node\" successfully rolled out\n"), "{status}");
    let stopped = living.now();
    drop(living);
    let store = &running.cluster().store;
    let wrong = store
        .objects("Node")
        .iter()
        .filter(|node| node["metadata"]["annotations"]["projectcalico.org/IPv4Address"] == "172.18.0.1/16")
        .count();
    assert_eq!((wrong, store.now() >= stopped), (0, true));
}
