//! Simulated time: what is due next, and how fast the wall clock follows.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// Things to come, in the order of their times; at one time, in the order they were planned.
pub struct Agenda<E> {
    now: Timestamp,
    planned: u64,
    due: BTreeMap<(Timestamp, u64), E>,
}

impl<E> Agenda<E> {
    pub fn new(now: Timestamp) -> Self {
        Self { now, planned: 0, due: BTreeMap::new() }
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What is planned for the past happens now.
    pub fn at(&mut self, time: Timestamp, event: E) {
        self.planned += 1;
        self.due.insert((time.max(self.now), self.planned), event);
    }

    pub fn after(&mut self, delay: SignedDuration, event: E) {
        self.at(self.now + delay, event);
    }

    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.keys().next().map(|(time, _)| *time)
    }

    /// Jumps to the next event due by `limit`; with none left, time stands at `limit`.
    pub fn until(&mut self, limit: Timestamp) -> Option<E> {
        match self.due.first_entry() {
            Some(first) if first.key().0 <= limit => {
                self.now = first.key().0;
                Some(first.remove())
            }
            _ => {
                self.now = self.now.max(limit);
                None
            }
        }
    }
}

/// Simulated time on the wall clock; a speed of 10 lets an hour pass in six minutes.
pub struct Pace {
    began: Instant,
    from: Timestamp,
    speed: f64,
}

impl Pace {
    pub fn new(from: Timestamp, speed: f64) -> Self {
        Self { began: Instant::now(), from, speed: speed.max(f64::MIN_POSITIVE) }
    }

    pub fn now(&self) -> Timestamp {
        let passed = self.began.elapsed().as_secs_f64() * self.speed;
        SignedDuration::try_from_secs_f64(passed).ok().and_then(|passed| self.from.checked_add(passed).ok()).unwrap_or(Timestamp::MAX)
    }

    /// How long to sleep until then.
    pub fn until(&self, time: Timestamp) -> Duration {
        let left = time.duration_since(self.now()).as_secs_f64() / self.speed;
        Duration::try_from_secs_f64(left.max(0.0)).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_order_and_time_stops_at_the_limit() {
        let start = Timestamp::UNIX_EPOCH;
        let seconds = SignedDuration::from_secs;
        let mut agenda = Agenda::new(start);
        agenda.after(seconds(10), "probe");
        agenda.after(seconds(300), "back-off ends");
        agenda.after(seconds(10), "probe of another");
        assert_eq!(agenda.next_due(), Some(start + seconds(10)));
        let limit = start + seconds(60);
        assert_eq!([agenda.until(limit), agenda.until(limit), agenda.until(limit)], [Some("probe"), Some("probe of another"), None]);
        assert_eq!(agenda.now(), limit);
        agenda.at(start, "late");
        assert_eq!((agenda.until(limit), agenda.now()), (Some("late"), limit));
    }

    #[test]
    fn a_fast_pace_runs_ahead_of_the_wall_clock() {
        let pace = Pace::new(Timestamp::UNIX_EPOCH, 1e6);
        std::thread::sleep(Duration::from_millis(2));
        assert!(pace.now().as_second() >= 2_000);
        assert_eq!(pace.until(Timestamp::UNIX_EPOCH), Duration::ZERO);
    }
}
