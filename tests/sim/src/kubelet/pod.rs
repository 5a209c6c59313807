//! The life of a pod with one container that matters, step by step.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::backoff::BackOff;
use super::events::Recorder;
use super::probe::{Answer, Kind, Probe, Worker};
use crate::scenario::hash;
use crate::scenario::logs::seconds_of;

/// What runs in the container.
pub trait Process {
    /// A new run; when it will exit by itself, and with which code.
    fn start(&mut self, at: Timestamp) -> Option<(Timestamp, i32)>;
    fn probe(&mut self, kind: Kind, at: Timestamp) -> Answer;
    fn ended(&mut self, at: Timestamp);
}

#[derive(Clone, Debug)]
pub struct Identity {
    pub namespace: String,
    pub name: String,
    pub uid: String,
    pub container: String,
    pub image: String,
}

#[derive(Clone, Debug)]
enum Phase {
    Initializing {
        until: Timestamp,
    },
    /// Decided to start, or to start again.
    Starting {
        at: Timestamp,
    },
    Running {
        since: Timestamp,
        exit: Option<(Timestamp, i32)>,
    },
    Waiting {
        until: Timestamp,
        pause: SignedDuration,
        told: Timestamp,
    },
    Stopped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ended {
    code: i32,
    started: Timestamp,
    finished: Timestamp,
}

#[derive(Clone, Debug)]
pub struct Pod {
    pub identity: Identity,
    pub events: Recorder,
    pub restarts: u32,
    added: Timestamp,
    initialized: Option<Timestamp>,
    phase: Phase,
    last: Option<Ended>,
    backoff: BackOff,
    workers: Vec<Worker>,
    started: bool,
    ready: bool,
    ready_since: Timestamp,
    late: bool,
}

/// The init containers of calico-node took so long in every recording.
const INIT: SignedDuration = SignedDuration::from_secs(3);
/// From the end of a run to the start of the next, when nothing holds it back.
const AGAIN: SignedDuration = SignedDuration::from_secs(1);
/// How often a waiting pod is looked at, and `BackOff` said.
const LOOK: SignedDuration = SignedDuration::from_secs(10);

impl Pod {
    /// `container` is the container's spec: only its probes are read.
    pub fn new(identity: Identity, container: &Value, now: Timestamp) -> Self {
        let probes = [("startupProbe", Kind::Startup), ("livenessProbe", Kind::Liveness), ("readinessProbe", Kind::Readiness)];
        let workers = probes.into_iter().filter_map(|(field, kind)| Some(Worker::new(kind, Probe::from_json(&container[field])?)));
        Self {
            identity,
            events: Recorder::default(),
            restarts: 0,
            added: now,
            initialized: None,
            phase: Phase::Initializing { until: now + INIT },
            last: None,
            backoff: BackOff::default(),
            workers: workers.collect(),
            started: false,
            ready: false,
            ready_since: now,
            late: false,
        }
    }

    /// Looked at as real kubelets do: a moment after its pause is over, another one each time.
    pub fn late(self) -> Self {
        Self { late: true, ..self }
    }

    fn lateness(&self) -> SignedDuration {
        let seed = hash(&format!("{}/{}", self.identity.uid, self.restarts));
        SignedDuration::from_millis(if self.late { (seed % 5_000) as i64 } else { 0 })
    }

    /// A pod that lived before anybody watched: taken over from its status.
    pub fn adopt(identity: Identity, container: &Value, pod: &Value, now: Timestamp) -> Self {
        let time = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
        let added = time(&pod["metadata"]["creationTimestamp"]).unwrap_or(now);
        let mut adopted = Self::new(identity, container, added);
        let statuses = pod["status"]["containerStatuses"].as_array();
        let named = |status: &&Value| status["name"] == adopted.identity.container.as_str();
        let Some(status) = statuses.into_iter().flatten().find(named) else { return adopted };
        let ended = &status["lastState"]["terminated"];
        let code = ended["exitCode"].as_i64().and_then(|code| i32::try_from(code).ok()).unwrap_or(0);
        adopted.last =
            time(&ended["finishedAt"]).map(|finished| Ended { code, started: time(&ended["startedAt"]).unwrap_or(finished), finished });
        adopted.restarts = status["restartCount"].as_u64().and_then(|count| u32::try_from(count).ok()).unwrap_or(0);
        adopted.initialized = Some(added);
        let conditions = pod["status"]["conditions"].as_array();
        let ready = conditions.into_iter().flatten().find(|condition| condition["type"] == "Ready");
        adopted.ready = status["ready"] == true;
        adopted.ready_since = ready.and_then(|ready| time(&ready["lastTransitionTime"])).unwrap_or(added);
        match time(&status["state"]["running"]["startedAt"]) {
            Some(since) => {
                adopted.phase = Phase::Running { since, exit: None };
                adopted.started = true;
                for worker in adopted.workers.iter_mut().filter(|worker| worker.kind != Kind::Startup) {
                    worker.begin(added, since, now);
                }
            }
            None => {
                adopted.backoff = BackOff::longest(adopted.last.map_or(added, |ended| ended.finished));
                let until = adopted.backoff.pause(now, now).map_or(now, |(_, over)| over);
                adopted.phase = Phase::Waiting { until, pause: until.duration_since(now), told: now };
            }
        }
        adopted
    }

    /// `Running` once its init containers are through.
    pub fn is_initialized(&self) -> bool {
        self.initialized.is_some()
    }

    pub fn is_ready(&self) -> bool {
        self.ready
    }

    pub fn ready_since(&self) -> Option<Timestamp> {
        self.ready.then_some(self.ready_since)
    }

    pub fn running_since(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Running { since, .. } => Some(since),
            _ => None,
        }
    }

    /// `CrashLoopBackOff`.
    pub fn is_backing_off(&self) -> bool {
        matches!(self.phase, Phase::Waiting { .. })
    }

    /// When something happens next by itself.
    pub fn next_due(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Initializing { until } => Some(until),
            Phase::Starting { at } => Some(at),
            Phase::Waiting { until, told, .. } => Some(until.min(told + LOOK)),
            Phase::Running { exit, .. } => {
                let asked = self.workers.iter().filter_map(|worker| worker.next);
                asked.chain(exit.map(|(at, _)| at)).min()
            }
            Phase::Stopped => None,
        }
    }

    /// Lets time pass up to and with `limit`.
    pub fn advance(&mut self, limit: Timestamp, process: &mut dyn Process) {
        while let Some(due) = self.next_due().filter(|due| *due <= limit) {
            self.step(due, process);
        }
    }

    fn step(&mut self, now: Timestamp, process: &mut dyn Process) {
        match self.phase.clone() {
            Phase::Initializing { .. } => {
                self.initialized = Some(now);
                self.begin(now, process);
            }
            Phase::Starting { .. } => self.begin(now, process),
            Phase::Waiting { until, .. } if until <= now => self.restart(now),
            Phase::Waiting { until, pause, .. } => self.wait(until, pause, now),
            Phase::Running { exit: Some((at, code)), .. } if at <= now => {
                self.end(now, code, process);
                self.next_run(self.last, now);
            }
            Phase::Running { since, .. } => self.probe(since, now, process),
            Phase::Stopped => {}
        }
    }

    fn begin(&mut self, now: Timestamp, process: &mut dyn Process) {
        let Identity { image, .. } = &self.identity;
        let pulled = format!("Container image \"{image}\" already present on machine and can be accessed by the pod");
        for (reason, message) in [("Pulled", pulled), ("Created", "Container created".into()), ("Started", "Container started".into())] {
            self.events.record(false, reason, message, now);
        }
        self.phase = Phase::Running { since: now, exit: process.start(now) };
        self.started = !self.workers.iter().any(|worker| worker.kind == Kind::Startup);
        let started = self.started;
        for worker in self.workers.iter_mut().filter(|worker| started == (worker.kind != Kind::Startup)) {
            worker.begin(self.added, now, now);
        }
        if started && !self.workers.iter().any(|worker| worker.kind == Kind::Readiness) {
            self.set_ready(true, now);
        }
    }

    fn probe(&mut self, since: Timestamp, now: Timestamp, process: &mut dyn Process) {
        let Some(at) = self.workers.iter().position(|worker| worker.next.is_some_and(|next| next <= now)) else { return };
        let worker = &mut self.workers[at];
        let kind = worker.kind;
        let result = match worker.pending.take() {
            Some(result) => result,
            None => {
                let limit = SignedDuration::from_secs(worker.probe.timeout);
                let Answer { result, took } = process.probe(kind, now);
                let answer = if took > limit { Err("command timed out".to_string()) } else { result };
                if took > SignedDuration::ZERO {
                    worker.pending = Some(answer);
                    worker.next = Some(now + took.min(limit));
                    return;
                }
                answer
            }
        };
        let verdict = worker.file(result.is_ok(), self.added, now);
        if let Err(text) = result {
            self.events.record(true, "Unhealthy", format!("{} probe failed: {text}", kind.word()), now);
        }
        match (kind, verdict) {
            (Kind::Readiness, Some(ready)) => self.set_ready(ready, now),
            (Kind::Startup, Some(true)) => {
                self.started = true;
                for worker in &mut self.workers {
                    match worker.kind {
                        Kind::Startup => worker.stop(),
                        _ => worker.begin(self.added, since, now),
                    }
                }
            }
            (_, Some(false)) => self.kill(kind, now, process),
            _ => {}
        }
    }

    fn kill(&mut self, kind: Kind, now: Timestamp, process: &mut dyn Process) {
        let probe = kind.word().to_lowercase();
        let message = format!("Container {} failed {probe} probe, will be restarted", self.identity.container);
        self.events.record(false, "Killing", message, now);
        // The kubelet kills and restarts on what it knew before the kill: the pause counts from the run before this one.
        let known = self.last;
        self.end(now, 137, process);
        self.next_run(known, now);
    }

    fn end(&mut self, now: Timestamp, code: i32, process: &mut dyn Process) {
        if let Phase::Running { since, .. } = self.phase {
            self.last = Some(Ended { code, started: since, finished: now });
        }
        process.ended(now);
        self.workers.iter_mut().for_each(Worker::stop);
        self.started = false;
        self.set_ready(false, now);
    }

    fn next_run(&mut self, known: Option<Ended>, now: Timestamp) {
        match known.and_then(|ended| self.backoff.pause(ended.finished, now)) {
            Some((pause, _)) => self.wait(now + pause + self.lateness(), pause, now),
            None => {
                if known.is_some() {
                    self.backoff.started(now);
                }
                self.restarts += 1;
                self.phase = Phase::Starting { at: now + AGAIN };
            }
        }
    }

    fn restart(&mut self, now: Timestamp) {
        self.backoff.started(now);
        self.restarts += 1;
        self.phase = Phase::Starting { at: now };
    }

    fn wait(&mut self, until: Timestamp, pause: SignedDuration, now: Timestamp) {
        let Identity { namespace, name, uid, container, .. } = &self.identity;
        let message = format!("Back-off restarting failed container {container} in pod {name}_{namespace}({uid})");
        self.events.record(true, "BackOff", message, now);
        self.phase = Phase::Waiting { until, pause, told: now };
    }

    fn set_ready(&mut self, ready: bool, now: Timestamp) {
        if self.ready != ready {
            self.ready = ready;
            self.ready_since = now;
        }
    }

    /// The pod is deleted; calico-node's grace period is 0.
    pub fn stop(&mut self, now: Timestamp, process: &mut dyn Process) {
        if matches!(self.phase, Phase::Running { .. }) {
            self.events.record(false, "Killing", format!("Stopping container {}", self.identity.container), now);
            self.end(now, 137, process);
        }
        self.phase = Phase::Stopped;
    }

    /// The entry of `status.containerStatuses`.
    pub fn container_status(&self) -> Value {
        let Identity { namespace, name, uid, container, image } = &self.identity;
        let id = |run: u32| format!("containerd://{uid}-{run}");
        let terminated = |ended: Ended, run: u32| {
            json!({"terminated": {
                "exitCode": ended.code,
                "reason": if ended.code == 0 { "Completed" } else { "Error" },
                "startedAt": seconds_of(ended.started),
                "finishedAt": seconds_of(ended.finished),
                "containerID": id(run),
            }})
        };
        let waiting = |reason: &str| json!({"waiting": {"reason": reason}});
        let mut last = self.last.map(|ended| terminated(ended, self.restarts.saturating_sub(1))).unwrap_or_else(|| json!({}));
        let state = match self.phase {
            Phase::Initializing { .. } => waiting("PodInitializing"),
            Phase::Running { since, .. } => json!({"running": {"startedAt": seconds_of(since)}}),
            Phase::Waiting { pause, .. } => {
                last = self.last.map(|ended| terminated(ended, self.restarts)).unwrap_or(last);
                let message = format!("back-off {} restarting failed container={container} pod={name}_{namespace}({uid})", go(pause));
                json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}})
            }
            Phase::Starting { .. } => {
                self.last.map_or(waiting("ContainerCreating"), |ended| terminated(ended, self.restarts.saturating_sub(1)))
            }
            Phase::Stopped => self.last.map_or(waiting("ContainerCreating"), |ended| terminated(ended, self.restarts)),
        };
        json!({
            "name": container,
            "state": state,
            "lastState": last,
            "ready": self.ready,
            "started": self.started,
            "restartCount": self.restarts,
            "image": image,
            "imageID": "",
            "containerID": id(self.restarts),
        })
    }

    /// `status.conditions`.
    pub fn conditions(&self) -> Value {
        let condition = |kind: &str, holds: bool, since: Timestamp, why: Option<(&str, String)>| {
            let status = if holds { "True" } else { "False" };
            let mut condition = json!({"type": kind, "status": status, "lastProbeTime": null, "lastTransitionTime": seconds_of(since)});
            if let Some((reason, message)) = why.filter(|_| !holds) {
                condition["reason"] = reason.into();
                condition["message"] = message.into();
            }
            condition
        };
        let unready = || Some(("ContainersNotReady", format!("containers with unready status: [{}]", self.identity.container)));
        let initialized = self.initialized.unwrap_or(self.added);
        let incomplete =
            Some(("ContainersNotInitialized", "containers with incomplete status: [upgrade-ipam install-cni mount-bpffs]".to_string()));
        json!([
            condition("PodReadyToStartContainers", true, self.added, None),
            condition("Initialized", self.initialized.is_some(), initialized, incomplete),
            condition("Ready", self.ready, self.ready_since, unready()),
            condition("ContainersReady", self.ready, self.ready_since, unready()),
            condition("PodScheduled", true, self.added, None),
        ])
    }
}

/// A duration as Go prints it: `40s`, `1m20s`, `5m0s`.
fn go(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 { format!("{seconds}s") } else { format!("{}m{}s", seconds / 60, seconds % 60) }
}
