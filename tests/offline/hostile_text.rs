//! No text from a cluster makes a parser panic: real texts, cut, joined and damaged at random.

use calico_fix::calico::session::Session;
use calico_fix::calico::{bird, events, inspection, interfaces, routes, startup_log};
use calico_fix::snapshot::family::Family;
use proptest::prelude::*;

const SEEDS: [&str; 8] = [
    include_str!("../fixtures/bird/healthy.protocols-all.txt"),
    include_str!("../fixtures/bird/down-row.protocols.raw.txt"),
    include_str!("../fixtures/bird/restarting.status.raw.txt"),
    include_str!("../fixtures/ip/bridge.addr.txt"),
    include_str!("../fixtures/ip/bridge.addr.json"),
    include_str!("../fixtures/logs/address-conflict.txt"),
    include_str!("../fixtures/logs/etcd-killed.logrus.txt"),
    "Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with 10.0.0.1,fd00::22019-04-10 11:25:07 token=\"x\" https://a:b@c",
];

/// A seed with pieces cut out, repeated and replaced, each at (place, length, new text).
fn damaged() -> impl Strategy<Value = String> {
    let damage = (
        0.0..1.0f64,
        0usize..24,
        prop_oneof!["\\PC{0,4}", "[0-9:/._=\"' \\\\\\[\\]-]{0,4}", Just("\u{1b}[".to_owned()), Just("\0é\n".to_owned())],
    );
    (0..SEEDS.len(), prop::collection::vec(damage, 1..12)).prop_map(|(seed, damages)| {
        let mut text: Vec<char> = SEEDS[seed].chars().collect();
        for (place, length, new) in damages {
            let at = ((text.len() as f64) * place) as usize;
            let end = (at + length).min(text.len());
            text.splice(at..end, new.chars());
        }
        text.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn every_parser_holds(text in damaged()) {
        for parsed in [bird::parse(&text, ""), bird::parse(&text, &text)].into_iter().flatten() {
            for row in &parsed.protocols {
                prop_assert!(!row.info.chars().any(char::is_control));
                for family in Family::ALL {
                    prop_assert!(Session::from_protocol(row, family).is_none_or(|session| Family::from_address(session.address) == family));
                }
            }
        }
        let log = startup_log::digest(text.as_bytes(), true);
        prop_assert!(log.marks.len() <= startup_log::MAX_MARKS);
        for mark in &log.marks {
            prop_assert!(!mark.text.chars().any(char::is_control));
            let _ = startup_log::detection(mark);
        }
        let exited = matches!(startup_log::outcome(&log), startup_log::Outcome::Exited { .. });
        prop_assert!(exited || startup_log::exit_reason(&log).is_none());
        let _ = (startup_log::started_after(&log), startup_log::last_phase(&log), inspection::parse(&text, &[]));
        prop_assert!(interfaces::parse(&text).is_ok_and(|found| !found.is_empty()) || interfaces::parse(&text).is_err());
        for reason in ["Unhealthy", "Killing", "BackOff"] {
            let _ = events::parse(reason, &text);
            let _ = events::parse(reason, &format!("Readiness probe failed: BGP not established with {text}"));
        }
        for family in Family::ALL {
            let _ = routes::parse(&text, family);
        }
    }
}
