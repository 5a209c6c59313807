//! A pasted text as the program printed it: without colours, a web page's escapes and tags, hard blanks, and line numbers.
//! The count of lines stays, so that evidence can name them.

use std::borrow::Cow;

use crate::text;

/// What an editor, a browser or a terminal has made of these.
const ENTITIES: [(&str, &str); 10] = [
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#34;", "\""),
    ("&#39;", "'"),
    ("&#x27;", "'"),
    ("&apos;", "'"),
    ("&nbsp;", " "),
    ("&#160;", " "),
    // the last, so that `&amp;lt;` stays `&lt;`
    ("&amp;", "&"),
];
/// Tags that are layout; `<none>` and `<BROADCAST,UP>` are kubectl's and ip's own words.
const TAGS: [&str; 32] = [
    "a",
    "b",
    "blockquote",
    "body",
    "br",
    "code",
    "details",
    "div",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "html",
    "i",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "samp",
    "span",
    "strong",
    "summary",
    "table",
    "tbody",
    "thead",
    "tr",
    "tt",
    "u",
    "ul",
];
/// A cell of a web page's table.
const CELLS: [&str; 2] = ["td", "th"];
/// Lines that must be numbered before numbers are taken for line numbers.
const NUMBERED: usize = 4;

/// The same lines without what carried them.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    let numbered = is_numbered(text);
    if !numbered && !text.lines().any(is_dressed) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let line = if numbered { number_of(line).map_or("", |(_, rest)| rest) } else { line };
        out.push_str(&undressed(line));
        out.push('\n');
    }
    Cow::Owned(out)
}

fn is_dressed(line: &str) -> bool {
    line.contains(is_odd)
        || line.contains('&')
        || line.contains("</")
        || line.contains("<br")
        || line.contains("<pre")
        || line.trim_start().starts_with("**")
        || has_lost_colour(line)
        || is_typographic_rule(line)
        || framed(line).is_some()
}

/// A line of a program that draws a frame around what it shows, as k9s does.
fn framed(line: &str) -> Option<&str> {
    const BARS: [char; 2] = ['\u{2502}', '\u{2503}'];
    let inner = line.trim().strip_prefix(BARS)?;
    let inner = inner.strip_suffix(BARS).unwrap_or(inner);
    Some(inner.strip_prefix(' ').unwrap_or(inner).trim_end())
}

/// The rule of a table in which a web page has made dashes of its hyphens.
fn is_typographic_rule(line: &str) -> bool {
    line.starts_with('+') && line.contains('\u{2014}') && line.chars().all(|c| matches!(c, '+' | '-' | '\u{2013}' | '\u{2014}' | ' '))
}

/// A tab stands between columns; everything else that is unsafe on a terminal, and blanks that are no blanks, are a carrier's.
fn is_odd(c: char) -> bool {
    c != '\t' && (text::is_unsafe(c) || matches!(c, '\u{a0}' | '\u{2007}' | '\u{202f}'))
}

fn undressed(line: &str) -> Cow<'_, str> {
    let mut line = Cow::Borrowed(framed(line).unwrap_or(line));
    if line.contains(is_odd) {
        let spaced = line.replace(['\u{a0}', '\u{2007}', '\u{202f}'], " ");
        line = Cow::Owned(spaced.split('\t').map(text::clean).collect::<Vec<_>>().join("\t"));
    }
    if has_lost_colour(&line) {
        line = Cow::Owned(without_lost_colours(&line));
    }
    if line.contains("</") || line.contains("<br") || line.contains("<pre") || line.contains("<t") {
        line = Cow::Owned(without_tags(&line));
    }
    if is_typographic_rule(&line) {
        line = Cow::Owned(line.replace(['\u{2013}', '\u{2014}'], "--"));
    }
    // a row that somebody has put into bold type
    if line.trim_start().starts_with("**") && line.contains("  ") {
        line = Cow::Owned(line.replace("**", ""));
    }
    if line.contains('&') {
        line = Cow::Owned(ENTITIES.iter().fold(line.into_owned(), |line, (escaped, plain)| line.replace(escaped, plain)));
    }
    line
}

/// `[32m` where the escape before it was lost on the way.
fn has_lost_colour(line: &str) -> bool {
    line.contains("[0m") || line.contains("[m")
}

fn without_lost_colours(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('[') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let digits = after.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(after.len());
        if digits <= 12 && after[digits..].starts_with('m') && !after[digits + 1..].starts_with(']') {
            out.push_str(before);
            // the escape itself, as programs write it that show it
            if let Some(escape) = ["^[", "\\x1b", "\\033"].into_iter().find(|escape| out.ends_with(escape)) {
                out.truncate(out.len() - escape.len());
            }
            rest = &after[digits + 1..];
        } else {
            out.push_str(&rest[..=at]);
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn without_tags(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('<') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        out.push_str(before);
        let inner = after.strip_prefix('/').unwrap_or(after);
        let name = &inner[..inner.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inner.len())];
        let end = after.find('>').filter(|end| *end <= 300);
        match end {
            Some(end) if TAGS.contains(&name) => rest = &after[end + 1..],
            Some(end) if CELLS.contains(&name) => {
                out.push_str("  ");
                rest = &after[end + 1..];
            }
            _ => {
                out.push('<');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// `cat -n` and web pages: each line that is not empty has its own number before it.
fn is_numbered(text: &str) -> bool {
    let mut count = 0;
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if number_of(line).is_none_or(|(number, _)| number != at + 1) {
            return false;
        }
        count += 1;
    }
    count >= NUMBERED
}

fn number_of(line: &str) -> Option<(usize, &str)> {
    let line = line.trim_start();
    let digits = line.find(|c: char| !c.is_ascii_digit()).unwrap_or(line.len());
    let number = line.get(..digits).filter(|digits| digits.len() < 8)?.parse().ok()?;
    let rest = &line[digits..];
    // `14: br-1: <…>` is ip's own number
    if rest.is_empty() { Some((number, "")) } else { Some((number, rest.strip_prefix(['\t', ' ', '|'])?)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_carried_a_line_goes() {
        for (line, left) in [
            ("\u{1b}[01;32mroot@node-3\u{1b}[00m:~# ip a", "root@node-3:~# ip a"),
            ("\u{1b}]0;title\u{7}\u{1b}[?2004h$ ls", "$ ls"),
            ("[32mnode-3[0m   Ready", "node-3   Ready"),
            ("^[[1;31mnode-3^[[0m", "node-3"),
            ("node-3\u{a0}\u{a0}Ready", "node-3  Ready"),
            ("a\tb\u{200b}", "a\tb"),
            ("2: eth0: &lt;UP&gt; &amp;lt;", "2: eth0: <UP> &lt;"),
            ("<pre><code>NAME</code></pre>", "NAME"),
            ("<tr><td>node-3</td><td>&lt;none&gt;</td></tr>", "  node-3    <none>  "),
            ("node-3   <none>   <unset>", "node-3   <none>   <unset>"),
            ("**calico-node-gcxmw   0/1   Running**", "calico-node-gcxmw   0/1   Running"),
            ("**bold** words", "**bold** words"),
            ("rate[5m] of [INFO][9]", "rate[5m] of [INFO][9]"),
            ("&#27;[31m", "&#27;[31m"),
            ("+\u{2014}\u{2014}-+\u{2014}-+", "+-----+---+"),
            ("a \u{2014} b", "a \u{2014} b"),
            ("\u{2502} calico-node said so      \u{2502}", "calico-node said so"),
            ("\u{2502}   inet 10.0.0.1/8   \u{2502}", "  inet 10.0.0.1/8"),
            ("a \u{2502} b", "a \u{2502} b"),
            ("<", "<"),
            ("</", "</"),
        ] {
            assert_eq!(plain(line).trim_end_matches('\n'), left, "{line:?}");
        }
    }

    #[test]
    fn line_numbers_are_told_from_indices_of_interfaces() {
        assert_eq!(plain("     1\tNAME\n     2\ta  b\n     3\tc\n     4\td\n"), "NAME\na  b\nc\nd\n");
        for same in ["1: lo: <UP>\n2: eth0: <UP>\n3: a: <UP>\n4: b: <UP>\n", "1 a\n2 b\n", "1 a\n2 b\n4 c\n5 d\n"] {
            assert_eq!(plain(same), same);
        }
    }
}
