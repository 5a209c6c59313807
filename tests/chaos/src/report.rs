//! A run on paper: what was played, each step, and what it broke.

use std::io::{self, Write};

use crate::history::History;
use crate::play::Play;

/// Lines of a command's output that are shown.
const LINES: usize = 40;

pub(crate) fn write(play: &Play, history: &History, violations: &[(&'static str, String)], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "seed {}", play.seed)?;
    write!(out, "{play}")?;
    for command in &history.commands {
        let code = command.code.map_or_else(|| "killed".to_owned(), |code| format!("exit {code}"));
        writeln!(out, "  step     {} -> {code}", command.line())?;
        let text: Vec<&str> = command.err.lines().collect();
        for line in text.iter().skip(text.len().saturating_sub(LINES)) {
            writeln!(out, "             {line}")?;
        }
        let mut shown = None;
        for (version, record) in history.records(command) {
            let now = (&record["command"], &record["phase"]);
            if shown != Some(now) {
                writeln!(out, "           version {}: {} {}", version.number, record["command"], record["phase"])?;
            }
            shown = Some(now);
        }
    }
    for edit in &history.edits {
        writeln!(out, "  edit     version {}: {:?}", edit.number, edit.edit)?;
    }
    for deletion in &history.deletions {
        let who = if deletion.foreign {
            "somebody else"
        } else if history.is_ours(deletion) {
            "the program"
        } else {
            "a controller"
        };
        let right = if deletion.template == deletion.wanted { "with the right template" } else { "outdated" };
        writeln!(out, "  deletion version {}: {} on {} by {who}, {right}", deletion.number, deletion.pod, deletion.node)?;
    }
    for (name, node) in &history.after.nodes {
        let followed = node.template == history.after.template;
        writeln!(out, "  after    {name}: ready {}, addressed {}, follows {followed}, dead {}", node.ready, node.addressed, node.dead)?;
    }
    writeln!(out, "  status   {:?}", history.status)?;
    for (name, how) in violations {
        writeln!(out, "  BROKEN   {name}: {how}")?;
    }
    writeln!(out, "  again    cargo run -p chaos -- --runs 1 --seed {}\n", play.seed)
}
