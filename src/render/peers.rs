//! `--peers`: every BGP session, at each of its ends.

use std::io::{self, Write};

use super::nodes::write_dropped;
use super::style::{Style, Tone};
use super::table::{Cell, Table};
use crate::finding::{Report, SessionRow};

pub(super) const HEADERS: [&str; 7] = ["NODE", "PEER", "PEER NODE", "TYPE", "STATE", "SINCE", "INFO"];

/// The columns that a narrow terminal loses, in this order.
const DROPPED_FIRST: &[&str] = &["TYPE", "SINCE", "STATE"];

pub(super) fn write(report: &Report, headers: bool, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(HEADERS);
    let has_bird = !matches!(report.cluster.backend.as_deref(), Some("vxlan" | "none"));
    for node in &report.nodes {
        if has_bird && node.sessions.is_empty() && node.bgp4.is_none() && node.bgp6.is_none() {
            table.push([Cell::plain(&node.name)].into_iter().chain((0..6).map(|_| Cell::unknown())).collect());
        }
        for session in &node.sessions {
            table.push(row(&node.name, session));
        }
    }
    if table.is_empty() {
        return if headers { writeln!(out, "No BGP sessions.") } else { Ok(()) };
    }
    let dropped = if headers { table.fit(style, DROPPED_FIRST) } else { Vec::new() };
    table.write(headers, style, out)?;
    write_dropped(&dropped, style, out)
}

pub(super) fn row(node: &str, session: &SessionRow) -> Vec<Cell> {
    let peer = match session.peer_port {
        Some(port) if session.family == 6 => format!("[{}]:{port}", session.peer_address),
        Some(port) => format!("{}:{port}", session.peer_address),
        None => session.peer_address.clone(),
    };
    let established = session.info.split(' ').next() == Some("Established");
    vec![
        Cell::plain(node),
        Cell::plain(peer),
        session.peer_node.as_deref().map_or_else(Cell::none, Cell::plain),
        Cell::plain(&session.peer_type),
        Cell::plain(&session.state),
        Cell::plain(&session.since),
        if session.info.is_empty() { Cell::none() } else { Cell::new(if established { Tone::Plain } else { Tone::Bad }, &session.info) },
    ]
}
