//! A start that was given more time, and killed again.

use calico_fix::calico::startup_log::StartPhase;
use calico_fix::plan::canary_retry::{RetryOutcome, StartProgress, best_progress, retry_outcome};

use super::build::*;

const CONFLICT: &str = include_str!("../../fixtures/logs/update-conflict.timestamps.txt");
const NODE: &str = "node-2";

fn line(at: u32, text: &str) -> String {
    let clock = format!("16:{}:{:02}.100", 40 + at / 60, at % 60);
    format!("2026-11-23T{clock}Z 2026-11-23 {clock} [INFO][9] startup/startup.go 400: {text}\n")
}

/// A start that said its last so many seconds after it began.
fn log(until: u32) -> String {
    line(0, "Early log level set to info") + &line(2, "Checking datastore connection") + &line(until, "Datastore connection verified")
}

fn killed(log: Option<&str>) -> World {
    let lived = if log.is_some() { 160 } else { 70 };
    let world = cluster().not_ready(NODE).restarted(NODE, 1, 137, lived, 40).killed(NODE, 1);
    match log {
        Some(log) => world.previous(NODE, log),
        None => world,
    }
}

fn told(world: &World, earlier: Option<f64>) -> String {
    let phase = Some(StartPhase::DetectingAddress);
    let earlier = earlier.map(|seconds| StartProgress { phase, seconds, last: "Datastore connection verified".to_owned() });
    match retry_outcome(&world.snapshot(), NODE, earlier.as_ref()) {
        RetryOutcome::GotFurther(reach) => format!("got further, {:.0} s", reach.seconds),
        RetryOutcome::Stuck(reach) => format!("stuck, {:.0} s", reach.seconds),
        other => format!("{other:?}"),
    }
}

#[test]
fn only_a_start_that_got_further_lacks_time() {
    for (case, world, earlier, expected) in [
        ("still at work when it had been killed before", killed(Some(&log(150))), Some(60.0), "got further, 150 s"),
        ("no word since then", killed(Some(&log(60))), Some(60.0), "stuck, 60 s"),
        ("a little later, as two starts differ", killed(Some(&log(66))), Some(60.0), "stuck, 66 s"),
        (
            "another word, a little later",
            killed(Some(&(log(60) + &line(66, "Node IPv4 changed, will check for conflicts")))),
            Some(60.0),
            "got further, 66 s",
        ),
        ("nothing to compare it with, busy to the end", killed(Some(&log(150))), None, "got further, 150 s"),
        ("nothing to compare it with, silent for most of its life", killed(Some(&log(20))), None, "stuck, 20 s"),
        ("no log", killed(None), Some(60.0), "Gap"),
        ("it gave up by itself", killed(Some(CONFLICT)), Some(60.0), "LostUpdate"),
    ] {
        assert_eq!(told(&world, earlier), expected, "{case}");
    }
}

/// The status was read before the next container began, its log after: what it says is not the killed start's.
#[test]
fn the_log_of_the_next_container_does_not_speak_for_the_killed_one() {
    let killed_at = "2026-11-23T16:42:40Z".parse().expect("a time");
    let world = killed(Some(&log(150))).log(NODE, &line(165, "Early log level set to info")).with(NODE, |host| {
        host.container.state = Default::default();
        let ended = host.container.last_state.terminated.as_mut().expect("it ended");
        ended.finished_at = Some(killed_at);
    });
    assert_eq!(told(&world, Some(60.0)), "got further, 150 s");
}

/// The conflict check reads node after node without a word.
#[test]
fn a_long_silence_in_the_conflict_check_is_no_standstill() {
    let world = killed(Some(&(log(20) + &line(30, "Node IPv4 changed, will check for conflicts"))));
    assert_eq!(told(&world, Some(60.0)), "got further, 30 s");
}

#[test]
fn another_cause_is_named() {
    let forbidden = log(150).replace(
        "Datastore connection verified",
        "Hit error connecting to datastore - retry error=nodes \"node-2\" is forbidden: User \"x\" cannot get resource \"nodes\"",
    );
    let found = told(&killed(Some(&forbidden)), Some(60.0));
    assert!(found.starts_with("Other(") && found.contains("node-2"), "{found}");
}

#[test]
fn the_furthest_of_several_attempts_counts() {
    let world = cluster()
        .not_ready(NODE)
        .restarted(NODE, 3, 137, 70, 40)
        .killed(NODE, 3)
        .log(NODE, &log(5).replace("16:40:", "16:50:"))
        .previous(NODE, &log(60));
    let reach = best_progress(&world.snapshot(), NODE).expect("logs");
    assert_eq!((reach.phase, reach.seconds.round()), (Some(StartPhase::DetectingAddress), 60.0));
    assert_eq!(best_progress(&cluster().snapshot(), NODE), None);
}
