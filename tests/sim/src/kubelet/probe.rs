//! One probe of one container: when it is asked next, and what its answers add up to (kubernetes pkg/kubelet/prober/worker.go).

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Startup,
    Liveness,
    Readiness,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Startup => "Startup",
            Self::Liveness => "Liveness",
            Self::Readiness => "Readiness",
        }
    }
}

/// The timing fields, with the API's defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    pub initial_delay: i64,
    pub period: i64,
    pub timeout: i64,
    pub successes: u32,
    pub failures: u32,
}

impl Probe {
    /// `None` when the container has no such probe.
    pub fn from_json(probe: &Value) -> Option<Self> {
        probe.as_object()?;
        let field = |name: &str, default: i64| probe[name].as_i64().filter(|value| *value > 0).unwrap_or(default);
        let count = |name: &str, default: i64| u32::try_from(field(name, default)).unwrap_or(u32::MAX);
        Some(Self {
            initial_delay: field("initialDelaySeconds", 0),
            period: field("periodSeconds", 10),
            timeout: field("timeoutSeconds", 1),
            successes: count("successThreshold", 1),
            failures: count("failureThreshold", 3),
        })
    }
}

/// What the handler says, and how long it takes to say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub result: Result<(), String>,
    pub took: SignedDuration,
}

impl Answer {
    pub fn at_once(result: Result<(), String>) -> Self {
        Self { result, took: SignedDuration::ZERO }
    }
}

/// The worker lives as long as the pod; its ticks go on through restarts.
#[derive(Clone, Debug)]
pub(super) struct Worker {
    pub kind: Kind,
    pub probe: Probe,
    pub next: Option<Timestamp>,
    pub pending: Option<Result<(), String>>,
    /// Answers of one sort in a row.
    run: u32,
    last_ok: Option<bool>,
    /// Readiness is asked twice at the start, out of turn.
    extra: bool,
}

impl Worker {
    pub(super) fn new(kind: Kind, probe: Probe) -> Self {
        Self { kind, probe, next: None, pending: None, run: 0, last_ok: None, extra: false }
    }

    /// The container runs (or its startup probe is through): counting begins anew.
    pub(super) fn begin(&mut self, added: Timestamp, started: Timestamp, now: Timestamp) {
        self.stop();
        self.extra = self.kind == Kind::Readiness;
        let earliest = now.max(started + SignedDuration::from_secs(self.probe.initial_delay));
        let out_of_turn = self.extra && self.probe.initial_delay == 0;
        self.next = Some(if out_of_turn { earliest } else { self.tick(added, earliest) });
    }

    pub(super) fn stop(&mut self) {
        *self = Self::new(self.kind, self.probe);
    }

    /// The first tick at or after `earliest`.
    fn tick(&self, added: Timestamp, earliest: Timestamp) -> Timestamp {
        let period = SignedDuration::from_secs(self.probe.period);
        let passed = earliest.duration_since(added).as_millis();
        let ticks = (passed.max(0) + period.as_millis() - 1) / period.as_millis();
        added + SignedDuration::from_millis(i64::try_from(ticks * period.as_millis()).unwrap_or(i64::MAX / 2))
    }

    /// Files an answer and plans the next question. `Some` once enough of one sort came in a row.
    pub(super) fn file(&mut self, ok: bool, added: Timestamp, now: Timestamp) -> Option<bool> {
        self.run = if self.last_ok == Some(ok) { self.run + 1 } else { 1 };
        self.last_ok = Some(ok);
        self.next = Some(match self.kind {
            Kind::Readiness if self.extra && !ok => now + SignedDuration::from_secs(1),
            // A question out of turn restarts its ticker.
            Kind::Readiness => now + SignedDuration::from_secs(self.probe.period),
            _ => self.tick(added, now + SignedDuration::from_millis(1)),
        });
        self.extra = false;
        let enough = if ok { self.probe.successes } else { self.probe.failures };
        (self.run >= enough).then_some(ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_have_the_defaults_of_the_api() {
        let probe = Probe::from_json(&json!({"exec": {}, "periodSeconds": 5})).expect("a probe");
        assert_eq!(probe, Probe { initial_delay: 0, period: 5, timeout: 1, successes: 1, failures: 3 });
        assert_eq!(Probe::from_json(&Value::Null), None);
    }

    /// 10 + 10 × 6 kills 68 s after the start, as was seen: the ticks count from the pod, which came 2 s before its container.
    #[test]
    fn ticks_count_from_the_pod() {
        let added = Timestamp::UNIX_EPOCH;
        let at = |seconds: i64| added + SignedDuration::from_secs(seconds);
        let probe = Probe { initial_delay: 10, period: 10, timeout: 1, successes: 1, failures: 6 };
        let mut worker = Worker::new(Kind::Liveness, probe);
        worker.begin(added, at(2), at(2));
        let mut killed = None;
        while killed.is_none() {
            let now = worker.next.expect("planned");
            killed = worker.file(false, added, now).map(|_| now);
        }
        assert_eq!(killed, Some(at(70)));
    }
}
