//! Output that cannot be written: no change stops half-way for it, and the exit code says what became of the cluster.

use std::fs::File;

use super::*;

type Spoil = fn(&mut Command) -> &mut Command;

fn full() -> File {
    File::options().write(true).open("/dev/full").expect("opens")
}

const SPOILT: [(&str, Spoil); 3] = [
    ("stdout on a full disk", |command| command.stdout(full()).stderr(Stdio::piped())),
    ("stderr on a full disk", |command| command.stderr(full()).stdout(Stdio::piped())),
    ("both on a full disk", |command| command.stdout(full()).stderr(full())),
];

/// As a shell's `>&- 2>&-`: the descriptors do not exist.
fn closed(command: &Command) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
    shell.args(["-c", "exec \"$@\" >&- 2>&-", "sh"]).arg(command.get_program()).args(command.get_args());
    shell
}

fn apply(stage: &Stage, method: &str, more: &[&str]) -> Command {
    let plan = stage.plan(method);
    let path = stage.save(&plan).display().to_string();
    stage.command(&[&["apply", &path, "--confirm", &plan.digest], more].concat())
}

fn is_as_before(stage: &Stage, before: &Value, what: &str, output: &Output) {
    assert_eq!((&stage.daemon_set()["spec"], stage.annotation()), (&before["spec"], None), "{what}: {}", told(output));
}

#[test]
fn a_failed_change_is_rolled_back() {
    for (what, spoil) in SPOILT {
        for more in [&["--timeout", "4s"][..], &["--timeout", "4s", "-o", "json"]] {
            let stage = Stage::new("bridge-address", 3);
            let (before, _live) = (stage.daemon_set(), stage.running.live(PACE));
            let mut command = apply(&stage, "interface=foo.*", more);
            spoil(&mut command);
            let output = command.spawn().and_then(std::process::Child::wait_with_output).expect("runs");
            assert_eq!(code(&output), Some(4), "{what} {more:?}: {}", told(&output));
            is_as_before(&stage, &before, what, &output);
        }
    }
}

#[test]
fn closed_descriptors_change_nothing_of_it() {
    for (method, expected) in [("interface=foo.*", 4), ("kubernetes-internal-ip", 0)] {
        let stage = Stage::new("bridge-address", 3);
        let (before, _live) = (stage.daemon_set(), stage.running.live(PACE));
        let output = closed(&apply(&stage, method, &["--timeout", "20s"])).output().expect("runs");
        assert_eq!(code(&output), Some(expected), "{method}: {}", told(&output));
        if expected == 4 {
            is_as_before(&stage, &before, method, &output);
        }
    }
}

/// The change is there and verified, so the exit code says so.
#[test]
fn a_verified_change_and_its_undo_end_with_0() {
    let (what, spoil) = SPOILT[2];
    let stage = Stage::new("bridge-address", 3);
    let (before, _live) = (stage.daemon_set(), stage.running.live(PACE));
    let mut command = apply(&stage, "kubernetes-internal-ip", &[]);
    spoil(&mut command);
    assert_eq!(command.status().expect("runs").code(), Some(0), "{what}");
    assert!(stage.annotation().is_some_and(|text| text.contains("\"phase\":\"done\"")), "{:?}", stage.annotation());
    let mut command = stage.command(&["undo", "--yes"]);
    spoil(&mut command);
    assert_eq!(command.status().expect("runs").code(), Some(0), "{what}");
    assert_eq!((&stage.daemon_set()["spec"], stage.annotation()), (&before["spec"], None));
}

#[test]
fn an_interrupted_change_is_rolled_back_and_ends_with_130() {
    let (_, spoil) = SPOILT[2];
    let stage = Stage::new("bridge-address", 3);
    let (before, _live) = (stage.daemon_set(), stage.running.live(PACE));
    let mut command = apply(&stage, "interface=foo.*", &[]);
    spoil(&mut command);
    let mut child = command.spawn().expect("starts");
    while stage.annotation().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("runs").success());
    assert_eq!(child.wait().expect("ends").code(), Some(130));
    assert_eq!((&stage.daemon_set()["spec"], stage.annotation()), (&before["spec"], None));
}

/// A report that nobody gets is none. What was said on the other stream counts.
#[test]
fn what_only_reports_fails() {
    let stage = Stage::new("healthy", 3);
    for (arguments, expected) in [(&["status"][..], 3), (&["status", "-o", "json"], 3), (&["can-i"], 3), (&["undo"], 0)] {
        let mut command = stage.command(arguments);
        let child = command.stdout(full()).stderr(Stdio::piped()).spawn();
        let output = child.and_then(std::process::Child::wait_with_output).expect("runs");
        assert_eq!(code(&output), Some(expected), "{arguments:?}: {}", told(&output));
        assert_eq!(err(&output).contains("could not be written"), expected == 3, "{arguments:?}: {}", told(&output));
    }
}
