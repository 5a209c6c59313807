//! Paragraphs and commands that fit the terminal, broken between words only.

use std::io::{self, Write};

use super::style::{Style, Tone};
use crate::text;
use crate::text::unbroken::words_and_commands;

/// Text that quotes more than this is cut: a hostile event can be a megabyte.
const LONGEST: usize = 2_000;
/// Columns by which the further lines of a command are indented, and that ` \` takes at its end.
const FURTHER: usize = 2;

/// `label`, then words that hang behind it.
pub(super) fn paragraph(indent: usize, label: &str, words: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    painted(indent, label, words, Tone::Plain, style, out)
}

/// As `paragraph`, with painted words.
pub(super) fn painted(indent: usize, label: &str, words: &str, tone: Tone, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let words = text::clean(words);
    let words = text::truncate(&words, LONGEST);
    let hang = indent + text::width(label);
    let longest = words.split(' ').map(text::width).max().unwrap_or(0);
    // Where a long name does not fit behind the label, the further lines begin further left.
    let further = style.width.map_or(hang, |columns| columns.saturating_sub(longest).clamp(indent.min(hang), hang));
    let mut start = format!("{:indent$}{label}", "");
    for line in fold(&words, style.room(hang), style.room(further), style.full_names) {
        let line = format!("{start}{}", style.paint(tone, &line));
        writeln!(out, "{}", line.trim_end())?;
        start = " ".repeat(further);
    }
    Ok(())
}

/// The first line holds `first` columns, the others `rest`; a longer word is shortened in its middle.
fn fold(words: &str, first: usize, rest: usize, full_names: bool) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut limit = first;
    let narrow = |words: &String| text::width(words) > rest;
    // A command that no line holds is broken like any other words.
    let words = words_and_commands(words).into_iter();
    let words = words.flat_map(|word| if narrow(&word) { word.split(' ').map(str::to_owned).collect() } else { vec![word] });
    for word in words {
        let word = if full_names { word.as_str().into() } else { text::shorten_middle(&word, rest) };
        let used = lines.last().map_or(0, |line| text::width(line));
        let wide = text::width(&word);
        if if used > 0 { used + 1 + wide > limit } else { wide > limit && limit < rest } {
            lines.push(String::new());
            limit = rest;
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
    }
    lines
}

/// A command to paste. Where it is wider than the terminal it goes on behind a `\`, or in the next line of a JSON value, which
/// a shell takes for the same command.
pub(super) fn command(indent: usize, label: &str, command: &str, tone: Tone, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let command = text::clean(command);
    let hang = indent + text::width(label);
    let mut start = format!("{:indent$}{label}", "");
    for line in command_lines(&command, style.room(hang)) {
        writeln!(out, "{start}{}", style.paint(tone, &line))?;
        start = " ".repeat(hang + FURTHER);
    }
    Ok(())
}

fn command_lines(command: &str, room: usize) -> Vec<String> {
    if text::width(command) <= room {
        return vec![command.to_owned()];
    }
    let mut lines = vec![String::new()];
    for word in shell_words(command) {
        let indent = if lines.len() > 1 { FURTHER } else { 0 };
        let used = lines.last().map_or(0, |line| text::width(line));
        if used > 0 && indent + used + 1 + text::width(word) + FURTHER > room {
            lines.iter_mut().last().into_iter().for_each(|line| line.push_str(" \\"));
            lines.push(String::new());
        } else if used > 0 {
            lines.iter_mut().last().into_iter().for_each(|line| line.push(' '));
        }
        for (at, piece) in json_pieces(word, room.saturating_sub(2 * FURTHER)).into_iter().enumerate() {
            if at > 0 {
                lines.push(String::new());
            }
            lines.iter_mut().last().into_iter().for_each(|line| line.push_str(piece));
        }
    }
    lines
}

/// Split at blanks outside single quotes, the only ones that this program's commands have; a flag keeps its value.
fn shell_words(command: &str) -> Vec<&str> {
    let (mut quoted, mut escaped, mut from) = (false, false, 0);
    let mut words = Vec::new();
    for (at, c) in command.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if !quoted => escaped = true,
            '\'' => quoted = !quoted,
            ' ' if !quoted => {
                let word = command.get(from..at).unwrap_or_default();
                let next = command.get(at + 1..).unwrap_or_default();
                let takes_value = word.starts_with('-') && !word.contains(['=', ' ']) && !next.starts_with('-');
                if !takes_value {
                    words.push(word);
                    from = at + 1;
                }
            }
            _ => {}
        }
    }
    words.push(command.get(from..).unwrap_or_default());
    words
}

/// A quoted JSON value in pieces of at most `room` columns, broken where JSON allows white space.
fn json_pieces(word: &str, room: usize) -> Vec<&str> {
    if text::width(word) <= room || !(word.contains("'{\"") && word.matches('\'').count() == 2) {
        return vec![word];
    }
    let (mut pieces, mut from, mut last) = (Vec::new(), 0, 0);
    let (mut in_string, mut escaped) = (false, false);
    for (at, c) in word.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            ',' | '{' | '[' if !in_string => {
                let end = at + 1;
                if text::width(word.get(from..end).unwrap_or_default()) > room && last > from {
                    pieces.push(word.get(from..last).unwrap_or_default());
                    from = last;
                }
                last = end;
            }
            _ => {}
        }
    }
    if text::width(word.get(from..).unwrap_or_default()) > room && last > from {
        pieces.push(word.get(from..last).unwrap_or_default());
        from = last;
    }
    pieces.push(word.get(from..).unwrap_or_default());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "ip-10-0-0-1-a-name-that-is-as-long-as-a-label-may-be-0123456789";

    fn printed(columns: Option<usize>, print: impl Fn(&Style, &mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        print(&Style { width: columns, ..Style::default() }, &mut out).expect("writes");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_name_that_does_not_fit_behind_its_label_is_whole_further_left_or_shortened() {
        let words = format!("log of {NAME} was not read");
        let page = |columns| printed(columns, |style, out| paragraph(2, "Evidence  interfaces  ", &words, style, out));
        assert_eq!(page(None), format!("  Evidence  interfaces  {words}\n"));
        let at_80 = page(Some(80));
        assert!(at_80.contains(NAME) && at_80.starts_with("  Evidence  interfaces  log of\n"), "{at_80}");
        let at_60 = page(Some(60));
        assert!(at_60.contains('…') && at_60.contains("0123456789"), "{at_60}");
        for page in [at_80, at_60] {
            assert!(page.lines().all(|line| text::width(line) <= 80 && line == line.trim_end()), "{page}");
        }
    }

    #[test]
    fn a_command_in_several_lines_is_the_same_command() {
        let patch =
            r#"'{"spec":{"template":{"spec":{"containers":[{"name":"calico-node, \"x\", y","startupProbe":{"failureThreshold":22}}]}}}}'"#;
        let command = format!("kubectl patch daemonset calico-node -n kube-system -p {patch} --field-manager 'a b'");
        for columns in [60, 80, 120] {
            let page = printed(Some(columns), |style, out| super::command(2, "By hand   ", &command, Tone::Plain, style, out));
            assert!(page.lines().all(|line| text::width(line) <= columns), "{page}");
            let joined = page.trim_start().trim_start_matches("By hand").replace(" \\\n", " ").replace('\n', "");
            let without_blanks = |text: &str| text.replace(' ', "");
            assert_eq!(without_blanks(&joined), without_blanks(&command));
        }
    }

    /// White space within it changes what it selects.
    #[test]
    fn a_json_path_is_not_json() {
        let path = "jsonpath='{.spec.template.spec.containers[0].livenessProbe}'";
        assert_eq!(json_pieces(path, 30), [path]);
        assert!(json_pieces(r#"'{"spec":{"template":{"spec":{}}}}'"#, 20).len() > 1);
    }

    #[test]
    fn blanks_in_quotes_do_not_split() {
        for (command, words) in [
            ("a b", &["a", "b"][..]),
            ("a -n b c --d=e f -g -h i", &["a", "-n b", "c", "--d=e", "f", "-g", "-h i"]),
            ("a 'b c' d", &["a", "'b c'", "d"]),
            (r"a 'it'\''s it' d", &["a", r"'it'\''s it'", "d"]),
            (r"a 'x\' d", &["a", r"'x\'", "d"]),
        ] {
            assert_eq!(shell_words(command), words);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_the_words_that_were_meant() {
        let command = r#"printf %s|  kubectl patch -p '{"a":{"b":["c d","e"],"f":{"g":"h, \"i\""}}}' --name value-that-is-long"#;
        let command = command.replace("%s|  ", r"'%s|' ");
        let run = |text: &str| {
            let output = std::process::Command::new("/bin/sh").args(["-c", text]).output().expect("a shell");
            String::from_utf8(output.stdout).expect("text").split_whitespace().collect::<String>()
        };
        let lines = command_lines(&command, 34);
        assert!(lines.len() > 2, "{lines:?}");
        assert_eq!(run(&lines.join("\n    ")), run(&command));
    }

    #[test]
    fn a_short_command_and_a_pipe_have_one_line() {
        for columns in [None, Some(80)] {
            assert_eq!(
                printed(columns, |style, out| command(2, "Fix  ", "kubectl calico-fix probes", Tone::Plain, style, out)),
                "  Fix  kubectl calico-fix probes\n"
            );
        }
    }
}
