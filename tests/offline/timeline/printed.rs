//! What people and programs read.

use calico_fix::calico::startup_log;
use calico_fix::render::style::Style;
use calico_fix::render::{data, timeline};
use calico_fix::reports::startup_log::{StartupLogReport, explain_logs};
use calico_fix::startup::log_source::{ContainerLog, ContainerState, EndCause, LogSource};

use super::{explained, seed};

const WIDE: Style = Style { colour: false, width: Some(120), full_names: false };
const NARROW: Style = Style { colour: false, width: Some(60), full_names: false };

fn print(report: &StartupLogReport, style: &Style) -> String {
    let mut out = Vec::new();
    timeline::write(report, false, style, &mut out).expect("writes");
    String::from_utf8(out).expect("text")
}

/// As the cluster tells it: two containers that the kubelet killed, and one that is at work.
fn live() -> LogSource {
    let read = |text: &str| startup_log::read(text.as_bytes(), 20).0;
    let killed = ContainerState::Ended { lived: Some(std::time::Duration::from_secs(25)), by: EndCause::Liveness };
    LogSource {
        from: "calico-node-7hdtt".into(),
        node: Some("node-2".into()),
        logs: vec![
            ContainerLog { attempts: read(include_str!("../../fixtures/logs/killed-at-debug.timestamps.txt")), state: killed },
            ContainerLog {
                attempts: read(include_str!("../../fixtures/logs/update-conflict.timestamps.txt")),
                state: ContainerState::Running,
            },
        ],
        budget: Some(std::time::Duration::from_secs(25)),
        ..LogSource::default()
    }
}

#[test]
fn the_incident_in_a_terminal() {
    insta::assert_snapshot!(print(&explained(&seed::INCIDENT.log()), &WIDE));
}

#[test]
fn the_incident_in_a_pipe() {
    insta::assert_snapshot!(print(&explained(&seed::INCIDENT.log()), &Style::default()));
}

#[test]
fn a_healthy_start_in_a_narrow_terminal() {
    insta::assert_snapshot!(print(&explained(include_str!("../../fixtures/logs/healthy.txt")), &NARROW));
}

#[test]
fn a_node_with_kills_and_exits() {
    insta::assert_snapshot!(print(&explain_logs(&[live()], None), &WIDE));
}

#[test]
fn several_logs() {
    let healthy = startup_log::read(&include_bytes!("../../fixtures/logs/healthy.txt")[..], 20).0;
    let report = explain_logs(&[live(), LogSource::from_file("healthy.log".into(), healthy)], None);
    insta::assert_snapshot!(print(&report, &Style::default()));
}

#[test]
fn yaml_of_the_incident() {
    let mut out = Vec::new();
    data::yaml(&explained(&seed::INCIDENT.log()), &mut out).expect("writes");
    insta::assert_snapshot!(String::from_utf8(out).expect("text"));
}

#[test]
fn colour_says_how_it_ended_and_moves_nothing() {
    let report = explained(&seed::INCIDENT.log());
    let painted = print(&report, &Style { colour: true, ..WIDE });
    assert!(painted.contains("\u{1b}[1m\u{1b}[31m") || painted.contains("\u{1b}[31m"), "{painted:?}");
    assert_eq!(calico_fix::text::clean_lines(&painted), print(&report, &WIDE));
}

#[test]
fn nothing_hostile_reaches_the_terminal() {
    let text = "time=\"2018-10-31T07:47:16Z\" level=info msg=\"Early log level set to debug\"\n\
        Starting node \u{1b}[2Jevil\u{202e} with version v1\u{7}\nQuerying interface addresses Interface=\u{9b}2J\n\
        Using autodetected IPv4 address 10.0.0.1/24 on matching interface br-\u{1b}]0;x\u{7}\nTerminating\n";
    for style in [WIDE, Style::default()] {
        let printed = print(&explained(text), &style);
        assert!(printed.chars().all(|c| c == '\n' || !calico_fix::text::is_unsafe(c)), "{printed:?}");
    }
}
