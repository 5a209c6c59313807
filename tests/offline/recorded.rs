//! Every recorded case of a real cluster, judged from its files alone.

use std::path::PathBuf;

use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::finding::code::Code::{self, *};
use calico_fix::finding::verdict::Verdict;
use calico_fix::finding::{Report, Severity};

const RECORDINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/real");

type Expected = (&'static str, &'static [(Code, Severity, &'static [&'static str])]);

const ERROR: Severity = Severity::Error;
const WARNING: Severity = Severity::Warning;

/// Findings in order. Where a rollout had been stopped half-way for the recording, that is seen too.
const CASES: &[Expected] = &[
    ("v3.24.5/healthy", &[]),
    ("v3.24.5/incident1-90s", &[(AddressOnVirtualInterface, ERROR, &["node-3"])]),
    // Somebody had raised the level by hand, and left the strategy OnDelete.
    (
        "v3.24.5/incident1-debug",
        &[(AddressOnVirtualInterface, ERROR, &["node-3"]), (DebugLeftOn, WARNING, &[]), (RolloutUnfinished, WARNING, &[])],
    ),
    // The cluster had 1,000 stand-in nodes whose addresses nobody has; its list of nodes is cut.
    (
        "v3.24.5/incident2-info",
        &[(KilledWhileStarting, ERROR, &["node-2"]), (BgpSessionDown, ERROR, &["node-1"]), (RolloutUnfinished, WARNING, &[])],
    ),
    (
        "v3.24.5/incident2-debug",
        &[(KilledWhileStarting, ERROR, &["node-2"]), (DebugLeftOn, WARNING, &[]), (RolloutUnfinished, WARNING, &[])],
    ),
    ("v3.24.5/incident2-fixed", &[(RolloutUnfinished, WARNING, &[])]),
    ("v3.24.5/conflict-two-bridges", &[(AddressConflict, ERROR, &["node-2", "node-3"])]),
    ("v3.24.5/method-can-reach", &[]),
    ("v3.24.5/method-kubernetes-internal-ip", &[]),
    (
        "v3.24.5/method-no-match",
        &[(AddressOnVirtualInterface, ERROR, &["node-3"]), (MethodIneffective, ERROR, &["node-3"]), (RolloutUnfinished, WARNING, &[])],
    ),
    (
        "v3.24.5/method-invalid-word",
        &[(AddressOnVirtualInterface, ERROR, &["node-3"]), (MethodInvalid, ERROR, &["node-3"]), (RolloutUnfinished, WARNING, &[])],
    ),
    ("master/healthy", &[]),
    ("master/docker-bridge-not-chosen", &[]),
    ("master/incident1-lxdbr0", &[(AddressOnVirtualInterface, ERROR, &["node-3"])]),
    ("master/api-unreachable-from-node-2", &[(DatastoreUnreachable, ERROR, &["node-2"])]),
    ("operator-v1.28.5/h-incident1/fault", &[(AddressOnVirtualInterface, ERROR, &["node-3"])]),
    ("operator-v1.28.5/h-incident1/healed", &[]),
];

fn judge(case: &str) -> Report {
    let folder = PathBuf::from(RECORDINGS).join(case);
    let snapshot = calico_fix::import::load(&[folder], &mut std::io::empty()).expect("loads");
    diagnose(&snapshot, &Scope::default())
}

#[test]
fn each_case_is_judged_right() {
    for (case, expected) in CASES {
        let report = judge(case);
        let found: Vec<_> = report.findings.iter().map(|finding| (finding.code, finding.severity, finding.nodes.clone())).collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(code, severity, nodes)| (*code, *severity, nodes.iter().map(|node| (*node).to_owned()).collect()))
            .collect();
        assert_eq!(found, expected, "{case}: {:#?}", report.findings);
    }
}

#[test]
fn healthy_is_said_only_where_every_node_was_seen() {
    for (case, verdict) in [
        ("v3.24.5/healthy", Verdict::Healthy),
        ("master/healthy", Verdict::Healthy),
        ("operator-v1.28.5/h-incident1/healed", Verdict::Healthy),
        // BIRD's answers of one node are not among the files.
        ("v3.24.5/method-can-reach", Verdict::Unknown),
        ("master/docker-bridge-not-chosen", Verdict::Unknown),
    ] {
        assert_eq!(judge(case).verdict, verdict, "{case}");
    }
}

#[test]
fn a_larger_budget_is_proposed_for_a_slow_start_alone() {
    for (case, _) in CASES {
        let proposes = judge(case)
            .findings
            .iter()
            .filter_map(|finding| finding.fix.as_ref())
            .any(|fix| fix.by_hand.as_ref().is_some_and(|by_hand| by_hand.command.contains("startupProbe")));
        assert_eq!(proposes, matches!(*case, "v3.24.5/incident2-info" | "v3.24.5/incident2-debug"), "{case}");
    }
}
