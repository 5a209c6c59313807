//! How long one request may take: `--request-timeout` as kubectl reads it, and the default of an exec.

use std::time::Duration;

use tokio::time::Instant;

use crate::text::go_duration;

/// For everything that is asked inside one pod. Each question there has its own limit in `calico/inside.sh`.
pub(super) const EXEC: Duration = Duration::from_secs(15);

/// How long to wait for one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// One object.
    pub get: Option<Duration>,
    /// One page of a list, or a log: megabytes on a slow link.
    pub list: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { get: Some(Duration::from_secs(30)), list: Some(Duration::from_secs(60)) }
    }
}

impl Timeouts {
    /// A given value counts for every request; `None` as flag means the defaults, a zero means no limit.
    pub fn from_flag(flag: Option<&str>) -> Result<Self, InvalidTimeout> {
        match flag {
            None | Some("") => Ok(Self::default()),
            Some(text) => parse(text).map(|limit| Self { get: limit, list: limit }),
        }
    }
}

/// When reading a cluster as a whole must be over. What is not read by then is a gap.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    pub limit: Duration,
    at: Instant,
}

impl Deadline {
    /// `None` stays no limit.
    pub fn starting_now(limit: Option<Duration>) -> Option<Self> {
        let limit = limit?;
        Some(Self { limit, at: Instant::now().checked_add(limit)? })
    }

    pub fn left(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// `None` where time ran out. Past the deadline nothing is begun.
    pub async fn bound<T>(deadline: Option<Self>, work: impl Future<Output = T>) -> Option<T> {
        match deadline {
            None => Some(work.await),
            Some(deadline) if deadline.left().is_zero() => None,
            Some(deadline) => tokio::time::timeout_at(deadline.at, work).await.ok(),
        }
    }
}

/// A limit on time as a flag gives it: `default` where it is not given, `None` where it is zero.
pub fn parse_flag(flag: Option<&str>, default: Duration) -> Result<Option<Duration>, InvalidTimeout> {
    flag.filter(|text| !text.is_empty()).map_or(Ok(Some(default)), parse)
}

/// kubectl's own words (client-go `clientcmd/client_config.go`, `ParseTimeout`).
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "error: invalid timeout value \"{0}\". Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)"
)]
pub struct InvalidTimeout(pub String);

fn parse(text: &str) -> Result<Option<Duration>, InvalidTimeout> {
    let invalid = || InvalidTimeout(text.chars().take(40).collect());
    let duration = go_duration::parse_with_seconds(text).ok_or_else(invalid)?;
    Ok((!duration.is_zero()).then_some(duration))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubectl_takes_and_refuses() {
        for (text, expected) in [
            ("0", Some(None)),
            ("0s", Some(None)),
            ("30", Some(Some(30_000))),
            ("30s", Some(Some(30_000))),
            ("+5s", Some(Some(5_000))),
            ("2m", Some(Some(120_000))),
            ("1h30m", Some(Some(5_400_000))),
            ("1.5s", Some(Some(1_500))),
            (".5s", Some(Some(500))),
            ("300ms", Some(Some(300))),
            ("5x", None),
            ("s", None),
            ("5s3", None),
            ("1 s", None),
            ("-1s", None),
            ("-1", None),
            ("1..5s", None),
            ("99999999999999999999h", None),
            ("five", None),
            ("+", None),
        ] {
            let read = Timeouts::from_flag(Some(text)).ok().map(|timeouts| timeouts.list.map(|limit| limit.as_millis()));
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn an_absent_or_empty_flag_means_the_defaults() {
        for flag in [None, Some("")] {
            assert_eq!(Timeouts::from_flag(flag), Ok(Timeouts::default()));
        }
    }
}
