//! The API server's clock: ages are measured against it, not against this machine's.

use std::sync::atomic::{AtomicI64, Ordering};

use http::HeaderMap;
use http::header::DATE;
use jiff::{SignedDuration, Timestamp};

/// Below this many milliseconds the clocks agree: a Date header has whole seconds only.
const TOLERANCE: i64 = 2_000;

/// How far the server's clock is ahead, by the Date header of its newest answer.
#[derive(Debug, Default)]
pub struct ServerClock {
    ahead_milliseconds: AtomicI64,
}

impl ServerClock {
    /// Without a Date header that can be read what was known before stays.
    pub fn observe(&self, headers: &HeaderMap, local: Timestamp) {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        // An HTTP date is of RFC 2822's form, always in GMT (RFC 9110 5.6.7).
        let Some(server) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()).map(|date| date.timestamp()) else { return };
        let ahead = server.as_millisecond().saturating_sub(local.as_millisecond());
        self.ahead_milliseconds.store(if ahead.abs() < TOLERANCE { 0 } else { ahead }, Ordering::Relaxed);
    }

    /// The server's time now; this machine's until the server has answered.
    pub fn now(&self) -> Timestamp {
        self.server_time(Timestamp::now())
    }

    fn server_time(&self, local: Timestamp) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.ahead_milliseconds.load(Ordering::Relaxed));
        local.checked_add(ahead).unwrap_or(local)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dated(date: &str) -> HeaderMap {
        HeaderMap::from_iter([(DATE, date.parse().expect("a header"))])
    }

    #[test]
    fn ages_are_the_servers() {
        let local: Timestamp = "2026-11-23T17:00:00.4Z".parse().expect("a time");
        for (date, expected) in [
            ("Mon, 23 Nov 2026 17:00:00 GMT", "2026-11-23T17:00:00.4Z"),
            ("Mon, 23 Nov 2026 17:00:01 GMT", "2026-11-23T17:00:00.4Z"),
            ("Mon, 23 Nov 2026 18:30:00 GMT", "2026-11-23T18:30:00Z"),
            ("Mon, 23 Nov 2026 16:55:00 GMT", "2026-11-23T16:55:00Z"),
            ("yesterday", "2026-11-23T17:00:00.4Z"),
        ] {
            let clock = ServerClock::default();
            clock.observe(&dated(date), local);
            assert_eq!(clock.server_time(local).to_string(), expected, "{date}");
        }
        let clock = ServerClock::default();
        clock.observe(&dated("Mon, 23 Nov 2026 18:00:00 GMT"), local);
        clock.observe(&HeaderMap::new(), local);
        assert_eq!(clock.server_time(local).to_string(), "2026-11-23T18:00:00Z", "an answer without a date changes nothing");
    }
}
