//! `debug-log` against `probes`: one log, one estimate; and what the pod's status tells of a log without an end.

use std::path::PathBuf;

use calico_fix::calico::startup_log;
use calico_fix::diagnosis::Scope;
use calico_fix::finding::code::Code;
use calico_fix::observed::Observed;
use calico_fix::probes::proposal::ProbeOptions;
use calico_fix::reports::probes::probes_report;
use calico_fix::reports::startup_log::explain_logs;
use calico_fix::snapshot::objects::{Event, Pod};
use calico_fix::startup::container_state::container_states;
use calico_fix::startup::log_source::{ContainerLog, ContainerState, EndCause, LogSource};
use calico_fix::startup::timeline::AttemptEnd;
use serde_json::json;

fn pod(terminated: serde_json::Value) -> Pod {
    let status = json!({"name": "calico-node", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": terminated}});
    serde_json::from_value(json!({"metadata": {"name": "calico-node-x"}, "status": {"containerStatuses": [status]}})).expect("a pod")
}

fn killing(at: &str) -> Event {
    serde_json::from_value(
        json!({"metadata": {"name": "e"}, "involvedObject": {"kind": "Pod", "name": "calico-node-x"}, "reason": "Killing",
        "message": "Container calico-node failed liveness probe, will be restarted", "lastTimestamp": at, "count": 1}),
    )
    .expect("an event")
}

#[test]
fn an_exit_code_is_no_kill() {
    let run = |code: i32| json!({"exitCode": code, "startedAt": "2026-11-20T08:01:10Z", "finishedAt": "2026-11-20T08:01:10Z"});
    let long = |code: i32| json!({"exitCode": code, "startedAt": "2026-11-20T08:00:00Z", "finishedAt": "2026-11-20T08:01:10Z"});
    for (case, terminated, events, cause) in [
        ("exit code 1, no kill", run(1), vec![], EndCause::Exited { code: 1 }),
        ("a kill of the run before", run(1), vec![killing("2026-11-20T08:01:09Z")], EndCause::Exited { code: 1 }),
        ("a signal of its own", run(139), vec![], EndCause::Exited { code: 139 }),
        ("killed by its probe", long(137), vec![killing("2026-11-20T08:01:08Z")], EndCause::Liveness),
        ("killed by its probe, and ended well", long(0), vec![killing("2026-11-20T08:01:10Z")], EndCause::Liveness),
        ("somebody deleted the pod", long(0), vec![], EndCause::Unknown),
        ("an old kill", long(1), vec![killing("2026-11-20T08:00:10Z")], EndCause::Exited { code: 1 }),
    ] {
        let states = container_states(&pod(terminated), &events);
        assert!(matches!(states.current, ContainerState::Ended { by, .. } if by == cause), "{case}: {:?}", states.current);
    }
}

/// Its log has no last word of its own: the exit code tells that nobody killed it, and no budget is offered.
#[test]
fn a_container_that_exited_is_told_as_such() {
    let begins = "2026-11-20 08:01:10.100 [INFO][9] startup/startup.go 427: Early log level set to info\n";
    let attempts = startup_log::read(begins.as_bytes(), 20).0;
    let explained = |by: EndCause| {
        let state = ContainerState::Ended { lived: Some(std::time::Duration::ZERO), by };
        let logs = vec![ContainerLog { attempts: attempts.clone(), state }];
        explain_logs(&[LogSource { node: Some("node-2".into()), logs, ..LogSource::default() }], None)
    };
    let report = explained(EndCause::Exited { code: 1 });
    let [finding] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
    assert_eq!((finding.code, report.logs[0].attempts[0].end.how), (Code::StartupExited, AttemptEnd::Exited));
    assert!(finding.message.contains("exited with code 1") && finding.fix.is_none(), "{finding:?}");
    let twin = explained(EndCause::Liveness);
    assert_eq!(twin.findings[0].code, Code::KilledWhileStarting);
}

#[test]
fn one_log_has_one_estimate() {
    for (name, seconds, budget) in [
        ("rtt1080-killed", 76, Some(160)),
        ("rtt1240-second-attempt-fits", 88, Some(180)),
        ("slow-3", 71, None),
        ("rtt980-starting", 69, None),
    ] {
        let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/starts")).join(format!("{name}.yaml"));
        let snapshot = calico_fix::import::load(&[path], &mut std::io::empty()).expect("loads");
        let report = probes_report(&snapshot, &Scope::default(), &ProbeOptions::default()).expect("no options");
        let forecast = report.forecast.nodes.iter().find(|row| row.node == "node-2").and_then(|row| row.start_seconds_to).expect(name);
        let logs = &snapshot.logs["node-2"];
        let source = LogSource {
            logs: [&logs.previous, &logs.current]
                .into_iter()
                .filter_map(Observed::seen)
                .map(|log| {
                    let attempt = startup_log::Attempt { log: log.clone(), details: startup_log::Details::of_marks(log) };
                    ContainerLog { attempts: startup_log::Attempts { attempts: vec![attempt], ..Default::default() }, ..Default::default() }
                })
                .collect(),
            ..LogSource::for_node(&snapshot, "node-2")
        };
        let explained = explain_logs(&[source], Some(&snapshot));
        let estimates = explained.logs[0].attempts.iter().filter_map(|attempt| attempt.needs.as_ref());
        let longest = estimates.map(|needs| needs.seconds).fold(0.0, f64::max);
        assert!((longest - forecast).abs() < 0.001 && longest.round() as i64 == seconds, "{name}: {longest} {forecast}");
        let proposed = report.proposal.and_then(|proposal| proposal.budget_after_seconds);
        assert_eq!(proposed, budget, "{name}");
        if let Some(budget) = budget {
            let finding = &explained.findings[0];
            let fix = finding.fix.as_ref().map(|fix| fix.why.as_str()).unwrap_or_default();
            assert!(fix.starts_with(&format!("Raises the startup limit from 70s to {budget}s")), "{name}: {finding:#?}");
        }
    }
}
