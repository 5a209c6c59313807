//! `autodetect -o short`: the verdict, and one line for each node whose address is wrong, changes, or is not known after a restart.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::matrix_methods::{facts, stored_now, then};
use super::short::line;
use super::style::{Style, Tone};
use super::summary_line;
use crate::autodetect::{Cell, Node, Prediction, Verdict};
use crate::reports::autodetect::{AutodetectResult, State};

/// `WRONG     node-62: 172.18.0.1 (Docker bridge) -> 10.12.33.62 with kubernetes-internal-ip`
pub fn write(look: &AutodetectResult, only: Option<&BTreeSet<String>>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let matrix = &look.matrix;
    let wanted = |place: &usize| only.is_none_or(|only| only.contains(&matrix.nodes[*place].name));
    let places: Vec<usize> = (0..matrix.nodes.len()).filter(wanted).collect();
    let current = matrix.current();
    let row = |place: usize| {
        let node = matrix.nodes.get(place)?;
        let choice =
            look.choice.as_ref().and_then(|choice| choice.predictions.get(place).map(|prediction| (choice.method.as_str(), prediction)));
        state_of(node, current.and_then(|column| column.cells.get(place)), choice)
    };
    let rows: Vec<(&str, Tone, String)> = places.iter().filter_map(|place| row(*place)).collect();
    let mut facts = facts(look, only, &places);
    if rows.is_empty() && look.state(only) != State::Wrong {
        facts.push("nothing to change".to_owned());
    }
    summary_line::head(look.verdict(only), facts, style, out)?;
    rows.iter().try_for_each(|(word, tone, words)| line(word, *tone, words, style, out))
}

/// `None` for a node that has the right address and keeps it.
fn state_of(node: &Node, current: Option<&Cell>, choice: Option<(&str, &Prediction)>) -> Option<(&'static str, Tone, String)> {
    let change = choice.map(|(method, prediction)| format!(" {} with {method}", then(prediction))).unwrap_or_default();
    let ends_right = current.map(|cell| cell.ends_right);
    let why = current.map(|cell| cell.reason.as_str()).filter(|why| !why.is_empty());
    let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
    let name = &node.name;
    Some(match (node.judgement.verdict, ends_right) {
        (Verdict::Wrong, _) => ("WRONG", Tone::Bad, format!("{name}: {}{change}", stored_now(node, ""))),
        (_, Some(Some(false))) => ("AT RISK", Tone::Bad, format!("{name}: {}, wrong after a restart{why}{change}", stored_now(node, ""))),
        _ if choice.is_some_and(|(_, prediction)| prediction.changes() == Some(true)) => {
            ("CHANGES", Tone::Doubtful, format!("{name}: {}{change}", stored_now(node, "")))
        }
        (_, Some(None)) => ("UNKNOWN", Tone::Doubtful, format!("{name}: {}, not known after a restart{why}", stored_now(node, ""))),
        _ => return None,
    })
}
