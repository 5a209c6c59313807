//! Real starts, as they were recorded.

use std::path::PathBuf;

use calico_fix::calico::startup_log;
use calico_fix::diagnosis::Scope;
use calico_fix::model::ClusterModel;
use calico_fix::observed::Observed;
use calico_fix::probes::proposal::ProbeOptions;
use calico_fix::reports::probes::probes_report;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::inspection::NodeLogs;
use calico_fix::startup::container_run::RunEnd::{self, *};
use calico_fix::startup::measure::measure;
use calico_fix::startup::{estimate, timed_runs};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

pub(super) fn recording(case: &str) -> Snapshot {
    let folder = PathBuf::from(FIXTURES).join("real").join(case);
    calico_fix::import::load(&[folder], &mut std::io::empty()).expect("loads")
}

/// Case, fates of node-2, and its start.
type Case = (&'static str, &'static [RunEnd], Option<(f64, bool)>);

const CASES: &[Case] = &[
    ("v3.24.5/incident2-info", &[Exited], None),
    ("v3.24.5/incident2-debug", &[Starting, KilledWhileStarting], Some((25.0, true))),
    // The last line carries no time of its own there: it took 30.6 s.
    ("v3.24.5/incident2-fixed", &[Runs], Some((24.3, false))),
    ("v3.24.5/healthy", &[Runs], Some((0.9, false))),
    ("master/api-unreachable-from-node-2", &[Starting, KilledWhileStarting], Some((70.0, true))),
];

#[test]
fn what_became_of_real_starts() {
    for (case, fates, start) in CASES {
        let snapshot = recording(case);
        let view = ClusterModel::new(&snapshot);
        let measured = measure(&view, view.node("node-2").expect("node-2"));
        let found: Vec<RunEnd> = measured.runs.iter().map(|attempt| attempt.end).collect();
        assert_eq!(found, *fates, "{case}: {measured:#?}");
        let told = measured.start.map(|start| (start.seconds, start.at_least));
        let near = match (told, start) {
            (Some((seconds, bound)), Some((expected, expected_bound))) => (seconds - expected).abs() < 1.5 && bound == *expected_bound,
            (None, None) => true,
            _ => false,
        };
        assert!(near, "{case}: {told:?}");
    }
}

/// Folder, round trip in ms, whether the node was known, and when it said that it had started.
const TIMED: [(&str, u32, bool, f64); 8] = [
    ("v3.24.5/slow-start/N0-RTT100-new", 100, false, 6.2),
    ("v3.24.5/slow-start/N0-RTT300-new", 300, false, 18.2),
    ("v3.24.5/slow-start/N0-RTT600-new", 600, false, 43.0),
    ("v3.24.5/slow-start/N0-RTT600-restart", 600, true, 23.1),
    ("v3.24.5/slow-start/N0-RTT1000-new", 1000, false, 59.8),
    ("v3.24.5/slow-start/N1000-RTT300-new", 300, false, 19.6),
    ("master/slow-start/N0-RTT300-new", 300, true, 13.1),
    ("master/slow-start/N0-RTT600-new", 600, false, 33.4),
];

/// The round trip that a log's gaps tell is the one that was set, and the start it makes is the one that was measured.
#[test]
fn forecasts_of_timed_runs() {
    for (name, milliseconds, known, started) in TIMED {
        let log = std::fs::File::open(format!("{FIXTURES}/real/{name}.log.timestamps.txt")).expect(name);
        let log = startup_log::digest(std::io::BufReader::new(log), true);
        let told = estimate::round_trip(&log).expect(name);
        let set = f64::from(milliseconds) / 1000.0;
        assert!((told / set - 1.0).abs() < 0.06, "{name}: {told} {set}");
        let trips = timed_runs::round_trips(known);
        let (from, to) = (told * trips.fewest * 0.94, told * trips.most * 1.06);
        assert!((from..to).contains(&started), "{name}: {from} {started} {to}");
    }
}

/// A real pod that its liveness probe kills while it starts: by objects and events, and with the log.
#[test]
fn a_pod_killed_while_starting_as_the_api_tells_it() {
    let folder = PathBuf::from(FIXTURES).join("killed-while-starting");
    let files = ["pod.json", "events.json", "daemonset.json"].map(|file| folder.join(file));
    let mut snapshot = calico_fix::import::load(&files, &mut std::io::empty()).expect("loads");
    for logs in [false, true] {
        if logs {
            let previous = std::fs::File::open(folder.join("log-previous.txt")).expect("a log");
            let log = startup_log::digest(std::io::BufReader::new(previous), true);
            let logs = NodeLogs { previous: Observed::Seen(log), ..NodeLogs::default() };
            snapshot.logs.insert("node-2".into(), logs);
        }
        let view = ClusterModel::new(&snapshot);
        let measured = measure(&view, view.node("node-2").expect("node-2"));
        assert!(measured.has(KilledWhileStarting) && measured.kills == 4, "{logs}: {measured:#?}");
        let report = probes_report(&snapshot, &Scope::default(), &ProbeOptions::default()).expect("no wish");
        assert_eq!(report.findings[0].code.name(), "killed-while-starting", "{:#?}", report.findings);
    }
}
