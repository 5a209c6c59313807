//! What BIRD says of itself: `show status` and `show protocols`, as birdcl prints them or as the control socket sends them.
//!
//! Written by BIRD 1.6 `nest/proto.c` (`proto_cmd_show`) and `nest/cmds.c` (`cmd_show_status`); read the same way by Calico's
//! `node/pkg/health/bird/bird.go`, which misses rows of five columns.

use crate::snapshot::inspection::{Bird, Protocol};
use crate::text::bounded::clean;

/// Of the columns of `show protocols`.
pub const HEADINGS: [&str; 6] = ["name", "proto", "table", "state", "since", "info"];
/// birdcl's own words on standard error when nobody listens on the socket (BIRD `client/client.c`).
const CANNOT_CONNECT: &str = "Unable to connect to server control socket";
/// Above the largest mesh there is; more is not a BIRD that Calico runs.
const MAX_ROWS: usize = 20_000;
const MAX_FIELD: usize = 256;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BirdError {
    /// Nobody listens on the control socket; `reason` is the operating system's word for it.
    #[error("BIRD is not running: {reason}")]
    NotRunning { reason: String },
    #[error("text of an unknown format from BIRD: {line:?}")]
    Unrecognised { line: String },
    #[error("BIRD lists more than {MAX_ROWS} protocols")]
    TooLong,
}

fn unrecognised(line: &str) -> BirdError {
    BirdError::Unrecognised { line: clean(line, 120) }
}

/// Reads the two answers of one daemon; `status` may be empty.
pub fn parse(protocols: &str, status: &str) -> Result<Bird, BirdError> {
    for text in [protocols, status] {
        if let Some(reason) = cannot_connect(text) {
            return Err(BirdError::NotRunning { reason });
        }
    }
    let mut bird = Bird { protocols: read_protocols(protocols)?, ..Bird::default() };
    read_status(status, &mut bird)?;
    if bird.version.is_none() {
        bird.version = protocols.lines().map(|line| Line::of(line).text).find_map(greeting);
    }
    Ok(bird)
}

/// `Connection refused` out of birdcl's complaint.
pub fn cannot_connect(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.contains(CANNOT_CONNECT))?;
    let reason = line.rsplit_once(": ").map_or(line, |(_, reason)| reason);
    Some(clean(reason.trim(), MAX_FIELD))
}

/// A line with the control socket's code split off. birdcl's own lines have none.
struct Line<'a> {
    code: Option<u16>,
    text: &'a str,
    /// Indented by two or more: a detail of the row above.
    detail: bool,
}

impl<'a> Line<'a> {
    fn of(line: &'a str) -> Self {
        let (code, text) = match line.as_bytes() {
            [a, b, c, d, b' ' | b'-', ..] if [a, b, c, d].iter().all(|byte| byte.is_ascii_digit()) => (line[..4].parse().ok(), &line[5..]),
            _ => (None, line),
        };
        Self { code, text: text.trim(), detail: text.starts_with("  ") || text.starts_with('\t') }
    }
}

fn read_protocols(text: &str) -> Result<Vec<Protocol>, BirdError> {
    let mut rows: Option<Vec<Protocol>> = None;
    for raw in text.lines() {
        let line = Line::of(raw);
        if line.text.is_empty() || greeting(line.text).is_some() || line.text == "Access restricted" {
            continue;
        }
        match &mut rows {
            None if is_heading(line.text) => rows = Some(Vec::new()),
            // `show protocols all` puts details below each row.
            Some(rows) if !rows.is_empty() && (line.detail || line.code == Some(1006)) => {}
            Some(_) if is_heading(line.text) => {}
            Some(rows) if matches!(line.code, None | Some(1002)) => {
                if rows.len() == MAX_ROWS {
                    return Err(BirdError::TooLong);
                }
                rows.push(row(line.text).ok_or_else(|| unrecognised(raw))?);
            }
            _ => return Err(unrecognised(raw)),
        }
    }
    rows.ok_or_else(|| unrecognised(text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default()))
}

fn is_heading(text: &str) -> bool {
    text.split_whitespace().map(str::to_ascii_lowercase).eq(HEADINGS)
}

/// Long names push the columns along, so only white space separates them.
fn row(text: &str) -> Option<Protocol> {
    // A word of control characters is no word.
    let mut words = text.split_whitespace().map(|word| clean(word, MAX_FIELD)).filter(|word| !word.is_empty());
    let mut protocol = Protocol {
        name: words.next()?,
        proto: words.next()?,
        table: words.next()?,
        state: words.next()?,
        since: words.next()?,
        info: String::new(),
    };
    if !protocol.since.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut info: Vec<String> = words.collect();
    // With BIRD's `timeformat` set to the long form, `since` is a date and a time.
    if protocol.since.matches('-').count() == 2
        && info.first().is_some_and(|word| word.matches(':').count() == 2 && word.starts_with(|c: char| c.is_ascii_digit()))
    {
        protocol.since = format!("{} {}", protocol.since, info.remove(0));
    }
    protocol.info = clean(&info.join(" "), MAX_FIELD);
    Some(protocol)
}

/// `v0.3.3+birdv1.6.8` out of `BIRD v0.3.3+birdv1.6.8 ready.`
fn greeting(text: &str) -> Option<String> {
    let version = text.strip_prefix("BIRD ")?.strip_suffix(" ready.")?.trim();
    Some(clean(version, MAX_FIELD))
}

fn read_status(text: &str, bird: &mut Bird) -> Result<(), BirdError> {
    let mut known = text.trim().is_empty();
    for line in text.lines().map(|raw| Line::of(raw).text) {
        known |= read_status_line(line, bird);
    }
    if known { Ok(()) } else { Err(unrecognised(text.trim().lines().next().unwrap_or_default())) }
}

fn read_status_line(line: &str, bird: &mut Bird) -> bool {
    let restart = &mut bird.graceful_restart;
    if let Some(version) = greeting(line) {
        bird.version = Some(version);
    } else if let Some(version) = line.strip_prefix("BIRD ") {
        bird.version = Some(clean(version, MAX_FIELD));
    } else if let Some(id) = line.strip_prefix("Router ID is ") {
        bird.router_id = Some(clean(id, MAX_FIELD));
    } else if let Some(at) = line.strip_prefix("Last reboot on ") {
        bird.last_reboot = Some(clean(at, MAX_FIELD));
    } else if line.starts_with("Graceful restart recovery in progress") {
        restart.get_or_insert_default();
    } else if let Some(count) = line.strip_prefix("Waiting for ").and_then(|rest| rest.split(' ').next()?.parse().ok()) {
        restart.get_or_insert_default().waiting_for = count;
    } else if let Some((timer, limit)) = line.strip_prefix("Wait timer is ").and_then(|rest| rest.split_once('/')) {
        if let (Ok(timer), Ok(limit)) = (timer.trim().parse(), limit.trim().parse()) {
            let restart = restart.get_or_insert_default();
            (restart.timer, restart.limit) = (timer, limit);
        }
    } else {
        return false;
    }
    true
}

#[cfg(test)]
mod tests;
