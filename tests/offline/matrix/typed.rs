//! Mistakes in what was typed: an error that names what is wrong and what to type instead.

use super::build::cluster;
use super::*;

#[test]
fn each_mistake_says_what_to_type() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = saved(folder.path(), &cluster().snapshot());
    for (arguments, message, hint) in [
        (&["--method", "eth1"][..], "error: \"eth1\" is not a valid method", "Did you mean interface=eth1?"),
        (&["--method", "interface="], "error: \"interface=\" has an empty pattern", "Name one: interface=^eth0$."),
        (
            &["--method", "interface=[eth"],
            "error: \"interface=[eth\" is not a valid regular expression: missing closing ]",
            "Use Go regexp syntax",
        ),
        (&["--method", "cidr=10.0.0.0/33"], "error: \"10.0.0.0/33\" is not a network", "Write networks with a prefix length"),
        (&["--method", "cidr=10.0.0.0"], "error: \"10.0.0.0\" is not a network", "Add the prefix length, for example: cidr=10.0.0.0/24"),
        (&["--method", "can-reach="], "error: can-reach= names no destination", "Write an address that every node can reach"),
        (&["--method", "first-found", "--method", "ens.*"], "error: \"ens.*\" is not a valid method", "Did you mean interface=ens.*?"),
        (&["--node", "node-9"], "error: node \"node-9\" not found", "Similar names are node-1, node-2, node-3."),
        (&["--calico-version", "latest"], "error: \"latest\" is not a Calico release", "Write all three numbers"),
        (&["--calico-version", "3.24"], "error: \"3.24\" is not a Calico release", "Write all three numbers"),
        (&["-o", "name"], "error: unable to match a printer suitable for the output format \"name\"", ""),
    ] {
        let output = on(&path, arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let mut lines = said.lines();
        assert!(lines.next().is_some_and(|line| line.starts_with(message)), "{arguments:?}: {said}");
        assert!(lines.next().unwrap_or_default().starts_with(hint), "{arguments:?}: {said}");
    }
}

/// A mistake is found before any cluster or file is read.
#[test]
fn nothing_is_read_for_a_mistyped_method() {
    let output = run(&["--from", "/nonexistent/file", "--method", "eth1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("Did you mean interface=eth1?"));
    assert_eq!(run(&["--from", "/nonexistent/file"]).status.code(), Some(3));
}
