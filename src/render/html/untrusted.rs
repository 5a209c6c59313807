//! Text from a cluster on its way into a page: escapes and control characters go, length is bounded, and maud escapes the rest.

use maud::Render;

use crate::text;

/// An event can be a megabyte.
const LONGEST: usize = 2_000;

/// Whatever a cluster said.
pub(super) struct Untrusted<T>(pub T);

impl<T: AsRef<str>> Render for Untrusted<T> {
    fn render_to(&self, buffer: &mut String) {
        text::truncate(&text::clean(self.0.as_ref()), LONGEST).render_to(buffer);
    }
}

/// A name that a cluster gave: no name is longer than this.
pub(super) struct Name<T>(pub T);

impl<T: AsRef<str>> Render for Name<T> {
    fn render_to(&self, buffer: &mut String) {
        text::truncate(&text::clean(self.0.as_ref()), 253).render_to(buffer);
    }
}

/// A command to copy, whole: a shell would wait for a quote that was cut off.
pub(super) struct Command<'a>(pub &'a str);

impl Render for Command<'_> {
    fn render_to(&self, buffer: &mut String) {
        text::clean(self.0).render_to(buffer);
    }
}

/// As much of a name as a label has room for; its end tells more than its beginning.
pub(super) fn label(name: &str, columns: usize) -> String {
    let name = text::clean(name);
    if text::width(&name) <= columns {
        return name.into_owned();
    }
    let mut room = columns.saturating_sub(1);
    let fits = |c: &char| {
        let left = room.checked_sub(text::width(c.encode_utf8(&mut [0; 4])));
        room = left.unwrap_or(room);
        left.is_some()
    };
    let kept: usize = name.chars().rev().take_while(fits).map(char::len_utf8).sum();
    let kept = &name[name.len() - kept..];
    format!("…{kept}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_text() {
        for (said, shown) in [
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("\" onload=\"x", "&quot; onload=&quot;x"),
            ("a\u{1b}[31mb\u{202e}c\u{0}", "abc"),
            ("&lt;", "&amp;lt;"),
        ] {
            assert_eq!(Untrusted(said).render().into_string(), shown);
        }
        assert_eq!(Untrusted(&"x".repeat(100_000)).render().into_string().chars().count(), LONGEST);
    }

    #[test]
    fn labels_keep_the_end() {
        for (name, columns, short) in [
            ("node-1", 8, "node-1"),
            ("amz-sin8-opsrespool-33-62", 10, "…ool-33-62"),
            ("节点节节", 6, "…节节"),
            ("\u{1b}[2Jab", 4, "ab"),
            ("abc", 0, "…"),
        ] {
            assert_eq!(label(name, columns), short, "{name}");
        }
    }
}
