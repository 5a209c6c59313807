//! What must hold whatever a snapshot says, or does not say.

use std::collections::BTreeSet;

use calico_fix::autodetect::AutodetectOptions;
use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::finding::Report;
use calico_fix::finding::verdict::Verdict;
use calico_fix::probes::proposal::ProbeOptions;
use calico_fix::render;
use calico_fix::render::probes::Shown;
use calico_fix::render::style::Style;
use calico_fix::reports::autodetect::evaluate;
use calico_fix::reports::probes::probes_report;
use calico_fix::reports::startup_log::explain_logs;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::family::Family;
use calico_fix::startup::saved_logs::saved_logs;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::build::*;
use super::judge::sound;
use super::random::{Fault, healthy};
use super::seeds::Random;
use super::{page, pod_faults, settings_faults};

fn sick() -> Vec<World> {
    let conflict = include_str!("../../fixtures/logs/address-conflict.txt");
    let killed = include_str!("../../fixtures/logs/killed-at-debug.timestamps.txt");
    vec![
        page::bridge(),
        cluster()
            .stored("node-2", "")
            .crash_loop("node-2", 8)
            .previous("node-2", conflict)
            .stored("node-3", "172.18.0.1/16")
            .not_ready("node-3"),
        cluster().no_bird("node-2").not_ready("node-2").restarted("node-2", 3, 137, 70, 40).killed("node-2", 3).log("node-2", killed),
        cluster()
            .bird("node-1", "10.0.0.2 Passive | 10.0.0.3 Established")
            .bird("node-2", "10.0.0.1 Active Socket: Connection refused | 10.0.0.3 Established"),
        cluster().revision("node-1", "two").set(|set| set.status.updated_number_scheduled = 1).env("IP_AUTODETECTION_METHOD", "eth0"),
    ]
}

/// Every place in a tree, as JSON pointers.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => return,
    };
    for (key, child) in children {
        let place = format!("{at}/{key}");
        places(child, &place, all);
        all.push(place);
    }
}

fn hostile() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!({})),
        Just(json!([])),
        Just(json!({"forbidden": "cannot\nlist"})),
        any::<i32>().prop_map(|number| json!(number)),
        "\\PC{0,12}".prop_map(|text| json!(text)),
        prop::sample::select(vec![
            "",
            "10.0.0.2",
            "10.0.0.2/99",
            "fd00::1/64",
            "172.18.0.1/16",
            "node-1",
            "'",
            "\u{1b}[31m",
            "Mesh_10_0_0_9",
            "$(reboot)",
            "a\nb",
            "2026-11-23T17:00:00Z",
            "9999-12-31T23:59:59Z",
            "eth0",
            "interface=("
        ])
        .prop_map(|text| json!(text)),
    ]
}

fn judged(tree: &Value) -> Option<Report> {
    let snapshot: Snapshot = serde_json::from_value(tree.clone()).ok()?;
    let report = diagnose(&snapshot, &Scope { sessions: true, ..Scope::default() });
    sound(&report, &snapshot);
    let probes = probes_report(&snapshot, &Scope::default(), &ProbeOptions::default()).expect("nothing was wished for");
    assert!(probes.findings.iter().all(|finding| codes(&report).contains(finding.code.name())));
    let style = Style { colour: true, width: Some(200), ..Style::default() };
    let mut out = std::io::sink();
    for family in Family::ALL {
        let result = evaluate(&snapshot, &AutodetectOptions::new(family));
        render::matrix::write(&result, None, render::matrix::Shown::default(), &style, &mut out).expect("prints");
    }
    let logs = explain_logs(&saved_logs(&snapshot, |_| true), Some(&snapshot));
    render::timeline::write(&logs, true, &style, &mut out).expect("prints");
    let shown = Shown { wide: true, all: true, ..Shown::default() };
    let (told, page) = page::page(&snapshot, &Scope { sessions: true, ..Scope::default() });
    page::sound_page(&told, &page);
    render::probes::write(&probes, shown, &style, &mut out).expect("prints");
    Some(report)
}

fn codes(report: &Report) -> BTreeSet<&'static str> {
    report.findings.iter().map(|finding| finding.code.name()).collect()
}

fn tree(world: &World) -> Value {
    serde_json::to_value(world.snapshot()).expect("writes")
}

const FAULTS: usize = Fault::ADDRESSES.len() + pod_faults::FAULTS.len() + settings_faults::FAULTS.len();

/// A random cluster with a fault of the tables; without it where that cluster cannot have it.
fn faulty(seed: u64, fault: usize) -> Snapshot {
    let mut cluster = healthy(seed);
    let mut random = Random::new(seed);
    let at = cluster.world.hosts.iter().position(|host| host.pod).expect("a host with Linux");
    let of_pod = fault.checked_sub(Fault::ADDRESSES.len());
    let of_settings = of_pod.and_then(|fault| fault.checked_sub(pod_faults::FAULTS.len()));
    let injected = match (of_pod, of_settings) {
        (_, Some(fault)) => (settings_faults::FAULTS[fault].inject)(&cluster, at, &mut random),
        (Some(fault), None) => pod_faults::FAULTS[fault].on(&cluster, at, &mut random).map(|world| {
            let mut snapshot = world.snapshot();
            pod_faults::FAULTS[fault].edit(&mut snapshot, &world.hosts[at].name, &mut random);
            snapshot
        }),
        (None, None) => cluster.inject(Fault::ADDRESSES[fault]).map(|_| cluster.world.snapshot()),
    };
    injected.unwrap_or_else(|| cluster.world.snapshot())
}

/// Changes this and that, as long as a snapshot can still be read out of it.
fn damage(tree: &mut Value, changes: Vec<(prop::sample::Index, Value)>) {
    for (place, value) in changes {
        let mut all = Vec::new();
        places(tree, "", &mut all);
        let place = place.get::<String>(&all);
        let Some(target) = tree.pointer_mut(place) else { continue };
        let before = std::mem::replace(target, value);
        if Snapshot::deserialize(&*tree).is_err()
            && let Some(target) = tree.pointer_mut(place)
        {
            *target = before;
        }
    }
}

fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, Value)>> {
    prop::collection::vec((any::<prop::sample::Index>(), hostile()), 1..12)
}

/// The parts that a viewer with few rights, or a dead kubelet, does not get.
const PARTS: &[&str] = &[
    "/nodes",
    "/pods",
    "/events",
    "/daemonSet",
    "/controllerRevisions",
    "/inside/node-1",
    "/inside/node-2",
    "/inside/node-3",
    "/logs/node-2/current",
    "/logs/node-2/previous",
];

fn hide(tree: &mut Value, parts: &[(usize, bool)]) {
    for (part, forbidden) in parts {
        if let Some(place) = tree.pointer_mut(PARTS[*part]) {
            *place = if *forbidden { json!({"forbidden": "cannot list"}) } else { json!({"failed": "timed out"}) };
        }
    }
}

#[test]
fn a_line_without_a_word_shows_as_one() {
    let mut tree = tree(&sick()[1]);
    let marks = tree["logs"]["node-2"]["previous"]["seen"]["marks"].as_array_mut().expect("marks");
    let cleared = marks.iter_mut().find(|mark| mark["kind"] == "address-cleared").expect("the conflict's last words");
    cleared["text"] = json!(" ");
    let report = judged(&tree).expect("reads");
    let shown: Vec<&str> = report.findings.iter().flat_map(|finding| &finding.evidence).map(|evidence| evidence.text.as_str()).collect();
    assert!(shown.contains(&"(an empty line)"), "{shown:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::cases(64), failure_persistence: None, ..ProptestConfig::default() })]

    /// A fault here and there, in any of the cases: no panic, and every finding still in its form.
    #[test]
    fn any_snapshot_is_judged(which in 0..5usize, changes in changes()) {
        let mut tree = tree(&sick()[which]);
        damage(&mut tree, changes);
        prop_assert!(judged(&tree).is_some());
    }

    /// So in every kind of cluster, with every kind of fault.
    #[test]
    fn any_fault_is_judged(seed in 0..100_000u64, fault in 0..FAULTS, changes in changes()) {
        let mut tree = serde_json::to_value(faulty(seed, fault)).expect("writes");
        damage(&mut tree, changes);
        prop_assert!(judged(&tree).is_some());
    }

    /// What is taken away from a sick cluster's picture never makes it healthy.
    #[test]
    fn hiding_never_heals(which in 0..4usize, parts in prop::collection::vec((0..PARTS.len(), any::<bool>()), 1..5)) {
        let mut tree = tree(&sick()[which]);
        hide(&mut tree, &parts);
        prop_assert_ne!(judged(&tree).expect("reads").verdict, Verdict::Healthy);
    }

    /// … nor a healthy one's sick.
    #[test]
    fn hiding_never_alarms(parts in prop::collection::vec((0..PARTS.len(), any::<bool>()), 1..6), flavour in 0..4usize) {
        let world = [cluster(), cluster().operator(), cluster().without_bgp("vxlan"), cluster().etcd()][flavour].clone();
        let mut tree = tree(&world);
        hide(&mut tree, &parts);
        prop_assert_eq!(codes(&judged(&tree).expect("reads")), BTreeSet::new());
    }

    #[test]
    fn names_do_not_matter(which in 0..5usize, order in Just(["a", "b", "c"]).prop_shuffle(), stem in "[a-z]{3,8}(-[a-z]{1,5})?") {
        let world = &sick()[which];
        let mut text = serde_json::to_string(&world.snapshot()).expect("writes");
        for (number, letter) in order.iter().enumerate() {
            text = text.replace(&format!("node-{}", number + 1), &format!("x{stem}-{letter}"));
        }
        let renamed: Value = serde_json::from_str(&text).expect("reads");
        prop_assert_eq!(codes(&judged(&renamed).expect("reads")), codes(&judged(&tree(world)).expect("reads")));
    }
}
