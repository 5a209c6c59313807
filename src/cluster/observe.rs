//! From an answer, or none, to what a snapshot says of it.

use std::time::Duration;

use super::error::RequestError;
use crate::observed::Observed;

/// Not allowed, not there, and not answered are three things.
pub(super) fn observe<T>(answer: Result<T, RequestError>) -> Observed<T> {
    match answer {
        Ok(value) => Observed::Seen(value),
        Err(error @ RequestError::Forbidden { .. }) => Observed::Forbidden(missing_permission(&error)),
        Err(error) if error.is_not_found() => Observed::Absent,
        Err(error) => Observed::Failed(short_reason(&error)),
    }
}

/// The right that is missing, without the user's name.
pub(super) fn missing_permission(error: &RequestError) -> String {
    match error {
        RequestError::Forbidden { asked, .. } => format!("cannot {asked}"),
        other => short_reason(other),
    }
}

/// The reason alone, for a row that says already what was asked.
pub(super) fn short_reason(error: &RequestError) -> String {
    let text = match error {
        RequestError::Server { message, .. } => match of_kubelet(message) {
            Some(rest) => format!("the kubelet cannot be reached: {rest}"),
            None => message.clone(),
        },
        RequestError::Unreadable { why, .. } => format!("the answer cannot be read: {why}"),
        RequestError::TimedOut { limit: Some(limit), .. } => format!("no answer within {}s", limit.as_secs_f64()),
        RequestError::PastDeadline { limit, .. } => past_deadline(*limit),
        RequestError::TimedOut { limit: None, .. } => "no answer in time".into(),
        other => other.to_string(),
    };
    text.chars().take(500).collect()
}

pub(super) fn past_deadline(limit: Duration) -> String {
    format!("not reached within {}s (--deadline)", limit.as_secs_f64())
}

/// How the API server says that it cannot reach a kubelet: for exec, and for logs.
fn of_kubelet(message: &str) -> Option<&str> {
    let for_exec = message.split_once("error dialing backend: ").map(|(_, rest)| rest);
    for_exec.or_else(|| message.starts_with("Get \"https://").then(|| message.split_once("\": ")).flatten().map(|(_, rest)| rest))
}
