//! Durations as Go writes them: `1h30m`, `1.5s`, `300ms`.

use std::time::Duration;

/// As kubectl reads `--request-timeout`: a number without a unit counts seconds.
pub fn parse_with_seconds(text: &str) -> Option<Duration> {
    text.parse::<u64>().map_or_else(|_| parse(text), |seconds| Some(Duration::from_secs(seconds)))
}

/// Go's `time.ParseDuration` without negative values: `1h30m`, `1.5s`, `300ms`.
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return None;
    }
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest.get(..end)?.parse().ok()?;
        rest = rest.get(end..)?;
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let seconds = match rest.get(..end)? {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total += number * seconds;
        rest = rest.get(end..)?;
    }
    Duration::try_from_secs_f64(total).ok()
}
