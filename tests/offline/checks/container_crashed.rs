use calico_fix::finding::Source;
use calico_fix::snapshot::objects::*;

use super::build::*;
use super::judge::*;
use super::pods::*;

const SCRIPT: &str = "/etc/rc.local: line 37: 28 Segmentation fault (core dumped) cp -a /etc/service/available/felix /etc/service/enabled/";

fn crashes(exit_code: i32) -> World {
    missed_by_its_peers().crash_loop("node-2", 9).restarted("node-2", 9, exit_code, 0, 30).edit(|snapshot| {
        second(snapshot).status.container_statuses[0].state = waiting("CrashLoopBackOff", "");
    })
}

#[test]
fn exit_codes_of_signals() {
    for (code, signal) in [(139, "segmentation fault"), (132, "illegal instruction"), (134, "abort"), (135, "bus error")] {
        let case = finds(&crashes(code), &["error container-crashed node-2"]);
        assert!(case.only().message.contains(&format!("exit code {code} ({signal}")), "{}", case.only().message);
        shows(case.only(), Source::Pod, "node-2", &format!("9 restarts, last exit code {code}, now CrashLoopBackOff"));
    }
}

/// KILL and TERM come from outside, 1 and 2 from the program.
#[test]
fn other_exit_codes_are_no_crash() {
    for code in [0, 1, 2, 137, 143] {
        let case = judge(&crashes(code));
        assert!(case.lines().iter().all(|line| !line.contains("container-crashed")), "{code}: {:?}", case.lines());
    }
    healthy(&cluster().restarted("node-2", 1, 139, 5, 3000));
}

#[test]
fn a_runtime_that_cannot_start_it() {
    let world = missed_by_its_peers().crash_loop("node-2", 3).edit(|snapshot| {
        let ended = Terminated {
            exit_code: 128,
            reason: Some("StartError".into()),
            message: Some("exec format error".into()),
            ..Terminated::default()
        };
        second(snapshot).status.container_statuses[0].last_state.terminated = Some(ended);
    });
    let case = finds(&world, &["error container-crashed node-2"]);
    assert!(case.only().message.contains("exec format error"), "{}", case.only().message);
}

#[test]
fn a_start_script_that_crashes() {
    let text = started(&[]).replace("Calico node started", &format!("{SCRIPT}\nCalico node started"));
    let world = missed_by_its_peers().no_bird("node-2").restarted("node-2", 5, 137, 70, 30).not_ready("node-2").killed("node-2", 5);
    let case = finds(&world.clone().previous("node-2", &text), &["error container-crashed node-2"]);
    shows(case.only(), Source::Log, "node-2", "Segmentation fault");
    assert!(case.command().is_none_or(|command| !command.contains("startupProbe")), "{:?}", case.command());
}
