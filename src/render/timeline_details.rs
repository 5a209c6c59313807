//! The words beside the bars.

use super::style::Tone;
use crate::startup::timeline::{AttemptEnd, AttemptRow, EstimateBasis, Timeline};
use crate::text;
use crate::text::seconds;

/// Of a host's interfaces so many are listed.
const INTERFACES: usize = 8;

pub fn end(how: AttemptEnd) -> (Tone, &'static str) {
    match how {
        AttemptEnd::Started => (Tone::Good, "started"),
        AttemptEnd::Exited => (Tone::Bad, "exited"),
        AttemptEnd::Killed => (Tone::Bad, "killed"),
        AttemptEnd::OutOfMemory => (Tone::Bad, "out of memory"),
        AttemptEnd::Running => (Tone::Doubtful, "still starting"),
        AttemptEnd::NotKnown => (Tone::Doubtful, "end not seen"),
    }
}

/// `killed after 63s of the 70s allowed`
pub fn ended(attempt: &AttemptRow, budget: Option<u32>) -> (Tone, String) {
    let (tone, end) = end(attempt.end.how);
    let after = attempt.end.after_seconds.map(|after| format!(" after {}", seconds::brief(after))).unwrap_or_default();
    let allowed = budget.map(|budget| format!(" of the {budget}s allowed")).unwrap_or_default();
    (tone, format!("{end}{after}{allowed}"))
}

/// What the log is, in half a line.
pub fn head(log: &Timeline) -> String {
    let mut parts = Vec::new();
    if let Some(node) = log.node.as_deref().filter(|node| *node != log.from) {
        parts.push(format!("on {node}"));
    }
    if let Some(version) = &log.calico_version {
        parts.push(version.clone());
    }
    if let Some(datastore) = &log.datastore {
        parts.push(format!("datastore {datastore}"));
    }
    if let Some(level) = &log.level {
        parts.push(format!("level {level}"));
    }
    if log.lines > 0 {
        parts.push(text::count(usize::try_from(log.lines).unwrap_or(usize::MAX), "line"));
    }
    parts.join(", ")
}

pub fn details(attempt: &AttemptRow) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(detection) = detection(attempt) {
        facts.push(("Address", detection));
    }
    if let Some(looked) = &attempt.detection.interfaces {
        let listed: Vec<String> = looked.iter().map(|one| format!("{} {}", one.name, one.addresses.join(" ")).trim().to_owned()).collect();
        facts.push(("Interfaces", text::list(&listed, INTERFACES)));
    }
    if let Some(requests) = requests(attempt) {
        facts.push(("Datastore", requests));
    }
    if let Some(nodes) = attempt.requests.as_ref().and_then(|requests| requests.nodes.as_ref()) {
        let of = nodes.listed.map(|listed| format!(" of {listed}")).unwrap_or_default();
        let each = nodes.reads_per_node.map(|each| format!(", {each} reads each")).unwrap_or_default();
        let rate = nodes.reads_per_second.map(|rate| format!(", {rate} a second")).unwrap_or_default();
        let last = nodes.last_node.as_deref().map(|node| format!(", then {node}")).unwrap_or_default();
        facts.push(("Nodes read", format!("{}{of}{each}{rate}{last}", nodes.read)));
    }
    if let Some(need) = attempt.needs.as_ref().filter(|need| need.basis != EstimateBasis::Measured) {
        let trip = need.round_trip_seconds.map(|trip| format!(" ({} a request)", seconds::precise(trip))).unwrap_or_default();
        let bound = if need.basis == EstimateBasis::RoundTrips { "up to" } else { "about" };
        facts.push(("Estimate", format!("{bound} {}{trip}", seconds::whole(need.seconds))));
    }
    if let Some(last) = &attempt.last {
        facts.push(("Last line", last.text.clone()));
    }
    facts
}

fn detection(attempt: &AttemptRow) -> Option<String> {
    let chosen = attempt.detection.chosen.iter().map(|one| {
        let from = one.interface.as_deref().map(|name| format!(" on {name}")).unwrap_or_default();
        let made = one.made.as_deref().map(|made| format!(", {made}")).unwrap_or_default();
        format!("{}{from}{made}", one.address)
    });
    let listed: Vec<String> = chosen.collect();
    match (listed.is_empty(), attempt.detection.kept_old) {
        (true, false) => None,
        (true, true) => Some("no address found, the stored address was kept".to_owned()),
        (false, _) => Some(listed.join(", then ")),
    }
}

fn requests(attempt: &AttemptRow) -> Option<String> {
    let requests = attempt.requests.as_ref()?;
    let number = |count: u64, noun: &str| text::count(usize::try_from(count).unwrap_or(usize::MAX), noun);
    let writes = if requests.writes > 0 { format!(", {}", number(requests.writes, "write")) } else { String::new() };
    let rate = requests.per_second.map(|rate| format!(", {rate} requests a second")).unwrap_or_default();
    Some(format!("{}{writes}{rate}", number(requests.reads, "read")))
}
