//! A pod's life against the recorded ones.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;

/// Runs as scripted: each exits by itself after so many seconds, or never; every probe fails until `well`.
struct Script {
    exits: Vec<Option<f64>>,
    started: Vec<i64>,
    well: SignedDuration,
}

impl Script {
    fn new(exits: Vec<Option<f64>>) -> Self {
        Self { exits, started: Vec::new(), well: SignedDuration::MAX }
    }
}

impl Process for Script {
    fn start(&mut self, at: Timestamp) -> Option<(Timestamp, i32)> {
        let exit = self.exits.get(self.started.len()).copied().flatten();
        self.started.push(at.as_second());
        exit.map(|after| (at + SignedDuration::from_millis((after * 1000.0) as i64), 1))
    }

    fn probe(&mut self, _: Kind, at: Timestamp) -> Answer {
        let since = SignedDuration::from_secs(at.as_second() - self.started.last().copied().unwrap_or(0));
        Answer::at_once(if since >= self.well { Ok(()) } else { Err("not yet\n".into()) })
    }

    fn ended(&mut self, _: Timestamp) {}
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

fn pod(container: &Value) -> Pod {
    let text = |text: &str| text.to_string();
    let identity = Identity {
        namespace: text("kube-system"),
        name: text("calico-node-xr6dt"),
        uid: text("afd6fa87"),
        container: text("calico-node"),
        image: text("docker.io/calico/node:v3.24.5"),
    };
    Pod::new(identity, container, at(0))
}

fn happened(pod: &Pod, reason: &str) -> (u32, i64, i64) {
    let events = pod.events.events.iter().filter(|event| event.reason == reason);
    let (counts, times): (Vec<_>, Vec<_>) = events.map(|event| (event.count, (event.first.as_second(), event.last.as_second()))).unzip();
    (counts.iter().sum(), times.iter().map(|time| time.0).min().unwrap_or(-1), times.iter().map(|time| time.1).max().unwrap_or(-1))
}

/// `incident2-info`: 10 + 3 × 5, three kills at 26, 51 and 76 s and starts right after, then two exits with back-off.
#[test]
fn kills_and_exits_come_when_they_were_recorded() {
    let mut pod = pod(&json!({"livenessProbe": {"initialDelaySeconds": 10, "periodSeconds": 5, "failureThreshold": 3}}));
    let mut script = Script::new(vec![None, None, None, Some(8.2), Some(8.2)]);
    pod.advance(at(137), &mut script);
    assert_eq!(script.started, [3, 26, 51, 76, 104]);
    assert_eq!(happened(&pod, "Killing"), (3, 25, 75));
    assert_eq!(pod.restarts, 4);
    assert!(pod.is_backing_off());
    let status = pod.container_status();
    assert_eq!(
        status["state"]["waiting"]["message"],
        "back-off 40s restarting failed container=calico-node pod=calico-node-xr6dt_kube-system(afd6fa87)"
    );
    assert_eq!((&status["lastState"]["terminated"]["exitCode"], &status["restartCount"]), (&json!(1), &json!(4)));
    assert_eq!((&status["ready"], &status["started"]), (&json!(false), &json!(false)));
}

/// `slowstart-*`: 2 + 3 × 2 in a run of seven seconds; the third kill finds the pause of the first still on.
#[test]
fn a_kill_waits_only_when_the_run_before_ended_lately() {
    let mut pod = pod(&json!({"livenessProbe": {"initialDelaySeconds": 2, "periodSeconds": 2}}));
    let mut script = Script::new(vec![]);
    pod.advance(at(27), &mut script);
    assert_eq!((script.started.as_slice(), happened(&pod, "Killing").0), ([3, 11, 19].as_slice(), 3));
    assert!(pod.is_backing_off());
    assert_eq!(pod.container_status()["lastState"]["terminated"]["exitCode"], 137);
    pod.advance(at(36), &mut script);
    assert_eq!(script.started.last(), Some(&36));
}

/// `method-invalid-word`: restarts after 1, 12, 22 and 44 s; the pauses of 10, 20 and 40 s are in them.
#[test]
fn a_process_that_exits_is_held_back_longer_each_time() {
    let mut pod = pod(&json!({}));
    let mut script = Script::new(vec![Some(0.5); 9]);
    pod.advance(at(600), &mut script);
    let gaps: Vec<_> = script.started.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(gaps[..5], [1, 11, 20, 41, 80]);
    assert_eq!(
        pod.events.events.iter().find(|event| event.reason == "BackOff").map(|event| event.message.as_str()),
        Some("Back-off restarting failed container calico-node in pod calico-node-xr6dt_kube-system(afd6fa87)")
    );
}

#[test]
fn ready_eleven_seconds_after_the_start_and_unready_after_three_failures() {
    let mut pod = pod(&json!({"readinessProbe": {"periodSeconds": 10, "timeoutSeconds": 10}}));
    let mut script = Script::new(vec![]);
    script.well = SignedDuration::from_secs(3);
    pod.advance(at(60), &mut script);
    assert_eq!(pod.ready_since(), Some(at(14)));
    assert_eq!(happened(&pod, "Unhealthy"), (2, 3, 4));
    assert_eq!(
        pod.conditions()[2],
        json!({"type": "Ready", "status": "True", "lastProbeTime": null, "lastTransitionTime": "1970-01-01T00:00:14Z"})
    );
    script.well = SignedDuration::MAX;
    pod.advance(at(83), &mut script);
    assert!(pod.is_ready());
    pod.advance(at(84), &mut script);
    assert!(!pod.is_ready());
    assert_eq!(pod.conditions()[2]["message"], "containers with unready status: [calico-node]");
}

#[test]
fn a_startup_probe_holds_the_others_back() {
    let mut pod = pod(&json!({
        "startupProbe": {"periodSeconds": 2, "failureThreshold": 150},
        "livenessProbe": {"periodSeconds": 1, "failureThreshold": 1},
        "readinessProbe": {"periodSeconds": 10},
    }));
    let mut script = Script::new(vec![]);
    script.well = SignedDuration::from_secs(60);
    pod.advance(at(120), &mut script);
    assert_eq!((pod.restarts, pod.ready_since()), (0, Some(at(64))));
    assert!(
        pod.events
            .events
            .iter()
            .filter(|event| event.reason == "Unhealthy")
            .all(|event| event.message.starts_with("Startup probe failed: "))
    );
}

/// A healthy process under the same probes is never touched, and a deleted pod stays quiet.
#[test]
fn nothing_happens_to_a_healthy_or_a_deleted_pod() {
    let mut pod = pod(&json!({"livenessProbe": {"periodSeconds": 5}, "readinessProbe": {}}));
    let mut script = Script::new(vec![]);
    script.well = SignedDuration::ZERO;
    pod.advance(at(3600), &mut script);
    assert_eq!((pod.restarts, pod.is_ready(), happened(&pod, "Unhealthy").0), (0, true, 0));
    pod.stop(at(3600), &mut script);
    assert_eq!((pod.next_due(), pod.is_ready()), (None, false));
    assert_eq!(happened(&pod, "Killing"), (1, 3600, 3600));
}

#[test]
fn a_probe_that_hangs_fails_at_its_timeout() {
    struct Hangs;
    impl Process for Hangs {
        fn start(&mut self, _: Timestamp) -> Option<(Timestamp, i32)> {
            None
        }
        fn probe(&mut self, _: Kind, _: Timestamp) -> Answer {
            Answer { result: Ok(()), took: SignedDuration::from_secs(30) }
        }
        fn ended(&mut self, _: Timestamp) {}
    }
    let mut pod = pod(&json!({"livenessProbe": {"periodSeconds": 10, "timeoutSeconds": 4, "failureThreshold": 2}}));
    pod.advance(at(25), &mut Hangs);
    assert_eq!(happened(&pod, "Killing"), (1, 24, 24));
    assert_eq!(pod.events.events.iter().find(|event| event.reason == "Unhealthy").map(|event| event.count), Some(2));
}
