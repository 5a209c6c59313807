//! Seconds as people read them: `70s`, `1.5s`, `350ms`. The unit follows the number without a blank, as in kubectl and in probes.

use std::time::Duration;

/// Whole seconds: `70s`.
pub fn whole(seconds: impl Into<f64>) -> String {
    format!("{:.0}s", seconds.into())
}

/// Whole seconds of a duration: `70s`.
pub fn of_duration(duration: Duration) -> String {
    whole(duration.as_secs_f64().floor())
}

/// For what is short: `0s`, `35ms`, `0.98s`, `1.5s`, `105s`.
pub fn precise(seconds: f64) -> String {
    match seconds {
        0.0 => "0s".to_owned(),
        ..0.1 => format!("{:.0}ms", seconds * 1000.0),
        ..1.0 => format!("{seconds:.2}s"),
        ..99.5 => format!("{seconds:.1}s"),
        _ => whole(seconds),
    }
}

/// As `precise`, without tenths from 10s on: `0.30s`, `4.5s`, `63s`.
pub fn brief(seconds: f64) -> String {
    if seconds < 9.95 { precise(seconds) } else { whole(seconds) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_its_unit_are_one_word() {
        for (seconds, short, long) in [
            (0.0, "0s", "0s"),
            (0.035, "35ms", "0s"),
            (0.98, "0.98s", "1s"),
            (1.5, "1.5s", "2s"),
            (63.04, "63.0s", "63s"),
            (105.4, "105s", "105s"),
        ] {
            assert_eq!((precise(seconds).as_str(), whole(seconds).as_str()), (short, long), "{seconds}");
        }
        assert_eq!((whole(70_u32), of_duration(Duration::from_millis(69_900))), ("70s".to_owned(), "69s".to_owned()));
    }
}
