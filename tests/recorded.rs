//! Every recorded case of a real cluster, judged from its files alone.

use std::path::{Path, PathBuf};

use calico_fix::diagnosis::report::Report;
use calico_fix::diagnosis::{Scope, diagnose};

fn judge(case: &str) -> Option<Report> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/recordings/real")).join(case);
    if !folder.exists() {
        return None;
    }
    Some(diagnose(&load(&folder), &Scope::default()))
}

fn load(folder: &Path) -> calico_fix::snapshot::Snapshot {
    calico_fix::import::load(&[folder.to_owned()], &mut std::io::empty()).expect("loads")
}

#[test]
fn show() {
    for case in [
        "v3.24.5/healthy",
        "v3.24.5/incident1-90s",
        "v3.24.5/incident1-debug",
        "v3.24.5/incident2-info",
        "v3.24.5/incident2-debug",
        "v3.24.5/incident2-fixed",
        "v3.24.5/conflict-two-bridges",
        "v3.24.5/method-can-reach",
        "v3.24.5/method-kubernetes-internal-ip",
        "v3.24.5/method-no-match",
        "v3.24.5/method-invalid-word",
        "master/healthy",
        "master/docker-bridge-not-chosen",
        "master/incident1-lxdbr0",
        "master/api-unreachable-from-node-2",
        "operator-v1.28.5/h-incident1/fault",
        "operator-v1.28.5/h-incident1/healed",
    ] {
        let Some(report) = judge(case) else {
            println!("skipped: no recordings here");
            return;
        };
        println!("=== {case}: {:?} {:?}", report.verdict, report.cluster);
        for node in &report.nodes {
            println!(
                "  {} ready={:?} {:?} {:?} {:?} r={:?} {:?}/{:?} {:?}",
                node.name,
                node.ready,
                node.address,
                node.interface,
                node.bgp4,
                node.restarts,
                node.start,
                node.start_budget_seconds,
                node.findings
            );
        }
        for f in &report.findings {
            println!("  {:?} {} {:?}: {}", f.severity, f.code, f.nodes, f.message);
            for e in &f.evidence {
                println!("      {:?} {:?} {}", e.source, e.node, e.text);
            }
            println!("      fix {:?}", f.fix);
        }
        for u in &report.unseen {
            println!("  unseen {:?}", u);
        }
    }
}
