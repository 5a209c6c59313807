//! The table of nodes.

use std::io::{self, Write};

use super::lines::painted;
use super::status::Shown;
use super::style::{Style, Tone};
use super::table::{Cell, Table};
use crate::finding::code::Code;
use crate::finding::health::{self, Health, NodeHealths};
use crate::finding::{NodeRow, Report, SessionCount, StartTime};

/// With more nodes than this the healthy ones are counted, not listed.
const LISTED: usize = 20;
/// The columns that a narrow terminal loses, in this order. The findings stand above the table; `-o wide` has all columns.
const DROPPED_FIRST: &[&str] = &["FINDINGS", "START", "INTERFACE", "RESTARTS"];

pub(super) fn write(report: &Report, shown: Shown, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let columns = Columns::of(report, shown);
    let mut table = Table::new(columns.headers());
    let listed = shown.wide || shown.all || shown.rows_only || report.nodes.len() <= LISTED;
    let mut counted = [0; COUNTED.len()];
    for node in &report.nodes {
        match COUNTED.iter().position(|(health, ..)| *health == health::node_health(node, columns.healths.has_bird)) {
            Some(at) if !listed => counted[at] += 1,
            _ => table.push(columns.row(node)),
        }
    }
    let mut more = "";
    if !table.is_empty() {
        let dropped = if shown.rows_only { Vec::new() } else { table.fit(style, DROPPED_FIRST) };
        table.write(!shown.rows_only, style, out)?;
        write_dropped(&dropped, style, out)?;
        more = "more ";
    }
    for ((_, tone, one, several), number) in COUNTED.iter().zip(counted).filter(|(_, number)| *number > 0) {
        let (noun, says) = if number == 1 { ("node", one) } else { ("nodes", several) };
        painted(0, "", &format!("{number} {more}{noun} {says} (--all lists them)"), *tone, style, out)?;
        more = "more ";
    }
    Ok(())
}

/// Names the columns that were dropped.
pub(super) fn write_dropped(dropped: &[&str], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    match dropped {
        [] => Ok(()),
        _ => painted(0, "", &format!("(-o wide adds {})", dropped.join(", ")), Tone::Aside, style, out),
    }
}

/// What a node is counted under rather than listed, and how that reads for one and for several.
pub(super) const COUNTED: [(Health, Tone, &str, &str); 3] = [
    (Health::Unknown, Tone::Doubtful, "was not fully checked", "were not fully checked"),
    (Health::Affected, Tone::Doubtful, "is ready, missing only some BGP sessions", "are ready, missing only some BGP sessions"),
    (Health::Healthy, Tone::Good, "is healthy", "are healthy"),
];

pub(super) struct Columns<'a> {
    wide: bool,
    bgp6: bool,
    pub(super) healths: NodeHealths<'a>,
    has_addresses: bool,
}

impl<'a> Columns<'a> {
    pub(super) fn of(report: &'a Report, shown: Shown) -> Self {
        Self {
            wide: shown.wide,
            bgp6: report.nodes.iter().filter_map(|node| node.bgp6).any(|sessions| sessions.total > 0),
            healths: NodeHealths::from_report(report),
            has_addresses: report.cluster.backend.as_deref() != Some("none"),
        }
    }

    pub(super) fn headers(&self) -> Vec<&'static str> {
        let mut headers = vec!["NODE", "READY", "ADDRESS"];
        if self.wide {
            headers.extend(["ADDRESS6", "INTERNAL-IP"]);
        }
        headers.extend(["INTERFACE", "BGP"]);
        if self.bgp6 {
            headers.push("BGP6");
        }
        headers.extend(["RESTARTS", "START"]);
        if self.wide {
            headers.push("POD");
        }
        headers.push("FINDINGS");
        headers
    }

    pub(super) fn row(&self, node: &NodeRow) -> Vec<Cell> {
        let mut cells = vec![Cell::plain(&node.name), ready(node.ready), self.address(node)];
        if self.wide {
            cells.push(node.address6.as_deref().map_or_else(Cell::none, Cell::plain));
            cells.push(if node.internal_ips.is_empty() { Cell::unknown() } else { Cell::plain(node.internal_ips.join(",")) });
        }
        cells.push(match &node.interface {
            None if !self.has_addresses => Cell::none(),
            interface => Cell::known(interface.as_deref()),
        });
        cells.push(self.sessions(node.bgp4, node.address.is_none() && node.address6.is_some()));
        if self.bgp6 {
            cells.push(self.sessions(node.bgp6, node.address6.is_none()));
        }
        cells.push(Cell::known(node.restarts.map(|restarts| restarts.to_string())));
        cells.push(start(node));
        if self.wide {
            cells.push(Cell::known(node.pod.as_deref()));
        }
        cells.push(self.findings(node));
        cells
    }

    fn address(&self, node: &NodeRow) -> Cell {
        match (&node.address, &node.address6) {
            (Some(address), _) => Cell::plain(address),
            (None, _) if node.findings.contains(&Code::AddressMissing) => Cell::new(Tone::Bad, "<none>"),
            (None, _) if !self.has_addresses => Cell::none(),
            (None, Some(address6)) if !self.wide => Cell::plain(address6),
            (None, Some(_)) => Cell::none(),
            (None, None) => Cell::unknown(),
        }
    }

    fn sessions(&self, count: Option<SessionCount>, family_unused: bool) -> Cell {
        match count {
            Some(SessionCount { established, total }) => {
                let tone = match established {
                    _ if established == total => Tone::Plain,
                    0 => Tone::Bad,
                    _ => Tone::Doubtful,
                };
                Cell::new(tone, format!("{established}/{total}"))
            }
            None if !self.healths.has_bird || family_unused => Cell::none(),
            None => Cell::unknown(),
        }
    }

    fn findings(&self, node: &NodeRow) -> Cell {
        if node.findings.is_empty() {
            return Cell::none();
        }
        let codes: Vec<&str> = node.findings.iter().map(|code| code.name()).collect();
        Cell::new(if self.healths.has_error(node) { Tone::Bad } else { Tone::Doubtful }, codes.join(","))
    }
}

pub(super) fn ready(ready: Option<bool>) -> Cell {
    match ready {
        Some(true) => Cell::plain("True"),
        Some(false) => Cell::new(Tone::Bad, "False"),
        None => Cell::unknown(),
    }
}

fn start(node: &NodeRow) -> Cell {
    start_against(node.start, node.start_budget_seconds)
}

/// `6s`, `>70s`, `<11s`
pub(super) fn taken(start: StartTime) -> String {
    let (sign, seconds) = match start.seconds {
        seconds if start.at_least => (">", seconds.max(1.0)),
        seconds if start.at_most || seconds < 1.0 => ("<", seconds.max(1.0)),
        seconds => ("", seconds),
    };
    format!("{sign}{seconds:.0}s")
}

/// `6s/70s`, `>70s/70s`, `<11s/70s`, `?/70s`: taken against allowed.
pub(super) fn start_against(start: Option<StartTime>, budget: Option<u32>) -> Cell {
    let taken = start.map(taken);
    if taken.is_none() && budget.is_none() {
        return Cell::unknown();
    }
    let over = start.zip(budget).is_some_and(|(start, budget)| !start.at_most && start.seconds >= f64::from(budget));
    let budget = budget.map_or("?".to_owned(), |seconds| format!("{seconds}s"));
    Cell::new(if over { Tone::Bad } else { Tone::Plain }, format!("{}/{budget}", taken.as_deref().unwrap_or("?")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_times() {
        for (taken, budget, shown) in [
            (Some((6.4, false)), Some(70), "6s/70s"),
            (Some((70.2, true)), Some(70), ">70s/70s"),
            (Some((0.4, false)), Some(70), "<1s/70s"),
            (Some((0.4, true)), None, ">1s/?"),
            (None, Some(70), "?/70s"),
            (None, None, "?"),
        ] {
            let start = taken.map(|(seconds, at_least)| StartTime { seconds, at_least, at_most: false });
            let row = NodeRow { start, start_budget_seconds: budget, ..NodeRow::default() };
            assert_eq!(super::start(&row).text(), shown);
        }
    }

    #[test]
    fn a_start_known_by_readiness_alone_is_an_upper_bound() {
        let start = Some(StartTime { seconds: 81.0, at_least: false, at_most: true });
        let row = NodeRow { start, start_budget_seconds: Some(70), ..NodeRow::default() };
        let cell = super::start(&row);
        assert_eq!(cell.text(), "<81s/70s");
    }

    #[test]
    fn unknown_is_never_zero_and_absent_is_not_unknown() {
        let columns =
            |has_bird, has_addresses| Columns { wide: false, bgp6: true, healths: NodeHealths::new(has_bird, &[]), has_addresses };
        let row = NodeRow::default();
        assert_eq!(columns(true, true).sessions(None, false).text(), "?");
        assert_eq!(columns(false, true).sessions(None, false).text(), "-");
        assert_eq!(columns(true, true).sessions(Some(SessionCount::default()), false).text(), "0/0");
        assert_eq!(columns(true, true).address(&row).text(), "?");
        assert_eq!(columns(true, false).address(&row).text(), "-");
        let missing = NodeRow { findings: vec![Code::AddressMissing], ..NodeRow::default() };
        assert_eq!(columns(true, true).address(&missing).text(), "<none>");
        assert!(matches!(health::node_health(&row, true), Health::Unknown));
    }
}
