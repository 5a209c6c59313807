use super::*;
use crate::snapshot::inspection::GracefulRestart;

const HEALTHY: &str = include_str!("../../../tests/fixtures/bird/healthy.protocols.txt");
const RAW: &str = include_str!("../../../tests/fixtures/bird/down-row.protocols.raw.txt");
const RESTARTING: &str = include_str!("../../../tests/fixtures/bird/restarting.status.raw.txt");
const DETAILS: &str = include_str!("../../../tests/fixtures/bird/healthy.protocols-all.txt");

#[test]
fn birdcl_text() {
    let bird = parse(HEALTHY, "").expect("parses");
    assert_eq!(bird.version.as_deref(), Some("v0.3.3+birdv1.6.8"));
    assert_eq!(bird.protocols.len(), 6);
    let peer = &bird.protocols[4];
    assert_eq!((peer.name.as_str(), peer.state.as_str(), peer.info.as_str()), ("Mesh_10_0_0_1", "up", "Established"));
    assert_eq!(bird.graceful_restart, None);
}

#[test]
fn raw_socket_text_with_a_row_of_five_columns() {
    let bird = parse(RAW, "").expect("parses");
    let down = bird.protocols.last().expect("rows");
    assert_eq!(
        (down.name.as_str(), down.state.as_str(), down.since.as_str(), down.info.as_str()),
        ("Mesh_10_0_0_3", "down", "09:57:17", "")
    );
}

#[test]
fn details_below_rows_are_passed_over() {
    let bird = parse(DETAILS, "").expect("parses");
    assert_eq!(bird.protocols.len(), 2);
    assert_eq!(bird.protocols[1].name, "Mesh_10_0_0_1");
}

#[test]
fn status_with_a_graceful_restart_pending() {
    let bird = parse(HEALTHY, RESTARTING).expect("parses");
    assert_eq!(bird.graceful_restart, Some(GracefulRestart { waiting_for: 2, timer: 239, limit: 240 }));
    assert_eq!(bird.router_id.as_deref(), Some("10.0.0.1"));
    assert_eq!(bird.last_reboot.as_deref(), Some("2026-11-23 10:03:12"));
    assert_eq!(bird.version.as_deref(), Some("1.6.8"));
}

#[test]
fn a_long_since_stays_whole() {
    let text = "name proto table state since info\nMesh_10_0_0_2 BGP master up 2026-11-20 10:00:01 Established\n";
    let row = &parse(text, "").expect("parses").protocols[0];
    assert_eq!((row.since.as_str(), row.info.as_str()), ("2026-11-20 10:00:01", "Established"));
}

#[test]
fn nobody_on_the_socket_is_not_running() {
    for (text, reason) in [
        ("Unable to connect to server control socket (/var/run/calico/bird.ctl): Connection refused\n", "Connection refused"),
        ("Unable to connect to server control socket (/var/run/bird/bird.ctl): No such file or directory", "No such file or directory"),
    ] {
        assert_eq!(parse("", text), Err(BirdError::NotRunning { reason: reason.into() }));
        assert_eq!(parse(text, ""), Err(BirdError::NotRunning { reason: reason.into() }));
    }
}

#[test]
fn unknown_text_is_an_error_never_an_empty_list() {
    for text in [
        "",
        "\n\n",
        "BIRD 1.6.8 ready.\n",
        "Error from server: etcd timed out",
        "name proto state\n",
        "BIRD 1.6.8 ready.\nname     proto    table    state  since       info\nstatic1 Static\n",
        "BIRD 1.6.8 ready.\nname proto table state since info\nMesh_10_0_0_2 BGP master up Established\n",
        "0001 BIRD 1.6.8 ready.\n9001 syntax error\n",
        "0001 BIRD 1.6.8 ready.\n2002-name     proto    table    state  since       info\n8003 No protocols match\n",
    ] {
        assert!(matches!(parse(text, ""), Err(BirdError::Unrecognised { .. })), "{text:?}");
    }
    assert!(parse(HEALTHY, "what is this").is_err());
}

#[test]
fn a_table_without_rows_is_empty_and_known() {
    assert_eq!(parse("name proto table state since info\n", "").expect("parses").protocols, []);
}

#[test]
fn a_row_of_control_characters_is_no_row() {
    let text = "name proto table state since info\n\u{7} \u{7} \u{7} \u{7} 1\u{7} \u{7}\n";
    assert!(matches!(parse(text, ""), Err(BirdError::Unrecognised { .. })));
    let text = "name proto table state since info\n\u{7} static1 Static master up 09:56:27\n";
    assert_eq!(parse(text, "").expect("parses").protocols.remove(0).name, "static1");
}

#[test]
fn size_is_bounded() {
    let mut text = String::from("name proto table state since info\n");
    for _ in 0..=MAX_ROWS {
        text.push_str("static1 Static master up 09:56:27\n");
    }
    assert_eq!(parse(&text, ""), Err(BirdError::TooLong));
    let long = format!("name proto table state since info\n{} BGP master up 09:56:27 {}\n", "x".repeat(1 << 20), "y".repeat(1 << 20));
    let row = parse(&long, "").expect("parses").protocols.remove(0);
    assert!(row.name.chars().count() <= MAX_FIELD && row.info.chars().count() <= MAX_FIELD);
}
