//! Logs in, an explanation out: the incident's own log, every recorded one, and what people read.

#![allow(clippy::disallowed_macros, reason = "a test says what it skips")]

mod agreement;
mod borders;
mod printed;
mod recorded;
mod seed;

use std::io::Cursor;

use calico_fix::calico::startup_log::{self, StartPhase};
use calico_fix::finding::code::Code;
use calico_fix::reports::startup_log::{StartupLogReport, explain_logs};
use calico_fix::startup::log_source::LogSource;
use calico_fix::startup::timeline::{AttemptEnd, AttemptRow, EstimateBasis};
use seed::Seed;

fn explained(text: &str) -> StartupLogReport {
    let (found, error) = startup_log::read(Cursor::new(text), 20);
    assert!(error.is_none());
    explain_logs(&[LogSource::from_file("calico-node.log".into(), found)], None)
}

fn codes(report: &StartupLogReport) -> Vec<Code> {
    report.findings.iter().map(|finding| finding.code).collect()
}

fn last(report: &StartupLogReport) -> &AttemptRow {
    report.logs[0].attempts.last().expect("an attempt")
}

#[test]
fn the_incident_was_reading_the_nodes_when_it_was_killed() {
    let report = explained(&seed::INCIDENT.log());
    let attempt = last(&report);
    assert_eq!((attempt.end.how, attempt.end.after_seconds, attempt.end.certain), (AttemptEnd::Killed, Some(58.0), false));
    assert_eq!(attempt.phases.last().map(|row| (row.phase, row.unfinished)), Some((StartPhase::CheckingConflicts, true)));
    let nodes = attempt.requests.as_ref().and_then(|requests| requests.nodes.as_ref()).expect("reads of nodes");
    assert_eq!((nodes.listed, nodes.read, nodes.reads_per_node), (Some(53), 52, Some(6.0)));
    let need = attempt.needs.as_ref().expect("an estimate");
    assert_eq!((need.basis, need.nodes), (EstimateBasis::NodeReads, Some(53)));
    // What the generator would really have taken: 53 × 6 reads of 0.185 s behind the first second.
    assert!((need.seconds - 59.9).abs() < 2.0, "{need:?}");
    assert_eq!(need.budget_seconds, 160);
    let [finding] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
    assert_eq!(finding.code, Code::KilledWhileStarting);
    for says in ["was killed after 58s", "52 of 53 nodes", "for 53 nodes", "a startup limit of 160s is enough"] {
        assert!(finding.message.contains(says), "{says}: {}", finding.message);
    }
    let by_hand = finding.fix.as_ref().and_then(|fix| fix.by_hand.as_ref()).expect("a fix");
    assert!(
        by_hand.command.contains(r#""livenessProbe":{"failureThreshold":10,"initialDelaySeconds":60,"periodSeconds":10}"#),
        "{}",
        by_hand.command
    );
}

#[test]
fn its_healthy_twin_started() {
    let report = explained(&seed::NEARBY.log());
    assert_eq!((codes(&report), last(&report).end.how), (vec![], AttemptEnd::Started));
    assert!(report.unseen.is_empty() && report.debug_would_add.is_none(), "{report:?}");
}

#[test]
fn more_nodes_and_a_longer_way_take_longer() {
    for (nodes, round_trip, whole) in [(53, 0.36, 116.5), (200, 0.1, 121.0), (400, 0.1, 241.0)] {
        let report = explained(&Seed { nodes, round_trip, killed_after: Some(60.0) }.log());
        let need = last(&report).needs.clone().expect("an estimate");
        assert!((need.seconds - whole).abs() / whole < 0.08, "{nodes} {round_trip}: {need:?}");
        assert_eq!(need.nodes, Some(nodes as u64));
        assert!(need.budget_seconds as f64 >= need.seconds * 1.5, "{need:?}");
    }
}

#[test]
fn an_excerpt_gives_no_estimate() {
    // As the incident was told: most of the reads are left out.
    let whole = seed::INCIDENT.log();
    let lines: Vec<&str> = whole.lines().collect();
    let excerpt = [&lines[..24], &["", ".... 省略类似log ....", ""], &lines[lines.len() - 8..]].concat().join("\n");
    let report = explained(&excerpt);
    assert_eq!(codes(&report), [Code::KilledWhileStarting]);
    assert_eq!(last(&report).needs, None);
    assert!(report.findings[0].message.contains("while still reading the nodes' data"), "{}", report.findings[0].message);
}

#[test]
fn attempts_in_one_log_are_told_apart() {
    let killed = seed::INCIDENT.log();
    let exited = include_str!("../../fixtures/logs/invalid-method.txt");
    let healthy = include_str!("../../fixtures/logs/healthy.txt");
    for (parts, ends, expected) in [
        (vec![&*killed, &*killed], vec![AttemptEnd::Killed, AttemptEnd::Killed], vec![Code::KilledWhileStarting]),
        (vec![&*killed, healthy], vec![AttemptEnd::Killed, AttemptEnd::Started], vec![Code::KilledWhileStarting]),
        (vec![healthy, &*killed], vec![AttemptEnd::Started, AttemptEnd::Killed], vec![Code::KilledWhileStarting]),
        (vec![&*killed, exited], vec![AttemptEnd::Killed, AttemptEnd::Exited], vec![Code::MethodInvalid]),
        (vec![exited, exited, healthy], vec![AttemptEnd::Exited, AttemptEnd::Exited, AttemptEnd::Started], vec![]),
    ] {
        let report = explained(&parts.concat());
        let seen: Vec<AttemptEnd> = report.logs[0].attempts.iter().map(|attempt| attempt.end.how).collect();
        assert_eq!((seen, codes(&report)), (ends, expected));
    }
    // What another attempt follows was killed for certain.
    let report = explained(&[killed.clone(), killed].concat());
    assert_eq!(report.logs[0].attempts.iter().map(|attempt| attempt.end.certain).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_terse_log_starts_anew_with_its_first_line() {
    let attempt = "Skipping datastore connection test\nUsing autodetected IPv4 address 10.12.13.12/24 on matching interface eth0\n";
    let report = explained(&attempt.repeat(3));
    let seen: Vec<AttemptEnd> = report.logs[0].attempts.iter().map(|attempt| attempt.end.how).collect();
    assert_eq!(seen, [AttemptEnd::Killed, AttemptEnd::Killed, AttemptEnd::NotKnown]);
    assert!(report.debug_would_add.is_some());
}

#[test]
fn a_later_piece_of_a_log_is_no_killed_start() {
    let felix: String =
        (0..40).map(|minute| format!("2026-11-23 15:{minute:02}:47.590 [INFO][81] felix/summary.go 100: Summarising 15 loops\n")).collect();
    let report = explained(&felix);
    assert_eq!((codes(&report), last(&report).end.how), (vec![], AttemptEnd::NotKnown));
    assert_eq!(report.unseen.len(), 1);
}

/// A log alone does not show which method is right on every node: the next step is to ask the cluster.
#[test]
fn a_wrong_address_in_a_log_has_a_next_step() {
    for (log, code) in [
        (include_str!("../../fixtures/logs/address-conflict.txt"), Code::AddressConflict),
        (include_str!("../../fixtures/logs/bridge-at-debug.txt"), Code::AddressOnVirtualInterface),
        (include_str!("../../fixtures/logs/invalid-method.txt"), Code::MethodInvalid),
        (include_str!("../../fixtures/logs/no-match-kept.txt"), Code::MethodIneffective),
    ] {
        let report = explained(log);
        let [finding] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
        let command = finding.fix.as_ref().map(|fix| fix.command.as_str());
        assert_eq!((finding.code, command), (code, Some("kubectl calico-fix autodetect")));
    }
    let report = explained(include_str!("../../fixtures/logs/update-conflict.timestamps.txt"));
    assert!(report.findings.iter().all(|finding| finding.fix.is_none()), "{:?}", report.findings);
}
