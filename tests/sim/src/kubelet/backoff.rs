//! When a container that ended may start again (k8s.io/client-go/util/flowcontrol/backoff.go).

use jiff::{SignedDuration, Timestamp};

const FIRST: SignedDuration = SignedDuration::from_secs(10);
const LONGEST: SignedDuration = SignedDuration::from_secs(300);

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BackOff {
    /// The pause and when it was set; `None`: the container has not been restarted in a long time.
    entry: Option<(SignedDuration, Timestamp)>,
}

impl BackOff {
    /// As after many restarts, the last of them then.
    pub(super) fn longest(set: Timestamp) -> Self {
        Self { entry: Some((LONGEST, set)) }
    }

    /// The pause in force for a container that ended at `finished`, and when it is over; `None`: start at once.
    pub(super) fn pause(&self, finished: Timestamp, now: Timestamp) -> Option<(SignedDuration, Timestamp)> {
        let (pause, _) = self.live(finished)?;
        let over = finished + pause;
        (over > now).then_some((pause, over))
    }

    /// The container starts: the next pause is twice as long.
    pub(super) fn started(&mut self, now: Timestamp) {
        let next = self.live(now).map_or(FIRST, |(pause, _)| (pause * 2).min(LONGEST));
        self.entry = Some((next, now));
    }

    /// Forgotten after twice the longest pause.
    fn live(&self, at: Timestamp) -> Option<(SignedDuration, Timestamp)> {
        self.entry.filter(|(_, set)| at.duration_since(*set) <= LONGEST * 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_five_minutes_and_are_forgotten() {
        let mut backoff = BackOff::default();
        let mut now = Timestamp::UNIX_EPOCH;
        let mut pauses = Vec::new();
        for _ in 0..8 {
            let pause = backoff.pause(now, now);
            pauses.push(pause.map_or(0, |(pause, _)| pause.as_secs()));
            now = pause.map_or(now, |(_, over)| over);
            backoff.started(now);
        }
        assert_eq!(pauses, [0, 10, 20, 40, 80, 160, 300, 300]);
        now += SignedDuration::from_secs(601);
        assert_eq!(backoff.pause(now, now), None);
    }
}
