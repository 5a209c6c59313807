//! What an audit log shows of each verb of the binary.

use std::process::{Command, Stdio};

use sim::scenario;

fn run(folder: &std::path::Path, kubeconfig: &std::path::Path, arguments: &[&str]) {
    let mut command = Command::new(crate::PLUGIN);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", folder).env("KUBECONFIG", kubeconfig);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).output().expect("runs");
}

#[test]
fn every_verb_names_itself_once() {
    let running = sim::start(scenario::named("bridge-address", 5).expect("is a scenario"));
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [
        &["status"][..],
        &["version"],
        &["probes"],
        &["debug-log", "--no-change"],
        &["autodetect", "--out", "plan.yaml"],
        &["apply", "plan.yaml", "--dry-run=server"],
        &["undo"],
    ] {
        let before = running.requests().len();
        run(folder.path(), running.kubeconfig(), arguments);
        let asked = running.requests().split_off(before);
        assert!(!asked.is_empty(), "{arguments:?}");
        let expected = format!("kubectl calico-fix {}", arguments[0]);
        for request in asked {
            assert_eq!(request.header("kubectl-command"), Some(expected.as_str()), "{arguments:?}: {}", request.path);
        }
    }
}
