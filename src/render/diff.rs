//! Two states of an object as a unified diff of their YAML: only what changes, with context, and the words within a line marked.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::style::Style;
use crate::edit::target::without_server_fields;
use crate::snapshot::secrets;
use crate::text;

const CONTEXT: usize = 3;

/// What is compared: without what servers write, and with secrets masked.
pub fn yaml(object: &Value) -> String {
    let mut shown = without_server_fields(object);
    secrets::mask_tree(&mut shown);
    serde_yaml::to_string(&shown).unwrap_or_default()
}

pub fn write(before: &str, after: &str, names: (&str, &str), style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let paint = |ansi: Ansi, text: &str| if style.colour && !text.is_empty() { format!("{ansi}{text}{ansi:#}") } else { text.to_owned() };
    let (strong, hunk) = (Ansi::new().bold(), AnsiColor::Cyan.on_default());
    let diff = TextDiff::from_lines(before, after);
    writeln!(out, "{}", paint(strong, &format!("--- {}", names.0)))?;
    writeln!(out, "{}", paint(strong, &format!("+++ {}", names.1)))?;
    for group in diff.grouped_ops(CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let span = |start: std::ops::Range<usize>, end: std::ops::Range<usize>| format!("{},{}", start.start + 1, end.end - start.start);
        let (old, new) = (span(first.old_range(), last.old_range()), span(first.new_range(), last.new_range()));
        writeln!(out, "{}", paint(hunk, &format!("@@ -{old} +{new} @@{}", within(before, first.old_range().start))))?;
        for change in group.iter().flat_map(|op| diff.iter_inline_changes(op)) {
            let (sign, tone) = match change.tag() {
                ChangeTag::Equal => (' ', Ansi::new()),
                ChangeTag::Delete => ('-', AnsiColor::Red.on_default()),
                ChangeTag::Insert => ('+', AnsiColor::Green.on_default()),
            };
            let mut line = paint(tone, &sign.to_string());
            for (changed, part) in change.iter_strings_lossy() {
                let part = text::clean(part.trim_end_matches('\n')).into_owned();
                let tone = if changed { tone.bold().underline() } else { tone };
                line.push_str(&if tone.is_plain() { part } else { paint(tone, &part) });
            }
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    Ok(())
}

/// Where in the object a hunk begins: its nearest parents by indentation, as `git diff` names a function.
fn within(yaml: &str, line: usize) -> String {
    let lines: Vec<&str> = yaml.lines().take(line + 1).collect();
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
    let mut deepest = lines.last().map_or(0, |line| indent(line));
    let mut path = Vec::new();
    for line in lines.iter().rev() {
        let key = line.trim_start_matches([' ', '-']);
        if indent(line) < deepest && key.ends_with(':') {
            deepest = indent(line);
            path.push(key.trim_end_matches(':'));
        }
    }
    path.reverse();
    if path.is_empty() { String::new() } else { format!(" {}", text::clean(&path.join("."))) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(method: Option<&str>, threshold: i64) -> Value {
        let mut env = vec![json!({"name": "IP", "value": "autodetect"}), json!({"name": "DATASTORE_PASSWORD", "value": "sesame"})];
        env.extend(method.map(|method| json!({"name": "IP_AUTODETECTION_METHOD", "value": method})));
        env.extend([
            json!({"name": "CALICO_NETWORKING_BACKEND", "value": "bird"}),
            json!({"name": "FELIX_HEALTHENABLED", "value": "true"}),
        ]);
        json!({
            "kind": "DaemonSet",
            "metadata": {"name": "calico-node", "resourceVersion": "7", "managedFields": [{"manager": "kubectl"}]},
            "spec": {"template": {"spec": {"containers": [{
                "name": "calico-node", "env": env, "livenessProbe": {"failureThreshold": threshold, "initialDelaySeconds": 10},
            }]}}},
            "status": {"numberReady": 1},
        })
    }

    fn diff(before: &Value, after: &Value, colour: bool) -> String {
        let mut out = Vec::new();
        let names = ("daemonset.apps/calico-node", "daemonset.apps/calico-node (server dry run)");
        write(&yaml(before), &yaml(after), names, &Style { colour, ..Style::default() }, &mut out).expect("writes");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn only_what_changes_with_its_surroundings() {
        insta::assert_snapshot!(diff(&object(None, 6), &object(Some("can-reach=10.0.0.1"), 10), false));
    }

    #[test]
    fn the_words_that_differ_are_marked_and_colour_adds_nothing_else() {
        let (before, after) = (object(Some("can-reach=10.0.0.1"), 6), object(Some("can-reach=10.0.0.2"), 6));
        let painted = diff(&before, &after, true);
        assert!(painted.contains("\u{1b}["));
        assert_eq!(crate::text::clean_lines(&painted), diff(&before, &after, false));
        insta::assert_snapshot!(painted.replace('\u{1b}', "␛"));
    }

    #[test]
    fn nothing_of_a_secret_or_an_escape_is_shown() {
        let shown = diff(&object(None, 6), &object(Some("\u{1b}[2Jx"), 10), false);
        assert!(!shown.contains("sesame") && !shown.contains('\u{1b}'), "{shown}");
    }
}
