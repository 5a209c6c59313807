//! Recorded clusters: what is proposed, and that what happened had been foreseen.

use std::path::PathBuf;

use super::*;

const RECORDINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/real");

fn recorded(case: &str, methods: &[&str]) -> Judged {
    let folder = PathBuf::from(RECORDINGS).join(case);
    let snapshot = calico_fix::import::load(&[folder], &mut std::io::empty()).expect("loads");
    judge(&snapshot, &ask(methods))
}

#[test]
fn the_seed_incident() {
    for case in ["v3.24.5/incident1-90s", "v3.24.5/incident1-debug", "operator-v1.28.5/h-incident1/fault"] {
        let judged = recorded(case, &["interface=eth.*", "interface=foo.*", "eth0"]);
        assert_eq!(judged.stored(), "right right wrong", "{case}");
        assert_eq!(judged.verdicts("first-found"), "right right wrong", "{case}");
        assert_eq!(judged.recommended(), Some("kubernetes-internal-ip"), "{case}");
        // Unanchored, it finds a pod's veth too.
        let eth = if case.starts_with("operator") { "right wrong right" } else { "right right right" };
        assert_eq!(judged.verdicts("interface=eth.*"), eth, "{case}");
        assert_eq!(judged.verdicts("interface=^eth0$"), "right right right", "{case}");
        // The non-cures, as they turned out.
        assert_eq!(judged.verdicts("interface=foo.*"), "unchanged unchanged unchanged", "{case}");
        assert!(judged.reason("interface=foo.*", 3).contains("keeps 172.18.0.1/16, which is wrong"), "{case}");
        assert_eq!(judged.verdicts("eth0"), "exits exits exits", "{case}");
    }
    let judged = recorded("master/incident1-lxdbr0", &[]);
    assert_eq!(judged.stored(), "right right wrong");
    assert_eq!(judged.recommended(), Some("kubernetes-internal-ip"));
}

#[test]
fn the_cures_and_the_non_cures() {
    for (case, method, cells) in [
        ("v3.24.5/method-no-match", "interface=foo.*", &[(1, "unchanged"), (3, "unchanged")][..]),
        ("v3.24.5/method-invalid-word", "eth0", &[(1, "exits"), (2, "exits"), (3, "exits")]),
        ("v3.24.5/method-kubernetes-internal-ip", "kubernetes-internal-ip", &[(1, "right"), (3, "right")]),
    ] {
        let judged = recorded(case, &[]);
        for (node, expected) in cells {
            let cell = &judged.matrix.column(method).expect("the current column").cells[node - 1];
            assert_eq!(word(cell.verdict), *expected, "{case} node-{node}: {cell:?}");
        }
    }
    let judged = recorded("v3.24.5/method-can-reach", &[]);
    // The files have no routes; that every node stores its own address is proof enough.
    assert_eq!(judged.stored(), "right right right");
}

#[test]
fn two_nodes_with_one_bridge() {
    let judged = recorded("v3.24.5/conflict-two-bridges", &[]);
    assert_eq!(judged.verdicts("first-found"), "right wrong wrong");
    assert!(judged.reason("first-found", 2).contains("node-3 has 172.18.0.1 too"), "{}", judged.reason("first-found", 2));
    assert_eq!(judged.recommended(), Some("kubernetes-internal-ip"));
}

#[test]
fn healthy_ones_keep_what_they_have() {
    for case in ["v3.24.5/healthy", "master/healthy", "operator-v1.28.5/h-incident1/healed"] {
        let judged = recorded(case, &[]);
        assert_eq!(judged.stored(), "right right right", "{case}");
        assert!(judged.recommendation.keep, "{case} {:?}", judged.recommendation);
    }
}
