use super::*;
use crate::calico::bgp_error::ErrorMeaning;

fn row(name: &str, state: &str, info: &str) -> Protocol {
    Protocol {
        name: name.into(),
        proto: "BGP".into(),
        table: "master".into(),
        state: state.into(),
        since: "10:00:00".into(),
        info: info.into(),
    }
}

#[test]
fn names_become_addresses() {
    for (name, family, kind, address, port) in [
        ("Mesh_10_0_0_2", Family::V4, PeerKind::Mesh, "10.0.0.2", None),
        ("Mesh_fd00_10__2", Family::V6, PeerKind::Mesh, "fd00:10::2", None),
        ("Mesh_2001_db8_0_1__abcd_12", Family::V6, PeerKind::Mesh, "2001:db8:0:1::abcd:12", None),
        ("Mesh___1", Family::V6, PeerKind::Mesh, "::1", None),
        ("Node_fd00_10__9_port_179", Family::V6, PeerKind::Node, "fd00:10::9", Some(179)),
        ("Global_10_0_0_9_port_1790", Family::V4, PeerKind::Global, "10.0.0.9", Some(1790)),
        ("Local_Workload_10_65_0_2", Family::V4, PeerKind::LocalWorkload, "10.65.0.2", None),
    ] {
        let session = Session::from_protocol(&row(name, "up", "Established"), family).expect(name);
        assert_eq!((session.kind, session.address.to_string().as_str(), session.port), (kind, address, port), "{name}");
        assert!(session.is_established());
    }
}

#[test]
fn what_is_not_a_session_of_calico_is_none() {
    let kernel = Protocol { proto: "Kernel".into(), ..row("Mesh_10_0_0_2", "up", "") };
    assert_eq!(Session::from_protocol(&kernel, Family::V4), None);
    for (name, family) in [
        ("uplink", Family::V4),
        ("Mesh_10_0_0", Family::V4),
        ("Mesh_10_0_0_2", Family::V6),
        ("Mesh_10_0_0_2_port_x", Family::V4),
        ("Mesh_10_0_0_2_port_65536", Family::V4),
        ("Mesh_", Family::V4),
    ] {
        assert_eq!(Session::from_protocol(&row(name, "up", "Established"), family), None, "{name}");
    }
}

#[test]
fn info_splits_into_state_and_last_error() {
    use BgpState::*;
    for (state, info, bgp, error, why) in [
        ("up", "Established", Established, None, None),
        ("start", "Passive", Passive, None, None),
        ("start", "Connect", Connect, None, None),
        ("start", "Active Socket: Connection refused", Active, Some("Socket: Connection refused"), Some(ErrorMeaning::Refused)),
        (
            "start",
            "Connect Socket: Network is unreachable",
            Connect,
            Some("Socket: Network is unreachable"),
            Some(ErrorMeaning::Unreachable),
        ),
        (
            "start",
            "Active Socket: No route to host (host-unreachable, code 1)",
            Active,
            Some("Socket: No route to host (host-unreachable, code 1)"),
            Some(ErrorMeaning::Unreachable),
        ),
        ("start", "Active Socket: Connection reset by peer", Active, Some("Socket: Connection reset by peer"), Some(ErrorMeaning::Closed)),
        ("start", "OpenSent Socket: Connection closed", OpenSent, Some("Socket: Connection closed"), Some(ErrorMeaning::Closed)),
        ("start", "Idle BGP Error: Bad peer AS", Idle, Some("BGP Error: Bad peer AS"), Some(ErrorMeaning::OtherAs)),
        (
            "start",
            "Active Received: Hold timer expired",
            Active,
            Some("Received: Hold timer expired"),
            Some(ErrorMeaning::HoldTimerExpired),
        ),
        (
            "start",
            "Idle Received: Administrative shutdown",
            Idle,
            Some("Received: Administrative shutdown"),
            Some(ErrorMeaning::AdminShutdown),
        ),
        (
            "start",
            "Idle Socket: Cannot assign requested address",
            Idle,
            Some("Socket: Cannot assign requested address"),
            Some(ErrorMeaning::AddressNotAvailable),
        ),
        ("start", "Active Socket: Network is off!!", Active, Some("Socket: Network is off!!"), Some(ErrorMeaning::Unknown)),
        ("down", "", Down, None, None),
        ("down", "Error: No listening socket", Down, Some("Error: No listening socket"), Some(ErrorMeaning::NotListening)),
        ("start", "Sideways twice", Other, Some("Sideways twice"), Some(ErrorMeaning::Unknown)),
    ] {
        let session = Session::from_protocol(&row("Mesh_10_0_0_2", state, info), Family::V4).expect("a session");
        assert_eq!((session.bgp, session.error.as_deref(), session.last_error().map(|error| error.meaning)), (bgp, error, why), "{info}");
    }
}

#[test]
fn a_session_that_is_going_down_is_not_established() {
    let session = Session::from_protocol(&row("Mesh_10_0_0_2", "wait", "Established"), Family::V4).expect("a session");
    assert_eq!((session.state, session.is_established()), (State::Other, false));
}
