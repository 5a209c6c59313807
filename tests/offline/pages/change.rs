//! The dialog and the closing table of a change, as an operator reads them.

use std::io::Write;

use calico_fix::autodetect::AutodetectOptions;
use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::edit::target::Target;
use calico_fix::finding::Report;
use calico_fix::plan::canary::CanaryChoice;
use calico_fix::plan::node_state::ClusterState;
use calico_fix::plan::{NodeGoal, Plan, Proposal, from_autodetect, from_probes};
use calico_fix::probes::proposal::ProbeOptions;
use calico_fix::render::change;
use calico_fix::render::notice;
use calico_fix::render::style::{Style, Tone};
use calico_fix::reports::autodetect::evaluate;
use calico_fix::reports::probes::probes_report;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::family::Family;
use calico_fix::text;
use serde_json::Value;

use super::widths::{WIDTHS, at, with_long_names};
use super::{cases, spelled};
use crate::build::*;

fn report(snapshot: &Snapshot) -> Report {
    diagnose(snapshot, &Scope { sessions: true, ..Scope::default() })
}

/// What is changed: the DaemonSet, or the Installation under the operator.
fn edited(snapshot: &Snapshot, target: &Target) -> Value {
    let installation = || serde_json::to_value(snapshot.resources.installations.seen()?.first()?).ok();
    let (mut object, version, kind) = match target {
        Target::Installation { .. } => (installation().expect("an Installation"), "operator.tigera.io/v1", "Installation"),
        Target::DaemonSet { .. } => (serde_json::to_value(snapshot.daemon_set.seen()).expect("an object"), "apps/v1", "DaemonSet"),
    };
    (object["apiVersion"], object["kind"]) = (version.into(), kind.into());
    (object["metadata"]["uid"], object["metadata"]["resourceVersion"]) = ("u".into(), "1".into());
    object
}

fn plan(snapshot: &Snapshot, proposal: &Proposal) -> Plan {
    Plan::new(proposal, &edited(snapshot, &proposal.target)).expect("a plan").expect("a change")
}

fn autodetect_plan(snapshot: &Snapshot) -> Plan {
    let choice = evaluate(snapshot, &AutodetectOptions::new(Family::V4)).choice.expect("a choice");
    let chosen = from_autodetect::proposed_method(snapshot, &[choice], &[], &CanaryChoice::Default).expect("a method");
    plan(snapshot, &chosen.proposal)
}

fn probes_plan(snapshot: &Snapshot) -> Plan {
    let options = ProbeOptions { ceiling: Some(1200), ..ProbeOptions::default() };
    let proposal = probes_report(snapshot, &Scope::default(), &options).expect("a report").proposal.expect("a proposal");
    let chosen = from_probes::proposed_probes(snapshot, &proposal, &CanaryChoice::Default).expect("a node").expect("a change");
    plan(snapshot, &chosen.proposal)
}

/// What is shown before the question, and after the verification.
fn page(sick: &Snapshot, healthy: &Snapshot, plan: &Plan, starts: bool, style: &Style) -> String {
    let (before, after) = (report(sick), report(healthy));
    let mut out = Vec::new();
    let state = ClusterState::new(sick);
    change::meaning(plan, &state.moves(&plan.nodes), &before, before.nodes.len(), style, &mut out).expect("writes");
    writeln!(out).expect("writes");
    change::outcome(&before, &after, starts, style, &mut out).expect("writes");
    String::from_utf8(out).expect("text")
}

fn pages(rename: fn(&Snapshot) -> Snapshot, style: &Style) -> Vec<(&'static str, String)> {
    let healthy = rename(&cluster().snapshot());
    let bridge = rename(&cases::bridge().snapshot());
    let slow = rename(&cases::slow("node-3", cluster()).snapshot());
    vec![
        ("autodetect", page(&bridge, &healthy, &autodetect_plan(&bridge), false, style)),
        ("probes", page(&slow, &healthy, &probes_plan(&slow), true, style)),
        ("an undo", page(&healthy, &bridge, &Plan { nodes: Vec::new(), canary: None, ..autodetect_plan(&bridge) }, false, style)),
    ]
}

/// The kinds of cluster that have their own snapshot: under the operator, with thousands of nodes, with two errors.
fn other_clusters(style: &Style) -> Vec<(&'static str, String)> {
    let autodetect = |sick: &Snapshot, healthy: &Snapshot| page(sick, healthy, &autodetect_plan(sick), false, style);
    let (operator, two) = (cases::bridge().operator().snapshot(), cases::two_errors().snapshot());
    vec![
        ("autodetect under the operator", autodetect(&operator, &cluster().operator().snapshot())),
        ("autodetect on one of 5,000 nodes", autodetect(&cases::five_thousand_nodes().snapshot(), &cases::many_nodes().snapshot())),
        ("autodetect with two errors", autodetect(&two, &cases::slow("node-2", cluster()).snapshot())),
        ("probes with two errors", page(&two, &cases::bridge().snapshot(), &probes_plan(&two), true, style)),
    ]
}

fn plain_and_coloured(print: impl Fn(&Style) -> Vec<(&'static str, String)>) -> String {
    let mut all = String::new();
    for ((name, page), (_, painted)) in print(&at(80)).iter().zip(&print(&Style { colour: true, ..at(80) })) {
        assert_eq!(text::clean_lines(painted), *page, "{name}: colour changes nothing but colour");
        assert!(page.lines().all(|line| text::width(line) <= 80), "{name}: {page}");
        all += &format!("== {name}\n{page}\n--- in colour\n{}\n", spelled(painted));
    }
    all
}

#[test]
fn the_dialog_and_the_closing_table_at_80_columns() {
    let all = [Snapshot::clone, with_long_names].map(|rename| plain_and_coloured(|style| pages(rename, style)));
    insta::assert_snapshot!("change", all.concat());
}

#[test]
fn the_dialog_of_other_clusters_at_80_columns() {
    insta::assert_snapshot!("change_of_other_clusters", plain_and_coloured(other_clusters));
}

#[test]
fn every_line_of_a_change_fits() {
    for rename in [Snapshot::clone, with_long_names] {
        let wide = pages(rename, &Style::default());
        for columns in WIDTHS {
            for ((name, page), (_, wide)) in pages(rename, &at(columns)).iter().zip(&wide) {
                let sentence = |line: &str| line.split(' ').any(|word| word.len() > 60);
                for line in page.lines() {
                    assert!(text::width(line) <= columns || sentence(line), "{name} at {columns}: {line}\n{page}");
                }
                assert_eq!(page.split_whitespace().filter(|word| *word == "NODE").count(), wide.matches("NODE ").count(), "{name}: {page}");
            }
        }
    }
}

/// A table is whole, however narrow the terminal is.
#[test]
fn a_node_that_changes_is_named_before_and_after() {
    let narrow = pages(Snapshot::clone, &at(60));
    let (_, page) = &narrow[0];
    assert!(page.contains("172.18.0.1/16") && page.contains("10.0.0.3"), "{page}");
}

#[test]
fn the_lines_of_a_rollout_fit() {
    let lines = [
        "daemonset.apps/calico-node patched: update strategy restored, the other nodes follow".to_owned(),
        "node-3: waiting for 3 BGP sessions (2 established, missing: node-1); 1 more node waiting".to_owned(),
        format!("{}: has 10.0.0.3, 3 BGP sessions up, Ready (2 of 5)", "n".repeat(59)),
    ];
    for (line, columns) in lines.iter().flat_map(|line| WIDTHS.map(|columns| (line, columns))) {
        let mut out = Vec::new();
        notice::write(Tone::Good, line, &at(columns), &mut out).expect("writes");
        let page = String::from_utf8(out).expect("text");
        assert!(page.lines().all(|line| text::width(line) <= columns), "{columns}: {page}");
        assert_eq!(page.split_whitespace().collect::<Vec<_>>(), line.split_whitespace().collect::<Vec<_>>());
    }
}

#[test]
fn goals_of_many_nodes_are_counted() {
    let bridge = cases::bridge().snapshot();
    let plan = autodetect_plan(&bridge);
    let goal = plan.nodes.first().expect("a goal").clone();
    let nodes = (0..30).map(|at| NodeGoal { name: format!("other-{at}"), ..goal.clone() }).collect();
    let page = page(&bridge, &bridge, &Plan { nodes, ..plan }, false, &at(80));
    assert!(page.contains("10 more nodes get another address"), "{page}");
}
