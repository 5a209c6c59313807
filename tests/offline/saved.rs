//! `status` on a saved snapshot, from end to end: one answer and one exit code, whatever the format.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use calico_fix::calico::bird;
use calico_fix::observed::Observed;
use calico_fix::snapshot::inspection::NodeInspection;
use calico_fix::snapshot::objects::{Meta, Node};
use calico_fix::snapshot::save::save_to;
use calico_fix::snapshot::{Origin, Snapshot};
use support::output::{err, out};

use crate::{PLUGIN, STANDALONE};

const CASE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/calicoctl/port-suffix");

fn node(name: &str) -> Node {
    let labels = [("zone".to_owned(), name.to_owned())].into();
    Node { metadata: Meta { name: name.into(), labels, ..Meta::default() }, ..Node::default() }
}

/// Two nodes, of which one was looked into.
fn snapshot(folder: &Path) -> PathBuf {
    let mut snapshot = Snapshot::empty(Origin::Live, "2026-01-05T03:04:05Z".parse().expect("a time"));
    snapshot.nodes = Observed::Seen(vec![node("node-1"), node("node-2")]);
    let protocols = std::fs::read_to_string(format!("{CASE}.v4.birdcl.txt")).expect("a fixture");
    let bird4 = Observed::Seen(bird::parse(&protocols, "").expect("BIRD's words"));
    let inside = NodeInspection { bird4, bird6: Observed::Absent, ..NodeInspection::default() };
    snapshot.inside.insert("node-1".into(), Observed::Seen(inside));
    snapshot.inside.insert("node-2".into(), Observed::Forbidden("may not create pods/exec".into()));
    let path = folder.join("snapshot.yaml");
    save_to(&snapshot, &path).expect("saves");
    path
}

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).env_clear().env("HOME", "").args(arguments).output().expect("runs")
}

fn status(path: &Path, arguments: &[&str]) -> Output {
    let path = path.to_str().expect("a path");
    run(PLUGIN, &[&["status", "--from", path][..], arguments].concat())
}

#[test]
fn the_exit_code_is_the_same_for_every_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = snapshot(folder.path());
    for format in ["table", "wide", "short", "json", "yaml", "name", "calicoctl", "html"] {
        let output = status(&path, &["-o", format]);
        assert_eq!(output.status.code(), Some(3), "{format}: {}", err(&output));
    }
}

#[test]
fn calicoctls_table_from_a_snapshot() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = snapshot(folder.path());
    let place = path.to_str().expect("a path");
    for layout in ["new", "old"] {
        let expected = std::fs::read_to_string(format!("{CASE}.calicoctl-{layout}.txt")).expect("a fixture");
        let one = status(&path, &["--node", "node-1", "-o", "calicoctl", "--layout", layout]);
        assert_eq!(out(&one), expected);
        assert!(err(&one).contains("node-1: IPv4: the peer 10.0.0.9 is on port 1790"), "{}", err(&one));
        let wrapper = run(STANDALONE, &["node", "status", "--node", "node-1", "--layout", layout, "--from", place]);
        assert_eq!(out(&wrapper), expected, "{}", err(&wrapper));
    }
    let both = status(&path, &["-o", "calicoctl"]);
    assert!(out(&both).starts_with("# node node-1\nCalico process is running.\n"), "{}", out(&both));
    assert!(err(&both).contains("node-2: BIRD was not seen: may not create pods/exec"), "{}", err(&both));
}

#[test]
fn a_saved_snapshot_prints_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = snapshot(folder.path());
    for extra in [&[][..], &["--redact"]] {
        let copy = folder.path().join("copy.yaml");
        let first = status(&path, &[&["--peers", "--save", copy.to_str().expect("a path")][..], extra].concat());
        let second = status(&copy, &["--peers"]);
        assert_eq!((out(&first), first.status.code()), (out(&second), second.status.code()), "{}", err(&first));
        assert!(out(&first).contains("10.0.0.2") == extra.is_empty(), "{}", out(&first));
    }
}

#[test]
fn only_chosen_nodes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = snapshot(folder.path());
    let names = |arguments: &[&str]| {
        let rows = out(&status(&path, &[&["--no-headers"][..], arguments].concat()));
        rows.lines().filter_map(|row| row.split(' ').next().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["node-1", "node-2"]);
    assert_eq!(names(&["--node", "node-2"]), ["node-2"]);
    assert_eq!(names(&["-l", "zone in (node-1,x)"]), ["node-1"]);
    for (arguments, code) in [(&["--node", "node-3"][..], 2), (&["-l", "zone=x"], 3)] {
        let output = status(&path, arguments);
        assert_eq!((output.status.code(), out(&output).as_str()), (Some(code), ""), "{}", err(&output));
    }
}

#[test]
fn colour_only_when_it_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = snapshot(folder.path());
    for (arguments, coloured) in [(&[][..], false), (&["--color", "always"], true), (&["--color", "always", "--no-color"], false)] {
        assert_eq!(out(&status(&path, arguments)).contains('\u{1b}'), coloured, "{arguments:?}");
    }
}

#[test]
fn a_page_to_send_is_whole_and_can_be_redacted() {
    let incident = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incidents/bridge-address.yaml");
    let output = status(&incident, &["-o", "html"]);
    let page = out(&output);
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(1), ""));
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    assert!(page.contains("52 not established, all with amz-sin8-opsrespool-33-62."));
    let redacted = out(&status(&incident, &["-o", "html", "--redact"]));
    assert!(redacted.contains("52 not established, all with ") && !redacted.contains("opsrespool"));
    let code = |page: &str| page.matches("class=\"code\">address-on-virtual-interface<").count();
    assert!(code(&page) > 0 && code(&page) == code(&redacted));
}

#[test]
fn one_page_is_not_many() {
    let output = run(PLUGIN, &["status", "-o", "html", "--watch"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(err(&output), "error: -o html writes one page, --watch would write many\nLeave out --watch, or take another -o\n");
    assert_eq!(out(&output), "");
}
