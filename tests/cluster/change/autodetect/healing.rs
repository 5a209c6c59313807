//! The incident of the bridge's address, healed.

use std::sync::{Arc, Mutex};

use expectrl::Expect;
use sim::{Effect, Fault, Hook};

use super::*;

const SCENARIO: &str = "bridge-address";

fn healed(stage: &Stage) {
    every_address_is_the_nodes(stage);
    let status = stage.kubectl(&["status"]);
    assert_eq!(code(&status), Some(0), "{}", told(&status));
}

fn victim(stage: &Stage) -> String {
    stage.nodes().last().and_then(|node| node["metadata"]["name"].as_str()).expect("a node").to_owned()
}

#[test]
fn one_command_heals_the_worst_node_first() {
    let stage = Stage::new(SCENARIO, 3);
    let strategy = stage.daemon_set()["spec"]["updateStrategy"].clone();
    let _live = stage.running.live(PACE);
    let output = stage.kubectl(&["autodetect", "--yes"]);
    println!("{}", told(&output));
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    assert_eq!(variable(&stage.daemon_set(), METHOD).as_deref(), Some("kubernetes-internal-ip"));
    assert_eq!(stage.daemon_set()["spec"]["updateStrategy"], strategy);
    assert!(
        stage.annotation().is_some_and(|text| text.contains(&format!("\"canary\":\"{}\"", victim(&stage)))),
        "{:?}",
        stage.annotation()
    );
    healed(&stage);
    let again = stage.kubectl(&["autodetect", "--yes"]);
    assert_eq!(code(&again), Some(0), "{}", told(&again));
    assert!(!out(&again).contains("+++"), "nothing is left to propose: {}", told(&again));
}

#[test]
fn a_terminal_shows_the_matrix_and_the_difference_and_asks() {
    for (answer, expected) in [("y", 0), ("n", 1)] {
        let stage = Stage::new(SCENARIO, 3);
        let before = stage.daemon_set();
        let _live = stage.running.live(PACE);
        let mut terminal = in_a_terminal(stage.kubectl_command(&["autodetect"]));
        let shown = until(&mut terminal, QUESTION);
        assert!(shown.contains("kubernetes-internal-ip") && shown.contains("ADDRESS THEN") && shown.contains("\u{1b}[32m+"), "{shown}");
        terminal.send_line(answer).expect("types");
        let (rest, code) = ended(&mut terminal);
        assert_eq!(code, Some(expected), "{answer}: {rest}");
        if answer == "y" {
            healed(&stage);
        } else {
            assert!(rest.contains("nothing was changed"), "{rest}");
            assert_eq!((&stage.daemon_set()["spec"], stage.writes()), (&before["spec"], vec![]));
        }
    }
}

#[test]
fn a_program_gets_one_document_with_matrix_plan_and_outcome() {
    let stage = Stage::new(SCENARIO, 3);
    let before = stage.daemon_set();
    let _live = stage.running.live(PACE);
    let looked = stage.kubectl(&["autodetect", "-o", "json"]);
    assert_eq!(code(&looked), Some(1), "{}", told(&looked));
    let shown = document(&looked);
    keeps_to("autodetect", &shown);
    assert_eq!((shown["matrix"].as_array().map(Vec::is_empty), &shown["change"]["applied"]), (Some(false), &false.into()));
    assert_eq!(shown["change"]["plan"]["target"]["name"], "calico-node", "{shown:#}");
    assert_eq!((&stage.daemon_set()["spec"], stage.writes()), (&before["spec"], vec![]));

    let output = stage.kubectl(&["autodetect", "--yes", "-o", "json"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let done = document(&output);
    keeps_to("autodetect", &done);
    assert!(done["matrix"].is_array() && done["change"]["plan"]["digest"].is_string(), "{done:#}");
    assert_eq!((&done["change"]["applied"], &done["change"]["after"]["verdict"]), (&true.into(), &"healthy".into()));
    healed(&stage);
}

#[test]
fn a_saved_plan_does_exactly_that_later() {
    let stage = Stage::new(SCENARIO, 3);
    let _live = stage.running.live(PACE);
    let path = stage.folder.path().join("saved.yaml");
    let path = path.to_str().expect("text");
    let saved = stage.kubectl(&["autodetect", "--out", path]);
    assert_eq!((code(&saved), stage.writes()), (Some(1), vec![]), "{}", told(&saved));
    let plan: Value = serde_yaml::from_str(&std::fs::read_to_string(path).expect("is saved")).expect("YAML");
    let digest = plan["digest"].as_str().expect("a digest");
    assert!(err(&saved).contains(&format!("--confirm {digest}")), "{}", err(&saved));
    let applied = stage.kubectl(&["apply", path, "--confirm", digest]);
    assert_eq!(code(&applied), Some(0), "{}", told(&applied));
    healed(&stage);
    let undone = stage.kubectl(&["undo", "--yes"]);
    assert_eq!((code(&undone), variable(&stage.daemon_set(), METHOD)), (Some(0), None), "{}", told(&undone));
}

#[test]
fn the_canary_is_whoever_is_named_or_nobody() {
    let stage = Stage::new(SCENARIO, 3);
    let named = victim(&stage);
    let _live = stage.running.live(PACE);
    for missing in ["no-such-node", ""] {
        let unknown = stage.kubectl(&["autodetect", "--yes", "--canary", missing]);
        assert_eq!((code(&unknown), stage.writes()), (Some(2), vec![]), "{}", told(&unknown));
        assert!(
            err(&unknown).contains("no node of that name runs calico-node") && err(&unknown).contains("kubectl get nodes"),
            "{}",
            err(&unknown)
        );
    }
    let output = stage.kubectl(&["autodetect", "--yes", "--canary", &named]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    assert!(stage.annotation().is_some_and(|text| text.contains(&named)), "{:?}", stage.annotation());

    let stage = Stage::new(SCENARIO, 3);
    let _live = stage.running.live(PACE);
    let output = stage.kubectl(&["autodetect", "--yes", "--canary", "none"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    assert!(!stage.writes().iter().any(|write| write.starts_with("DELETE")), "{:?}", stage.writes());
    assert!(stage.annotation().is_some_and(|text| !text.contains("canary\":\"")), "{:?}", stage.annotation());
    healed(&stage);
}

/// Every node has the bridge, and soon its address.
#[test]
fn a_cluster_where_every_node_is_wrong_is_healed() {
    let stage = Stage::new("all-bridges", 3);
    let _live = stage.running.live(PACE);
    let output = stage.kubectl(&["autodetect", "--yes"]);
    println!("{}", told(&output));
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    healed(&stage);
}

/// After a quarter of an hour every calico-node has detected the bridge again: none is Ready, and no peer can be reached at its right
/// address. What the first node can reach alone is its own address.
#[test]
fn a_cluster_where_every_node_has_been_wrong_for_long_is_healed() {
    let stage = Stage::new("all-bridges", 3);
    stage.let_pass(jiff::SignedDuration::from_mins(15));
    let _live = stage.running.live(PACE);
    let output = stage.kubectl(&["autodetect", "--yes"]);
    println!("{}", told(&output));
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    healed(&stage);
}

/// The last node exits again and again, as it has no address at all; those before it in the list are well, and wait until it is cured.
#[test]
fn the_canary_is_the_node_that_has_the_trouble() {
    let stage = Stage::new("no-address", 4);
    let (pods, _live) = (stage.pods(), stage.running.live(PACE));
    let sick = victim(&stage);
    // The patch, the deletion of the canary's pod, and the patch that lets the others follow.
    let (cluster, seen): (_, Arc<Mutex<Vec<String>>>) = (stage.running.cluster().clone(), Arc::default());
    let (before, replaced) = (pods.clone(), seen.clone());
    let look = Hook::new(move |_| {
        let uid = |pod: &Value| pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let now: Vec<String> = cluster.store.objects("Pod").iter().map(uid).collect();
        let gone = before.iter().filter(|(_, uid)| !now.contains(uid)).map(|(node, _)| node.clone());
        replaced.lock().expect("not poisoned").extend(gone);
    });
    stage.running.cluster().add_fault(Fault::nth_write(3, Effect::Before(look)));
    let output = stage.kubectl(&["autodetect", "--yes"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    assert_eq!(*seen.lock().expect("not poisoned"), std::slice::from_ref(&sick), "{}", told(&output));
    assert!(stage.annotation().is_some_and(|text| text.contains(&format!("\"canary\":\"{sick}\""))), "{:?}", stage.annotation());
    healed(&stage);
}

/// Somebody set a method that finds nothing: the rollout waits for the node without its right address for ever. Its cure does not wait for it.
#[test]
fn a_rollout_that_waits_for_the_sick_node_does_not_block_its_cure() {
    let foo = "interface=foo.*";
    let manifest = Stage::new("bridge-address", 3);
    let operated = Stage::new("operator-bridge-address", 3);
    for (stage, namespace) in [(manifest, "kube-system"), (operated, "calico-system")] {
        let _live = stage.running.live(PACE);
        let store = &stage.running.cluster().store;
        if namespace == "kube-system" {
            let set_env = |set: &mut Value| {
                let env = set["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().expect("variables");
                env.retain(|variable| variable["name"] != "IP_AUTODETECTION_METHOD");
                env.push(serde_json::json!({"name": "IP_AUTODETECTION_METHOD", "value": foo}));
            };
            store.edit("DaemonSet", namespace, "calico-node", set_env).expect("is there");
        } else {
            let patch = |object: &mut Value| {
                object["spec"]["calicoNetwork"]["nodeAddressAutodetectionV4"] = serde_json::json!({"interface": "foo.*"});
            };
            store.edit("Installation", "", "default", patch).expect("is there");
        }
        // The sick pod is replaced first, and never becomes Ready.
        let with_method = || {
            let pods = store.objects("Pod");
            pods.iter().filter(|pod| pod["spec"]["containers"][0]["env"].to_string().contains(foo)).count()
        };
        let begun = std::time::Instant::now();
        while with_method() == 0 {
            assert!(begun.elapsed() < std::time::Duration::from_secs(300), "the controller replaces no pod");
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        let output = stage.kubectl(&["autodetect", "--yes"]);
        println!("{}", told(&output));
        assert_eq!(code(&output), Some(0), "{namespace}: {}", told(&output));
        assert!(err(&output).contains("because calico-node is not Ready on"), "{namespace}: {}", told(&output));
        healed(&stage);
    }
}

#[test]
fn under_the_operator_only_the_installation_is_written() {
    let stage = Stage::new("operator-bridge-address", 3);
    let installation = || stage.running.cluster().store.object("Installation", "", "default").expect("is there");
    let _live = stage.running.live(PACE);
    let looked = stage.kubectl(&["autodetect", "--dry-run=server"]);
    assert_eq!((code(&looked), stage.writes()), (Some(1), vec![]), "{}", told(&looked));
    let lines: Vec<String> = out(&looked).lines().filter(|line| line.starts_with(['+', '-'])).map(str::to_owned).collect();
    insta::assert_snapshot!(lines.join("\n"));

    let output = stage.kubectl(&["autodetect", "--yes"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let written = "PATCH /apis/operator.tigera.io/v1/installations/default";
    assert!(stage.writes().iter().all(|line| line == written), "{:?}", stage.writes());
    assert_eq!(installation()["spec"]["calicoNetwork"]["nodeAddressAutodetectionV4"], serde_json::json!({"kubernetes": "NodeInternalIP"}));
    healed(&stage);
}

#[test]
fn a_healthy_cluster_is_left_alone() {
    for scenario in ["healthy", "operator", "bridge-address-healed"] {
        let stage = Stage::new(scenario, 3);
        let output = stage.kubectl(&["autodetect", "--yes"]);
        assert_eq!((code(&output), stage.writes()), (Some(0), vec![]), "{scenario}: {}", told(&output));
        assert!(!out(&output).contains("+++"), "{scenario}: {}", told(&output));
        let shown = document(&stage.kubectl(&["autodetect", "--yes", "-o", "json"]));
        assert_eq!(shown["change"], Value::Null, "{scenario}");
    }
}

/// What an overlay has of the network rules, so that is what is changed; `default` stays as it is.
#[test]
fn where_an_overlay_rules_it_is_what_is_written() {
    let stage = Stage::new("operator-bridge-address", 3);
    let object = |name: &str| stage.running.cluster().store.object("Installation", "", name).expect("is there");
    let network = serde_json::json!({"nodeAddressAutodetectionV4": {"firstFound": true}});
    let overlay = serde_json::json!({"apiVersion": "operator.tigera.io/v1", "kind": "Installation", "metadata": {"name": "overlay"},
        "spec": {"calicoNetwork": network}});
    stage.running.cluster().store.create(overlay, sim::Writer::new("kubectl")).expect("is created");
    let _live = stage.running.live(PACE);
    let before = object("default")["spec"].clone();
    // What is printed to paste is for the same object, and is the patch that is sent.
    let command = out(&stage.kubectl(&["autodetect", "--emit", "kubectl"]));
    let patch = r#"'{"spec":{"calicoNetwork":{"nodeAddressAutodetectionV4":{"firstFound":null,"kubernetes":"NodeInternalIP"}}}}'"#;
    assert_eq!(command, format!("kubectl patch installation overlay --type merge -p {patch}\n"));
    assert!(out(&stage.kubectl(&["autodetect", "--emit", "installation"])).contains("name: overlay\n"));
    assert_eq!(code(&stage.kubectl(&["autodetect", "--emit", "helm"])), Some(2), "the chart writes the Installation default");
    let status: Value = serde_json::from_slice(&stage.kubectl(&["status", "-o", "json"]).stdout).expect("JSON");
    let by_hand = status["findings"].as_array().into_iter().flatten().filter_map(|finding| finding["fix"]["byHand"]["command"].as_str());
    let by_hand: Vec<&str> = by_hand.filter(|command| command.contains("patch installation")).collect();
    assert!(!by_hand.is_empty() && by_hand.iter().all(|command| command.contains("installation overlay ")), "{by_hand:?}");
    let output = stage.kubectl(&["autodetect", "--yes"]);
    println!("{}", told(&output));
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let written = "PATCH /apis/operator.tigera.io/v1/installations/overlay";
    assert!(stage.writes().iter().all(|line| line == written), "{:?}", stage.writes());
    let method = serde_json::json!({"kubernetes": "NodeInternalIP"});
    assert_eq!(object("overlay")["spec"]["calicoNetwork"]["nodeAddressAutodetectionV4"], method);
    assert_eq!(object("default")["spec"], before);
    healed(&stage);

    let undone = stage.kubectl(&["undo", "--yes"]);
    assert_eq!((code(&undone), &object("overlay")["spec"]["calicoNetwork"]), (Some(0), &network), "{}", told(&undone));
}
