//! `debug-log` and `can-i` as an operator reads them, for each kind of cluster and of user.

use calico_fix::observed::Observed;
use calico_fix::permissions::report::{Answered, PermissionQuery, judge};
use calico_fix::permissions::role::Role;
use calico_fix::permissions::table::{InstallFacts, PERMISSIONS};
use calico_fix::render::style::Style;
use calico_fix::render::{can_i, timeline};
use calico_fix::reports::startup_log::explain_logs;
use calico_fix::snapshot::Snapshot;
use calico_fix::startup::saved_logs::saved_logs;
use calico_fix::text;
use calico_fix::verb::Verb;

use super::cases;
use super::widths::{WIDTHS, at, check, with_long_names};
use crate::build::*;

const HEALTHY: &str = include_str!("../../fixtures/logs/healthy.txt");
const KILLED: &str = include_str!("../../fixtures/logs/killed-at-debug.timestamps.txt");
const CONFLICT: &str = include_str!("../../fixtures/logs/address-conflict.txt");

fn debug_log(snapshot: &Snapshot, style: &Style) -> String {
    let mut out = Vec::new();
    let report = explain_logs(&saved_logs(snapshot, |_| true), Some(snapshot));
    timeline::write(&report, false, style, &mut out).expect("writes");
    String::from_utf8(out).expect("text")
}

/// Logs of three nodes; the incidents' own are in the kinds of `cases`.
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

fn unreadable(log: Observed<calico_fix::snapshot::inspection::StartupLog>) -> Snapshot {
    let mut snapshot = cases::slow("node-2", cluster()).previous("node-2", KILLED).snapshot();
    snapshot.logs.get_mut("node-2").expect("its log").previous = log;
    snapshot
}

#[test]
fn debug_log_at_80_columns() {
    let incidents = cases::every().into_iter().filter(|(_, snapshot)| !snapshot.logs.is_empty());
    let pages: String = incidents
        .chain(logs())
        .map(|(name, snapshot)| format!("== {name}\n$ kubectl calico-fix debug-log --no-change\n{}\n", debug_log(&snapshot, &at(80))))
        .collect();
    insta::assert_snapshot!("debug_log", pages);
}

/// The log ends after 25s of a start that lived for 70s: what its requests would have come to is too little.
#[test]
fn an_estimate_that_the_start_has_outlived_is_not_given() {
    let snapshot = cases::slow("node-2", cluster()).previous("node-2", KILLED).snapshot();
    let page = debug_log(&snapshot, &Style::default());
    assert!(page.contains("was killed after 70s") && page.contains("A whole start takes longer than that"), "{page}");
    assert!(!page.contains("a whole start takes up to"), "{page}");
}

#[test]
fn debug_log_fits_every_terminal() {
    for (name, snapshot) in logs() {
        for (kind, snapshot) in [("short names", snapshot.clone()), ("long names", with_long_names(&snapshot))] {
            for columns in WIDTHS {
                let page = debug_log(&snapshot, &at(columns));
                for line in page.lines() {
                    let quoted = line.starts_with("More info: kubectl ") || line.split(' ').any(|word| text::width(word) > 40);
                    assert!(text::width(line) <= columns || quoted, "{name}, {kind}, at {columns}: {line}\n{page}");
                }
            }
        }
    }
}

/// A user who may do what `may` says, on this installation.
fn rights(operator: bool, user: &str, may: fn(Role) -> bool) -> impl Fn(&Style) -> String {
    let (namespace, installation) = if operator { ("calico-system", Some("default".to_owned())) } else { ("kube-system", None) };
    let around = InstallFacts { namespace: namespace.into(), daemon_set: Some("calico-node".into()), installation };
    let asked = PermissionQuery { verbs: &Verb::JUDGED, changes: true, exec: true };
    let needs = PERMISSIONS.iter().filter(|need| asked.covers(need, &around));
    let answers: Vec<Answered<'_>> = needs
        .filter_map(|need| {
            let right = need.asked(&around).first()?.to_string();
            Some(Answered { need, right, allowed: may(need.role) })
        })
        .collect();
    let report = judge(&around, asked, &answers, Some(user.to_owned()));
    move |style| {
        let mut out = Vec::new();
        can_i::write(&report, false, style, &mut out).expect("writes");
        String::from_utf8(out).expect("text")
    }
}

const ACCOUNT: &str = "system:serviceaccount:a-namespace-of-a-team-with-a-long-name:deployer";

#[test]
fn can_i_at_every_width() {
    let mut pages = String::new();
    let reads = |role| matches!(role, Role::View | Role::ViewPods);
    for (name, page) in [
        ("everything", Box::new(rights(false, "jane", |_| true)) as Box<dyn Fn(&Style) -> String>),
        ("everything under the operator", Box::new(rights(true, "jane", |_| true))),
        ("reading without exec", Box::new(rights(false, ACCOUNT, reads))),
        ("reading without exec under the operator", Box::new(rights(true, ACCOUNT, reads))),
        ("nothing", Box::new(rights(false, ACCOUNT, |_| false))),
    ] {
        pages += &format!("== {name}\n$ kubectl calico-fix can-i\n{}\n", page(&at(80)));
        let wide = page(&Style::default());
        for columns in WIDTHS {
            check(&format!("can-i, {name}"), columns, &wide, &page(&at(columns)));
        }
    }
    insta::assert_snapshot!("can_i", pages);
}
