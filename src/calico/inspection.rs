//! One exec into a calico-node container: the script that asks, and what its output says.

use super::bird::{self, BirdError};
use super::{interfaces, routes};
use crate::calico::route_get::{self, Destination};
use crate::observed::Observed;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::{Bird, NodeInspection, Route, RouteLookup};
use crate::text::bounded::clean;

/// Run as `sh -c SCRIPT NAME` with the destinations' arguments behind; writes nothing, and does without whatever the image lacks.
pub const SCRIPT: &str = include_str!("inside.sh");

const MARK: &str = "@@calico-fix ";
const CUT_OFF: &str = "output was cut off";
const MAX_WHY: usize = 300;
/// The script's own status for a name that it cannot resolve.
const NOT_LISTED: i32 = 93;

/// One command of the script: what it printed, how it ended, what it complained of.
struct Section {
    output: String,
    status: i32,
    complaint: String,
}

enum Found {
    Whole(Section),
    CutOff,
}

/// Reads what `SCRIPT` printed for these destinations. A section that is not there whole is `Failed`.
pub fn parse(stdout: &str, destinations: &[Destination]) -> NodeInspection {
    let told = destinations.iter().enumerate().map(|(count, destination)| {
        let section = match find(stdout, &format!("reach.{count}")) {
            Found::Whole(section) => section,
            Found::CutOff => return (destination.text().to_owned(), cut_off()),
        };
        (destination.text().to_owned(), reach(&section))
    });
    NodeInspection {
        rules: read(stdout, "rules", "ip", |text| Ok(route_get::rules(text))),
        route_lookups: told.collect(),
        bird4: bird(stdout, "bird4"),
        bird6: bird(stdout, "bird6"),
        interfaces: read(stdout, "interfaces", "ip", |text| interfaces::parse(text).map_err(|error| error.to_string())),
        some_interfaces: Vec::new(),
        routes: both_routes(stdout),
    }
}

/// The kernel's refusal is an answer.
fn reach(section: &Section) -> Observed<RouteLookup> {
    if let Some(unreachable) = route_get::refusal(&section.complaint) {
        return Observed::Seen(RouteLookup { unreachable: Some(unreachable), ..RouteLookup::default() });
    }
    if section.status == NOT_LISTED {
        return Observed::Failed(clean(section.complaint.trim(), MAX_WHY));
    }
    if let Some(why) = failure(section, "ip") {
        return Observed::Failed(why);
    }
    route_get::parse(&section.output).map_or_else(|error| Observed::Failed(error.to_string()), Observed::Seen)
}

/// A socket that is missing or refuses means that this BIRD does not run: that is an answer, not a failure.
fn bird(stdout: &str, name: &str) -> Observed<Bird> {
    let sections = (find(stdout, &format!("{name}.protocols")), find(stdout, &format!("{name}.status")));
    let (Found::Whole(protocols), Found::Whole(status)) = sections else { return cut_off() };
    for section in [&protocols, &status] {
        if let Some(reason) = bird::cannot_connect(&section.complaint).or_else(|| bird::cannot_connect(&section.output)) {
            return not_connected(&reason);
        }
        if let Some(why) = failure(section, "birdcl") {
            return Observed::Failed(why);
        }
    }
    match bird::parse(&protocols.output, &status.output) {
        Ok(bird) => Observed::Seen(bird),
        Err(BirdError::NotRunning { reason }) => not_connected(&reason),
        Err(error) => Observed::Failed(error.to_string()),
    }
}

fn not_connected<T>(reason: &str) -> Observed<T> {
    match reason {
        "Connection refused" | "No such file or directory" => Observed::Absent,
        other => Observed::Failed(format!("BIRD's control socket: {other}")),
    }
}

/// Where the kernel has no IPv6 at all, that table is empty rather than unknown.
fn both_routes(stdout: &str) -> Observed<Vec<Route>> {
    let table = |name, family| read(stdout, name, "ip", move |text| routes::parse(text, family).map_err(|error| error.to_string()));
    let (v4, v6) = (table("routes4", Family::V4), table("routes6", Family::V6));
    match (v4, v6) {
        (Observed::Seen(mut all), Observed::Seen(more)) => {
            all.extend(more);
            Observed::Seen(all)
        }
        (Observed::Seen(all), Observed::Failed(why)) if why.contains("not supported") => Observed::Seen(all),
        (Observed::Seen(_), other) | (other, _) => other,
    }
}

fn read<T>(stdout: &str, name: &str, tool: &str, parse: impl Fn(&str) -> Result<T, String>) -> Observed<T> {
    let Found::Whole(section) = find(stdout, name) else { return cut_off() };
    if let Some(why) = failure(&section, tool) {
        return Observed::Failed(why);
    }
    match parse(&section.output) {
        Ok(value) => Observed::Seen(value),
        Err(why) => Observed::Failed(why),
    }
}

fn cut_off<T>() -> Observed<T> {
    Observed::Failed(CUT_OFF.into())
}

/// Why the command did not end well; the shell's 127 is a missing tool, `timeout`'s 124 (143 in busybox) one that hung.
fn failure(section: &Section, tool: &str) -> Option<String> {
    let complaint = clean(section.complaint.trim(), MAX_WHY);
    match section.status {
        0 => None,
        127 => Some(format!("{tool}: not found in the container")),
        124 | 143 => Some(format!("{tool}: no answer in time")),
        status if complaint.is_empty() => Some(format!("{tool}: exit status {status}")),
        status => Some(format!("{tool}: {complaint} (exit status {status})")),
    }
}

/// `begin NAME`, output, `end NAME STATUS`, complaints, `done NAME`; each on a line of its own.
fn find(stdout: &str, name: &str) -> Found {
    let begin = format!("{MARK}begin {name}");
    let end = format!("{MARK}end {name} ");
    let done = format!("{MARK}done {name}");
    let mut lines = stdout.lines().skip_while(|line| *line != begin).skip(1);
    let mut section = Section { output: String::new(), status: 0, complaint: String::new() };
    let status = loop {
        match lines.next() {
            None => return Found::CutOff,
            Some(line) => match line.strip_prefix(&end) {
                Some(status) => break status,
                None => push_line(&mut section.output, line),
            },
        }
    };
    let Ok(status) = status.trim().parse() else { return Found::CutOff };
    section.status = status;
    for line in lines {
        if line == done {
            return Found::Whole(section);
        }
        push_line(&mut section.complaint, line);
    }
    Found::CutOff
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

#[cfg(test)]
mod tests;
