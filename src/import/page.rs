//! A text with several outputs in it: Markdown, a chat, a terminal's scrollback. Split into blocks, each of one format.

use super::formats::{FORMATS, Format};
use super::prompt::{self, Heading};

/// Lines that a recognizer may look at.
const AHEAD: usize = 16;
/// Blocks of one text; a page with more is no page.
pub const MAX_BLOCKS: usize = 2_000;

/// Lines of one format, without quotes and indentation of the page.
pub struct Block {
    /// From 1.
    pub line: usize,
    pub text: String,
    pub heading: Heading,
    pub format: Option<&'static Format>,
}

pub struct Page {
    pub blocks: Vec<Block>,
    /// Lines that belong to no block: prose.
    pub prose: usize,
    /// Lines after the last block that was taken, where there were too many.
    pub left_out: usize,
}

/// Takes a text apart, in time that grows with its length alone.
pub fn split(text: &str) -> Page {
    let raw: Vec<&str> = text.lines().collect();
    let lines: Vec<Line<'_>> = Unquoted::new(&raw).collect();
    let plain: Vec<&str> = lines.iter().map(|line| line.text).collect();
    let mut page = Page { blocks: Vec::new(), prose: 0, left_out: 0 };
    let mut heading = Heading::default();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        if page.blocks.len() == MAX_BLOCKS {
            page.left_out = lines.len() - at;
            break;
        }
        if line.fence {
            // what a command printed does not go on behind the fence
            if !line.opens {
                heading = Heading::default();
            }
            at += 1;
            continue;
        }
        if let Some(found) = prompt::command_line(line.text) {
            heading = found;
            at += 1;
            continue;
        }
        let ahead = plain.get(at..(at + AHEAD).min(plain.len())).unwrap_or_default();
        let Some(format) = FORMATS.iter().find(|format| (format.starts)(ahead, &heading)) else {
            page.prose += usize::from(!line.text.trim().is_empty());
            at += 1;
            continue;
        };
        let end = end_of(&lines, &plain, at, format, &heading);
        let text = plain.get(at..end).unwrap_or_default().join("\n");
        page.blocks.push(Block { line: at + 1, text, heading: heading.clone(), format: Some(format) });
        at = end.max(at + 1);
    }
    page
}

fn end_of(lines: &[Line<'_>], plain: &[&str], start: usize, format: &Format, heading: &Heading) -> usize {
    let fenced = lines.get(start).is_some_and(|line| line.fenced);
    let mut at = start + 1;
    while let Some(line) = lines.get(at) {
        if line.fence || line.fenced != fenced || prompt::command_line(line.text).is_some() {
            break;
        }
        let ahead = plain.get(at..(at + AHEAD).min(plain.len())).unwrap_or_default();
        let restarts = format.restarts && (format.starts)(ahead, heading);
        let other = FORMATS.iter().any(|other| other.interrupts && other.name != format.name && (other.starts)(ahead, heading));
        if restarts || other || !(format.goes_on)(line.text) {
            break;
        }
        at += 1;
    }
    at
}

/// A line without the page's quotes and indentation.
struct Line<'a> {
    text: &'a str,
    /// The mark of a fence itself.
    fence: bool,
    opens: bool,
    fenced: bool,
}

struct Unquoted<'a> {
    raw: &'a [&'a str],
    at: usize,
    /// The fence that is open: its indentation.
    open: Option<usize>,
    /// Indentation of the block of indented lines that is open.
    indented: Option<usize>,
    blank_before: bool,
}

impl<'a> Unquoted<'a> {
    fn new(raw: &'a [&'a str]) -> Self {
        Self { raw, at: 0, open: None, indented: None, blank_before: true }
    }
}

impl<'a> Iterator for Unquoted<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let raw = *self.raw.get(self.at)?;
        self.at += 1;
        let text = raw.strip_prefix("> ").unwrap_or(if raw == ">" { "" } else { raw });
        let indent = text.len() - text.trim_start_matches([' ', '\t']).len();
        let bare = &text[indent..];
        if bare.starts_with("```") || bare.starts_with("~~~") {
            let opens = self.open.is_none();
            self.open = opens.then_some(indent);
            (self.indented, self.blank_before) = (None, true);
            return Some(Line { text: bare, fence: true, opens, fenced: false });
        }
        if let Some(indent) = self.open {
            return Some(Line { text: cut(text, indent), fence: false, opens: false, fenced: true });
        }
        let deep = indent >= 4 || text.starts_with('\t');
        match self.indented {
            _ if bare.is_empty() => {}
            Some(open) if indent < open => self.indented = None,
            None if deep && self.blank_before => self.indented = Some(indent),
            _ => {}
        }
        self.blank_before = bare.is_empty();
        Some(Line { text: cut(text, self.indented.unwrap_or(0)), fence: false, opens: false, fenced: false })
    }
}

/// Without so many blanks at the beginning, and no more than there are.
fn cut(text: &str, indent: usize) -> &str {
    let blanks = text.bytes().take(indent).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &text[blanks..]
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
    fn prose_is_no_block() {
        assert!(shapes("Calico is broken since Monday.\nPlease help\n").is_empty());
        assert!(shapes("").is_empty());
    }

    #[test]
    fn quoted_text_is_read() {
        assert_eq!(shapes("> 1: lo: <LOOPBACK,UP> mtu 65536\n>     inet 127.0.0.1/8 scope host lo\n"), [(1, "ip addr", None)]);
    }
}
