//! What each fuzz target does with its bytes: read them, and hold what must hold of any answer.
//! libFuzzer runs these (`fuzz_targets/`), and so does `tests/offline/fuzzed.rs`, over kept inputs and damaged ones.

use calico_fix::calico::route_get::{self, Destination};
use calico_fix::calico::session::Session;
use calico_fix::calico::{bird, events, inspection, interfaces, routes, startup_log};
use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::edit::undo_record::UndoRecord;
use calico_fix::finding::verdict::Verdict;
use calico_fix::import::load;
use calico_fix::reports::startup_log::explain_logs;
use calico_fix::snapshot::family::Family;
use calico_fix::snapshot::save;
use calico_fix::snapshot::secrets::{LineMasker, masked};
use calico_fix::startup::log_source::LogSource;
use calico_fix::text::{clean, is_unsafe, shell};

/// Takes any bytes, and must not panic.
pub type Target = fn(&[u8]);

/// By the names of `fuzz_targets/`.
pub const TARGETS: [(&str, Target); 8] = [
    ("bird", bird),
    ("event_text", event_text),
    ("inside", inside),
    ("masker", masker),
    ("pasted", pasted),
    ("record", record),
    ("snapshot", snapshot),
    ("startup_log", startup_log),
];

/// `show protocols` and, behind a NUL, `show status`.
pub fn bird(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (protocols, status) = text.split_once('\0').unwrap_or((&text, ""));
    let Ok(bird) = bird::parse(protocols, status) else { return };
    for row in &bird.protocols {
        assert!(!row.name.is_empty() && !row.info.chars().any(char::is_control));
        for family in Family::ALL {
            if let Some(session) = Session::from_protocol(row, family) {
                assert_eq!(Family::from_address(session.address), family);
                let _ = session.last_error();
            }
        }
    }
}

pub fn event_text(bytes: &[u8]) {
    let message = String::from_utf8_lossy(bytes);
    for reason in ["Unhealthy", "Killing", "BackOff"] {
        let _ = events::parse(reason, &message);
        let _ = events::parse(
            reason,
            &format!("Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with {message}"),
        );
    }
}

pub fn inside(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = inspection::parse(&text, &[Destination::Address("10.0.0.1".into()), Destination::Name("api.lan".into())]);
    let _ = (route_get::parse(&text), route_get::refusal(&text), route_get::rules(&text));
    if let Ok(found) = interfaces::parse(&text) {
        assert!(!found.is_empty());
        for entry in found.iter().flat_map(|interface| &interface.addresses) {
            assert!(entry.prefix_length <= if entry.address.is_ipv4() { 32 } else { 128 });
        }
    }
    for family in Family::ALL {
        let _ = routes::parse(&text, family);
    }
}

pub fn masker(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let once = masked(&text).into_owned();
    assert!(!once.contains("-----BEGIN "), "{once}");
    let mut lines = LineMasker::default();
    text.lines().for_each(|line| drop(lines.line(line)));
    if let Some(line) = shell::command(&["kubectl", &text]) {
        assert!(clean(&line) == line && !line.chars().any(is_unsafe));
    }
}

/// Beginnings of each format, so that the readers behind the recognizers are reached. The first byte chooses.
const HEADS: [&str; 25] = [
    "",
    "Name: calico-node-aaaaa\nNamespace: x\nNode: n/1\n",
    "Name: n\nRoles: x\nLabels: a=b\n",
    "Name: calico-node\nSelector: a=b\n",
    "NAME   READY   STATUS   RESTARTS   AGE   IP   NODE\n",
    "NAME   STATUS   ROLES   AGE   VERSION   INTERNAL-IP\n",
    "LAST SEEN   TYPE   REASON   OBJECT   MESSAGE\n",
    "LAST SEEN   FIRST SEEN   COUNT   NAME   KIND   SUBOBJECT   TYPE   REASON   SOURCE   MESSAGE\n",
    "Events:\n  Type  Reason  Age  From  Message\n",
    "NAME   DESIRED   CURRENT   READY   UP-TO-DATE\n",
    "IPv4 BGP status\n",
    "NAME   CIDR   NAT   IPIPMODE   SELECTOR\n",
    "NAME   PEERIP   NODE   ASN\n",
    "NAME   ASN   IPV4   IPV6\n",
    "1: lo: <UP> mtu 1\n",
    "lo   UNKNOWN   127.0.0.1/8\n",
    "eth0: flags=1<UP>  mtu 1\n",
    "[{\"dst\":\"default\",\"dev\":\"eth0\"}]\n",
    "BIRD 1.6.8 ready.\nname proto table state since info\n",
    "2026-05-12 05:18:33.000 [INFO][9] startup/startup.go 427: x\n",
    "time,pod,message\n1,calico-node-aaaaa,\"2026-05-12 05:18:33.000 [INFO][9] startup/startup.go 427: x\"\n",
    "{\"line\":\"2026-05-12 05:18:33.000 [INFO][9] startup/startup.go 427: x\"}\n",
    "```\nroot@node-3:~# ip a\n",
    "Nov 20 09:28:41 node-3 kubelet[1187]: I1120 09:28:41.337201    1187 prober.go:107] \"Probe failed\" probeType=\"Readiness\" pod=\"kube-system/calico-node-x7p2l\" output=\"",
    "$ kubectl get node x -o yaml\napiVersion: v1\nkind: Node\n",
];

pub fn pasted(bytes: &[u8]) {
    let (choice, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let head = HEADS[usize::from(*choice) % HEADS.len()];
    let text = format!("{head}{}", String::from_utf8_lossy(rest));
    let Ok(snapshot) = load(&["-".into()], &mut text.as_bytes()) else { return };
    if snapshot.sources.iter().any(|source| source.line.is_some()) {
        assert_ne!(diagnose(&snapshot, &Scope::default()).verdict, Verdict::Healthy);
    }
    for source in &snapshot.sources {
        assert!(!source.to_string().is_empty());
    }
    let yaml = save::to_yaml(&snapshot).expect("writes");
    load(&["-".into()], &mut yaml.as_bytes()).expect("reads back what was written");
}

pub fn record(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(record) = UndoRecord::parse(&text) {
        let _ = (record.is_finished(), record.as_patch());
    }
}

const OURS: &[u8] = b"apiVersion: calico-fix/v1\nkind: Snapshot\ntakenAt: 2026-01-01T00:00:00Z\norigin: live\n";

/// Of any kind, and behind the head of a snapshot of ours.
pub fn snapshot(bytes: &[u8]) {
    for bytes in [bytes, &[OURS, bytes].concat()] {
        let Ok(snapshot) = load(&["-".into()], &mut &bytes[..]) else { continue };
        let _ = diagnose(&snapshot, &Scope::default());
        let saved = save::to_yaml(&snapshot).expect("what was read can be written");
        let again = load(&["-".into()], &mut saved.as_bytes()).expect("what was written can be read");
        assert_eq!(snapshot, again);
    }
}

pub fn startup_log(log: &[u8]) {
    let cut = log.first().map_or(1, |byte| usize::from(*byte).max(1));
    let read = |size: usize| {
        let mut reader = startup_log::Reader::new(5);
        log.chunks(size).for_each(|chunk| reader.push(chunk));
        reader.finish(true)
    };
    let found = read(cut);
    assert!(found == read(usize::MAX) && found.attempts.len() <= 5);
    let _ = explain_logs(&[LogSource::from_file(String::new(), found)], None);
    let log = startup_log::digest(log, true);
    assert!(log.marks.len() <= startup_log::MAX_MARKS);
    for mark in &log.marks {
        assert!(!mark.text.chars().any(char::is_control));
        let _ = startup_log::detection(mark).map(|found| found.cidr());
    }
    let exited = matches!(startup_log::outcome(&log), startup_log::Outcome::Exited { .. });
    assert!(exited || startup_log::exit_reason(&log).is_none());
    let _ = (startup_log::started_after(&log), startup_log::last_phase(&log));
}
