//! Text from a cluster is untrusted: it may hold terminal escapes, be huge, or be wider than it is long.
//!
//! `clean` makes a line safe to print; `truncate`, `wrap` and `width` count columns of a terminal; `list` and `count` word numbers.
//! `one_line` fits a line without wrapping, `bounded` keeps at most so many characters, `shell` quotes for a shell, `unbroken` keeps commands in one line, `go_duration` reads
//! durations as Go writes them, `seconds` and `utc` write times.
//! Knows no other room.

pub mod bounded;
pub mod go_duration;
pub(crate) mod json;
pub mod nearest;
pub mod one_line;
pub mod seconds;
pub mod shell;
pub mod unbroken;

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// One line, safe to print: escapes, control characters and bidi overrides are gone, line breaks and tabs are blanks.
pub fn clean(text: &str) -> Cow<'_, str> {
    scrub(text, false)
}

/// As `clean`, but line breaks stay.
pub fn clean_lines(text: &str) -> Cow<'_, str> {
    scrub(text, true)
}

fn scrub(text: &str, keep_lines: bool) -> Cow<'_, str> {
    if !text.chars().any(|c| is_unsafe(c) && !(keep_lines && c == '\n')) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' | '\u{9b}' => skip_escape(c, &mut chars),
            '\n' if keep_lines => safe.push('\n'),
            '\n' | '\t' | '\r' | '\u{2028}' | '\u{2029}' => safe.push(' '),
            c if is_unsafe(c) => {}
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// The system's words without ` (os error 2)`.
pub fn without_number(error: &std::io::Error) -> String {
    let words = error.to_string();
    words.split(" (os error ").next().unwrap_or_default().to_owned()
}

/// Control characters, and the bidi overrides and zero-width marks that make a line read as what it is not.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{61c}' | '\u{e0000}'..='\u{e007f}')
}

/// Drops what a terminal would take for one command (ECMA-48: CSI up to its final byte, strings such as OSC up to BEL or ST).
fn skip_escape(start: char, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let kind = if start == '\u{9b}' { Some('[') } else { chars.next_if(|c| !c.is_control()) };
    match kind {
        Some('[') => {
            while chars.next_if(|c| matches!(c, ' '..='?')).is_some() {}
            chars.next_if(|c| matches!(c, '@'..='~'));
        }
        Some(']' | 'P' | '_' | '^' | 'X') => {
            while let Some(c) = chars.next_if(|c| *c != '\n') {
                if c == '\u{7}' || c == '\u{9c}' || (c == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
                    return;
                }
            }
        }
        _ => {}
    }
}

/// Columns a terminal gives this text.
pub fn width(text: &str) -> usize {
    text.width()
}

/// At most `limit` columns, with `…` where something is missing.
pub fn truncate(text: &str, limit: usize) -> Cow<'_, str> {
    if width(text) <= limit {
        return Cow::Borrowed(text);
    }
    let (mut cut, mut used) = (0, 0);
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used >= limit {
            break;
        }
        cut = at + c.len_utf8();
    }
    Cow::Owned(format!("{}…", &text[..cut]))
}

/// At most `limit` columns, with `…` in the middle: the ends of node names tell them apart.
pub fn shorten_middle(text: &str, limit: usize) -> Cow<'_, str> {
    if width(text) <= limit {
        return Cow::Borrowed(text);
    }
    let tail = limit.saturating_sub(1) / 2;
    let (mut from, mut used) = (text.len(), 0);
    for (at, c) in text.char_indices().rev() {
        used += c.width().unwrap_or(0);
        if used > tail {
            break;
        }
        from = at;
    }
    let end = text.get(from..).unwrap_or_default();
    Cow::Owned(format!("{}{end}", truncate(text, limit.saturating_sub(width(end)))))
}

/// Lines of at most `limit` columns, broken at blanks; a longer word, or a command, keeps a line of its own, so that it can still be copied.
pub fn wrap(text: &str, limit: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in unbroken::words_and_commands(text) {
        let wide = width(&word);
        if used > 0 && used + 1 + wide > limit {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            let _ = write!(line, "{}{word}", if used > 0 { " " } else { "" });
        }
        used += wide + usize::from(used > 0);
    }
    lines
}

/// `a, b, c and 47 more`
pub fn list(names: &[impl AsRef<str>], at_most: usize) -> String {
    let shown: Vec<Cow<'_, str>> = names.iter().take(at_most).map(|name| clean(name.as_ref())).collect();
    match names.len().checked_sub(at_most) {
        Some(more @ 1..) => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

/// `2026-11-29 20:49:28 UTC`
pub fn utc(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The text with its first letter in upper case.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// `once`, `2 times`
pub fn count_times(times: i32) -> String {
    if times == 1 { "once".to_owned() } else { format!("{times} times") }
}

/// `1 node`, `2 nodes`
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleans() {
        for (text, safe) in [
            ("node-1", "node-1"),
            ("käse 节点", "käse 节点"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{9b}2Jgone", "gone"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}]never ends\nnext line", " next line"),
            ("\u{1b}Pq#1\u{9c}after", "after"),
            ("\u{1b}", ""),
            ("\u{1b}[", ""),
            ("a\u{1b}\u{1b}[31mb", "ab"),
            ("bell\u{7} back\u{8}space nul\0", "bell backspace nul"),
            ("one\r\ntwo\tthree", "one  two three"),
            ("evil\u{202e}txt.exe\u{2066}x\u{200b}", "eviltxt.exex"),
        ] {
            assert_eq!(clean(text), safe, "{text:?}");
        }
        assert_eq!(clean_lines("a\nb\u{1b}[2J\n"), "a\nb\n");
        assert!(matches!(clean("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn truncates_by_columns() {
        for (text, limit, short) in
            [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("节点节点", 5, "节点…"), ("节点节点", 4, "节…"), ("abc", 0, "…")]
        {
            assert_eq!(truncate(text, limit), short, "{text} to {limit}");
        }
    }

    #[test]
    fn shortens_in_the_middle() {
        for (text, limit, short) in
            [("abcdefgh", 8, "abcdefgh"), ("abcdefgh", 5, "ab…gh"), ("节点节点节点", 7, "节点…点"), ("abc", 1, "…"), ("abc", 0, "…")]
        {
            assert_eq!(shorten_middle(text, limit), short, "{text} to {limit}");
        }
    }

    #[test]
    fn wraps_at_blanks() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a-very-long-word b", 4), ["a-very-long-word", "b"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("节点 节点 节点", 9), ["节点 节点", "节点"]);
    }

    #[test]
    fn lists() {
        assert_eq!(list(&["a", "b"], 2), "a, b");
        assert_eq!(list(&["a", "b", "c"], 2), "a, b and 1 more");
        assert_eq!(list(&[] as &[&str], 2), "");
    }
}
