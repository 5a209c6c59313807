use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::digest::{FIRST, LAST};
use super::*;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::LogEventKind;
use LogEventKind::*;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../tests/fixtures/logs/", $name))
    };
}

fn read(text: &str) -> StartupLog {
    digest(Cursor::new(text), true)
}

fn kinds(log: &StartupLog) -> Vec<LogEventKind> {
    log.marks.iter().map(|mark| mark.kind).collect()
}

/// `started`, `cut off`, or why it exited.
fn verdict(log: &StartupLog) -> String {
    match outcome(log) {
        Outcome::Started => "started".into(),
        Outcome::CutOff => "cut off".into(),
        Outcome::Exited { .. } => format!("{:?}", exit_reason(log)),
    }
}

const UPDATE_CONFLICT: &str = "Some(UpdateConflict)";
const CONFLICT: &str = "Some(Conflict { node: \"node-3\", address: \"172.18.0.1\" })";
const INVALID: &str = "Some(InvalidMethod { value: \"eth0\" })";

#[test]
fn a_healthy_start() {
    let log = read(fixture!("healthy.txt"));
    assert_eq!(
        kinds(&log),
        [
            LogLevel,
            Starting,
            DatastoreCheck,
            DatastoreVerified,
            Autodetected,
            ConflictsChecked,
            NodeName,
            TunnelAddress,
            Started,
            BirdConfigMissing,
            BirdConfigMissing,
            Autodetected
        ]
    );
    assert_eq!((verdict(&log).as_str(), last_phase(&log)), ("started", Some(StartPhase::Started)));
    assert_eq!(started_after(&log), Some(Duration::from_millis(239)));
}

#[test]
fn every_end_of_a_start() {
    for (text, expected, phase) in [
        (fixture!("update-conflict.timestamps.txt"), UPDATE_CONFLICT, StartPhase::StoringAddress),
        (fixture!("address-conflict.txt"), CONFLICT, StartPhase::CheckingConflicts),
        (fixture!("invalid-method.txt"), INVALID, StartPhase::DetectingAddress),
        (fixture!("api-unreachable.txt"), "cut off", StartPhase::ConnectingToDatastore),
        (fixture!("killed-at-debug.timestamps.txt"), "cut off", StartPhase::AllocatingTunnelAddress),
        (fixture!("slow-started-newer.timestamps.txt"), "cut off", StartPhase::AllocatingTunnelAddress),
        (fixture!("etcd-killed.logrus.txt"), "cut off", StartPhase::CheckingConflicts),
        (fixture!("no-match-kept.txt"), "started", StartPhase::Started),
        (fixture!("bridge-at-debug.txt"), "started", StartPhase::Started),
    ] {
        let log = read(text);
        assert_eq!((verdict(&log).as_str(), last_phase(&log)), (expected, Some(phase)), "{:?}", log.marks);
    }
}

#[test]
fn reads_of_every_node_keep_the_first_and_the_last() {
    let log = read(fixture!("etcd-killed.logrus.txt"));
    let reads: Vec<_> =
        log.marks.iter().skip_while(|mark| mark.kind != ConflictCheck).skip(1).map(|mark| (mark.text.as_str(), mark.times)).collect();
    assert_eq!(reads, [("Get Node key from /calico/v1/host/node-1/metadata", 1), ("Get Key: /calico/bgp/v1/host/node-53/ip_addr_v4", 4)]);
    assert_eq!(log.last.map(|at| at.to_string()).as_deref(), Some("2018-10-31T07:48:14Z"));
    assert_eq!(detection(&log.marks[3]).map(|found| (found.cidr(), found.interface)), Some(("10.12.13.33/24".into(), Some("eth0".into()))));
}

#[test]
fn every_wording_of_a_detection() {
    for (text, family, cidr, interface) in [
        (
            "Using autodetected IPv4 address on interface br-d710e33f6c1a: 172.18.0.1/16",
            Family::V4,
            "172.18.0.1/16",
            Some("br-d710e33f6c1a"),
        ),
        ("Using autodetected IPv4 address 10.0.0.3/24 on matching interface eth0", Family::V4, "10.0.0.3/24", Some("eth0")),
        (
            "Using autodetected IPv4 address 10.0.0.3/24 on interface eth0 matching cidrs [10.0.0.0/24]",
            Family::V4,
            "10.0.0.3/24",
            Some("eth0"),
        ),
        ("Using autodetected IPv4 address 10.0.0.3/24, detected by connecting to 10.0.0.100", Family::V4, "10.0.0.3/24", None),
        (
            "Using autodetected IPv6 address on interface ens3: fd00:10::3/64 while skipping matching interfaces",
            Family::V6,
            "fd00:10::3/64",
            Some("ens3"),
        ),
        ("Including CIDR information from host interface. CIDR=\"192.168.56.13/24\"", Family::V4, "192.168.56.13/24", None),
        ("Using autodetected IPv4 address on interface tailscale0: 100.92.24.103/32", Family::V4, "100.92.24.103/32", Some("tailscale0")),
    ] {
        let log = read(&format!("2026-11-23 15:51:41.274 [INFO][9] startup/autodetection_methods.go 103: {text}\n"));
        let found = detection(&log.marks[0]).expect(text);
        assert_eq!((found.family, found.cidr().as_str(), found.interface.as_deref()), (family, cidr, interface), "{text}");
    }
    let log = read("Using autodetected IPv4 address from the moon\nTerminating\n");
    assert_eq!(log.marks.iter().map(detection).collect::<Vec<_>>(), [None, None]);
}

#[test]
fn every_reason_to_exit() {
    let no_address = "2024-01-02 03:04:05.678 [WARNING][9] startup/startup.go 1: Unable to auto-detect an IPv4 address: no valid IPv4 addresses found on the host interfaces\n\
        2024-01-02 03:04:05.679 [WARNING][9] startup/startup.go 2: Couldn't autodetect an IPv4 address. If auto-detecting, choose a different autodetection method. Otherwise provide an explicit address.\n\
        2024-01-02 03:04:05.680 [INFO][9] startup/startup.go 391: Clearing out-of-date IPv4 address from this node IP=\"\"";
    for (line, expected) in [
        (no_address, "Some(NoAddress)"),
        (
            "2024-01-02 03:04:05.678 [WARNING][9] startup/startup.go 3: Connection to the datastore is unauthorized error=x",
            "Some(DatastoreUnauthorized)",
        ),
        ("2024-01-02 03:04:05.678 [FATAL][9] felix/daemon.go 3: Failed to connect to Typha error=x", "Some(TyphaUnreachable)"),
        (
            "2026-11-23 16:00:00.000 [FATAL][45] tunnel-ip-allocator/allocateip.go 1: Tunnel IP allocator failed error=update conflict: Node(node-2)",
            UPDATE_CONFLICT,
        ),
        (
            "2024-01-02 03:04:05.678 [ERROR][9] startup/startup.go 3: Unable to read the ConfigMap error=context deadline exceeded",
            "Some(Fatal { text: \"Unable to read the ConfigMap error=context deadline exceeded\" })",
        ),
        ("panic: runtime error: index out of range", "Some(Fatal { text: \"panic: runtime error: index out of range\" })"),
        ("2024-01-02 03:04:05.678 [WARNING][9] startup/x.go 3: none of note", "None"),
    ] {
        let log = read(&format!(
            "2024-01-02 03:04:05.000 [INFO][9] startup/startup.go 1: Early log level set to info\n{line}\nCalico node failed to start\n"
        ));
        assert_eq!(verdict(&log), expected, "{line}");
    }
    let forbidden = "2024-01-02 03:04:05.678 [ERROR][9] startup/startup.go 3: Failed error=nodes is forbidden: User \"system:serviceaccount:kube-system:calico-node\" cannot list resource \"nodes\"\nCalico node failed to start\n";
    assert!(verdict(&read(forbidden)).starts_with("Some(Forbidden"));
}

#[test]
fn trouble_after_the_start_is_marked_and_the_start_stands() {
    let after = [
        (
            "2024-01-02 03:04:06.000 [ERROR][81] felix/health.go 1: Health endpoint failed, trying to restart it... error=listen tcp 127.0.0.1:9099: bind: address already in use",
            HealthPortTaken,
        ),
        (
            "2024-01-02 03:04:06.000 [ERROR][81] felix/health.go 1: Health endpoint failed, trying to restart it... error=listen tcp: lookup localhost on 10.96.0.10:53: no such host",
            HealthEndpointFailed,
        ),
        ("2024-01-02 03:04:06.000 [WARNING][81] felix/health.go 1: Report timed out name=\"int_dataplane\"", FelixTimedOut),
        (
            "2023-09-17 16:22:39.290 [WARNING][12833] felix/table.go 765: iptables-nft-save command failed error=iptables-save failed because there are incompatible nft rules in the table ipVersion=0x4 stderr=\"\" table=\"filter\"",
            IptablesFailed,
        ),
        (
            "2023-09-17 16:22:39.290 [PANIC][12833] felix/table.go 771: iptables-legacy-save command failed after retries ipVersion=0x4 table=\"nat\"",
            IptablesFailed,
        ),
        (
            "2024-01-02 03:04:06.000 [INFO][81] felix/usagerep.go 94: Failed to report usage/get deprecation warnings. error=Get \"https://usage.projectcalico.org/UsageCheck/calicoVersionCheck\": context deadline exceeded",
            UsageReportFailed,
        ),
        ("| BPFEndpointManager        | -       | -              | reporting non-ready | Failed to configure interfaces |", FelixNotReady),
        ("bird: Mesh_10_0_0_2: Socket error: bind: Address not available", BgpAddressGone),
        ("bird: Socket error: bind: Address in use", BgpPortTaken),
        ("CALICO_NETWORKING_BACKEND is vxlan - no need to run a BGP daemon", BackendNotBird),
        ("CALICO_NETWORKING_BACKEND is none - no BGP daemon running", BackendNotBird),
        (
            "2021-11-19 03:27:46.413 [FATAL][1674] confd/startsyncerclient.go 48: Typha discovery enabled but discovery failed. error=x",
            TyphaFailed,
        ),
        ("bird: BGP: Unexpected connect from unknown address 192.168.1.5 (port 40000)", BgpUnexpectedPeer),
        (
            "2024-01-02 03:04:06.000 [INFO][76] monitor-addresses/autodetection_methods.go 103: Using autodetected IPv4 address on interface nodelocaldns: 10.96.0.10/32",
            Autodetected,
        ),
    ];
    let mut text = String::from(
        "2024-01-02 03:04:05.000 [INFO][9] startup/startup.go 1: Early log level set to info\nCalico node started successfully\n",
    );
    for (line, _) in &after {
        text.push_str(line);
        text.push('\n');
    }
    let log = read(&text);
    assert_eq!(kinds(&log)[2..], after.map(|(_, kind)| kind));
    assert_eq!(verdict(&log), "started");
}

#[test]
fn later_programs_do_not_begin_the_start_again() {
    for component in ["monitor-addresses", "status-reporter", "node-services"] {
        let again = format!("2024-01-02 03:05:05.000 [INFO][76] {component}/startup.go 427: Early log level set to info\n");
        let log = read(&(fixture!("healthy.txt").to_owned() + &again));
        assert_eq!((log.marks[0].kind, log.marks.iter().filter(|mark| mark.kind == LogLevel).count()), (LogLevel, 1));
        assert_eq!(verdict(&log), "started");
    }
}

#[test]
fn only_the_last_attempt_counts() {
    let log = read(&(fixture!("invalid-method.txt").to_owned() + fixture!("healthy.txt")));
    assert_eq!(log, read(fixture!("healthy.txt")));
}

#[test]
fn a_log_that_begins_late_is_not_a_quick_start() {
    let log = read("2024-01-02T03:04:05Z Calico node started successfully\n");
    assert_eq!((verdict(&log).as_str(), started_after(&log)), ("started", None));
    let log = read("2024-01-02 03:04:05.000 [INFO][93] confd/run.go 18: Starting calico-confd\n");
    assert_eq!(verdict(&log), "started");
}

#[test]
fn memory_is_bounded_and_the_start_is_never_crowded_out() {
    let mut text = fixture!("healthy.txt").to_owned();
    for n in 0..2000 {
        text.push_str(&format!("bird: BGP: Unexpected connect from unknown address 192.168.1.{n}\n"));
    }
    let log = read(&text);
    assert!(log.marks.len() <= MAX_MARKS);
    assert_eq!(verdict(&log), "started");
    let mut text = String::from("Skipping datastore connection test\n");
    for n in 0..2000 {
        text.push_str(&format!("Using node name: {n}\n"));
    }
    text.push_str("Terminating\n");
    let log = read(&text);
    assert_eq!((log.marks.len(), kinds(&log)[0], kinds(&log).last()), (FIRST + LAST, DatastoreSkipped, Some(&Terminating)));
    let long = format!("Using node name: {}\nTerminating\n", "x".repeat(10 << 20));
    let log = read(&long);
    assert_eq!((log.lines, log.marks[0].text.chars().count()), (2, MAX_TEXT));
}

#[test]
fn repeats_are_folded_and_secrets_masked() {
    let line = "2024-01-02 03:04:05.000 [INFO][9] startup/startup.go 1: Hit error connecting to datastore - retry error=Get https://u:pw@10.0.0.1/: \u{1b}[31mtimeout\n";
    let log = read(&line.repeat(50));
    assert_eq!((log.marks.len(), log.marks[0].times), (1, 50));
    assert_eq!(log.marks[0].text, "Hit error connecting to datastore - retry error=Get https://(masked)@10.0.0.1/: timeout");
}

#[test]
fn a_log_that_is_gone_is_no_start() {
    let text = "unable to retrieve container logs for containerd://5e7ad5b6e30e";
    assert!(is_gone(text));
    assert_eq!(verdict(&read(text)), "cut off");
    assert!(!digest(Cursor::new("x"), false).complete);
}

/// Those of the recorded logs that do not show a start to its end.
const RECORDED: &[(&str, &str)] = &[
    ("master/api-unreachable-from-node-2/node-2.log-previous.info.txt", "cut off"),
    ("master/api-unreachable-from-node-2/node-2.log.info.txt", "cut off"),
    // The recordings of the timed runs keep 25 lines and the last 8.
    ("master/slow-start/N0-RTT300-new.log-previous.timestamps.txt", "cut off"),
    ("master/slow-start/N0-RTT300-new.log.timestamps.txt", "cut off"),
    ("master/slow-start/N0-RTT600-new.log.timestamps.txt", "cut off"),
    ("v3.24.5/conflict-two-bridges/node-2.log-previous.info.txt", "cut off"),
    ("v3.24.5/conflict-two-bridges/node-2.log.info.txt", CONFLICT),
    ("v3.24.5/incident2-debug/node-2.log-previous.debug.txt", "cut off"),
    ("v3.24.5/incident2-debug/node-2.log-previous.timestamps.txt", "cut off"),
    ("v3.24.5/incident2-debug/node-2.log.debug.txt", "cut off"),
    ("v3.24.5/incident2-debug/node-2.log.timestamps.txt", "cut off"),
    ("v3.24.5/incident2-info/node-2.log-previous.info.txt", UPDATE_CONFLICT),
    ("v3.24.5/incident2-info/node-2.log-previous.timestamps.txt", UPDATE_CONFLICT),
    ("v3.24.5/incident2-info/node-2.log.info.txt", UPDATE_CONFLICT),
    ("v3.24.5/incident2-info/node-2.log.timestamps.txt", UPDATE_CONFLICT),
    ("v3.24.5/method-invalid-word/node-3.log-previous.info.txt", INVALID),
    ("v3.24.5/method-invalid-word/node-3.log.info.txt", INVALID),
    ("v3.24.5/slow-start/N0-RTT0-new.log.timestamps.txt", "cut off"),
    ("v3.24.5/slow-start/N0-RTT100-new.log.timestamps.txt", "cut off"),
    ("v3.24.5/slow-start/N0-RTT1000-new.log.timestamps.txt", "cut off"),
    ("v3.24.5/slow-start/N0-RTT300-new.log.timestamps.txt", "cut off"),
    ("v3.24.5/slow-start/N0-RTT600-new.log.timestamps.txt", "cut off"),
    ("v3.24.5/slow-start/N0-RTT600-restart.log-previous.timestamps.txt", UPDATE_CONFLICT),
    ("v3.24.5/slow-start/N1000-RTT0-new.log.timestamps.txt", "cut off"),
    ("v3.24.5/slow-start/N1000-RTT300-new.log.timestamps.txt", "cut off"),
];

/// Marks that a check could take for trouble; the logs of clusters in health have none.
const TROUBLE: [LogEventKind; 9] =
    [Forbidden, TyphaFailed, Fatal, HealthPortTaken, HealthEndpointFailed, FelixTimedOut, BgpPortTaken, BgpAddressGone, BgpUnexpectedPeer];

#[test]
fn every_recorded_log() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/real"));
    let logs = logs_below(root);
    for (name, _) in RECORDED {
        assert!(logs.iter().any(|path| path == &root.join(name)), "{name} is not there");
    }
    for path in logs {
        let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
        let log = digest(Cursor::new(std::fs::read(&path).expect("reads")), true);
        let expected = RECORDED.iter().find(|(recorded, _)| *recorded == name).map_or("started", |(_, expected)| expected);
        assert_eq!(verdict(&log), expected, "{name}");
        assert!(log.marks.iter().all(|mark| !TROUBLE.contains(&mark.kind)), "{name}: {:?}", log.marks);
    }
}

fn logs_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("reads") {
        let path = entry.expect("reads").path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            found.extend(logs_below(&path));
        } else if name.to_ascii_lowercase().starts_with('n') && name.contains(".log") {
            found.push(path);
        }
    }
    found
}

/// Each start begins with a report that is not ready, and the next one takes it back.
#[test]
fn a_report_of_felix_counts_until_the_next() {
    let report = |ready: bool, readiness: &str| {
        format!(
            "2024-06-11 12:20:13.002 [INFO][60] felix/health.go 336: Overall health status changed: live=true ready={ready}\n\
             | CalculationGraph   | 30s | reporting live | reporting ready     |                                |\n\
             | BPFEndpointManager | -   | -              | {readiness} | Failed to configure interfaces |\n"
        )
    };
    let (lame, sound) = (report(false, "reporting non-ready"), report(true, "reporting ready    "));
    let started = "Calico node started successfully\n";
    for (text, expected) in [
        (format!("{started}{lame}"), true),
        (lame.clone(), true),
        (format!("{started}{lame}{sound}"), false),
        (format!("{started}{lame}{sound}{lame}"), true),
        (format!("{lame}{sound}"), false),
        (sound.clone(), false),
    ] {
        let marked = read(&text).marks.iter().any(|mark| mark.kind == FelixNotReady);
        assert_eq!(marked, expected, "{text}");
    }
}
