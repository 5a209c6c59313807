//! Every recorded log of a real calico-node.

use std::path::{Path, PathBuf};

use calico_fix::finding::code::Code;
use calico_fix::import;
use calico_fix::reports::startup_log::{StartupLogReport, explain_logs};
use calico_fix::startup::log_source::LogSource;
use calico_fix::startup::timeline::AttemptEnd;

/// Those that do not show a healthy start: how the last attempt ended, and what is found.
const TROUBLED: &[(&str, AttemptEnd, &[Code])] = {
    use AttemptEnd::*;
    use Code::*;
    &[
        ("master/api-unreachable-from-node-2/node-2.log-previous.info.txt", Killed, &[DatastoreUnreachable]),
        ("master/api-unreachable-from-node-2/node-2.log.info.txt", NotKnown, &[]),
        ("master/incident1-lxdbr0/node-3.log.info.txt", Started, &[AddressOnVirtualInterface]),
        // The timed runs keep the first 25 lines of a start and the last 8 of the log.
        ("master/slow-start/N0-RTT300-new.log-previous.timestamps.txt", NotKnown, &[]),
        ("master/slow-start/N0-RTT300-new.log.timestamps.txt", NotKnown, &[]),
        ("master/slow-start/N0-RTT600-new.log.timestamps.txt", NotKnown, &[]),
        ("v3.24.5/conflict-two-bridges/node-2.log.info.txt", Exited, &[AddressConflict]),
        ("v3.24.5/conflict-two-bridges/node-3.log.info.txt", Started, &[AddressOnVirtualInterface]),
        ("v3.24.5/incident1-90s/node-3.log.info.txt", Started, &[AddressOnVirtualInterface]),
        ("v3.24.5/incident1-debug/node-3.log.debug.txt", Started, &[AddressOnVirtualInterface]),
        ("v3.24.5/incident2-debug/node-2.log-previous.debug.txt", Killed, &[KilledWhileStarting]),
        ("v3.24.5/incident2-debug/node-2.log-previous.timestamps.txt", Killed, &[KilledWhileStarting]),
        ("v3.24.5/incident2-debug/node-2.log.debug.txt", NotKnown, &[]),
        ("v3.24.5/incident2-debug/node-2.log.timestamps.txt", NotKnown, &[]),
        ("v3.24.5/incident2-info/node-2.log-previous.info.txt", Exited, &[StartupExited]),
        ("v3.24.5/incident2-info/node-2.log-previous.timestamps.txt", Exited, &[StartupExited]),
        ("v3.24.5/incident2-info/node-2.log.info.txt", Exited, &[StartupExited]),
        ("v3.24.5/incident2-info/node-2.log.timestamps.txt", Exited, &[StartupExited]),
        ("v3.24.5/method-invalid-word/node-3.log-previous.info.txt", Exited, &[MethodInvalid]),
        ("v3.24.5/method-invalid-word/node-3.log.info.txt", Exited, &[MethodInvalid]),
        ("v3.24.5/method-no-match/node-3.log.info.txt", Started, &[MethodIneffective]),
        ("operator-v1.28.5/h-incident1/fault/node-3.log.info.txt", Started, &[AddressOnVirtualInterface]),
    ]
};

/// Of these the kubelet had no log any more.
const GONE: [&str; 1] = ["v3.24.5/conflict-two-bridges/node-2.log-previous.info.txt"];

#[test]
fn every_recorded_log_is_explained() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/real"));
    let mut logs = Vec::new();
    below(root, &mut logs);
    assert!(logs.len() > 50, "{}", logs.len());
    let mut wrong = Vec::new();
    for path in logs {
        let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
        let read = import::log::read(&path, &mut std::io::empty(), &mut |_| Ok(()));
        if GONE.contains(&name.as_str()) {
            assert!(read.is_err(), "{name}");
            continue;
        }
        let report = explain_logs(&[LogSource::from_file(name.clone(), read.expect("a log").remove(0).attempts)], None);
        let (how, codes) =
            TROUBLED.iter().find(|(known, ..)| *known == name).map_or((AttemptEnd::Started, &[][..]), |(_, how, codes)| (*how, *codes));
        let seen = seen(&report);
        // A run that was cut in the recording looks like one that was killed.
        let cut = name.contains("slow-start/");
        if !cut && seen != (how, codes.to_vec()) {
            wrong.push(format!("{name}: {seen:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn seen(report: &StartupLogReport) -> (AttemptEnd, Vec<Code>) {
    let end = report.logs[0].attempts.last().map_or(AttemptEnd::NotKnown, |attempt| attempt.end.how);
    (end, report.findings.iter().map(|finding| finding.code).collect())
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("reads") {
        let path = entry.expect("reads").path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            below(&path, found);
        } else if name.starts_with("node-") && name.contains(".log") || name.starts_with('N') && name.contains(".log") {
            found.push(path);
        }
    }
}

/// The start of the timed runs is enough to tell how long the whole took (the table of the measurements).
#[test]
fn what_is_estimated_is_what_was_measured() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/real"));
    for (name, started) in [
        ("v3.24.5/slow-start/N0-RTT300-new", 18.2),
        ("v3.24.5/slow-start/N0-RTT600-new", 43.0),
        ("v3.24.5/slow-start/N0-RTT1000-new", 59.8),
        ("v3.24.5/slow-start/N1000-RTT300-new", 19.6),
        ("master/slow-start/N0-RTT600-new", 33.4),
        ("master/slow-start/N0-RTT300-new", 13.1),
    ] {
        let path = root.join(format!("{name}.log.timestamps.txt"));
        let found = import::log::read(&path, &mut std::io::empty(), &mut |_| Ok(())).expect("a log").remove(0).attempts;
        let report = explain_logs(&[LogSource::from_file(name.into(), found)], None);
        let need = report.logs[0].attempts[0].needs.clone().expect(name);
        // Kills and retries of single requests move it by a third; what is proposed has twice the time.
        assert!((need.seconds - started).abs() / started < 0.34, "{name}: {need:?} instead of {started}");
        assert!(need.budget_seconds as f64 > started, "{name}: {need:?}");
    }
}
