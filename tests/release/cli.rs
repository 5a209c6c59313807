//! The binary from end to end, as kubectl runs it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use support::output::{err, out};
use support::tools::tool;

use crate::{PLUGIN, STANDALONE};

/// No kubeconfig, no home, no colour wishes: nothing of the machine the tests run on.
pub(crate) fn bare(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("HOME", "")
        .env("KUBECONFIG", "/nonexistent/kubeconfig")
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.stdin(Stdio::null());
    command
}

/// `kubectl calico-fix …` with the plugin's folder first on PATH, or the plugin itself where there is no kubectl.
pub(crate) fn plugin() -> Command {
    let Some(kubectl) = tool("kubectl", "the plugin under kubectl; it is run directly instead") else { return bare(PLUGIN) };
    let mut command = bare(kubectl);
    let folder = Path::new(PLUGIN).parent().expect("a folder").to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = [folder].into_iter().chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(paths).expect("paths")).arg("calico-fix");
    command
}

pub(crate) fn run(command: &mut Command, arguments: &[&str]) -> Output {
    command.args(arguments).output().expect("runs")
}

/// The second name runs the program beside it, so that it is not shipped twice.
#[cfg(unix)]
#[test]
fn the_second_name_is_small_and_says_what_it_lacks() {
    let size = |program: &str| std::fs::metadata(program).expect(program).len();
    assert!(size(STANDALONE) * 4 < size(PLUGIN), "{} and {} bytes", size(STANDALONE), size(PLUGIN));
    // A link, for a copy is "busy" while another test starts a program that has inherited its descriptor.
    let folder = tempfile::tempdir_in(Path::new(STANDALONE).parent().expect("a folder")).expect("a folder");
    let alone = folder.path().join("calico-fix");
    std::fs::hard_link(STANDALONE, &alone).expect("links");
    let output = run(&mut bare(&alone), &["version"]);
    assert_eq!(output.status.code(), Some(127), "{}", err(&output));
    assert!(err(&output).ends_with("Install kubectl-calico_fix in the same folder\n"), "{}", err(&output));
    let link = folder.path().join("fix");
    std::os::unix::fs::symlink(STANDALONE, &link).expect("links");
    let output = run(&mut bare(&link), &["--help"]);
    assert!(out(&output).contains("calico-fix status"), "{}", err(&output));
}

#[test]
fn client_version_needs_no_cluster() {
    let output = run(&mut plugin(), &["version", "--client"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).starts_with(concat!("Client Version: v", env!("CARGO_PKG_VERSION"), " (")), "{}", out(&output));
    let json: serde_json::Value =
        serde_json::from_slice(&run(&mut bare(PLUGIN), &["version", "--client", "-o", "json"]).stdout).expect("JSON");
    assert_eq!(json["clientVersion"]["version"], concat!("v", env!("CARGO_PKG_VERSION")));
    let client = &json["clientVersion"];
    for (key, pattern) in [("commit", "[0-9a-f]{12}|unknown"), ("target", ".+-.+"), ("kubernetesApi", r"v1\.\d+")] {
        let text = client[key].as_str().unwrap_or_default();
        assert!(regex_lite::Regex::new(&format!("^({pattern})$")).expect("a pattern").is_match(text), "{key}: {text:?}");
    }
    assert_eq!((&client["calicoReleases"]["oldest"], &client["calicoReleases"]["newest"]), (&"v3.14.2".into(), &"v3.32.1".into()));
    for program in [PLUGIN, STANDALONE] {
        let output = run(&mut bare(program), &["--version"]);
        assert!(out(&output).trim_end().ends_with(concat!("v", env!("CARGO_PKG_VERSION"))), "{}{}", out(&output), err(&output));
    }
    let yaml: serde_yaml::Value =
        serde_yaml::from_slice(&run(&mut bare(PLUGIN), &["version", "--client", "-o", "yaml"]).stdout).expect("YAML");
    assert!(yaml["clientVersion"]["target"].as_str().is_some_and(|target| target.contains('-')));
}

#[test]
fn mistakes_exit_with_2_and_say_what_is_wrong() {
    for (arguments, says) in [
        (
            &["status", "-o", "xml"][..],
            "error: unable to match a printer suitable for the output format \"xml\", allowed formats are: calicoctl,html,json,name,short,table,wide,yaml\n",
        ),
        (&["status", "--nonsense"], "error: unexpected argument '--nonsense' found"),
        (&["status", "--watch", "--wait"], "cannot be used with"),
        (&["status", "--watch", "--from", "x"], "error: --watch has no effect with --from: files are read"),
        (&["autodetect", "--from", "F", "--no-exec"], "error: --no-exec has no effect with --from: files are read"),
        (&["status", "--watch", "--watch-interval", "0"], "a whole number of seconds from 1 to 86400"),
        (&["status", "-l", "a b", "--from", "x"], "error: unable to parse the label selector \"a b\"\n"),
        (&["nonsense"], "error: unrecognized subcommand 'nonsense'"),
        (&["explain", "bgp-sesion-down"], "Did you mean bgp-session-down"),
        (&["explain", "xyz"], "error: unknown finding \"xyz\"\n"),
        (&["get", "nodes"], "error: unrecognized subcommand 'get'"),
        (&[], "Examples:"),
        (&["autodetect", "--from", "F", "--yes"], "error: --yes has no effect with --from: files are read"),
        (&["autodetect", "--method", "first-fond"], "Did you mean first-found?"),
    ] {
        let output = run(&mut plugin(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {}", err(&output));
        assert!(err(&output).contains(says), "{arguments:?}: {}", err(&output));
        assert_eq!(out(&output), "", "{arguments:?}");
    }
    let output = run(&mut bare(STANDALONE), &["statsu"]);
    assert_eq!((output.status.code(), err(&output).contains("unknown command \"statsu\"")), (Some(2), true), "{}", err(&output));
}

#[test]
fn no_kubeconfig_is_said_with_the_next_step() {
    for arguments in [&["status"][..], &["status", "-o", "json"], &["status", "-o", "name"], &["version"]] {
        let output = run(&mut plugin(), arguments);
        assert_eq!(output.status.code(), Some(3), "{arguments:?} {}", err(&output));
        assert!(err(&output).contains("--from FILE"), "{}", err(&output));
    }
}

#[test]
fn a_missing_file_cannot_be_inspected() {
    let output = run(&mut plugin(), &["status", "--from", "/nonexistent/snapshot.yaml"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(err(&output).starts_with("error: /nonexistent/snapshot.yaml: "), "{}", err(&output));
    assert_eq!(out(&output), "");
}

#[test]
fn every_finding_is_explained() {
    let list = out(&run(&mut plugin(), &["explain"]));
    assert!(list.starts_with("CODE "), "{list}");
    for code in calico_fix::finding::code::Code::ALL {
        assert!(list.contains(&format!("\n{code} ")), "{code}");
        let output = run(&mut bare(PLUGIN), &["explain", code.name()]);
        let page = out(&output);
        assert_eq!(output.status.code(), Some(0));
        for heading in ["What it means", "How it is detected", "How to check", "How to fix it", "What the fix restarts"] {
            assert!(page.contains(&format!("\n{heading}\n  ")), "{page}");
        }
    }
}

#[test]
fn a_completion_script_asks_or_knows_the_flags() {
    for (shell, says) in [
        ("bash", "__complete-word"),
        ("zsh", "__complete-word"),
        ("fish", "__complete-word"),
        ("powershell", "__complete-next"),
        ("elvish", "fail-on"),
    ] {
        let output = run(&mut bare(STANDALONE), &["completion", shell]);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        assert!(out(&output).contains(says), "{shell}");
    }
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_pipe_closed_early_is_quiet() {
        for arguments in [&["status", "--help"][..], &["completion", "bash"], &["explain"]] {
            let mut child = bare(PLUGIN).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
            drop(child.stdout.take());
            let output = child.wait_with_output().expect("ends");
            assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), ""), "{arguments:?}");
        }
    }

    fn fake_calicoctl(folder: &Path, script: &str) {
        let program = folder.join("calicoctl");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("writes");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("executable");
    }

    fn hand_on(folder: &Path, arguments: &[&str]) -> Output {
        run(bare(STANDALONE).env("PATH", format!("{}:/usr/bin:/bin", folder.display())), arguments)
    }

    #[test]
    fn other_verbs_are_calicoctls() {
        let folder = tempfile::tempdir().expect("a folder");
        fake_calicoctl(folder.path(), r#"echo "$KUBECONFIG|$K8S_CURRENT_CONTEXT|$DATASTORE_TYPE|$*"; exit 7"#);
        for (arguments, expected) in [
            (&["get", "nodes", "-o", "wide"][..], "/nonexistent/kubeconfig||kubernetes|get nodes -o wide\n"),
            (&["--context", "c", "--kubeconfig", "/k", "get", "ippool"], "/k|c|kubernetes|get ippool\n"),
            (&["node", "diags"], "/nonexistent/kubeconfig||kubernetes|node diags\n"),
            (&["ipam", "show", "--help"], "/nonexistent/kubeconfig||kubernetes|ipam show --help\n"),
        ] {
            let output = hand_on(folder.path(), arguments);
            assert_eq!(out(&output), expected, "{}", err(&output));
            assert_eq!(output.status.code(), Some(7), "the exit code is calicoctl's own");
        }
        let refused = hand_on(folder.path(), &["--as", "somebody", "get", "nodes"]);
        assert_eq!((refused.status.code(), out(&refused).as_str()), (Some(2), ""), "{}", err(&refused));
    }

    #[test]
    fn without_calicoctl_it_is_said_how_to_get_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let output = run(bare(STANDALONE).env("PATH", folder.path()), &["get", "nodes"]);
        assert_eq!(output.status.code(), Some(3));
        assert!(err(&output).starts_with("error: calicoctl is not on PATH\n") && err(&output).contains("releases"), "{}", err(&output));
    }
}
