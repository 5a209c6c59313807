//! `status --watch`: repeats the check until interrupted. A terminal shows the changes above the newest page; a pipe gets the changes.

use std::collections::VecDeque;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use jiff::Timestamp;

use super::looks::{Look, Looks};
use super::node_selection::NodeSelection;
use super::status::print;
use crate::cli::connection::ConnectionFlags;
use crate::cli::output::Output;
use crate::cli::status::StatusArgs;
use crate::cluster::{NoProgress, TerminalProgress};
use crate::exit::{Failure, Outcome};
use crate::finding::Report;
use crate::render::changes::{first_rows, line, time};
use crate::render::style::{Style, Tone, terminal_rows};
use crate::reports::changes::compare;
use crate::streams::Streams;
use crate::text;

/// The scrollback is kept.
const CLEAR: &[u8] = b"\x1b[H\x1b[2J";
/// Where the terminal does not say how large it is.
const WINDOW: (usize, usize) = (80, 24);
/// Lines about changes above a page.
const KEPT: usize = 5;

pub(super) async fn run(
    flags: &ConnectionFlags,
    arguments: &StatusArgs,
    chosen: &NodeSelection,
    streams: &mut Streams,
) -> Result<Outcome, Failure> {
    let mut looks = Looks::new(flags, arguments, chosen);
    let first = looks.next(None, &TerminalProgress::stderr()).await.map_err(|failure| failure.into_failure())?;
    let mut watch = Watch { arguments, chosen, began: first.report.taken_at, changes: VecDeque::new(), outage: None, look: first };
    watch.show(streams, true)?;
    loop {
        if streams.out.is_closed() {
            return Ok(Outcome::from_report(&watch.look.report, arguments.fail_on));
        }
        tokio::time::sleep(Duration::from_secs(arguments.watch_interval)).await;
        match looks.next(None, &NoProgress).await {
            Ok(look) => watch.answered(look, streams)?,
            // The network may be what is broken.
            Err(failure) => watch.unanswered(looks.now(), &failure.into_failure(), streams)?,
        }
    }
}

struct Watch<'a> {
    arguments: &'a StatusArgs,
    chosen: &'a NodeSelection,
    began: Timestamp,
    /// The newest last.
    changes: VecDeque<String>,
    outage: Option<Outage>,
    /// The newest check that succeeded.
    look: Look,
}

struct Outage {
    since: Timestamp,
    newest: Timestamp,
    reason: String,
}

impl Watch<'_> {
    fn answered(&mut self, look: Look, streams: &mut Streams) -> Result<(), Failure> {
        let at = look.report.taken_at;
        let mut lines = Vec::new();
        if let Some(outage) = self.outage.take() {
            let seconds = at.duration_since(outage.since).as_secs().max(0);
            lines.push(format!("{}  the cluster answers again, after {seconds}s", time(at)));
        }
        lines.extend(compare(&self.look.report, &look.report).iter().map(|change| line(at, change)));
        let changed = !same(&self.look.report, &look.report);
        self.look = look;
        self.tell(lines, streams)?;
        self.show(streams, changed)
    }

    fn unanswered(&mut self, at: Timestamp, failure: &Failure, streams: &mut Streams) -> Result<(), Failure> {
        let reason = failure.to_string();
        let reason = reason.lines().next().unwrap_or_default();
        let reason = text::clean(reason.strip_prefix("error: ").unwrap_or(reason)).into_owned();
        let known = self.outage.as_ref().is_some_and(|outage| outage.reason == reason);
        let since = self.outage.as_ref().map_or(at, |outage| outage.since);
        let told = if known { Vec::new() } else { vec![format!("{}  no answer: {reason}", time(at))] };
        self.outage = Some(Outage { since, newest: at, reason });
        self.tell(told, streams)?;
        self.show(streams, false)
    }

    /// A page on a terminal has its own place for them. Documents on standard output stay whole.
    fn tell(&mut self, lines: Vec<String>, streams: &mut Streams) -> Result<(), Failure> {
        if !is_terminal() {
            let to: &mut dyn Write = if self.is_page() { &mut streams.out } else { &mut streams.err };
            lines.iter().try_for_each(|line| writeln!(to, "{line}"))?;
            streams.flush()?;
        }
        self.changes.extend(lines);
        self.changes.drain(..self.changes.len().saturating_sub(KEPT));
        Ok(())
    }

    fn is_page(&self) -> bool {
        matches!(self.arguments.output, Output::Table | Output::Wide)
    }

    fn show(&self, streams: &mut Streams, changed: bool) -> Result<(), Failure> {
        let first = self.changes.is_empty() && self.outage.is_none() && self.look.report.taken_at == self.began;
        let terminal = is_terminal();
        if !(terminal || first || (changed && !self.is_page())) {
            return Ok(());
        }
        let Look { snapshot, report } = &self.look;
        if terminal && self.is_page() {
            let mut page = Vec::new();
            self.write_head(&mut page)?;
            print(snapshot, report, self.arguments, self.chosen, &mut page, &mut streams.err)?;
            let columns = Style::of_stdout(self.arguments.color()).width.unwrap_or(WINDOW.0);
            // The last row stays for the cursor.
            let rows = terminal_rows().unwrap_or(WINDOW.1).saturating_sub(1);
            streams.out.write_all(CLEAR)?;
            streams.out.write_all(first_rows(&String::from_utf8_lossy(&page), rows, columns).as_bytes())?;
        } else {
            print(snapshot, report, self.arguments, self.chosen, &mut streams.out, &mut streams.err)?;
        }
        streams.flush()?;
        Ok(())
    }

    /// The time of the check, the interval, and what changed.
    fn write_head(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let style = Style::of_stdout(self.arguments.color());
        let seen = self.look.report.taken_at;
        let now = self.outage.as_ref().map_or(seen, |outage| outage.newest);
        let head = format!("Every {}s   {}", self.arguments.watch_interval, text::utc(now));
        writeln!(out, "{}", style.paint(Tone::Strong, &head))?;
        let room = style.room(0);
        if self.changes.is_empty() {
            writeln!(out, "{}", style.paint(Tone::Aside, &format!("No change since {}", time(self.began))))?;
        }
        for line in &self.changes {
            writeln!(out, "{}", text::truncate(line, room))?;
        }
        if let Some(outage) = &self.outage {
            let line = format!("NO ANSWER since {}. Below: the cluster at {}", time(outage.since), time(seen));
            writeln!(out, "{}", style.paint(Tone::Bad, &text::truncate(&line, room)))?;
        }
        writeln!(out)?;
        Ok(())
    }
}

fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// The time of the check does not count.
fn same(before: &Report, now: &Report) -> bool {
    Report { taken_at: now.taken_at, ..before.clone() } == *now
}
