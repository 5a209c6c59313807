//! Events of one object as a component's recorder sends them: counted, combined, and rationed
//! (k8s.io/client-go/tools/record/events_cache.go).

use jiff::{SignedDuration, Timestamp};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub warning: bool,
    pub reason: &'static str,
    pub message: String,
    pub count: u32,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// Messages of one reason that stand alone; the next ones are combined.
const ALONE: usize = 9;
const SIMILAR_FOR: SignedDuration = SignedDuration::from_mins(10);
/// Events an object may have at once, and how often one more is let through.
const BURST: f64 = 25.0;
const REFILL_SECONDS: f64 = 300.0;

#[derive(Clone, Debug, Default)]
pub struct Recorder {
    pub events: Vec<Event>,
    /// Reason, distinct messages, and when the last came.
    similar: Vec<(&'static str, Vec<String>, Timestamp)>,
    spent: f64,
    spent_at: Option<Timestamp>,
}

impl Recorder {
    pub fn record(&mut self, warning: bool, reason: &'static str, message: String, now: Timestamp) {
        let combined = self.is_combined(reason, &message, now);
        let message = if combined { format!("(combined from similar events): {message}") } else { message };
        if !self.affords(now) {
            return;
        }
        let same = |event: &&mut Event| {
            let text = event.message == message || (combined && event.message.starts_with("(combined"));
            event.reason == reason && event.warning == warning && text
        };
        match self.events.iter_mut().find(same) {
            Some(known) => {
                known.count += 1;
                known.last = now;
                known.message = message;
            }
            None => self.events.push(Event { warning, reason, message, count: 1, first: now, last: now }),
        }
    }

    fn is_combined(&mut self, reason: &'static str, message: &str, now: Timestamp) -> bool {
        self.similar.retain(|(_, _, last)| now.duration_since(*last) <= SIMILAR_FOR);
        match self.similar.iter_mut().find(|(known, ..)| *known == reason) {
            Some((_, messages, last)) => {
                *last = now;
                if !messages.iter().any(|known| known == message) {
                    messages.push(message.to_string());
                }
                messages.len() > ALONE
            }
            None => {
                self.similar.push((reason, vec![message.to_string()], now));
                false
            }
        }
    }

    fn affords(&mut self, now: Timestamp) -> bool {
        let passed = self.spent_at.map_or(0.0, |at| now.duration_since(at).as_secs_f64());
        self.spent = (self.spent - passed / REFILL_SECONDS).max(0.0);
        self.spent_at = Some(now);
        let affords = self.spent + 1.0 <= BURST;
        if affords {
            self.spent += 1.0;
        }
        affords
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    /// As incident 1 was recorded: nine messages with their own times, the rest in one.
    #[test]
    fn the_tenth_similar_message_is_combined() {
        let mut recorder = Recorder::default();
        for second in 0..15 {
            recorder.record(true, "Unhealthy", format!("Readiness probe failed: at {second}"), at(second));
        }
        assert_eq!(recorder.events.len(), 10);
        let last = &recorder.events[9];
        assert_eq!((last.count, last.message.as_str()), (6, "(combined from similar events): Readiness probe failed: at 14"));
    }

    #[test]
    fn the_same_message_is_counted_until_the_ration_is_spent() {
        let mut recorder = Recorder::default();
        for second in 0..40 {
            recorder.record(true, "BackOff", "Back-off".into(), at(second));
        }
        assert_eq!((recorder.events.len(), recorder.events[0].count, recorder.events[0].last), (1, 25, at(24)));
        recorder.record(true, "BackOff", "Back-off".into(), at(400));
        assert_eq!(recorder.events[0].count, 26);
    }
}
