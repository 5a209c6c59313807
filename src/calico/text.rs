//! Text from the cluster is untrusted: it may hold terminal escapes and be of any length.

/// One line without escapes and control characters, at most `max` characters, `…` where it was cut.
pub fn clean(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max));
    let mut kept = 0;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            skip_escape(&mut chars);
            continue;
        }
        let c = match c {
            '\t' | '\n' | '\r' => ' ',
            c if c.is_control() || is_invisible(c) => continue,
            c => c,
        };
        if kept == max {
            out.pop();
            out.push('…');
            return out;
        }
        out.push(c);
        kept += 1;
    }
    out
}

/// Drops the rest of `ESC [ … letter`; any other escape loses only its first character.
fn skip_escape(chars: &mut std::str::Chars<'_>) {
    if chars.next() == Some('[') {
        let ends = |c: &char| ('\u{40}'..='\u{7e}').contains(c);
        let _ = chars.by_ref().take(32).find(ends);
    }
}

/// Marks that reorder or hide the text around them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Finds `needle` without regard to ASCII case.
pub fn find_ignoring_case(haystack: &str, needle: &str) -> Option<usize> {
    let (haystack, needle) = (haystack.as_bytes(), needle.as_bytes());
    if needle.is_empty() || needle.len() > haystack.len() {
        return None;
    }
    haystack.windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_control_characters_go() {
        assert_eq!(clean("a\u{1b}[31mred\u{1b}[0m\u{7}\tb\r", 80), "ared b ");
        assert_eq!(clean("\u{202e}evil", 80), "evil");
    }

    #[test]
    fn long_text_is_cut_on_a_character() {
        assert_eq!(clean("ééééé", 3), "éé…");
        assert_eq!(clean("ééé", 3), "ééé");
        assert_eq!(clean("abc", 0), "…");
    }

    #[test]
    fn search_ignores_case() {
        assert_eq!(find_ignoring_case("a Bad Peer as", "bad peer AS"), Some(2));
        assert_eq!(find_ignoring_case("é", "xyz"), None);
    }
}
