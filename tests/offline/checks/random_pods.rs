//! Random clusters whose pods or settings are ordinary, or have one fault: no finding and no fix, or that finding and no other kind of fix.

use calico_fix::autodetect::AutodetectOptions;
use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::finding::code::Code;
use calico_fix::finding::verdict::Verdict;
use calico_fix::finding::{Finding, Report};
use calico_fix::observed::Observed;
use calico_fix::probes::proposal::ProbeOptions;
use calico_fix::reports::autodetect::evaluate;
use calico_fix::reports::probes::probes_report;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::family::Family;
use calico_fix::snapshot::objects::*;

use super::build::*;
use super::judge::by_hand;
use super::pod_faults::{FAULTS, network_event, pod_of};
use super::pods::{ended, waiting};
use super::random::{Cluster, Fault, healthy};
use super::seeds::{Random, inject_often, wanted};
use super::settings_faults;

const CLUSTERS: u64 = 300;
/// Of each fault.
const INJECTIONS: u64 = 20;

/// What happens to sound pods: restarts long ago, init containers that succeeded, events of a start that is over, and other pods that waited
/// for that start.
fn live(cluster: &Cluster, random: &mut Random) -> Snapshot {
    let mut world = cluster.world.clone();
    let names: Vec<String> = world.hosts.iter().filter(|host| host.pod).map(|host| host.name.clone()).collect();
    for name in &names {
        world = match random.below(5) {
            0 => world.event(name, "Pulled", "Container image already present on machine", 1, 3595),
            1 => world.event(name, "Unhealthy", BIRD_REFUSES, 1, 3570),
            2 => world.event(name, "FailedPreStopHook", "PreStopHook failed", 1, 3600),
            3 => world.event(name, "Unhealthy", &not_established("10.0.0.250"), 2, 3560),
            _ => world,
        };
    }
    let mut snapshot = world.snapshot();
    if let (Observed::Seen(events), true) = (&mut snapshot.events, random.chance(30)) {
        events.extend(names.iter().map(|name| network_event(name, random.below(4), 9, 3600)));
    }
    for name in &names {
        let pod = pod_of(&mut snapshot, name);
        if random.chance(60) {
            let done = |name: &str| ContainerStatus { name: name.into(), state: ended(0, "Completed"), ..ContainerStatus::default() };
            pod.status.init_container_statuses = ["upgrade-ipam", "install-cni", "mount-bpffs"].map(done).into();
        }
        let status = pod.status.container_statuses.first_mut().expect("a container");
        let last = [(255, "Unknown"), (137, "Error"), (139, "Error"), (1, "Error"), (0, "Completed"), (143, "Error")];
        if random.chance(50) {
            let (code, reason) = random.pick(&last);
            status.restart_count = i32::try_from(1 + random.below(20)).expect("small");
            status.last_state = ended(code, reason);
            let end = status.last_state.terminated.as_mut().expect("an end");
            (end.started_at, end.finished_at) = (ago(500_000), ago(3600));
        }
    }
    snapshot
}

/// The pod of one node is being replaced, as in a rolling restart.
fn replace(snapshot: &mut Snapshot, name: &str, random: &mut Random) {
    let pod = pod_of(snapshot, name);
    let seconds = i64::try_from(random.below(25)).expect("small") + 1;
    pod.metadata.creation_timestamp = ago(seconds + 5);
    pod.status.conditions[0].status = "False".into();
    let status = pod.status.container_statuses.first_mut().expect("a container");
    *status = ContainerStatus { name: CALICO_NODE.into(), ..ContainerStatus::default() };
    status.state = match random.below(3) {
        0 => waiting("PodInitializing", ""),
        1 => waiting("ContainerCreating", ""),
        _ => ContainerState { running: Some(Running { started_at: ago(seconds) }), ..ContainerState::default() },
    };
}

fn proposes_nothing(snapshot: &Snapshot, text: &str) {
    for family in Family::ALL {
        let seen = evaluate(snapshot, &AutodetectOptions::new(family));
        assert!(seen.choice.is_none() && seen.by_hand.is_none(), "{text}\n{:#?}", seen.recommendation);
    }
}

fn budget(snapshot: &Snapshot) -> Option<u32> {
    let report = probes_report(snapshot, &Scope::default(), &ProbeOptions::default()).expect("no options");
    report.proposal.and_then(|proposal| proposal.budget_after_seconds)
}

#[test]
fn ordinary_lives_have_no_finding_and_no_proposal() {
    for seed in 0..wanted(CLUSTERS) {
        let cluster = healthy(seed);
        let mut random = Random::new(seed ^ 0x5eed);
        let mut snapshot = live(&cluster, &mut random);
        let rolling = random.chance(30).then(|| cluster.world.hosts[0].name.clone());
        if let Some(name) = &rolling {
            replace(&mut snapshot, name, &mut random);
        }
        let report = diagnose(&snapshot, &Scope::default());
        let text = format!("seed {seed}, {:?}, replacing {rolling:?}", cluster.layout);
        assert!(report.findings.is_empty(), "{text}\n{:#?}", report.findings);
        let expected = if rolling.is_some() { Verdict::Unknown } else { Verdict::Healthy };
        assert_eq!(report.verdict, expected, "{text}\n{:#?}", report.unseen);
        proposes_nothing(&snapshot, &text);
        assert_eq!(budget(&snapshot), None, "{text}");
    }
}

/// `node` is `None` where the finding is of the whole cluster.
fn only_allowed(report: &Report, node: Option<&str>, code: &str, fixes: &[&str], text: &str) {
    let found: Vec<_> = report.findings.iter().filter(|finding| finding.code.name() == code).collect();
    let named = |finding: &&Finding| node.is_none_or(|node| finding.nodes.iter().any(|name| name == node));
    assert!(found.iter().any(named), "no {code} on {node:?}: {text}\n{:#?}", report.findings);
    assert_eq!(report.verdict, Verdict::Sick, "{text}");
    for finding in &report.findings {
        let consequence = finding.code.name().starts_with("bgp-session") && finding.code.name() != code;
        assert!(!consequence, "a consequence is told as a fault of its own: {text}\n{finding:#?}");
        let Some(fix) = &finding.fix else { continue };
        let allowed = finding.code.name() == code && fixes.iter().any(|part| by_hand(fix).contains(part) || fix.command.contains(part));
        assert!(allowed, "{text}\n{finding:#?}");
    }
}

/// Its place and its name.
fn a_linux_host(cluster: &Cluster, random: &mut Random) -> (usize, String) {
    let linux: Vec<usize> = (0..cluster.world.hosts.len()).filter(|at| cluster.world.hosts[*at].pod).collect();
    let at = random.pick(&linux);
    (at, cluster.world.hosts[at].name.clone())
}

fn told(fault: &str, node: &str, seed: u64, cluster: &Cluster) -> String {
    format!("{fault} on {node}, seed {seed}, {:?}, {} nodes", cluster.layout, cluster.world.hosts.len())
}

#[test]
fn each_fault_of_a_pod_has_its_finding_and_no_other_fix() {
    inject_often(
        &FAULTS,
        |fault| fault.name.to_owned(),
        INJECTIONS,
        |fault, seed| {
            let cluster = healthy(seed);
            let mut random = Random::new(seed ^ 0xfa17);
            let (at, node) = a_linux_host(&cluster, &mut random);
            let Some(world) = fault.on(&cluster, at, &mut random) else { return false };
            let mut snapshot = world.snapshot();
            fault.edit(&mut snapshot, &node, &mut random);
            let report = diagnose(&snapshot, &Scope::default());
            let text = told(fault.name, &node, seed, &cluster);
            only_allowed(&report, Some(&node), fault.code, fault.fixes, &text);
            proposes_nothing(&snapshot, &text);
            let more_time = fault.fixes.contains(&"kubectl calico-fix probes");
            assert!(more_time || budget(&snapshot).is_none(), "more time is proposed: {text}");
            true
        },
    );
}

#[test]
fn each_fault_of_settings_has_its_finding_and_no_other_fix() {
    inject_often(
        &settings_faults::FAULTS,
        |fault| fault.name.to_owned(),
        INJECTIONS,
        |fault, seed| {
            let cluster = healthy(seed);
            let mut random = Random::new(seed ^ 0x5e77);
            let (at, node) = a_linux_host(&cluster, &mut random);
            let Some(snapshot) = (fault.inject)(&cluster, at, &mut random) else { return false };
            let report = diagnose(&snapshot, &Scope::default());
            let text = told(fault.name, &node, seed, &cluster);
            only_allowed(&report, fault.names_node.then_some(&*node), fault.code, fault.fixes, &text);
            let operator = cluster.world.installation.is_some();
            let edits = |finding: &&Finding| finding.fix.as_ref().is_some_and(|fix| by_hand(fix).contains("daemonset"));
            let edited = report.findings.iter().find(|finding| operator && edits(finding) && finding.code.name() != "rollout-unfinished");
            assert!(edited.is_none(), "the operator's DaemonSet is edited: {text}\n{edited:#?}");
            true
        },
    );
}

/// A new finding has a row in one of the tables of faults.
#[test]
fn every_finding_has_a_fault_that_is_injected() {
    let first = |fault: Fault| (0..).find_map(|seed| healthy(seed).inject(fault)).expect("some cluster can have it").code;
    let addresses = Fault::ADDRESSES.into_iter().map(first);
    let codes: Vec<&str> =
        addresses.chain(FAULTS.iter().map(|fault| fault.code)).chain(settings_faults::FAULTS.iter().map(|fault| fault.code)).collect();
    let missing: Vec<&Code> = Code::ALL.iter().filter(|code| !codes.contains(&code.name())).collect();
    assert!(missing.is_empty(), "no fault is injected for {missing:?}");
}
