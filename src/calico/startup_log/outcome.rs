//! What a digested log says of the attempt: how far it came, how it ended and why.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ends::known_start_end;
use super::patterns;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::{LogEvent, LogEventKind, StartupLog};

#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Started,
    /// It gave up by itself; the mark is the last that says so.
    Exited {
        mark: LogEvent,
    },
    /// No end was seen: killed at work, still at work, or not read to its end.
    CutOff,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExitReason {
    Conflict {
        node: String,
        address: String,
    },
    NoAddress,
    InvalidMethod {
        value: String,
    },
    /// The Node object changed under it; the next attempt may well succeed.
    UpdateConflict,
    Forbidden {
        text: String,
    },
    DatastoreUnauthorized,
    /// The request before its end got no answer.
    DatastoreUnreachable {
        text: String,
    },
    CrdMissing,
    TyphaUnreachable,
    Fatal {
        text: String,
    },
}

impl ExitReason {
    /// As a clause.
    pub fn describe(&self) -> String {
        match self {
            Self::Conflict { node, address } => format!("{node} already has {address}"),
            Self::NoAddress => "it could not detect an address and has none stored".to_owned(),
            Self::InvalidMethod { value } => format!("{value:?} is not a valid autodetection method"),
            Self::UpdateConflict => "the Node object changed while it was being updated".to_owned(),
            Self::Forbidden { .. } => "the Kubernetes API forbids what it needs".to_owned(),
            Self::DatastoreUnauthorized => "its datastore refuses it".to_owned(),
            Self::DatastoreUnreachable { .. } => "it gets no answer from its datastore".to_owned(),
            Self::CrdMissing => "the API server does not know a resource that this release needs".to_owned(),
            Self::TyphaUnreachable => "it cannot connect to Typha".to_owned(),
            Self::Fatal { text } => known_start_end(text).map_or_else(|| text.clone(), str::to_owned),
        }
    }

    /// The same, and what comes of it.
    pub fn outlook(&self) -> String {
        let again = if *self == Self::UpdateConflict { "; it tries again" } else { "" };
        self.describe() + again
    }
}

/// The step that a start is in, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StartPhase {
    #[serde(rename = "beginning")]
    Begun,
    ConnectingToDatastore,
    DetectingAddress,
    /// Reads every other node.
    CheckingConflicts,
    StoringAddress,
    AllocatingTunnelAddress,
    /// Felix and BIRD come up.
    #[serde(rename = "coming-up")]
    Started,
}

impl StartPhase {
    pub fn describe(self) -> &'static str {
        match self {
            Self::Begun => "beginning",
            Self::ConnectingToDatastore => "connecting to the datastore",
            Self::DetectingAddress => "finding its address",
            Self::StoringAddress => "storing its address",
            Self::CheckingConflicts => "checking its address against every other node's",
            Self::AllocatingTunnelAddress => "allocating its tunnel address",
            Self::Started => "started; Felix and BIRD come up",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detection {
    pub family: Family,
    pub address: IpAddr,
    pub prefix_length: Option<u8>,
    /// Some methods do not name it.
    pub interface: Option<String>,
}

impl Detection {
    /// `10.0.0.2/24`, as Calico stores it.
    pub fn cidr(&self) -> String {
        match self.prefix_length {
            Some(length) => format!("{}/{length}", self.address),
            None => self.address.to_string(),
        }
    }
}

/// Can by itself end a start.
pub(super) fn is_cause(kind: LogEventKind) -> bool {
    use LogEventKind::*;
    matches!(
        kind,
        AutodetectFailed
            | InvalidMethod
            | AddressConflict
            | UpdateConflict
            | Forbidden
            | DatastoreUnauthorized
            | CrdMissing
            | TyphaFailed
            | Fatal
    )
}

fn start(log: &StartupLog) -> Option<usize> {
    log.marks.iter().position(|mark| mark.kind == LogEventKind::Started)
}

pub fn outcome(log: &StartupLog) -> Outcome {
    if start(log).is_some() {
        return Outcome::Started;
    }
    let ends = |mark: &&LogEvent| matches!(mark.kind, LogEventKind::Terminating | LogEventKind::FailedToStart | LogEventKind::Fatal);
    // a part of a log may end with what ends the start
    let must_end = |mark: &&LogEvent| matches!(mark.kind, LogEventKind::AddressConflict | LogEventKind::InvalidMethod);
    match log.marks.iter().rfind(ends).or_else(|| log.marks.last().filter(must_end)) {
        Some(mark) => Outcome::Exited { mark: mark.clone() },
        None => Outcome::CutOff,
    }
}

/// From the first line to the start; `None` where either was not seen.
pub fn started_after(log: &StartupLog) -> Option<Duration> {
    let start = start(log).filter(|_| has_beginning(log))?;
    Duration::try_from(log.marks[start].at?.duration_since(log.first?)).ok()
}

/// When the log says that start-up is done; the lines of services that come up after it may be all there is, and tell no time.
pub fn started_at(log: &StartupLog) -> Option<Timestamp> {
    let said = log.marks.iter().find(|mark| mark.kind == LogEventKind::Started && mark.text.starts_with("Calico node started"));
    said?.at
}

/// A log that begins later than the attempt, as at level error, would make it look quick.
pub fn has_beginning(log: &StartupLog) -> bool {
    use LogEventKind::*;
    let begins = |mark: &LogEvent| matches!(mark.kind, LogLevel | Starting | DatastoreCheck | DatastoreSkipped);
    log.marks.iter().take_while(|mark| mark.kind != Started).any(begins)
}

/// Why the attempt gave up, for one that did.
pub fn exit_reason(log: &StartupLog) -> Option<ExitReason> {
    let Outcome::Exited { .. } = outcome(log) else { return None };
    let mut kept = false;
    for mark in log.marks.iter().rev() {
        let text = || mark.text.clone();
        return Some(match mark.kind {
            LogEventKind::AddressConflict => conflict(&mark.text)?,
            LogEventKind::InvalidMethod => ExitReason::InvalidMethod { value: after_colon(&mark.text) },
            LogEventKind::UpdateConflict => ExitReason::UpdateConflict,
            LogEventKind::Forbidden => ExitReason::Forbidden { text: text() },
            LogEventKind::DatastoreUnauthorized => ExitReason::DatastoreUnauthorized,
            LogEventKind::CrdMissing => ExitReason::CrdMissing,
            LogEventKind::TyphaFailed => ExitReason::TyphaUnreachable,
            LogEventKind::Fatal if is_bare_panic(&mark.text) && log.marks.iter().any(is_worded) => continue,
            LogEventKind::Fatal if patterns::is_unanswered(&mark.text) => ExitReason::DatastoreUnreachable { text: text() },
            LogEventKind::Fatal if patterns::is_refused(&mark.text) => ExitReason::DatastoreUnauthorized,
            LogEventKind::Fatal => ExitReason::Fatal { text: text() },
            LogEventKind::AutodetectFailed if !kept => ExitReason::NoAddress,
            LogEventKind::AutodetectKept => {
                kept = true;
                continue;
            }
            _ => continue,
        });
    }
    None
}

/// The other end's certificate is not trusted, as Go's crypto/x509 says it.
pub fn distrusts_certificate(text: &str) -> bool {
    text.contains("x509: ")
}

/// The other end's certificate has expired, or is of the future, as Go's crypto/x509 says it.
pub fn is_out_of_date(text: &str) -> bool {
    text.contains("certificate has expired or is not yet valid")
}

/// Go prints the logger's entry as an address: the line before it has the words.
pub fn is_bare_panic(text: &str) -> bool {
    text.starts_with("panic: (*logrus.Entry)")
}

fn is_worded(mark: &LogEvent) -> bool {
    mark.kind == LogEventKind::Fatal && !is_bare_panic(&mark.text)
}

/// `Calico node 'N' is already using the IPv4 address A.`
fn conflict(text: &str) -> Option<ExitReason> {
    let (node, rest) = text.strip_prefix("Calico node '")?.split_once('\'')?;
    let (_, address) = rest.rsplit_once("address ")?;
    let address = address.trim().trim_end_matches('.');
    // an IPv6 address may end with two
    let address = if address.ends_with("::") { address } else { address.trim_end_matches(':') };
    Some(ExitReason::Conflict { node: node.to_owned(), address: address.to_owned() })
}

fn after_colon(text: &str) -> String {
    text.split_once(": ").map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

/// The furthest work that was begun.
pub fn last_phase(log: &StartupLog) -> Option<StartPhase> {
    log.marks.iter().filter_map(|mark| phase(mark.kind)).max()
}

/// The work that a line begins.
pub fn phase(kind: LogEventKind) -> Option<StartPhase> {
    use LogEventKind::*;
    Some(match kind {
        LogLevel | Starting => StartPhase::Begun,
        DatastoreCheck | DatastoreRetry | DatastoreUnauthorized => StartPhase::ConnectingToDatastore,
        DatastoreVerified | DatastoreSkipped | AutodetectFailed | InvalidMethod | InvalidRegex => StartPhase::DetectingAddress,
        // What changed nothing is not checked; then `ConflictsChecked` follows at once.
        Autodetected | AddressFromEnvironment | AutodetectKept | ConflictCheck | AddressConflict => StartPhase::CheckingConflicts,
        ConflictsChecked => StartPhase::StoringAddress,
        NodeName | TunnelAddress => StartPhase::AllocatingTunnelAddress,
        Started => StartPhase::Started,
        _ => return None,
    })
}

/// What detection chose, out of any wording of `Using autodetected …` and of `kubernetes-internal-ip`'s
/// `Including CIDR information from host interface.`
pub fn detection(mark: &LogEvent) -> Option<Detection> {
    if mark.kind != LogEventKind::Autodetected {
        return None;
    }
    let cidr = |word: &str| {
        let word = word.trim_start_matches("CIDR=").trim_matches(['"', ',']);
        let (address, length) = word.split_once('/').map_or((word, None), |(address, length)| (address, length.parse().ok()));
        Some((address.parse::<IpAddr>().ok()?, length))
    };
    let (address, prefix_length) = mark.text.split_whitespace().find_map(cidr)?;
    let mut words = mark.text.split_whitespace();
    let interface = words.find(|word| *word == "interface").and_then(|_| words.next());
    let interface = interface.filter(|name| !name.starts_with("CIDR=")).map(|name| name.strip_suffix(':').unwrap_or(name).to_owned());
    Some(Detection { family: Family::from_address(address), address, prefix_length, interface })
}
