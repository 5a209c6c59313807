//! Each run of the container is judged for itself.

use calico_fix::model::ClusterModel;
use calico_fix::startup::container_run::RunEnd::{self, *};
use calico_fix::startup::measure::{BudgetStatus, measure, phases};

use super::build::*;

const AT_WORK: &str = include_str!("../../fixtures/logs/killed-at-debug.timestamps.txt");
const CONFLICT: &str = include_str!("../../fixtures/logs/update-conflict.timestamps.txt");
const FELIX_503: &str = "Liveness probe failed: calico/node is not ready: Felix is not live: liveness probe reporting 503";

/// Fates newest first, the start as a table shows it, and the standing, of node-2.
fn judged(world: &World) -> (Vec<RunEnd>, String, BudgetStatus) {
    let snapshot = world.snapshot();
    let view = ClusterModel::new(&snapshot);
    let measured = measure(&view, view.node("node-2").expect("a node"));
    let start = measured.start.map_or("?".to_owned(), |start| {
        let sign = if start.at_least {
            ">"
        } else if start.at_most {
            "<"
        } else {
            ""
        };
        format!("{sign}{:.0}", start.seconds)
    });
    (measured.runs.iter().map(|attempt| attempt.end).collect(), start, measured.budget_status())
}

fn killed(lived: i64) -> World {
    cluster().not_ready("node-2").restarted("node-2", 3, 137, lived, 40).killed("node-2", 3)
}

/// The lines of a start that began with the container, 40 s ago, and took so many seconds.
fn own_log(seconds: u32) -> String {
    let begin = "2026-11-23T16:59:20.100Z 2026-11-23 16:59:20.100 [INFO][9] startup/startup.go 427: Early log level set to info\n";
    format!("{begin}2026-11-23T16:59:{:02}.000Z Calico node started successfully\n", 20 + seconds)
}

#[test]
fn what_ended_each_attempt() {
    let started = started(&[]);
    for (case, world, fates, start, standing) in [
        ("at rest", cluster(), vec![Runs], "?", BudgetStatus::Within),
        ("killed, no log", killed(70), vec![Unknown, KilledWhileStarting], ">70", BudgetStatus::Killed),
        ("killed long after its start, no log", killed(7200), vec![Unknown, KilledWhileRunning], "?", BudgetStatus::Unknown),
        ("killed and at work again", killed(70).log("node-2", AT_WORK), vec![Starting, KilledWhileStarting], ">70", BudgetStatus::Killed),
        (
            "its log says it had started",
            killed(70).previous("node-2", &started),
            vec![Unknown, KilledWhileRunning],
            "3",
            BudgetStatus::Within,
        ),
        (
            "it gave up by itself between two kills",
            killed(20).log("node-2", AT_WORK).previous("node-2", CONFLICT),
            vec![Starting, Exited],
            ">25",
            BudgetStatus::Killed,
        ),
        ("started in the end", killed(70).log("node-2", &own_log(12)), vec![Runs, KilledWhileStarting], "12", BudgetStatus::Within),
        (
            "Felix answered that it is not live",
            cluster()
                .not_ready("node-2")
                .restarted("node-2", 3, 137, 70, 40)
                .event("node-2", "Killing", KILLED, 3, 20)
                .unhealthy("node-2", FELIX_503, 18),
            vec![Unknown, KilledWhileRunning],
            "?",
            BudgetStatus::Unknown,
        ),
        (
            "a probe that can never succeed",
            killed(70).liveness(serde_json::json!({"httpGet": {"path": "/liveness", "port": 9099}})),
            vec![Unknown, KilledWhileRunning],
            "?",
            BudgetStatus::Unknown,
        ),
        (
            "an exit without a kill",
            cluster().crash_loop("node-2", 4).previous("node-2", CONFLICT),
            vec![Exited],
            "?",
            BudgetStatus::Unknown,
        ),
        (
            "out of memory",
            cluster().edit(|snapshot| {
                let calico_fix::observed::Observed::Seen(pods) = &mut snapshot.pods else { return };
                let ended = calico_fix::snapshot::objects::Terminated {
                    exit_code: 137,
                    reason: Some("OOMKilled".into()),
                    started_at: ago(9000),
                    finished_at: ago(3591),
                    ..Default::default()
                };
                pods[1].status.container_statuses[0].last_state.terminated = Some(ended);
                pods[1].status.container_statuses[0].restart_count = 1;
            }),
            vec![Runs, OutOfMemory],
            "?",
            BudgetStatus::Unknown,
        ),
    ] {
        assert_eq!(judged(&world), (fates, start.to_owned(), standing), "{case}");
    }
}

/// The kill that events tell of was another attempt's: this one ended later, and by itself.
#[test]
fn an_old_kill_is_not_this_attempts() {
    let world = cluster()
        .not_ready("node-2")
        .restarted("node-2", 3, 1, 20, 40)
        .event("node-2", "Killing", KILLED, 2, 300)
        .log("node-2", &own_log(12));
    assert_eq!(judged(&world).0, [Runs, Unknown]);
}

#[test]
fn a_start_close_to_its_budget_is_tight() {
    for (seconds, standing) in [(12, BudgetStatus::Within), (39, BudgetStatus::Tight)] {
        let probe = serde_json::json!({"exec": {"command": ["/bin/calico-node", "-felix-live"]}, "periodSeconds": 10, "failureThreshold": 4,
            "timeoutSeconds": 10});
        let world = cluster().liveness(probe).restarted("node-2", 0, 0, 1, 40).log("node-2", &own_log(seconds));
        assert_eq!(judged(&world).2, standing, "{seconds}");
    }
}

/// Where the log is another container's, or begins late, the container's start tells nothing.
#[test]
fn a_log_of_another_time_is_measured_by_itself() {
    let world = cluster().log("node-2", &started(&[]));
    assert_eq!(judged(&world).1, "3");
}

#[test]
fn the_parts_of_a_start() {
    use calico_fix::calico::startup_log::{StartPhase, digest};
    let log = digest(std::io::Cursor::new(AT_WORK), true);
    let parts = phases(&log);
    let last = parts.last().expect("parts");
    assert_eq!((last.phase, last.at_least), (StartPhase::AllocatingTunnelAddress, true));
    assert!(parts.iter().rev().skip(1).all(|part| !part.at_least) && parts.len() >= 4, "{parts:?}");
    let whole: f64 = parts.iter().map(|part| part.time.as_secs_f64()).sum();
    let log = log.last.zip(log.first).map(|(last, first)| last.duration_since(first).as_secs_f64()).expect("times");
    assert!((whole - log).abs() < 0.001, "{whole} {log}");
}
