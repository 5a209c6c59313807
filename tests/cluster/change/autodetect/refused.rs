//! What would make a cluster sick, and what was typed wrong.

use super::*;

#[test]
fn a_method_that_fits_no_node_is_refused_before_anything_is_touched() {
    for scenario in ["bridge-address", "healthy"] {
        let stage = Stage::new(scenario, 3);
        let before = stage.daemon_set();
        let path = stage.folder.path().join("plan.yaml");
        for more in [&["--yes"][..], &["--out", path.to_str().expect("text")], &["--yes", "-o", "json"]] {
            let output = stage.kubectl(&[&["autodetect", "--method", "interface=foo.*"], more].concat());
            assert_eq!(code(&output), Some(1), "{scenario} {more:?}: {}", told(&output));
            assert!(err(&output).contains("blocked (method-finds-nothing)"), "{}", err(&output));
            assert!(err(&output).contains("nothing was changed") && err(&output).contains("--force"), "{}", err(&output));
            assert_eq!((stage.daemon_set(), stage.writes()), (before.clone(), vec![]));
            assert!(!path.exists(), "a plan that must not be made is not saved");
        }
        let shown = document(&stage.kubectl(&["autodetect", "--method", "interface=foo.*", "--yes", "-o", "json"]));
        let blockers = shown["change"]["blockers"].to_string();
        assert!(shown["change"]["applied"] == false && blockers.contains("method-finds-nothing"), "{shown:#}");
    }
}

/// A method that finds nothing leaves each node what it has: a right address here, a bridge's there.
#[test]
fn a_method_that_finds_nothing_is_told_for_each_node() {
    let stage = Stage::new("bridge-address", 3);
    let output = stage.kubectl(&["autodetect", "--method", "interface=foo.*", "--yes"]);
    assert_eq!((code(&output), stage.writes()), (Some(1), vec![]), "{}", told(&output));
    let text = err(&output);
    let blocked: Vec<&str> = text.lines().filter(|line| line.contains("method-finds-nothing")).collect();
    assert_eq!(blocked.len(), 2, "nodes with the same reason share a line: {}", told(&output));
    for (node, stored) in stage.addresses() {
        let about: Vec<&&str> = blocked.iter().filter(|line| line.contains(&node)).collect();
        let [line] = about[..] else { panic!("{node} is named once: {}", told(&output)) };
        let (word, other) = if stored.starts_with("172.") { ("wrong", "right") } else { ("right", "wrong") };
        assert!(line.contains(&format!("is {word}")) && !line.contains(&format!("is {other}")), "{node}: {line}");
        assert_eq!(line.contains("each keeps its address"), word == "right", "{node}: {line}");
        assert_eq!(line.contains("172.18.0.1"), word == "wrong", "{node}: {line}");
    }
}

/// Every node keeps the address that it has stored, so nothing is verified and all is rolled back.
#[test]
fn force_names_what_it_overrides() {
    let stage = Stage::new("bridge-address", 3);
    let before = stage.daemon_set();
    let _live = stage.running.live(PACE);
    let output = stage.kubectl(&["autodetect", "--method", "interface=foo.*", "--yes", "--force", "--timeout", "20s"]);
    assert!(err(&output).contains("overridden (method-finds-nothing)"), "{}", told(&output));
    assert_eq!(code(&output), Some(4), "{}", told(&output));
    assert_eq!((&stage.daemon_set()["spec"], stage.annotation()), (&before["spec"], None));
}

#[test]
fn what_is_typed_wrong_is_said_with_what_to_type() {
    let stage = Stage::new("bridge-address", 3);
    for (arguments, says) in [
        (&["--method", "eth1"][..], "interface=eth1"),
        (&["--method", "interface="], "interface=^eth0$"),
        (&["--method", "interface=[eth"], "not a valid regular expression"),
        (&["--method", "cidr=10.12.33.0"], "cidr=10.12.33.0/24"),
        (&["--method", "interface=eth.*", "--method", "nonsense"], "not a valid method"),
        (&["--node", "no-such-node"], "node \"no-such-node\" not found"),
        (&["--emit", "nonsense"], "kubespray"),
        (&["--emit", "kubectl", "--method", "eth1"], "--yes has no effect with --emit"),
        (&["--emit", "kubectl", "--out", "x.yaml"], "cannot be used with"),
        (&["--timeout", "0s"], "a time with its unit"),
        (&["--dry-run=maybe"], "server"),
    ] {
        let output = stage.kubectl(&[&["autodetect", "--yes"], arguments].concat());
        assert_eq!(code(&output), Some(2), "{arguments:?} {}", told(&output));
        assert!(err(&output).contains(says), "{arguments:?} {}", err(&output));
    }
    assert_eq!(stage.writes(), Vec::<String>::new());
}

#[test]
fn where_nothing_is_detected_the_real_knob_is_named() {
    let policy_only = || {
        let world = scenario::named("healthy", 3).expect("is a scenario");
        let off = |object: &mut Value| {
            let env = object.pointer_mut("/spec/template/spec/containers/0/env").and_then(Value::as_array_mut).expect("a list");
            for (name, value) in [("CALICO_NETWORKING_BACKEND", "none"), ("IP", "")] {
                env.retain(|one| one["name"] != name);
                env.push(serde_json::json!({"name": name, "value": value}));
            }
        };
        world.store.bend("DaemonSet", "calico-node", off);
        world
    };
    for (world, says) in [
        (scenario::named("canal", 3).expect("is a scenario"), "canal_iface"),
        (policy_only(), "another network plugin gives the nodes their addresses"),
    ] {
        // Releases before 3.26.2 detect whatever the backend is.
        for name in ["canal", "calico-node"] {
            world.store.bend("DaemonSet", name, |set| {
                set["spec"]["template"]["spec"]["containers"][0]["image"] = "docker.io/calico/node:v3.27.0".into();
            });
        }
        let stage = Stage::bent(world);
        for more in [&["--yes"][..], &["--dry-run=server"], &["--emit", "kubectl"], &["-o", "json"]] {
            let output = stage.kubectl(&[&["autodetect", "--method", "interface=eth.*"], more].concat());
            assert_eq!(code(&output), Some(1), "{more:?}: {}", told(&output));
            assert!(err(&output).contains(says), "{more:?}: {}", told(&output));
        }
        // Only to look is no mistake, and there is nothing to recommend.
        let shown = document(&stage.kubectl(&["autodetect", "-o", "json"]));
        assert_eq!((&shown["recommendation"]["method"], &shown["change"]), (&Value::Null, &Value::Null), "{shown:#}");
        let looked = stage.kubectl(&["autodetect"]);
        assert_eq!((code(&looked), stage.writes()), (Some(0), vec![]), "{}", told(&looked));
    }
}

/// VXLAN has no BIRD and yet takes its tunnel's ends from the detected addresses: the knob is the same one.
#[test]
fn vxlan_is_changed_as_any_other() {
    let stage = Stage::new("vxlan", 3);
    let _live = stage.running.live(PACE);
    let output = stage.kubectl(&["autodetect", "--method", "interface=eth.*", "--yes"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    assert_eq!(variable(&stage.daemon_set(), METHOD).as_deref(), Some("interface=eth.*"));
    every_address_is_the_nodes(&stage);
}
