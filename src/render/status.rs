//! `status` for people: verdict, findings with their fixes, nodes, the install, and what was not seen.

use std::io::{self, Write};

use super::style::Style;
use super::{findings, nodes, peers};
use crate::finding::Report;
use crate::render::{header, summary_line};

/// How much of a report is shown. The default is the short form.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown {
    /// More columns, and every node.
    pub wide: bool,
    /// Every node and every row of evidence.
    pub all: bool,
    /// Every BGP session.
    pub peers: bool,
    /// The table's rows and nothing else, for scripts.
    pub rows_only: bool,
}

pub fn write(report: &Report, shown: Shown, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if shown.rows_only {
        return if shown.peers { peers::write(report, false, style, out) } else { nodes::write(report, shown, style, out) };
    }
    let style = &Style { full_names: shown.wide, ..*style };
    summary_line::write(report, style, out)?;
    findings::write_list(report, shown.all, style, out)?;
    writeln!(out)?;
    nodes::write(report, shown, style, out)?;
    if shown.peers {
        writeln!(out)?;
        peers::write(report, true, style, out)?;
    }
    writeln!(out)?;
    header::write_details(&report.cluster, style, out)?;
    if !report.unseen.is_empty() {
        writeln!(out)?;
        summary_line::write_gaps(report, style, out)?;
        findings::write_unseen(&report.unseen, style, out)?;
    }
    summary_line::write_more(&report.findings, style, out)
}
