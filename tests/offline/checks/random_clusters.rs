//! Random clusters: a healthy one yields no finding and no proposal, one with a fault yields that finding and no other kind of fix.

use calico_fix::autodetect::AutodetectOptions;
use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::finding::Finding;
use calico_fix::finding::verdict::Verdict;
use calico_fix::reports::autodetect::{State, evaluate};
use calico_fix::snapshot::family::Family;

use super::judge::by_hand;
use super::random::{Cluster, Expected, Fault, healthy};
use super::seeds::{inject_often, wanted};

const CLUSTERS: u64 = 2000;
const UNSEEN: u64 = 150;
/// Of each fault.
const INJECTIONS: u64 = 40;

fn about(cluster: &Cluster, seed: u64) -> String {
    let hosts: Vec<String> = cluster
        .world
        .hosts
        .iter()
        .map(|host| {
            format!("{} {:?} {:?} {:?} {:?} {:?}", host.name, host.internal, host.stored, host.stored6, host.interfaces, host.sessions)
        })
        .collect();
    let container = &cluster.world.daemon_set.spec.template.spec.containers[0];
    let env: Vec<String> = container.env.iter().map(|one| format!("{}={:?}", one.name, one.value)).collect();
    format!("seed {seed}, {:?}\n{}\n{} {}", cluster.layout, hosts.join("\n"), container.image, env.join(" "))
}

#[test]
fn healthy_clusters_have_no_finding_and_no_proposal() {
    for seed in 0..wanted(CLUSTERS) {
        let cluster = healthy(seed);
        let snapshot = cluster.world.snapshot();
        let report = diagnose(&snapshot, &Scope::default());
        assert!(report.findings.is_empty(), "{}\n{:#?}", about(&cluster, seed), report.findings);
        for family in Family::ALL {
            let seen = evaluate(&snapshot, &AutodetectOptions::new(family));
            assert!(seen.choice.is_none() && seen.by_hand.is_none(), "{}\n{:#?}", about(&cluster, seed), seen.recommendation);
            assert_ne!(seen.state(None), State::Wrong, "{}\n{:#?}", about(&cluster, seed), seen.matrix.nodes);
        }
    }
}

/// Nothing is broken, so whatever was not seen no change is proposed.
#[test]
fn healthy_clusters_of_unknown_release_or_hosts_have_no_finding_and_no_proposal() {
    for seed in 0..wanted(UNSEEN) {
        let cluster = healthy(seed);
        let world = cluster.world.clone();
        for world in [world.clone().version("latest"), world.clone().exec_forbidden(), world.version("latest").exec_forbidden()] {
            let snapshot = world.snapshot();
            let report = diagnose(&snapshot, &Scope::default());
            assert!(report.findings.is_empty(), "{}\n{:#?}", about(&cluster, seed), report.findings);
            for family in Family::ALL {
                let seen = evaluate(&snapshot, &AutodetectOptions::new(family));
                assert!(seen.choice.is_none() && seen.by_hand.is_none(), "{}\n{:#?}", about(&cluster, seed), seen.recommendation);
            }
        }
    }
}

fn check(finding: &Finding, expected: &Expected, text: &str) {
    assert!(finding.nodes.contains(&expected.node), "not {}: {text}\n{finding:#?}", expected.node);
    match &finding.fix {
        Some(fix) => assert!(
            expected.fixes.iter().any(|allowed| by_hand(fix).contains(allowed) || fix.command.contains(allowed)),
            "{text}\n{finding:#?}"
        ),
        None => assert!(expected.fixes.is_empty(), "no fix: {text}\n{finding:#?}"),
    }
}

#[test]
fn each_fault_has_its_finding_and_no_other_fix() {
    inject_often(
        &Fault::ADDRESSES,
        |fault| format!("{fault:?}"),
        INJECTIONS,
        |fault, seed| {
            let mut cluster = healthy(seed);
            let Some(expected) = cluster.inject(*fault) else { return false };
            let report = diagnose(&cluster.world.snapshot(), &Scope::default());
            let text = format!("{fault:?} on {}: {}", expected.node, about(&cluster, seed));
            assert_eq!(report.verdict, Verdict::Sick, "{text}");
            let found: Vec<&Finding> = report.findings.iter().filter(|finding| finding.code.name() == expected.code).collect();
            assert!(!found.is_empty(), "no {}: {text}\n{:#?}", expected.code, report.findings);
            found.iter().for_each(|finding| check(finding, &expected, &text));
            for other in report.findings.iter().filter(|finding| finding.code.name() != expected.code) {
                assert!(other.fix.is_none(), "{text}\n{other:#?}");
            }
            true
        },
    );
}
