//! Dates and ages in descriptions: ages count back from a moment that the text does not name.

use jiff::Timestamp;

use super::tree::Entry;

/// `Tue, 12 May 2026 05:18:33 +0000`
pub(super) fn date(text: &str) -> Option<Timestamp> {
    if text.len() > 64 {
        return None;
    }
    jiff::fmt::rfc2822::parse(text).ok().map(|at| at.timestamp()).or_else(|| text.parse().ok())
}

/// `3m39s (x134 over 25m)`, in seconds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Age {
    pub last: i64,
    pub first: i64,
    pub times: i32,
}

impl Age {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (last, rest) = text.split_once(' ').unwrap_or((text, ""));
        let last = seconds(last)?;
        let counted = rest.trim().strip_prefix("(x").and_then(|rest| rest.strip_suffix(')')).and_then(|rest| rest.split_once(" over "));
        let (times, first) = counted.and_then(|(times, first)| Some((times.parse().ok()?, seconds(first)?))).unwrap_or((1, last));
        Some(Self { last, first, times })
    }
}

/// `2d3h`, `25m`, `3m39s`, `<invalid>`
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let (mut total, mut number) = (0_i64, None::<i64>);
    for c in text.chars().take(24) {
        if let Some(digit) = c.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(i64::from(digit))?);
            continue;
        }
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'y' => 31_536_000,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    (number.is_none() && !text.is_empty()).then_some(total)
}

/// `2026-05-12 05:43:43.500` in a message of calico-node's.
fn stamp(message: &str) -> Option<Timestamp> {
    let at = message.find(" [INFO][").or_else(|| message.find(" [WARNING]["))?;
    let text = message.get(..at)?.rsplit(": ").next()?;
    format!("{}Z", text.trim().replacen(' ', "T", 1)).parse().ok()
}

/// The moment of the description, as near as it tells.
pub(super) struct Clock {
    now: Option<Timestamp>,
}

impl Clock {
    /// An event `Started` and the container's own start, or `Scheduled` and the pod's, give the moment; else it is not known.
    pub(super) fn of_description(tree: &Entry<'_>) -> Self {
        let events = tree.child("Events").map_or(&[][..], |events| &events.children);
        let age = |reason: &str| {
            let rows = events.iter().map(|line| super::super::tables::split_row(line.text, 5));
            let ages = rows.filter(|cells| cells.get(1) == Some(&reason)).filter_map(|cells| Age::parse(cells.get(2)?));
            ages.map(|age| age.last).min()
        };
        let containers = tree.child("Containers").map_or(&[][..], |containers| &containers.children);
        let started = containers.iter().filter_map(|container| container.child("State")?.get("Started").and_then(date)).max();
        let after = |at: Option<Timestamp>, seconds: Option<i64>| at?.checked_add(jiff::SignedDuration::from_secs(seconds?)).ok();
        let begun = tree.get("Start Time").and_then(date);
        let exact = after(started, age("Started")).or_else(|| after(begun, age("Scheduled")));
        let first_run = containers.iter().all(|container| container.get("Restart Count") == Some("0"));
        // No event of a pod is older than the pod, no failed probe of a container that never restarted is older than that, and one
        // that says when it was is as old as it says.
        let rows = events.iter().map(|line| super::super::tables::split_row(line.text, 5));
        let least = rows.filter_map(|cells| {
            let seen = Age::parse(cells.get(2)?)?;
            let probed = started.filter(|_| first_run && cells.get(1) == Some(&"Unhealthy"));
            after(begun, Some(seen.first)).max(after(probed, Some(seen.first))).max(after(stamp(cells.get(4)?), Some(seen.last)))
        });
        Self { now: exact.or_else(|| least.max()) }
    }

    pub(super) fn ago(&self, seconds: i64) -> Option<Timestamp> {
        self.now?.checked_sub(jiff::SignedDuration::from_secs(seconds)).ok()
    }
}
