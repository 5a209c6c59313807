//! The API server's clock, by the Date header of its answers.

use std::sync::Mutex;
use std::time::Instant;

use http::{HeaderMap, header};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

/// Differences that a slow answer and the header's whole seconds explain.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(5);

/// Difference between the server's clock and this machine's.
#[derive(Debug, Default)]
pub(super) struct ServerClock {
    newest: Mutex<Option<(Timestamp, Instant)>>,
}

impl ServerClock {
    pub fn note(&self, headers: &HeaderMap) {
        let date = headers.get(header::DATE).and_then(|date| date.to_str().ok()).and_then(parse);
        if let (Some(date), Ok(mut newest)) = (date, self.newest.lock()) {
            *newest = Some((date, Instant::now()));
        }
    }

    /// This machine's time, unless the server's is another.
    pub fn now(&self) -> Timestamp {
        let newest = self.newest.lock().ok().and_then(|newest| *newest);
        corrected(Timestamp::now(), newest.map(|(date, seen)| date.saturating_add(seen.elapsed()).unwrap_or(date)))
    }
}

fn parse(date: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(date).ok()
}

fn corrected(own: Timestamp, server: Option<Timestamp>) -> Timestamp {
    server.filter(|server| server.duration_since(own).abs() > TOLERANCE).unwrap_or(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_corrected_and_a_right_one_kept() {
        let own: Timestamp = "2026-11-23T17:00:00.5Z".parse().expect("a time");
        for (date, now) in [
            ("Mon, 23 Nov 2026 17:00:02 GMT", "2026-11-23T17:00:00.5Z"),
            ("Mon, 23 Nov 2026 17:40:00 GMT", "2026-11-23T17:40:00Z"),
            ("Mon, 23 Nov 2026 16:00:00 GMT", "2026-11-23T16:00:00Z"),
            ("yesterday", "2026-11-23T17:00:00.5Z"),
        ] {
            assert_eq!(corrected(own, parse(date)).to_string(), now, "{date}");
        }
        let clock = ServerClock::default();
        clock.note(&HeaderMap::new());
        assert!(Timestamp::now().duration_since(clock.now()).abs() < TOLERANCE);
    }
}
