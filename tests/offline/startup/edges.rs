//! Kills at the very end of a start, and starts that exit and are killed in turn; each with a twin that is none.

use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::finding::Severity::{self, *};
use calico_fix::finding::code::Code::{self, *};
use calico_fix::model::ClusterModel;
use calico_fix::probes::proposal::ProbeOptions;
use calico_fix::reports::probes::probes_report;
use calico_fix::startup::container_run::RunEnd;
use calico_fix::startup::measure::measure;
use jiff::Timestamp;

use super::build::*;

const CONFLICT: &str = include_str!("../../fixtures/logs/update-conflict.timestamps.txt");
const METHOD: &str = include_str!("../../fixtures/logs/invalid-method.txt");
const BIRD_STARTS: &str = "Liveness probe failed: calico/node is not ready: bird/confd is not live: Service bird is not running. \
     Output << down: /etc/service/enabled/bird: 1s, normally up, want up >>";

/// The container before the one that runs now ended 41 s ago.
const ENDED: i64 = 41;

/// A log of a start that began so many seconds ago and took so long.
fn started_log(began: i64, took: i64) -> String {
    let at = |seconds: i64| -> Timestamp { ago(seconds).expect("a time") };
    format!(
        "{}Z 2026-11-23 16:00:00.000 [INFO][9] startup/startup.go 427: Early log level set to info\n{}Z Calico node started successfully\n",
        at(began).strftime("%Y-%m-%dT%H:%M:%S.000"),
        at(began - took).strftime("%Y-%m-%dT%H:%M:%S.000"),
    )
}

/// Killed after 67 s; its start took so many of them.
fn killed_after_start(took: i64) -> World {
    cluster()
        .not_ready("node-2")
        .restarted("node-2", 1, 0, 67, ENDED - 1)
        .event("node-2", "Killing", KILLED, 1, ENDED)
        .event("node-2", "Unhealthy", BIRD_STARTS, 6, ENDED)
        .previous("node-2", &started_log(ENDED + 67, took))
}

fn found(world: &World) -> Vec<(Code, Severity)> {
    let report = diagnose(&world.snapshot(), &Scope::default());
    report.findings.iter().filter(|finding| finding.code.affects_startup()).map(|finding| (finding.code, finding.severity)).collect()
}

#[test]
fn a_kill_within_a_probe_period_of_the_start_is_of_the_start() {
    for (took, end, code) in [
        (66, RunEnd::KilledWhileStarting, KilledWhileStarting),
        (60, RunEnd::KilledWhileStarting, KilledWhileStarting),
        (57, RunEnd::KilledWhileStarting, KilledWhileStarting),
        // Probes had the time to be answered.
        (50, RunEnd::KilledWhileRunning, KilledWhileRunning),
        (3, RunEnd::KilledWhileRunning, KilledWhileRunning),
    ] {
        let world = killed_after_start(took);
        let snapshot = world.snapshot();
        let view = ClusterModel::new(&snapshot);
        let measured = measure(&view, view.node("node-2").expect("a node"));
        let run = measured.runs.last().expect("a run");
        assert_eq!((run.end, run.start.map(|start| (start.seconds, start.at_least))), (end, Some((took as f64, false))), "{took}");
        assert_eq!(found(&world).first(), Some(&(code, Error)), "{took}");
        let report = probes_report(&snapshot, &Scope::default(), &ProbeOptions::default()).expect("no options");
        let budget = report.proposal.and_then(|proposal| proposal.budget_after_seconds);
        let wanted = (code == KilledWhileStarting).then(|| u32::try_from((took * 2 + 9) / 10 * 10).expect("small"));
        assert_eq!(budget, wanted, "{took}");
        let told = diagnose(&snapshot, &Scope::default()).findings;
        let helps = told.iter().all(|finding| !finding.message.contains("more time to start does not help"));
        assert_eq!(helps, code == KilledWhileStarting, "{told:#?}");
    }
}

#[test]
fn the_same_of_a_node_that_runs_again_is_a_warning() {
    let ready = cluster()
        .restarted("node-2", 1, 0, 67, ENDED - 1)
        .event("node-2", "Killing", KILLED, 1, ENDED)
        .previous("node-2", &started_log(ENDED + 67, 66))
        .log("node-2", &started_log(ENDED - 1, 1));
    assert_eq!(found(&ready), [(KilledWhileStarting, Warning)]);
    let twin = cluster().restarted("node-2", 1, 0, 67, ENDED - 1).log("node-2", &started_log(ENDED - 1, 1));
    assert_eq!(found(&twin), []);
}

/// The newest run that ended decides: no budget helps a start that exits by itself.
#[test]
fn exits_and_kills_in_turn() {
    let world = |newest: &str, code: i32, lived: i64| {
        cluster().not_ready("node-2").restarted("node-2", 4, code, lived, ENDED - 1).killed("node-2", 2).previous("node-2", newest)
    };
    for (case, world, codes, proposes) in [
        ("an update conflict is the slow link's", world(CONFLICT, 1, 20), vec![KilledWhileStarting], true),
        ("a method that is not valid", world(METHOD, 1, 1), vec![MethodInvalid], false),
    ] {
        let codes_found: Vec<Code> = found(&world).into_iter().map(|(code, _)| code).collect();
        assert_eq!(codes_found, codes, "{case}");
        let report = probes_report(&world.snapshot(), &Scope::default(), &ProbeOptions::default()).expect("no options");
        assert_eq!(report.proposal.is_some(), proposes, "{case}");
    }
}
