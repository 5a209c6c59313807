//! Answers that cost next to nothing, for measuring a client: each is made once and played back. Only for a cluster in which nothing changes.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::HeaderMap;
use hyper::{Response, StatusCode};

use super::exec_sandbox::Done;
use super::{Answer, Body};

#[derive(Default)]
pub(crate) struct Playback {
    /// By user, path and query.
    answers: Mutex<HashMap<(String, String), Recorded>>,
    /// By command: what one host printed. Another host prints the same with its own address.
    printed: Mutex<HashMap<Vec<String>, (Ipv4Addr, Done)>>,
}

#[derive(Clone)]
struct Recorded {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recorded {
    fn answer(self) -> Answer {
        let body: Body = Full::new(self.body).map_err(|never| match never {}).boxed_unsync();
        let mut answer = Response::new(body);
        *answer.status_mut() = self.status;
        *answer.headers_mut() = self.headers;
        answer
    }
}

impl Playback {
    pub(super) fn answer(&self, user: &str, place: &str) -> Option<Answer> {
        let recorded = lock(&self.answers).get(&(user.to_owned(), place.to_owned())).cloned();
        recorded.map(Recorded::answer)
    }

    /// Fails where the answer's body does not come whole.
    pub(super) async fn record(&self, user: &str, place: &str, answer: Answer) -> std::io::Result<Answer> {
        let (parts, body) = answer.into_parts();
        let recorded = Recorded { status: parts.status, headers: parts.headers, body: body.collect().await?.to_bytes() };
        lock(&self.answers).insert((user.to_owned(), place.to_owned()), recorded.clone());
        Ok(recorded.answer())
    }

    pub(super) fn printed(&self, command: &[String], address: Ipv4Addr) -> Option<Done> {
        let printed = lock(&self.printed);
        let (first, done) = printed.get(command)?;
        Some(Done { stdout: with_address(&done.stdout, *first, address), ..done.clone() })
    }

    pub(super) fn keep_printed(&self, command: &[String], address: Ipv4Addr, done: &Done) {
        lock(&self.printed).insert(command.to_vec(), (address, done.clone()));
    }
}

/// `10.0.0.1` in `10.0.0.12` is another address.
fn with_address(text: &[u8], from: Ipv4Addr, to: Ipv4Addr) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let (from, to) = (from.to_string(), to.to_string());
    let mut replaced = String::with_capacity(text.len() + 64);
    let mut rest = &*text;
    while let Some(at) = rest.find(&from) {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        let is_part = before.ends_with(|letter: char| letter.is_ascii_digit() || letter == '.')
            || after.starts_with(|letter: char| letter.is_ascii_digit());
        replaced.push_str(before);
        replaced.push_str(if is_part { &from } else { &to });
        rest = after;
    }
    replaced.push_str(rest);
    replaced.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_addresses_are_replaced() {
        let (from, to) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 7, 9));
        let replaced = with_address(b"inet 10.0.0.1/24 via 10.0.0.12 and 110.0.0.1, src 10.0.0.1", from, to);
        assert_eq!(String::from_utf8_lossy(&replaced), "inet 10.0.7.9/24 via 10.0.0.12 and 110.0.0.1, src 10.0.7.9");
    }
}
