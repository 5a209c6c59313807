//! Secrets that are known by their shape alone: published tokens and long keys.
//! Those that a name announces: `KEYS` in `snapshot/secrets.rs`.

use std::borrow::Cow;

use super::MASK;

/// How published tokens begin, and how long they are at least: GitHub, GitLab, Slack, AWS, Google, Vault, JSON web tokens.
const SHAPES: [(&str, usize); 14] = [
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 30),
    ("glpat-", 20),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("AKIA", 20),
    ("ASIA", 20),
    ("AIza", 35),
    ("hvs.", 20),
    ("eyJ", 40),
];

pub(super) fn shaped_tokens(text: &str) -> Cow<'_, str> {
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    replace_runs(text, SHORTEST, inside, |run| SHAPES.iter().any(|(start, least)| run.len() >= *least && run.starts_with(start)))
}

/// Shorter runs are names and paths.
const LONG_KEY: usize = 40;

/// Long runs of base64 letters of every sort: tokens and keys that nothing announces.
pub(super) fn long_keys(text: &str) -> Cow<'_, str> {
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-');
    let kinds = [char::is_lowercase as fn(char) -> bool, char::is_uppercase, char::is_numeric];
    replace_runs(text, LONG_KEY, inside, |run| kinds.iter().all(|kind| run.contains(*kind)) && !is_path(run))
}

/// The shortest run that is ever a secret by its shape.
pub(super) const SHORTEST: usize = 20;

/// `inside` holds for ASCII alone, so runs begin and end at characters. Runs shorter than `least` are no secrets. Borrowed where no run is.
fn replace_runs(text: &str, least: usize, inside: impl Fn(&u8) -> bool, is_secret: impl Fn(&str) -> bool) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    // Everything before it is in `out`.
    let mut copied = 0;
    // Here a run may begin; none goes on from before.
    let mut start = 0;
    while let Some(window) = bytes.get(start..start + least) {
        // Looked at from behind, a text of short runs is through after a few of its letters.
        if let Some(gap) = window.iter().rposition(|byte| !inside(byte)) {
            start += gap + 1;
            continue;
        }
        let length = bytes.iter().skip(start).position(|byte| !inside(byte)).unwrap_or(bytes.len() - start);
        let end = start + length;
        if text.get(start..end).is_some_and(&is_secret) {
            out.push_str(&text[copied..start]);
            out.push_str(MASK);
            copied = end;
        }
        start = end + 1;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// `/calico/bgp/v1/host/AMZ-SIN8-OpsResPool-33-63/ip_addr_v4`: base64 has a slash in 64 letters, and it seldom begins with one.
fn is_path(word: &str) -> bool {
    const LONGEST_PART: usize = 24;
    let slashes = word.bytes().filter(|byte| *byte == b'/').count();
    word.starts_with('/') && slashes * LONGEST_PART >= word.len() && !word.contains(['+', '='])
}

#[cfg(test)]
mod tests {
    use super::{MASK, replace_runs};

    /// As splitting the text finds them: every text of these letters, where runs end at `-` and `é`, and are secrets with an `a`.
    #[test]
    fn every_run_that_is_long_enough_is_looked_at_whole() {
        let letters = ["a", "b", "-", "é"];
        for length in 0..8_u32 {
            for number in 0..4_usize.pow(length) {
                let text: String = (0..length).map(|place| letters[number / 4_usize.pow(place) % 4]).collect();
                let masked = |run: &str| if run.len() >= 3 && run.contains('a') { MASK.to_owned() } else { run.to_owned() };
                let mut expected = String::new();
                for part in text.split_inclusive(['-', 'é']) {
                    let run = part.trim_end_matches(['-', 'é']);
                    expected.push_str(&masked(run));
                    expected.push_str(&part[run.len()..]);
                }
                let found = replace_runs(&text, 3, u8::is_ascii_alphabetic, |run| run.contains('a'));
                assert_eq!(found, expected, "{text:?}");
            }
        }
    }
}
