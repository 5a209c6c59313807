//! A text with several outputs in it: Markdown, a chat, a terminal's scrollback. Split into blocks, each of one format.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::fences::{Line, lines};
use super::formats::{FORMATS, Format};
use super::label;
use super::prompt::{self, Heading};
use super::wraps;

/// Lines that a recognizer may look at.
const AHEAD: usize = 16;
/// Blocks of one text; a page with more is no page.
pub(super) const MAX_BLOCKS: usize = 2_000;

/// Lines of one format, without quotes and indentation of the page.
pub(super) struct Block {
    /// From 1.
    pub line: usize,
    pub text: String,
    /// The number of each line of the text.
    pub numbers: Vec<usize>,
    pub heading: Heading,
    pub format: Option<&'static Format>,
}

/// What is looked at of one text: more lines are no page that somebody has written.
const MAX_LINES: usize = 200_000;
const MAX_BYTES: usize = 16 << 20;

/// The beginning of a text that is too long, or, of a log, its end, as the newest lines tell the most; and what was cut off, in words.
pub(super) fn window(text: &str) -> (&str, Option<String>) {
    window_of(text, MAX_LINES, MAX_BYTES)
}

fn window_of(text: &str, most: usize, bytes: usize) -> (&str, Option<String>) {
    let is_log = || text.lines().find(|line| !line.trim().is_empty()).is_some_and(super::logs::is_log_line);
    let ends = || memchr::memchr_iter(b'\n', text.as_bytes());
    let lines = ends().count();
    if lines <= most && text.len() <= bytes {
        return (text, None);
    }
    if is_log() {
        let by_lines = lines.checked_sub(most).filter(|skip| *skip > 0).and_then(|skip| ends().nth(skip - 1)).map_or(0, |at| at + 1);
        let from = text.len().saturating_sub(bytes);
        let by_bytes = if from == 0 { 0 } else { memchr::memchr(b'\n', &text.as_bytes()[from..]).map_or(text.len(), |at| from + at + 1) };
        let start = by_lines.max(by_bytes);
        return (text.get(start..).unwrap_or_default(), Some(format!("the first {} of a log of {} MiB", mib(start), mib(text.len()))));
    }
    let by_lines = ends().nth(most).unwrap_or(text.len());
    let by_bytes = if text.len() <= bytes { text.len() } else { memchr::memrchr(b'\n', &text.as_bytes()[..bytes]).unwrap_or(0) };
    let end = by_lines.min(by_bytes);
    (text.get(..end).unwrap_or_default(), Some(format!("all but the first {most} lines or {} MiB", bytes >> 20)))
}

/// In MiB, rounded up.
fn mib(bytes: usize) -> usize {
    bytes.div_ceil(1 << 20)
}

pub(super) struct Page {
    pub blocks: Vec<Block>,
    /// Lines that belong to no block: prose.
    pub prose: usize,
    /// Lines after the last block that was taken, where there were too many.
    pub left_out: usize,
}

/// What the lines above tell of the next block.
#[derive(Default)]
struct Above {
    heading: Heading,
    /// The command that opened the shell at whose prompt the next command is given.
    shell: Heading,
    /// The host of a prompt of two lines.
    host: Option<String>,
    label: Option<String>,
}

impl Above {
    fn command(&mut self, mut found: Heading) {
        found.host = found.host.or(self.host.take());
        if prompt::closes_shell("", Some(&found)) {
            self.shell = Heading::default();
        } else if found.opens_shell {
            self.shell = found.clone();
        }
        self.heading = found.within(&self.shell);
    }

    /// Prose: a name that stands alone is of what follows.
    fn prose(&mut self, line: &str) {
        if let Some(host) = prompt::first_line_of_prompt(line) {
            self.host = Some(host);
        } else if prompt::closes_shell(line, None) {
            self.shell = Heading::default();
        } else {
            self.label = label::label(line).or_else(|| label::label_in_sentence(line));
        }
    }

    fn heading(&self) -> Heading {
        Heading { label: self.label.clone(), ..self.heading.clone() }
    }
}

/// Takes a text apart, in time that grows with its length alone.
pub(super) fn split(text: &str) -> Page {
    let lines: Vec<Line<'_>> = lines(text);
    let mut plain: Vec<Cow<'_, str>> = lines.iter().map(|line| Cow::Borrowed(line.text)).collect();
    let joined = wraps::join(&lines, &mut plain);
    let mut page = Page { blocks: Vec::new(), prose: 0, left_out: 0 };
    let mut above = Above::default();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        if page.blocks.len() == MAX_BLOCKS {
            page.left_out = lines.len() - at;
            break;
        }
        if line.fence || joined.contains(&at) {
            // what a command printed does not go on behind the fence
            if line.fence && !line.opens {
                (above.heading, above.shell) = (Heading::default(), Heading::default());
            }
            at += 1;
            continue;
        }
        let text = plain.get(at).map_or("", |text| text);
        if let Some(found) = prompt::command_line(text) {
            above.command(found);
            at += 1;
            continue;
        }
        let Some(format) = format_at(&mut plain, at, &above.heading) else {
            if !plain.get(at).is_none_or(|text| text.trim().is_empty()) {
                page.prose += 1;
                above.prose(plain.get(at).map_or("", |text| text));
            }
            at += 1;
            continue;
        };
        let end = end_of(&lines, &plain, &joined, at, format, &above.heading);
        let kept = (at..end).filter(|line| !joined.contains(line));
        let (numbers, kept): (Vec<usize>, Vec<&str>) = kept.filter_map(|line| Some((line + 1, plain.get(line)?.as_ref()))).unzip();
        let text = kept.join("\n");
        page.blocks.push(Block { line: at + 1, text, numbers, heading: above.heading(), format: Some(format) });
        at = end.max(at + 1);
    }
    page
}

fn ahead<'a>(plain: &'a [Cow<'_, str>], at: usize) -> Vec<&'a str> {
    plain.get(at..(at + AHEAD).min(plain.len())).unwrap_or_default().iter().map(AsRef::as_ref).collect()
}

/// The format that begins here, as the line is, or without the indentation or the quotes that its page gave it.
fn format_at(plain: &mut [Cow<'_, str>], at: usize, heading: &Heading) -> Option<&'static Format> {
    let find = |lines: &[&str]| FORMATS.iter().find(|format| (format.starts)(lines, heading));
    if let Some(format) = find(&ahead(plain, at)) {
        return Some(format);
    }
    let first = plain.get(at)?.as_ref();
    let indent = first.len() - first.trim_start_matches([' ', '\t']).len();
    if indent > 0 {
        let shifted: Vec<&str> = ahead(plain, at).into_iter().map(|line| cut(line, indent)).collect();
        let format = find(&shifted)?;
        shift(plain, at, indent);
        return Some(format);
    }
    // `code` in a sentence
    let code = first.split('`').nth(1)?.to_owned();
    let format = find(&[&code])?;
    if let Some(line) = plain.get_mut(at) {
        *line = Cow::Owned(code);
    }
    Some(format)
}

/// Takes the indentation off this line and those below that have as much.
fn shift(plain: &mut [Cow<'_, str>], at: usize, indent: usize) {
    for line in plain.iter_mut().skip(at) {
        let own = line.len() - line.trim_start_matches([' ', '\t']).len();
        if own < indent && own < line.len() {
            break;
        }
        *line = match line {
            Cow::Borrowed(text) => Cow::Borrowed(cut(text, indent)),
            Cow::Owned(text) => Cow::Owned(cut(text, indent).to_owned()),
        };
    }
}

/// Without so many blanks at the beginning, and no more than there are.
pub(super) fn cut(text: &str, indent: usize) -> &str {
    let blanks = text.bytes().take(indent).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &text[blanks..]
}

fn end_of(lines: &[Line<'_>], plain: &[Cow<'_, str>], joined: &BTreeSet<usize>, start: usize, format: &Format, heading: &Heading) -> usize {
    let fenced = lines.get(start).is_some_and(|line| line.fenced);
    let mut at = start + 1;
    while let (Some(line), Some(text)) = (lines.get(at), plain.get(at)) {
        if joined.contains(&at) {
            at += 1;
            continue;
        }
        if line.fence || line.fenced != fenced || prompt::command_line(text).is_some() {
            break;
        }
        let ahead = ahead(plain, at);
        let restarts = format.restarts && (format.starts)(&ahead, heading);
        let other = FORMATS.iter().any(|other| other.interrupts && other.name != format.name && (other.starts)(&ahead, heading));
        if restarts || other || !(format.goes_on)(text) {
            break;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes(text: &str) -> Vec<(usize, &'static str, Option<String>)> {
        split(text)
            .blocks
            .into_iter()
            .map(|block| (block.line, block.format.map_or("", |format| format.name), block.heading.host))
            .collect()
    }

    #[test]
    fn a_page_is_taken_apart() {
        let page = "# Help\n\nIt says:\n\n```\nroot@node-3:~# ip a\n1: lo: <LOOPBACK,UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n\
            root@node-3:~# calicoctl node status\nCalico process is running.\n\nIPv4 BGP status\nNo IPv4 peers found.\n```\nand\n\n    \
            2: eth0: <BROADCAST,UP> mtu 1500\n        inet 10.0.0.1/24 scope global eth0\n\nno idea\n";
        assert_eq!(
            shapes(page),
            [(7, "ip addr", Some("node-3".to_owned())), (10, "calicoctl node status", Some("node-3".to_owned())), (17, "ip addr", None),]
        );
    }

    #[test]
    fn of_too_long_a_text_a_part_is_read() {
        let prose: String = (0..50).map(|line| format!("line {line}\n")).collect();
        let (kept, cut) = window_of(&prose, 10, 1 << 20);
        assert!(kept.lines().count() <= 11 && kept.starts_with("line 0\n") && cut.is_some(), "{kept}");
        assert_eq!(window_of(&prose, 100, 40).0, "line 0\nline 1\nline 2\nline 3\nline 4");
        assert_eq!(window_of(&prose, 100, 1 << 20), (prose.as_str(), None));
        let log: String = (0..50).map(|line| format!("2026-05-12 05:18:33.000 [INFO][9] startup/startup.go 427: {line}\n")).collect();
        let (kept, cut) = window_of(&log, 10, 1 << 20);
        assert!(kept.ends_with("427: 49\n") && kept.lines().count() == 10 && cut.is_some(), "{kept}");
        assert!(window_of(&log, 100, 200).0.lines().count() < 4);
        assert_eq!(window_of("é\n", 0, 1).0, "");
    }

    #[test]
    fn prose_is_no_block() {
        assert!(shapes("Calico is broken since Monday.\nPlease help\n").is_empty());
        assert!(shapes("").is_empty());
    }

    #[test]
    fn quoted_text_is_read() {
        for quote in ["> ", "> > ", ">", ">> "] {
            let text = format!("{quote}1: lo: <LOOPBACK,UP> mtu 65536\n{quote}    inet 127.0.0.1/8 scope host lo\n");
            assert_eq!(shapes(&text), [(1, "ip addr", None)], "{text}");
        }
    }

    #[test]
    fn a_fence_may_have_output_on_its_own_line() {
        let page = "```1: lo: <LOOPBACK,UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo```\n";
        assert_eq!(shapes(page), [(1, "ip addr", None)]);
        assert!(split(page).blocks[0].text.ends_with("scope host lo"), "{}", split(page).blocks[0].text);
        let page = "It says `calico-node-abcde   0/1   Error   3   4d` always\n\n  1: lo: <LOOPBACK,UP> mtu 65536\n      inet 127.0.0.1/8 scope host lo\nBye\n";
        assert_eq!(shapes(page), [(1, "kubectl get pods", None), (3, "ip addr", None)]);
    }

    #[test]
    fn names_above_a_block_are_its_label() {
        let page = "### node-3\n```\n1: lo: <LOOPBACK,UP> mtu 65536\n```\nand then\n```\n2: eth0: <UP> mtu 1500\n```\n";
        let labels: Vec<_> = split(page).blocks.into_iter().map(|block| block.heading.label).collect();
        assert_eq!(labels, [Some("node-3".to_owned()), None]);
        let page =
            "$ oc debug node/node-7\nsh-4.4# ip a\n1: lo: <LOOPBACK,UP> mtu 65536\nsh-4.4# exit\n$ ip a\n1: lo: <LOOPBACK,UP> mtu 65536\n";
        let nodes: Vec<_> = split(page).blocks.into_iter().map(|block| block.heading.node).collect();
        assert_eq!(nodes, [Some("node-7".to_owned()), None]);
    }

    #[test]
    fn a_terminal_s_wraps_are_undone() {
        let row = "calico-node-abcde   0/1     CrashLoopBackOff   21 (2m30s ago)   70m   10.0.0.3   node-3   <none>           <none>";
        let head =
            "NAME                READY   STATUS             RESTARTS         AGE   IP         NODE     NOMINATED NODE   READINESS GATES";
        let wrapped = |line: &str| format!("{}\n{}\n", &line[..80], &line[80..]);
        let blocks = split(&format!("{}{}", wrapped(head), wrapped(row))).blocks;
        assert_eq!(blocks.len(), 1);
        assert_eq!(blocks[0].text, format!("{head}\n{row}"));
    }
}
