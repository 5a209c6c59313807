//! The table: a node a row.

use std::io::{self, Write};

use super::status::Shown;
use super::style::{Style, Tone};
use super::table::{Cell, Table};
use crate::diagnosis::code::Code;
use crate::diagnosis::report::{NodeRow, Report, SessionCount, Severity};

/// With more nodes than this the healthy ones are counted, not listed.
const LISTED: usize = 20;

pub fn write(report: &Report, shown: Shown, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let columns = Columns::of(report, shown);
    let mut table = Table::new(columns.headers());
    let listed = shown.wide || shown.all || shown.rows_only || report.nodes.len() <= LISTED;
    let (mut healthy, mut unknown) = (0, 0);
    for node in &report.nodes {
        match columns.health(node) {
            Health::Healthy if !listed => healthy += 1,
            Health::Unknown if !listed => unknown += 1,
            _ => table.push(columns.row(node, report)),
        }
    }
    if !table.is_empty() {
        table.write(!shown.rows_only, style, out)?;
    }
    let more = if table.is_empty() { "" } else { "more " };
    if unknown > 0 {
        let (nodes, verb) = if unknown == 1 { ("node", "was") } else { ("nodes", "were") };
        writeln!(out, "{}", style.paint(Tone::Doubtful, &format!("{unknown} {more}{nodes} {verb} not seen in full; --all lists them")))?;
    }
    if healthy > 0 {
        let (nodes, verb) = if healthy == 1 { ("node", "is") } else { ("nodes", "are") };
        let more = if unknown > 0 { "more " } else { more };
        writeln!(out, "{}", style.paint(Tone::Good, &format!("{healthy} {more}{nodes} {verb} healthy; --all lists them")))?;
    }
    Ok(())
}

enum Health {
    Healthy,
    Sick,
    /// Nothing speaks against it, but not all that matters was seen.
    Unknown,
}

struct Columns {
    wide: bool,
    bgp6: bool,
    has_bird: bool,
    has_addresses: bool,
}

impl Columns {
    fn of(report: &Report, shown: Shown) -> Self {
        let backend = report.cluster.backend.as_deref();
        Self {
            wide: shown.wide,
            bgp6: report.nodes.iter().any(|node| node.bgp6.is_some()),
            has_bird: !matches!(backend, Some("vxlan" | "none")),
            has_addresses: backend != Some("none"),
        }
    }

    fn headers(&self) -> Vec<&'static str> {
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

    fn row(&self, node: &NodeRow, report: &Report) -> Vec<Cell> {
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
        cells.push(findings(node, report));
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
                Cell::new(if established < total { Tone::Bad } else { Tone::Plain }, format!("{established}/{total}"))
            }
            None if !self.has_bird || family_unused => Cell::none(),
            None => Cell::unknown(),
        }
    }

    fn health(&self, node: &NodeRow) -> Health {
        let down = |count: Option<SessionCount>| count.is_some_and(|count| count.established < count.total);
        if !node.findings.is_empty() || node.ready == Some(false) || down(node.bgp4) || down(node.bgp6) {
            Health::Sick
        } else if node.ready.is_none() || (self.has_bird && node.bgp4.is_none() && node.bgp6.is_none()) {
            Health::Unknown
        } else {
            Health::Healthy
        }
    }
}

fn ready(ready: Option<bool>) -> Cell {
    match ready {
        Some(true) => Cell::plain("True"),
        Some(false) => Cell::new(Tone::Bad, "False"),
        None => Cell::unknown(),
    }
}

/// `6s/70s`, `>70s/70s`, `?/70s`: taken against allowed.
fn start(node: &NodeRow) -> Cell {
    let taken = node.start.map(|start| {
        let seconds = if start.seconds < 1.0 { "<1s".to_owned() } else { format!("{:.0}s", start.seconds) };
        if start.at_least { format!(">{}", seconds.trim_start_matches('<')) } else { seconds }
    });
    let budget = node.start_budget_seconds;
    if taken.is_none() && budget.is_none() {
        return Cell::unknown();
    }
    let over = node.start.zip(budget).is_some_and(|(start, budget)| start.seconds >= f64::from(budget));
    let budget = budget.map_or("?".to_owned(), |seconds| format!("{seconds}s"));
    Cell::new(if over { Tone::Bad } else { Tone::Plain }, format!("{}/{budget}", taken.as_deref().unwrap_or("?")))
}

fn findings(node: &NodeRow, report: &Report) -> Cell {
    if node.findings.is_empty() {
        return Cell::none();
    }
    let grave = report
        .findings
        .iter()
        .any(|finding| finding.severity == Severity::Error && node.findings.contains(&finding.code) && finding.nodes.contains(&node.name));
    let codes: Vec<&str> = node.findings.iter().map(|code| code.name()).collect();
    Cell::new(if grave { Tone::Bad } else { Tone::Doubtful }, codes.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::report::StartTime;

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
            let start = taken.map(|(seconds, at_least)| StartTime { seconds, at_least });
            let row = NodeRow { start, start_budget_seconds: budget, ..NodeRow::default() };
            assert_eq!(super::start(&row).text(), shown);
        }
    }

    #[test]
    fn unknown_is_never_zero_and_absent_is_not_unknown() {
        let columns = |has_bird, has_addresses| Columns { wide: false, bgp6: true, has_bird, has_addresses };
        let row = NodeRow::default();
        assert_eq!(columns(true, true).sessions(None, false).text(), "?");
        assert_eq!(columns(false, true).sessions(None, false).text(), "-");
        assert_eq!(columns(true, true).sessions(Some(SessionCount::default()), false).text(), "0/0");
        assert_eq!(columns(true, true).address(&row).text(), "?");
        assert_eq!(columns(true, false).address(&row).text(), "-");
        let missing = NodeRow { findings: vec![Code::AddressMissing], ..NodeRow::default() };
        assert_eq!(columns(true, true).address(&missing).text(), "<none>");
        assert!(matches!(columns(true, true).health(&row), Health::Unknown));
    }
}
