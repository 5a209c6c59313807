//! Tables, and one shape for JSON and YAML.

use calico_fix::autodetect::AutodetectOptions;
use calico_fix::calico::version::Version;
use calico_fix::render::matrix::{Shown, write};
use calico_fix::render::style::Style;
use calico_fix::reports::autodetect::evaluate;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::family::Family;

use super::build::*;
use super::*;

fn print(snapshot: &Snapshot, ask: &AutodetectOptions, shown: Shown, style: &Style) -> String {
    let mut out = Vec::new();
    write(&evaluate(snapshot, ask), None, shown, style, &mut out).expect("writes");
    text(&out)
}

fn plain(world: &World, methods: &[&str]) -> String {
    let ask =
        AutodetectOptions { methods: methods.iter().map(|&method| method.to_owned()).collect(), ..AutodetectOptions::new(Family::V4) };
    print(&world.snapshot(), &ask, Shown::default(), &Style::default())
}

fn bridge() -> World {
    cluster().interface("node-3", BRIDGE, "172.18.0.1/16").stored("node-3", "172.18.0.1/16").not_ready("node-3")
}

#[test]
fn healthy() {
    insta::assert_snapshot!(plain(&cluster(), &[]));
}

#[test]
fn a_bridge_on_one_node() {
    insta::assert_snapshot!(plain(&bridge(), &[]));
}

#[test]
fn a_method_that_fits_no_node_is_shown_and_not_proposed() {
    insta::assert_snapshot!(plain(&bridge().stored("node-2", ""), &["interface=foo.*"]));
}

#[test]
fn wide() {
    let shown = Shown { wide: true, ..Shown::default() };
    insta::assert_snapshot!(print(&bridge().snapshot(), &AutodetectOptions::new(Family::V4), shown, &Style::default()));
}

#[test]
fn in_a_narrow_terminal() {
    let style = Style { colour: true, width: Some(80), ..Style::default() };
    insta::assert_snapshot!(print(&bridge().snapshot(), &AutodetectOptions::new(Family::V4), Shown::default(), &style));
}

#[test]
fn hundreds_of_nodes() {
    let addresses: Vec<String> = (1..=300).map(|number| format!("10.0.{}.{}/16", number / 250, number % 250 + 1)).collect();
    let world = nodes(&addresses.iter().map(String::as_str).collect::<Vec<_>>());
    let world = world.interface("node-77", BRIDGE, "172.18.0.1/16").stored("node-77", "172.18.0.1/16");
    insta::assert_snapshot!(plain(&world.interface("node-78", BRIDGE, "172.18.0.1/16"), &[]));
}

#[test]
fn no_method_is_right_everywhere() {
    let mut world = cluster();
    for number in 1..=3 {
        let host = &mut world.hosts[number - 1];
        host.internal = vec!["10.0.2.15".into()];
        host.stored = Some("10.0.2.15/24".into());
        host.interfaces =
            vec![("eth1".into(), None, vec![format!("192.168.56.1{number}/24")]), ("eth0".into(), None, vec!["10.0.2.15/24".into()])];
    }
    world.hosts[2].interfaces.remove(0);
    insta::assert_snapshot!(plain(&world.all_not_ready(), &["cidr=192.168.56.0/24"]));
}

#[test]
fn an_upgrade_and_an_older_release() {
    let to = |release: &str| {
        let ask = AutodetectOptions { version: Version::parse(release), ..AutodetectOptions::new(Family::V4) };
        print(&bridge().snapshot(), &ask, Shown::default(), &Style::default())
    };
    insta::assert_snapshot!(format!("{}\n----------\n\n{}", to("v3.31.0"), to("v3.15.5")));
}

#[test]
fn without_exec() {
    insta::assert_snapshot!(plain(&bridge().exec_forbidden().version("v3.21.5"), &[]));
}

#[test]
fn where_calico_configures_no_address() {
    insta::assert_snapshot!(plain(&cluster().version("v3.27.0").without_bgp("none"), &[]));
}

/// Names and values from a cluster neither move a terminal nor break a line.
#[test]
fn hostile_names() {
    let mut world = bridge();
    world.hosts[2].interfaces[2].0 = "br\u{1b}[2J\n-x".into();
    world.hosts[1].name = "no\u{1b}]0;x\u{7}de\u{202e}-2".into();
    let printed = plain(&world.env("IP_AUTODETECTION_METHOD", "interface=\u{1b}[31mx"), &["interface=b.*"]);
    assert!(!printed.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{printed:?}");
}

#[test]
fn the_same_in_json_and_yaml_and_the_same_exit_code_in_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = saved(folder.path(), &bridge().snapshot());
    for format in ["table", "wide", "json", "yaml"] {
        assert_eq!(on(&path, &["-o", format]).status.code(), Some(1), "{format}");
    }
    let json: serde_json::Value = serde_json::from_slice(&on(&path, &["-o", "json"]).stdout).expect("JSON");
    let yaml: serde_json::Value = serde_yaml::from_str(&text(&on(&path, &["-o", "yaml"]).stdout)).expect("YAML");
    assert_eq!(json, yaml);
    let cell = json["matrix"].as_array().expect("cells").iter().find(|cell| cell["node"] == "node-3" && cell["current"] == true);
    let mut cell = cell.expect("node-3's current cell").clone();
    cell["reason"].take();
    let expected = serde_json::json!({
        "node": "node-3", "family": 4, "method": "first-found", "current": true, "outcome": "address", "interface": BRIDGE,
        "address": "172.18.0.1/16", "verdict": "wrong", "reason": null, "willStore": "172.18.0.1/16",
    });
    assert_eq!(cell, expected);
    assert_eq!(json["recommendation"]["method"], "kubernetes-internal-ip");
    assert_eq!(json["recommendation"]["keep"], false);
}

#[test]
fn rows_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = saved(folder.path(), &bridge().snapshot());
    let rows = text(&on(&path, &["--no-headers", "--node", "node-3"]).stdout);
    assert!(rows.lines().count() == 1 && rows.starts_with("node-3   10.0.0.3   172.18.0.1 WRONG   "), "{rows}");
}

#[test]
fn what_the_exit_code_says() {
    let code = |world: World, arguments: &[&str]| {
        let folder = tempfile::tempdir().expect("a folder");
        on(&saved(folder.path(), &world.snapshot()), arguments).status.code()
    };
    assert_eq!(code(cluster(), &[]), Some(0));
    assert_eq!(code(bridge(), &[]), Some(1));
    // Judged with all nodes in view, counted of those that were asked for.
    assert_eq!(code(bridge(), &["--node", "node-1,node-2"]), Some(0));
    assert_eq!(code(cluster(), &["--method", "interface=foo.*"]), Some(0));
    assert_eq!(code(cluster().exec_forbidden(), &["--calico-version", "v3.31.0"]), Some(3));
    assert_eq!(code(cluster().without_bgp("none"), &[]), Some(0));
    assert_eq!(code(cluster(), &["--ipv6"]), Some(0));
}
