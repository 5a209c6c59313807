//! Times as Calico, the kubelet and container runtimes write them, read without a detour: every line of a long log has one or two.

use jiff::Timestamp;

/// `2024-01-02T03:04:05.678901234Z`, or with a blank for the `T` and without the `Z`, taken as UTC; other offsets as well.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    if !begins(text.as_bytes()) {
        return None;
    }
    plain(text.as_bytes()).or_else(|| text.parse().ok())
}

/// As `bracketed` lines have it: a date, a blank and a time.
pub(super) fn civil(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if !begins(bytes) {
        return None;
    }
    plain(bytes).or_else(|| format!("{}T{}Z", &text.get(..10)?, &text.get(11..)?).parse().ok())
}

fn begins(bytes: &[u8]) -> bool {
    bytes.len() >= 19 && bytes[4] == b'-' && bytes[7] == b'-' && matches!(bytes[10], b'T' | b' ') && bytes[13] == b':'
}

fn plain(bytes: &[u8]) -> Option<Timestamp> {
    let number = |range: std::ops::Range<usize>| {
        bytes.get(range)?.iter().try_fold(0_i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let is_date = bytes[7] == b'-' && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    if !is_date || bytes[16] != b':' || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let rest = bytes[19..].strip_suffix(b"Z").unwrap_or(&bytes[19..]);
    let nanos = match rest {
        [] => 0,
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) => {
            let read = digits.iter().fold(0_i32, |sum, byte| sum * 10 + i32::from(byte - b'0'));
            read * 10_i32.pow(9 - digits.len() as u32)
        }
        _ => return None,
    };
    Timestamp::new(days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second, nanos).ok()
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Since 1970-01-01 (Howard Hinnant's `days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form() {
        for (text, expected) in [
            ("2024-01-02T03:04:05Z", Some("2024-01-02T03:04:05Z")),
            ("2024-01-02T03:04:05.5Z", Some("2024-01-02T03:04:05.5Z")),
            ("2024-02-29T23:59:59.123456789Z", Some("2024-02-29T23:59:59.123456789Z")),
            ("2026-11-23T16:51:41.5+01:00", Some("2026-11-23T15:51:41.5Z")),
            ("1969-12-31T23:59:59Z", Some("1969-12-31T23:59:59Z")),
            ("2023-02-29T00:00:00Z", None),
            ("2024-13-02T03:04:05Z", None),
            ("2024-01-02T03:04", None),
            ("2024-01-02Tx3:04:05Z", None),
            ("not a time at all, no", None),
        ] {
            assert_eq!(instant(text).map(|at| at.to_string()).as_deref(), expected, "{text}");
        }
        assert_eq!(civil("2024-01-02 03:04:05.678").map(|at| at.to_string()).as_deref(), Some("2024-01-02T03:04:05.678Z"));
        assert_eq!(civil("2024-01-02 03:04:05.678 more"), None);
    }

    proptest! {
        #[test]
        fn as_the_library_reads_it(seconds in -62_000_000_000_i64..253_000_000_000, nanos in 0..1_000_000_000_i32) {
            let at = Timestamp::new(seconds, nanos).expect("in range");
            let text = at.to_string();
            prop_assert_eq!(instant(&text), Some(at));
        }

        #[test]
        fn never_another_answer(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,10})?Z?") {
            if let Some(at) = plain(text.as_bytes()) {
                let whole = if text.ends_with('Z') { text.clone() } else { format!("{text}Z") };
                prop_assert_eq!(whole.parse::<Timestamp>().ok(), Some(at));
            }
        }
    }
}
