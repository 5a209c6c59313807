//! Text from the cluster is untrusted: it may hold terminal escapes and be of any length.

/// One line, safe to keep and to print, at most `max` characters, `…` where it was cut.
pub fn clean(text: &str, max: usize) -> String {
    let safe = crate::text::clean(text);
    let mut ends = safe.char_indices().map(|(at, _)| at).skip(max.saturating_sub(1));
    match (ends.next(), ends.next()) {
        (Some(cut), Some(_)) => format!("{}…", &safe[..cut]),
        _ => safe.into_owned(),
    }
}

/// Finds `needle` without regard to ASCII case.
pub fn find_ignoring_case(haystack: &str, needle: &str) -> Option<usize> {
    let (haystack, needle) = (haystack.as_bytes(), needle.as_bytes());
    let first = needle.first()?;
    let mut starts = memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), haystack);
    starts.find(|at| haystack.get(*at..at + needle.len()).is_some_and(|found| found.eq_ignore_ascii_case(needle)))
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
        assert_eq!(find_ignoring_case("toke", "token"), None);
        assert_eq!(find_ignoring_case("totToKeN", "token"), Some(3));
        assert_eq!(find_ignoring_case("any", ""), None);
    }
}
