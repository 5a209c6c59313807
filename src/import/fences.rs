//! Lines of a page without its quotes, fences and indented blocks.

/// A line without the page's quotes and indentation.
pub(super) struct Line<'a> {
    pub text: &'a str,
    /// The mark of a fence itself, and nothing else.
    pub fence: bool,
    pub opens: bool,
    pub fenced: bool,
}

/// One for each line of the text.
pub(super) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut reader = Reader { open: None, indented: None, blank_before: true };
    text.lines().map(|line| reader.take(line)).collect()
}

/// A fence that is open.
struct Fence {
    indent: usize,
    mark: char,
    length: usize,
}

struct Reader {
    open: Option<Fence>,
    /// Indentation of the block of indented lines that is open.
    indented: Option<usize>,
    blank_before: bool,
}

impl Reader {
    fn take<'a>(&mut self, raw: &'a str) -> Line<'a> {
        let text = unquoted(raw);
        let indent = text.len() - text.trim_start_matches([' ', '\t']).len();
        let bare = &text[indent..];
        match &self.open {
            None => {
                if let Some((fence, rest)) = opening(bare, indent) {
                    (self.open, self.indented, self.blank_before) = (Some(fence), None, true);
                    // people paste right behind the marks
                    let fenced = !rest.is_empty();
                    return Line { text: rest, fence: !fenced, opens: true, fenced };
                }
            }
            Some(fence) => {
                let marks = bare.len() - bare.trim_start_matches(fence.mark).len();
                if marks >= fence.length && bare[marks..].trim().is_empty() {
                    self.open = None;
                    return Line { text: bare, fence: true, opens: false, fenced: false };
                }
                let content = super::page::cut(text, fence.indent);
                let end = content.trim_end();
                if end.len() - end.trim_end_matches(fence.mark).len() >= fence.length {
                    let line = Line { text: end.trim_end_matches(fence.mark), fence: false, opens: false, fenced: true };
                    self.open = None;
                    return line;
                }
                return Line { text: content, fence: false, opens: false, fenced: true };
            }
        }
        let deep = indent >= 4 || text.starts_with('\t');
        match self.indented {
            _ if bare.is_empty() => {}
            Some(open) if indent < open => self.indented = None,
            None if deep && self.blank_before => self.indented = Some(indent),
            _ => {}
        }
        self.blank_before = bare.is_empty();
        Line { text: super::page::cut(text, self.indented.unwrap_or(0)), fence: false, opens: false, fenced: false }
    }
}

/// Without the marks of mail and Markdown: `> `, `> > `, `>> `.
fn unquoted(mut line: &str) -> &str {
    const MAX_QUOTES: usize = 16;
    for _ in 0..MAX_QUOTES {
        match line.strip_prefix('>') {
            Some(rest) => line = rest.strip_prefix(' ').unwrap_or(rest),
            None => break,
        }
    }
    line
}

/// The fence that begins here and what stands behind its marks, where that is no language's name.
fn opening(bare: &str, indent: usize) -> Option<(Fence, &str)> {
    let mark = bare.chars().next().filter(|mark| ['`', '~'].contains(mark))?;
    let rest = bare.trim_start_matches(mark);
    let length = bare.len() - rest.len();
    // closed on the same line it is code in a sentence
    if length < 3 || rest.contains("```") {
        return None;
    }
    let is_language = rest.split_whitespace().count() < 2;
    Some((Fence { indent, mark, length }, if is_language { "" } else { rest }))
}
