//! `status -o short`: the verdict, one line a finding, and one line for each thing that must be seen before "healthy".

use std::io::{self, Write};

use super::findings::severity;
use super::lines::painted;
use super::style::{Style, Tone};
use super::summary_line;
use crate::finding::{Gap, Report};
use crate::text;

/// More nodes than this are counted.
const NAMED: usize = 5;

/// `ERROR     address-on-virtual-interface: node-62 uses 172.18.0.1/16, expected 10.12.33.62`
pub fn write(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    summary_line::head(report.verdict, summary_line::facts(report), style, out)?;
    for finding in &report.findings {
        let (word, tone) = severity(finding.severity);
        let named = finding.nodes.iter().all(|node| finding.message.contains(node.as_str()));
        let place = if named { String::new() } else { format!(" on {}", text::list(&finding.nodes, NAMED)) };
        line(word, tone, &format!("{}: {}{place}", finding.code, finding.message), style, out)?;
    }
    unseen(&report.unseen, style, out)
}

/// What must be seen before "healthy".
pub(super) fn unseen(unseen: &[Gap], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    unseen.iter().filter(|gap| gap.blocks_healthy).try_for_each(|gap| {
        let what = gap.what_and_where(|names| text::list(names, NAMED));
        line(if gap.passing { "NOT YET" } else { "NOT SEEN" }, Tone::Doubtful, &format!("{what}: {}", gap.why), style, out)
    })
}

/// The first word is coloured; where the terminal is narrow the words hang behind it.
pub(super) fn line(word: &str, tone: Tone, words: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Vec::new();
    painted(0, &format!("{word:10}"), words, Tone::Plain, style, &mut page)?;
    let page = String::from_utf8_lossy(&page);
    let rest = page.strip_prefix(word).unwrap_or(&page);
    write!(out, "{}{rest}", style.paint(tone, word))
}
