//! `debug-log` as an operator reads it, for each kind of cluster.

use calico_fix::observed::Observed;
use calico_fix::render::style::Style;
use calico_fix::render::timeline;
use calico_fix::reports::startup_log::explain_logs;
use calico_fix::snapshot::Snapshot;
use calico_fix::startup::saved_logs::saved_logs;
use calico_fix::text;

use super::widths::{WIDTHS, at, with_long_names};
use super::{cases, plain_and_coloured};
use crate::build::*;

const HEALTHY: &str = include_str!("../../fixtures/logs/healthy.txt");
const KILLED: &str = include_str!("../../fixtures/logs/killed-at-debug.timestamps.txt");
const CONFLICT: &str = include_str!("../../fixtures/logs/address-conflict.txt");

fn debug_log(snapshot: &Snapshot) -> impl Fn(&Style) -> String {
    let report = explain_logs(&saved_logs(snapshot, |_| true), Some(snapshot));
    move |style| {
        let mut out = Vec::new();
        timeline::write(&report, false, style, &mut out).expect("writes");
        String::from_utf8(out).expect("text")
    }
}

/// The incidents and their healthy twins bring their own logs.
fn logs() -> Vec<(&'static str, Snapshot)> {
    let bridge = || cases::bridge().log("node-3", HEALTHY);
    let slow = |name, world| cases::slow(name, world).previous(name, KILLED);
    vec![
        ("healthy", cluster().log("node-1", HEALTHY).snapshot()),
        ("a slow start", slow("node-2", cluster()).snapshot()),
        ("the operator's", bridge().operator().snapshot()),
        ("two errors", slow("node-2", bridge()).snapshot()),
        ("an exit", cluster().not_ready("node-2").restarted("node-2", 3, 1, 5, 40).previous("node-2", CONFLICT).snapshot()),
        ("unknown", unreadable(Observed::Failed("the connection was closed".into()))),
        ("forbidden", unreadable(Observed::Forbidden("cannot get resource \"pods/log\"".into()))),
    ]
}

/// Seven nodes in trouble; five of their logs are drawn.
fn five_thousand_nodes() -> Snapshot {
    let names = ["node-17", "node-404", "node-999", "node-1234", "node-2500", "node-3600", "node-4999"];
    let world = names.iter().fold(cases::many_nodes(), |world, name| cases::slow(name, world).previous(name, KILLED));
    world.snapshot()
}

fn unreadable(log: Observed<calico_fix::snapshot::inspection::StartupLog>) -> Snapshot {
    let mut snapshot = cases::slow("node-2", cluster()).previous("node-2", KILLED).snapshot();
    snapshot.logs.get_mut("node-2").expect("its log").previous = log;
    snapshot
}

#[test]
fn debug_log_at_80_columns() {
    let incidents = cases::every().into_iter().filter(|(_, snapshot)| !snapshot.logs.is_empty());
    let verb = "debug-log --no-change";
    let page = |(name, snapshot): (&str, Snapshot)| format!("== {name}\n{}", plain_and_coloured(name, verb, debug_log(&snapshot)));
    insta::assert_snapshot!(
        "debug_log",
        incidents.chain(logs()).chain([("five thousand nodes", five_thousand_nodes())]).map(page).collect::<String>()
    );
}

/// The log ends after 25s of a start that lived for 70s: what its requests would have come to is too little.
#[test]
fn an_estimate_that_the_start_has_outlived_is_not_given() {
    let snapshot = cases::slow("node-2", cluster()).previous("node-2", KILLED).snapshot();
    let page = debug_log(&snapshot)(&Style::default());
    assert!(page.contains("was killed after 70s") && page.contains("A whole start takes longer than that"), "{page}");
    assert!(!page.contains("a whole start takes up to"), "{page}");
}

#[test]
fn debug_log_fits_every_terminal() {
    for (name, snapshot) in logs() {
        for (kind, snapshot) in [("short names", snapshot.clone()), ("long names", with_long_names(&snapshot))] {
            let print = debug_log(&snapshot);
            for columns in WIDTHS {
                let page = print(&at(columns));
                for line in page.lines() {
                    let quoted = line.starts_with("More info: kubectl ") || line.split(' ').any(|word| text::width(word) > 40);
                    assert!(text::width(line) <= columns || quoted, "{name}, {kind}, at {columns}: {line}\n{page}");
                }
            }
        }
    }
}
