//! At a terminal: the difference, what it means, and the question.

use std::time::Duration;

use expectrl::process::unix::WaitStatus;
use expectrl::session::OsSession;
use expectrl::{Eof, Expect, Session};
use sim::{Effect, Fault};

use super::*;

pub(crate) const QUESTION: &str = "Do you want to continue? (y/N): ";

fn asked(stage: &Stage, plan: &Plan) -> OsSession {
    let path = stage.save(plan);
    at_a_terminal(stage, &["apply", path.to_str().expect("text")])
}

fn at_a_terminal(stage: &Stage, arguments: &[&str]) -> OsSession {
    in_a_terminal(stage.command(arguments))
}

pub(crate) fn in_a_terminal(mut command: Command) -> OsSession {
    command.env("TERM", "xterm").stdin(Stdio::inherit());
    let mut terminal = Session::spawn(command).expect("starts");
    terminal.set_expect_timeout(Some(Duration::from_secs(120)));
    terminal
}

pub(crate) fn until(terminal: &mut OsSession, text: &str) -> String {
    let seen = terminal.expect(text).unwrap_or_else(|error| panic!("{text:?} did not come: {error}"));
    String::from_utf8_lossy(seen.before()).into_owned()
}

pub(crate) fn ended(terminal: &mut OsSession) -> (String, Option<i32>) {
    let rest = terminal.expect(Eof).map(|seen| String::from_utf8_lossy(seen.as_bytes()).into_owned()).unwrap_or_default();
    let code = match terminal.get_process().wait() {
        Ok(WaitStatus::Exited(_, code)) => Some(code),
        _ => None,
    };
    (rest, code)
}

#[test]
fn yes_heals_and_everything_else_changes_nothing() {
    for (answer, expected) in [("y", 0), ("n", 1), ("", 1), ("yy", 1)] {
        let stage = Stage::new("bridge-address", 3);
        let before = stage.daemon_set();
        let _live = stage.running.live(PACE);
        let mut terminal = asked(&stage, &stage.plan("kubernetes-internal-ip"));
        let shown = until(&mut terminal, QUESTION);
        assert!(shown.contains("\u{1b}[32m+"), "the difference is coloured: {shown}");
        assert!(shown.contains("ADDRESS THEN"), "{shown}");
        terminal.send_line(answer).expect("types");
        let (rest, code) = ended(&mut terminal);
        assert_eq!(code, Some(expected), "{answer:?}: {rest}");
        if expected == 1 {
            assert!(rest.contains("nothing was changed"), "{rest}");
            assert_eq!(stage.daemon_set()["spec"], before["spec"]);
        }
    }
}

#[test]
fn an_interrupt_at_the_question_changes_nothing() {
    let stage = Stage::new("bridge-address", 3);
    let before = stage.daemon_set();
    let mut terminal = asked(&stage, &stage.plan("kubernetes-internal-ip"));
    until(&mut terminal, QUESTION);
    terminal.send("\u{3}").expect("types");
    let (rest, code) = ended(&mut terminal);
    assert_eq!(code, Some(130), "{rest}");
    assert_eq!(stage.daemon_set(), before);
}

/// Somebody edits while the question stands: undo is asked again with the difference as it is then.
#[test]
fn a_conflict_shows_the_new_difference_and_asks_again() {
    let stage = Stage::new("bridge-address", 3);
    let _live = stage.running.live(PACE);
    let applied = stage.apply(&stage.plan("kubernetes-internal-ip"), &[]);
    assert_eq!(code(&applied), Some(0), "{}", err(&applied));
    let edit = Effect::EditedMeanwhile {
        kind: "DaemonSet",
        namespace: "kube-system".into(),
        name: "calico-node".into(),
        patch: serde_json::json!({"metadata": {"labels": {"theirs": "yes"}}}),
    };
    // The dry run comes first.
    stage.running.cluster().add_fault(Fault::times("/daemonsets/calico-node", 1, edit).on(&["patch"]).after(1));
    let mut terminal = at_a_terminal(&stage, &["undo"]);
    until(&mut terminal, QUESTION);
    terminal.send_line("y").expect("types");
    until(&mut terminal, "was changed by somebody else since it was shown");
    until(&mut terminal, QUESTION);
    terminal.send_line("y").expect("types");
    let (rest, code) = ended(&mut terminal);
    assert_eq!(code, Some(0), "{rest}");
    assert_eq!(stage.daemon_set()["metadata"]["labels"]["theirs"], "yes");
    assert_eq!(stage.annotation(), None);
}

#[test]
fn without_a_terminal_nothing_is_changed() {
    let stage = Stage::new("bridge-address", 3);
    let before = stage.daemon_set();
    let path = stage.save(&stage.plan("kubernetes-internal-ip"));
    let output = stage.run(&["apply", path.to_str().expect("text")]);
    assert_eq!(code(&output), Some(1), "{}", err(&output));
    assert!(err(&output).contains("--yes"), "{}", err(&output));
    assert_eq!(stage.daemon_set(), before);
}
