//! What people and programs read, from reports made by hand.

mod samples;

use calico_fix::finding::Report;
use calico_fix::render::data;
use calico_fix::render::status::{self, Shown};
use calico_fix::render::style::Style;

fn print(report: &Report, shown: Shown) -> String {
    print_with(report, shown, &Style::default())
}

fn print_with(report: &Report, shown: Shown, style: &Style) -> String {
    let mut out = Vec::new();
    status::write(report, shown, style, &mut out).expect("writes");
    String::from_utf8(out).expect("text")
}

const SHORT: Shown = Shown { wide: false, all: false, peers: false, rows_only: false };

#[test]
fn healthy() {
    insta::assert_snapshot!(print(&samples::healthy(4), SHORT));
}

#[test]
fn bridge_address_on_one_of_53_nodes() {
    insta::assert_snapshot!(print(&samples::bridge_address(53), SHORT));
}

#[test]
fn slow_start() {
    insta::assert_snapshot!(print(&samples::slow_start(), SHORT));
}

#[test]
fn hundreds_of_nodes() {
    insta::assert_snapshot!(print(&samples::hundreds(), SHORT));
}

#[test]
fn five_thousand_nodes() {
    let page = |width| print_with(&samples::bridge_address(5_000), SHORT, &Style { width, ..Style::default() });
    assert!(page(Some(80)).lines().count() < 40, "{}", page(Some(80)));
    insta::assert_snapshot!(page(Some(80)));
}

#[test]
fn unseen() {
    insta::assert_snapshot!(print(&samples::unseen(6), SHORT));
}

#[test]
fn wide_with_peers() {
    insta::assert_snapshot!(print(&samples::slow_start(), Shown { wide: true, peers: true, ..SHORT }));
}

#[test]
fn dual_stack() {
    insta::assert_snapshot!(print(&samples::dual_stack(), SHORT));
}

#[test]
fn vxlan_has_no_bgp() {
    insta::assert_snapshot!(print(&samples::vxlan(), SHORT));
}

#[test]
fn in_a_terminal() {
    insta::assert_snapshot!(print_with(&samples::bridge_address(53), SHORT, &Style { colour: true, width: Some(80), ..Style::default() }));
}

#[test]
fn hostile() {
    let shown = print(&samples::hostile(), SHORT);
    insta::assert_snapshot!(shown.replace(&"x".repeat(200), "(200 x)").replace(&"word ".repeat(100), "(100 words) "));
}

#[test]
fn nothing_hostile_reaches_the_terminal() {
    for shown in [SHORT, Shown { wide: true, all: true, peers: true, rows_only: false }] {
        let page = print(&samples::hostile(), shown);
        assert!(!page.chars().any(|c| c != '\n' && calico_fix::text::is_unsafe(c)), "{page:?}");
        assert!(page.len() < 40_000, "{}", page.len());
    }
}

#[test]
fn rows_only_lists_every_node_and_nothing_else() {
    let rows = print(&samples::bridge_address(53), Shown { rows_only: true, ..SHORT });
    assert_eq!(rows.lines().count(), 53);
    assert!(rows.starts_with("node-01 "));
}

#[test]
fn all_lists_every_node_and_all_evidence() {
    let page = print(&samples::bridge_address(53), Shown { all: true, ..SHORT });
    assert_eq!(page.matches("Mesh_172_18_0_1").count(), 52);
    assert!(!page.contains("more like it") && !page.contains("--all"));
}

#[test]
fn a_single_healthy_node_is_counted_in_the_singular() {
    let mut report = samples::hundreds();
    for row in report.nodes.iter_mut().skip(1) {
        row.ready = Some(false);
    }
    assert!(print(&report, SHORT).contains("1 more node is healthy ("));
}

#[test]
fn json_and_yaml_are_the_report() {
    for report in samples::all() {
        let (mut json, mut yaml) = (Vec::new(), Vec::new());
        data::json(&report, &mut json).expect("writes");
        data::yaml(&report, &mut yaml).expect("writes");
        assert_eq!(serde_json::from_slice::<Report>(&json).expect("JSON"), report);
        assert_eq!(serde_yaml::from_slice::<Report>(&yaml).expect("YAML"), report);
        for page in [json, yaml] {
            let page = String::from_utf8(page).expect("text");
            assert!(!page.chars().any(|c| c != '\n' && calico_fix::text::is_unsafe(c)), "{page:?}");
        }
    }
}

#[test]
fn yaml_of_a_report() {
    let mut yaml = Vec::new();
    data::yaml(&samples::slow_start(), &mut yaml).expect("writes");
    insta::assert_snapshot!(String::from_utf8(yaml).expect("text"));
}

#[test]
fn names_once_each() {
    let mut out = Vec::new();
    data::names(&samples::bridge_address(53), &mut out).expect("writes");
    assert_eq!(String::from_utf8(out).expect("text"), "node/node-17\n");
}
