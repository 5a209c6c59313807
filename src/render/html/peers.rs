//! Every BGP session at each of its ends, where they were asked for.

use maud::Markup;

use super::table::{Row, table};
use crate::finding::Report;
use crate::render::peers::{HEADERS, row};

pub(super) fn section(report: &Report) -> Option<Markup> {
    let rows = report.nodes.iter().flat_map(|node| node.sessions.iter().map(|session| Row::from(row(&node.name, session))));
    let mut rows = rows.peekable();
    rows.peek()?;
    Some(table("Every BGP session, as each of its ends reports the session", &HEADERS, rows))
}
